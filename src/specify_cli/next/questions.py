"""The questions that a work package raises: what a person has to decide before it goes on; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from specify_cli.conditions.claim_rules import Asked
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel import clock
from specify_cli.kernel.text import digest
from specify_cli.next.alarm import vain_reports
from specify_cli.next.observation import Question
from specify_cli.review.cycles import rejections
from specify_cli.status.holders import WORKING, holders
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


def question_of(
    package: WorkPackage, lanes: Mapping[str, Lane], events: Sequence[StatusEvent], answers: Mapping[str, str]
) -> Question | None:
    """The question that a work package waits for, or None.

    Args:
        lanes: of every work package of the plan.
        events: the status log in fold order.
        answers: decision id -> answer.
    """
    found = _questions(package, lanes[package.id], lanes, events)
    return next((each for each in found if each.decision_id not in answers), None)


def repeated(snapshot: StatusSnapshot, mission_events: Sequence[MissionEvent]) -> dict[str, Question]:
    """Work package -> question, of those whose holder reports them as done again and again with nothing changed."""
    found: dict[str, Question] = {}
    held = holders(snapshot, mission_events)
    for vain in vain_reports(mission_events).values():
        state = snapshot.work_packages.get(vain.wp_id or "")
        question = vain.question
        if question is None or state is None or vain.wp_id is None:
            continue
        same = held.get(vain.wp_id) == vain.holder and state["lane"] in WORKING
        if same and clock.sort_key(state["last_transition_at"]) <= clock.sort_key(vain.at):
            found[vain.wp_id] = question
    return found


def asked_about(
    package: WorkPackage,
    known: Collection[str],
    snapshot: StatusSnapshot,
    events: Sequence[StatusEvent],
    mission_events: Sequence[MissionEvent],
) -> Asked | None:
    """As `question_of`, for the rules of a claim.

    Args:
        known: the work packages of the plan.
    """
    lanes = {wp_id: snapshot.lane_of(wp_id) for wp_id in {*known, package.id}}
    question = question_of(package, lanes, events, answered(mission_events))
    return None if question is None else Asked(question.decision_id, question.text, question.options)


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
