"""One list of conditions a move, whatever the door: move-task, status emit, orchestrator-api, the loop."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from specify_cli.context.models import Actor
from specify_cli.core.work_packages import load_work_packages
from specify_cli.moves import move as making
from specify_cli.moves.moment import Moment
from specify_cli.moves.move import move
from specify_cli.moves.request import Request
from specify_cli.status.models import Lane
from tests.moves.doors import DOORS, Door, emit, move_task, orchestrator, reasons
from tests.support.loop import Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture
def held(project: Project) -> Mission:
    """A work package that claude has worked on, holds and has not handed over."""
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    return mission


@pytest.fixture
def in_review(held: Mission) -> Mission:
    """The same, handed over and in review by codex."""
    move_task(held, "for_review", "claude").ok()
    move_task(held, "in_review", "codex").ok()
    return held


@every_door
@pytest.mark.parametrize("to", ["planned", "blocked", "canceled", "for_review", "claimed", "approved"])
def test_held_work_is_not_moved_by_somebody_else(held: Mission, door: Door, to: str) -> None:
    if door is orchestrator and to == "blocked":
        door(held, to, "boss", note="stop it").ok()  # whoever drives the agents may stop them
        return
    assert "WP_ALREADY_CLAIMED" in reasons(door(held, to, "gemini", note="mine now"))
    assert held.lane("WP01") is Lane.IN_PROGRESS
    assert held.status.holders()["WP01"].actor == "claude"


@every_door
def test_force_moves_what_somebody_else_holds(held: Mission, door: Door) -> None:
    door(held, "planned", "gemini", "--force", note="claude is gone").ok()
    assert held.status.events[-1].force


@every_door
def test_nothing_is_begun_before_what_it_builds_on_is_approved(project: Project, door: Door) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    lane, begin = "DEPENDENCIES_NOT_SATISFIED", ("--workspace-context", "here") if door is emit else ()
    assert lane in reasons(door(mission, "claimed", "claude", wp="WP02"))
    door(mission, "claimed", "claude", "--force", note="reserve it", wp="WP02").ok()
    if door is not move_task:
        assert lane in reasons(door(mission, "in_progress", "claude", *begin, wp="WP02"))
    mission.force("WP02", Lane.PLANNED)
    mission.force("WP01", Lane.APPROVED)
    door(mission, "claimed", "claude", wp="WP02").ok()


@every_door
def test_nothing_is_begun_while_a_question_about_it_is_open(project: Project, door: Door, tmp_path: Path) -> None:
    mission, feedback = finalized_mission(project), tmp_path / "why.md"
    feedback.write_text("Wrong.\n", encoding="utf-8")
    for _ in range(3):
        mission.walk("WP01", Lane.IN_REVIEW)
        move_task(mission, "planned", "claude", "--review-feedback-file", str(feedback)).ok()
    refused = door(mission, "claimed", "claude")
    assert reasons(refused) == {"TRANSITION_REJECTED", "DECISION_OPEN"}
    told = refused.json()
    details = told["data"] if "data" in told else told["details"]
    answer = shlex.split(details["unmet"][0]["fix"].replace("TEXT", "continue"))
    assert answer[:4] == ["spec-kitty", "next", "--agent", "claude"]
    project.run(*answer[1:], "--no-next").ok()
    door(mission, "claimed", "claude").ok()


@every_door
def test_blocked_work_that_nobody_began_is_not_begun_by_resuming_it(project: Project, door: Door) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    door(mission, "blocked", "claude", note="what now?", wp="WP02").ok()
    assert "DEPENDENCIES_NOT_SATISFIED" in reasons(door(mission, "in_progress", "claude", wp="WP02"))
    mission.force("WP01", Lane.IN_PROGRESS)
    assert {"DEPENDENCIES_NOT_SATISFIED", "LANE_BUSY"} <= reasons(door(mission, "in_progress", "claude", wp="WP02"))
    mission.force("WP01", Lane.APPROVED)
    door(mission, "in_progress", "claude", wp="WP02").ok()


@every_door
def test_blocked_work_waits_until_its_lane_is_free(project: Project, door: Door) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    mission.claim("WP01")
    door(mission, "blocked", "claude", note="what now?").ok()
    mission.force("WP02", Lane.IN_PROGRESS, actor="codex")
    assert reasons(door(mission, "in_progress", "claude")) == {"TRANSITION_REJECTED", "LANE_BUSY"}
    mission.force("WP02", Lane.PLANNED, actor="codex")
    door(mission, "in_progress", "claude").ok()


@every_door
@pytest.mark.parametrize("to", ["approved", "done", "planned", "in_progress", "blocked", "canceled"])
def test_only_who_holds_the_review_ends_it(in_review: Mission, door: Door, to: str, tmp_path: Path) -> None:
    (tmp_path / "why.md").write_text("Wrong.\n", encoding="utf-8")
    words: tuple[str, ...] = ()
    if to in ("planned", "in_progress"):
        words = ("--review-feedback-file", str(tmp_path / "why.md")) if door is move_task else ("--review-ref", "R-1")
    if door is orchestrator and to == "blocked":
        return
    assert "WP_ALREADY_CLAIMED" in reasons(door(in_review, to, "gemini", *words, note="looks good"))
    assert in_review.lane("WP01") is Lane.IN_REVIEW


@every_door
def test_a_verdict_sent_twice_is_one_verdict(in_review: Mission, door: Door) -> None:
    first = door(in_review, "approved", "codex").ok()
    count = len(in_review.status.events)
    again = door(in_review, "approved", "codex").ok()
    assert len(in_review.status.events) == count
    answers = [told.get("data", told) for told in (first.json(), again.json())]
    assert [each["to_lane"] for each in answers] == ["approved", "approved"]
    assert [warning["code"] for warning in answers[1]["warnings"]] == ["VERDICT_REPEATED"]


def test_a_rejection_sent_twice_is_one_and_another_one_is_refused(in_review: Mission, tmp_path: Path) -> None:
    feedback = tmp_path / "why.md"
    feedback.write_text("Wrong.\n", encoding="utf-8")
    words = ("--review-feedback-file", str(feedback))
    move_task(in_review, "planned", "codex", *words).ok()
    count = len(in_review.status.mission_events)
    assert move_task(in_review, "planned", "codex", *words).ok().json()["no_op"] is True
    assert len(in_review.status.mission_events) == count
    feedback.write_text("Wrong in another way.\n", encoding="utf-8")
    assert "matrix" in reasons(move_task(in_review, "planned", "codex", *words))


def test_the_kind_of_a_move_is_chosen_from_what_the_lock_guards(held: Mission, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move back asked for while the work package goes to review would be a rejection without a word of feedback."""
    look = making._look
    package = load_work_packages(held.place)[0]

    def meanwhile(moment: Moment) -> object:
        found = look(moment)
        monkeypatch.setattr(making, "_look", look)
        move(held.context, Actor("claude"), package, Request(Lane.FOR_REVIEW))
        return found

    monkeypatch.setattr(making, "_look", meanwhile)
    refused = move_task(held, "planned", "claude", note="I give it back")
    assert reasons(refused) == {"FEEDBACK_REQUIRED"}
    assert held.lane("WP01") is Lane.FOR_REVIEW


