"""The way on for approved work that has more to it: another review, asked for by anybody, of another commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.moves.doors import DOORS, Door, move_task, reasons
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


def approved(mission: Mission, wp: str = "WP01") -> Repo:
    """A work package done by claude and approved by codex; its worktree."""
    repo = mission.work(wp, f"src/{wp.lower()}/a.py")
    for to, agent in (("for_review", "claude"), ("in_review", "codex"), ("approved", "codex")):
        move_task(mission, to, agent, wp=wp).ok()
    return repo


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))


@every_door
def test_a_commit_after_the_approval_is_reviewed_on_anybodys_word(mission: Mission, door: Door) -> None:
    repo = approved(mission)
    before = repo.head()
    assert "NO_NEW_COMMIT" in reasons(door(mission, "for_review", "gemini"))
    head = repo.commit("one more", src__b_py="b = 1\n")
    door(mission, "for_review", "gemini", note="a commit came late").ok()
    event = mission.status.events[-1]
    assert (event.from_lane, event.force, event.actor, event.reason) == (
        Lane.APPROVED, False, "gemini", "a commit came late",
    )  # fmt: skip
    assert event.workspace is not None
    assert event.workspace["head"] == head
    door(mission, "in_review", "codex").ok()
    door(mission, "approved", "codex").ok()
    assert (mission.status.events[-1].workspace or {})["head"] == head != before


@every_door
def test_done_work_of_a_mission_that_is_not_merged_too(mission: Mission, door: Door) -> None:
    repo = approved(mission)
    door(mission, "done", "codex").ok()
    assert "NO_NEW_COMMIT" in reasons(door(mission, "for_review", "gemini"))
    repo.commit("one more", src__b_py="b = 1\n")
    door(mission, "for_review", "gemini").ok()
    assert "is not what was approved" in str(mission.status.events[-1].reason)


def test_a_rebase_is_another_head_and_the_reviewer_is_told_that_the_files_are_the_same(mission: Mission) -> None:
    repo = approved(mission)
    old = repo.head()
    repo("commit", "-q", "--amend", "-m", "in other words")
    move_task(mission, "for_review", "claude").ok()
    step = mission.project.run("next", "--agent", "codex", "--mission", mission.slug, "--json").ok().json()
    text = Path(step["prompt_file"]).read_text(encoding="utf-8")
    assert "## It was approved before" in text
    assert "`claude` asked for another review" in text
    assert f"Approved was `{old[:12]}`; you judge `{repo.head()[:12]}`. Both have the same tree" in text
    assert "in other words" in text


def test_its_reviewer_reads_what_came_since(mission: Mission) -> None:
    repo = approved(mission)
    repo.commit("one more", src__b_py="b = 1\n")
    move_task(mission, "for_review", "claude").ok()
    step = mission.project.run("next", "--agent", "codex", "--mission", mission.slug, "--json").ok().json()
    text = Path(step["prompt_file"]).read_text(encoding="utf-8")
    assert "Both have the same tree" not in text
    assert "+b = 1" in text


def test_where_the_next_one_of_the_lane_was_begun_the_rest_is_that_ones(mission: Mission) -> None:
    approved(mission)
    mission.work("WP02", "src/wp02/b.py")
    assert "NO_NEW_COMMIT" in reasons(move_task(mission, "for_review", "gemini"))


def test_what_is_uncommitted_is_committed_with_it_or_named(mission: Mission) -> None:
    repo = approved(mission)
    repo.commit("one more", src__b_py="b = 1\n")
    repo.write("src/wp01/a.py", "a = 2\n")
    assert "WORKTREE_DIRTY" in reasons(move_task(mission, "for_review", "claude"))
    move_task(mission, "for_review", "claude", "--commit", "the rest").ok()
    assert (mission.status.events[-1].workspace or {})["head"] == repo.head()


def test_it_takes_the_acceptance_back(project: Project) -> None:
    mission = finalized_mission(project)
    repo = approved(mission)
    accept = ("accept", "--mission", mission.slug, "--json")
    project.run(*accept).ok()
    repo.commit("one more", src__b_py="b = 1\n")
    move_task(mission, "for_review", "claude").ok()
    merge = ("merge", "--mission", mission.slug, "--json")
    assert project.run(*merge).code != 0
    for to in ("in_review", "approved"):
        move_task(mission, to, "codex").ok()
    assert "ACCEPTANCE_STALE" in reasons(project.run(*merge))
    project.run(*accept).ok()
    project.run(*merge).ok()
    assert "MISSION_CLOSED" in reasons(move_task(mission, "for_review", "claude"))


def test_planning_work_whose_files_were_changed(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    mission.claim("WP01")
    project.git.write("docs/guide.md", "guide\n")
    project.git.commit("the guide")
    for to, agent in (("for_review", "claude"), ("in_review", "codex"), ("approved", "codex")):
        move_task(mission, to, agent).ok()
    project.git.commit("of somebody else", src__a_py="a = 1\n")
    assert "NO_NEW_COMMIT" in reasons(move_task(mission, "for_review", "claude"))
    project.git.write("docs/guide.md", "another guide\n")
    project.git.commit("the guide again")
    move_task(mission, "for_review", "claude").ok()


def test_an_approval_that_covers_nothing_is_made_good_without_a_new_commit(mission: Mission) -> None:
    repo = mission.work("WP01", "src/wp01/a.py")
    mission.force("WP01", Lane.APPROVED)
    move_task(mission, "for_review", "gemini").ok()
    assert (mission.status.events[-1].workspace or {})["head"] == repo.head()


def test_whoever_asked_does_not_review_it_where_another_has_to(project: Project) -> None:
    config = project.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("review: {by: any,", "review: {by: other,")
    config.write_text(text, encoding="utf-8")
    project.git.commit("strict")
    mission = finalized_mission(project)
    approved(mission).commit("mine", src__b_py="b = 1\n")
    move_task(mission, "for_review", "codex").ok()
    assert "SELF_REVIEW" in reasons(move_task(mission, "in_review", "codex"))
    assert "SELF_REVIEW" in reasons(move_task(mission, "in_review", "claude"))
    move_task(mission, "in_review", "gemini").ok()
