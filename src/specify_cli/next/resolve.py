"""Answers to questions: recorded, and turned into the move that they stand for."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.core.readiness import BUSY
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.notices import Notice
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import Holder, implementers
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces import leases


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
        question = _question(context, log, done, decision_id)
        data = {
            "decision_id": question.data.get("decision_id"),
            "input_key": question.data.get("input_key"),
            "answer": text,
            "question": question.data.get("question"),
        }
        fresh = question.data.get("decision_id") not in done
        log.record("decision_answered", actor=actor.name, session=actor.session, wp_id=question.wp_id, data=data)
        moved = _act_on(context, log, actor, question, text.strip().lower()) if question.wp_id and fresh else None
    return () if moved is None else (Notice("MOVED", f"{moved.wp_id} is now {moved.to_lane}"),)


def _question(context: Context, log: Writer, done: set[object], decision_id: str | None) -> MissionEvent:
    asked = [event for event in log.mission_events if event.type == "decision_asked"]
    waiting = [event for event in asked if event.data.get("decision_id") not in done]
    chosen = [event for event in asked if event.data.get("decision_id") == decision_id] if decision_id else waiting
    if not chosen:
        raise NotFound(
            f"no question {decision_id!r} was asked" if decision_id else "no question waits for an answer",
            "DECISION_NOT_FOUND",
            hint=f"spec-kitty next --mission {context.place.slug}",
            details={"waiting": [str(event.data.get("decision_id")) for event in waiting]},
        )
    return chosen[-1]


def _act_on(context: Context, log: Writer, actor: Actor, question: MissionEvent, option: str) -> StatusEvent | None:
    wp_id, lane = str(question.wp_id), log.snapshot.lane_of(str(question.wp_id))
    about = str(question.data.get("input_key")).rpartition(".")[2]
    newest = [each for each in log.mission_events if each.type == "decision_asked" and each.wp_id == wp_id][-1]
    if newest.data.get("decision_id") != question.data.get("decision_id"):
        return None
    if lane is not (Lane.BLOCKED if about == "blocked" else Lane.PLANNED):
        return None
    if option == "cancel":
        return _move(log, actor, wp_id, Lane.CANCELED, option)
    if about == "blocked":
        return _resume(context, log, actor, wp_id)
    return _move(log, actor, wp_id, Lane.BLOCKED, option) if option == "block" else None


def _move(log: Writer, actor: Actor, wp_id: str, target: Lane, option: str, *, force: bool = False) -> StatusEvent:
    reason = f"answered: {option}"
    return log.move(wp_id, target, actor=actor.name, session=actor.session, force=force, reason=reason)


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
