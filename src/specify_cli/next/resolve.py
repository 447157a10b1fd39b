"""Answers to questions: recorded, and turned into the move that they stand for."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.readiness import BUSY
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.notices import Notice
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.alarm import BLOCK, GIVE_BACK, REPEATS
from specify_cli.next.observation import Question
from specify_cli.next.planning import open_questions
from specify_cli.next.questions import answered, question_of, repeated
from specify_cli.next.steps import stuck_questions
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import WORKING, Holder, implementers
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces import leases

# About what is asked -> the lanes in which an answer still moves something; planned where nothing is said.
_STANDING = {"blocked": (Lane.BLOCKED,), REPEATS: tuple(WORKING)}


def apply_answer(context: Context, actor: Actor, text: str, decision_id: str | None) -> tuple[Notice, ...]:
    """Record the answer to a question, and make the move that it stands for.

    An answer in words counts as the option that goes on with the work, and is passed on in its prompt. A question that
    was answered before, or whose work package has moved since, moves nothing.

    Args:
        decision_id: the question; the last one that waits where none is given.

    Raises:
        NotFound: `DECISION_NOT_FOUND`: nothing was asked under that id.
    """
    with writing(context.place, publish=publish_mode(context.config)) as log:
        done = {event.data.get("decision_id") for event in log.mission_events if event.type == "decision_answered"}
        question = _question(context, log, actor, done, decision_id)
        data = {
            "decision_id": question.data.get("decision_id"),
            "input_key": question.data.get("input_key"),
            "answer": text,
            "question": question.data.get("question"),
        }
        fresh = question.data.get("decision_id") not in done
        option = text.strip().lower().replace(" ", "_")
        log.record("decision_answered", actor=actor.name, session=actor.session, wp_id=question.wp_id, data=data)
        moved = _act_on(context, log, actor, question, option) if question.wp_id and fresh else None
    return () if moved is None else (Notice("MOVED", f"{moved.wp_id} is now {moved.to_lane}"),)


def _question(context: Context, log: Writer, actor: Actor, done: set[object], decision_id: str | None) -> MissionEvent:
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
    found = [question_of(package, lanes, log.events, answers) for package in packages]
    found += repeated(log.snapshot, log.mission_events).values()
    found += stuck_questions(log.mission_events, answers).values()
    planning = mission_type_of(place).planning_steps
    found += [each for step in planning for each in open_questions(place, step, answers)]
    return [each for each in found if each is not None and decision_id in (None, each.decision_id)]


def _act_on(context: Context, log: Writer, actor: Actor, question: MissionEvent, option: str) -> StatusEvent | None:
    wp_id, lane = str(question.wp_id), log.snapshot.lane_of(str(question.wp_id))
    about = str(question.data.get("input_key")).rpartition(".")[2]
    newest = [each for each in log.mission_events if each.type == "decision_asked" and each.wp_id == wp_id][-1]
    if newest.data.get("decision_id") != question.data.get("decision_id"):
        return None
    if lane not in _STANDING.get(about, (Lane.PLANNED,)):
        return None
    if option == "cancel":
        return _move(log, actor, wp_id, Lane.CANCELED, option)
    if about == REPEATS:
        return _stop(context, log, actor, wp_id, option)
    if about == "blocked":
        return _resume(context, log, actor, wp_id)
    return _move(log, actor, wp_id, Lane.BLOCKED, option) if option == "block" else None


def _move(log: Writer, actor: Actor, wp_id: str, target: Lane, option: str, *, force: bool = False) -> StatusEvent:
    reason = f"answered: {option}"
    return log.move(wp_id, target, actor=actor.name, session=actor.session, force=force, reason=reason)


def _stop(context: Context, log: Writer, actor: Actor, wp_id: str, option: str) -> StatusEvent | None:
    """End a loop that turns on the spot; an answer in words lets its session go on with it."""
    if option not in (GIVE_BACK, BLOCK):
        return None
    target = Lane.PLANNED if option == GIVE_BACK else Lane.BLOCKED
    event = _move(log, actor, wp_id, target, option, force=option == GIVE_BACK)
    leases.release(context.place, wp_id)
    return event


def _resume(context: Context, log: Writer, actor: Actor, wp_id: str) -> StatusEvent:
    """Back to whoever worked on it, with what lies in the worktree; to anybody where nobody did or the lane is busy."""
    worker = implementers(log.events, log.mission_events).get(wp_id)
    if worker is None or _lane_is_busy(context, log, wp_id):
        return _move(log, actor, wp_id, Lane.PLANNED, "resume", force=True)
    event = _move(log, actor, wp_id, Lane.IN_PROGRESS, "resume")
    holder = log.holders().get(wp_id, Holder(actor.name, actor.session))
    leases.touch(context.place, wp_id, holder.actor, holder.session)
    return event


def _lane_is_busy(context: Context, log: Writer, wp_id: str) -> bool:
    manifest = read_lanes(context.place)
    lane = manifest.lane_for_wp(wp_id) if manifest else None
    others = [other for other in lane.wp_ids if other != wp_id] if lane else []
    return any(log.snapshot.lane_of(other) in BUSY for other in others)
