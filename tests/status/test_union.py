"""What two clones read is a union of files: however the lines were split, repeated and ordered, it says one thing."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specify_cli.home import MissionPlace
from specify_cli.status import lines, store
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reading import read_status
from specify_cli.status.reducer import reduce
from specify_cli.status.union import Kept
from specify_cli.status.validate import validate_logs
from tests.support import soak
from tests.support.git import make_repo
from tests.support.status import minute, moved, place_in, ulid

EXAMPLES = soak.times(2000)

moves = st.tuples(
    st.sampled_from(["WP01", "WP02"]),
    st.sampled_from(list(Lane)),
    st.sampled_from(list(Lane)),
    st.integers(0, 4),  # few minutes, so that many share one
    st.booleans(),  # forced
    st.sampled_from([None, "feedback://x"]),
    st.none() | st.integers(0, 12),  # builds on
    st.sampled_from(["claude", "co\ndex", "Zoë \ud800"]),
)
Drawn = list[tuple[str, Lane, Lane, int, bool, str | None, int | None, str]]


def events_of(drawn: Drawn) -> list[StatusEvent]:
    """Events with distinct ids, some at one instant, forced or not, building on each other or on nothing."""
    return [
        moved(
            source, target, wp_id=wp_id, at=minute(at), event_id=ulid(number), actor=actor, force=force,
            review_ref=reference, reason="x", **({} if prev is None else {"prev": ulid(prev)}),
        )
        for number, (wp_id, source, target, at, force, reference, prev, actor) in enumerate(drawn)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sides:
    """Two clones of a mission."""

    here: MissionPlace
    there: MissionPlace

    def write(self, side: MissionPlace, journal: list[bytes], copy: list[bytes]) -> None:
        """Give one side its files."""
        side.journal.parent.mkdir(parents=True, exist_ok=True)
        side.journal.write_bytes(b"".join(journal))
        (side.feature_dir / store.EVENTS_FILENAME).write_bytes(b"".join(copy))


def line_of(event: StatusEvent, chance: random.Random) -> bytes:
    """The event as one of the lines that mean it: other spacing, other order of keys, other line ending."""
    keys = list(event.to_dict().items())
    chance.shuffle(keys)
    text = json.dumps(dict(keys), ensure_ascii=True, separators=chance.choice([None, (",", ":")]))
    return text.encode() + chance.choice([b"\n", b"\r\n", b" \n\n"])


def shuffled(events: list[StatusEvent], chance: random.Random) -> list[bytes]:
    """Lines of some events in any order, some of them twice."""
    found = [line_of(event, chance) for event in (*events, *(chance.choices(events, k=2) if events else ()))]
    chance.shuffle(found)
    return found


@pytest.mark.soak
def test_any_split_duplication_and_order_in_two_clones_gives_one_snapshot(tmp_path: Path) -> None:
    sides = Sides(place_in(make_repo(tmp_path / "here").path), place_in(make_repo(tmp_path / "there").path))

    @given(st.lists(moves, max_size=13), st.randoms(use_true_random=False))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def holds(drawn: Drawn, chance: random.Random) -> None:
        events = events_of(drawn)
        expected = reduce(events)
        for side in (sides.here, sides.there):
            # Each event is in the journal, in the copy or in both.
            wheres = [chance.choice(["journal", "copy", "both"]) for _ in events]
            split = {
                kind: [event for event, where in zip(events, wheres, strict=True) if where in (kind, "both")]
                for kind in ("journal", "copy")
            }
            sides.write(side, shuffled(split["journal"], chance), shuffled(split["copy"], chance))
        here, there = read_status(sides.here), read_status(sides.there)
        assert here.snapshot == there.snapshot
        assert here.snapshot.work_packages == expected.work_packages
        assert here.snapshot.lost_claims == expected.lost_claims
        assert here.events == there.events
        for side in (sides.here, sides.there):
            found = {each.code for each in validate_logs(*readings(side)).problems}
            assert not found & {"CORRUPT_LINE", "EVENT_ID_CONFLICT", "TORN_TAIL"}

    holds()


def readings(place: MissionPlace) -> tuple[store.Reading[Kept], store.Reading[Kept]]:
    return store.read_values(store.status_log(place)), store.read_values(store.mission_log_file(place))


@pytest.mark.soak
def test_publishing_from_both_sides_and_merging_by_lines_gives_one_snapshot(tmp_path: Path) -> None:
    """As git's union does: lines of both copies, those of both only once or twice."""
    sides = Sides(place_in(make_repo(tmp_path / "here").path), place_in(make_repo(tmp_path / "there").path))

    @given(st.lists(moves, max_size=13), st.randoms(use_true_random=False))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def holds(drawn: Drawn, chance: random.Random) -> None:
        events = events_of(drawn)
        mine = [event for event in events if chance.random() < 0.6]
        theirs = [event for event in events if event not in mine or chance.random() < 0.4]
        published = [event for event in mine if event in theirs]
        base = lines.encode(event.to_dict() for event in published)
        for side, own in ((sides.here, mine), (sides.there, theirs)):
            sides.write(side, [lines.encode(event.to_dict() for event in own)], [base])
            store.publish(store.status_log(side))
        copies = [(side.feature_dir / store.EVENTS_FILENAME).read_bytes() for side in (sides.here, sides.there)]
        assert all(copy.startswith(base) for copy in copies)
        tails = [copy[len(base) :] for copy in copies]
        chance.shuffle(tails)
        for side in (sides.here, sides.there):
            (side.feature_dir / store.EVENTS_FILENAME).write_bytes(base + b"".join(tails))
        for side in (sides.here, sides.there):
            status = read_status(side)
            assert status.snapshot.work_packages == reduce(events).work_packages
            assert status.snapshot.lost_claims == reduce(events).lost_claims
            assert (status.unpublished, status.problems) == (0, ())

    holds()
