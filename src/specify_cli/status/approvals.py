"""What the log says of reviews: which commit was handed over, shown and approved, and whether that approval counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from specify_cli.kernel.values import frozen, replace
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import FORCED_BY
from specify_cli.status.reducer import Fold

SETTLED = frozenset({Lane.APPROVED, Lane.DONE})
_REVIEW = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW})


# In a note: the requirements that a work package was given by it.
MAPPED = "mapped_requirements"


class Doubt(StrEnum):
    """Why an approval covers no commit."""

    NO_HEAD = "approved without a recorded head"
    OTHER_HEAD = "approved at another commit than the one that was shown"
    NO_REFERENCE = "approved by force without a review reference"
    FORCED = "approved by force, where review.by is other"


@frozen
class Approval:
    """The latest verdict of a work package, where it is an approval.

    Args:
        head: the commit that was approved; None where none was recorded.
        forced: made by force.
        doubt: why it covers nothing; None where it covers base..head.
        owned: digest of the owned files at the head, recorded for work in lane-planning.
    """

    event_id: str
    at: str
    by: str
    head: str | None
    forced: bool = False
    doubt: Doubt | None = None
    owned: str | None = None


@frozen
class ReviewRecord:
    """Where one work package stands with its review.

    Args:
        lane: its lane on the board.
        lane_id, branch: the execution lane its work was recorded in, and its branch.
        base: the commit that its review begins from, as recorded last.
        start: the lane's tip when its work began, where that is another commit.
        handed: the head recorded when it went to review; None while it is worked on.
        shown: the head recorded when the review was claimed.
        approval: the latest verdict, where that is an approval.
        approved_before: the head of an approval that was taken back since, such as by a second review.
        no_change: why nothing had to be changed, where it was handed over so.
        asked_by: who asked for another review of approved work.
    """

    wp_id: str
    lane: Lane = Lane.PLANNED
    lane_id: str | None = None
    base: str | None = None
    start: str | None = None
    handed: str | None = None
    shown: str | None = None
    approval: Approval | None = None
    approved_before: str | None = None
    no_change: str | None = None
    branch: str | None = None
    asked_by: StatusEvent | None = None

    @property
    def reviewed(self) -> str | None:
        """The commit that a verdict given now is about: what was shown, else what was handed over."""
        return self.shown or self.handed

    @property
    def covers(self) -> str | None:
        """The head whose approval counts; None where nothing is covered."""
        counts = self.approval is not None and self.approval.doubt is None and self.lane is not Lane.CANCELED
        return self.approval.head if counts and self.approval is not None else None

    @property
    def is_open(self) -> bool:
        """Whether a verdict is still to come."""
        return self.lane not in SETTLED and self.lane is not Lane.CANCELED


@frozen
class _Workspace:
    """The `workspace` of an event, as far as it is text."""

    lane_id: str | None = None
    base: str | None = None
    head: str | None = None
    owned: str | None = None
    start: str | None = None
    branch: str | None = None


def review_records(events: Iterable[StatusEvent], *, by_other: bool = False) -> dict[str, ReviewRecord]:
    """Work package -> where it stands with its review.

    Args:
        events: the status log in fold order; moves that the fold does not apply count for nothing.
        by_other: whether `review.by` is other: then a forced approval never counts.
    """
    fold, records = Fold(), dict[str, ReviewRecord]()
    for event in events:
        if fold.apply(event):
            record = records.get(event.wp_id) or ReviewRecord(event.wp_id)
            records[event.wp_id] = _after(record, event, by_other=by_other)
    return records


def review_record(events: Iterable[StatusEvent], wp_id: str, *, by_other: bool = False) -> ReviewRecord:
    """As `review_records`, of one work package; an empty one where the log does not know it."""
    own = (event for event in events if event.wp_id == wp_id)
    return review_records(own, by_other=by_other).get(wp_id) or ReviewRecord(wp_id)


def _after(record: ReviewRecord, event: StatusEvent, *, by_other: bool) -> ReviewRecord:
    where = _workspace(event.workspace)
    known = replace(
        record,
        lane=event.to_lane,
        lane_id=where.lane_id or record.lane_id,
        branch=where.branch or record.branch,
        base=where.base or record.base,
        start=where.start if where.base else record.start,
    )
    if event.to_lane in SETTLED:
        return _approved(known, event, where, by_other=by_other)
    before = record.covers or record.approved_before
    known = replace(known, approval=None, approved_before=before)
    if event.to_lane is Lane.FOR_REVIEW:
        handed = where.head or record.handed
        if event.from_lane is Lane.IN_REVIEW:
            return replace(known, handed=handed, shown=None)
        asked = event if event.from_lane in SETTLED else None
        return replace(known, handed=handed, shown=None, no_change=event.no_change, asked_by=asked)
    if event.to_lane is Lane.IN_REVIEW:
        return replace(known, shown=where.head or record.shown)
    return replace(known, handed=None, shown=None, no_change=None, asked_by=None)


def _approved(record: ReviewRecord, event: StatusEvent, where: _Workspace, *, by_other: bool) -> ReviewRecord:
    # A merge moves what was approved to done, and a settled dispute leaves it where it is: the verdict stands.
    if event.from_lane in SETTLED and record.approval is not None:
        return record
    head = record.reviewed or (where.head if event.from_lane not in _REVIEW and not event.force else None)
    doubt = _doubt(event, head, where.head, by_other=by_other)
    review = event.evidence.review if event.evidence else None
    approval = Approval(
        event.event_id,
        event.at,
        review.reviewer if review else event.actor,
        head,
        event.force,
        doubt,
        where.owned,
    )
    return replace(record, approval=approval)


def _doubt(event: StatusEvent, head: str | None, told: str | None, *, by_other: bool) -> Doubt | None:
    if event.force and by_other:
        return Doubt.FORCED
    if event.force and not _is_reference(event, head, told):
        return Doubt.NO_REFERENCE
    if head is None:
        return Doubt.NO_HEAD
    return Doubt.OTHER_HEAD if told is not None and told != head else None


def _is_reference(event: StatusEvent, head: str | None, told: str | None) -> bool:
    """Whether a forced approval names where its review is; the commit itself, which the tool fills in, says nothing."""
    reference = event.review_ref or (event.evidence.review.reference if event.evidence else "")
    return reference not in ("", head, told) and not reference.startswith(FORCED_BY)


def _workspace(data: Mapping[str, object] | None) -> _Workspace:
    if not data:
        return _Workspace()
    texts = {
        name: value
        for name in ("lane_id", "base", "head", "owned", "start", "branch")
        if isinstance(value := data.get(name), str)
    }
    return _Workspace(**{name: value for name, value in texts.items() if value})


def mapped_since(events: Iterable[StatusEvent], facts: Iterable[MissionEvent]) -> dict[str, tuple[str, ...]]:
    """Work package -> requirements that it was given after its approval, which nobody reviewed it for."""
    approved: dict[str, str] = {}
    for event in events:
        if event.to_lane not in SETTLED:
            approved.pop(event.wp_id, None)
        elif event.from_lane not in SETTLED:
            approved[event.wp_id] = event.at
    found: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        refs = fact.data.get(MAPPED) if fact.type == "note" else None
        wp_id = fact.wp_id or ""
        if isinstance(refs, list) and fact.at > approved.get(wp_id, "9"):
            found[wp_id] = tuple(dict.fromkeys([*found.get(wp_id, ()), *map(str, refs)]))
    return found
