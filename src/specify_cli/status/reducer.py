"""The fold of a mission's events into a snapshot: pure, and the same for any order, split or duplication of them.

Events are ordered by (at, event id); at one instant a reviewer's rollback comes last. An unforced event that names
the event it builds on (`prev`) is applied only when the fold ends in that one. Otherwise it was made in a clone that
had not seen the other's move: it is kept, not applied, and reported as a lost claim until a forced move settles it.
Every other event is applied in its turn: forced ones, and those of versions and programs that write no `prev`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.legacy import NO_HOLDERS
from specify_cli.kernel.values import replace
from specify_cli.status.models import Lane, LostClaim, StatusEvent, StatusSnapshot, WorkPackageState
from specify_cli.status.transitions import CANONICAL_LANES, is_give_back

SNAPSHOT_FILENAME = "status.json"
_REVIEW_LANES = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})
_REWORK_LANES = frozenset({Lane.PLANNED, Lane.IN_PROGRESS})

OrderKey = tuple[str, bool, str]
Holder = tuple[str, str | None, str]


def order_key(event: StatusEvent) -> OrderKey:
    """Where an event stands in fold order."""
    return clock.sort_key(event.at), is_rollback(event), event.event_id


def is_rollback(event: StatusEvent) -> bool:
    """Whether a reviewer sends the work back."""
    return event.review_ref is not None and event.from_lane in _REVIEW_LANES and event.to_lane in _REWORK_LANES


def distinct(events: Iterable[StatusEvent]) -> list[StatusEvent]:
    """The events without identical duplicates.

    Raises:
        Refused: `EVENT_ID_CONFLICT`: one id with two contents.
    """
    found: dict[str, StatusEvent] = {}
    for event in events:
        known = found.setdefault(event.event_id, event)
        if known is not event and known != event:
            raise Refused(
                f"event {event.event_id} of {event.wp_id} is in the log with two different contents",
                "EVENT_ID_CONFLICT",
                hint=spec_kitty("agent status validate"),
                details={"event_id": event.event_id, "wp_id": event.wp_id},
            )
    return list(found.values())


def in_order(events: Iterable[StatusEvent]) -> list[StatusEvent]:
    """Distinct events in fold order; raises as `distinct`."""
    return sorted(distinct(events), key=order_key)


def reduce(events: Iterable[StatusEvent]) -> StatusSnapshot:
    """The snapshot of some events, in whatever order they come.

    Raises:
        Refused: `EVENT_ID_CONFLICT`.
    """
    return Fold.of(in_order(events)).snapshot()


def materialize_to_json(snapshot: StatusSnapshot) -> str:
    """The snapshot as the text of `status.json`."""
    return json.dumps(snapshot.to_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(slots=True)
class _Track:
    """One work package under the fold. `before` is the last event's id before the instant of the last move."""

    lane: Lane = Lane.PLANNED
    last: StatusEvent | None = None
    force_count: int = 0
    holder: Holder | None = None
    implementer: Holder | None = None
    bootstraps: set[str] = field(default_factory=set)
    before: str | None = None
    instant: str = ""
    moved_now: list[StatusEvent] = field(default_factory=list)
    lost: dict[str, LostClaim] = field(default_factory=dict)
    root_of: dict[str, str] = field(default_factory=dict)

    def accepts(self, event: StatusEvent) -> bool:
        """Whether an unforced event builds on what has been folded, or does not say what it builds on."""
        return event.prev is None or self.last is None or self._builds_on(event, self.last.event_id)

    def overrules(self, event: StatusEvent, instant: str) -> bool:
        """Whether it is a rollback made at the same instant as the moves folded last, without knowing of them."""
        return (
            instant == self.instant
            and is_rollback(event)
            and self._builds_on(event, self.before)
            and not any(moved.force or is_rollback(moved) for moved in self.moved_now)
        )

    def _builds_on(self, event: StatusEvent, last_id: str | None) -> bool:
        # Two clones may each have introduced the work package: either introduction will do.
        return event.prev == last_id or (event.prev in self.bootstraps and last_id in self.bootstraps)

    def lose(self, event: StatusEvent, winner: StatusEvent | None) -> None:
        """Remember a move that was not applied, joined to the lost one that it builds on."""
        root = self.root_of.get(event.prev or "", event.event_id)
        self.root_of[event.event_id] = root
        known = self.lost.get(root)
        if known is not None:
            self.lost[root] = replace(known, moves=known.moves + 1)
            return
        self.root_of[event.event_id] = event.event_id
        self.lost[event.event_id] = LostClaim(
            event.wp_id, event.event_id, event.at, event.actor, event.session, event.from_lane, event.to_lane, 1,
            winner.event_id if winner else None, winner.actor if winner else None, winner.session if winner else None,
            self.lane, event.mission_slug,
        )  # fmt: skip

    def displace(self, winner: StatusEvent) -> None:
        """The moves of this instant give way to a rollback."""
        for displaced in self.moved_now:
            self.lose(displaced, winner)
        self.moved_now.clear()

    def take(self, event: StatusEvent, instant: str) -> None:
        """Apply a move."""
        if instant != self.instant:
            self.before = self.last.event_id if self.last else None
            self.instant = instant
            self.moved_now.clear()
        self.moved_now.append(event)
        self._hold(event)
        self.lane = event.to_lane
        self.last = event
        if event.force and not event.is_bootstrap:
            self.force_count += _is_counted(event)
            self.lost.clear()

    def _hold(self, event: StatusEvent) -> None:
        """Who holds the work package after a move. Settling a dispute by a forced move in place changes no holder."""
        if event.to_lane is self.lane and self.holder is not None:
            return
        mover: Holder | None = (event.actor, event.session, event.at)
        if event.actor in NO_HOLDERS:
            mover = None
        match event.to_lane:
            case Lane.CLAIMED:
                self.holder = self.implementer = mover
            case Lane.IN_PROGRESS:
                self.holder = self.implementer = self.implementer or mover
            case Lane.IN_REVIEW:
                self.holder = mover
            case Lane.BLOCKED:
                pass
            case Lane.PLANNED:
                self.holder = self.implementer = None
            case _:
                self.holder = None

    def state(self, last: StatusEvent) -> WorkPackageState:
        """What the snapshot says of it."""
        actor, session, since = self.holder or (None, None, None)
        return {
            "lane": self.lane,
            "actor": last.actor,
            "session": last.session,
            "last_transition_at": last.at,
            "last_event_id": last.event_id,
            "force_count": self.force_count,
            "holder_actor": actor,
            "holder_session": session,
            "holder_since": since,
        }


