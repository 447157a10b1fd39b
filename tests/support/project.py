"""A real spec-kitty project in a scratch folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.cli import Result, run_here, run_script
from tests.support.git import Repo, make_repo

SPEC = """# Specification

## Requirements

- **FR-001**: The program does its work.
"""

PLAN = """# Plan

## Approach

Write the code, then test it.
"""


@dataclass(frozen=True, slots=True)
class Task:
    """One work package of a test mission.

    Args:
        id: such as `WP01`.
        needs: ids of the work packages it depends on.
        owns: globs of the files it may change; without any, `src/<id>/**`.
        mode: `code_change` or `planning_artifact`.
        subtasks: ids such as `T001`.
    """

    id: str
    needs: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    mode: str = "code_change"
    subtasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """A git repository that `spec-kitty init` made a project."""

    path: Path
    git: Repo
    missions: list[str] = field(default_factory=list)

    def run(self, *arguments: str, cwd: Path | None = None, input: str = "") -> Result:
        """Run a command in this process, standing in the project."""
        return run_here(*arguments, cwd=cwd or self.path, input=input)

    def run_installed(self, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Result:
        """Run a command through the installed script, standing in the project."""
        return run_script(*arguments, cwd=cwd or self.path, env=env)

    def folder(self, slug: str) -> Path:
        """The folder of a mission."""
        return self.path / "kitty-specs" / slug

    def create(self, name: str = "tea-timer") -> str:
        """Create a mission; its full slug, with the number."""
        created = self.run("agent", "mission", "create", name, "--json").ok().json()
        slug = str(created["mission_slug"])
        self.missions.append(slug)
        return slug

    def planned(self, *tasks: Task, name: str = "tea-timer") -> str:
        """Create a mission and write its documents, up to but without `finalize-tasks`; its full slug."""
        slug = self.create(name)
        write_documents(self.folder(slug), tasks or (Task("WP01"),))
        return slug

    def finalized(self, *tasks: Task, name: str = "tea-timer") -> str:
        """A mission whose work packages are ready to be claimed; its full slug."""
        slug = self.planned(*tasks, name=name)
        self.run("agent", "mission", "finalize-tasks", "--mission", slug, "--json").ok()
        return slug

    def lane_of(self, slug: str, task: str) -> str:
        """The lane a work package is in, as `status --json` tells."""
        board = self.run("status", "--mission", slug, "--json").ok().json()
        return str(next(one["lane"] for one in board["work_packages"] if one["id"] == task))


def write_documents(folder: Path, tasks: tuple[Task, ...]) -> None:
    """Write spec.md, plan.md, tasks.md and one prompt for each task into a mission's folder."""
    (folder / "spec.md").write_text(SPEC, encoding="utf-8")
    (folder / "plan.md").write_text(_filled_plan(folder), encoding="utf-8")
    (folder / "tasks.md").write_text("# Work packages\n\n" + "\n".join(map(_section, tasks)), encoding="utf-8")
    (folder / "tasks").mkdir(exist_ok=True)
    for task in tasks:
        (folder / "tasks" / f"{task.id}-work.md").write_text(_prompt(task), encoding="utf-8")


def _filled_plan(folder: Path) -> str:
    """A plan with every heading that a scaffold there asks for."""
    scaffold = folder / "plan.md"
    if not scaffold.exists():
        return PLAN
    headings = re.findall(r"^#{1,3} .*$", scaffold.read_text(encoding="utf-8"), re.MULTILINE)
    return "\n\n".join(f"{heading}\n\nDecided." for heading in headings if "[" not in heading) + "\n"


def _section(task: Task) -> str:
    ticks = "".join(f"- [ ] {one} Do it\n" for one in task.subtasks)
    needs = f"Depends on {', '.join(task.needs)}\n" if task.needs else "Dependencies: None\n"
    return f"## {task.id} Work of {task.id}\n\n{needs}\n{ticks}"


def _prompt(task: Task) -> str:
    owns = task.owns or (f"src/{task.id.lower()}/**",)
    return f"""---
work_package_id: {task.id}
title: Work of {task.id}
dependencies: [{", ".join(task.needs)}]
requirement_refs: [FR-001]
subtasks: [{", ".join(task.subtasks)}]
execution_mode: {task.mode}
owned_files: [{", ".join(f'"{glob}"' for glob in owns)}]
authoritative_surface: src/{task.id.lower()}/
tags: []
history: []
---
# {task.id}

Do the work of {task.id}.
"""


def make_project(path: Path, *, agents: str = "claude,codex") -> Project:
    """A repository with one commit, made a project and committed."""
    repo = make_repo(path)
    run_here("init", "--ai", agents, "--non-interactive", "--json", cwd=path).ok()
    repo.commit("spec-kitty init")
    return Project(path, repo)
