"""Which moves exist and what each of them wants: one table, and the questions asked of it.

`RULES` is the whole of it. Nothing else in the program knows which lanes follow each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.values import frozen
from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane

CANONICAL_LANES: tuple[str, ...] = tuple(lane.value for lane in Lane)
LANE_ALIASES: Mapping[str, str] = {"doing": "in_progress"}
TERMINAL_LANES: frozenset[str] = frozenset({Lane.DONE, Lane.CANCELED})


class Guard(StrEnum):
    """A condition that a move can want; the value is the rule's name in messages and JSON."""

    ACTOR = "actor"
    WORKSPACE = "workspace_context"
    SUBTASKS = "subtasks_complete"
    IMPLEMENTATION = "implementation_evidence"
    REVIEW_EVIDENCE = "review_evidence"
    REASON = "reason"
    REVIEW_FREE = "review_free"
    REVIEW_RESULT = "review_result"
    REVIEW_REFERENCE = "review_reference"
    OTHER_HEAD = "other_head"


@frozen
class Rule:
    """Moves from any of some lanes to any of others, and what they want."""

    sources: tuple[Lane, ...]
    targets: tuple[Lane, ...]
    guards: tuple[Guard, ...] = ()


# In the order in which messages offer them: the way forward first. The first rule that names a pair decides it.
RULES: tuple[Rule, ...] = (
    Rule((Lane.PLANNED,), (Lane.CLAIMED,), (Guard.ACTOR,)),
    Rule((Lane.CLAIMED,), (Lane.IN_PROGRESS,), (Guard.WORKSPACE,)),
    Rule((Lane.IN_PROGRESS,), (Lane.FOR_REVIEW,), (Guard.SUBTASKS, Guard.IMPLEMENTATION)),
    Rule((Lane.IN_PROGRESS,), (Lane.APPROVED,), (Guard.REVIEW_EVIDENCE,)),
    Rule((Lane.IN_PROGRESS,), (Lane.PLANNED,), (Guard.REASON,)),
    Rule((Lane.FOR_REVIEW,), (Lane.IN_REVIEW,), (Guard.ACTOR, Guard.REVIEW_FREE)),
    Rule(
        (Lane.IN_REVIEW,),
        (Lane.APPROVED, Lane.DONE, Lane.IN_PROGRESS, Lane.PLANNED, Lane.BLOCKED, Lane.CANCELED),
        (Guard.REVIEW_RESULT,),
    ),
    Rule((Lane.APPROVED,), (Lane.DONE,), (Guard.REVIEW_EVIDENCE,)),
    Rule((Lane.APPROVED,), (Lane.IN_PROGRESS, Lane.PLANNED), (Guard.REVIEW_REFERENCE,)),
    Rule((Lane.APPROVED, Lane.DONE), (Lane.FOR_REVIEW,), (Guard.OTHER_HEAD,)),
    Rule((Lane.BLOCKED,), (Lane.IN_PROGRESS,)),
    Rule(
        (Lane.PLANNED, Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.APPROVED),
        (Lane.BLOCKED, Lane.CANCELED),
    ),
    Rule((Lane.BLOCKED,), (Lane.CANCELED,)),
)
MATRIX: Mapping[tuple[Lane, Lane], tuple[Guard, ...]] = {
    (source, target): rule.guards for rule in reversed(RULES) for source in rule.sources for target in rule.targets
}
ALLOWED_TRANSITIONS: frozenset[tuple[str, str]] = frozenset(MATRIX)

