"""What an agent should do now: a pure function of what is on disk.

It holds no state of its own, so it is right after a crash, a hand edit, or work done outside the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from enum import StrEnum

from specify_cli.conditions.questions import Question
from specify_cli.core.readiness import BUSY, SATISFIED, ready
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.values import frozen, replace
from specify_cli.next.observation import Kinship, Observation, PackageView, PlanningView, Waiting
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane

RETRY_AFTER_SECONDS = 15
SETTLED = SATISFIED | {Lane.CANCELED}


class DecisionKind(StrEnum):
    """What an answer of `next` is."""

    STEP = "step"
    DECISION_REQUIRED = "decision_required"
    BLOCKED = "blocked"
    TERMINAL = "terminal"
    QUERY = "query"


@frozen
class Choice:
    """What was decided, before anything is written.

    Args:
        resume: the step is the asker's own, or that of a quiet holder.
        taken_from: the quiet holder it is taken from.
        step_id: of an open step that goes on.
    """

    kind: DecisionKind
    state: str
    action: str | None = None
    wp_id: str | None = None
    reason: str | None = None
    unmet: tuple[str, ...] = ()
    waiting_for: tuple[Waiting, ...] = ()
    question: Question | None = None
    resume: bool = False
    taken_from: Holder | None = None
    step_id: str | None = None
    warnings: tuple[str, ...] = field(default=())


def decide(seen: Observation) -> Choice:
    """The step for whoever asks, or why there is none."""
    if seen.merged:
        return Choice(DecisionKind.TERMINAL, "merged", reason=f"the mission is merged{seen.lands_by}")
    started = any(package.lane is not Lane.PLANNED for package in seen.packages)
    current = next((step for step in seen.planning if not step.done), None)
    if current is not None and not started:
        return _planning(seen, current)
    broken = tuple(f"{step.name}: {text}" for step in seen.planning for text in step.unmet)
    choice = _packages(seen)
    if choice is None:
        choice = _ending(seen)
    return choice if not broken else _with_warnings(choice, broken)


def _with_warnings(choice: Choice, warnings: tuple[str, ...]) -> Choice:
    return replace(choice, warnings=warnings)


def _planning(seen: Observation, step: PlanningView) -> Choice:
    choice = _exclusive(seen, step.name, step.name, step.unmet)
    if step.questions and choice.kind is DecisionKind.STEP:
        return _ask(step.name, step.questions[0])
    return choice


def _exclusive(seen: Observation, state: str, action: str, unmet: Sequence[str] = ()) -> Choice:
    """A step that only one session may work on."""
    running = next((each for each in seen.open_steps if each.action == action and each.wp_id is None), None)
    if not seen.hands_out(action) and (running is None or running.holder != seen.me):
        return _wait(state, (Waiting(action, running.holder if running and not running.quiet else None),))
    if running is None:
        return Choice(DecisionKind.STEP, state, action, unmet=tuple(unmet))
    if running.holder == seen.me:
        return Choice(DecisionKind.STEP, state, action, unmet=tuple(unmet), resume=True, step_id=running.step_id)
    if running.quiet:
        return Choice(
            DecisionKind.STEP, state, action, unmet=tuple(unmet), resume=True, taken_from=running.holder,
            step_id=running.step_id,
        )  # fmt: skip
    return _wait(state, (Waiting(action, running.holder, running.ended),))


def _packages(seen: Observation) -> Choice | None:
    """A turn over the work packages; None once each is approved, done or canceled."""
    expected = seen.packages or seen.has_packages
    if not expected or (seen.packages and all(package.lane in SETTLED for package in seen.packages)):
        return None
    name = seen.me.actor if seen.me else None
    return (
        _own(seen)
        or _own_question(seen, but=Lane.BLOCKED)
        or (_take_over(seen, name) if name else None)
        or _review(seen)
        or _ready(seen)
        or _own_question(seen)
        or _take_over(seen)
        or _nothing(seen)
    )


def _own(seen: Observation) -> Choice | None:
    """What one has begun, unless a person is asked about it."""
    for package in seen.packages:
        mine = package.holder is not None and package.holder == seen.me
        if package.lane in BUSY and mine and package.question is None:
            return _work(package, resume=True)
    return None


def _work_of(package: PackageView) -> str:
    return "review" if package.lane in (Lane.FOR_REVIEW, Lane.IN_REVIEW) else "implement"


def _work(package: PackageView, *, resume: bool = False, taken_from: Holder | None = None) -> Choice:
    action = _work_of(package)
    return Choice(DecisionKind.STEP, action, action, package.wp_id, resume=resume, taken_from=taken_from)


def _own_question(seen: Observation, but: Lane | None = None) -> Choice | None:
    """A question about one's own work; one about parked work keeps nobody from other work."""
    for package in seen.packages:
        mine = package.owner is not None and package.owner == seen.me
        if package.question is not None and mine and package.lane is not but:
            return _ask("implement", package.question)
    return None


