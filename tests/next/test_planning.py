"""The planning steps, on missions made by the loop, by hand, and in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.core.mission_creation import create_mission_core
from specify_cli.kernel.errors import Refused
from specify_cli.next.query import query
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.loop import FULL_PLAN, Agent, later, tree_of
from tests.support.missions import PLANNER, Mission, created_mission, finalized_mission
from tests.support.project import SPEC, Project, Task, write_documents


def fresh(project: Project) -> Mission:
    created = create_mission_core(project.path, "tea-timer", actor=PLANNER)
    return Mission(project, created.mission_slug)


def write(mission: Mission, name: str, text: str) -> None:
    (mission.folder / name).write_text(text, encoding="utf-8")


def reports(mission: Mission) -> list[object]:
    return [each.data["guard_met"] for each in mission.status.mission_events if each.type == "step_reported"]


def test_a_fresh_mission_has_not_started_and_a_query_writes_nothing(project: Project) -> None:
    mission = fresh(project)
    folders = (project.path,)
    before = tree_of(*folders)
    seen = query(mission.context)
    assert (seen.kind, seen.is_query, seen.mission_state, seen.preview_step) == (
        "query",
        True,
        "not_started",
        "specify",
    )
    assert (seen.action, seen.step_id, seen.prompt_file) == (None, None, None)
    assert tree_of(*folders) == before


def test_a_query_in_the_middle_of_the_work_writes_nothing(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    Agent(mission).next()
    before = tree_of(project.path)
    seen = query(mission.context)
    assert (seen.preview_step, seen.wp_id, seen.mission_state) == ("implement", "WP02", "implement")
    assert tree_of(project.path) == before


def test_a_planning_step_is_one_sessions_alone(project: Project) -> None:
    mission = fresh(project)
    agent, other = Agent(mission), Agent(mission, session="s2")
    step = agent.next()
    assert (step.action, step.guard_failures != []) == ("specify", True)
    waiting = other.next()
    assert waiting.waiting_for == [{"what": "specify", "actor": "claude", "session": "s1"}]
    assert agent.next().step_id == step.step_id
    with later(20):
        assert other.next().step_id == step.step_id, "the step goes on, with another holder"
        assert agent.next().kind == "blocked"
        assert agent.next(result="success").kind == "blocked", "its step is open no more, so nothing is judged"
    assert not reports(mission)


def test_one_who_waits_does_not_keep_the_lease_of_another_awake(project: Project) -> None:
    mission = fresh(project)
    Agent(mission).next()
    for minutes in (5, 10, 14):
        with later(minutes):
            assert Agent(mission, session="s2").next().kind == "blocked"
    with later(16):
        assert Agent(mission, session="s2").next().kind == "step"


def test_a_document_that_changes_keeps_its_writer_awake(project: Project) -> None:
    mission = fresh(project)
    with later(-20):
        Agent(mission).next()
    write(mission, "spec.md", "# Half of it\n")
    assert Agent(mission, session="s2").next().kind == "blocked"


def test_a_report_with_the_guard_unmet_changes_nothing(project: Project) -> None:
    mission = fresh(project)
    agent = Agent(mission)
    step = agent.next()
    head = project.git.head()
    told = agent.next(result="success")
    assert (told.kind, told.action, told.step_id) == ("step", "specify", step.step_id)
    assert told.guard_failures
    assert told.guard_failures[0] in agent.prompt(told)
    agent.next(result="success", step_id=step.step_id)
    assert reports(mission) == [False, False]
    assert project.git.head() == head


def test_the_steps_follow_each_other_and_leave_the_tree_clean(project: Project) -> None:
    mission = fresh(project)
    project.git.write("mine.txt", "mine\n")
    project.git("add", "mine.txt")
    agent = Agent(mission)
    first = agent.next()
    write(mission, "spec.md", SPEC)
    second = agent.next(result="success")
    assert second.action == "plan"
    assert project.git("log", "-1", "--format=%s") == f"spec-kitty({mission.slug}): specify done"
    assert project.git.status() == "A  mine.txt"
    assert agent.next(result="success", step_id=first.step_id).step_id == second.step_id, "told twice, done once"
    write(mission, "plan.md", FULL_PLAN)
    assert agent.next(result="success").action == "tasks_outline"
    write_documents(mission.folder, (Task("WP01"),))
    write(mission, "plan.md", FULL_PLAN)
    assert agent.next(result="success").action == "tasks_packages"
    assert agent.next(result="success").action == "tasks_finalize"
    told = agent.next(result="success")
    fix = f"spec-kitty agent mission finalize-tasks --mission {mission.slug}"
    assert told.guard_failures == [f"lanes.json does not cover WP01 (fix: {fix})"]
    project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json").ok()
    assert agent.next(result="success").wp_id == "WP01"
    assert project.git.status() == "A  mine.txt"


def test_a_clarification_is_a_question_and_its_answer_is_worked_in(project: Project) -> None:
    mission = fresh(project)
    agent, other = Agent(mission), Agent(mission, session="s2")
    step = agent.next()
    write(mission, "spec.md", SPEC + "\n[NEEDS CLARIFICATION: which timers?]\n")
    assert other.next().kind == "blocked", "who writes it is asked"
    asked = agent.next(result="success")
    assert (asked.kind, asked.question, asked.input_key) == (
        "decision_required",
        "which timers?",
        "spec.md.clarification",
    )
    assert asked.decision_id == agent.next().decision_id
    again = agent.next(answer="egg and tea", decision_id=asked.decision_id)
    assert (again.kind, again.action, again.step_id) == ("step", "specify", step.step_id)
    assert "egg and tea" in agent.prompt(again)
    assert "which timers?" in agent.prompt(again)
    assert agent.next(result="success").action == "specify", "the marker still stands in the document"
    write(mission, "spec.md", SPEC)
    assert agent.next(result="success").action == "plan"


def test_a_planning_step_reported_as_blocked_is_a_question(project: Project) -> None:
    mission = fresh(project)
    agent = Agent(mission)
    agent.next()
    asked = agent.next(result="blocked", note="who is the customer?")
    assert (asked.kind, asked.question) == ("decision_required", "who is the customer?")
    again = agent.next(answer="the tea shop")
    assert (again.kind, again.action) == ("step", "specify")
    assert "the tea shop" in agent.prompt(again)


def test_a_planning_step_that_was_given_back_tells_why(project: Project) -> None:
    mission = fresh(project)
    Agent(mission).next()
    Agent(mission).next(result="failed", note="the domain is beyond me")
    with later(20):
        agent = Agent(mission, "codex", "c1")
        assert "the domain is beyond me" in agent.prompt(agent.next())


def test_documents_that_a_person_committed_finish_their_steps(project: Project) -> None:
    mission = created_mission(project, Task("WP01"))
    write(mission, "plan.md", FULL_PLAN)
    assert Agent(mission).next().action == "specify", "written, and nobody has said that it is finished"
    project.git.commit("The plan, by hand")
    assert Agent(mission).next().action == "tasks_finalize"


def test_finalize_by_hand_finishes_what_precedes(project: Project) -> None:
    mission = finalized_mission(project)
    assert Agent(mission).next().wp_id == "WP01"


def test_a_work_package_that_is_added_later_is_prepared_first(project: Project) -> None:
    mission = finalized_mission(project)
    write_documents(mission.folder, (Task("WP01"), Task("WP02")))
    write(mission, "plan.md", FULL_PLAN)
    (mission.folder / "tasks" / "WP02-work.md").unlink()
    assert Agent(mission).next().action == "tasks_packages"
    write_documents(mission.folder, (Task("WP01"), Task("WP02")))
    Agent(mission).next(result="success")
    assert Agent(mission).next().action == "tasks_finalize"


def test_once_the_work_has_begun_a_broken_document_is_a_warning(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.FOR_REVIEW)
    write(mission, "spec.md", "# Nothing\n\n[NEEDS CLARIFICATION: what?]\n")
    step = Agent(mission, "codex", "c1").next()
    assert step.action == "review"
    warned = [str(each["message"]) for each in step.warnings if each["code"] == "GUARD_BROKEN"]
    assert any("spec.md" in each for each in warned)


def test_without_a_home_planning_is_refused_and_moves_go_on(project: Project) -> None:
    mission = fresh(project)
    project.git("switch", "-q", "-c", "elsewhere")
    with pytest.raises(Refused) as refusal:
        Agent(mission).next()
    assert refusal.value.code == "TARGET_NOT_CHECKED_OUT"
    assert "switch main" in str(refusal.value.hint)
    assert not [each for each in mission.status.mission_events if each.type == "step_issued"]


def test_without_a_home_work_goes_on(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", "elsewhere")
    agent = Agent(mission)
    step = agent.submit("WP01")
    assert "/.git/spec-kitty/runtime/" in str(step.prompt_file)
    Agent(mission, "codex", "c1").next()
    moved = Agent(mission, "codex", "c1").move("WP01", Lane.PLANNED, "Once more.\n")
    assert [each.code for each in moved.warnings] == ["TARGET_NOT_CHECKED_OUT"]
    assert project.git.status() == ""
    project.git("switch", "-q", "main")
    assert "Once more." in agent.prompt(agent.next())
    agent.work(agent.next(), "better\n")
    agent.move("WP01", Lane.FOR_REVIEW)
    Agent(mission, "codex", "c1").approve("WP01")
    assert (mission.folder / "tasks" / "WP01-work" / "review-cycle-1.md").read_text(encoding="utf-8") == "Once more.\n"
    assert project.git.status() == ""


def test_accept_is_one_sessions_alone_and_after_it_the_loop_is_over(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).submit("WP01")
    reviewer = Agent(mission, "codex", "c1")
    reviewer.approve("WP01")
    step = reviewer.next()
    assert step.action == "accept"
    assert "spec-kitty accept" in reviewer.prompt(step)
    assert Agent(mission).next().waiting_for == [{"what": "accept", "actor": "codex", "session": "c1"}]
    told = reviewer.next(result="success")
    assert "not accepted yet" in told.guard_failures[0]
    project.run("accept", "--mission", mission.slug, "--json").ok()
    over = reviewer.next(result="success")
    assert (over.kind, over.mission_state) == ("terminal", "accepted")
    assert "spec-kitty merge" in str(over.reason)
    assert Agent(mission).next().kind == "terminal"


def test_merging_is_a_step_with_a_prompt_where_the_project_says_so(project: Project) -> None:
    mission = finalized_mission(project)
    path = project.path / ".kittify" / "config.yaml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("merge:")]
    path.write_text("\n".join([*lines, "merge: {strategy: squash, auto: true}"]) + "\n", encoding="utf-8")
    project.git.commit("merging is a step")
    Agent(mission).submit("WP01")
    Agent(mission, "codex", "c1").approve("WP01")
    project.run("accept", "--mission", mission.slug, "--json").ok()
    agent = Agent(mission)
    step = agent.next()
    assert step.action == "merge"
    assert f"spec-kitty merge --mission {mission.slug}" in agent.prompt(step)


def test_a_work_package_that_was_changed_after_acceptance_is_accepted_anew(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).submit("WP01")
    reviewer = Agent(mission, "codex", "c1")
    reviewer.approve("WP01")
    project.run("accept", "--mission", mission.slug, "--json").ok()
    assert reviewer.next().kind == "terminal"
    reviewer.move("WP01", Lane.PLANNED, "It rings too early.\n")
    Agent(mission).submit("WP01", "later\n")
    reviewer.approve("WP01")
    assert reviewer.next().action == "accept"


def test_prompts_are_ignored_by_git_and_stay_in_the_checkout(project: Project) -> None:
    mission = finalized_mission(project)
    step = Agent(mission).next()
    assert Path(str(step.prompt_file)).is_relative_to(project.path / ".kittify" / "runtime" / "prompts")
    assert Repo(project.path).status() == ""
