"""A mission travelled through the installed command, from any folder: short, real, and checked at every station."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.cli import Result, run_script
from tests.support.git import Repo
from tests.support.project import Task, write_documents

MAKER = "claude"
JUDGE = "codex"
PASSES = f'"{sys.executable}" -c pass'


@dataclass(frozen=True, slots=True)
class Journey:
    """One mission and where its traveller stands.

    Args:
        home: the checkout of the target branch.
        stand: the folder every command is called from.
        slug: with number; empty before `create`.
    """

    home: Path
    stand: Path
    slug: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def git(self) -> Repo:
        """The home as a git repository."""
        return Repo(self.home)

    @property
    def folder(self) -> Path:
        """The mission's folder."""
        return self.home / "kitty-specs" / self.slug

    def standing_in(self, folder: Path) -> Journey:
        """The same journey from another folder."""
        return replace(self, stand=folder)

    def run(self, *words: str, agent: str = MAKER) -> Result:
        """Run a command for the mission, whatever comes of it."""
        env = {**self.env, "SPEC_KITTY_AGENT": agent, "SPEC_KITTY_SESSION": f"{agent}-1"}
        return run_script(*words, "--mission", self.slug, "--json", cwd=self.stand, env=env)

    def ok(self, *words: str, agent: str = MAKER) -> dict[str, Any]:
        """Run a command for the mission that must succeed."""
        return self.run(*words, agent=agent).ok().json()

    def create(self, name: str, *more: str) -> Journey:
        """Create a mission; the journey with its slug."""
        made = run_script("agent", "mission", "create", name, *more, "--json", cwd=self.stand, env=dict(self.env))
        data = made.ok().json()
        created = replace(self, slug=str(data["mission_slug"]))
        assert Path(data["feature_dir"]) == created.folder
        self.clean()
        return created

    def plan(self, *tasks: Task) -> None:
        """Write the documents as a person would, and finalize them."""
        write_documents(self.folder, tasks)
        assert self.ok("agent", "mission", "setup-plan")["plan_written"] is False
        done = self.ok("agent", "mission", "finalize-tasks")
        assert done["wp_count"] == len(tasks)
        self.clean()

    def implement(self, wp_id: str, files: Mapping[str, str]) -> Path:
        """Claim a work package, write and commit its files, hand it over; its workspace."""
        claimed = self.ok("agent", "action", "implement", wp_id)
        workspace = Path(claimed["workspace_path"])
        assert Path(claimed["prompt_file"]).is_file()
        worktree = Repo(workspace)
        for name, text in files.items():
            worktree.write(name, text)
        worktree("add", "--", *files)
        worktree("commit", "-q", "-m", f"{wp_id}: work", "--", *files)
        moved = self.ok("agent", "tasks", "move-task", wp_id, "--to", "for_review")
        assert (moved["from_lane"], moved["to_lane"]) == ("in_progress", "for_review")
        return workspace

    def approve(self, wp_id: str) -> dict[str, Any]:
        """Claim the review of a work package and approve it."""
        self.ok("agent", "action", "review", wp_id, agent=JUDGE)
        return self.ok("agent", "tasks", "move-task", wp_id, "--to", "approved", "--note", "read", agent=JUDGE)

    def accept(self) -> dict[str, Any]:
        """Accept the mission with a test."""
        accepted = self.ok("accept", "--test", PASSES)
        assert accepted["accepted"]
        assert [test["exit_code"] for test in accepted["tests"]] == [0]
        return accepted

    def merge(self, *more: str) -> dict[str, Any]:
        """Merge the mission."""
        assert self.ok("merge", "--dry-run")["clean"]
        return self.ok("merge", *more)

    def lanes(self) -> dict[str, str]:
        """Work package -> lane, as `status` tells."""
        return {str(one["id"]): str(one["lane"]) for one in self.ok("status")["work_packages"]}

    def clean(self) -> None:
        """The home's working tree has nothing to commit, as between all milestones."""
        assert self.git.status() == ""

    def to_the_end(self, tasks: Sequence[Task], files: Mapping[str, Mapping[str, str]]) -> None:
        """From planning to the merge: each work package in order, then accept and merge."""
        self.plan(*tasks)
        for task in tasks:
            self.implement(task.id, files[task.id])
            self.clean()
            assert self.lanes()[task.id] == "for_review"
            self.approve(task.id)
            self.clean()
        assert self.ok("next", "--agent", MAKER)["action"] == "accept"
        self.accept()
        self.clean()
        merged = self.merge()
        self.clean()
        assert set(self.lanes().values()) == {"done"}
        assert self.git("merge-base", "--is-ancestor", merged["merged_commit"], "HEAD") == ""
        for written in files.values():
            for name, text in written.items():
                assert (self.home / name).read_text(encoding="utf-8") == text
        assert not list((self.home / ".worktrees").glob(f"{self.slug}-*"))


def outside(folder: Path) -> list[str]:
    """What lies below a folder, to be compared later."""
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*"))
