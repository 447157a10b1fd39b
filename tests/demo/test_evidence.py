from __future__ import annotations

from dataclasses import replace

import pytest

from specify_cli.demo import picture
from specify_cli.demo.evidence import (
    IMPLEMENT,
    REVIEW,
    Event,
    Span,
    busiest_moment,
    by_package,
    lane_of,
    ordered,
    spans,
)
from specify_cli.demo.promises import Facts, checks
from specify_cli.demo.story import PACKAGES

ROWS = [
    {"lane_id": "lane-a", "wp_ids": ["WP01", "WP04", "WP06"]},
    {"lane_id": "lane-b", "wp_ids": ["WP02"]},
    {"lane_id": "lane-c", "wp_ids": ["WP03", "WP05"]},
    {"lane_id": "lane-planning", "wp_ids": ["WP07"]},
]
LANES = {"lanes": ROWS, "ordering_edges": [{"before": "WP03", "after": "WP05", "evidence": "a/** ~ a/b.py"}]}


def at(second: int) -> str:
    return f"2026-11-20T12:00:{second:02d}.000000+00:00"


def event(second: int, wp_id: str, to_lane: str, actor: str = "claude") -> Event:
    return {"at": at(second), "event_id": f"{second:026d}", "wp_id": wp_id, "to_lane": to_lane, "actor": actor}


def life(wp_id: str, start: int) -> list[Event]:
    """A work package done without a hitch: two seconds of work, one of waiting, one of review."""
    lanes = ("claimed", "in_progress", "for_review", "in_review", "approved", "done")
    moments = (0, 0, 2, 3, 4, 5)
    return [
        event(start + moment, wp_id, lane, "codex" if lane == "in_review" else "claude")
        for lane, moment in zip(lanes, moments, strict=True)
    ]


STARTS = {"WP01": 0, "WP02": 1, "WP03": 1, "WP04": 10, "WP05": 10, "WP06": 20, "WP07": 20}
EVENTS = [one for wp_id, start in STARTS.items() for one in life(wp_id, start)]


def facts() -> Facts:
    worked = spans(EVENTS, lane_of(LANES))
    return Facts(
        LANES, EVENTS, worked, "1. Use decimals.", "# x\n1. Use decimals.\n", [{"exit_code": 0}], (0, "OK"), ""
    )


def test_work_is_from_claim_to_review_and_review_from_claim_to_verdict() -> None:
    found = spans(life("WP01", 0)[::-1], {"WP01": "lane-a"})
    assert found == [
        Span("WP01", "lane-a", IMPLEMENT, "claude", at(0), at(2)),
        Span("WP01", "lane-a", REVIEW, "codex", at(3), at(4)),
    ]


def test_the_busiest_moment_counts_lanes_that_are_written_in() -> None:
    assert busiest_moment(facts().worked) == (at(1), ("lane-a", "lane-b", "lane-c"))
    assert busiest_moment([]) == ("", ())


def test_a_span_that_ends_as_another_begins_is_not_at_work_then() -> None:
    one = Span("WP01", "lane-a", IMPLEMENT, "claude", at(0), at(2))
    other = Span("WP02", "lane-b", IMPLEMENT, "claude", at(2), at(3))
    assert busiest_moment([one, other])[1] == ("lane-a",)


def test_an_order_holds_when_the_second_began_after_the_first_was_approved() -> None:
    assert ordered(facts().worked, EVENTS, "WP03", "WP05")
    assert not ordered(facts().worked, EVENTS, "WP05", "WP03")
    assert not ordered([], EVENTS, "WP03", "WP05")


def test_every_work_package_is_told_with_start_and_end() -> None:
    found = by_package(facts().worked, lane_of(LANES))
    assert [one["id"] for one in found] == [package.id for package in PACKAGES]
    assert (found[0]["started_at"], found[0]["ended_at"], found[0]["lane_id"]) == (at(0), at(4), "lane-a")


def test_promises_are_kept() -> None:
    assert all(check.passed for check in checks(facts()))


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (replace(facts(), worked=facts().worked[:1]), "lanes_at_once"),
        (replace(facts(), lanes={**LANES, "ordering_edges": []}), "overlap_ordered"),
        (replace(facts(), lanes={**LANES, "lanes": ROWS[:3]}), "planning_artifact"),
        (replace(facts(), second_prompt="# x"), "feedback_in_second_prompt"),
        (replace(facts(), feedback=""), "feedback_in_second_prompt"),
        (replace(facts(), tests=[]), "accepted_with_tests"),
        (replace(facts(), tests=[{"exit_code": 1}]), "accepted_with_tests"),
        (replace(facts(), events=EVENTS[:-1]), "merged"),
        (replace(facts(), program=(1, "FAILED")), "program_works"),
        (replace(facts(), left="?? x"), "clean"),
    ],
)
def test_a_promise_that_does_not_hold_is_named(broken: Facts, name: str) -> None:
    assert name in [check.name for check in checks(broken) if not check.passed]


def test_the_graph_shows_lanes_and_what_else_comes_first() -> None:
    assert picture.graph(LANES) == [
        "lane-a         WP01 Operations -> WP04 Evaluate [needs WP02] -> WP06 Command [needs WP05]",
        "lane-b         WP02 Tokens",
        "lane-c         WP03 Display -> WP05 Rounding [after WP03: both write a/** ~ a/b.py]",
        "lane-planning  WP07 Page for users",
    ]


def test_times_are_drawn_on_one_scale() -> None:
    rows = picture.times(facts().worked)
    assert rows[0].startswith("WP01  lane-a         ████")
    assert rows[5].rstrip().endswith("▒")
    assert rows[-1].endswith("24.0 s")
    assert max(map(len, rows)) <= picture.LABEL + picture.WIDTH
    assert picture.times([]) == []


def test_the_board_shows_every_work_package_on_a_line() -> None:
    package = {"id": "WP01", "lane": "in_progress", "lane_id": "lane-a", "agent": "codex", "title": "Operations"}
    (line,) = picture.board({"work_packages": [package]})
    assert line.split() == ["WP01", "▒▒▒▒▒▒▒▒", "in_progress", "lane-a", "codex", "Operations"]
    assert picture.board({}) == []
