"""A mission is found wherever its documents are, also while its branch is checked out nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project


@pytest.fixture
def mission(project: Project) -> Mission:
    project.git("branch", "other")
    return finalized_mission(project)


def cloned(project: Project, folder: Path) -> Project:
    """Another clone, with both branches."""
    project.git("clone", "-q", str(project.path), str(folder))
    repo = Repo(folder)
    repo("branch", "-q", "--track", "other", "origin/other")
    return Project(folder, repo)


def block(project: Project, slug: str) -> None:
    """Record a move."""
    words = ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "bob", "--mission", slug, "--json")
    project.run(*words).ok()


def test_what_git_ignores_and_leaves_behind_hides_no_mission(mission: Mission) -> None:
    project = mission.project
    project.run("materialize", "--mission", mission.slug, "--json").ok()
    project.git("switch", "-q", "other")
    assert sorted(entry.name for entry in mission.folder.iterdir()) == [
        "board-summary.json", "progress.json", "status.json",
    ]  # fmt: skip
    block(project, mission.slug)
    assert mission.lane("WP01") is Lane.BLOCKED
    assert [one["mission_slug"] for one in project.run("mission", "list", "--json").ok().json()["missions"]] == [
        mission.slug
    ]
    assert project.run("next", "--json").code == 0


def test_what_is_left_of_a_removed_mission_is_no_mission(mission: Mission) -> None:
    project = mission.project
    project.run("materialize", "--mission", mission.slug, "--json").ok()
    project.git("rm", "-rq", f"kitty-specs/{mission.slug}")
    project.git("commit", "-qm", "given up")
    assert mission.folder.is_dir()
    assert project.run("mission", "list", "--json").ok().json()["missions"] == []
    project.run("status", "--mission", mission.slug, "--json").failed("MISSION_NOT_FOUND")


def test_a_clone_that_did_not_make_the_mission_goes_on_without_its_branch(mission: Mission, tmp_path: Path) -> None:
    there = cloned(mission.project, tmp_path / "clone")
    block(there, mission.slug)
    there.git("switch", "-q", "other")
    tip = there.git.head()
    words = ("agent", "status", "emit", "WP01", "--to", "in_progress", "--actor", "bob", "--json")
    assert there.run(*words).ok().json()["mission_slug"] == mission.slug
    assert there.git.head() == tip
    assert there.git.status() == ""
    there.git("switch", "-q", "main")
    assert Mission(there, mission.slug).lane("WP01") is Lane.IN_PROGRESS


@pytest.mark.parametrize("selector", ["{slug}", "1", "tea-timer", "001-t", "{id}"])
def test_a_mission_of_another_branch_is_found_by_a_clone_that_knows_nothing_of_it(
    mission: Mission, tmp_path: Path, selector: str
) -> None:
    there = cloned(mission.project, tmp_path / "clone")
    there.git("switch", "-q", "other")
    board = (
        there.run("status", "--mission", selector.format(slug=mission.slug, id=mission.place.mission_id), "--json")
        .ok()
        .json()
    )
    assert (board["mission_slug"], board["total_wps"], board["home"]) == (mission.slug, 1, None)
    assert there.run("next", "--json").ok().json()["mission_slug"] == mission.slug
    there.run("status", "--mission", "002", "--json").failed("MISSION_NOT_FOUND")


@pytest.mark.parametrize("line", [b"null", b"[1]", b'"x"', b"[" * 100_000, b'{"type": "mission_created", "data": []}'])
def test_a_log_that_begins_with_rubbish_hides_no_mission(mission: Mission, line: bytes) -> None:
    log = mission.place.journal.with_name(f"{mission.place.mission_id}.mission.jsonl")
    log.write_bytes(line + b"\n" + log.read_bytes())
    for words in (("status",), ("next", "--agent", "ada"), ("mission", "list")):
        mission.project.run(*words, "--json").ok()
