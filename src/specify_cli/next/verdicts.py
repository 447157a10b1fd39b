"""Verdicts of a review, and work given back."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import Committed, milestone, publish_mode
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.next.refusals import already_claimed, self_review_refused
from specify_cli.review.cycles import next_feedback
from specify_cli.review.evidence import APPROVED, CHANGES_REQUESTED, approval, is_own_work, may_review_own, result
from specify_cli.review.findings import Finding, findings_of
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import WORKING, Holder, implementers
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces import leases
from specify_cli.workspaces.lookup import Workspace, workspace_of


@frozen
class Verdict:
    """A verdict that was recorded.

    Args:
        event: the last move it made.
        feedback_file: where its feedback stands, below the mission folder.
        findings: all findings on the work package after it.
    """

    event: StatusEvent
    committed: Committed
    feedback_file: str | None = None
    self_review: bool = False
    findings: tuple[Finding, ...] = ()


def approve(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    manifest: LanesManifest | None,
    *,
    reviewer: str | None = None,
    reference: str | None = None,
    note: str | None = None,
    force: bool = False,
) -> Verdict:
    """Approve a work package; from for_review this claims the review in the same hold of the lock.

    Args:
        reviewer: who reviewed, where that is not the actor.
        reference: of the approval; the reviewed commit where none is given.

    Raises:
        Conflict: `WP_ALREADY_CLAIMED`: another holds the review.
        Refused: `SELF_REVIEW`.
    """
    place = context.place
    name = reviewer or actor.name
    with writing(place, publish=publish_mode(context.config)) as log:
        own = _begin_verdict(context, actor, package, log, force=force)
        workspace = workspace_of(place, manifest, package.id)
        head = _reviewed_commit(log, package.id, workspace)
        ref = reference or head or f"review:{name}"
        event = log.move(
            package.id,
            Lane.APPROVED,
            actor=actor.name,
            session=actor.session,
            force=force,
            reason=note,
            evidence=approval(name, ref),
            review_result=result(name, APPROVED, ref),
            review_ref=ref,
            self_review=own,
            workspace=_record(log, package.id, workspace, head),
        )
        findings = findings_of(log.mission_events, log.events, package.id)
    leases.release(place, package.id)
    committed = milestone(place, context.config, f"approve {package.id}")
    return Verdict(event, committed, self_review=own, findings=tuple(findings))


def reject(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    feedback: str,
    *,
    to_lane: Lane = Lane.PLANNED,
    reviewer: str | None = None,
    force: bool = False,
    note: str | None = None,
) -> Verdict:
    """Send a work package back with feedback, which is kept and numbered.

    Args:
        feedback: its text.
        to_lane: planned, or in_progress.

    Raises:
        Conflict: `WP_ALREADY_CLAIMED`.
        Refused: `SELF_REVIEW`.
    """
    place = context.place
    name = reviewer or actor.name
    with writing(place, publish=publish_mode(context.config)) as log:
        own = _begin_verdict(context, actor, package, log, force=force)
        known = findings_of(log.mission_events, log.events, package.id)
        cycle = next_feedback(place, package, log.mission_events, known, feedback, name)
        log.record("review_finding", actor=actor.name, session=actor.session, wp_id=package.id, data=cycle.to_data())
        event = log.move(
            package.id,
            to_lane,
            actor=actor.name,
            session=actor.session,
            force=force,
            reason=note or f"review cycle {cycle.cycle}",
            review_result=result(name, CHANGES_REQUESTED, cycle.reference, cycle.file),
            review_ref=cycle.reference,
            self_review=own,
        )
        findings = findings_of(log.mission_events, log.events, package.id)
    leases.release(place, package.id)
    committed = milestone(place, context.config, f"request changes to {package.id}")
    return Verdict(event, committed, cycle.file, self_review=own, findings=tuple(findings))


def _begin_verdict(context: Context, actor: Actor, package: WorkPackage, log: Writer, *, force: bool) -> bool:
    """Hold the review; tells whether it is of one's own work."""
    me = Holder(actor.name, actor.session)
    lane = log.snapshot.lane_of(package.id)
    own = is_own_work(me, implementers(log.events, log.mission_events).get(package.id))
    holder = log.holders().get(package.id)
    if lane is Lane.IN_REVIEW and holder != me and not force:
        raise already_claimed(package.id, holder, context.place.slug, actor)
    allowed = force or may_review_own(context.config, log.events, log.mission_events, me)
    if own and lane in (*WORKING, Lane.FOR_REVIEW) and not allowed:
        raise self_review_refused(package.id, context.place.slug, actor)
    if lane is Lane.FOR_REVIEW:
        log.move(package.id, Lane.IN_REVIEW, actor=actor.name, session=actor.session, self_review=own)
    return own


def _reviewed_commit(log: Writer, wp_id: str, workspace: Workspace | None) -> str | None:
    for event in reversed(log.events):
        if event.wp_id == wp_id and event.to_lane is Lane.FOR_REVIEW and event.workspace:
            head = event.workspace.get("head")
            return str(head) if head else None
    return Git(workspace.path).resolve("HEAD") if workspace and workspace.path.is_dir() else None


def _record(log: Writer, wp_id: str, workspace: Workspace | None, head: str | None) -> dict[str, object] | None:
    """The workspace of the approved commit: this clone's, else as the log has it from the clone that worked."""
    if workspace is not None:
        return workspace.record(head)
    handed = next((event.workspace for event in reversed(log.events) if event.wp_id == wp_id and event.workspace), None)
    return None if handed is None else {**handed, "head": head}


def give_back(context: Context, actor: Actor, wp_id: str, note: str) -> StatusEvent | None:
    """Give work or a review back: a forced move that is not counted as an override; None where nothing is held."""
    target = {Lane.CLAIMED: Lane.PLANNED, Lane.IN_PROGRESS: Lane.PLANNED, Lane.IN_REVIEW: Lane.FOR_REVIEW}
    with writing(context.place, publish=publish_mode(context.config)) as log:
        lane = log.snapshot.lane_of(wp_id)
        if lane not in target or log.holders().get(wp_id) != Holder(actor.name, actor.session):
            return None
        event = log.move(wp_id, target[lane], actor=actor.name, session=actor.session, force=True, reason=note)
    leases.release(context.place, wp_id)
    return event
