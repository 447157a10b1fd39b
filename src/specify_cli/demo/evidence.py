"""What really happened in a mission, told by its published logs; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from specify_cli.demo.story import BY_ID, PACKAGES
from specify_cli.kernel.values import frozen

Event = Mapping[str, object]

IMPLEMENT = "implement"
REVIEW = "review"
_BEGINS = {"claimed": IMPLEMENT, "in_review": REVIEW}
_ENDS = {IMPLEMENT: ("for_review",), REVIEW: ("approved", "planned")}


@frozen
class Span:
    """Somebody at work on a work package, without a break.

    Args:
        lane_id: the execution lane.
        action: `implement` or `review`.
        start, end: timestamps as the log has them.
    """

    wp_id: str
    lane_id: str
    action: str
    agent: str
    start: str
    end: str

    def to_dict(self) -> dict[str, str]:
        """As it stands in the answer."""
        return {"action": self.action, "agent": self.agent, "started_at": self.start, "ended_at": self.end}


def lane_of(lanes: Mapping[str, object]) -> dict[str, str]:
    """Work package -> its lane, from lanes.json."""
    found: dict[str, str] = {}
    for lane in mappings(lanes.get("lanes")):
        for wp_id in texts(lane.get("wp_ids")):
            found[wp_id] = str(lane.get("lane_id"))
    return found


def spans(events: Sequence[Event], lanes: Mapping[str, str]) -> list[Span]:
    """Who worked on what and when, in order of the beginning.

    Args:
        events: of the status log, in any order.
        lanes: work package -> lane.
    """
    found: list[Span] = []
    begun: dict[str, tuple[str, Event]] = {}
    for event in sorted(events, key=lambda each: (str(each.get("at")), str(each.get("event_id")))):
        wp_id, to_lane, at = str(event.get("wp_id")), str(event.get("to_lane")), str(event.get("at"))
        if wp_id in begun and to_lane in _ENDS[begun[wp_id][0]]:
            action, start = begun.pop(wp_id)
            agent, lane = str(start.get("actor")), lanes.get(wp_id, "")
            found.append(Span(wp_id, lane, action, agent, str(start.get("at")), at))
        if to_lane in _BEGINS:
            begun[wp_id] = (_BEGINS[to_lane], event)
    return sorted(found, key=lambda span: span.start)


def busiest_moment(worked: Iterable[Span]) -> tuple[str, tuple[str, ...]]:
    """The moment at which most lanes were being implemented in, and those lanes.

    Args:
        worked: spans; reviews do not count.
    """
    written = [span for span in worked if span.action == IMPLEMENT]
    best: tuple[str, tuple[str, ...]] = ("", ())
    for moment in sorted({span.start for span in written}):
        busy = tuple(sorted({span.lane_id for span in written if span.start <= moment < span.end}))
        if len(busy) > len(best[1]):
            best = (moment, busy)
    return best


def ordered(worked: Sequence[Span], events: Iterable[Event], before: str, after: str) -> bool:
    """Whether the second work package was begun only after the first was approved."""
    approved = [
        str(event.get("at")) for event in events if event.get("wp_id") == before and event.get("to_lane") == "approved"
    ]
    begun = [span.start for span in worked if span.wp_id == after]
    return bool(approved and begun) and max(approved) < min(begun)


def by_package(worked: Sequence[Span], lanes: Mapping[str, str]) -> list[dict[str, object]]:
    """Every work package with its lane, its start, its end and who did what."""
    found: list[dict[str, object]] = []
    for package in PACKAGES:
        own = [span for span in worked if span.wp_id == package.id]
        found.append(
            {
                "id": package.id,
                "title": BY_ID[package.id].title,
                "lane_id": lanes.get(package.id),
                "started_at": min((span.start for span in own), default=None),
                "ended_at": max((span.end for span in own), default=None),
                "spans": [span.to_dict() for span in own],
            }
        )
    return found


def mappings(value: object) -> list[Mapping[str, object]]:
    """The objects of a JSON list; none where it is something else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The entries of a JSON list as texts."""
    return [str(each) for each in value] if isinstance(value, list) else []
