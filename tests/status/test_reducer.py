from __future__ import annotations

import json
import random
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused
from specify_cli.status.course import courses
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot
from specify_cli.status.reducer import Fold, in_order, materialize_to_json, reduce
from specify_cli.status.transitions import MATRIX
from tests.support.status import chain, minute, moved, ulid


def lane(events: list[StatusEvent], wp_id: str = "WP01") -> str:
    return reduce(events).lane_of(wp_id).value


def test_no_event_no_work_package() -> None:
    empty = reduce([])
    assert empty == StatusSnapshot("", "", 0, None, {}, dict.fromkeys(Lane, 0))
    assert empty.lane_of("WP01") is Lane.PLANNED


def test_the_fold_tells_lane_actor_and_time() -> None:
    events = chain("planned", "claimed", "in_progress", "for_review")
    snapshot = reduce(events)
    state = snapshot.work_packages["WP01"]
    assert state["lane"] == "for_review"
    assert state["last_event_id"] == events[-1].event_id == snapshot.last_event_id
    assert state["last_transition_at"] == events[-1].at == snapshot.materialized_at
    assert snapshot.event_count == 3
    assert snapshot.summary["for_review"] == 1
    assert sum(snapshot.summary.values()) == 1
    assert list(snapshot.summary) == [each.value for each in Lane]


def test_file_order_and_identical_duplicates_do_not_matter() -> None:
    events = chain("planned", "claimed", "in_progress", "for_review", "in_review")
    for order in permutations(events):
        assert reduce([*order, *order]) == reduce(events)


def test_one_id_with_two_contents_is_an_error() -> None:
    first, *_ = chain("planned", "claimed")
    other = StatusEvent.from_dict(first.to_dict() | {"actor": "codex"})
    with pytest.raises(Refused) as refused:
        reduce([first, other])
    assert refused.value.code == "EVENT_ID_CONFLICT"
    assert first.event_id in refused.value.message


def test_times_of_different_form_are_ordered_by_their_moment() -> None:
    early = moved("planned", "claimed", at="2026-11-20T13:00:00+02:00", event_id=ulid(9))
    late = moved("claimed", "in_progress", at="2026-11-20T11:30:00Z", event_id=ulid(1))
    assert in_order([late, early]) == [early, late]


def test_two_clones_claim_and_the_earlier_claim_stands() -> None:
    boot = moved("planned", "planned", event_id=ulid(0), at=minute(0), force=True, reason="canonical bootstrap")
    ours = chain("planned", "claimed", "in_progress", actor="claude", start=1, after=boot.event_id)
    theirs = chain("planned", "claimed", "in_progress", "for_review", actor="codex", start=2, after=boot.event_id)
    snapshot = reduce([*theirs, boot, *ours])
    assert snapshot.work_packages["WP01"]["holder_actor"] == "claude"
    assert snapshot.lane_of("WP01") is Lane.IN_PROGRESS
    (lost,) = snapshot.lost_claims
    assert (lost.actor, lost.winner_actor, lost.moves) == ("codex", "claude", 3)
    assert lost.event_id == theirs[0].event_id
    assert "codex" in lost.message
    assert "claude" in lost.message
    assert lost.fix.startswith("spec-kitty agent tasks move-task WP01 --to in_progress --force")
    assert json.dumps(snapshot.to_dict())


def test_without_prev_a_move_applies_in_its_turn_whatever_lane_it_names() -> None:
    """A migration of another version put planned -> claimed beside the real history, which went on to done."""
    lanes = ("planned", "claimed", "in_progress", "for_review", "done")
    real = [
        moved(source, target, at=minute(number), mission_id=None)
        for number, (source, target) in enumerate(pairwise(lanes), 2)
    ]
    beside = moved("planned", "claimed", at=minute(1), actor="codex", mission_id=None)
    snapshot = reduce([*real, beside])
    assert snapshot.lane_of("WP01") is Lane.DONE
    assert snapshot.lost_claims == ()


def test_a_move_that_names_another_predecessor_loses_to_one_that_names_none() -> None:
    boot = moved("planned", "planned", event_id=ulid(0), at=minute(0), force=True, reason="canonical bootstrap")
    foreign = moved("planned", "claimed", at=minute(1), event_id=ulid(1), actor="codex")
    ours = moved("planned", "claimed", at=minute(2), event_id=ulid(2), prev=ulid(0))
    after = moved("claimed", "in_progress", at=minute(3), event_id=ulid(3), actor="codex")
    snapshot = reduce([boot, foreign, ours, after])
    assert snapshot.lane_of("WP01") is Lane.IN_PROGRESS
    assert [(lost.event_id, lost.winner_actor) for lost in snapshot.lost_claims] == [(ulid(2), "codex")]