# Forced moves that give work back (`doctor --reap`, a step reported as failed) are no override and are not counted.
GIVE_BACKS: frozenset[tuple[Lane, Lane]] = frozenset(
    {(Lane.CLAIMED, Lane.PLANNED), (Lane.IN_PROGRESS, Lane.PLANNED), (Lane.IN_REVIEW, Lane.FOR_REVIEW)}
)
# Asking for one of these lanes while somebody else holds the work package in one of those is a lost race.
CONTESTED: Mapping[Lane, frozenset[Lane]] = {
    Lane.CLAIMED: frozenset({Lane.CLAIMED, Lane.IN_PROGRESS, Lane.IN_REVIEW}),
    Lane.IN_PROGRESS: frozenset({Lane.CLAIMED, Lane.IN_PROGRESS}),
    Lane.IN_REVIEW: frozenset({Lane.IN_REVIEW}),
}
_FOUR_LANES: Mapping[str, str] = {
    Lane.PLANNED: "planned",
    Lane.CLAIMED: "doing",
    Lane.IN_PROGRESS: "doing",
    Lane.BLOCKED: "doing",
    Lane.FOR_REVIEW: "for_review",
    Lane.IN_REVIEW: "for_review",
    Lane.APPROVED: "for_review",
    Lane.DONE: "done",
    Lane.CANCELED: "done",
}


@frozen
class MoveContext:
    """What is known about a move when it is asked for; None means that nobody said."""

    actor: str | None = None
    force: bool = False
    reason: str | None = None
    workspace_context: str | None = None
    subtasks_complete: bool | None = None
    implementation_evidence_present: bool | None = None
    evidence: DoneEvidence | None = None
    review_ref: str | None = None
    review_result: ReviewResult | None = None
    current_actor: str | None = None
    other_head: bool | None = None


@frozen
class _Condition:
    holds: Callable[[MoveContext], bool]
    missing: str
    fix: Callable[[str, Lane], Command]


def _move(*more: str) -> Callable[[str, Lane], Command]:
    """The move itself, with more words."""
    return lambda wp_id, target: spec_kitty("agent tasks move-task", wp_id, "--to", target, *more)


_CONDITIONS: Mapping[Guard, _Condition] = {
    Guard.ACTOR: _Condition(lambda move: _said(move.actor), "an actor: who makes the move", _move("--agent", "NAME")),
    Guard.WORKSPACE: _Condition(
        lambda move: _said(move.workspace_context),
        "a workspace: where the work is done",
        lambda wp_id, _: spec_kitty("agent action implement", wp_id, "--agent", "NAME"),
    ),
    Guard.SUBTASKS: _Condition(
        lambda move: move.subtasks_complete is True,
        "every subtask ticked",
        lambda wp_id, _: spec_kitty("why", wp_id),
    ),
    Guard.IMPLEMENTATION: _Condition(
        lambda move: move.implementation_evidence_present is True,
        "evidence of the implementation: a commit newer than the work package's base",
        _move("--commit", "TEXT"),
    ),
    Guard.REVIEW_EVIDENCE: _Condition(
        lambda move: move.evidence is not None,
        "review evidence: reviewer, verdict and reference",
        _move("--reviewer", "NAME", "--approval-ref", "REF"),
    ),
    Guard.REASON: _Condition(lambda move: _said(move.reason), "a reason", _move("--note", "TEXT")),
    Guard.REVIEW_FREE: _Condition(
        lambda move: move.current_actor is None or move.current_actor == move.actor,
        "that nobody else holds the review",
        lambda _, __: spec_kitty("next", "--agent", "NAME", "--wait", "60"),
    ),
    Guard.REVIEW_RESULT: _Condition(
        lambda move: move.review_result is not None,
        "a review result: reviewer, verdict and reference",
        _move("--reviewer", "NAME", "--approval-ref", "REF", "--note", "TEXT"),
    ),
    Guard.OTHER_HEAD: _Condition(
        lambda move: move.other_head is True,
        "another commit than the approved one",
        lambda wp_id, _: spec_kitty("why", wp_id),
    ),
    Guard.REVIEW_REFERENCE: _Condition(
        lambda move: _said(move.review_ref), "a review reference: the feedback", _move("--review-feedback-file", "FILE")
    ),
}


# What is left to do with a work package that is over.
_FINAL: Mapping[Lane, str] = {
    Lane.DONE: "done is final, but for another review of what came after it; what is still missing is a new work "
    "package",
    Lane.CANCELED: "canceled is final; what is still wanted becomes a new work package, or a person takes it up again "
    "with --force and a note",
}


