"""The questions that a work package raises: what a person has to decide before it goes on; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from specify_cli.conditions.questions import Question
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.text import digest
from specify_cli.review.cycles import rejections
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot

REJECTIONS_BEFORE_A_DECISION = 3


def answered(events: Sequence[MissionEvent]) -> dict[str, str]:
    """Decision id -> answer."""
    return {
        str(event.data.get("decision_id")): str(event.data.get("answer", ""))
        for event in events
        if event.type == "decision_answered"
    }


def own_events(events: Iterable[StatusEvent]) -> dict[str, list[StatusEvent]]:
    """Work package -> its events: who asks about each of many does not go through all of them each time."""
    found: dict[str, list[StatusEvent]] = {}
    for event in events:
        found.setdefault(event.wp_id, []).append(event)
    return found


def question_of(
    package: WorkPackage, lanes: Mapping[str, Lane], events: Sequence[StatusEvent], answers: Mapping[str, str]
) -> Question | None:
    """The question that a work package waits for, or None.

    Args:
        lanes: of every work package of the plan.
        events: the status log in fold order, or what it has of this work package.
        answers: decision id -> answer.
    """
    found = _questions(package, lanes[package.id], lanes, events)
    return next((each for each in found if each.decision_id not in answers), None)


def asked_about(
    package: WorkPackage,
    known: Collection[str],
    snapshot: StatusSnapshot,
    events: Sequence[StatusEvent],
    mission_events: Sequence[MissionEvent],
) -> Question | None:
    """As `question_of`, from the logs.

    Args:
        known: the work packages of the plan.
    """
    lanes = {wp_id: snapshot.lane_of(wp_id) for wp_id in {*known, package.id}}
    return question_of(package, lanes, events, answered(mission_events))


def _questions(
    package: WorkPackage, lane: Lane, lanes: Mapping[str, Lane], events: Sequence[StatusEvent]
) -> list[Question]:
    found: list[Question] = []
    wp_id = package.id
    if lane is Lane.BLOCKED:
        last = next((event for event in reversed(events) if event.wp_id == wp_id), None)
        why = f": {last.reason}" if last and last.reason else ""
        key = digest(last.event_id if last else wp_id)
        end = "" if why.endswith((".", "?", "!")) else "."
        text = f"{wp_id} is blocked{why}{end} Resume it (an answer in words is passed on), or cancel it?"
        found.append(Question(f"{wp_id}-blocked-{key}", f"wp.{wp_id}.blocked", text, ("resume", "cancel"), wp_id))
    if lane is not Lane.PLANNED:
        return found
    times = rejections(events, wp_id)
    if times >= REJECTIONS_BEFORE_A_DECISION:
        text = f"{wp_id} was rejected {times} times. Continue, block it, or cancel it?"
        options = ("continue", "block", "cancel")
        found.append(Question(f"{wp_id}-rejected-{times}", f"wp.{wp_id}.rejected", text, options, wp_id))
    gone = [need for need in package.dependencies if lanes.get(need) is Lane.CANCELED]
    if gone:
        text = f"{wp_id} depends on {', '.join(gone)}, which is canceled. Cancel it too, or edit its dependencies?"
        found.append(
            Question(f"{wp_id}-depends-{'-'.join(gone)}", f"wp.{wp_id}.dependency", text, ("cancel", "edit"), wp_id)
        )
    return found
