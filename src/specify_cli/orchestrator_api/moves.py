"""Moving a work package as an orchestrator says."""

from __future__ import annotations

import json
from collections.abc import Mapping

from specify_cli.context.models import Actor, Context
from specify_cli.core.work_packages import load_work_packages, require_work_package
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.lazy import load
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.refusals import already_claimed
from specify_cli.next.transition import record_transition
from specify_cli.orchestrator_api.acting import acting, warned
from specify_cli.orchestrator_api.missions import Data, identity
from specify_cli.orchestrator_api.policy import policy_to_dict, require_policy
from specify_cli.status.emit import TransitionError
from specify_cli.status.evidence import ReviewResult
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import MoveOptions
from specify_cli.status.reading import Status, read_status
from specify_cli.status.transitions import parse_lane

# Where agents are at work or their work is judged: a move there says under which policy.
_RUNNING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})
# From in_review these are verdicts, which only its holder gives; to for_review work is handed over.
_LOOKED_AT = frozenset({Lane.FOR_REVIEW, Lane.APPROVED, Lane.DONE, Lane.IN_PROGRESS, Lane.PLANNED})


def transition(
    *,
    mission: str,
    wp: str,
    to: str,
    actor: str,
    note: str | None,
    policy: str | None,
    force: bool,
    review_ref: str | None,
    evidence_json: str | None,
    review_result_json: str | None,
    subtasks_complete: bool | None,
    implementation_evidence_present: bool | None,
) -> Data:
    """Make one move.

    Without its two guard flags the move to for_review asks the rules that `move-task` asks: check boxes and commits.

    Raises:
        Refused: `POLICY_METADATA_REQUIRED`, `POLICY_VALIDATION_FAILED`, `USAGE_ERROR`.
        NotFound: `WP_NOT_FOUND`.
        TransitionError: `TRANSITION_REJECTED`, with every unmet condition.
        Conflict: `WP_ALREADY_CLAIMED`.
    """
    target = parse_lane(to)
    wanted = target in _RUNNING or policy is not None
    declared = require_policy(policy, f"when transitioning to '{target}'") if wanted else None
    evidence = json_object("--evidence-json", evidence_json)
    result = _review_result(review_result_json)
    with acting(mission) as context:
        who = Actor(actor, None, policy_to_dict(declared) if declared else None)
        told = (subtasks_complete, implementation_evidence_present)
        if target in _LOOKED_AT:
            status = read_status(context.place)
            before = status.snapshot.lane_of(wp)
            if target is Lane.FOR_REVIEW and (before is Lane.IN_PROGRESS or (force and before is not Lane.IN_REVIEW)):
                return _told(context, who, _hand_over(context, who, wp, note, told, force=force))
            if before is Lane.IN_REVIEW and target is not Lane.FOR_REVIEW and not force:
                _check_reviewer(status, who, wp)
        options: MoveOptions = {
            "force": force,
            "reason": note,
            "evidence": evidence,
            "review_ref": review_ref,
            "review_result": result,
            "workspace_context": str(context.place.repo.root),
            "subtasks_complete": told[0],
            "implementation_evidence_present": told[1],
        }
        recorded = record_transition(context, who, wp, to, options)
        return _told(context, who, recorded.event) | warned(recorded.committed.warnings)


def _hand_over(
    context: Context, who: Actor, wp: str, note: str | None, told: tuple[bool | None, bool | None], *, force: bool
) -> StatusEvent:
    package = require_work_package(load_work_packages(context.place), wp, context.place.slug)
    if force and not (note or "").strip():
        raise TransitionError("a forced move wants a note that says why", "TRANSITION_REJECTED")
    sent = load("specify_cli.next.submit:submit")(
        context, who, package, read_lanes(context.place),
        note=note, force=force, subtasks_complete=told[0], implementation_evidence_present=told[1],
    )  # fmt: skip
    if sent.event is None:
        raise load("specify_cli.next.submit:refused")(wp, Lane.IN_PROGRESS, sent.unmet)
    event: StatusEvent = sent.event
    return event


def _check_reviewer(status: Status, who: Actor, wp: str) -> None:
    holder = status.holders().get(wp)
    if holder is not None and holder != Holder(who.name, who.session):
        raise already_claimed(wp, holder, status.snapshot.mission_slug, who)


def _told(context: Context, who: Actor, event: StatusEvent) -> Data:
    told: Data = {
        "wp_id": event.wp_id,
        "from_lane": event.from_lane.value,
        "to_lane": event.to_lane.value,
        "policy_metadata_recorded": who.policy is not None,
    }
    return identity(context.place) | told


def json_object(flag: str, value: str | None) -> Mapping[str, object] | None:
    """The JSON object of an option, None where it is not given.

    Raises:
        Refused: `USAGE_ERROR`; the line could be parsed, so it is no usage error of the parser.
    """
    if value is None:
        return None
    try:
        data = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Refused(f"Invalid JSON in {flag}: {error}", "USAGE_ERROR") from error
    if not isinstance(data, dict):
        raise Refused(f"{flag} must decode to a JSON object", "USAGE_ERROR")
    return data


def _review_result(value: str | None) -> ReviewResult | None:
    data = json_object("--review-result-json", value)
    if data is None:
        return None
    try:
        return ReviewResult.from_dict(data)
    except Refused as error:
        said = "--review-result-json requires non-empty reviewer, verdict, and reference strings"
        raise Refused(said, "USAGE_ERROR") from error