def _is_counted(event: StatusEvent) -> bool:
    """Whether a forced move overrides a rule, and is not one by which the tool gives work back or takes it over."""
    return not event.is_taken_over and not is_give_back(event.from_lane, event.to_lane)


class Fold:
    """A fold that can go on: a writer adds each of its own moves to it."""

    __slots__ = ("_count", "_last", "_slug", "_tracks")

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}
        self._count = 0
        self._last: StatusEvent | None = None
        self._slug = ""

    @classmethod
    def of(cls, events: Iterable[StatusEvent]) -> Fold:
        """The fold of distinct events that are in order."""
        fold = cls()
        for event in events:
            fold.apply(event)
        return fold

    def apply(self, event: StatusEvent) -> bool:
        """Fold one more event, which sorts after all before it. Returns whether it was applied."""
        track = self._tracks.get(event.wp_id)
        if track is None:
            track = self._tracks[event.wp_id] = _Track()
        self._count += 1
        self._last = event
        self._slug = event.mission_slug or self._slug
        instant = clock.sort_key(event.at)
        if event.is_bootstrap:
            track.bootstraps.add(event.event_id)
            if track.last is not None:
                return False  # introduced already: it must not undo what was done since
        elif not event.force and not track.accepts(event):
            if not track.overrules(event, instant):
                track.lose(event, track.last)
                return False
            track.displace(event)
        track.take(event, instant)
        return True

    def last_applied(self, wp_id: str) -> StatusEvent | None:
        """The event that brought a work package to where it is."""
        track = self._tracks.get(wp_id)
        return None if track is None else track.last

    def lane_of(self, wp_id: str) -> Lane:
        """A work package's lane; planned where no event names it."""
        track = self._tracks.get(wp_id)
        return Lane.PLANNED if track is None else track.lane

    def snapshot(self) -> StatusSnapshot:
        """What has been folded so far."""
        tracks = sorted(self._tracks.items(), key=lambda item: (len(item[0]), item[0]))
        states = {wp_id: track.state(track.last) for wp_id, track in tracks if track.last is not None}
        summary = dict.fromkeys(CANONICAL_LANES, 0)
        for state in states.values():
            summary[state["lane"].value] += 1
        lost = tuple(replace(claim, lane=track.lane) for _, track in tracks for claim in track.lost.values())
        return StatusSnapshot(
            mission_slug=self._slug,
            materialized_at=self._last.at if self._last else "",
            event_count=self._count,
            last_event_id=self._last.event_id if self._last else None,
            work_packages=states,
            summary=summary,
            lost_claims=lost,
        )
