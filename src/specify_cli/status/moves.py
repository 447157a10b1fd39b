"""What a caller may say about a move, and what the guards make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane
from specify_cli.status.transitions import MoveContext

APPROVING = frozenset({Lane.APPROVED, Lane.DONE})
# How the reference of a forced approval begins that nobody gave one.
FORCED_BY = "forced by "


class MoveOptions(TypedDict, total=False):
    """What may be said about a move beside where it goes and who makes it.

    Keys:
        session: the running instance of the actor.
        session_source: who gave it its id.
        force, reason: override the rules, and why.
        evidence: for approved and done: `{"review": …, "repos": …, "verification": …}`.
        review_ref: where the review's feedback is.
        review_result: what a review came to; becomes the reference, and the evidence of an approval, where
            those are not given.
        workspace_context: where the work is done, as text; only the guard looks at it.
        workspace: `{lane_id, branch, base, head}`, recorded.
        subtasks_complete, implementation_evidence_present: what the caller found.
        execution_mode: `worktree` or `direct_repo`.
        policy_metadata: recorded as it is.
        self_review: the reviewer had implemented it.
        other_head: there is another commit to review than the one that was approved.
        no_change: why what is handed over changes nothing.
    """

    session: str | None
    session_source: str | None
    force: bool
    reason: str | None
    evidence: DoneEvidence | Mapping[str, object] | None
    review_ref: str | None
    review_result: ReviewResult | Mapping[str, object] | None
    workspace_context: str | None
    workspace: Mapping[str, object] | None
    subtasks_complete: bool | None
    implementation_evidence_present: bool | None
    execution_mode: str
    policy_metadata: Mapping[str, object] | None
    self_review: bool
    no_change: str | None
    other_head: bool | None


def context_of(actor: str, target: Lane, options: MoveOptions) -> MoveContext:
    """What the guards look at.

    Raises:
        Refused: `INVALID_EVIDENCE`.
    """
    result, given = options.get("review_result"), options.get("evidence")
    review_result = ReviewResult.from_dict(result) if isinstance(result, Mapping) else result
    evidence = DoneEvidence.from_dict(given) if isinstance(given, Mapping) else given
    if review_result is not None and evidence is None and target in APPROVING:
        evidence = DoneEvidence(review_result.approval())
    reference = review_result.reference if review_result is not None else None
    return MoveContext(
        actor=actor,
        force=options.get("force", False),
        reason=options.get("reason"),
        workspace_context=options.get("workspace_context"),
        subtasks_complete=options.get("subtasks_complete"),
        implementation_evidence_present=options.get("implementation_evidence_present"),
        evidence=evidence,
        review_ref=options.get("review_ref") or reference,
        review_result=review_result,
        other_head=options.get("other_head"),
    )
