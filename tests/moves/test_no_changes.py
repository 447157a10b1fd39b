"""Work that was not done is not approved: by no door, with evidence or without, and not by an empty commit."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from specify_cli.kernel.text import folded_name
from specify_cli.status.approvals import review_record
from specify_cli.status.models import Lane
from tests.moves.doors import DOORS, Door, emit, move_task, orchestrator, reasons
from tests.support.git import Repo
from tests.support.loop import later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
NAMES = ("claude", "Claude", " claude ", "CLAUDE", "claude\u200b", "ｃｌａｕｄｅ", "user:claude", "clau\u00adde")
WORDS = ("--subtasks-complete", "--implementation-evidence-present")


def empty_commit(repo: Repo, mission: Mission) -> None:
    repo("commit", "-q", "--allow-empty", "-m", "nothing")


def a_commit_and_its_revert(repo: Repo, mission: Mission) -> None:
    repo.commit("something", src__a_py="a = 1\n")
    repo("revert", "--no-edit", "HEAD")


def the_copy_of_the_mission(repo: Repo, mission: Mission) -> None:
    repo.write(f"kitty-specs/{mission.slug}/spec.md", "another spec\n")
    repo.commit("the copy")


def the_work_of_others(repo: Repo, mission: Mission) -> None:
    mission.project.git.commit("meanwhile", src__b_py="b = 1\n")
    repo("merge", "-q", "--ff-only", "main")
    repo("commit", "-q", "--allow-empty", "-m", "mine")
    mission.project.git.commit("and more", src__c_py="c = 1\n")
    repo("merge", "-q", "--no-edit", "main")


HOLLOW: list[Callable[[Repo, Mission], None]] = [
    empty_commit,
    a_commit_and_its_revert,
    the_copy_of_the_mission,
    the_work_of_others,
]


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(project)


def begun(mission: Mission) -> Repo:
    """WP01 is claude's, with its worktree."""
    return Repo(mission.claim("WP01").workspace.path)


def test_a_work_package_without_a_commit_reaches_neither_approved_nor_merged(
    project: Project, mission: Mission
) -> None:
    """As a careless agent did it: claimed by one, approved by another, nothing in between."""
    begun(mission)
    told = reasons(move_task(mission, "approved", "codex", note="ok"))
    assert {"WP_ALREADY_CLAIMED", "NO_CHANGES"} <= told
    assert reasons(move_task(mission, "for_review", "claude", note="done")) == {"TRANSITION_REJECTED", "NO_NEW_COMMIT"}
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    project.run("accept", "--mission", mission.slug, "--json").failed("NOT_ACCEPTABLE")


@every_door
@pytest.mark.parametrize("hollow", HOLLOW)
def test_commits_without_content_are_not_handed_over(
    mission: Mission, door: Door, hollow: Callable[[Repo, Mission], None]
) -> None:
    hollow(begun(mission), mission)
    assert "NO_CHANGES" in reasons(door(mission, "for_review", "claude", note="done"))
    if door is not move_task:
        assert "NO_CHANGES" in reasons(door(mission, "for_review", "claude", *WORDS, note="done"))
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_a_lane_that_only_moved_on_to_the_target_holds_no_work(mission: Mission) -> None:
    repo = begun(mission)
    mission.project.git.commit("meanwhile", src__b_py="b = 1\n")
    repo("merge", "-q", "--ff-only", "main")
    assert "NO_CHANGES" in reasons(move_task(mission, "for_review", "claude"))
    move_task(mission, "for_review", "claude", "--no-change", "somebody else did it").ok()


def test_work_that_a_host_has_merged_already_is_handed_over_and_approved(mission: Mission) -> None:
    repo = mission.work("WP01", "src/wp01/a.py")
    mission.project.git("merge", "-q", "--no-ff", "--no-edit", repo("branch", "--show-current"))
    move_task(mission, "for_review", "claude").ok()
    move_task(mission, "in_review", "codex").ok()
    move_task(mission, "approved", "codex").ok()


@every_door
def test_what_was_handed_over_by_force_and_is_empty_is_not_approved(mission: Mission, door: Door) -> None:
    empty_commit(begun(mission), mission)
    move_task(mission, "for_review", "claude", "--force", note="trust me").ok()
    door(mission, "in_review", "codex").ok()
    assert "NO_CHANGES" in reasons(door(mission, "approved", "codex"))
    door(mission, "approved", "codex", "--force", note="a person says so").ok()
    assert mission.status.events[-1].force


