"""Moving a work package as an orchestrator says."""

from __future__ import annotations

import json
from collections.abc import Mapping

from specify_cli.context.models import Actor
from specify_cli.kernel.errors import Refused
from specify_cli.moves.lookup import require_known
from specify_cli.moves.move import move
from specify_cli.moves.request import Request
from specify_cli.orchestrator_api.acting import acting, warned
from specify_cli.orchestrator_api.missions import Data, identity
from specify_cli.orchestrator_api.policy import policy_to_dict, require_policy
from specify_cli.status.emit import TransitionError, require_lane
from specify_cli.status.evidence import ReviewResult
from specify_cli.status.models import Lane
from specify_cli.status.transitions import parse_lane

# Where agents are at work or their work is judged: a move there says under which policy.
_RUNNING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})


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
    no_change: str | None = None,
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
        package = require_known(context, wp)
        if force and not (note or "").strip():
            raise TransitionError("a forced move wants a note that says why", "TRANSITION_REJECTED")
        request = Request(
            require_lane(to),
            reference=review_ref,
            note=note,
            force=force,
            exact=True,
            manages=target is Lane.BLOCKED,
            subtasks_complete=subtasks_complete,
            implementation_evidence_present=implementation_evidence_present,
            evidence=evidence,
            no_change=no_change,
            review_result=result,
            workspace_context=str(context.place.repo.root),
        )
        moved = move(context, who, package, request)
        told: Data = {
            "wp_id": moved.event.wp_id,
            "from_lane": moved.from_lane.value,
            "to_lane": moved.to_lane.value,
            "policy_metadata_recorded": who.policy is not None,
        }
        return identity(context.place) | told | warned(moved.warnings)


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