def test_a_box_unticked_while_the_work_is_looked_at_stops_the_hand_over(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = finalized_mission(project, Task("WP01", subtasks=("T001",)))
    mission.work("WP01", "src/wp01/a.py")
    mark = ("agent", "tasks", "mark-status", "T001", "--mission", mission.slug, "--agent", "claude", "--status")
    project.run(*mark, "done").ok()
    look = making._look

    def meanwhile(moment: Moment) -> object:
        found = look(moment)
        project.run(*mark, "pending").ok()
        return found

    monkeypatch.setattr(making, "_look", meanwhile)
    assert "SUBTASKS_OPEN" in reasons(move_task(mission, "for_review", "claude"))
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_the_loop_gives_back_and_blocks_only_what_its_agent_holds(held: Mission) -> None:
    stranger = Agent(held, "gemini", "g1")
    before = len(held.status.events)
    for result in ("failed", "blocked"):
        stranger.next(result=result, note="not mine")
    assert len(held.status.events) == before


@every_door
def test_a_package_that_left_the_plan_is_canceled_and_the_plan_goes_on(project: Project, door: Door) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01",)))
    (mission.folder / "tasks" / "WP02-work.md").unlink()
    tasks = mission.folder / "tasks.md"
    before, _, rest = tasks.read_text(encoding="utf-8").partition("## WP02")
    tasks.write_text(before + rest[rest.index("## WP03") :], encoding="utf-8")
    finalize = ("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json")
    error = project.run(*finalize).failed("WP_REMOVED").json()
    assert error["hint"].startswith("spec-kitty agent tasks move-task WP02 --to canceled")
    for to in ("for_review", "approved"):
        assert door(mission, to, "claude", "--force", note="it is not there", wp="WP02").code != 0
    door(mission, "canceled", "claude", note="not wanted any more", wp="WP02").ok()
    assert mission.lane("WP02") is Lane.CANCELED
    assert project.run(*finalize).ok().json()["changes"]["removed"] == ["WP02"]
    assert door(mission, "canceled", "claude", note="who?", wp="WP09").code != 0
