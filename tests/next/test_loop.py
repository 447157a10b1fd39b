"""Turns of the loop over work packages, on real missions."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.kernel.errors import Conflict, NotFound, Refused
from specify_cli.kernel.git import Git
from specify_cli.next.decision import Decision
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.loop import Agent, later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task, write_documents

CHAIN = (Task("WP01"), Task("WP02", needs=("WP01",)))
PAIR = (Task("WP01"), Task("WP02"))


def test_the_same_holder_gets_the_same_step_until_something_changes(project: Project) -> None:
    agent = Agent(finalized_mission(project))
    first = agent.next()
    assert (first.kind, first.action, first.wp_id) == ("step", "implement", "WP01")
    assert agent.next().step_id == first.step_id
    assert agent.mission.lane("WP01") is Lane.IN_PROGRESS


def test_another_session_waits_and_is_told_for_whom(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).next()
    other = Agent(mission, session="s2").next()
    assert (other.kind, other.reason, other.retry_after) == ("blocked", "waiting", 15)
    assert other.waiting_for == [{"what": "WP01 implement", "actor": "claude", "session": "s1"}]


def test_sessions_without_an_id_are_one_holder_and_are_warned(project: Project) -> None:
    mission = finalized_mission(project)
    first, second = Agent(mission, session=None).next(), Agent(mission, session=None).next()
    assert first.step_id == second.step_id
    assert "SESSION_UNKNOWN" in [each["code"] for each in first.warnings]


def test_work_of_a_quiet_session_is_offered_again_with_what_lies_there(project: Project) -> None:
    mission = finalized_mission(project)
    dead = Agent(mission).next()
    worktree = Repo(Path(str(dead.workspace_path)))
    worktree.write("src/wp01/half.txt", "half\n")
    with later(5):
        assert Agent(mission, session="s2").next().kind == "blocked"
    with later(20):
        agent = Agent(mission, session="s2")
        taken = agent.next()
        assert (taken.action, taken.wp_id, taken.workspace_path) == ("implement", "WP01", dead.workspace_path)
        assert "src/wp01/half.txt" in agent.prompt(taken)
        assert Agent(mission).next().kind == "blocked"
        events = [each for each in mission.status.mission_events if each.type == "lease_taken_over"]
        assert [(each.wp_id, each.session, each.data["from"]) for each in events] == [
            ("WP01", "s2", {"actor": "claude", "session": "s1"})
        ]
        assert agent.next().step_id == taken.step_id
        assert len([each for each in mission.status.mission_events if each.type == "lease_taken_over"]) == 1


def test_a_session_that_lost_its_step_cannot_report_it(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    lost = agent.next()
    with later(20):
        Agent(mission, session="s2").next()
        with pytest.raises(Conflict, match="s2") as refusal:
            agent.next(result="success", step_id=lost.step_id)
        assert refusal.value.code == "STEP_TAKEN"
        assert agent.next(result="failed").kind == "blocked", "without an open step nothing is judged"
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    assert not [each for each in mission.status.mission_events if each.type == "step_reported"]


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_or_a_changed_file_keeps_a_session_awake(project: Project, committed: bool) -> None:
    mission = finalized_mission(project)
    with later(-20):
        worktree = Repo(Path(str(Agent(mission).next().workspace_path)))
    worktree.write("src/wp01/half.txt", "half\n")
    if committed:
        Git(worktree.path).commit_all("half")
    assert Agent(mission, session="s2").next().kind == "blocked"
    with later(16):
        assert Agent(mission, session="s2").next().kind == "step"


def test_success_hands_the_work_to_review(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.work(agent.next())
    after = agent.next(result="success", note="built it")
    assert Lane.FOR_REVIEW in [event.to_lane for event in mission.status.events]
    assert (after.kind, after.action) == ("step", "review"), "nobody else is there: it may review its own"
    assert "built it" in agent.prompt(after)


def test_success_with_an_unmet_guard_is_recorded_and_nothing_else_happens(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", subtasks=("T001",)))
    agent = Agent(mission)
    step = agent.next()
    moves = len(mission.status.events)
    told = agent.next(result="success", step_id=step.step_id)
    assert (told.kind, told.action, told.wp_id, told.step_id) == ("step", "implement", "WP01", step.step_id)
    assert len(told.guard_failures) == 2
    assert "T001" in "".join(told.guard_failures)
    assert all("fix: " in each for each in told.guard_failures)
    agent.next(result="success")
    reports = [each.data for each in mission.status.mission_events if each.type == "step_reported"]
    assert [(each["result"], each["guard_met"]) for each in reports] == [("success", False)] * 2
    assert len(mission.status.events) == moves


def test_the_third_report_in_vain_raises_the_alarm(project: Project) -> None:
    agent = Agent(finalized_mission(project))
    agent.next()
    codes = [[each["code"] for each in agent.next(result="success").warnings] for _ in range(3)]
    assert codes == [[], [], ["LOOP_ALARM"]]


def test_a_report_that_was_taken_already_does_nothing(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    step = agent.next()
    agent.work(step)
    second = agent.next(result="success", step_id=step.step_id)
    count = len(mission.status.mission_events)
    again = agent.next(result="success", step_id=step.step_id)
    assert (again.wp_id, again.step_id) == (second.wp_id, second.step_id)
    assert len(mission.status.mission_events) == count
    with pytest.raises(NotFound) as unknown:
        agent.next(result="success", step_id="01KNRK00000000000000000000")
    assert unknown.value.code == "STEP_NOT_FOUND"


def test_a_report_by_the_wrong_session_says_so(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).next()
    told = Agent(mission, session="s2").next(result="success")
    assert told.warnings[0]["code"] == "NOTHING_REPORTED"
    assert "WP01 is held by claude (s1)" in str(told.warnings[0]["message"])


def test_a_report_without_an_open_step_judges_nothing(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    assert agent.next(result="success").wp_id == "WP01"
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    agent.work(agent.next())
    agent.move("WP01", Lane.FOR_REVIEW)
    after = agent.next(result="failed", note="too late")
    assert (after.action, after.wp_id) == ("implement", "WP02")
    assert mission.lane("WP01") is Lane.FOR_REVIEW
    assert not [each for each in mission.status.mission_events if each.type == "step_reported"]


def test_failed_gives_the_work_back_with_the_note(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    first = agent.next()
    assert agent.next(result="failed", note="no licence for the parser").wp_id == "WP02"
    assert mission.lane("WP01") is Lane.PLANNED
    other = Agent(mission, "codex", "c1")
    given = other.next()
    assert given.wp_id == "WP01"
    assert "no licence for the parser" in other.prompt(given)
    assert given.step_id != first.step_id


def test_blocked_asks_its_holder_and_the_answer_reaches_the_prompt(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/half.txt", "half\n")
    assert Agent(mission, "codex", "c1").next().wp_id == "WP02", "others are not kept from their work"
    asked = agent.next(result="blocked", note="which database?")
    assert (asked.kind, asked.wp_id, asked.options) == ("decision_required", "WP01", ["resume", "cancel"])
    assert "which database?" in str(asked.question)
    assert agent.next().decision_id == asked.decision_id, "the same question keeps its id"
    resumed = agent.next(answer="PostgreSQL, as everywhere", decision_id=asked.decision_id)
    assert (resumed.kind, resumed.action, resumed.wp_id) == ("step", "implement", "WP01")
    prompt = agent.prompt(resumed)
    assert "PostgreSQL, as everywhere" in prompt
    assert "src/wp01/half.txt" in prompt
    assert [each.type for each in mission.status.mission_events].count("decision_answered") == 1


def test_a_session_that_blocked_its_work_is_offered_other_work_and_the_question_stays(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    agent.next()
    other = agent.next(result="blocked", note="which database?")
    assert (other.kind, other.action, other.wp_id) == ("step", "implement", "WP02")
    (question,) = other.open_questions
    assert (question["wp_id"], question["options"]) == ("WP01", ["resume", "cancel"])
    assert "which database?" in str(question["question"])
    assert Agent(mission, "codex", "c1").next().open_questions == [question]
    agent.next(answer="SQLite", decision_id=str(question["decision_id"]), no_next=True)
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_blocked_is_asked_of_anybody_when_nothing_else_is_left(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).next()
    Agent(mission).next(result="blocked", note="stuck")
    other = Agent(mission, "codex", "c1")
    asked = other.next()
    assert asked.kind == "decision_required"
    other.next(answer="cancel", decision_id=asked.decision_id)
    assert mission.lane("WP01") is Lane.CANCELED


def test_an_old_answer_moves_nothing(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.next()
    asked = agent.next(result="blocked", note="stuck")
    agent.next(answer="resume", decision_id=asked.decision_id)
    with pytest.raises(Conflict) as refusal:
        agent.next(answer="cancel", decision_id=asked.decision_id)
    assert (refusal.value.code, mission.lane("WP01")) == ("DECISION_ANSWERED", Lane.IN_PROGRESS)


def test_an_answer_to_nothing_is_refused(project: Project) -> None:
    with pytest.raises(NotFound) as refusal:
        Agent(finalized_mission(project)).next(answer="yes", decision_id="nothing-asked")
    assert refusal.value.code == "DECISION_NOT_FOUND"


def test_a_review_is_reported_by_its_verdict(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).submit("WP01")
    reviewer = Agent(mission, "codex", "c1")
    review = reviewer.next()
    with pytest.raises(Refused) as refusal:
        reviewer.next(result="success", step_id=review.step_id)
    assert refusal.value.code == "REVIEW_VERDICT_MISSING"
    assert "agent action review WP01" in str(refusal.value.hint)
    assert "--to approved" in str(refusal.value), "the verdict is the reviewer's, and no fix gives it"
    reviewer.next(result="failed", note="no time")
    assert mission.lane("WP01") in (Lane.FOR_REVIEW, Lane.IN_REVIEW)
    reviewer.approve("WP01")
    assert mission.lane("WP01") is Lane.APPROVED


def test_a_rejection_comes_first_in_the_next_prompt_and_is_kept(project: Project) -> None:
    mission = finalized_mission(project)
    agent, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    first = agent.submit("WP01")
    reviewer.reject("WP01", "1. `work.txt`: say *play*, not work.\n")
    file = mission.folder / "tasks" / "WP01-work" / "review-cycle-1.md"
    assert file.read_text(encoding="utf-8") == "1. `work.txt`: say *play*, not work.\n"
    assert mission.project.git.status() == ""
    again = agent.next()
    assert (again.wp_id, again.action) == ("WP01", "implement")
    assert again.step_id != first.step_id
    lines = [line for line in agent.prompt(again).splitlines() if line]
    assert lines[1].startswith("## First: the review asked for changes (cycle 1, by codex)")
    assert "say *play*, not work." in agent.prompt(again)
    with pytest.raises(Refused) as unchanged:
        agent.move("WP01", Lane.FOR_REVIEW)
    assert "nothing has changed since the review" in unchanged.value.message
    agent.work(again, "play\n")
    agent.move("WP01", Lane.FOR_REVIEW)
    file.write_text("nothing wrong\n", encoding="utf-8")
    reviewer.reject("WP01", "2. Better, not good.\n")
    assert file.with_name("review-cycle-2.md").is_file()
    findings = [each.data for each in mission.status.mission_events if each.type == "review_finding"]
    assert [(each["cycle"], each["text"]) for each in findings] == [
        (1, "1. `work.txt`: say *play*, not work.\n"),
        (2, "2. Better, not good.\n"),
    ]


def test_a_rejection_straight_to_in_progress_is_a_new_step_of_its_implementer(project: Project) -> None:
    mission = finalized_mission(project)
    agent, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    first = agent.submit("WP01")
    reviewer.next()
    reviewer.move("WP01", Lane.IN_PROGRESS, "Mend it.\n")
    again = agent.next()
    assert (again.wp_id, again.action) == ("WP01", "implement")
    assert again.step_id != first.step_id
    assert reviewer.next().kind == "blocked"


def test_three_rejections_are_a_decision(project: Project) -> None:
    mission = finalized_mission(project)
    agent, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    for cycle in range(3):
        agent.submit("WP01", f"try {cycle}\n")
        reviewer.reject("WP01")
    asked = agent.next()
    assert (asked.kind, asked.options) == ("decision_required", ["continue", "block", "cancel"])
    assert agent.next(answer="continue", decision_id=asked.decision_id).action == "implement"


def test_a_dependency_that_is_canceled_is_a_question(project: Project) -> None:
    mission = finalized_mission(project, *CHAIN)
    mission.force("WP01", Lane.CANCELED)
    agent = Agent(mission)
    asked = agent.next()
    assert (asked.kind, asked.wp_id, asked.options) == ("decision_required", "WP02", ["cancel", "edit"])
    stuck = agent.next(answer="edit", decision_id=asked.decision_id)
    assert stuck.kind == "blocked"
    assert "WP01 (canceled)" in str(stuck.reason)
    assert "finalize-tasks" in str(stuck.reason)


def test_another_agents_work_is_reviewed_before_that_of_another_session(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"), Task("WP03"))
    ada, bob, sister = Agent(mission, session="a"), Agent(mission, "codex", "b"), Agent(mission, session="c")
    one, two = ada.next(), bob.next()
    third = sister.next()
    assert [one.wp_id, two.wp_id, third.wp_id] == ["WP01", "WP02", "WP03"]
    for agent, step in ((ada, one), (bob, two), (sister, third)):
        agent.work(step)
        agent.move(str(step.wp_id), Lane.FOR_REVIEW)
    assert (sister.next().wp_id, ada.next().wp_id) == ("WP02", "WP03")


def test_self_review_waits_until_nobody_else_has_acted_for_half_an_hour(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent, other = Agent(mission), Agent(mission, "codex", "c1")
    one, two = agent.next(), other.next()
    assert (one.wp_id, two.wp_id) == ("WP01", "WP02")
    agent.work(one)
    agent.move("WP01", Lane.FOR_REVIEW)
    blocked = agent.next()
    assert blocked.kind == "blocked"
    with pytest.raises(Refused) as refusal:
        agent.move("WP01", Lane.APPROVED)
    assert refusal.value.code == "SELF_REVIEW"
    with later(40):
        step = agent.next()
        assert (step.action, step.wp_id) in (("review", "WP01"), ("implement", "WP02"))


def test_a_self_review_is_marked(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.submit("WP01")
    step = agent.next()
    assert "You implemented this yourself" in agent.prompt(step)
    assert agent.move("WP01", Lane.APPROVED).self_review
    assert [each.self_review for each in mission.status.events[-2:]] == [True, True]


def test_review_by_other_is_strict(project: Project) -> None:
    mission = finalized_mission(project)
    _review(mission, by="other", own="true")
    agent = Agent(mission)
    agent.submit("WP01")
    with later(500):
        told = agent.next()
        assert told.kind == "blocked"
        assert (told.reason, told.retry_after) == ("waiting", 15)
        assert told.waiting_for == [{"what": "review of WP01", "actor": None, "session": None}]
        with pytest.raises(Refused):
            agent.move("WP01", Lane.APPROVED)
        # Somebody may have given both sessions their ids: that proves nothing.
        assert Agent(mission, session="s2").next().kind == "blocked"
        assert Agent(mission, "Claude", "s3").next().kind == "blocked"
        assert Agent(mission, "codex", "c1").next().action == "review"


def test_review_self_allows_it_at_once(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    _review(mission, by="any", own="true")
    agent, other = Agent(mission), Agent(mission, "codex", "c1")
    one, _ = agent.next(), other.next()
    agent.work(one)
    assert agent.next(result="success").action == "review"


def _review(mission: Mission, *, by: str, own: str) -> None:
    path = mission.project.path / ".kittify" / "config.yaml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("review:")]
    path.write_text("\n".join([*lines, f"review: {{by: {by}, self: {own}}}"]) + "\n", encoding="utf-8")


def test_an_implementer_cannot_approve_straight_from_in_progress(project: Project) -> None:
    mission = finalized_mission(project)
    _review(mission, by="other", own="false")
    agent = Agent(mission)
    agent.next()
    with pytest.raises(Refused) as refusal:
        agent.move("WP01", Lane.APPROVED)
    assert refusal.value.code == "SELF_REVIEW"


def test_a_work_package_whose_claim_is_refused_is_no_wall(project: Project) -> None:
    mission = finalized_mission(project, *PAIR, Task("WP03"))
    agent = Agent(mission)
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/left.txt", "left\n")
    assert agent.next(result="failed", note="gave up").wp_id == "WP02"
    step = Agent(mission, "codex", "c1").next()
    assert step.wp_id == "WP03"
    assert "WORKTREE_DIRTY" in [each["code"] for each in step.warnings]
    with pytest.raises(Refused) as refusal:
        Agent(mission, "codex", "c2").next()
    assert refusal.value.code == "WORKTREE_DIRTY"
    assert mission.lane("WP01") is Lane.PLANNED


def test_with_commit_the_work_is_committed_whatever_is_reported(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/sound.txt", "sound\n")
    agent.next(result="failed", note="out of time", commit="WP01: what is sound")
    assert worktree("log", "-1", "--format=%s") == "WP01: what is sound"
    assert worktree.status() == ""


def test_a_blocked_planning_package_does_not_hold_up_its_lane(project: Project) -> None:
    docs = [Task(f"WP0{number}", mode="planning_artifact", owns=(f"docs/{number}/**",)) for number in (1, 2)]
    mission = finalized_mission(project, *docs)
    agent = Agent(mission)
    agent.next()
    assert agent.next(result="blocked", note="stuck").wp_id == "WP02"
    agent.next(answer="resume")
    assert mission.lane("WP01") is Lane.PLANNED, "its lane is taken by now"


@pytest.mark.parametrize(
    "words", [("mark-status", "T001", "--status", "done"), ("add-history", "WP01", "--note", "half way")]
)
def test_a_tick_or_a_note_keeps_its_holder_awake(project: Project, words: tuple[str, ...]) -> None:
    mission = finalized_mission(project, Task("WP01", subtasks=("T001",)))
    with later(-20):
        Agent(mission, session=None).next()
    project.run("agent", "tasks", *words, "--agent", "claude", "--mission", mission.slug, "--json").ok()
    assert Agent(mission, "codex", "c1").next().kind == "blocked"
    project.run("agent", "tasks", *words, "--agent", "codex", "--mission", mission.slug, "--json").ok()
    with later(16):
        assert Agent(mission, "codex", "c1").next().kind == "step"


def test_a_review_of_a_quiet_session_is_taken_over_but_not_by_its_implementer(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.submit("WP01")
    assert Agent(mission, "codex", "c1").next().action == "review"
    with later(20):
        assert agent.next().kind == "blocked", "codex has acted within the last half hour"
        third = Agent(mission, "codex", "c2")
        assert third.next().action == "review"
        third.move("WP01", Lane.APPROVED)
    taken = [each for each in mission.status.mission_events if each.type == "lease_taken_over"]
    assert [(each.wp_id, each.data["work"]) for each in taken] == [("WP01", "review")]
    assert mission.lane("WP01") is Lane.APPROVED


def test_a_dependency_that_work_under_way_does_not_wait_for_is_said(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    agent = Agent(mission)
    assert "EDGE_NOT_ENFORCED" not in _codes(agent.next())
    write_documents(mission.folder, (Task("WP01", needs=("WP02",)), Task("WP02")))
    project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json").ok()
    told = next(each for each in agent.next().warnings if each["code"] == "EDGE_NOT_ENFORCED")
    assert told["message"] == "WP01 is under way and does not wait for WP02 (planned), which it depends on by now"
    assert "EDGE_NOT_ENFORCED" not in _codes(Agent(mission, "codex", "c1").next())


def _codes(decision: Decision) -> list[str | None]:
    return [each["code"] for each in decision.warnings]
