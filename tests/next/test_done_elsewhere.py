"""Work packages that ended without anybody working on their lanes: done elsewhere, or given up."""

from __future__ import annotations

from pathlib import Path

from tests.support.git import Repo
from tests.support.project import Project, Task

TASKS = (Task("WP01"), Task("WP02", needs=("WP01",)), Task("WP03", needs=("WP01",)))


def ended(project: Project, slug: str, wp_id: str, lane: str) -> None:
    words = ("--force", "--note", "elsewhere", "--agent", "ada", "--mission", slug)
    project.run("agent", "tasks", "move-task", wp_id, "--to", lane, *words, "--json").ok()


def test_what_builds_on_work_done_elsewhere_begins_from_the_target(project: Project) -> None:
    slug = project.finalized(*TASKS)
    ended(project, slug, "WP01", "done")
    project.git.write("src/wp01/a.py", "made elsewhere\n")
    project.git.commit("what WP01 was for")
    at = ("--agent", "claude", "--mission", slug, "--json")
    for wp_id in ("WP02", "WP03"):
        assert project.run("why", wp_id, "--mission", slug, "--json").ok().json()["unmet"] == []
        begun = project.run("agent", "action", "implement", wp_id, *at).ok().json()
        worktree = Repo(Path(begun["workspace_path"]))
        assert (worktree.path / "src/wp01/a.py").read_text(encoding="utf-8") == "made elsewhere\n", wp_id
        assert not (worktree.path / "src/wp02/half.py").exists(), "WP03 does not build on WP02"
        worktree.write("src/wp02/half.py", "half of it\n")
        worktree.commit("on the way")
    project.git.write("src/wp01/b.py", "more of it\n")
    project.git.commit("and more")
    for path in (project.path / ".worktrees").glob(f"{slug}-lane-*"):
        project.run("sync", "workspace", cwd=path).ok()
        assert (path / "src/wp01/b.py").exists(), path


def test_work_of_this_mission_is_still_taken_from_its_branch(project: Project) -> None:
    slug = project.finalized(*TASKS)
    at = ("--agent", "claude", "--mission", slug, "--json")
    begun = project.run("agent", "action", "implement", "WP01", *at).ok().json()
    worktree = Repo(Path(begun["workspace_path"]))
    worktree.write("src/wp01/a.py", "made here\n")
    worktree.commit("work")
    ended(project, slug, "WP01", "done")
    begun = project.run("agent", "action", "implement", "WP03", *at).ok().json()
    assert (Path(begun["workspace_path"]) / "src/wp01/a.py").read_text(encoding="utf-8") == "made here\n"


def test_a_canceled_work_package_needs_no_lane(project: Project) -> None:
    slug = project.finalized(Task("WP01"), Task("WP02"))
    ended(project, slug, "WP02", "canceled")
    project.run("agent", "mission", "finalize-tasks", "--mission", slug, "--json").ok()
    step = project.run("next", "--agent", "claude", "--mission", slug, "--json").ok().json()
    assert (step["wp_id"], [each for each in step["warnings"] if "lanes.json" in each["message"]]) == ("WP01", [])
