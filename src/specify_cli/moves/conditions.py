"""What each kind of move requires: one table, asked by every door. `status/transitions` remains the log's last word."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum

from specify_cli.conditions import claim_rules, review_rules, verdict_rules
from specify_cli.conditions.claim_rules import ClaimFacts
from specify_cli.conditions.review_rules import WorkFacts
from specify_cli.conditions.verdict_rules import VerdictFacts
from specify_cli.conditions.ways import way_on
from specify_cli.kernel import lazy
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.config import ENFORCE
from specify_cli.kernel.errors import SpecKittyError, Unmet, UsageError
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.moves.moment import Moment
from specify_cli.moves.refusals import already_claimed, not_quiet, of_claim, of_own_work, self_review_refused
from specify_cli.moves.request import Move
from specify_cli.review.evidence import may_review_own
from specify_cli.status.emit import TransitionError
from specify_cli.status.holders import WORKING
from specify_cli.status.models import Lane
from specify_cli.status.transitions import allowed_targets


class Needs(StrEnum):
    """What a condition is decided from."""

    OWN = "own"  # the request alone
    LOG = "log"  # decided again under the mission's lock
    GIT = "git"  # looked up once, without the lock; what was found is recorded with the move


EVERYTHING = frozenset(Needs)
UNDER_THE_LOCK = frozenset({Needs.OWN, Needs.LOG})


@frozen
class Rule:
    """A condition of a move.

    Args:
        code: its name.
        holds: what it says where it holds.
        check: what does not hold of it.
        word: the field of the request by which a caller's word stands for it.
        said: what the caller says by the opposite word.
        always: whether it holds for a forced move too.
        refuse: the error under which it is refused, where that is its own.
        when: where the project asks for it; everywhere, where nothing is said.
    """

    code: str
    holds: str
    check: Callable[[Moment], Iterator[Unmet]]
    needs: Needs = Needs.LOG
    word: str | None = None
    said: str = ""
    always: bool = False
    refuse: Callable[[Moment], SpecKittyError] | None = None
    when: Callable[[Moment], bool] | None = None


def _held_by_another(moment: Moment) -> Iterator[Unmet]:
    holder = moment.holder
    if holder is None or holder == moment.me or moment.request.manages:
        return
    error = _already_claimed(moment)
    yield Unmet(error.code, error.message, error.hint, moment.wp_id)


def _already_claimed(moment: Moment) -> SpecKittyError:
    return already_claimed(moment.wp_id, moment.holder, moment.slug, moment.actor)


def _own_work(moment: Moment) -> Iterator[Unmet]:
    config = moment.config
    # Whoever holds a review was allowed to take it; `review.by: other` asks again.
    asked = moment.lane in (*WORKING, Lane.FOR_REVIEW) or (
        config.review_by == "other" and moment.lane is Lane.IN_REVIEW and moment.request.target in _JUDGED
    )
    if asked and moment.is_own and not may_review_own(config, moment.log.events, moment.log.mission_events, moment.me):
        error = _self_review(moment)
        yield Unmet(error.code, error.message, error.hint, moment.wp_id)


def _self_review(moment: Moment) -> SpecKittyError:
    return self_review_refused(moment.wp_id, moment.slug, moment.actor, moment.config)


def _feedback_missing(moment: Moment) -> Iterator[Unmet]:
    if moment.request.feedback is None and not moment.request.exact:
        error = _feedback_required(moment)
        yield Unmet(error.code, error.message, error.hint, moment.wp_id)


def _feedback_required(moment: Moment) -> SpecKittyError:
    who = () if moment.actor.is_person else moment.actor.flags
    words = ("--to", moment.request.target, "--review-feedback-file", "FILE", *who, "--mission", moment.slug)
    return UsageError(
        f"sending {moment.wp_id} back wants feedback: what is wrong, where, and what would be right",
        "FEEDBACK_REQUIRED",
        hint=spec_kitty("agent tasks move-task", moment.wp_id, *words),
    )


def _not_planned(moment: Moment) -> Iterator[Unmet]:
    if moment.package is None:
        said = f"{moment.wp_id} is no longer in the plan"
        fix = spec_kitty("agent tasks list-tasks", "--mission", moment.slug)
        yield Unmet("WP_NOT_FOUND", said, fix, moment.wp_id)


def _of_claim(rule: Callable[[ClaimFacts], Iterator[Unmet]]) -> Callable[[Moment], Iterator[Unmet]]:
    def check(moment: Moment) -> Iterator[Unmet]:
        # What was blocked goes on where it was; what nobody ever began is begun now.
        begun = moment.kind is Move.RESUME and moment.implementer is not None and rule is not claim_rules.lane_busy
        if moment.claimed is not None and moment.exists and not begun:
            yield from of_claim(rule(moment.claimed), moment.log.holders(), moment.slug, moment.actor)

    return check


def _of_work(rule: Callable[[WorkFacts], Iterator[Unmet]]) -> Callable[[Moment], Iterator[Unmet]]:
    def check(moment: Moment) -> Iterator[Unmet]:
        if moment.package is not None:
            yield from rule(moment.facts)

    return check


def _markers(moment: Moment) -> Iterator[Unmet]:
    if moment.work.markers:
        yield from lazy.load("specify_cli.conditions.accept_rules:markers")(moment.work.markers)


def _no_new_commit(moment: Moment) -> Iterator[Unmet]:
    for unmet in review_rules.no_new_commit(moment.facts) if moment.package is not None else ():
        # Without a change there is no commit; after a rejection there has to be one.
        without = moment.request.no_change is not None or moment.kind is Move.APPROVE_AT_ONCE
        if moment.facts.unchanged_since is not None or not without:
            yield unmet


def _no_changes(moment: Moment) -> Iterator[Unmet]:
    if moment.package is None or moment.request.no_change is not None:
        return
    facts = moment.facts
    # The word that the work is committed stands for a commit, and not for what is in it.
    told = moment.request.implementation_evidence_present is True
    at_once = moment.kind is Move.APPROVE_AT_ONCE and facts.workspace is not None
    if (told or at_once) and not facts.changed:
        yield review_rules.nothing_changed(facts)
    else:
        yield from review_rules.no_changes(facts)


def _changes_there(moment: Moment) -> Iterator[Unmet]:
    if moment.package is not None and moment.request.no_change is not None and moment.facts.changed:
        said = f"{moment.wp_id} was to be handed over without a change, and it changes {some(moment.facts.changed)}"
        yield Unmet("CHANGES_THERE", said, command(*_move_task(moment)), moment.wp_id)


def _no_change_by_other(moment: Moment) -> Iterator[Unmet]:
    if moment.review.no_change is not None and not moment.is_by_another:
        said = f"{moment.wp_id} was handed over without a change, and only somebody else may approve that"
        held = moment.lane is Lane.IN_REVIEW and moment.holder == moment.me
        give_back = ("--result", "failed", "--note", "TEXT", "--no-next", "--mission", moment.slug)
        fix = spec_kitty("next", *moment.actor.flags, *give_back) if held else _self_review(moment).hint
        yield Unmet("SELF_REVIEW", said, fix, moment.wp_id)


def _evidence_missing(moment: Moment) -> Iterator[Unmet]:
    request = moment.request
    if request.exact or request.reference is not None or moment.review.reviewed is not None:
        return  # a program says its evidence itself, and the matrix of lanes asks for it
    if not moment.exists:
        return
    said = f"no commit of {moment.wp_id} was recorded when it went to review: name what you reviewed"
    fix = command(*_move_task(moment), "--approval-ref", "REF")
    yield Unmet("REVIEW_EVIDENCE_MISSING", said, fix, moment.wp_id)


def _move_task(moment: Moment) -> tuple[str, ...]:
    to = ("--to", moment.request.target.value, "--mission", moment.slug)
    return "spec-kitty", "agent", "tasks", "move-task", moment.wp_id, *to


def _of_verdict(rule: Callable[[VerdictFacts], Iterator[Unmet]]) -> Callable[[Moment], Iterator[Unmet]]:
    def check(moment: Moment) -> Iterator[Unmet]:
        if moment.package is not None and moment.exists:
            yield from rule(moment.work.judged)

    return check


def _nothing_new(moment: Moment) -> Iterator[Unmet]:
    if moment.package is None:
        return
    covered, now = moment.covered, moment.work.judged.now
    if covered is not None and now in (None, covered) and moment.lowered is None and not moment.mapped:
        said = f"{moment.wp_id} was approved at {covered[:10]}, and there is nothing else of it to review"
        yield Unmet("NO_NEW_COMMIT", said, None, moment.wp_id)


def _merged(moment: Moment) -> Iterator[Unmet]:
    if moment.lane is Lane.DONE and moment.context.place.meta.get("merged_at"):
        yield Unmet("MISSION_CLOSED", f"{moment.slug} is merged, and {moment.wp_id} with it", None, moment.wp_id)


def _not_seen(moment: Moment) -> Iterator[Unmet]:
    if moment.presence is None:
        error = _lease_elsewhere(moment)
        yield Unmet(error.code, error.message, error.hint, moment.wp_id)


def _lease_elsewhere(moment: Moment) -> SpecKittyError:
    return not_quiet(moment.log.snapshot, moment.wp_id, moment.holder, None, moment.context.config.quiet_minutes)


def _at_work(moment: Moment) -> Iterator[Unmet]:
    if moment.presence is not None and not moment.presence.quiet:
        error = _lease_active(moment)
        yield Unmet(error.code, error.message, error.hint, moment.wp_id)


def _lease_active(moment: Moment) -> SpecKittyError:
    lease = moment.presence.lease if moment.presence is not None else None
    return not_quiet(moment.log.snapshot, moment.wp_id, moment.holder, lease, moment.context.config.quiet_minutes)


def _unreviewed_below(moment: Moment) -> Iterator[Unmet]:
    """Commits in the lane that no review covers, below the range of this one: they would be merged with it."""
    manifest = moment.work.manifest
    if moment.package is None or manifest is None:
        return
    strict = moment.context.config.review_by == "other"
    # Only an approval pays for what it takes to look at history.
    unreviewed_below = lazy.load("specify_cli.workspaces.coverage:unreviewed_below")
    found = unreviewed_below(moment.context.place, manifest, moment.log.events, moment.wp_id, by_other=strict)
    if found:
        coverage = lazy.load("specify_cli.workspaces.coverage_models:Coverage")(uncovered=found)
        yield from lazy.load("specify_cli.conditions.accept_rules:unreviewed")(coverage, moment.slug)


_JUDGED = frozenset({Lane.IN_REVIEW, Lane.APPROVED, Lane.DONE})
_EVIDENCE = "implementation_evidence_present"
_NOT_COMMITTED = "the work is not committed"

HAS_LANE = Rule("LANES_MISSING", "it has a lane", _of_claim(claim_rules.lane_missing))
NEEDS_SATISFIED = Rule(
    "DEPENDENCIES_NOT_SATISFIED", "what it builds on is approved or done", _of_claim(claim_rules.dependencies_open)
)
LANE_FREE = Rule("LANE_BUSY", "its lane is free", _of_claim(claim_rules.lane_busy))
NO_QUESTION = Rule("DECISION_OPEN", "no question about it is open", _of_claim(claim_rules.question_open))
PLANNED = Rule("WP_NOT_FOUND", "it is in the plan", _not_planned, Needs.OWN, always=True)
FREE = Rule("WP_ALREADY_CLAIMED", "nobody else holds it", _held_by_another, refuse=_already_claimed)
MAY_REVIEW = Rule("SELF_REVIEW", "it is not one's own work", _own_work, refuse=_self_review)
FEEDBACK_GIVEN = Rule("FEEDBACK_REQUIRED", "it says what is wrong", _feedback_missing, refuse=_feedback_required)
IN_PROGRESS = Rule("NOT_IN_PROGRESS", "somebody works on it", _of_work(review_rules.not_in_progress))
HAS_WORKSPACE = Rule(
    "WORKSPACE_MISSING", "it has a workspace in this clone", _of_work(review_rules.workspace_missing), Needs.GIT,
    _EVIDENCE, _NOT_COMMITTED,
)  # fmt: skip
ON_ITS_BRANCH = Rule(
    "WORKTREE_WRONG_BRANCH", "its lane's branch is checked out there", _of_work(review_rules.wrong_branch), Needs.GIT,
    _EVIDENCE, _NOT_COMMITTED,
)  # fmt: skip
NOT_BUSY = Rule(
    "WORKTREE_BUSY", "no merge or rebase is under way there", _of_work(review_rules.busy), Needs.GIT,
    _EVIDENCE, _NOT_COMMITTED,
)  # fmt: skip
CLEAN = Rule(
    "WORKTREE_DIRTY", "nothing is uncommitted there", _of_work(review_rules.dirty), Needs.GIT,
    _EVIDENCE, _NOT_COMMITTED,
)  # fmt: skip
HAS_NEW_COMMIT = Rule(
    "NO_NEW_COMMIT", "there is a new commit", _no_new_commit, Needs.GIT,
    _EVIDENCE, _NOT_COMMITTED,
)  # fmt: skip
# Nobody's word stands for it: markers that are in a commit are there, whoever says what.
NO_MARKERS = Rule("CONFLICT_MARKERS", "no conflict marker is left in a file", _markers, Needs.GIT)
HAS_CHANGES = Rule("NO_CHANGES", "it changes something", _no_changes, Needs.GIT)
NO_CHANGE_HOLDS = Rule("CHANGES_THERE", "it changes nothing, as was said", _changes_there, Needs.GIT, always=True)
SUBTASKS_DONE = Rule(
    "SUBTASKS_OPEN", "every subtask is ticked", _of_work(review_rules.subtasks_open),
    word="subtasks_complete", said="subtasks are open",
)  # fmt: skip

INSIDE_OWNERSHIP = Rule(
    "OUTSIDE_OWNED_FILES", "it changes only files that it owns", _of_work(review_rules.outside_owned_files), Needs.GIT,
    when=lambda moment: moment.context.config.ownership == ENFORCE,
)  # fmt: skip

NO_CHANGE_BY_OTHER = Rule("SELF_REVIEW", "somebody else says that nothing had to be changed", _no_change_by_other)
HAS_EVIDENCE = Rule("REVIEW_EVIDENCE_MISSING", "it is known which commit was reviewed", _evidence_missing)
HEAD_AS_SHOWN = Rule(
    "REVIEW_OUTDATED", "the reviewer was shown what is there now", _of_verdict(verdict_rules.outdated), Needs.GIT
)
NOTHING_LEFT = Rule(
    "WORKTREE_DIRTY", "nothing of it is uncommitted", _of_verdict(verdict_rules.left_uncommitted), Needs.GIT
)
SOMETHING_DONE = Rule("NO_CHANGES", "it changes something", _of_verdict(verdict_rules.nothing_done), Needs.GIT)

COVERED = Rule("UNREVIEWED_COMMITS", "everything below it was reviewed", _unreviewed_below, Needs.GIT)

SEEN_HERE = Rule("LEASE_ELSEWHERE", "its holder worked in this clone", _not_seen, refuse=_lease_elsewhere)
QUIET = Rule("LEASE_ACTIVE", "its holder has gone quiet", _at_work, refuse=_lease_active)
NOT_MERGED = Rule("MISSION_CLOSED", "its mission is not merged", _merged)
OTHER_HEAD = Rule("NO_NEW_COMMIT", "there is another commit than the approved one", _nothing_new, Needs.GIT)

_COMMITTED = (HAS_WORKSPACE, ON_ITS_BRANCH, NOT_BUSY, CLEAN, HAS_NEW_COMMIT)
_WORK_DONE = (*_COMMITTED, HAS_CHANGES, NO_CHANGE_HOLDS, NO_MARKERS, INSIDE_OWNERSHIP, SUBTASKS_DONE)
_REVIEWED = (NO_CHANGE_BY_OTHER, HAS_EVIDENCE, HEAD_AS_SHOWN, NOTHING_LEFT, SOMETHING_DONE, NO_MARKERS, COVERED)

_BEGUN = (HAS_LANE, NEEDS_SATISFIED, LANE_FREE)

CONDITIONS: Mapping[Move, tuple[Rule, ...]] = {
    Move.CLAIM: (FREE, *_BEGUN, NO_QUESTION),
    Move.BEGIN: (FREE, *_BEGUN, NO_QUESTION),
    Move.HAND_OVER: (PLANNED, FREE, IN_PROGRESS, *_WORK_DONE),
    Move.TAKE_REVIEW: (FREE, MAY_REVIEW),
    Move.APPROVE: (PLANNED, FREE, MAY_REVIEW, *_REVIEWED),
    Move.APPROVE_AT_ONCE: (PLANNED, FREE, MAY_REVIEW, *_WORK_DONE, COVERED),
    Move.REJECT: (FREE, MAY_REVIEW, FEEDBACK_GIVEN),
    Move.GIVE_BACK: (FREE,),
    Move.GIVE_REVIEW_BACK: (FREE,),
    Move.TAKE_BACK: (SEEN_HERE, QUIET),
    Move.BLOCK: (FREE,),
    Move.RESUME: _BEGUN,
    Move.CANCEL: (FREE,),
    Move.REOPEN: (PLANNED, NOT_MERGED, OTHER_HEAD, NOTHING_LEFT),
    Move.DONE: (FREE,),
}

Found = Sequence[tuple[Rule, Unmet]]


def check(moment: Moment, needs: Collection[Needs] = EVERYTHING) -> Found:
    """Every condition of what is asked for that does not hold.

    Args:
        needs: which conditions to look at, by what they are decided from.
    """
    rules = [
        rule for rule in CONDITIONS[moment.kind] if rule.needs in needs and (rule.when is None or rule.when(moment))
    ]
    found: list[tuple[Rule, Unmet]] = []
    for rule in rules:
        if rule.word is None or getattr(moment.request, rule.word) is not True:
            found += [(rule, unmet) for unmet in rule.check(moment)]
    for word in dict.fromkeys(rule.word for rule in rules if rule.word is not None):
        about = [rule for rule in rules if rule.word == word]
        if getattr(moment.request, word) is False and not any(rule in about for rule, _ in found):
            # Its holder says so, whatever can be seen.
            again = way_on(moment.wp_id, moment.lane, moment.slug)
            said = f"{moment.wp_id}: its holder says that {about[-1].said}"
            found.append((about[-1], Unmet(about[-1].code, said, again, moment.wp_id)))
    return found


def binding(found: Found) -> Found:
    """What is unmet although a move is forced."""
    return [(rule, unmet) for rule, unmet in found if rule.always]


def refusal(moment: Moment, found: Found) -> SpecKittyError:
    """The refusal that names all that is unmet."""
    unmet = of_own_work((each for _, each in found), moment.slug, moment.actor)
    own = next((rule.refuse for rule, _ in found if rule.refuse is not None), None)
    if own is None:
        return TransitionError(
            f"{moment.wp_id} cannot go from {moment.lane} to {moment.request.target}",
            "TRANSITION_REJECTED",
            details={
                "wp_id": moment.wp_id,
                "from_lane": moment.lane.value,
                "to_lane": moment.request.target.value,
                "allowed": [lane.value for lane in allowed_targets(moment.lane)],
                "reason": unmet[0].code,
            },
            unmet=unmet,
        )
    error = own(moment)
    if len(unmet) > 1:
        error.details["unmet"] = [each.to_dict() for each in unmet]
    return error


def require(moment: Moment, needs: Collection[Needs] = EVERYTHING) -> Found:
    """Refuse a move of which a condition does not hold; what is unmet of a forced one.

    Raises:
        SpecKittyError: with every unmet condition.
    """
    found = check(moment, needs)
    against = binding(found) if moment.request.force else found
    if against:
        raise refusal(moment, against)
    return found
