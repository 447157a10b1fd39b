"""Answers to questions: recorded, and turned into the move that they stand for."""

from __future__ import annotations

from collections.abc import Container

from specify_cli.conditions.questions import Question
from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Conflict, NotFound
from specify_cli.kernel.notices import Notice
from specify_cli.moves.conditions import UNDER_THE_LOCK, check, require
from specify_cli.moves.moment import Moment, Work
from specify_cli.moves.questions import answered, own_events, question_of
from specify_cli.moves.request import Request
from specify_cli.next.alarm import BLOCK, GIVE_BACK, REPEATS, repeated
from specify_cli.next.planning import open_questions
from specify_cli.next.steps import stuck_questions
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import WORKING
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces import leases

CANCEL = "cancel"
_MOVES = frozenset({CANCEL, GIVE_BACK, BLOCK})  # answers that stand for a move; any other goes on with the work
# About what is asked -> the lanes in which an answer still moves something; planned where nothing is said.
_STANDING = {"blocked": (Lane.BLOCKED,), REPEATS: tuple(WORKING)}


def apply_answer(context: Context, actor: Actor, text: str, decision_id: str | None) -> tuple[Notice, ...]:
    """Record the answer to a question, and make the move that it stands for, if its conditions hold.

    An answer in words counts as the option that goes on with the work, and is passed on in its prompt. A question that
    was answered before, or whose work package has moved since, moves nothing; the same answer again is not recorded.

    Args:
        decision_id: the question; the last one that waits where none is given.

    Raises:
        NotFound: `DECISION_NOT_FOUND`: nothing was asked under that id.
        Conflict: `DECISION_ANSWERED`: the answer stands for a move, and it is too late for that.
    """
    with writing(context.place, publish=publish_mode(context.config)) as log:
        done = {
            event.data.get("decision_id"): str(event.data.get("answer"))
            for event in log.mission_events
            if event.type == "decision_answered"
        }
        question = _question(context, log, actor, done, decision_id)
        if (before := done.get(question.data.get("decision_id"))) == text:
            return (Notice("DECISION_ANSWERED", f"that was the answer already, nothing is recorded twice: {text}"),)
        data = {
            "decision_id": question.data.get("decision_id"),
            "input_key": question.data.get("input_key"),
            "answer": text,
            "question": question.data.get("question"),
        }
        fresh = before is None
        option = text.strip().lower().replace(" ", "_")
        if option in _MOVES and question.wp_id and not (fresh and _stands(log, question)):
            raise _too_late(log, question, before, text)
        log.record("decision_answered", actor=actor.name, session=actor.session, wp_id=question.wp_id, data=data)
        moved = _act_on(context, log, actor, question, option) if question.wp_id and fresh else None
    return () if moved is None else (Notice("MOVED", f"{moved.wp_id} is now {moved.to_lane}"),)


def _too_late(log: Writer, question: MissionEvent, before: str | None, text: str) -> Conflict:
    """The refusal of an answer that would move nothing."""
    wp_id = str(question.wp_id)
    since = f"{wp_id} is {log.snapshot.lane_of(wp_id)} by now"
    if before is not None:
        since = f"that question was answered before: {before}; {since}"
    return Conflict(f"{since}, so {text!r} would move nothing", "DECISION_ANSWERED", details={"wp_id": wp_id})


def _question(
    context: Context, log: Writer, actor: Actor, done: Container[object], decision_id: str | None
) -> MissionEvent:
    asked = [event for event in log.mission_events if event.type == "decision_asked"]
    waiting = [event for event in asked if event.data.get("decision_id") not in done]
    chosen = [event for event in asked if event.data.get("decision_id") == decision_id] if decision_id else waiting
    if chosen:
        return chosen[-1]
    raised = _raised(context, log, decision_id)
    if len(raised) == 1:
        data = raised[0].to_data()
        return log.record("decision_asked", actor=actor.name, session=actor.session, wp_id=raised[0].wp_id, data=data)
    ids = [*(str(event.data.get("decision_id")) for event in waiting), *(each.decision_id for each in raised)]
    said = f"no question {decision_id!r} was asked" if decision_id else "no question waits for an answer"
    if raised:
        said = f"several questions wait for an answer, name one with --decision-id: {', '.join(ids)}"
    hint = command("spec-kitty", "next", "--mission", context.place.slug)
    raise NotFound(said, "DECISION_NOT_FOUND", hint=hint, details={"waiting": ids})


