from __future__ import annotations

import subprocess
import sys

import pytest

from specify_cli.home import MissionPlace
from specify_cli.status import lines
from specify_cli.status.emit import writing
from specify_cli.status.holders import Holder, implementers
from specify_cli.status.mission_log import MissionEvent, in_order, is_mission_event, require_type
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status
from tests.support.git import Repo
from tests.support.status import REVIEW, minute, moved, place_in, ulid, walk


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    return place_in(git.path)


def test_reading_writes_nothing(git: Repo, place: MissionPlace) -> None:
    before = sorted(path for path in git.path.rglob("*"))
    status = read_status(place)
    assert status.events == []
    assert status.snapshot.mission_slug == place.slug
    assert sorted(path for path in git.path.rglob("*")) == before


def test_a_reader_pays_for_no_lock_and_no_identifiers() -> None:
    program = (
        "import sys; import specify_cli.status.reading, specify_cli.status.validate, specify_cli.status.views; "
        "print([n for n in ('filelock', 'ulid', 'specify_cli.kernel.locks', 'specify_cli.kernel.ids', 'sqlite3', "
        "'ruamel', 'pydantic', 'rich', 'httpx', 'asyncio', 'email', 'importlib.metadata') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lines_that_are_no_events_are_reported_and_skipped(place: MissionPlace) -> None:
    good = moved("planned", "claimed").to_dict()
    facts: list[dict[str, object]] = [
        {"event_id": ulid(1), "at": minute(0), "type": "note", "actor": "ada"},
        {"type": "phase_entered", "payload": {"phase": "specify"}},
        {"event_id": ulid(2), "at": minute(0), "type": "of_a_newer_version"},
        {"event_id": ulid(3), "at": "noon", "type": "note"},
    ]
    (place.feature_dir / "status.events.jsonl").write_bytes(
        lines.encode([good, good | {"event_id": ulid(2), "to_lane": "moon"}, {"kind": "annotation"}])
    )
    (place.feature_dir / "mission-events.jsonl").write_bytes(lines.encode(facts))
    status = read_status(place)
    assert len(status.events) == 1
    assert [event.type for event in status.mission_events] == ["note"]
    assert [(problem.code, problem.line) for problem in status.problems] == [("INVALID_EVENT", 2), ("INVALID_EVENT", 4)]
    assert status.problems[0].message.endswith("to_lane names no lane: 'moon'; it is skipped")
    assert status.problems[0].to_dict()["severity"] == "error"


def test_what_a_teammate_published_counts_at_once(place: MissionPlace) -> None:
    with writing(place) as writer:
        walk(writer, "WP01", Lane.CLAIMED)
    theirs = moved("planned", "claimed", wp_id="WP02", actor="codex", session="s2")
    (place.feature_dir / "status.events.jsonl").write_bytes(lines.encode([theirs.to_dict()]))
    status = read_status(place)
    assert status.holders() == {"WP01": Holder("claude"), "WP02": Holder("codex", "s2")}
    assert str(status.holders()["WP02"]) == "codex (s2)"
    assert status.unpublished == 1


def test_mission_events_round_trip_and_are_ordered() -> None:
    late = {"event_id": ulid(1), "at": minute(5), "actor": "a", "session": None, "mission_id": None,
            "mission_slug": "001-x", "type": "note", "wp_id": None, "data": {"x": 1}}  # fmt: skip
    early = late | {"event_id": ulid(2), "at": minute(1)}
    events = [MissionEvent.from_dict(line) for line in (late, early)]
    assert [event.to_dict() for event in in_order(events)] == [early, late]
    old = dict(late)
    old["feature" + "_slug"] = old.pop("mission_slug")
    assert MissionEvent.from_dict(old).mission_slug == "001-x"
    assert require_type("note") == "note"
    assert not is_mission_event({"type": "note", "payload": {}})


def test_who_implemented_a_work_package(place: MissionPlace) -> None:
    with writing(place) as writer:
        walk(writer, "WP01", Lane.IN_PROGRESS)
        writer.record("lease_taken_over", actor="codex", wp_id="WP01", data={})
        writer.move("WP01", "for_review", actor="codex", subtasks_complete=True, implementation_evidence_present=True)
        writer.move("WP01", "in_review", actor="ada")
        writer.record("lease_taken_over", actor="bob", wp_id="WP01", data={"work": "review"})
        writer.move("WP01", "approved", actor="bob", review_result=REVIEW)
        walk(writer, "WP02", Lane.CLAIMED, "claude")
        writer.record("lease_taken_over", actor="eve", wp_id="WP02", data={})
    status = read_status(place)
    assert implementers(status.events, status.mission_events) == {"WP01": Holder("codex"), "WP02": Holder("eve")}
    assert status.holders() == {"WP02": Holder("eve")}