def _review(seen: Observation) -> Choice | None:
    """The review that is furthest from our own work.

    Our own work, and a review that we gave back, come last: where nothing can be begun and nobody else waits for them.
    """
    if not seen.hands_out("review"):
        return None
    waiting = [
        package
        for package in seen.packages
        if package.lane is Lane.FOR_REVIEW and package.reviewable and not _is_out(seen, package)
    ]
    first = [package for package in waiting if package.kinship is not Kinship.OWN and not package.given_back]
    if first:
        return _work(min(first, key=lambda package: package.kinship))
    last = [package for package in waiting if not package.awaited]
    if not last or _ready(seen) is not None:
        return None
    return _work(min(last, key=lambda package: package.kinship))


def _ready(seen: Observation) -> Choice | None:
    """Work to begin: first what was sent back to us, last what we gave back ourselves."""
    if not seen.hands_out("implement"):
        return None
    free = [package for package in _claimable(seen) if not _is_kept(seen, package)]
    best = min(free, key=lambda package: (package.returned is None, package.given_back), default=None)
    return None if best is None else _work(best)


def _is_kept(seen: Observation, package: PackageView) -> bool:
    """Whether it was sent back to another session, which is still at work here."""
    return package.returned is not None and package.returned != seen.me


def _is_out(seen: Observation, package: PackageView) -> bool:
    """Whether it cannot be handed out in this turn, whatever its lane."""
    return package.wp_id in seen.set_aside or bool(package.broken)


def _claimable(seen: Observation) -> list[PackageView]:
    lanes = {package.wp_id: package.lane for package in seen.packages}
    execution_lanes = {package.wp_id: package.lane_id for package in seen.packages}
    open_ones = {package.wp_id: package for package in seen.packages if package.question is None}
    needs = {wp_id: package.needs for wp_id, package in open_ones.items() if not _is_out(seen, package)}
    return [open_ones[wp_id] for wp_id in ready(needs, lanes, execution_lanes)]


def _take_over(seen: Observation, actor: str | None = None) -> Choice | None:
    """Work whose holder has gone quiet: that of an actor's own earlier session, or anybody's, or nobody's."""
    for package in seen.packages:
        if _is_out(seen, package):
            continue
        if package.lane in BUSY and (package.quiet or package.holder is None):
            if actor is not None and (package.holder is None or package.holder.actor != actor):
                continue
            if package.lane is Lane.IN_REVIEW and not package.reviewable:
                continue
            choice = _work(package, resume=True, taken_from=package.holder)
            if seen.hands_out(str(choice.action)):
                return choice
    return None


