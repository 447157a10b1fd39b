"""`why` tells what the moves themselves want: each unmet condition, with a command that meets it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from specify_cli.status.models import Lane
from specify_cli.workspaces import leases
from tests.support.git import Repo
from tests.support.loop import FULL_PLAN, Agent, later
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task

KEYS = {
    "mission_slug", "wp_id", "lane", "next_move", "unmet", "met", "holder", "next_step", "detection_method",
    "read_from",
}  # fmt: skip


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01 with a subtask before WP02, WP03 beside them."""
    return finalized_mission(
        project, Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",)), Task("WP03", needs=())
    )


def why(mission: Mission, *words: str) -> dict[str, Any]:
    told = mission.project.run("why", *words, "--mission", mission.slug, "--json").ok().json()
    assert told.keys() == KEYS
    assert all(each.keys() == {"code", "what", "fix", "subject", "move"} for each in told["unmet"])
    return told


def codes(told: dict[str, Any]) -> list[str]:
    return [each["code"] for each in told["unmet"]]


def follow(mission: Mission, told: dict[str, Any], code: str) -> None:
    """Run the command that meets a condition."""
    fix = next(each["fix"] for each in told["unmet"] if each["code"] == code)
    words = shlex.split(fix.replace("NAME", "claude").replace("TEXT", "resume"))
    assert words[0] == "spec-kitty", fix
    mission.project.run(*words[1:], "--json").ok()


def test_a_ready_work_package_misses_nothing(mission: Mission) -> None:
    told = why(mission, "WP01")
    assert (told["wp_id"], told["lane"], told["next_move"], told["unmet"]) == ("WP01", "planned", "claimed", [])
    assert "DEPENDENCIES_NOT_SATISFIED" in [each["code"] for each in told["met"]]
    assert told["next_step"] == f"spec-kitty agent action implement WP01 --agent NAME --mission {mission.slug}"


def test_what_a_claim_wants_is_what_the_claim_is_refused_for(mission: Mission) -> None:
    agent = Agent(mission)
    agent.next()
    told = why(mission, "wp2")
    assert codes(told) == ["DEPENDENCIES_NOT_SATISFIED", "LANE_BUSY"]
    assert "WP01 is held by claude (s1)" in told["unmet"][1]["what"]
    words = ("agent", "action", "implement", "WP02", "--agent", "codex", "--mission", mission.slug, "--json")
    refusal = mission.project.run(*words).failed("DEPENDENCIES_NOT_SATISFIED", 1).json()
    assert [each["what"] for each in refusal["details"]["unmet"]] == [each["what"] for each in told["unmet"]]
    assert refusal["details"]["waiting_for"] == {"WP01": "in_progress"}
    assert refusal["hint"] == f"spec-kitty next --agent codex --wait 60 --mission {mission.slug}"


def test_without_lanes_the_lane_is_missing(project: Project) -> None:
    mission = created_mission(project, Task("WP01"))
    assert codes(why(mission, "WP01")) == ["LANES_MISSING"]


def test_a_dirty_worktree_stands_in_the_way_of_a_new_claim(mission: Mission) -> None:
    repo = mission.work("WP01", "src/wp01/a.txt")
    mission.force("WP01", Lane.PLANNED)
    repo.write("src/wp01/b.txt", "left\n")
    told = why(mission, "WP01")
    assert codes(told) == ["WORKTREE_DIRTY"]
    mission.project.run("agent", "action", "implement", "WP01", "--agent", "a", "--json").failed("WORKTREE_DIRTY")


