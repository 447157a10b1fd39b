"""What the log says of the review that a work package is in, or came through last: what was handed over and shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from specify_cli.kernel.values import frozen, replace
from specify_cli.status.models import Lane, StatusEvent

_BEFORE = frozenset({Lane.PLANNED, Lane.CLAIMED, Lane.IN_PROGRESS})


@frozen
class Round:
    """One round of review of a work package.

    Args:
        lane_id, branch, base: of its workspace, as they were recorded.
        start: the lane's tip when its work began, where that is another commit than the base.
        handed: the commit that was handed over.
        shown: the commit that was the head when the review was claimed.
        no_change: why nothing had to be changed, in the words of whoever handed it over so.
        asked_by: who asked for another review of approved work.
    """

    lane_id: str | None = None
    branch: str | None = None
    base: str | None = None
    handed: str | None = None
    shown: str | None = None
    no_change: str | None = None
    asked_by: StatusEvent | None = None
    start: str | None = None

    @property
    def head(self) -> str | None:
        """The commit that a verdict is about; None where none was recorded."""
        return self.shown or self.handed


def rounds(events: Iterable[StatusEvent]) -> dict[str, Round]:
    """Work package -> the round of review it is in, or came through last; none where it was sent back since.

    Args:
        events: the status log in fold order.
    """
    found: dict[str, Round] = {}
    for event in events:
        data: Mapping[str, object] = event.workspace or {}
        before = found.get(event.wp_id)
        if event.to_lane is Lane.FOR_REVIEW and event.from_lane is not Lane.IN_REVIEW:
            reopened = event if event.from_lane in (Lane.APPROVED, Lane.DONE) else None
            lane_id, branch, base, head = (_text(data.get(name)) for name in ("lane_id", "branch", "base", "head"))
            found[event.wp_id] = Round(
                lane_id, branch, base, head, None, event.no_change, reopened, _text(data.get("start"))
            )
        elif event.to_lane in _BEFORE:
            found.pop(event.wp_id, None)
        elif before is not None and event.to_lane in (Lane.IN_REVIEW, Lane.FOR_REVIEW):
            shown = _text(data.get("head")) if event.to_lane is Lane.IN_REVIEW else None
            found[event.wp_id] = replace(before, shown=shown)
    return found


def round_of(events: Iterable[StatusEvent], wp_id: str) -> Round | None:
    """The round of one work package; None where it was not handed over, or was sent back since."""
    return rounds(event for event in events if event.wp_id == wp_id).get(wp_id)


def no_change_of(events: Iterable[StatusEvent], wp_id: str) -> str | None:
    """Why a work package changes nothing, where it was handed over so; else None."""
    found = round_of(events, wp_id)
    return found.no_change if found is not None else None


def base_of(events: Sequence[StatusEvent], wp_id: str) -> str | None:
    """The last reviewed commit below the work of a work package, as recorded last."""
    own = (event.workspace for event in reversed(events) if event.wp_id == wp_id and event.workspace)
    return next((base for data in own if (base := _text(data.get("base"))) is not None), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