def _nothing(seen: Observation) -> Choice:
    question = next((package.question for package in seen.packages if package.question is not None), None)
    others = tuple(
        Waiting(f"{package.wp_id} {_work_of(package)}", package.holder, package.ended)
        for package in seen.packages
        if package.lane in BUSY and package.holder is not None
    )
    if question is not None and not others:
        return _ask("implement", question)
    waiting = (*others, *_for_others(seen))
    if waiting:
        return _wait("implement", waiting)
    stuck = [_why_not(seen, package) for package in seen.packages if package.lane not in SETTLED]
    reason = "nothing can be handed out: " + "; ".join(stuck) if stuck else "there are no work packages"
    return Choice(DecisionKind.BLOCKED, "implement", reason=reason, unmet=tuple(stuck))


def _for_others(seen: Observation) -> list[Waiting]:
    """What somebody else has to take up before we can go on."""
    found: list[Waiting] = []
    claimable = {package.wp_id for package in _claimable(seen)}
    for package in seen.packages:
        if _is_out(seen, package):
            continue
        if package.lane is Lane.FOR_REVIEW:
            found.append(Waiting(f"review of {package.wp_id}"))
        elif package.wp_id in claimable:
            found.append(Waiting(f"{package.wp_id} implement", package.returned))
    return found


def _why_not(seen: Observation, package: PackageView) -> str:
    """Why a work package that is not finished cannot be handed out."""
    if package.broken:
        return package.broken
    finalize = spec_kitty("agent mission finalize-tasks", "--mission", seen.mission_slug)
    lanes = {each.wp_id: each.lane for each in seen.packages}
    needs = [f"{need} ({lanes.get(need, 'unknown')})" for need in package.needs if lanes.get(need) not in SATISFIED]
    if package.lane is Lane.PLANNED and package.lane_id is None:
        return f"{package.wp_id} has no lane yet: {finalize}"
    if package.lane is Lane.PLANNED and needs:
        gone = any(lanes.get(need) is Lane.CANCELED for need in package.needs)
        mend = f"; edit its dependencies, then {finalize}" if gone else ""
        return f"{package.wp_id} needs {', '.join(needs)}{mend}"
    return f"{package.wp_id} is {package.lane}"


def _ending(seen: Observation) -> Choice:
    action = None if seen.accepted and not seen.merge_auto else "merge" if seen.accepted else "accept"
    if action is not None:
        choice = _exclusive(seen, action, action)
        return _ask(action, seen.ending) if seen.ending and choice.kind is DecisionKind.STEP else choice
    return Choice(
        DecisionKind.TERMINAL,
        "accepted",
        reason=f"accepted; merging is a person's decision: {seen.merge_command}",
    )


def _ask(state: str, question: Question) -> Choice:
    return Choice(DecisionKind.DECISION_REQUIRED, state, wp_id=question.wp_id, reason=question.text, question=question)


def _wait(state: str, waiting: tuple[Waiting, ...]) -> Choice:
    return Choice(DecisionKind.BLOCKED, state, reason="waiting", waiting_for=waiting)


@frozen
class Decision:
    """The answer of `next`, with every key that its readers rely on."""

    kind: str
    agent: str | None
    mission_slug: str
    mission: str
    mission_state: str
    timestamp: str
    action: str | None = None
    wp_id: str | None = None
    workspace_path: str | None = None
    prompt_file: str | None = None
    reason: str | None = None
    guard_failures: list[str] = field(default_factory=list)
    progress: dict[str, object] | None = None
    origin: dict[str, object] = field(default_factory=dict)
    run_id: str | None = None
    step_id: str | None = None
    decision_id: str | None = None
    input_key: str | None = None
    question: str | None = None
    options: list[str] | None = None
    is_query: bool = False
    preview_step: str | None = None
    mission_number: str | None = None
    mission_id: str | None = None
    mission_type: str | None = None
    session: str | None = None
    waiting_for: list[dict[str, str | None]] = field(default_factory=list)
    retry_after: int | None = None
    warnings: list[dict[str, str | None]] = field(default_factory=list)
    resumed: bool = False
    since: str | None = None
    open_questions: list[dict[str, object]] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """All keys, always."""
        return {name: getattr(self, name) for name in self.__match_args__}
