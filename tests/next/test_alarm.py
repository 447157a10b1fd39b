"""A step that one session reports as done again and again while nothing changes: first a word, then a question."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel import clock
from specify_cli.next.alarm import QUESTION_AFTER, vain_reports
from specify_cli.next.decision import Decision
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.loop import FULL_PLAN, Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import SPEC, Project, Task

VAIN = {"result": "success", "closed": False, "action": "implement", "step_id": "S1", "unmet": ["a commit"]}


def event(number: int, type: str = "step_reported", *, session: str = "s1", **data: object) -> MissionEvent:
    at = clock.stamp(clock.parse(f"2026-11-20T12:{number // 60:02d}:{number % 60:02d}+00:00"))
    return MissionEvent(f"{number:026d}", at, "claude", session, None, "001-tea", type, "WP01", {**VAIN, **data})


def reports(decision: Decision) -> list[str]:
    return [str(each["code"]) for each in decision.warnings]


# -- the count ---------------------------------------------------------------------------------------------------


def test_the_same_report_again_is_counted() -> None:
    found = vain_reports([event(number, seen="x") for number in range(3)])["S1"]
    assert (found.times, found.question) == (3, None)
    asked = vain_reports([event(number, seen="x") for number in range(QUESTION_AFTER)])["S1"].question
    assert asked is not None
    assert "claude (s1) has reported implement WP01 as done 4 times while nothing changed" in asked.text
    assert "still missing: a commit" in asked.text
    assert (asked.wp_id, asked.input_key, asked.options) == (
        "WP01",
        "wp.WP01.repeats",
        ("continue", "give_back", "block"),
    )


@pytest.mark.parametrize("other", [{"seen": "y"}, {"session": "s2", "seen": "x"}])
def test_a_change_or_another_session_begins_anew(other: dict[str, str]) -> None:
    events = [event(1, seen="x"), event(2, seen="x"), event(3, **other), event(4, **other)]
    assert vain_reports(events)["S1"].times == 2


def test_an_answer_begins_anew_and_another_answer_does_not() -> None:
    before = [event(number, seen="x") for number in range(4)]
    question = vain_reports(before)["S1"].decision_id
    answered = event(10, "decision_answered", decision_id=question)
    again = [event(number, seen="x") for number in range(11, 13)]
    after = vain_reports([*before, answered, *again])["S1"]
    assert after.times == 2
    assert after.decision_id != question
    other = event(10, "decision_answered", decision_id="another")
    assert vain_reports([*before, other, *again])["S1"].times == 6


def test_a_report_that_closes_the_step_ends_it() -> None:
    assert vain_reports([event(1), event(2), event(3, closed=True)]) == {}


@given(st.lists(st.sampled_from(["x", "y"]), max_size=20))
def test_the_count_is_the_length_of_the_last_run(seen: list[str]) -> None:
    events = [event(number, seen=each) for number, each in enumerate(seen)]
    run = next((at for at, each in enumerate(reversed(seen)) if each != seen[-1]), len(seen))
    assert (vain_reports(events)["S1"].times if seen else 0) == run


# -- the loop ----------------------------------------------------------------------------------------------------


def in_vain(agent: Agent, times: int) -> list[Decision]:
    return [agent.next(result="success") for _ in range(times)]


def test_the_third_report_warns_and_the_fourth_asks(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", subtasks=("T001",)))
    agent = Agent(mission)
    step = agent.next()
    first, second, third, fourth = in_vain(agent, 4)
    assert [reports(each) for each in (first, second, third)] == [[], [], ["LOOP_ALARM"]]
    assert "implement WP01 was reported as done 3 times while nothing changed" in str(third.warnings[0]["message"])
    assert (third.kind, third.step_id) == ("step", step.step_id)
    assert (fourth.kind, fourth.wp_id, fourth.input_key) == ("decision_required", "WP01", "wp.WP01.repeats")
    assert "T001" in str(fourth.question)
    assert agent.next().decision_id == fourth.decision_id, "asked again, until somebody answers or the work is done"
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_work_that_goes_on_raises_no_alarm(project: Project) -> None:
    agent = Agent(finalized_mission(project, Task("WP01", subtasks=("T001",))))
    worktree = Repo(Path(str(agent.next().workspace_path)))
    for turn in range(6):
        worktree.write("src/wp01/half.txt", f"{turn}\n" * (turn + 1))
        assert reports(agent.next(result="success")) == []


def test_a_session_is_not_blamed_for_another(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.next()
    in_vain(agent, 2)
    mission.force("WP01", Lane.PLANNED)
    other = Agent(mission, session="s2")
    other.next()
    assert [reports(each) for each in in_vain(other, 3)] == [[], [], ["LOOP_ALARM"]]


def test_what_is_finished_in_the_end_is_taken_without_an_answer(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    step = agent.next()
    assert in_vain(agent, 4)[-1].kind == "decision_required"
    agent.work(step)
    agent.next(result="success")
    assert Lane.FOR_REVIEW in [each.to_lane for each in mission.status.events]
    assert agent.next().kind != "decision_required"


@pytest.mark.parametrize(
    ("words", "lane"),
    [
        ("continue", Lane.IN_PROGRESS),
        ("Use the other database.", Lane.IN_PROGRESS),
        ("give back", Lane.PLANNED),
        ("block", Lane.BLOCKED),
    ],
)
def test_an_answer_ends_the_loop(project: Project, words: str, lane: Lane) -> None:
    mission = finalized_mission(project)
    agent, person = Agent(mission), Agent(mission, "ada", "p1")
    agent.next()
    asked = in_vain(agent, 4)[-1]
    person.next(answer=words, decision_id=asked.decision_id)
    if lane is Lane.PLANNED:
        assert mission.status.holders()["WP01"].actor == "ada", "given back, it went to the next who asked"
        return
    assert mission.lane("WP01") is lane
    if lane is Lane.IN_PROGRESS:
        again = agent.next()
        assert (again.kind, again.wp_id) == ("step", "WP01")
        assert words in agent.prompt(again)
        assert [reports(each) for each in in_vain(agent, 3)] == [[], [], ["LOOP_ALARM"]], "it counts anew"


def test_who_takes_over_is_not_asked(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.next()
    in_vain(agent, 4)
    mission.force("WP01", Lane.PLANNED)
    assert Agent(mission, "codex", "c1").next().kind == "step"


def test_a_planning_step_repeated_in_vain_is_a_question_to_a_person(project: Project) -> None:
    slug = project.create()
    mission = Mission(project, slug)
    agent = Agent(mission)
    assert agent.next().action == "specify"
    first, second, third, fourth = in_vain(agent, 4)
    assert [reports(each) for each in (first, second, third)] == [[], [], ["LOOP_ALARM"]]
    assert (fourth.kind, fourth.input_key, fourth.options) == ("decision_required", "step.specify.repeats", [])
    assert Agent(mission, "codex", "c1").next().kind == "blocked", "it is another's step"
    told = agent.next(answer="It is about tea.", decision_id=fourth.decision_id)
    assert (told.kind, told.action) == ("step", "specify")
    assert "It is about tea." in agent.prompt(told)
    (mission.folder / "spec.md").write_text(SPEC, encoding="utf-8")
    assert agent.next(result="success").action == "plan"


def test_a_document_that_changes_raises_no_alarm(project: Project) -> None:
    mission = Mission(project, project.create())
    agent = Agent(mission)
    (mission.folder / "spec.md").write_text(SPEC, encoding="utf-8")
    agent.next()
    assert agent.next(result="success").action == "plan"
    headings = [line for line in FULL_PLAN.splitlines() if line.startswith("## ")]
    for turn in range(1, len(headings)):
        (mission.folder / "plan.md").write_text("# Plan\n\n" + f"{headings[0]}\n\nYes.\n" * turn, encoding="utf-8")
        assert reports(agent.next(result="success")) == []
