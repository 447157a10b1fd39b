"""Moves through the contract: who may make which, what they want, what is recorded of them."""

from __future__ import annotations

import json
from dataclasses import replace

from specify_cli.status.models import Lane
from specify_cli.workspaces.leases import read_lease
from tests.support.orchestrator import APPROVED, POLICY, Api, envelope, evidence, failed, ok, orchestrated
from tests.support.project import Project, Task

FLAGS = ("--subtasks-complete", "--implementation-evidence-present")
RESULT = ("--review-result-json", json.dumps(APPROVED))
REJECTED = ("--review-result-json", json.dumps({**APPROVED, "verdict": "changes_requested"}))


def silent(api: Api) -> Api:
    return replace(api, policy=None)


def test_the_way_of_a_work_package_with_its_records(project: Project) -> None:
    api = orchestrated(project)
    for to, words in [
        ("claimed", ()),
        ("doing", ()),
        ("for_review", ("--note", "there", *FLAGS)),
        ("IN_REVIEW ", ("--review-ref", "R-7")),
        ("approved", (*RESULT, *evidence())),
        ("done", evidence()),
    ]:
        if to == "for_review":
            api.start("WP01", a_py="x\n")
        told = ok(api.move("WP01", to, *words))
        assert told["policy_metadata_recorded"] is True
        assert told["to_lane"] == {"doing": "in_progress"}.get(to, to.strip().lower())
    events = [event for event in api.mission.status.events if not event.is_bootstrap]
    assert [event.to_lane for event in events][-1] is Lane.DONE
    assert all(event.policy_metadata == POLICY for event in events)
    assert {(event.actor, event.session, event.force) for event in events} == {("orch", None, False)}
    assert next(event.review_ref for event in events if event.to_lane is Lane.IN_REVIEW) == "R-7"
    assert project.git.status() == ""


def test_a_move_that_affects_a_run_wants_a_policy_before_anything_else(project: Project) -> None:
    api = silent(orchestrated(project))
    for to in ("claimed", "in_progress", "for_review", "in_review", "approved"):
        told = failed(api.move("WP99", to, "--evidence-json", "{"), "POLICY_METADATA_REQUIRED")
        assert f"'{to}'" in told["message"]


def test_the_other_moves_may_go_without_and_a_given_one_is_checked(project: Project) -> None:
    api = orchestrated(project)
    for to in ("planned", "blocked", "canceled", "done"):
        failed(replace(api, policy="{}").move("WP01", to), "POLICY_VALIDATION_FAILED")
        told = ok(silent(api).move("WP01", to, "--force", "--note", "why"))
        assert told["policy_metadata_recorded"] is False


def test_the_order_of_the_checks(project: Project) -> None:
    api = orchestrated(project)
    broken = ("--evidence-json", "[")
    failed(replace(api, policy="[]").move("WP99", "approved", *broken), "POLICY_VALIDATION_FAILED")
    failed(api.move("WP99", "approved", *broken), "USAGE_ERROR")
    nowhere = api.call("transition", "--mission", "nope", "--wp", "WP99", "--to", "bogus", "--actor", "a")
    failed(nowhere, "MISSION_NOT_FOUND")
    failed(api.move("WP99", "bogus"), "WP_NOT_FOUND")
    told = failed(api.move("WP01", "bogus"), "TRANSITION_REJECTED")
    assert "bogus" in told["message"]


