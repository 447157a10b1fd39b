"""How a work package came to where it is: who reviewed it, and what people should know of its moves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specify_cli.kernel.legacy import NO_HOLDERS
from specify_cli.kernel.values import frozen, replace
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane, StatusEvent

FORCED, SELF_REVIEW, NO_CHANGE = "forced", "self_review", "no_change"
_FORWARD = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED, Lane.DONE})
_REVIEWING = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})


@frozen
class Course:
    """What became of a work package since its work last began.

    Args:
        reviewer: who approved it; None while nobody has.
        forced: whether a move past a gate was forced.
        self_review: whether its reviewer was who built it.
        no_change: why it has no change, where it was handed over without one.
    """

    reviewer: Holder | None = None
    forced: bool = False
    self_review: bool = False
    no_change: str | None = None

    @property
    def marks(self) -> list[str]:
        """What people should know, as JSON answers name it."""
        known = ((FORCED, self.forced), (SELF_REVIEW, self.self_review), (NO_CHANGE, self.no_change is not None))
        return [mark for mark, holds in known if holds]


def courses(events: Iterable[StatusEvent]) -> Mapping[str, Course]:
    """Work package -> its course.

    Args:
        events: the status log in fold order.
    """
    found: dict[str, Course] = {}
    for event in events:
        before = found.get(event.wp_id, Course())
        if event.to_lane not in _FORWARD or event.is_bootstrap:
            # A review that is put down leaves the work as it was; everything else begins it anew.
            found[event.wp_id] = before if event.to_lane is Lane.BLOCKED else Course()
            continue
        after = replace(before, forced=before.forced or (event.force and event.from_lane not in _put_down(event)))
        if event.to_lane is Lane.FOR_REVIEW and event.from_lane not in _REVIEWING:
            after = replace(after, reviewer=None, self_review=False, no_change=event.no_change)
        elif event.to_lane is Lane.FOR_REVIEW:
            after = replace(after, reviewer=None, self_review=False)
        elif event.to_lane is Lane.APPROVED or (event.to_lane is Lane.DONE and event.from_lane is not Lane.APPROVED):
            after = replace(after, reviewer=_reviewer(event), self_review=event.self_review)
        found[event.wp_id] = after
    return found


def _reviewer(event: StatusEvent) -> Holder | None:
    """Who gave the approval: the reviewer that its evidence names, whoever recorded it; of taken-over work nobody."""
    told = event.evidence.review.reviewer if event.evidence is not None else event.actor
    if told in NO_HOLDERS:
        return None
    return Holder(told, event.session if told == event.actor else None)


def _put_down(event: StatusEvent) -> frozenset[Lane]:
    """Lanes from which a forced move to this one only gives a review back."""
    return frozenset({Lane.IN_REVIEW}) if event.to_lane is Lane.FOR_REVIEW else frozenset()
