"""The events that a move is recorded by, written under the mission's lock."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.core.subtasks import boxes, subtasks_for
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.moves.conditions import Found
from specify_cli.moves.moment import Moment
from specify_cli.moves.request import Move
from specify_cli.review.cycles import Feedback, next_feedback
from specify_cli.review.evidence import APPROVED, CHANGES_REQUESTED, approval, result
from specify_cli.review.findings import findings_of
from specify_cli.status.emit import Writer
from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import APPROVING, FORCED_BY, MoveOptions
from specify_cli.workspaces.lookup import ROOT


@frozen
class Recorded:
    """What was recorded.

    Args:
        event: the last move.
        is_verdict: whether it ends a review.
        feedback_file: of a rejection.
        head: lane and commit that was handed over.
        lowered: the commit from which its review begins, where that is below its base.
    """

    event: StatusEvent
    is_verdict: bool = False
    feedback_file: str | None = None
    head: tuple[str, str] | None = None
    lowered: str | None = None


def record(log: Writer, now: Moment, found: Found) -> Recorded:
    """Record a move whose conditions hold, or that is forced.

    Args:
        found: what is unmet, of a forced one.

    Raises:
        TransitionError: what the status log refuses.
    """
    request = now.request
    match now.kind:
        case Move.HAND_OVER if now.package is not None:
            return _hand_over(log, now, found)
        case Move.REOPEN if now.package is not None:
            return _reopen(log, now)
        case Move.APPROVE | Move.APPROVE_AT_ONCE:
            return _approve(log, now)
        case Move.REJECT if request.feedback is not None:
            return _reject(log, now, request.feedback)
    options = _plain(now)
    if now.kind is Move.TAKE_REVIEW:
        options["workspace"] = _shown(now, now.work.judged.now if now.package is not None else None)
    event = log.move(now.wp_id, request.target, actor=now.actor.name, **options)
    return Recorded(event, is_verdict=now.kind is Move.REJECT)


def _common(now: Moment) -> MoveOptions:
    """What every event of a move says."""
    workspace = now.work.workspace
    context = str(workspace.path) if workspace else None
    computed = "direct_repo" if workspace and workspace.kind == ROOT else "worktree"
    return {
        "session": now.actor.session,
        "session_source": now.actor.session_source,
        "policy_metadata": now.actor.policy,
        "workspace": workspace.record() if workspace else None,
        "workspace_context": now.request.workspace_context or context,
        "execution_mode": now.request.execution_mode or computed,
    }


def _plain(now: Moment) -> MoveOptions:
    request = now.request
    options: MoveOptions = {
        **_common(now),
        "force": request.force,
        "reason": request.note,
        "evidence": request.evidence or _evidence(now),
        "review_ref": request.reference,
        "review_result": _result(now),
        "subtasks_complete": request.subtasks_complete,
        "implementation_evidence_present": request.implementation_evidence_present,
        "self_review": now.kind is Move.TAKE_REVIEW and now.is_own,
    }
    return options


def _result(now: Moment) -> ReviewResult | None:
    """What a review came to, where it ends in neither an approval nor feedback of ours."""
    request = now.request
    if request.review_result is not None:
        return request.review_result
    if request.exact:
        return exact_result(now.actor.name, request.target, request.evidence, request.reference)
    reference = request.reference or request.note
    return result(request.reviewer or now.actor.name, request.target, reference) if reference else None


def exact_result(
    actor: str, target: Lane, evidence: DoneEvidence | Mapping[str, object] | None, reference: str | None
) -> ReviewResult | None:
    """The review that the caller names, or None; an approval by a reference alone would have no reviewer.

    Raises:
        Refused: `INVALID_EVIDENCE`.
    """
    review = evidence.get("review") if isinstance(evidence, Mapping) else None
    if isinstance(review, Mapping):
        return ReviewResult.from_dict(review)
    return result(actor, CHANGES_REQUESTED, reference) if reference and target not in APPROVING else None


def _evidence(now: Moment) -> DoneEvidence | None:
    """For done: the evidence given now, else that of the approval."""
    request = now.request
    if request.target is not Lane.DONE or request.exact:
        return None
    if request.reference:
        return approval(request.reviewer or now.actor.name, request.reference)
    own = (event for event in reversed(now.log.events) if event.wp_id == now.wp_id)
    return next((event.evidence for event in own if event.to_lane is Lane.APPROVED), None)


def _hand_over(log: Writer, now: Moment, found: Found) -> Recorded:
    request = now.request
    facts, head, workspace = now.facts, now.head, now.work.workspace
    _record_hand_ticks(log, now)
    for subtask in facts.open_subtasks if request.subtasks_complete else ():
        _record_tick(log, now, subtask)
    options: MoveOptions = {
        **_common(now),
        "force": request.force and (bool(found) or now.lane is not Lane.IN_PROGRESS),
        "reason": request.note,
        "subtasks_complete": facts.subtasks_complete or request.subtasks_complete,
        "implementation_evidence_present": (
            facts.has_evidence or request.implementation_evidence_present or request.no_change is not None
        ),
        "workspace": _from_lower(now, workspace.record(head)) if workspace else None,
        "no_change": request.no_change,
    }
    event = log.move(now.wp_id, Lane.FOR_REVIEW, actor=now.actor.name, **options)
    return Recorded(event, head=(workspace.lane_id, head) if workspace and head else None, lowered=now.lowered)


def _reopen(log: Writer, now: Moment) -> Recorded:
    """Have approved work reviewed once more, of what is there now; who asked for it is the actor of the move."""
    request, head, workspace = now.request, now.work.judged.now, now.work.workspace
    before = now.covered
    reason = f"{(head or 'something else')[:10]} is not what was approved" + (f" at {before[:10]}" if before else "")
    if now.mapped and head == before:
        reason = f"{some(now.mapped)} came after its approval"
    elif now.lowered is not None and head == before:
        reason = f"what lies between {now.lowered[:10]} and its base was not reviewed"
    options: MoveOptions = {
        **_common(now),
        "force": request.force,
        "reason": request.note or reason,
        "workspace": _from_lower(now, _shown(now, head)),
        "other_head": True,
    }
    event = log.move(now.wp_id, Lane.FOR_REVIEW, actor=now.actor.name, **options)
    return Recorded(event, head=(workspace.lane_id, head) if workspace and head else None, lowered=now.lowered)


def _from_lower(now: Moment, workspace: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """A workspace whose review begins where everything below was reviewed."""
    if workspace is None or now.lowered is None:
        return workspace
    return {**workspace, "base": now.lowered, "start": workspace.get("start") or workspace.get("base")}


def _approve(log: Writer, now: Moment) -> Recorded:
    request = now.request
    name = request.reviewer or now.actor.name
    own = now.is_own
    if now.lane is Lane.FOR_REVIEW and not request.exact:
        _take_review(log, now)
    head = now.review.reviewed
    if now.kind is Move.APPROVE_AT_ONCE and not request.force:
        head = now.head  # what was looked at just before
    options: MoveOptions = {
        **_common(now),
        "force": request.force,
        "reason": request.note,
        "self_review": own,
        "workspace": _approved(now, head),
    }
    if request.exact:
        said = request.review_result
        if said is None:
            said = exact_result(now.actor.name, request.target, request.evidence, request.reference)
        options |= {"evidence": request.evidence, "review_result": said, "review_ref": request.reference}
    else:
        reference = request.reference or head or f"{FORCED_BY}{name}"
        options |= {
            "evidence": approval(name, reference),
            "review_result": result(name, APPROVED, reference),
            "review_ref": reference,
        }
    event = log.move(now.wp_id, request.target, actor=now.actor.name, **options)
    return Recorded(event, is_verdict=True)


def _reject(log: Writer, now: Moment, text: str) -> Recorded:
    """Send a work package back with feedback, which is kept and numbered."""
    request = now.request
    name = request.reviewer or now.actor.name
    own = now.is_own
    if now.lane is Lane.FOR_REVIEW:
        _take_review(log, now)
    cycle = _cycle(log, now, text, name)
    options: MoveOptions = {
        **_common(now),
        "force": request.force,
        "reason": request.note or f"review cycle {cycle.cycle}",
        "review_result": result(name, CHANGES_REQUESTED, cycle.reference, cycle.file),
        "review_ref": cycle.reference,
        "self_review": own,
    }
    event = log.move(now.wp_id, request.target, actor=now.actor.name, **options)
    return Recorded(event, is_verdict=True, feedback_file=cycle.file)


def _cycle(log: Writer, now: Moment, text: str, reviewer: str) -> Feedback:
    if now.package is None:
        raise LookupError(now.wp_id)
    known = findings_of(log.mission_events, log.events, now.wp_id)
    cycle = next_feedback(now.context.place, now.package, log.mission_events, known, text, reviewer)
    log.record("review_finding", actor=now.actor.name, session=now.actor.session, wp_id=now.wp_id, data=cycle.to_data())
    return cycle


def _take_review(log: Writer, now: Moment) -> None:
    options: MoveOptions = {**_common(now), "self_review": now.is_own, "workspace": _shown(now, now.review.handed)}
    log.move(now.wp_id, Lane.IN_REVIEW, actor=now.actor.name, **options)


def _approved(now: Moment, head: str | None) -> Mapping[str, object] | None:
    """The workspace of an approval; work that is on the target at once is known by its files too."""
    shown, workspace = _shown(now, head), now.work.workspace
    if shown is None or head is None or now.package is None or workspace is None or workspace.kind != ROOT:
        return shown
    owned_digest = load("specify_cli.workspaces.planned_coverage:owned_digest")
    return {**shown, "owned": owned_digest(now.context.place.git, head, now.package)}


def _shown(now: Moment, head: str | None) -> Mapping[str, object] | None:
    """The workspace of the commit that a review is about: as it was handed over, else this clone's."""
    this, workspace = now.review, now.work.workspace
    if this.lane_id is None:
        return workspace.record(head) if workspace is not None else None
    start = {"start": this.start} if this.start is not None else {}
    return {"lane_id": this.lane_id, "branch": this.branch, "base": this.base, "head": head, **start}


def _record_hand_ticks(log: Writer, now: Moment) -> None:
    """A box ticked by hand becomes an event when its work package goes to review."""
    if now.package is None:
        return
    found = boxes(now.context.place)
    said = {
        event.data.get("subtask") for event in log.mission_events if event.type == "subtask" and event.data.get("done")
    }
    mine = set(subtasks_for(now.package, found))
    for box in (box for listed in found.values() for box in listed):
        if box.done and box.id in mine and box.id not in said:
            _record_tick(log, now, box.id)


def _record_tick(log: Writer, now: Moment, subtask: str) -> None:
    data = {"subtask": subtask, "done": True}
    log.record("subtask", actor=now.actor.name, session=now.actor.session, wp_id=now.wp_id, data=data)
