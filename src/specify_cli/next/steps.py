"""Steps that were handed out: which are open, who holds them, and what a report of being stuck asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.conditions.questions import Question
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.config import Config
from specify_cli.kernel.text import digest
from specify_cli.kernel.values import replace
from specify_cli.next.alarm import vain_reports
from specify_cli.next.observation import OpenStep
from specify_cli.status.holders import WORKING, Holder
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusSnapshot
from specify_cli.status.reading import read_status
from specify_cli.workspaces.leases import is_quiet, touch
from specify_cli.workspaces.presence import lease_of

LOGS_APART = ":(exclude,glob)**/*.jsonl"


def open_steps(place: MissionPlace, config: Config, events: Sequence[MissionEvent]) -> tuple[OpenStep, ...]:
    """Steps that were handed out and are not finished, with who holds them now.

    A planning, accept or merge step stays open until it is reported with its guard met, failed or blocked.
    """
    return tuple(_with_quiet(place, config, step) for step in unreported(events).values())


def unreported(events: Sequence[MissionEvent]) -> dict[str, OpenStep]:
    """Step id -> step, of those that nobody has finished; the id is that of the event that issued it."""
    found: dict[str, OpenStep] = {}
    for event in events:
        step_id = str(event.data.get("step_id"))
        if event.type == "step_issued":
            action = str(event.data.get("action"))
            holder = Holder(event.actor, event.session)
            found[event.event_id] = OpenStep(event.event_id, action, holder, event.wp_id, at=event.at)
        elif event.type == "lease_taken_over" and step_id in found:
            found[step_id] = replace(found[step_id], holder=Holder(event.actor, event.session), at=event.at)
        elif event.type == "step_reported" and event.data.get("closed", True):
            found.pop(step_id, None)
    return found


def _with_quiet(place: MissionPlace, config: Config, step: OpenStep) -> OpenStep:
    if step.wp_id is not None:
        return step
    root = place.home.path if place.home else None
    lease = lease_of(place, step.action, step.holder)
    quiet = is_quiet(lease, root, config.quiet_minutes, (place.relative, LOGS_APART))
    return replace(step, quiet=quiet, ended=lease is not None and lease.has_ended)


def is_current(snapshot: StatusSnapshot, step: OpenStep) -> bool:
    """Whether a step is still about what it was issued for: its work package has not moved since."""
    if step.wp_id is None:
        return True
    state = snapshot.work_packages.get(step.wp_id)
    if state is None:
        return False
    wanted = (Lane.IN_REVIEW,) if step.action == "review" else WORKING
    return state["lane"] in wanted and clock.sort_key(state["last_transition_at"]) <= clock.sort_key(step.at)


def keep_awake(place: MissionPlace, actor: str, session: str | None) -> None:
    """Note that whoever ticks or notes something was here just now: what they hold is not quiet."""
    for wp_id, holder in read_status(place).holders().items():
        if holder == Holder(actor, session):
            touch(place, wp_id, actor, session)


def stuck_questions(events: Sequence[MissionEvent], answers: Mapping[str, str]) -> dict[str, Question]:
    """Action -> question, of steps on the mission's documents whose agent does not come on.

    They were last reported as blocked and not answered, or are reported as done again and again in vain.
    """
    found: dict[str, Question] = {}
    for event in events:
        if event.type != "step_reported" or event.wp_id is not None:
            continue
        action = str(event.data.get("action"))
        found.pop(action, None)
        if event.data.get("result") == "blocked":
            note = event.data.get("note")
            text = str(note) if note else f"{action} is blocked: what is to be done?"
            found[action] = Question(f"{action}-blocked-{digest(event.event_id)}", f"step.{action}.blocked", text)
    running = unreported(events)
    for vain in vain_reports(events).values():
        step = running.get(vain.step_id)
        if vain.wp_id is None and vain.question is not None and step is not None and step.holder == vain.holder:
            found[vain.action] = vain.question
    return {action: question for action, question in found.items() if question.decision_id not in answers}