def _said(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def unmet(source: Lane, target: Lane, move: MoveContext, wp_id: str = "WPnn") -> list[Unmet]:
    """Every condition of a move that does not hold; empty where it may be made.

    Args:
        source: the lane that the work package is in.
        target: the lane that is asked for.
        move: what is known about it.
        wp_id: for the commands.
    """
    if move.force:
        return [] if _said(move.actor) and _said(move.reason) else [_force_wants(target, wp_id)]
    guards = MATRIX.get((source, target))
    if guards is None:
        return [_no_such_move(source, target, wp_id)]
    return [
        Unmet(guard, f"{source} -> {target} wants {condition.missing}", condition.fix(wp_id, target), wp_id)
        for guard in guards
        if not (condition := _CONDITIONS[guard]).holds(move)
    ]


def _force_wants(target: Lane, wp_id: str) -> Unmet:
    fix = _move("--agent", "NAME", "--force", "--note", "TEXT")(wp_id, target)
    return Unmet("force", "a forced move wants an actor and a reason", fix, wp_id)


def _no_such_move(source: Lane, target: Lane, wp_id: str) -> Unmet:
    ways = f"from {source} it goes to {', '.join(allowed_targets(source))}"
    said = f"there is no move {source} -> {target}: {_FINAL.get(source) or ways}"
    # Not the forced move: an agent that follows the hint would go around the review, and around who holds the work.
    return Unmet("matrix", said, spec_kitty("why", wp_id), wp_id)


def allowed_targets(source: Lane) -> list[Lane]:
    """The lanes that a lane leads to, the way forward first; none for a terminal lane."""
    found = [target for rule in RULES if source in rule.sources for target in rule.targets]
    return list(dict.fromkeys(found))


def validate_transition(
    from_lane: str,
    to_lane: str,
    *,
    force: bool = False,
    actor: str | None = None,
    workspace_context: str | None = None,
    subtasks_complete: bool | None = None,
    implementation_evidence_present: bool | None = None,
    reason: str | None = None,
    review_ref: str | None = None,
    evidence: DoneEvidence | None = None,
    review_result: ReviewResult | None = None,
    current_actor: str | None = None,
    other_head: bool | None = None,
) -> tuple[bool, str | None]:
    """Whether a move may be made, and all that is missing if not.

    Lane names may be the input alias `doing`; `current_actor` is who holds the review now; the other values are
    what the guards look at, see `MoveContext`.
    """
    source, target = parse_lane(from_lane), parse_lane(to_lane)
    if source is None or target is None:
        return False, f"there is no lane {(from_lane if source is None else to_lane)!r}"
    context = MoveContext(
        actor, force, reason, workspace_context, subtasks_complete, implementation_evidence_present,
        evidence, review_ref, review_result, current_actor, other_head,
    )  # fmt: skip
    problems = unmet(source, target, context)
    return not problems, "; ".join(problem.what for problem in problems) or None


def resolve_lane_alias(lane: str) -> str:
    """A lane as a person may spell it, as its canonical name; an unknown one comes back trimmed and in lower case."""
    name = lane.strip().lower()
    return LANE_ALIASES.get(name, name)


def parse_lane(text: str) -> Lane | None:
    """The lane that an input names, or None."""
    name = resolve_lane_alias(text)
    return Lane(name) if name in CANONICAL_LANES else None


def is_terminal(lane: str) -> bool:
    """Whether no unforced move leaves a lane."""
    return resolve_lane_alias(lane) in TERMINAL_LANES


def is_give_back(source: Lane, target: Lane) -> bool:
    """Whether a forced move between these lanes only gives work back."""
    return (source, target) in GIVE_BACKS


def four_lanes(lane: str) -> str:
    """A lane's name where a contract knows only planned, doing, for_review and done.

    Raises:
        ValueError: it is none of the nine lanes.
    """
    try:
        return _FOUR_LANES[lane]
    except KeyError:
        raise ValueError(f"there is no lane {lane!r}") from None