def test_work_wants_all_that_the_hand_over_wants_and_each_fix_meets_its_condition(mission: Mission) -> None:
    claim = mission.claim("WP01")
    told = why(mission, "WP01")
    assert (told["next_move"], codes(told)) == ("for_review", ["NO_NEW_COMMIT", "SUBTASKS_OPEN"])
    assert "NO_CHANGES" not in [each["code"] for each in told["met"]], "without a commit nothing changes anything"
    assert told["holder"]["actor"] == "claude"
    assert told["holder"]["state"] == "active"
    refusal = mission.project.run(
        "agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude", "--json"
    ).failed("TRANSITION_REJECTED")
    assert [each["code"] for each in refusal.json()["details"]["unmet"]] == codes(told)
    Repo(claim.workspace.path).write("src/wp01/work.txt", "done\n")
    follow(mission, told, "SUBTASKS_OPEN")
    assert codes(why(mission, "WP01")) == ["WORKTREE_DIRTY"]
    assert "NO_NEW_COMMIT" not in [each["code"] for each in why(mission, "WP01")["met"]], "nobody can say yet"
    fix = shlex.split(why(mission, "WP01")["next_step"])
    mission.project.run(*fix[1:], "--agent", "claude", "--json").ok()
    assert mission.lane("WP01") is Lane.FOR_REVIEW


def test_a_claim_that_was_not_begun_says_so(mission: Mission) -> None:
    mission.walk("WP01", Lane.CLAIMED)
    told = why(mission, "WP01")
    assert codes(told)[:2] == ["NOT_IN_PROGRESS", "WORKSPACE_MISSING"]
    assert "WORKTREE_DIRTY" not in [each["code"] for each in told["met"]]
    assert told["holder"]["state"] == "elsewhere"


def test_a_quiet_holder_is_named_with_the_command_that_takes_the_work_back(mission: Mission) -> None:
    mission.claim("WP01", actor="codex", session="c1")
    with later(20):
        told = why(mission, "WP01")
        shown = mission.project.run("why", "WP01").ok().out
        busy = why(mission, "WP02")
    assert told["holder"]["state"] == "quiet"
    lease = leases.read_lease(mission.place, "WP01")
    assert lease is not None
    assert told["holder"]["last_seen"] == lease.last_seen
    assert f"    spec-kitty doctor --reap WP01 --mission {mission.slug}" in shown.splitlines()
    assert busy["unmet"][1]["fix"] == f"spec-kitty doctor --reap WP01 --mission {mission.slug}"


def test_a_review_wants_a_reviewer_and_then_a_verdict(mission: Mission) -> None:
    agent, other = Agent(mission), Agent(mission, "codex", "c1")
    mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done", "--json").ok()
    agent.submit("WP01")
    told = why(mission, "WP01")
    assert (told["next_move"], codes(told)) == ("in_review", ["REVIEW_MISSING"])
    assert "anybody may, claude (s1), who built it, too" in told["unmet"][0]["what"]
    other.next()
    told = why(mission, "WP01")
    assert (told["next_move"], codes(told)) == ("approved", ["REVIEW_VERDICT_MISSING"])
    assert "codex (c1) reviews WP01" in told["unmet"][0]["what"]
    verdict = told["unmet"][0]
    assert verdict["fix"] == f"spec-kitty agent action review WP01 --agent codex --session c1 --mission {mission.slug}"
    assert "--to approved --agent codex --session c1" in verdict["what"]
    assert "--to planned --review-feedback-file FILE --agent codex --session c1" in verdict["what"]


def test_who_may_not_review_is_said(mission: Mission) -> None:
    config = mission.project.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text().replace("{by: any", "{by: other"), encoding="utf-8")
    mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done", "--json").ok()
    Agent(mission).submit("WP01")
    assert "anybody may but claude (s1), who built it" in why(mission, "WP01")["unmet"][0]["what"]


def test_a_blocked_work_package_is_a_question_and_the_fix_answers_it_without_the_loop_having_asked(
    mission: Mission,
) -> None:
    mission.force("WP03", Lane.BLOCKED)
    told = why(mission, "WP03")
    assert (told["next_move"], codes(told)) == ("in_progress", ["DECISION_OPEN"])
    assert not [each for each in mission.status.mission_events if each.type == "decision_asked"]
    follow(mission, told, "DECISION_OPEN")
    assert mission.lane("WP03") is not Lane.BLOCKED


