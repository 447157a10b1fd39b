"""One status transition with all that a program says about it; the guards decide, nothing is looked up for it."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import Committed, milestone, publish_mode
from specify_cli.core.work_packages import load_work_packages, require_work_package
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.values import frozen
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.refusals import self_review_refused
from specify_cli.review.evidence import CHANGES_REQUESTED, is_own_work, result
from specify_cli.status.emit import Writer, writing
from specify_cli.status.evidence import ReviewResult
from specify_cli.status.holders import HELD, Holder, implementers
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import APPROVING, MoveOptions
from specify_cli.status.reading import read_status
from specify_cli.status.transitions import parse_lane
from specify_cli.workspaces import leases
from specify_cli.workspaces.lookup import workspace_of

_JUDGED = APPROVING | {Lane.IN_REVIEW}
_REVIEWED = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})


@frozen
class Recorded:
    """A transition that was recorded, and the milestone it reached."""

    event: StatusEvent
    committed: Committed


def record_transition(context: Context, actor: Actor, wp_id: str, to_lane: str, options: MoveOptions) -> Recorded:
    """Record one transition of a work package.

    An approval, a rejection and a move to done are milestones: the log is published and committed.

    Args:
        wp_id: a work package of the plan, or one that only the log knows (it was removed from the plan).
        to_lane: a lane name; the alias `doing` is understood.
        options: what is said about it. Where no review result is given, the review in the evidence, or for a
            rejection a review reference alone, stands for the one that leaves in_review.

    Raises:
        NotFound: `WP_NOT_FOUND`.
        TransitionError: `TRANSITION_REJECTED`, with every unmet condition.
        Conflict: `WP_ALREADY_CLAIMED`.
        Refused: `SELF_REVIEW`, for one's own work where `review.by` is other, unless forced.
    """
    place = context.place
    require_known(context, wp_id)
    workspace = workspace_of(place, read_lanes(place), wp_id)
    said: MoveOptions = {
        "workspace": workspace.record() if workspace else None,
        **options,
        "session": actor.session,
        "review_result": options.get("review_result") or _review_result(actor.name, to_lane, options),
        "policy_metadata": actor.policy,
    }
    with writing(place, publish=publish_mode(context.config), doing=f"move {wp_id} to {to_lane}") as log:
        said["self_review"] = parse_lane(to_lane) in _JUDGED and _is_own(context, actor, log, wp_id)
        if said["self_review"] and context.config.review_by == "other" and not said.get("force"):
            raise self_review_refused(wp_id, place.slug, actor)
        event = log.move(wp_id, to_lane, actor=actor.name, **said)
    if event.to_lane in HELD:
        leases.touch(place, wp_id, actor.name, actor.session)
    else:
        leases.release(place, wp_id)
    subject = _subject(event)
    return Recorded(event, milestone(place, context.config, subject) if subject else Committed())


def _is_own(context: Context, actor: Actor, log: Writer, wp_id: str) -> bool:
    """Whether the actor would judge its own work; the name of a program that drives agents stands for several."""
    if actor.policy is not None and context.config.review_by != "other":
        return False
    return is_own_work(Holder(actor.name, actor.session), implementers(log.events, log.mission_events).get(wp_id))


def require_known(context: Context, wp_id: str) -> None:
    """Make sure that there is a work package of that id, in the plan or only in the log.

    Raises:
        NotFound: `WP_NOT_FOUND`.
    """
    try:
        require_work_package(load_work_packages(context.place), wp_id, context.place.slug)
    except NotFound:
        if wp_id not in read_status(context.place).snapshot.work_packages:
            raise


def _review_result(actor: str, to_lane: str, options: MoveOptions) -> ReviewResult | None:
    """The review that the caller names, or None; an approval by a reference alone would have no reviewer."""
    evidence, reference = options.get("evidence"), options.get("review_ref")
    review = evidence.get("review") if isinstance(evidence, Mapping) else None
    if isinstance(review, Mapping):
        return ReviewResult.from_dict(review)
    return result(actor, CHANGES_REQUESTED, reference) if reference and to_lane not in APPROVING else None


def _subject(event: StatusEvent) -> str:
    """What the commit of a milestone says; empty where the transition is none."""
    if event.to_lane is Lane.APPROVED:
        return f"approve {event.wp_id}"
    if event.to_lane is Lane.DONE:
        return f"{event.wp_id} done"
    if event.from_lane in _REVIEWED and event.to_lane in (Lane.PLANNED, Lane.IN_PROGRESS):
        return f"request changes to {event.wp_id}"
    return ""