REFUSED: list[tuple[Lane, str, tuple[str, ...]]] = [
    (Lane.PLANNED, "for_review", ()),
    (Lane.PLANNED, "done", evidence()),
    (Lane.IN_PROGRESS, "in_progress", ()),
    (Lane.IN_PROGRESS, "planned", ()),
    (Lane.IN_PROGRESS, "approved", ()),
    (Lane.IN_PROGRESS, "approved", ("--evidence-json", '{"review": {}}')),
    (Lane.IN_PROGRESS, "done", evidence()),
    (Lane.FOR_REVIEW, "for_review", FLAGS),
    (Lane.FOR_REVIEW, "done", ("--note", "n", "--review-ref", "R")),
    (Lane.FOR_REVIEW, "in_progress", ()),
    (Lane.IN_REVIEW, "approved", ()),
    (Lane.IN_REVIEW, "done", ("--review-ref", "R")),
    (Lane.APPROVED, "done", ()),
    (Lane.APPROVED, "in_progress", ()),
    (Lane.DONE, "planned", ()),
    (Lane.CANCELED, "planned", ()),
    (Lane.IN_REVIEW, "done", ("--force",)),
    (Lane.DONE, "planned", ("--force", "--note", " ")),
]
MADE: list[tuple[Lane, str, tuple[str, ...]]] = [
    (Lane.IN_PROGRESS, "planned", ("--note", "why")),
    (Lane.IN_REVIEW, "in_progress", REJECTED),
    (Lane.IN_REVIEW, "planned", ("--review-ref", "feedback-1")),
    (Lane.IN_REVIEW, "done", ("--force", "--note", "n", "--review-ref", "R")),
    (Lane.IN_REVIEW, "for_review", ("--force", "--note", "left by a run that died")),
    (Lane.APPROVED, "in_progress", ("--review-ref", "feedback-1")),
    (Lane.BLOCKED, "in_progress", ()),
    (Lane.BLOCKED, "canceled", ()),
    (Lane.CANCELED, "planned", ("--force", "--note", "after all")),
    (Lane.DONE, "done", ("--force", "--note", "again")),
]


def test_moves_that_the_table_does_not_have_or_that_lack_something(project: Project) -> None:
    api = orchestrated(project)
    for lane, to, words in REFUSED:
        api.mission.force("WP01", lane, actor="orch")
        before = len(api.mission.status.events)
        failed(api.move("WP01", to, *words), "TRANSITION_REJECTED")
        assert (api.mission.lane("WP01"), len(api.mission.status.events)) == (lane, before)


def test_moves_that_have_all_they_want(project: Project) -> None:
    api = orchestrated(project)
    for lane, to, words in MADE:
        api.mission.force("WP01", lane, actor="orch")
        told = ok(api.move("WP01", to, *words))
        assert (told["from_lane"], told["to_lane"]) == (lane, to)


