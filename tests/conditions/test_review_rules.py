"""What a work package still wants before review: a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from specify_cli.conditions.review_rules import WANTS, WorkFacts, for_review
from specify_cli.status.models import Lane

GOOD = WorkFacts("WP01", "001-tea-timer", "/work/tree", "kitty/lane-a", commits=1, changed=("a.py",))


def codes(facts: WorkFacts) -> list[str]:
    return [unmet.code for unmet in for_review(facts)]


def test_committed_and_ticked_work_wants_nothing() -> None:
    assert for_review(GOOD) == []
    assert (GOOD.subtasks_complete, GOOD.has_evidence) == (True, True)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (replace(GOOD, workspace=None, commits=0), ["WORKSPACE_MISSING"]),
        (replace(GOOD, wrong_branch="main"), ["WORKTREE_WRONG_BRANCH"]),
        (replace(GOOD, dirty=("a.py",)), ["WORKTREE_DIRTY"]),
        (replace(GOOD, dirty=("a.py",), commits=0), ["WORKTREE_DIRTY"]),
        (replace(GOOD, busy="merge", dirty=("a.py",)), ["WORKTREE_BUSY"]),
        (replace(GOOD, busy="rebase", wrong_branch="x"), ["WORKTREE_BUSY"]),
        (replace(GOOD, unmerged=("a.py",), dirty=("a.py",)), ["WORKTREE_BUSY"]),
        (replace(GOOD, commits=0), ["NO_NEW_COMMIT"]),
        (replace(GOOD, unchanged_since="abc"), ["NO_NEW_COMMIT"]),
        (replace(GOOD, open_subtasks=("T001",)), ["SUBTASKS_OPEN"]),
        (replace(GOOD, lane=Lane.PLANNED, workspace=None), ["NOT_IN_PROGRESS", "WORKSPACE_MISSING"]),
        (
            replace(GOOD, wrong_branch="x", dirty=("a",), unchanged_since="abc", open_subtasks=("T001",)),
            ["WORKTREE_WRONG_BRANCH", "WORKTREE_DIRTY", "NO_NEW_COMMIT", "SUBTASKS_OPEN"],
        ),
    ],
)
def test_each_thing_that_is_missing_is_named(facts: WorkFacts, wanted: list[str]) -> None:
    assert codes(facts) == wanted
    assert not (facts.has_evidence and facts.subtasks_complete)


@pytest.mark.parametrize(
    ("lane", "fix"),
    [
        (Lane.CLAIMED, "spec-kitty agent action implement WP01 --agent NAME"),
        (Lane.BLOCKED, "spec-kitty why WP01"),
        (Lane.FOR_REVIEW, "spec-kitty agent action review WP01 --agent NAME"),
        (Lane.DONE, "spec-kitty agent tasks move-task WP01 --to for_review"),
    ],
)
def test_only_work_in_progress_goes_to_review(lane: Lane, fix: str) -> None:
    first, second = for_review(replace(GOOD, lane=lane, commits=0))
    assert (first.code, second.code) == ("NOT_IN_PROGRESS", "NO_NEW_COMMIT")
    assert first.what == f"WP01 is {lane}, not in progress"
    assert first.fix == f"{fix} --mission 001-tea-timer" + (" --force --note TEXT" if lane is Lane.DONE else "")


def test_every_condition_names_its_file_and_a_command() -> None:
    many = tuple(f"f{number}.py" for number in range(9))
    facts = replace(GOOD, workspace="/work/my tree", wrong_branch="x", dirty=many, open_subtasks=("T001", "T002"))
    branch, dirty, ticks = for_review(facts)
    assert branch.fix == "git -C '/work/my tree' switch kitty/lane-a"
    assert dirty.what == "uncommitted in /work/my tree: f0.py, f1.py, f2.py, f3.py, f4.py, f5.py and 3 more"
    assert str(dirty.fix).startswith(
        "spec-kitty agent tasks move-task WP01 --to for_review --mission 001-tea-timer --commit"
    )
    assert ticks.fix == "spec-kitty agent tasks mark-status T001 T002 --status done --mission 001-tea-timer"
    assert ticks.to_dict() == {"code": "SUBTASKS_OPEN", "what": ticks.what, "fix": ticks.fix, "subject": "WP01"}


def test_ticks_where_nobody_reads_them_are_told() -> None:
    (unmet,) = for_review(replace(GOOD, open_subtasks=("T001", "T002"), ticked_in_copy=("T002",)))
    assert "not ticked: T001, T002 (T002 ticked only in the worktree's copy of tasks.md" in unmet.what


def test_work_that_was_not_begun_cannot_be_handed_over() -> None:
    assert codes(replace(GOOD, lane=Lane.CLAIMED)) == ["NOT_IN_PROGRESS"]


def test_the_table_of_conditions_names_them_all() -> None:
    worst = replace(GOOD, lane=Lane.CLAIMED, wrong_branch="x", dirty=("a",), unchanged_since="b", open_subtasks=("T1",))
    others = (replace(GOOD, workspace=None), replace(GOOD, busy="merge"), replace(GOOD, changed=()))
    assert {*codes(worst), *(code for facts in others for code in codes(facts))} == set(WANTS)


@pytest.mark.parametrize(
    ("facts", "undecided"),
    [
        (GOOD, set()),
        (replace(GOOD, dirty=("a",), commits=0), {"NO_NEW_COMMIT", "NO_CHANGES"}),
        (replace(GOOD, commits=0), {"NO_CHANGES"}),
        (
            replace(GOOD, workspace=None),
            {"WORKTREE_WRONG_BRANCH", "WORKTREE_BUSY", "WORKTREE_DIRTY", "NO_NEW_COMMIT", "NO_CHANGES"},
        ),
    ],
)
def test_what_nobody_can_say_yet_is_undecided(facts: WorkFacts, undecided: set[str]) -> None:
    assert facts.undecided == undecided
