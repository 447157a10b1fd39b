"""The loop alarm: a step that one session reports as done again and again while nothing changes; pure.

First the loop only says so; when the next report is the same again, a person is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.conditions.questions import Question
from specify_cli.kernel import clock
from specify_cli.kernel.text import digest
from specify_cli.kernel.values import frozen, replace
from specify_cli.next.observation import with_fix
from specify_cli.status.holders import WORKING, Holder, holders
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import StatusSnapshot

ADVISORY_AFTER = 3
QUESTION_AFTER = 4
CONTINUE, GIVE_BACK, BLOCK = "continue", "give_back", "block"
REPEATS = "repeats"  # the last part of the question's input key
_UNMET_SHOWN = 3


@frozen
class Vain:
    """Reports of one step that came to nothing: one after another, by one session, with nothing changed in between.

    Args:
        holder: who reported.
        times: how often.
        first: id of the first of these reports.
        at: when the last one came.
        unmet: what its guard wanted.
        seen: fingerprint of what was there.
    """

    step_id: str
    action: str
    wp_id: str | None
    holder: Holder
    times: int
    first: str
    at: str
    unmet: tuple[str, ...] = ()
    seen: str | None = None

    @property
    def what(self) -> str:
        """The step in words."""
        return " ".join(part for part in (self.action, self.wp_id) if part)

    @property
    def decision_id(self) -> str:
        """The same while it goes on, another one when it begins anew."""
        return f"{self.wp_id or self.action}-{REPEATS}-{digest(self.first)}"

    @property
    def question(self) -> Question | None:
        """What a person is asked; None while a warning will do."""
        if self.times < QUESTION_AFTER:
            return None
        missing = "; ".join(with_fix(each)[0] for each in self.unmet[:_UNMET_SHOWN]) or "what it wants"
        more = f" and {len(self.unmet) - _UNMET_SHOWN} more" if len(self.unmet) > _UNMET_SHOWN else ""
        text = (
            f"{self.holder} has reported {self.what} as done {self.times} times while nothing changed,"
            f" and this is still missing: {missing}{more}. What is to be done?"
        )
        about = f"wp.{self.wp_id}" if self.wp_id else f"step.{self.action}"
        options = (CONTINUE, GIVE_BACK, BLOCK) if self.wp_id else ()
        return Question(self.decision_id, f"{about}.{REPEATS}", text, options, self.wp_id)


def vain_reports(events: Sequence[MissionEvent]) -> dict[str, Vain]:
    """Step id -> its latest reports in vain, of every step that was last reported in vain.

    The count begins anew when the session, what is missing or the work differs, and when the question was answered.
    """
    found: dict[str, Vain] = {}
    for event in events:
        if event.type == "decision_answered":
            found = {key: vain for key, vain in found.items() if vain.decision_id != event.data.get("decision_id")}
        elif event.type == "step_reported":
            step_id = str(event.data.get("step_id"))
            if event.data.get("closed", True):
                found.pop(step_id, None)
            else:
                found[step_id] = _another(found.get(step_id), step_id, event)
    return found


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


def _another(before: Vain | None, step_id: str, event: MissionEvent) -> Vain:
    holder, seen, unmet = Holder(event.actor, event.session), event.data.get("seen"), event.data.get("unmet")
    if before is not None and (before.holder, before.seen) == (holder, seen):
        return replace(before, times=before.times + 1, at=event.at)
    return Vain(
        step_id,
        str(event.data.get("action")),
        event.wp_id,
        holder,
        1,
        event.event_id,
        event.at,
        tuple(str(each) for each in unmet) if isinstance(unmet, list) else (),
        seen if isinstance(seen, str) else None,
    )
