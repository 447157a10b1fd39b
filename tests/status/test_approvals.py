"""Which head was handed over, shown and approved, and which approvals count."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from specify_cli.status.approvals import Doubt, ReviewRecord, review_records
from specify_cli.status.models import StatusEvent
from tests.support.status import REVIEW, minute, moved, ulid

A, B, BASE = ("a" * 40, "b" * 40, "c" * 40)
WAY = ("planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done")


def events(
    *lanes: str, heads: dict[str, str] | None = None, forced: str = "", ref: str | None = None
) -> list[StatusEvent]:
    """Moves of WP01 through some lanes.

    Args:
        heads: lane -> the head that is recorded on the way there.
        forced: the lane to which it is moved by force.
        ref: the review reference then.
    """
    found = []
    for number, (source, target) in enumerate(pairwise(lanes)):
        head = (heads or {}).get(target)
        more: dict[str, Any] = {"workspace": {"lane_id": "lane-a", "branch": "b", "base": BASE, "head": head}}
        if target == "approved" and target != forced:
            more["evidence"] = {"review": REVIEW, "repos": [], "verification": []}
        if target == forced:
            more |= {"force": True, "review_ref": ref, "reason": "a test"}
        found.append(moved(source, target, at=minute(number), event_id=ulid(number), **more))
    return found


def record(*lanes: str, by_other: bool = False, **more: Any) -> ReviewRecord:
    return review_records(events(*lanes, **more), by_other=by_other)["WP01"]


def test_the_head_that_was_handed_over_and_approved_is_covered() -> None:
    found = record(*WAY[:6], heads={"for_review": A})
    assert (found.base, found.covers, found.is_open) == (BASE, A, False)
    assert found.approval is not None
    assert (found.approval.by, found.approval.forced) == ("ada", False)


def test_what_was_shown_counts_where_it_is_another_head_than_the_one_handed_over() -> None:
    assert record(*WAY[:6], heads={"for_review": A, "in_review": B}).covers == B
    found = record(*WAY[:6], heads={"for_review": A, "in_review": A, "approved": B})
    assert (found.covers, found.approval and found.approval.doubt) == (None, Doubt.OTHER_HEAD)


def test_an_approval_without_a_recorded_head_covers_nothing() -> None:
    found = record(*WAY[:6])
    assert (found.covers, found.approval and found.approval.doubt) == (None, Doubt.NO_HEAD)


def test_work_that_was_taken_up_again_has_to_be_handed_over_again() -> None:
    found = record(*WAY[:5], "in_progress", "for_review", "approved", heads={"in_review": A})
    assert (found.covers, found.handed) == (None, None)


def test_approved_from_progress_covers_the_head_recorded_with_the_approval() -> None:
    assert record(*WAY[:3], "approved", heads={"approved": A}).covers == A


def test_a_merge_keeps_the_approval() -> None:
    assert record(*WAY, heads={"for_review": A}).covers == A


@pytest.mark.parametrize("after", [("for_review",), ("in_progress",), ("planned",), ("blocked",), ("canceled",)])
def test_what_comes_after_an_approval_takes_it_back(after: tuple[str, ...]) -> None:
    found = record(*WAY[:6], *after, heads={"for_review": A}, forced=after[0])
    assert (found.covers, found.approved_before) == (None, A)


def test_a_dispute_that_is_settled_leaves_the_approval() -> None:
    assert record(*WAY[:6], "approved", heads={"for_review": A}).covers == A


@pytest.mark.parametrize(
    ("ref", "by_other", "doubt"),
    [
        (None, False, Doubt.NO_REFERENCE),
        (A, False, Doubt.NO_REFERENCE),
        ("forced by ada", False, Doubt.NO_REFERENCE),
        ("REF-1", False, None),
        ("REF-1", True, Doubt.FORCED),
    ],
)
def test_force_covers_what_was_handed_over_only_with_a_reference(
    ref: str | None, by_other: bool, doubt: Doubt | None
) -> None:
    found = record(*WAY[:4], "approved", heads={"for_review": A}, forced="approved", ref=ref, by_other=by_other)
    assert found.approval is not None
    assert (found.approval.forced, found.approval.doubt) == (True, doubt)
    assert found.covers == (None if doubt else A)


def test_force_covers_nothing_that_was_never_handed_over() -> None:
    found = record(*WAY[:3], "approved", heads={"approved": A}, forced="approved", ref="REF-1")
    assert (found.covers, found.approval and found.approval.doubt) == (None, Doubt.NO_HEAD)


def test_a_move_that_lost_counts_for_nothing() -> None:
    told = events(*WAY[:5], heads={"for_review": A})
    late = moved(
        "in_progress", "approved", at=minute(9), event_id=ulid(9), prev=told[-2].event_id, evidence={"review": REVIEW}
    )
    assert review_records([*told, late])["WP01"].approval is None
