from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import clock
from tests.support import today

START = datetime(1970, 1, 2, tzinfo=UTC)
ZONES = [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]
moments = st.builds(
    lambda age, zone: (START + age).astimezone(zone),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=80_000)),
    st.sampled_from(ZONES),
)


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.epoch() - clock.now().timestamp()) < 5


@settings(deadline=None)
@given(moments)
def test_a_stamp_has_one_form_and_names_its_moment(moment: datetime) -> None:
    text = clock.stamp(moment)
    assert len(text) == 32
    assert text.endswith("+00:00")
    assert clock.parse(text) == moment
    assert clock.sort_key(text) == text


@settings(deadline=None)
@given(moments, moments)
def test_stamps_order_as_their_moments(one: datetime, other: datetime) -> None:
    assert (clock.stamp(one) < clock.stamp(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T17:00:00Z",
        "2026-11-20T17:00:00+00:00",
        "2026-11-20T17:00:00.000",
        "2026-11-20 18:00:00+01:00",
        "2026-11-20T12:00:00.000000-05:00",
        "20261120T170000",
    ],
)
def test_other_forms_sort_by_their_moment(text: str) -> None:
    assert clock.sort_key(text) == "2026-11-20T17:00:00.000000+00:00"


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+10:00", "2026-13-01"])
def test_what_is_no_timestamp_sorts_as_it_is(text: str) -> None:
    assert clock.sort_key(text) == text


def test_what_is_no_timestamp_is_not_parsed() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        clock.parse("yesterday")


def test_just_after_is_the_next_moment_there_is() -> None:
    assert clock.stamp(clock.just_after("2026-11-20T17:00:00.999999+00:00")) == "2026-11-20T17:00:01.000000+00:00"


def test_a_test_can_stop_the_clock_and_it_goes_on_afterwards() -> None:
    moment = clock.now() + timedelta(days=1)
    with clock.use(lambda: moment):
        assert clock.stamp() == clock.stamp(moment)
        with clock.use(lambda: moment + timedelta(hours=1)):
            assert clock.now() == moment + timedelta(hours=1)
            assert clock.system() < moment
        assert clock.now() == moment
    assert clock.now() < moment


def test_a_file_and_the_machine_have_one_clock_on_any_day(tmp_path: Path) -> None:
    path, ahead = tmp_path / "file", today.ahead()
    for days in (0, 366, -30):
        clock.run_ahead(timedelta(days=days))
        try:
            path.write_text("x", encoding="utf-8")
            assert abs(clock.file_time(path.stat().st_mtime) - clock.epoch()) < 60
        finally:
            clock.run_ahead(ahead)


def test_sleeping_takes_time() -> None:
    before = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.01


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2026-11-20T17:00:59.999999+00:00", "2026-11-20 17:00 UTC"),
        ("2026-11-20T17:00:00+02:00", "2026-11-20 15:00 UTC"),
        ("2026-11-20T17:00:00", "2026-11-20 17:00 UTC"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00+02:00"),
        ("soon", "soon"),
    ],
)
def test_a_minute_is_told_in_utc_and_what_is_none_as_it_is(moment: str, told: str) -> None:
    assert clock.minute(moment) == told
