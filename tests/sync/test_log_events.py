"""What a line of a log tells a server."""

from __future__ import annotations

from typing import Any

import pytest

from specify_cli.mission_metadata import MissionIdentity
from specify_cli.status.mission_log import TYPES
from specify_cli.sync.emitter import envelope, payload_problems, problems
from specify_cli.sync.log_events import Mission, fact_of
from tests.support.outbox import AT, MISSION, ORIGIN, id_of

HERE = Mission(MissionIdentity("012-demo", "012", "software-dev", MISSION["mission_id"]), "main", lambda: 7)


def fact_line(type: str, wp_id: str | None = "WP01", **data: object) -> dict[str, Any]:
    return {
        "event_id": id_of(1), "at": AT, "actor": "claude", "session": None, "mission_id": MISSION["mission_id"],
        "mission_slug": "012-demo", "type": type, "wp_id": wp_id, "data": data,
    }  # fmt: skip


def move_line(**changes: object) -> dict[str, Any]:
    return {
        "event_id": id_of(2), "at": AT, "actor": "claude", "mission_slug": "012-demo", "wp_id": "WP01",
        "from_lane": "planned", "to_lane": "claimed", "force": False, "execution_mode": "worktree", "reason": None,
        "review_ref": None, "evidence": None, "policy_metadata": None, "mission_id": MISSION["mission_id"], **changes,
    }  # fmt: skip


LINES: list[tuple[dict[str, Any], str, dict[str, object]]] = [
    (
        fact_line("mission_created", None, target_branch="next", created_at="2026-11-20T16:00:00+00:00"),
        "MissionCreated",
        {"target_branch": "next", "wp_count": 0, "created_at": "2026-11-20T16:00:00+00:00"},
    ),
    (fact_line("mission_created", None), "MissionCreated", {"target_branch": "main", "wp_count": 0, "created_at": AT}),
    (
        fact_line("mission_closed", None, outcome="merged"),
        "MissionClosed",
        {"total_wps": 7, "completed_at": AT, "total_duration": None},
    ),
    (
        fact_line("wp_created", title="Build it", dependencies=["WP02"]),
        "WPCreated",
        {"wp_id": "WP01", "title": "Build it", "dependencies": ["WP02"]},
    ),
    (
        fact_line("step_issued", action="implement"),
        "WPAssigned",
        {"wp_id": "WP01", "agent_id": "claude", "phase": "implementation", "retry_count": 0},
    ),
    (
        fact_line("lease_taken_over", work="review"),
        "WPAssigned",
        {"wp_id": "WP01", "agent_id": "claude", "phase": "review", "retry_count": 0},
    ),
    (
        fact_line("note", text="halfway"),
        "HistoryAdded",
        {"wp_id": "WP01", "entry_type": "note", "entry_content": "halfway", "author": "claude"},
    ),
    (
        fact_line("subtask", subtask="T003", done=False),
        "HistoryAdded",
        {"wp_id": "WP01", "entry_type": "note", "entry_content": "T003 reopened", "author": "claude"},
    ),
    (
        fact_line("review_finding", text="# No\n"),
        "HistoryAdded",
        {"wp_id": "WP01", "entry_type": "review", "entry_content": "# No\n", "author": "claude"},
    ),
    (
        fact_line("step_reported", result="failed", action="implement", note="no compiler"),
        "ErrorLogged",
        {
            "wp_id": "WP01", "error_type": "runtime", "error_message": "no compiler", "stack_trace": None,
            "agent_id": "claude",
        },
    ),
    (
        fact_line(
            "origin_bound", None, provider="jira", external_issue_id="1", external_issue_key="A-1",
            external_issue_url="https://x/1", title="Tea",
        ),
        "MissionOriginBound",
        {
            "provider": "jira", "external_issue_id": "1", "external_issue_key": "A-1",
            "external_issue_url": "https://x/1", "title": "Tea",
        },
    ),
    (
        move_line(),
        "WPStatusChanged",
        {"wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed", "actor": "claude", "policy_metadata": None},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "payload"), LINES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_line_tells_its_event_under_its_own_id(line: dict[str, Any], kind: str, payload: dict[str, object]) -> None:
    fact = fact_of(line, HERE)
    assert fact is not None
    assert (fact.event_type, fact.event_id, fact.timestamp) == (kind, line["event_id"], AT)
    assert fact.payload == {**payload, **MISSION}
    assert payload_problems(kind, fact.payload) == []
    assert problems(envelope(fact, ORIGIN, 1)) == []


@pytest.mark.parametrize(
    "line",
    [
        fact_line("note", None, text="about the mission"),
        fact_line("note", text=""),
        fact_line("step_issued", None, action="plan"),
        fact_line("step_issued", action="accept"),
        fact_line("step_reported", result="success", action="implement"),
        fact_line("accepted", None),
        fact_line("usage", tokens=1),
        fact_line("decision_asked", question="?"),
        {**fact_line("note", text="x"), "payload": {}},
        {"event_id": id_of(1), "type": "phase_entered", "payload": {}},
        move_line(to_lane="nowhere"),
        move_line(event_id=None),
        move_line(at="yesterday"),
        {},
    ],
)
def test_other_lines_tell_nothing(line: dict[str, Any]) -> None:
    assert fact_of(line, HERE) is None


def test_no_type_of_the_mission_log_makes_it_stumble() -> None:
    odd: list[dict[str, object]] = [{}, {"text": 3}, {"dependencies": 3, "title": None}, {"action": [], "result": {}}]
    for kind in TYPES:
        for data in odd:
            fact_of(fact_line(kind, "WP01", **data), HERE)


def test_a_move_names_what_it_follows_from_and_where_it_happened() -> None:
    record = {"lane_id": "lane-a", "branch": "kitty/x", "base": "b" * 40, "head": "a" * 40}
    fact = fact_of(move_line(prev=id_of(1), workspace=record, reason="because", force=True), HERE)
    assert fact is not None
    assert (fact.causation_id, fact.branch, fact.commit) == (id_of(1), "kitty/x", "a" * 40)
    assert fact.detail == {
        "force": True, "reason": "because", "execution_mode": "worktree", "review_ref": None, "evidence": None,
    }  # fmt: skip


def test_the_alias_of_a_lane_never_leaves() -> None:
    fact = fact_of(move_line(from_lane="claimed", to_lane="doing"), HERE)
    assert fact is not None
    assert fact.payload["to_lane"] == "in_progress"


def test_times_leave_in_utc_with_microseconds() -> None:
    fact = fact_of(move_line(at="2026-11-20T18:00:00+01:00"), HERE)
    assert fact is not None
    assert fact.timestamp == AT
