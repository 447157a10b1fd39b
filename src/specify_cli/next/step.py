"""One turn of the loop for an agent: report the open step, then get the next one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Conflict, SpecKittyError, UsageError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.alarm import ADVISORY_AFTER
from specify_cli.next.answers import Handed, answer
from specify_cli.next.claims import Claim, claim_review, claim_work
from specify_cli.next.decision import Choice, Decision, DecisionKind, decide
from specify_cli.next.observation import with_fix
from specify_cli.next.observe import Seen, observe
from specify_cli.next.prompt_builder import (
    implement_prompt,
    merge_prompt,
    planning_prompt,
    review_text,
    write_prompt,
)
from specify_cli.next.report import Report, commit_open_work, read_again, report_step
from specify_cli.next.resolve import apply_answer
from specify_cli.next.sessions import already_open
from specify_cli.next.steps import is_current, open_steps
from specify_cli.status.emit import writing
from specify_cli.status.holders import TAKEN_OVER, Holder, takeover_data
from specify_cli.status.reading import read_status
from specify_cli.workspaces import leases
from specify_cli.workspaces.astray import astray, held_in
from specify_cli.workspaces.waiting import waiting

ATTEMPTS = 50  # as many agents may ask at once, each for the same first work package
POLL_SECONDS = 0.2
LOOK_AGAIN_SECONDS = 5.0
_AFTER_PLANNING = ("implement", "review", "accept", "merge")
# Somebody moved something between what was seen and the claim.
QUICKER = frozenset(
    {
        "DECISION_OPEN", "DEPENDENCIES_NOT_SATISFIED", "LANE_BUSY", "SELF_REVIEW", "STEP_TAKEN",
        "WP_ALREADY_CLAIMED", "WP_NOT_CLAIMABLE", "WP_NOT_FOR_REVIEW",
    }
)  # fmt: skip
# What keeps one work package from being begun, and the others not.
SET_ASIDE = frozenset(
    {
        "DEPENDENCY_CONFLICT", "INDEX_LOCKED", "LANE_BRANCH_IN_USE", "LANE_BRANCH_MISSING", "TARGET_NOT_CHECKED_OUT",
        "WORKSPACE_BLOCKED", "WORKTREE_BUSY", "WORKTREE_DIRTY", "WORKTREE_WRONG_BRANCH",
    }
)  # fmt: skip


@frozen
class Turn:
    """What an agent says when it asks for the next step.

    Args:
        result: success, failed or blocked, of the open step; None reports nothing.
        step_id: the step that is reported, where it is not the only one.
        answer: to the question `decision_id`.
        wait: seconds to wait for something to do.
        no_change: why the work that is reported as done changes nothing.
        commit: a message: commit the open work package's work first, whatever is reported.
        only: the actions that may be handed out; empty for any.
        no_next: report or answer, and take no step.
    """

    result: str | None = None
    step_id: str | None = None
    note: str | None = None
    answer: str | None = None
    decision_id: str | None = None
    wait: float = 0.0
    commit: str | None = None
    only: frozenset[str] = frozenset()
    no_next: bool = False
    no_change: str | None = None

    @property
    def reports(self) -> bool:
        """Whether the caller shows that it knows of its step."""
        return any(each is not None for each in (self.result, self.step_id, self.answer, self.commit))


def decide_next(context: Context, actor: Actor, turn: Turn) -> Decision:
    """Report what there is to report, then hand out the next step.

    Raises:
        UsageError: `only` names an action that the mission does not know.
        Refused: `REVIEW_VERDICT_MISSING`, `STEP_NOT_FOUND`, `DECISION_NOT_FOUND` or what claiming refuses.
    """
    warnings: tuple[Notice, ...] = ()
    _check_actions(context, turn.only)
    if turn.commit is not None:
        commit_open_work(context, actor, turn.commit)
    if turn.answer is not None:
        warnings += apply_answer(context, actor, turn.answer, turn.decision_id)
    if turn.result is not None:
        reported = report_step(context, actor, turn.result, turn.step_id, turn.note, no_change=turn.no_change)
        warnings += reported.warnings
        if reported.times >= ADVISORY_AFTER:
            warnings += (_alarm(context.place.slug, actor, reported),)
        if reported.unmet and not reported.asks:
            return _unchanged(context, actor, reported, warnings)
        context = reported.context
    if turn.no_next:
        return _without_a_step(context, actor, turn, warnings)
    return _with_waiting(context, actor, turn, warnings)


def _check_actions(context: Context, only: frozenset[str]) -> None:
    if not only:
        return
    known = dict.fromkeys([*(step.name for step in mission_type_of(context.place).steps), *_AFTER_PLANNING])
    if odd := sorted(only.difference(known)):
        raise UsageError(f"--only names {', '.join(odd)}; the actions are {', '.join(known)}", "USAGE_ERROR")


def _without_a_step(context: Context, actor: Actor, turn: Turn, warnings: tuple[Notice, ...]) -> Decision:
    """What would come next, for one who takes nothing."""
    seen = observe(context.place, context.config, None)
    done = "answered" if turn.answer is not None else "reported"
    choice = replace(decide(seen.observation), reason=done, resume=False)
    return answer(context.place, seen, choice, actor, warnings=warnings, query=True)


def _alarm(slug: str, actor: Actor, reported: Report) -> Notice:
    what = " ".join(part for part in (reported.action, reported.wp_id) if part)
    missing, _ = with_fix(reported.unmet[0])
    said = f"{what} was reported as done {reported.times} times while nothing changed; still missing: {missing}"
    hint = spec_kitty("next", *actor.flags, "--result", "blocked", "--note", "TEXT", "--mission", slug)
    return Notice("LOOP_ALARM", said, hint)


def _unchanged(context: Context, actor: Actor, reported: Report, warnings: tuple[Notice, ...]) -> Decision:
    """The step again, with what its guard still wants; nothing else happened."""
    seen = observe(context.place, context.config, Holder(actor.name, actor.session), actor.session_source)
    choice = Choice(
        DecisionKind.STEP, reported.action, reported.action, reported.wp_id, reason="not finished yet",
        unmet=reported.unmet, resume=True, step_id=reported.step_id,
    )  # fmt: skip
    handed = _hand_out(context, actor, seen, choice)
    return answer(context.place, seen, choice, actor, handed=handed, guard_failures=reported.unmet, warnings=warnings)


def _with_waiting(context: Context, actor: Actor, turn: Turn, warnings: tuple[Notice, ...]) -> Decision:
    before = _size(context)
    decision = _hand_out_once(context, actor, turn, warnings)
    if decision.kind != DecisionKind.BLOCKED or turn.wait <= 0:
        return decision
    until = clock.monotonic() + turn.wait
    with waiting(context.place, Holder(actor.name, actor.session), turn.only) as renew:
        while decision.kind == DecisionKind.BLOCKED and (left := until - clock.monotonic()) > 0:
            _until_something_changes(context, before, min(left, LOOK_AGAIN_SECONDS))
            context, before = read_again(context), _size(context)
            renew()
            decision = _hand_out_once(context, actor, turn, warnings)
    return decision


def _until_something_changes(context: Context, before: tuple[int, int], seconds: float) -> None:
    """Wait until the journal grows, at most some seconds."""
    until = clock.monotonic() + seconds
    while clock.monotonic() < until and _size(context) == before:
        clock.sleep(min(POLL_SECONDS, max(0.01, until - clock.monotonic())))


def _size(context: Context) -> tuple[int, int]:
    def size(read: Callable[[], int]) -> int:
        try:
            return read()
        except OSError:
            return 0

    place = context.place
    return size(lambda: place.journal.stat().st_size), size(lambda: place.mission_journal.stat().st_size)


def _hand_out_once(context: Context, actor: Actor, turn: Turn, warnings: tuple[Notice, ...]) -> Decision:
    """Decide and claim. Somebody quicker makes it decide again; a work package that cannot be begun is set aside.

    Where nothing else can be handed out, the reason why that one could not be begun is the answer.
    """
    me = Holder(actor.name, actor.session)
    lost = 0
    refused: dict[str, SpecKittyError] = {}
    while True:
        seen = observe(context.place, context.config, me, actor.session_source)
        choice = decide(replace(seen.observation, set_aside=frozenset(refused), only=turn.only))
        if refused and choice.kind is not DecisionKind.STEP:
            raise next(iter(refused.values()))
        if choice.kind is DecisionKind.DECISION_REQUIRED:
            _ask(context, actor, choice)
        if choice.kind is not DecisionKind.STEP:
            return answer(context.place, seen, choice, actor, warnings=warnings)
        try:
            handed = _hand_out(context, actor, seen, choice)
        except SpecKittyError as error:
            if error.code in SET_ASIDE and choice.wp_id and choice.wp_id not in refused and not _is_mine(seen, choice):
                refused[choice.wp_id] = error
                continue
            lost += 1
            if lost == ATTEMPTS or error.code not in QUICKER:
                raise
            continue
        notices = tuple(Notice(error.code, error.message, error.hint) for error in refused.values())
        what = " ".join(part for part in (choice.action, choice.wp_id) if part)
        if not turn.reports and (open_before := already_open(actor, context.place.slug, what, handed.since)):
            notices += (open_before,)
        return answer(context.place, seen, choice, actor, handed=handed, warnings=warnings + notices)


def _is_mine(seen: Seen, choice: Choice) -> bool:
    return any(each.wp_id == choice.wp_id and each.holder == seen.observation.me for each in seen.observation.packages)


def _hand_out(context: Context, actor: Actor, seen: Seen, choice: Choice) -> Handed:
    if choice.wp_id is None:
        return _hand_out_planning(context, actor, seen, choice)
    packages = {package.id: package for package in seen.packages}
    package = packages[choice.wp_id]
    if choice.action == "implement":
        claim = claim_work(context, actor, package, packages, seen.manifest, take_over=choice.taken_from)
    else:
        claim = claim_review(context, actor, package, seen.manifest, take_over=choice.taken_from)
    prompt = prompt_for(context, actor, claim, str(choice.action))
    warnings = (*claim.warnings, *prompt.warnings)
    return Handed(prompt.step_id, str(claim.workspace.path), str(prompt.path), prompt.since, warnings)


@frozen
class Prompt:
    """A prompt file, and the step it belongs to.

    Args:
        since: when the same holder was handed the step before.
        warnings: what went astray of the work so far.
    """

    path: Path
    step_id: str
    since: str | None = None
    warnings: tuple[Notice, ...] = ()


def prompt_for(context: Context, actor: Actor, claim: Claim, action: str) -> Prompt:
    """Issue the step of a claimed work package and write its prompt."""
    step_id, since = _issue(context, actor, action, claim.package.id)
    status = read_status(context.place)
    name = f"{claim.package.id}-{action}-{step_id[-8:]}"
    if action == "implement":
        text = implement_prompt(context, claim, actor, status, step_id)
    else:
        text = review_text(context, claim, actor, status)
    path = write_prompt(context.place, name, text)
    beside = []
    if since is not None and action == "implement":
        held = held_in(context.place, [claim.package], read_lanes(context.place), status.snapshot)
        beside = astray(context.place, held)
    return Prompt(path, step_id, since, tuple(each.to_notice() for each in beside))


def _hand_out_planning(context: Context, actor: Actor, seen: Seen, choice: Choice) -> Handed:
    action, place = str(choice.action), context.place
    step = seen.mission_type.step(action)
    if step is not None:
        _ = place.feature_dir  # its documents can only be written in the mission's home
    step_id, since = _issue(context, actor, action, None, choice.taken_from)
    if step is None:
        text = merge_prompt(context, seen.mission_type, actor)
    else:
        text = planning_prompt(context, seen, step, actor, choice.unmet, step_id)
    prompt = write_prompt(place, f"{action}-{step_id[-8:]}", text)
    return Handed(step_id, str(place.folder) if place.folder else None, str(prompt), since)


def _issue(
    context: Context, actor: Actor, action: str, wp_id: str | None, taken_from: Holder | None = None
) -> tuple[str, str | None]:
    """The id of the step: that of the open one, else of a new one that is recorded now; it keeps its holder awake.

    With it comes when the step was handed out, where the actor has it already.

    Raises:
        Conflict: `STEP_TAKEN`: another session was handed the step in the meantime.
    """
    me = Holder(actor.name, actor.session)
    with writing(context.place, publish=publish_mode(context.config)) as log:
        running = [
            step
            for step in open_steps(context.place, context.config, log.mission_events)
            if step.action == action and step.wp_id == wp_id and is_current(log.snapshot, step)
        ]
        mine = next((step for step in reversed(running) if step.holder == me), None)
        other = running[-1] if mine is None and running and wp_id is None else None
        if other is not None and (other.holder != taken_from or not other.quiet):
            raise Conflict(f"{action} is held by {other.holder}", "STEP_TAKEN", hint=spec_kitty("next", "--wait", "60"))
        if wp_id is None:
            leases.touch(context.place, action, actor.name, actor.session)
        if mine is not None:
            return mine.step_id, mine.at
        if other is not None:
            data = {**takeover_data(other.holder, actor.session, actor.session_source), "step_id": other.step_id}
            log.record(TAKEN_OVER, actor=actor.name, session=actor.session, data=data)
            return other.step_id, None
        event = log.record("step_issued", actor=actor.name, session=actor.session, wp_id=wp_id, data={"action": action})
        return event.event_id, None


def _ask(context: Context, actor: Actor, choice: Choice) -> None:
    """Record a question once."""
    question = choice.question
    if question is None:
        return
    with writing(context.place, publish=publish_mode(context.config)) as log:
        known = {event.data.get("decision_id") for event in log.mission_events if event.type == "decision_asked"}
        if question.decision_id not in known:
            log.record(
                "decision_asked", actor=actor.name, session=actor.session, wp_id=question.wp_id, data=question.to_data()
            )
