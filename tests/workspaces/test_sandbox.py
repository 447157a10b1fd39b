"""A sandboxed agent writes a script wherever it may, then types all that it may type unasked: the script never runs.

The agent may write to working trees, and not to git's own folder; what it may type runs outside of its sandbox.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.core.unasked import UNASKED, unasked_for
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, story

HOOKS = (
    "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-index-change",
    "reference-transaction", "post-merge", "pre-push",
)  # fmt: skip
AT = "--mission 001-tea-timer"
# In this order a work package is done, reviewed and accepted.
LINES = (
    "status",
    "agent mission create kettle",
    f"next --agent claude {AT}",
    f"next --agent claude --result success --commit made --no-next {AT}",
    f"agent tasks move-task WP01 --to for_review --agent claude --commit more {AT}",
    f"agent action review WP01 --agent codex {AT}",
    f"agent tasks move-task WP01 --to approved --agent codex --approval-ref R1 --note fine {AT}",
    f"agent action implement WP02 --agent claude {AT}",
    f"agent tasks move-task WP02 --to for_review --agent claude --commit more {AT}",
    f"agent status emit WP02 --to blocked --actor claude --reason tea {AT}",
    f"agent status materialize {AT}",
    f"agent context resolve --action implement --wp-id WP01 {AT}",
    "agent config list",
    "agent config status",
    "agent mission branch-context",
    f"agent mission check-prerequisites {AT}",
    f"agent mission setup-plan {AT}",
    f"agent mission finalize-tasks {AT}",
    f"why WP01 {AT}",
    f"analyze {AT}",
    f"research {AT}",
    "mission list",
    f"mission info {AT}",
    "mission types",
    "context list",
    "context info",
    "charter show",
    "charter context --action plan",
    "hooks list",
    f"accept {AT}",
    f"accept {AT} --test {{script}}",
    f"accept --untested tea --test {{script}} {AT}",
    f"accept --untested tea {AT}",
)


def script(path: Path, mark: Path) -> None:
    """A program that leaves its name behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {path} >> {mark}\n", encoding="utf-8")
    path.chmod(0o755)


def write_everywhere(top: Path, mark: Path) -> None:
    """What an agent writes into a working tree."""
    for name in (f"{folder}/{hook}" for folder in (".husky", "tools") for hook in HOOKS):
        script(top / name, mark)
    script(top / ".kittify/hooks/worktree-setup", mark)
    (top / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n", encoding="utf-8")


@pytest.fixture
def found(project: Project, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A mission whose project lists a test of its agent's, in a session of Claude Code."""
    found = story(project, Task("WP01", owns=("src/**",)), Task("WP02", owns=("docs/**",)))
    config = project.path / ".kittify" / "config.yaml"
    tests = json.dumps({"tests": [["./tools/pre-commit"]]})
    config.write_text(config.read_text(encoding="utf-8") + f"accept: {tests}\n", encoding="utf-8")
    project.git.commit("its tests")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-1")
    return found


def reach(git: Repo, way: str) -> None:
    """The ways in which people have git run hooks of a working tree."""
    if way == "core.hooksPath":
        git("config", "core.hooksPath", ".husky")
    elif way == "a linked folder":
        (git.path / ".git" / "hooks").rename(git.path / ".git" / "hooks-before")
        (git.path / ".git" / "hooks").symlink_to("../tools")
    else:
        for name in HOOKS:
            (git.path / ".git" / "hooks" / name).symlink_to(f"../../tools/{name}")


@pytest.mark.parametrize("way", ["core.hooksPath", "a linked folder", "linked files"])
def test_no_script_of_an_agent_runs_by_what_it_may_type_unasked(way: str, found: Story) -> None:
    mark = found.project.path.parent / "ran"
    reach(found.project.git, way)
    write_everywhere(found.project.path, mark)
    typed: set[str] = set()
    for line in LINES:
        words = [word.format(script=found.project.path / "tools/pre-commit") for word in line.split()]
        row = next(row for row in UNASKED if tuple(words[: len(row.words)]) == row.words)
        typed.add(row.prefix)
        found.project.run(*words, "--json")
        assert not mark.exists(), (line, mark.read_text(encoding="utf-8"))
        for worktree in (found.project.path / ".worktrees").glob("*-lane-*"):
            write_everywhere(worktree, mark)
            (worktree / "src").mkdir(exist_ok=True)
            (worktree / "src" / "a.py").write_text("a = 1\n", encoding="utf-8")
    assert typed == {row.prefix for row in unasked_for("claude")}
    assert "made" in found.project.git("log", "--all", "--format=%s").splitlines()


def test_hooks_of_a_working_tree_run_for_people_and_once_they_are_trusted(
    found: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    git, mark = found.project.git, found.project.path.parent / "ran"
    script(found.project.path / ".husky/pre-commit", mark)
    git("config", "core.hooksPath", ".husky")

    skipped = found.project.run_installed("agent", "mission", "create", "kettle", "--json").ok()
    assert not mark.exists()
    assert ".husky (pre-commit) do not run: an agent runs this command" in skipped.err
    assert skipped.err.strip().endswith(f"git -C {found.project.path} config spec-kitty.hooksForAgents true")

    git("config", "spec-kitty.hooksForAgents", "true")
    assert "do not run" not in found.project.run("agent", "mission", "create", "pot", "--json").ok().err
    assert mark.exists()

    mark.unlink()
    git("config", "--unset", "spec-kitty.hooksForAgents")
    monkeypatch.delenv("CLAUDE_CODE_SESSION_ID")
    found.project.run("agent", "mission", "create", "cup", "--json").ok()
    assert mark.exists()


def test_hooks_in_gits_own_folder_run_for_agents_too(found: Story) -> None:
    mark = found.project.path.parent / "ran"
    script(found.project.path / ".git/hooks/pre-commit", mark)
    found.project.run("agent", "mission", "create", "kettle", "--json").ok()
    assert mark.exists()


@pytest.mark.parametrize("is_file", [True, False])
def test_a_worktree_that_an_agent_led_to_its_own_repository_is_refused(is_file: bool, found: Story) -> None:
    mark, project = found.project.path.parent / "ran", found.project
    project.run_installed("next", "--agent", "claude", "--mission", found.slug).ok()
    (worktree,) = (project.path / ".worktrees").glob("*-lane-*")
    script(worktree / "tools/monitor", mark)
    other = worktree / "other"
    other.mkdir()
    Repo(other)("init", "-q")
    Repo(other)("config", "core.fsmonitor", str(worktree / "tools/monitor"))
    Repo(other)("config", "core.worktree", str(worktree))
    (worktree / ".git").unlink()
    if is_file:
        (worktree / ".git").write_text(f"gitdir: {other}/.git\n", encoding="utf-8")
    else:
        (other / ".git").rename(worktree / ".git")

    words = ("next", "--agent", "claude", "--mission", found.slug, "--result", "success", "--commit", "made", "--json")
    error = project.run_installed(*words).failed("WORKTREE_REDIRECTED").json()

    assert not mark.exists()
    assert error["hint"].endswith(f"worktree repair {worktree}")