def test_who_ran_a_migration_holds_nothing() -> None:
    state = reduce([moved("planned", "in_progress", actor="migration", force=True)]).work_packages["WP01"]
    assert state["holder_actor"] is None


def test_who_ran_a_migration_reviewed_nothing() -> None:
    event = moved("for_review", "done", actor="migration", force=True)
    assert courses([event])["WP01"].reviewer is None
    assert courses([moved("in_review", "approved", actor="codex")])["WP01"].reviewer == Holder("codex", None)


def two_claims() -> tuple[StatusEvent, StatusEvent, StatusEvent]:
    boot = moved("planned", "planned", event_id=ulid(0), at=minute(0), force=True, reason="canonical bootstrap")
    ours = moved("planned", "claimed", at=minute(1), prev=ulid(0))
    return boot, ours, moved("planned", "claimed", at=minute(2), actor="codex", prev=ulid(0))


def test_a_forced_move_settles_a_lost_claim_and_keeps_the_holder() -> None:
    settled = moved("claimed", "claimed", at=minute(3), actor="user:Ada", force=True, reason="settled")
    snapshot = reduce([*two_claims(), settled])
    assert snapshot.lost_claims == ()
    assert snapshot.work_packages["WP01"]["holder_actor"] == "claude"
    assert snapshot.work_packages["WP01"]["force_count"] == 1


def test_what_builds_on_a_settled_lost_claim_is_lost_anew() -> None:
    boot = moved("planned", "planned", event_id=ulid(0), at=minute(0), force=True, reason="canonical bootstrap")
    ours = chain("planned", "claimed", actor="claude", start=1, after=ulid(0))
    theirs = chain("planned", "claimed", "in_progress", actor="codex", start=2, after=ulid(0))
    settled = moved("claimed", "claimed", at=minute(2), event_id=ulid(999_999), actor="ada", force=True, reason="x")
    snapshot = reduce([boot, *ours, *theirs, settled])
    assert [lost.event_id for lost in snapshot.lost_claims] == [theirs[1].event_id]


def test_a_second_introduction_undoes_nothing() -> None:
    first, second, late = (
        moved("planned", "planned", event_id=ulid(n), at=minute(n), force=True, reason="canonical bootstrap")
        for n in (1, 2, 4)
    )
    claim = moved("planned", "claimed", event_id=ulid(3), at=minute(3), prev=second.event_id)
    snapshot = reduce([late, claim, second, first])
    assert snapshot.lane_of("WP01") is Lane.CLAIMED
    assert snapshot.lost_claims == ()
    assert snapshot.work_packages["WP01"]["force_count"] == 0


def test_at_one_instant_the_reviewers_rollback_wins() -> None:
    start = chain("planned", "claimed", "in_progress", "for_review", "in_review")
    basis = start[-1].event_id
    rollback = moved("in_review", "planned", at=minute(9), event_id=ulid(50), prev=basis, review_ref="feedback://x")
    approval = moved("in_review", "approved", at=minute(9), event_id=ulid(90), prev=basis, actor="codex")
    snapshot = reduce([*start, approval, rollback])
    assert snapshot.lane_of("WP01") is Lane.PLANNED
    assert [lost.event_id for lost in snapshot.lost_claims] == [approval.event_id]
    # The same without `prev`, as older versions wrote it.
    old = [moved(event.from_lane, event.to_lane, at=event.at, review_ref=event.review_ref, mission_id=None)
           for event in (approval, rollback)]  # fmt: skip
    assert lane([*start, *old]) == "planned"


def test_a_rollback_does_not_displace_a_forced_move() -> None:
    start = chain("planned", "claimed", "in_progress", "for_review", "in_review")
    forced = moved("in_review", "done", at=minute(9), event_id=ulid(1), force=True, reason="urgent")
    rollback = moved("in_review", "planned", at=minute(9), event_id=ulid(2), prev=start[-1].event_id, review_ref="x")
    assert lane([*start, forced, rollback]) == "done"


def test_force_is_counted_but_not_when_work_is_given_back() -> None:
    events = chain("planned", "claimed")
    events += [
        moved("claimed", "planned", at=minute(10), force=True, reason="quiet"),
        moved("planned", "in_progress", at=minute(11), force=True, reason="bootstrap from frontmatter lane doing"),
        moved("in_progress", "planned", at=minute(12), force=True, reason="failed"),
        moved("planned", "done", at=minute(13), force=True, reason="done elsewhere"),
        moved("done", "planned", at=minute(14), force=True, reason="was wrong"),
    ]
    assert reduce(events).work_packages["WP01"]["force_count"] == 2


