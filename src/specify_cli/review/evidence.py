"""The evidence of a verdict, and who may give it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from specify_cli.kernel import clock
from specify_cli.kernel.config import Config
from specify_cli.status.evidence import DoneEvidence, ReviewApproval, ReviewResult
from specify_cli.status.holders import TAKEN_OVER, Holder
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import StatusEvent

APPROVED = "approved"
CHANGES_REQUESTED = "changes_requested"
ALONE_AFTER = timedelta(minutes=30)
_AT_THE_LOOP = frozenset({"step_issued", "step_reported", "lease_taken_over"})


def approval(reviewer: str, reference: str) -> DoneEvidence:
    """The evidence that a reviewer approved a commit."""
    return DoneEvidence(ReviewApproval(reviewer, APPROVED, reference))


def result(reviewer: str, verdict: str, reference: str, feedback: str | None = None) -> ReviewResult:
    """The review result that leaves in_review."""
    return ReviewResult(reviewer, verdict, reference, feedback)


def is_own_work(reviewer: Holder, implementer: Holder | None) -> bool:
    """Whether somebody would review what they implemented: the same actor in the same session."""
    return implementer is not None and reviewer == implementer


def may_review_own(
    config: Config, events: Iterable[StatusEvent], mission_events: Iterable[MissionEvent], reviewer: Holder
) -> bool:
    """Whether one's own work may be reviewed: configured, or nobody else has acted on the mission for half an hour.

    To act is to move a work package, or to take or report a step: who does neither is nobody to leave a review to.

    `review.by: other` forbids it whatever else is said.
    """
    if config.review_by == "other":
        return False
    if config.review_self:
        return True
    since = clock.now() - ALONE_AFTER
    mission_events = list(mission_events)
    mine = {reviewer, *_before_its_id(mission_events, reviewer)}
    acts = [(event.at, Holder(event.actor, event.session)) for event in events if not event.is_bootstrap]
    acts += [(event.at, Holder(event.actor, event.session)) for event in mission_events if event.type in _AT_THE_LOOP]
    return max((clock.sort_key(at) for at, who in acts if who not in mine), default="") <= clock.stamp(since)


def _before_its_id(mission_events: Iterable[MissionEvent], reviewer: Holder) -> Iterable[Holder]:
    """Who a session was before it was given its id."""
    for event in mission_events:
        if event.type == TAKEN_OVER and event.data.get("taken_up") and Holder(event.actor, event.session) == reviewer:
            yield Holder(event.actor)
