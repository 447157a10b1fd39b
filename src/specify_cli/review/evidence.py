"""The evidence of a verdict, and who may give it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from specify_cli.kernel import clock
from specify_cli.kernel.config import Config
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import folded_name
from specify_cli.kernel.values import replace
from specify_cli.status.evidence import DoneEvidence, ReviewApproval, ReviewResult
from specify_cli.status.holders import TAKEN_OVER, Holder
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent

APPROVED = "approved"
AGENTS_OWN = "agent"  # the source of a session's id where the agent's own program gave it
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
    """Whether somebody would review what they implemented: the same actor in the same session, or before it had one."""
    return implementer is not None and implementer in (reviewer, reviewer.nameless)


def is_another(one: Holder, source: str | None, other: Holder, other_source: str | None) -> bool:
    """Whether two are certainly not the same: by name, or by sessions whose ids both come from the programs themselves.

    Args:
        source, other_source: who gave the session its id; an id that somebody gave proves nothing.
    """
    if folded_name(one.actor) != folded_name(other.actor):
        return True
    theirs = source == other_source == AGENTS_OWN
    return theirs and None not in (one.session, other.session) and one.session != other.session


def workers(
    events: Iterable[StatusEvent], mission_events: Iterable[MissionEvent], wp_id: str, implementer: Holder | None
) -> list[tuple[Holder, str | None]]:
    """Whoever did the work that a review is about, each with who gave the session its id.

    That is the implementer, and whoever asked for another review of approved work: what came since may be theirs.
    """
    asked: Holder | None = None
    sources: dict[Holder, set[str | None]] = {}
    for event in events:
        if event.wp_id == wp_id:
            holder = Holder(event.actor, event.session)
            sources.setdefault(holder, set()).add(event.session_source)
            if event.to_lane is Lane.FOR_REVIEW and event.from_lane is not Lane.IN_REVIEW:
                asked = holder if event.from_lane in (Lane.APPROVED, Lane.DONE) else None
    for taken in mission_events:
        source = taken.data.get("session_source")
        if taken.type == TAKEN_OVER and taken.wp_id == wp_id and isinstance(source, str):
            sources.setdefault(Holder(taken.actor, taken.session), set()).add(source)
    found = dict.fromkeys(each for each in (implementer, asked) if each is not None)
    return [(each, AGENTS_OWN if sources.get(each) == {AGENTS_OWN} else None) for each in found]


def config_for(config: Config, events: Iterable[StatusEvent], wp_id: str) -> Config:
    """The settings as they count for one work package: what was handed over without a change is for others to judge."""
    own = [event for event in events if event.wp_id == wp_id]
    if not any(event.no_change for event in own):
        return config
    record = load("specify_cli.status.approvals:review_record")(own, wp_id)
    return replace(config, review_by="other") if record.no_change is not None else config


def judges_own(
    config: Config,
    reviewer: Holder,
    source: str | None,
    events: Iterable[StatusEvent],
    mission_events: Iterable[MissionEvent],
    wp_id: str,
    implementer: Holder | None,
) -> bool:
    """Whether somebody would judge their own work; where another has to review, whether that cannot be ruled out.

    Args:
        source: who gave the reviewer's session its id.
    """
    if config.review_by == "other":
        return not all(
            is_another(reviewer, source, *worker) for worker in workers(events, mission_events, wp_id, implementer)
        )
    return is_own_work(reviewer, implementer)


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
    mine = {reviewer, reviewer.nameless}
    acts = [(event.at, Holder(event.actor, event.session)) for event in events if not event.is_bootstrap]
    acts += [(event.at, Holder(event.actor, event.session)) for event in mission_events if event.type in _AT_THE_LOOP]
    return max((clock.sort_key(at) for at, who in acts if who not in mine), default="") <= clock.stamp(since)