def _raised(context: Context, log: Writer, decision_id: str | None) -> list[Question]:
    """The questions of documents and work packages that the loop has asked nobody yet; one of them where it is named.

    These are the questions that `why` tells.
    """
    place = context.place
    packages = load_work_packages(place)
    lanes = {package.id: log.snapshot.lane_of(package.id) for package in packages}
    answers = answered(log.mission_events)
    told = own_events(log.events)
    found = [question_of(package, lanes, told.get(package.id, ()), answers) for package in packages]
    found += repeated(log.snapshot, log.mission_events).values()
    found += stuck_questions(log.mission_events, answers).values()
    planning = mission_type_of(place).planning_steps
    found += [each for step in planning for each in open_questions(place, step, answers)]
    return [each for each in found if each is not None and decision_id in (None, each.decision_id)]


def _moment(context: Context, log: Writer, actor: Actor, wp_id: str, request: Request) -> Moment:
    package = next((each for each in load_work_packages(context.place) if each.id == wp_id), None)
    return Moment(context, actor, request, Work(context, wp_id, package, log), log)


def _about(question: MissionEvent) -> str:
    return str(question.data.get("input_key")).rpartition(".")[2]


def _stands(log: Writer, question: MissionEvent) -> bool:
    """Whether it is the last question about its work package, which is where it was when that was asked."""
    wp_id = str(question.wp_id)
    newest = [each for each in log.mission_events if each.type == "decision_asked" and each.wp_id == wp_id][-1]
    same = newest.data.get("decision_id") == question.data.get("decision_id")
    return same and log.snapshot.lane_of(wp_id) in _STANDING.get(_about(question), (Lane.PLANNED,))


def _act_on(context: Context, log: Writer, actor: Actor, question: MissionEvent, option: str) -> StatusEvent | None:
    wp_id, about = str(question.wp_id), _about(question)
    if not _stands(log, question):
        return None
    if option == CANCEL:
        return _move(context, log, actor, wp_id, Lane.CANCELED, option)
    if about == REPEATS:
        return _stop(context, log, actor, wp_id, option)
    if about == "blocked":
        return _resume(context, log, actor, wp_id)
    return _move(context, log, actor, wp_id, Lane.BLOCKED, option) if option == "block" else None


def _move(
    context: Context, log: Writer, actor: Actor, wp_id: str, target: Lane, option: str, *, force: bool = False
) -> StatusEvent:
    request = Request(target, note=f"answered: {option}", force=force, manages=True)
    require(_moment(context, log, actor, wp_id, request), UNDER_THE_LOCK)
    return _record(log, actor, wp_id, request)


def _record(log: Writer, actor: Actor, wp_id: str, request: Request) -> StatusEvent:
    return log.move(
        wp_id,
        request.target,
        actor=actor.name,
        session=actor.session,
        session_source=actor.session_source,
        force=request.force,
        reason=request.note,
    )


def _stop(context: Context, log: Writer, actor: Actor, wp_id: str, option: str) -> StatusEvent | None:
    """End a loop that turns on the spot; an answer in words lets its session go on with it."""
    if option not in (GIVE_BACK, BLOCK):
        return None
    target = Lane.PLANNED if option == GIVE_BACK else Lane.BLOCKED
    event = _move(context, log, actor, wp_id, target, option, force=option == GIVE_BACK)
    leases.release(context.place, wp_id)
    return event


def _resume(context: Context, log: Writer, actor: Actor, wp_id: str) -> StatusEvent:
    """Back to whoever worked on it, with what lies in the worktree; to anybody where nobody did or the lane is busy."""
    moment = _moment(context, log, actor, wp_id, Request(Lane.IN_PROGRESS, note="answered: resume", manages=True))
    if moment.implementer is None or check(moment, UNDER_THE_LOCK):
        return _move(context, log, actor, wp_id, Lane.PLANNED, "resume", force=True)
    event = _record(log, actor, wp_id, moment.request)
    holder = log.holders().get(wp_id, moment.me)
    leases.touch(context.place, wp_id, holder.actor, holder.session, is_here=holder == moment.me)
    return event
