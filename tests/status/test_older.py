"""The rule that says where a work package of an older version is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel import clock
from specify_cli.kernel.errors import Refused
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.older import Entry, Told, decide, read_prompt
from specify_cli.status.reducer import Fold, order_key

SLUG = "001-tea-timer"
CREATED = "2026-01-01T00:00:00Z"
START = datetime(2026, 1, 2, tzinfo=UTC)
LOGGED = "- 2026-01-02T10:00:00Z – claude – shell_pid=7 – lane={} – Moved\n"

lanes = st.sampled_from(list(Lane))
moments = st.integers(0, 10**6).map(lambda seconds: (START + timedelta(seconds=seconds)).isoformat())
entries = st.builds(Entry, moments, lanes, st.sampled_from(["claude", "system", "codex"]), st.text(max_size=8))


def prompt(*fields: str, body: str = "") -> str:
    return "\n".join(["---", "work_package_id: WP01", *fields, "---", "", "# WP01", "", body])


def event(number: int, source: str, target: str, at: str) -> StatusEvent:
    event_id = f"01HZZZZZZZZZZZZZZZZZZZZZ{number:02d}"
    return StatusEvent(event_id, SLUG, "WP01", Lane(source), Lane(target), at, "ada", force=True)


@pytest.mark.parametrize(
    ("name", "text", "lane", "source"),
    [
        ("tasks/WP01-a.md", prompt('lane: "doing"'), Lane.IN_PROGRESS, "header"),
        ("tasks/WP01-a.md", prompt("lane: for_review  # soon"), Lane.FOR_REVIEW, "header"),
        ("tasks/WP01-a.md", prompt("lane: 'done'").replace("\n", "\r\n"), Lane.DONE, "header"),
        ("tasks/doing/WP01-a.md", prompt('lane: "planned"'), Lane.IN_PROGRESS, "folder"),
        ("tasks/done/WP01.md", "no header at all", Lane.DONE, "folder"),
        ("tasks/WP01-a.md", prompt(body="lane: done"), None, ""),
        ("tasks/WP01-a.md", prompt('lane: ""'), None, ""),
    ],
)
def test_what_a_prompt_tells(name: str, text: str, lane: Lane | None, source: str) -> None:
    told = read_prompt(name, text)
    assert (told.wp_id, told.lane, told.source) == ("WP01", lane, source)


def test_a_lane_that_no_version_knows_is_an_error() -> None:
    with pytest.raises(Refused, match="'sleeping'") as refusal:
        read_prompt("tasks/WP01.md", prompt("lane: sleeping"))
    assert refusal.value.code == "UNKNOWN_LANE"


def test_the_history_in_a_header_counts_where_there_is_no_activity_log() -> None:
    history = "history: [{timestamp: '2026-01-02T09:00:00Z', lane: doing, agent: ada, action: Begun}]"
    assert read_prompt("tasks/WP01.md", prompt("lane: doing", history)).entries == (
        Entry("2026-01-02T09:00:00Z", Lane.IN_PROGRESS, "ada", "Begun"),
    )
    logged = read_prompt("tasks/WP01.md", prompt("lane: doing", history, body=LOGGED.format("doing")))
    assert [each.actor for each in logged.entries] == ["claude"]


def test_without_a_move_in_the_log_the_prompt_counts_with_its_history() -> None:
    told = read_prompt("tasks/WP01.md", prompt("lane: for_review", "agent: ada", body=LOGGED.format("doing")))
    verdict = decide(told, [], SLUG, CREATED)
    assert (verdict.lane, verdict.source) == (Lane.FOR_REVIEW, "header")
    moves = [(each.from_lane.value, each.to_lane.value, each.actor) for each in verdict.events]
    assert moves == [
        ("planned", "planned", "finalize-tasks"),
        ("planned", "in_progress", "claude"),
        ("in_progress", "for_review", "ada"),
    ]


def test_with_a_move_in_the_log_a_stale_header_does_not_count() -> None:
    known = [event(1, "planned", "in_progress", "2026-01-03T00:00:00+00:00")]
    verdict = decide(read_prompt("tasks/WP01.md", prompt("lane: planned")), known, SLUG, CREATED)
    assert (verdict.lane, verdict.source, verdict.events) == (Lane.IN_PROGRESS, "log", ())
    assert "planned in its header is older" in verdict.reason


@pytest.mark.parametrize(
    ("at", "source"), [("2026-01-01T00:00:00+00:00", "header"), ("2026-01-02T10:00:00.500000+00:00", "log")]
)
def test_a_header_counts_against_the_log_where_its_history_dates_it_later(at: str, source: str) -> None:
    told = read_prompt("tasks/WP01.md", prompt("lane: for_review", body=LOGGED.format("for_review")))
    verdict = decide(told, [event(1, "planned", "in_progress", at)], SLUG, CREATED)
    assert verdict.source == source
    assert verdict.lane is (Lane.FOR_REVIEW if source == "header" else Lane.IN_PROGRESS)


def test_nobody_is_made_up_as_an_actor() -> None:
    verdict = decide(Told("WP01", Lane.IN_PROGRESS, "header"), [], SLUG, CREATED)
    assert verdict.events[-1].actor == "older-version"
    assert verdict.events[-1].at == "2026-01-01T00:00:00.000001+00:00"
    fold = Fold.of(verdict.events).snapshot()
    assert fold.work_packages["WP01"]["holder_actor"] is None


@given(st.none() | lanes, st.lists(entries, max_size=6), moments)
def test_the_events_lead_to_where_the_verdict_says(lane: Lane | None, history: list[Entry], created: str) -> None:
    told = Told("WP01", lane, "header" if lane else "", tuple(sorted(history, key=lambda each: each.at)))
    verdict = decide(told, [], SLUG, created)
    again = decide(told, [], SLUG, created)
    assert verdict == again, "two clones come to the same events"
    assert len({each.event_id for each in verdict.events}) == len(verdict.events)
    in_order = sorted(verdict.events, key=order_key)
    assert tuple(in_order) == verdict.events
    assert Fold.of(in_order).lane_of("WP01") is verdict.lane is (lane or Lane.PLANNED)


@given(lanes, st.lists(entries, max_size=6), lanes, moments)
def test_what_is_decided_once_stays_decided(lane: Lane, history: list[Entry], logged: Lane, at: str) -> None:
    told = Told("WP01", lane, "header", tuple(sorted(history, key=lambda each: each.at)))
    known = [event(1, "planned", logged.value, clock.sort_key(at))]
    verdict = decide(told, known, SLUG, CREATED)
    after = [*known, *verdict.events]
    assert Fold.of(sorted(after, key=order_key)).lane_of("WP01") is verdict.lane
    later = decide(told, after, SLUG, CREATED)
    assert (later.lane, later.events) == (verdict.lane, ())
