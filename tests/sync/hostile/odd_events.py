"""Odd events: told as they are, corrected, or set aside with the reason; never lost without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from specify_cli.sync.profiles import Profile
from tests.support.clone import Clone
from tests.support.outbox import AT, Outbox, id_of, made, moved
from tests.support.project import Task
from tests.support.syncing import World
from tests.sync.hostile.row import Row

Line = dict[str, Any]


def _told(line: Line, check: Callable[[Clone, Line], None], *, facts: bool = False) -> Callable[[World], None]:
    """A line that somebody wrote into a journal of this clone is collected and sent."""

    def run(world: World) -> None:
        clone = Clone(world)
        slug = clone.project.finalized(Task("WP01"))
        known = clone.recorded()[0]
        whole = {
            "event_id": id_of(1), "at": AT.replace("2026", "2036"), "actor": "claude", "session": None,
            "mission_slug": slug, "mission_id": known["mission_id"], "wp_id": "WP01",
        }  # fmt: skip
        move = {} if facts else {
            "from_lane": "planned", "to_lane": "claimed", "force": False, "execution_mode": "worktree", "reason": None,
            "review_ref": None, "evidence": None, "policy_metadata": None,
        }  # fmt: skip
        (path,) = [one for one in clone.journals() if one.name.endswith(".mission.jsonl") is facts]
        merged = {name: value for name, value in {**whole, **move, **line}.items() if value != "absent"}
        with path.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(merged) + "\n")
        clone.deliver()
        check(clone, merged)

    return run


def _delivered(**payload: object) -> Callable[[Clone, Line], None]:
    def check(clone: Clone, line: Line) -> None:
        told = clone.batch.stored[line["event_id"]]
        assert {name: told["payload"][name] for name in payload} == payload
        assert clone.queue.dead_letters() == []

    return check


def _set_aside(reason: str) -> Callable[[Clone, Line], None]:
    def check(clone: Clone, line: Line) -> None:
        assert line["event_id"] not in clone.batch.stored
        assert [one.reason for one in clone.queue.dead_letters()] == [reason]
        found = clone.run("sync", "diagnose", "--json").json()["results"]
        assert [(one["event_id"], one["errors"]) for one in found] == [(line["event_id"], [reason])]

    return check


def _untold(clone: Clone, line: Line) -> None:
    """It is no event, which `agent status validate` reports; a server is not told of it."""
    assert line["event_id"] not in clone.batch.stored
    assert clone.queue.dead_letters() == []
    assert clone.run("agent", "status", "validate", "--mission", "001-tea-timer").code == 1


def _too_large(clone: Clone, line: Line) -> None:
    (letter,) = clone.queue.dead_letters()
    assert (letter.event_id, letter.category) == (line["event_id"], "too_large")
    assert len(clone.batch.stored) > 3, "the others were delivered"
    clone.batch.most_bytes = 2**21
    clone.queue.revive()
    clone.deliver()
    assert clone.batch.stored[line["event_id"]]["payload"]["error_message"] == _LONG


def _no_parent(clone: Clone, line: Line) -> None:
    assert clone.batch.stored[line["event_id"]]["causation_id"] is None


def _upper_case_slug(world: World) -> None:
    outbox = Outbox(world)
    event = made("MissionCreated", "012-Demo", {"target_branch": "main", "wp_count": 0})
    event["payload"]["mission_slug"] = "012-Demo"
    outbox.put(event)
    (category, reason) = outbox.buried()[event["event_id"]]
    assert category == "schema_mismatch"
    assert reason.endswith("found '012-Demo'")
    assert world.server.requests == []


def _thousandth(world: World) -> None:
    outbox = Outbox(world)
    event = made("MissionCreated", "1000-demo", {"target_branch": "main", "wp_count": 0})
    event["payload"].update(mission_slug="1000-demo", mission_number="1000")
    outbox.put(event)
    outbox.send(profile=Profile.STRICT)
    assert outbox.batch.stored[event["event_id"]]["payload"]["mission_number"] == 1000


def _null_payload(world: World) -> None:
    outbox = Outbox(world)
    outbox.put({**moved(1), "payload": None})
    outbox.raw((id_of(2), "WPStatusChanged", json.dumps({**moved(2), "payload": None})))
    outbox.put(moved(3))
    outbox.send()
    assert list(outbox.batch.stored) == [id_of(3)]
    assert set(outbox.buried()) == {id_of(1), id_of(2)}


def _no_json(world: World) -> None:
    outbox = Outbox(world)
    outbox.put(moved(1, actor={1, 2}), moved(2, policy_metadata={"x": float("nan")}), moved(3))
    assert outbox.waiting() == [id_of(3)]
    assert {reason.partition(":")[0] for _, reason in outbox.buried().values()} == {"payload"}


def _from_the_future(world: World) -> None:
    """What a newer version left in the queue is sent as it is; only diagnose says that it is not known here."""
    outbox = Outbox(world)
    event = {**moved(1), "event_type": "GatePassed", "aggregate_type": "Mission"}
    outbox.raw((event["event_id"], "GatePassed", json.dumps(event)))
    outbox.batch.result = lambda one: {"event_id": one["event_id"], "status": "success", "later": {"a": [1]}}
    assert outbox.send().counts == {"success": 1}


_LONG = "at line 7\n" * 80_000

ROWS: tuple[Row, ...] = (
    Row("WP100", "a hundredth work package", "told", _told({"wp_id": "WP100"}, _delivered(wp_id="WP100"))),
    Row(
        "wp01", "lower case", "set aside with the reason",
        _told({"wp_id": "wp01"}, _set_aside("payload.wp_id: expected WP and two digits or more; found 'wp01'")),
    ),
    Row(
        "empty title", "of a work package", "set aside with the reason",
        _told(
            {"type": "wp_created", "data": {"title": "", "dependencies": []}},
            _set_aside("payload.title: expected a text that is not empty; found ''"), facts=True,
        ),
    ),
    Row(
        "1 MB stack trace", "of a failed step", "sent alone; set aside where that is too large for the server",
        _told(
            {"type": "step_reported", "data": {"result": "failed", "action": "implement", "note": _LONG}},
            _too_large, facts=True,
        ),
    ),
    Row("unknown lane", "limbo", "no event: reported by validate", _told({"to_lane": "limbo"}, _untold)),
    Row("lane alias", "doing", "told as in_progress", _told({"to_lane": "doing"}, _delivered(to_lane="in_progress"))),
    Row(
        "missing mission_slug", "of a move", "the mission's own is told",
        _told({"mission_slug": "absent"}, _delivered(mission_slug="001-tea-timer")),
    ),
    Row("slug with uppercase", "012-Demo", "set aside with the reason", _upper_case_slug),
    Row("mission number 1000", "strict", "told as a number", _thousandth),
    Row("null payload", "queued by us and by others", "set aside; the others are sent", _null_payload),
    Row("non-serialisable payload", "a set, not a number", "set aside; the others wait", _no_json),
    Row("causation_id invalid", "no id", "none is told", _told({"prev": "the one before"}, _no_parent)),
    Row("future event types received", "GatePassed", "sent as it is, answers with more keys read", _from_the_future),
)  # fmt: skip
