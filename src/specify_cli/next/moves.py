"""Moving a work package as a person or agent asks for it: each target lane has its own conditions and records."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import milestone, publish_mode
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.given import text_of
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.submit import refused, submit
from specify_cli.next.verdicts import Verdict, approve, reject
from specify_cli.review.evidence import approval, result
from specify_cli.review.findings import Finding
from specify_cli.status.emit import writing
from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reading import read_status
from specify_cli.workspaces import leases
from specify_cli.workspaces.lookup import workspace_of

_REVIEWED = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})


@frozen
class Asked:
    """What is asked for.

    Args:
        target: the lane.
        feedback_file: of a rejection; `-` is standard input.
        note: the reason, told to whoever comes next.
        commit: commit the uncommitted work first.
        force: override what is unmet; needs a note.
    """

    target: Lane
    reviewer: str | None = None
    approval_ref: str | None = None
    feedback_file: str | None = None
    note: str | None = None
    commit: str | None = None
    force: bool = False


@frozen
class Moved:
    """A move that was made."""

    from_lane: Lane
    to_lane: Lane
    event_id: str
    commit: str | None = None
    warnings: tuple[Notice, ...] = ()
    feedback_file: str | None = None
    self_review: bool = False
    findings: tuple[Finding, ...] = ()


def move(context: Context, actor: Actor, package: WorkPackage, asked: Asked) -> Moved:
    """Move a work package.

    Raises:
        TransitionError: with every unmet condition.
        Conflict: somebody else holds it.
        UsageError: `FEEDBACK_REQUIRED`: a review sends back without saying why.
        NotFound: `FILE_NOT_FOUND`.
    """
    manifest = read_lanes(context.place)
    before = read_status(context.place).snapshot.lane_of(package.id)
    if asked.target is Lane.FOR_REVIEW and before is not Lane.IN_REVIEW:
        return _submit(context, actor, package, manifest, asked, before)
    if asked.target is Lane.APPROVED:
        approved = approve(
            context,
            actor,
            package,
            manifest,
            reviewer=asked.reviewer,
            reference=asked.approval_ref,
            note=asked.note,
            force=asked.force,
        )
        return _of_verdict(approved, before)
    back = before in _REVIEWED and asked.target in (Lane.PLANNED, Lane.IN_PROGRESS)
    if back and (asked.feedback_file is not None or not asked.force):
        return _of_verdict(_reject(context, actor, package, asked), before)
    return _plain(context, actor, package, manifest, asked)


def _submit(
    context: Context, actor: Actor, package: WorkPackage, manifest: LanesManifest | None, asked: Asked, before: Lane
) -> Moved:
    sent = submit(context, actor, package, manifest, note=asked.note, commit=asked.commit, force=asked.force)
    if sent.event is None:
        raise refused(package.id, before, sent.unmet)
    return Moved(sent.event.from_lane, sent.event.to_lane, sent.event.event_id)


def _reject(context: Context, actor: Actor, package: WorkPackage, asked: Asked) -> Verdict:
    if asked.feedback_file is None:
        raise UsageError(
            f"sending {package.id} back wants feedback: what is wrong, where, and what would be right",
            "FEEDBACK_REQUIRED",
            hint=f"spec-kitty agent tasks move-task {package.id} --to {asked.target} --review-feedback-file FILE",
        )
    text = _feedback(asked.feedback_file)
    return reject(
        context, actor, package, text,
        to_lane=asked.target, reviewer=asked.reviewer, note=asked.note, force=asked.force,
    )  # fmt: skip


def _feedback(name: str) -> str:
    text = text_of(name)
    if not text.strip():
        raise UsageError(f"{name} is empty, and a rejection without words helps nobody", "FEEDBACK_REQUIRED")
    return text


def _of_verdict(verdict: Verdict, before: Lane) -> Moved:
    return Moved(
        before,
        verdict.event.to_lane,
        verdict.event.event_id,
        verdict.committed.commit,
        verdict.committed.warnings,
        verdict.feedback_file,
        verdict.self_review,
        verdict.findings,
    )


def _plain(context: Context, actor: Actor, package: WorkPackage, manifest: LanesManifest | None, asked: Asked) -> Moved:
    place = context.place
    workspace = workspace_of(place, manifest, package.id)
    with writing(place, publish=publish_mode(context.config)) as log:
        event = log.move(
            package.id,
            asked.target,
            actor=actor.name,
            session=actor.session,
            force=asked.force,
            reason=asked.note,
            evidence=_evidence(actor, asked, log.events, package.id),
            review_ref=asked.approval_ref,
            review_result=_review_result(actor, asked),
            workspace_context=str(workspace.path) if workspace else None,
            workspace=workspace.record() if workspace else None,
        )
    if event.to_lane in (Lane.CLAIMED, Lane.IN_PROGRESS, Lane.IN_REVIEW):
        leases.touch(place, package.id, actor.name, actor.session)
    else:
        leases.release(place, package.id)
    if event.to_lane is not Lane.DONE:
        return Moved(event.from_lane, event.to_lane, event.event_id)
    committed = milestone(place, context.config, f"{package.id} done")
    return Moved(event.from_lane, event.to_lane, event.event_id, committed.commit, committed.warnings)


def _review_result(actor: Actor, asked: Asked) -> ReviewResult | None:
    """What a review came to where it ends in neither approval nor feedback: done, blocked or canceled."""
    reference = asked.approval_ref or asked.note
    return result(asked.reviewer or actor.name, asked.target, reference) if reference else None


def _evidence(actor: Actor, asked: Asked, events: list[StatusEvent], wp_id: str) -> DoneEvidence | None:
    """For done: the evidence given now, else that of the approval."""
    if asked.target is not Lane.DONE:
        return None
    if asked.approval_ref:
        return approval(asked.reviewer or actor.name, asked.approval_ref)
    return next(
        (event.evidence for event in reversed(events) if event.wp_id == wp_id and event.to_lane is Lane.APPROVED), None
    )