@pytest.mark.parametrize(
    ("lanes", "holder"),
    [
        (("planned", "claimed"), "claude"),
        (("planned", "claimed", "in_progress"), "claude"),
        (("planned", "claimed", "in_progress", "for_review"), None),
        (("planned", "claimed", "in_progress", "blocked"), "claude"),
        (("planned", "claimed", "in_progress", "planned"), None),
        (("planned", "claimed", "in_progress", "for_review", "in_review", "approved"), None),
    ],
)
def test_who_holds_a_work_package(lanes: tuple[str, ...], holder: str | None) -> None:
    assert reduce(chain(*lanes)).work_packages["WP01"]["holder_actor"] == holder


def test_a_reviewer_holds_the_review_and_rework_goes_back_to_the_implementer() -> None:
    events = chain("planned", "claimed", "in_progress", "for_review")
    events.append(moved("for_review", "in_review", at=minute(9), actor="codex", prev=events[-1].event_id, session="s1"))
    state = reduce(events).work_packages["WP01"]
    assert (state["holder_actor"], state["holder_session"]) == ("codex", "s1")
    events.append(moved("in_review", "in_progress", at=minute(10), actor="codex", prev=events[-1].event_id))
    assert reduce(events).work_packages["WP01"]["holder_actor"] == "claude"


def test_work_packages_are_in_the_order_of_their_numbers() -> None:
    events = [moved("planned", "claimed", wp_id=name) for name in ("WP100", "WP10", "WP02", "WP99")]
    assert list(reduce(events).work_packages) == ["WP02", "WP10", "WP99", "WP100"]


def test_the_snapshot_as_text_is_stable() -> None:
    events = chain("planned", "claimed")
    text = materialize_to_json(reduce(events))
    assert text == materialize_to_json(reduce(events[::-1]))
    assert json.loads(text)["work_packages"]["WP01"]["lane"] == "claimed"


moves = st.tuples(
    st.sampled_from(["WP01", "WP02"]),
    st.sampled_from(list(Lane)),
    st.sampled_from(list(Lane)),
    st.integers(0, 4),  # few minutes, so that many share one
    st.booleans(),  # forced
    st.sampled_from([None, "feedback://x"]),
    st.none() | st.integers(0, 12),  # builds on
    st.sampled_from(["claude", "codex"]),
    st.sampled_from([None, "canonical bootstrap"]),
)


def build(drawn: list[tuple[str, Lane, Lane, int, bool, str | None, int | None, str, str | None]]) -> list[StatusEvent]:
    return [
        moved(
            source, target, wp_id=wp_id, at=minute(at), event_id=ulid(number), actor=actor, force=force,
            review_ref=reference, reason=reason, **({} if prev is None else {"prev": ulid(prev)}),
        )
        for number, (wp_id, source, target, at, force, reference, prev, actor, reason) in enumerate(drawn)
    ]  # fmt: skip


@given(st.lists(moves, max_size=13), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_any_split_duplication_and_order_gives_the_same_snapshot(
    drawn: list[tuple[str, Lane, Lane, int, bool, str | None, int | None, str, str | None]], chance: random.Random
) -> None:
    events = build(drawn)
    here = [event for event in events if chance.random() < 0.6]
    there = [event for event in events if event not in here or chance.random() < 0.5]
    union = here + there
    chance.shuffle(union)
    assert reduce(union) == reduce(events)


@given(st.lists(moves, max_size=13))
def test_a_fold_that_goes_on_is_the_fold_of_all(
    drawn: list[tuple[str, Lane, Lane, int, bool, str | None, int | None, str, str | None]],
) -> None:
    fold = Fold()
    applied = [event.event_id for event in in_order(build(drawn)) if fold.apply(event)]
    snapshot = fold.snapshot()
    assert snapshot == reduce(build(drawn))
    assert snapshot.event_count == len(drawn)
    assert all(state["last_event_id"] in applied for state in snapshot.work_packages.values())


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(list(MATRIX))), max_size=30))
def test_of_two_clones_the_fold_follows_one_line_of_moves(steps: list[tuple[bool, tuple[Lane, Lane]]]) -> None:
    """Each clone moves one work package as it sees it alone; joined, no move is applied that did not know the last."""
    boot = moved("planned", "planned", at=minute(0), event_id=ulid(0), force=True, reason="canonical bootstrap")
    heads = {"here": boot, "there": boot}
    events: list[StatusEvent] = []
    for number, (side, (_, target)) in enumerate(steps, 1):
        clone = "here" if side else "there"
        head = heads[clone]
        if (head.to_lane, target) in MATRIX:
            heads[clone] = moved(
                head.to_lane, target, at=minute(number), event_id=ulid(number), actor=clone, prev=head.event_id
            )
            events.append(heads[clone])
    snapshot = reduce([boot, *events])
    if events:
        winner = events[0].actor
        assert snapshot.lane_of("WP01") is heads[winner].to_lane
        assert sum(claim.moves for claim in snapshot.lost_claims) == sum(event.actor != winner for event in events)
