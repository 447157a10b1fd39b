"""What is asked for when a work package is to be moved, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.review.findings import Finding
from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane, StatusEvent

_REVIEWED = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})


class Move(StrEnum):
    """The kinds of move; each has its own conditions."""

    CLAIM = "claim"
    BEGIN = "begin"
    HAND_OVER = "hand_over"
    TAKE_REVIEW = "take_review"
    APPROVE = "approve"
    APPROVE_AT_ONCE = "approve_at_once"  # from in_progress: handed over, reviewed and approved in one go
    REJECT = "reject"
    GIVE_BACK = "give_back"
    GIVE_REVIEW_BACK = "give_review_back"
    TAKE_BACK = "take_back"  # work or a review, from a holder that has gone quiet
    BLOCK = "block"
    RESUME = "resume"
    CANCEL = "cancel"
    REOPEN = "reopen"
    DONE = "done"


# Target -> the kind of move from one of some lanes, and from any other.
_KINDS: Mapping[Lane, tuple[Mapping[Lane, Move], Move]] = {
    Lane.CLAIMED: ({}, Move.CLAIM),
    Lane.IN_PROGRESS: ({**dict.fromkeys(_REVIEWED, Move.REJECT), Lane.BLOCKED: Move.RESUME}, Move.BEGIN),
    Lane.PLANNED: (dict.fromkeys(_REVIEWED, Move.REJECT), Move.GIVE_BACK),
    Lane.FOR_REVIEW: (
        {Lane.IN_REVIEW: Move.GIVE_REVIEW_BACK, Lane.APPROVED: Move.REOPEN, Lane.DONE: Move.REOPEN},
        Move.HAND_OVER,
    ),
    Lane.IN_REVIEW: ({}, Move.TAKE_REVIEW),
    Lane.APPROVED: ({Lane.IN_PROGRESS: Move.APPROVE_AT_ONCE}, Move.APPROVE),
    Lane.DONE: ({Lane.IN_REVIEW: Move.APPROVE}, Move.DONE),
    Lane.BLOCKED: ({}, Move.BLOCK),
    Lane.CANCELED: ({}, Move.CANCEL),
}


def kind_of(source: Lane, target: Lane) -> Move:
    """The kind of move that a pair of lanes is; whether there is such a move, the matrix of lanes says."""
    special, usual = _KINDS[target]
    return special.get(source, usual)


@frozen
class Request:
    """What is asked for.

    Args:
        target: the lane.
        reviewer: who reviewed, where that is not the actor.
        reference: of a verdict: what it refers to, or where its feedback is.
        feedback_file: of a rejection; `-` is standard input.
        feedback: its text, once it was read.
        note: the reason, told to whoever comes next.
        commit: commit the uncommitted work first, with this message.
        force: override what is unmet; needs a note.
        exact: one transition as it is said: nothing is added to it, such as the claim of a review before its verdict.
        takes_back: the work or the review of a holder that has gone quiet is given back for them.
        manages: whoever asks has a say in other people's work (an answer to a question, an orchestrator's block).
        subtasks_complete, implementation_evidence_present: the actor's word, which counts in place of what can be
            looked up; subtasks that it calls complete are ticked.
        evidence, review_result: of a verdict, as it was given.
        no_change: of a hand-over: why nothing had to be changed.
        workspace_context: where the work is done, in words; the workspace where it is not given.
        execution_mode: `worktree` or `direct_repo`; as the workspace is, where it is not given.
    """

    target: Lane
    reviewer: str | None = None
    reference: str | None = None
    feedback_file: str | None = None
    feedback: str | None = None
    note: str | None = None
    commit: str | None = None
    force: bool = False
    exact: bool = False
    manages: bool = False
    takes_back: bool = False
    subtasks_complete: bool | None = None
    implementation_evidence_present: bool | None = None
    evidence: DoneEvidence | Mapping[str, object] | None = None
    review_result: ReviewResult | None = None
    no_change: str | None = None
    workspace_context: str | None = None
    execution_mode: str | None = None


def reviewer_named(request: Request) -> str | None:
    """Who reviewed, as the request says it in one way or another."""
    if request.reviewer is not None:
        return request.reviewer
    if request.review_result is not None:
        return request.review_result.reviewer
    if isinstance(request.evidence, DoneEvidence):
        return request.evidence.review.reviewer
    review = request.evidence.get("review") if request.evidence is not None else None
    reviewer = review.get("reviewer") if isinstance(review, Mapping) else None
    return reviewer if isinstance(reviewer, str) else None


@frozen
class Moved:
    """A move that was made.

    Args:
        event: the last one it recorded.
        from_lane: where the work package was before.
        commit: of the milestone that it reached.
        feedback_file: where the feedback of a rejection stands, below the mission folder.
        findings: all findings on the work package, after a verdict.
        no_op: the same verdict was given before by the same holder, and nothing was recorded.
    """

    event: StatusEvent
    from_lane: Lane
    commit: str | None = None
    warnings: tuple[Notice, ...] = ()
    feedback_file: str | None = None
    findings: tuple[Finding, ...] = ()
    no_op: bool = False

    @property
    def to_lane(self) -> Lane:
        """Where it is now."""
        return self.event.to_lane

    @property
    def event_id(self) -> str:
        """Of the event that brought it there."""
        return self.event.event_id

    @property
    def self_review(self) -> bool:
        """Whether it is a verdict on one's own work."""
        return self.event.self_review
