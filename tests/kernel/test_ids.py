from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import clock, ids
from specify_cli.kernel.text import is_ulid

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_an_id_is_a_ulid_of_this_moment() -> None:
    with clock.use(lambda: NOON):
        one = ids.new_id()
    with clock.use(lambda: NOON + timedelta(milliseconds=1)):
        later = ids.new_id()
    assert is_ulid(one)
    assert one < later


def test_ids_rise_although_the_clock_stands_still_or_goes_back() -> None:
    last: str | None = None
    for second in (0, 0, 0, -60, 5, -3600):
        moment = NOON + timedelta(seconds=second)
        with clock.use(partial(moment.astimezone, UTC)):
            fresh = ids.next_id(last)
        assert is_ulid(fresh)
        assert last is None or fresh > last
        last = fresh


def test_two_clones_behind_the_same_log_do_not_make_the_same_id() -> None:
    """Somebody's clock is an hour ahead: until theirs come there, all others go on from that id."""
    with clock.use(lambda: NOON + timedelta(hours=1)):
        last = ids.new_id()
    with clock.use(lambda: NOON):
        made = [ids.next_id(last) for _ in range(100)]
    assert len(set(made)) == 100
    assert min(made) > last


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**128 - 2))
def test_an_id_after_any_other_is_greater(number: int) -> None:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    text = "".join(digits[number >> shift & 31] for shift in range(125, -1, -5))
    assert is_ulid(text)
    assert text < ids.next_id(text)


@pytest.mark.parametrize("text", [None, "", "WP01", "not a ulid"])
def test_after_what_is_no_id_there_is_just_a_fresh_one(text: str | None) -> None:
    assert is_ulid(ids.next_id(text))


@pytest.mark.parametrize("last", ["7" + "Z" * 25, "Z" * 26])
def test_after_the_last_id_of_all_there_is_none(last: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        ids.next_id(last)


def test_a_uuid_is_random() -> None:
    assert uuid.UUID(ids.new_uuid()).version == 4
    assert ids.new_uuid() != ids.new_uuid()