def test_an_approval_is_made_by_a_review_result_or_by_evidence(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"))
    for wp, words in (("WP01", RESULT), ("WP02", evidence())):
        api.bring(wp, "in_review")
        assert ok(api.move(wp, "approved", *words))["to_lane"] == "approved"


def test_an_approval_from_in_progress_wants_what_a_hand_over_wants(project: Project) -> None:
    api = orchestrated(project, Task("WP01", subtasks=("T001",)))
    tree = api.start("WP01", a_py="x\n")
    told = failed(api.move("WP01", "approved", *evidence()), "TRANSITION_REJECTED")
    assert told["reason"] == "SUBTASKS_OPEN"
    project.run("agent", "tasks", "mark-status", "T001", "--status", "done", cwd=tree.path).ok()
    told = ok(api.move("WP01", "approved", *evidence()))
    assert (told["from_lane"], told["to_lane"]) == ("in_progress", "approved")


# -- to review -----------------------------------------------------------------------------------------------------


def test_without_guard_flags_boxes_and_commits_tell(project: Project) -> None:
    api = orchestrated(project, Task("WP01", subtasks=("T001", "T002")))
    tree = api.start("WP01")
    told = failed(api.move("WP01", "for_review"), "TRANSITION_REJECTED")
    assert {each["code"] for each in told["unmet"]} == {"NO_NEW_COMMIT", "SUBTASKS_OPEN"}
    tree.commit("work", a_py="x\n")
    tree.write("src/wp01/left.py", "y\n")
    project.run("agent", "tasks", "mark-status", "T001", "T002", "--status", "done", cwd=tree.path).ok()
    told = failed(api.move("WP01", "for_review"), "TRANSITION_REJECTED")
    assert [each["code"] for each in told["unmet"]] == ["WORKTREE_DIRTY"]
    tree.commit("the rest")
    ok(api.move("WP01", "for_review"))
    event = api.mission.status.events[-1]
    assert event.workspace is not None
    assert event.workspace["head"] == tree.head()
    assert read_lease(api.mission.place, "WP01") is None


def test_a_word_counts_in_place_of_what_could_be_looked_up_and_ticks_are_kept(project: Project) -> None:
    api = orchestrated(project, Task("WP01", subtasks=("T001",)))
    api.start("WP01", a_py="x\n")
    for flag in ("--no-subtasks-complete", "--no-implementation-evidence-present"):
        told = failed(api.move("WP01", "for_review", FLAGS[0], flag), "TRANSITION_REJECTED")
        assert len(told["unmet"]) == 1
    ok(api.move("WP01", "for_review", FLAGS[0]))
    ticked = [event for event in api.mission.status.mission_events if event.type == "subtask"]
    assert [(event.data["subtask"], event.data["done"], event.actor) for event in ticked] == [("T001", True, "orch")]


def test_a_word_stands_for_a_commit_and_not_for_what_is_in_it(project: Project) -> None:
    api = orchestrated(project, Task("WP01", subtasks=("T001",)))
    tree = api.start("WP01")
    told = failed(api.move("WP01", "for_review", *FLAGS), "TRANSITION_REJECTED")
    assert told["reason"] == "NO_CHANGES"
    tree.write("left.py", "y\n")
    assert failed(api.move("WP01", "for_review", *FLAGS), "TRANSITION_REJECTED")["reason"] == "NO_CHANGES"
    tree.commit("work", a_py="x\n")
    tree.write("more.py", "y\n")
    ok(api.move("WP01", "for_review", *FLAGS))
    assert api.mission.status.events[-1].force is False


def test_force_with_a_note_hands_over_whatever_is_unmet(project: Project) -> None:
    api = orchestrated(project, Task("WP01", subtasks=("T001",)))
    api.start("WP01")
    failed(api.move("WP01", "for_review", "--force"), "TRANSITION_REJECTED")
    ok(api.move("WP01", "for_review", "--force", "--note", "the boxes are wrong"))
    event = api.mission.status.events[-1]
    assert (event.force, event.reason) == (True, "the boxes are wrong")


def test_only_who_works_on_it_hands_it_over(project: Project) -> None:
    api = orchestrated(project)
    api.start("WP01", a_py="x\n")
    told = failed(api.named("other").move("WP01", "for_review"), "WP_ALREADY_CLAIMED")
    assert told["claimed_by"] == "orch"


def test_only_who_reviews_gives_the_verdict(project: Project) -> None:
    api = orchestrated(project)
    api.bring("WP01", "in_review")
    for to, words in (("approved", RESULT), ("in_progress", REJECTED), ("done", RESULT)):
        failed(api.named("other").move("WP01", to, *words), "WP_ALREADY_CLAIMED")
    ok(api.named("boss").move("WP01", "blocked", *REJECTED))


# -- notes ---------------------------------------------------------------------------------------------------------


def test_a_note_is_an_event_and_changes_no_file(project: Project) -> None:
    api = orchestrated(project)
    before = project.git.head()
    note = "@not-a-file\n  second line [bold]"
    told = [ok(api.act("append-history", "WP01", "--note", note)) for _ in range(2)]
    ids = [one["history_entry_id"] for one in told]
    assert len(set(ids)) == 2
    notes = [event for event in api.mission.status.mission_events if event.type == "note"]
    assert [(event.data["text"], event.actor, event.wp_id) for event in notes] == [(note, "orch", "WP01")] * 2
    assert (project.git.head(), project.git.status()) == (before, "")
    assert all(len(one) == 37 and int(one.removeprefix("hist-"), 16) for one in ids)


def test_nobody_is_no_actor(project: Project) -> None:
    api = orchestrated(project).named(" ")
    for result in (
        api.act("start-implementation", "WP01"),
        api.act("start-review", "WP01"),
        api.move("WP01", "claimed"),
        api.act("append-history", "WP01", "--note", "x"),
        api.ask("accept-mission", "--actor", " "),
    ):
        failed(result, "TRANSITION_REJECTED")
        assert envelope(result)["data"]["mission_slug"] == api.mission.slug