def test_a_work_package_that_was_rejected_too_often_cannot_be_claimed_by_name_either(mission: Mission) -> None:
    agent, other = Agent(mission), Agent(mission, "codex", "c1")
    mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done", "--json").ok()
    for turn in range(3):
        agent.work(agent.next(), f"{turn}\n")
        agent.move("WP01", Lane.FOR_REVIEW)
        other.reject("WP01")
    told = why(mission, "WP01")
    assert codes(told) == ["DECISION_OPEN"]
    words = ("agent", "action", "implement", "WP01", "--agent", "codex", "--mission", mission.slug, "--json")
    mission.project.run(*words).failed("DECISION_OPEN", 1)
    follow(mission, told, "DECISION_OPEN")
    assert mission.lane("WP01") is Lane.IN_PROGRESS, "answered, and handed out to who answered"


@pytest.mark.parametrize("lane", [Lane.DONE, Lane.CANCELED])
def test_at_the_end_of_the_way_nothing_is_left(mission: Mission, lane: Lane) -> None:
    mission.force("WP03", lane)
    told = why(mission, "WP03")
    assert (told["next_move"], told["unmet"], told["met"]) == (None, [], [])
    assert f"WP03 is {lane}: nothing is left to do" in mission.project.run("why", "WP03").ok().out


# -- the mission -------------------------------------------------------------------------------------------------


def test_while_it_is_planned_a_mission_wants_what_the_step_at_hand_wants(project: Project) -> None:
    mission = Mission(project, project.create())
    told = why(mission)
    assert (told["wp_id"], told["next_move"], told["met"], told["holder"]) == (None, "specify", [], None)
    assert set(codes(told)) == {"STEP_UNFINISHED"}
    wanted = project.run("next", "--mission", mission.slug, "--json").ok().json()
    assert [each["what"] for each in told["unmet"]] == wanted["guard_failures"]
    board = project.run("status", "--mission", mission.slug).ok().out
    assert board.splitlines()[-1] == f"  Next: {told['next_step']}"
    shown = project.run("why", "--mission", mission.slug).ok().out
    assert shown.count("fix: ") == 1, "what one command meets is told together"
    handed = Agent(mission).next()
    assert handed.action == "specify"
    told = why(mission)
    assert (told["holder"]["actor"], told["holder"]["state"]) == ("claude", "active")
    with later(20):
        shown = project.run("why", "--mission", mission.slug).ok().out
    assert "held by claude (s1)" in shown
    assert "quiet since" in shown
    assert "doctor --reap" not in shown, "a step is taken over by who asks next"


def test_a_question_in_a_document_is_open_until_it_is_answered(project: Project) -> None:
    mission = created_mission(project, Task("WP01"))
    spec = mission.folder / "spec.md"
    spec.write_text(spec.read_text(encoding="utf-8") + "[NEEDS CLARIFICATION: how loud?]\n", encoding="utf-8")
    told = why(mission)
    assert told["next_move"] == "specify"
    assert "DECISION_OPEN" in codes(told)
    follow(mission, told, "DECISION_OPEN")
    assert "DECISION_OPEN" not in codes(why(mission))


def test_when_the_documents_are_there_the_plan_wants_its_lanes(project: Project) -> None:
    mission = created_mission(project, Task("WP01"))
    (mission.folder / "plan.md").write_text(FULL_PLAN, encoding="utf-8")
    mission.project.git.commit("planned by hand")
    told = why(mission)
    assert (told["next_move"], codes(told)) == ("tasks_finalize", ["STEP_UNFINISHED"])
    follow(mission, told, "STEP_UNFINISHED")
    assert why(mission)["next_move"] == "accept"


def test_a_mission_wants_what_accept_and_then_merge_want(mission: Mission) -> None:
    told = why(mission)
    assert (told["wp_id"], told["lane"], told["next_move"]) == (None, None, "accept")
    assert [each["move"] for each in told["unmet"]] == sorted(each["move"] for each in told["unmet"])
    wanted = mission.project.run("accept", "--mode", "checklist", "--json").failed(exit_code=1).json()
    mine = [{key: each[key] for key in ("code", "what", "fix", "subject")} for each in told["unmet"]]
    assert [each for each in mine if each in wanted["unmet"]] == wanted["unmet"]
    assert "NOT_ACCEPTED" in codes(told)