@every_door
def test_a_life_in_the_log_alone_is_no_work(mission: Mission, door: Door) -> None:
    """Claimed, begun and in review by words, without a worktree ever."""
    mission.walk("WP01", Lane.IN_REVIEW)
    assert "NO_CHANGES" in reasons(door(mission, "approved", "claude"))


def test_planning_work_is_its_own_files(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    mission.claim("WP01")
    project.git.commit("not this package's", src__a_py="a = 1\n")
    assert "NO_NEW_COMMIT" in reasons(move_task(mission, "for_review", "claude"))
    assert "NO_CHANGES" in reasons(emit(mission, "for_review", "claude", *WORDS))


# -- handed over without a change ----------------------------------------------------------------------------------


def without_change(door: Door, mission: Mission) -> None:
    door(mission, "for_review", "claude", "--no-change", "the option exists already").ok()


@every_door
def test_work_without_a_change_is_handed_over_as_that_and_approved_by_another(mission: Mission, door: Door) -> None:
    begun(mission)
    without_change(door, mission)
    event = mission.status.events[-1]
    assert (event.no_change, event.force) == ("the option exists already", False)
    assert review_record(mission.status.events, "WP01").no_change == "the option exists already"
    for own in ("claude", "Claude ", "claude\u200b"):
        assert "SELF_REVIEW" in reasons(move_task(mission, "approved", own))
    door(mission, "in_review", "codex").ok()
    door(mission, "approved", "codex").ok()
    assert mission.lane("WP01") is Lane.APPROVED


def test_a_review_of_no_change_is_only_taken_by_somebody_who_may_give_the_verdict(mission: Mission) -> None:
    """Else whoever took it could neither approve it nor get anything else to do."""
    begun(mission)
    without_change(move_task, mission)
    other = ("--agent", "claude", "--session", "other")
    run = mission.project.run
    run("agent", "action", "review", "WP01", *other, "--json").failed("SELF_REVIEW", 1)
    waits = run("next", *other, "--json").failed().json()
    assert (waits["wp_id"], waits["kind"]) == (None, "blocked")
    assert "anybody may but claude" in run("why", "WP01").out
    assert run("next", "--agent", "codex", "--json").ok().json()["action"] == "review"


@every_door
def test_that_nothing_changes_is_refused_where_something_does(mission: Mission, door: Door) -> None:
    mission.work("WP01", "src/wp01/a.py")
    for force in ((), ("--force",)):
        told = reasons(door(mission, "for_review", "claude", "--no-change", "nothing to do", *force, note="so"))
        assert "CHANGES_THERE" in told
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_uncommitted_work_is_named_first(mission: Mission) -> None:
    begun(mission).write("src/wp01/a.py", "a = 1\n")
    assert "WORKTREE_DIRTY" in reasons(move_task(mission, "for_review", "claude", "--no-change", "nothing to do"))


@pytest.mark.parametrize(("to", "why"), [("approved", "x"), ("for_review", " ")])
def test_it_is_said_at_the_hand_over_and_in_words(mission: Mission, to: str, why: str) -> None:
    begun(mission)
    move_task(mission, to, "claude", "--no-change", why).failed("USAGE_ERROR", 2)


def test_the_loop_takes_it_too_and_shows_it_to_the_reviewer_and_in_status(project: Project, mission: Mission) -> None:
    at = ("--mission", mission.slug, "--json")
    project.run("next", "--agent", "claude", *at).ok()
    report = ("next", "--agent", "claude", "--result", "success")
    assert "changes nothing" in str(project.run(*report, *at).json()["guard_failures"]) or (
        "no commit" in str(project.run(*report, *at).json()["guard_failures"])
    )
    project.run(*report, "--no-change", "it is there: src/old.py", "--no-next", *at).ok()
    step = project.run("next", "--agent", "codex", *at).ok().json()
    assert (step["action"], step["wp_id"]) == ("review", "WP01")
    assert "it is there: src/old.py" in Path(step["prompt_file"]).read_text(encoding="utf-8")
    board = project.run("status", *at).ok().json()["work_packages"]
    assert [each["no_change"] for each in board] == ["it is there: src/old.py"]


def test_a_hand_over_after_it_with_a_change_takes_it_back(mission: Mission, tmp_path: Path) -> None:
    repo = begun(mission)
    without_change(move_task, mission)
    (tmp_path / "why.md").write_text("It is not there.\n", encoding="utf-8")
    move_task(mission, "planned", "codex", "--review-feedback-file", str(tmp_path / "why.md")).ok()
    assert review_record(mission.status.events, "WP01").no_change is None
    mission.claim("WP01")
    repo.commit("there", src__a_py="a = 1\n")
    move_task(mission, "for_review", "claude").ok()
    assert review_record(mission.status.events, "WP01").no_change is None


@pytest.mark.parametrize("name", NAMES)
def test_these_are_one_name(name: str) -> None:
    assert folded_name(name) == "claude"


def test_these_are_two() -> None:
    assert len({folded_name(name) for name in ("claude", "claude-2", "codex", "Ada Lovelace", "Ada", "čada")}) == 6


def test_blanks_and_dashes_in_a_name_are_one() -> None:
    assert folded_name("Ada  Lovelace") == folded_name("ada_lovelace") == folded_name("ada-lovelace")


# -- what a reviewer was shown -------------------------------------------------------------------------------------


@pytest.fixture
def in_review(mission: Mission) -> Mission:
    """WP01 was done by claude and is in review by codex."""
    mission.work("WP01", "src/wp01/a.py")
    move_task(mission, "for_review", "claude").ok()
    move_task(mission, "in_review", "codex").ok()
    return mission


def worktree(mission: Mission) -> Repo:
    return Repo(mission.project.path / ".worktrees" / f"{mission.slug}-lane-a")


@every_door
def test_a_commit_made_during_the_review_makes_it_outdated_until_it_is_taken_again(
    in_review: Mission, door: Door
) -> None:
    head = worktree(in_review).commit("one more thing", src__b_py="b = 1\n")
    refused = door(in_review, "approved", "codex")
    assert "REVIEW_OUTDATED" in reasons(refused)
    hint = str(refused.json().get("hint") or refused.json()["data"]["hint"])
    done = in_review.project.run(*shlex.split(hint)[1:])
    assert (done.code, in_review.lane("WP01")) == (0, Lane.IN_REVIEW), str(done)
    door(in_review, "approved", "codex").ok()
    event = in_review.status.events[-1]
    assert event.workspace is not None
    assert event.workspace["head"] == head


def test_a_commit_between_hand_over_and_a_verdict_in_one_go_is_seen(mission: Mission) -> None:
    mission.work("WP01", "src/wp01/a.py")
    move_task(mission, "for_review", "claude").ok()
    worktree(mission).commit("late", src__b_py="b = 1\n")
    assert "REVIEW_OUTDATED" in reasons(move_task(mission, "approved", "codex"))


@every_door
def test_uncommitted_files_are_in_no_review(in_review: Mission, door: Door) -> None:
    worktree(in_review).write("src/wp01/late.py", "late = 1\n")
    refused = door(in_review, "approved", "codex")
    assert "WORKTREE_DIRTY" in reasons(refused)
    told = refused.json()
    unmet = (told.get("details") or told["data"])["unmet"]
    fix = next(each["fix"] for each in unmet if each["code"] == "WORKTREE_DIRTY")
    subprocess.run(["/bin/sh", "-c", fix], check=True, capture_output=True)
    door(in_review, "approved", "codex").ok()


def test_a_file_that_a_reviewers_tests_left_is_nobodys_work(in_review: Mission) -> None:
    worktree(in_review).write("report.xml", "<x/>\n")
    move_task(in_review, "approved", "codex").ok()


def test_planning_files_edited_during_the_review_make_it_outdated(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    mission.claim("WP01")
    project.git.write("docs/guide.md", "guide\n")
    project.git.commit("the guide")
    move_task(mission, "for_review", "claude").ok()
    move_task(mission, "in_review", "codex").ok()
    project.git.commit("of somebody else", src__a_py="a = 1\n")
    project.git.write("docs/guide.md", "another guide\n")
    assert "WORKTREE_DIRTY" in reasons(move_task(mission, "approved", "codex"))
    project.git.commit("the guide again")
    assert "REVIEW_OUTDATED" in reasons(move_task(mission, "approved", "codex"))
    project.git("revert", "--no-edit", "HEAD")
    move_task(mission, "approved", "codex").ok()


def test_without_a_recorded_head_an_approval_names_what_was_reviewed(mission: Mission) -> None:
    repo = mission.work("WP01", "src/wp01/a.py")
    mission.force("WP01", Lane.FOR_REVIEW)
    assert "REVIEW_EVIDENCE_MISSING" in reasons(move_task(mission, "approved", "codex"))
    move_task(mission, "approved", "codex", "--approval-ref", "PR-7").ok()
    event = mission.status.events[-1]
    assert event.review_ref == "PR-7"
    assert (event.workspace or {}).get("head") != repo.head()


def test_an_approval_in_one_go_records_what_was_there(mission: Mission) -> None:
    repo = mission.work("WP01", "src/wp01/a.py")
    move_task(mission, "approved", "claude").ok()
    event = mission.status.events[-1]
    assert (event.from_lane, event.self_review, event.review_ref) == (Lane.IN_PROGRESS, True, repo.head())
    assert event.workspace is not None
    assert event.workspace["head"] == repo.head()


# -- another than who did the work ---------------------------------------------------------------------------------


def reviewed_by_others(project: Project) -> None:
    config = project.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("review: {by: any,", "review: {by: other,")
    assert "by: other," in text
    config.write_text(text, encoding="utf-8")
    project.git.commit("strict")


@pytest.fixture
def strict(project: Project) -> Mission:
    """A project whose reviews are made by another; WP01 was done by claude."""
    reviewed_by_others(project)
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    move_task(mission, "for_review", "claude").ok()
    return mission


@every_door
@pytest.mark.parametrize("name", ["claude", "Claude", "claude ", "claude\u200b", "user:Claude"])
def test_another_spelling_is_not_another_reviewer(strict: Mission, door: Door, name: str) -> None:
    assert "SELF_REVIEW" in reasons(door(strict, "in_review", name))


def test_a_reviewer_who_is_only_named_is_asked_about_too(strict: Mission) -> None:
    move_task(strict, "in_review", "codex").ok()
    assert "SELF_REVIEW" in reasons(move_task(strict, "approved", "codex", "--reviewer", "Claude"))
    own = json.dumps({"review": {"reviewer": "claude", "verdict": "approved", "reference": "R"}})
    told = strict.project.run(
        "agent", "status", "emit", "WP01", "--to", "approved", "--actor", "codex", "--mission", strict.slug,
        "--evidence-json", own, "--json",
    )  # fmt: skip
    assert "SELF_REVIEW" in reasons(told)


def test_sessions_tell_two_apart_only_where_the_programs_named_them(
    project: Project, strict: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "SELF_REVIEW" in reasons(move_task(strict, "in_review", "claude", "--session", "other"))
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-2")
    # The work was done by a session without an id of its program's.
    assert "SELF_REVIEW" in reasons(move_task(strict, "in_review", "claude"))


def test_two_sessions_of_one_program_review_each_other(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewed_by_others(project)
    mission = finalized_mission(project)
    at = ("--mission", mission.slug, "--agent", "claude", "--json")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-1")
    folder = project.run("agent", "action", "implement", "WP01", *at).ok().json()["workspace_path"]
    Repo(Path(folder)).commit("work", src__a_py="a = 1\n")
    move_task(mission, "for_review", "claude").ok()
    assert mission.status.events[-1].session_source == "agent"
    assert "SELF_REVIEW" in reasons(move_task(mission, "in_review", "claude"))
    assert "SELF_REVIEW" in reasons(move_task(mission, "in_review", "claude", "--session", "c-2"))
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-2")
    move_task(mission, "in_review", "claude").ok()
    move_task(mission, "approved", "claude").ok()


def test_a_session_that_took_over_under_an_id_it_was_given_is_nobody_certain(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed_by_others(project)
    mission = finalized_mission(project)
    at = ("agent", "action", "implement", "WP01", "--mission", mission.slug, "--agent", "claude", "--json")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-1")
    folder = project.run(*at).ok().json()["workspace_path"]
    Repo(Path(folder)).commit("work", src__a_py="a = 1\n")
    with later(20):
        project.run(*at, "--session", "c-2").ok()
        taken = [each.data for each in mission.status.mission_events if each.type == "lease_taken_over"]
        assert [each["session_source"] for each in taken] == ["given"]
        monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-2")
        move_task(mission, "for_review", "claude").ok()
        monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-3")
        assert "SELF_REVIEW" in reasons(move_task(mission, "in_review", "claude"))


def test_an_orchestrators_actor_is_one_name_where_another_has_to_review(strict: Mission) -> None:
    assert "SELF_REVIEW" in reasons(orchestrator(strict, "in_review", "claude"))
    orchestrator(strict, "in_review", "reviewer").ok()
