"""Who holds a work package and who implemented it, told by the logs alone.

A lease file only says whether that holder is quiet (see `workspaces/leases.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from specify_cli.kernel import clock
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot

WORKING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})
HELD = WORKING | {Lane.IN_REVIEW}
TAKEN_OVER = "lease_taken_over"


OFFERED = "s-"  # what every session id begins with that the tool offered
_OFFERED = re.compile(rf"{OFFERED}[0-9a-f]{{8}}\Z")


@frozen
class Holder:
    """An actor and its session; sessions without an id cannot be told apart."""

    actor: str
    session: str | None = None

    def __str__(self) -> str:
        return f"{self.actor} ({self.session})" if self.session else self.actor

    @property
    def nameless(self) -> Holder | None:
        """Who a session was before it took an id that the tool offered, which tells nobody apart; else None."""
        return Holder(self.actor) if self.session is not None and _OFFERED.match(self.session) else None


def holders(snapshot: StatusSnapshot, events: Iterable[MissionEvent]) -> dict[str, Holder]:
    """Work package -> holder: the latest claim, or a later take-over of it.

    Args:
        snapshot: the fold of the status log.
        events: the mission log.
    """
    held: dict[str, tuple[str, Holder | None]] = {}
    for wp_id, state in snapshot.work_packages.items():
        if state["holder_actor"] is not None:
            since = clock.sort_key(state["holder_since"] or "")
            held[wp_id] = (since, Holder(state["holder_actor"], state["holder_session"]))
        elif state["lane"] in HELD:
            held[wp_id] = (clock.sort_key(state["last_transition_at"]), None)  # an older version did not say who
    for event in events:
        if event.type == TAKEN_OVER and event.wp_id in held and clock.sort_key(event.at) > held[event.wp_id][0]:
            held[event.wp_id] = (clock.sort_key(event.at), Holder(event.actor, event.session))
    return {wp_id: holder for wp_id, (_, holder) in held.items() if holder is not None}


def takeover_data(before: Holder | None, session: str | None, source: str | None) -> dict[str, object]:
    """What the event of a take-over says of both sides.

    Args:
        before: who held it; None where an older version did not say.
        session, source: of whoever takes over: its id, and who gave it.
    """
    data: dict[str, object] = {"from": {"actor": before.actor, "session": before.session} if before else None}
    return data | ({"session_source": source} if session and source else {})


def self_reviewed(events: Iterable[StatusEvent]) -> list[str]:
    """Work packages that were approved by who had implemented them, in id order."""
    last = {event.wp_id: event.self_review for event in events if event.to_lane is Lane.APPROVED}
    return sorted((wp_id for wp_id, own in last.items() if own), key=natural_key)


def implementers(events: Sequence[StatusEvent], mission_events: Iterable[MissionEvent]) -> dict[str, Holder]:
    """Work package -> who worked on it last, before any review.

    Args:
        events: the status log in fold order.
        mission_events: the mission log, for work that was taken over.
    """
    found: dict[str, tuple[str, Holder]] = {}
    for event in events:
        if event.to_lane in WORKING or (event.to_lane is Lane.FOR_REVIEW and event.from_lane in WORKING):
            found[event.wp_id] = (clock.sort_key(event.at), Holder(event.actor, event.session))
    for taken in mission_events:
        if taken.type == TAKEN_OVER and taken.wp_id in found:
            at = clock.sort_key(taken.at)
            if at >= found[taken.wp_id][0] and taken.data.get("work") != "review":
                found[taken.wp_id] = (at, Holder(taken.actor, taken.session))
    return {wp_id: holder for wp_id, (_, holder) in found.items()}