def test_an_approved_work_package_goes_on_with_its_mission(mission: Mission) -> None:
    mission.force("WP03", Lane.APPROVED)
    told = why(mission, "WP03")
    assert (told["wp_id"], told["lane"], told["next_move"]) == ("WP03", "approved", "accept")
    assert told["unmet"] == why(mission)["unmet"]


def test_what_waits_for_others_is_not_to_be_claimed_yet(mission: Mission) -> None:
    fixes = {each["subject"]: each["fix"] for each in why(mission)["unmet"] if each["code"] == "WP_NOT_APPROVED"}
    assert fixes["WP01"] == f"spec-kitty agent action implement WP01 --agent NAME --mission {mission.slug}"
    assert fixes["WP02"] == f"spec-kitty why WP02 --mission {mission.slug}"


def test_step_by_step_the_answers_lead_to_a_merged_mission(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"))
    agent = Agent(mission)
    agent.submit("WP01")
    agent.approve("WP01")
    told = why(mission)
    assert (told["next_move"], codes(told)) == ("accept", ["NOT_ACCEPTED"])
    shown = project.run("why", "--mission", mission.slug).ok().out
    assert shown.splitlines()[0] == f"{mission.slug}; next: accept, nothing is missing"
    follow(mission, told, "NOT_ACCEPTED")
    told = why(mission)
    assert (told["next_move"], told["unmet"]) == ("merge", [])
    project.run(*shlex.split(told["next_step"])[1:], "--json").ok()
    told = why(mission)
    assert (told["next_move"], told["unmet"]) == (None, [])
    assert "is merged: nothing is left to do" in project.run("why", "--mission", mission.slug).ok().out


def test_people_see_headings_for_accept_and_merge(mission: Mission) -> None:
    shown = mission.project.run("why").ok().out
    assert shown.index("to be accepted:") < shown.index("to be merged:")
    assert "every requirement has a work package" in " ".join(shown[shown.index("✓") :].split())
    assert max(map(len, shown[shown.index("✓") :].splitlines()[:-1])) <= 80
    assert shown.rstrip().splitlines()[-1].startswith("  Next: spec-kitty ")


def test_an_unknown_work_package_is_refused(mission: Mission) -> None:
    mission.project.run("why", "WP77", "--json").failed("WP_NOT_FOUND", 1)


def test_asking_writes_nothing_that_anybody_sees(mission: Mission) -> None:
    mission.work("WP01", "src/wp01/a.txt")

    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in mission.project.path.rglob("*")
            if path.is_file() and "objects" not in path.parts
        }

    before = state()
    for words in ([], ["WP01"], ["WP02"], ["WP03"]):
        why(mission, *words)
    assert state() == before


@pytest.mark.parametrize("committed", [False, True])
def test_a_work_package_that_only_the_log_knows_wants_its_prompt(mission: Mission, committed: bool) -> None:
    (prompt,) = (mission.folder / "tasks").glob("WP01-*.md")
    prompt.unlink()
    if committed:
        mission.project.git.commit("tidy up")
        mission.project.git.commit("go on", more_txt="more\n")
    told = why(mission, "WP01")
    assert (told["lane"], codes(told)) == ("planned", ["PROMPT_MISSING"])
    assert told["next_step"].endswith(f"tasks/{prompt.name}")
    mission.project.git(*shlex.split(told["next_step"])[3:])
    assert codes(why(mission, "WP01")) == []
    prompt.unlink()
    mission.force("WP01", Lane.CANCELED)
    assert why(mission, "WP01")["next_move"] is None
    mission.project.run("why", "WP09", "--mission", mission.slug, "--json").failed("WP_NOT_FOUND", 1)
