"""What the lines of a mission's logs tell a server: the id of a line is the id of its event. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specify_cli.kernel import clock
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import MissionIdentity
from specify_cli.status.mission_log import MissionEvent, is_mission_event
from specify_cli.status.models import StatusEvent
from specify_cli.sync import events
from specify_cli.sync.emitter import Fact

Payload = dict[str, object]

_PHASES = {"implement": "implementation", "review": "review"}


@frozen
class Mission:
    """What the events of one mission tell of it.

    Args:
        identity: slug, number, type and id.
        target_branch: where it will be merged.
        packages: how many work packages it has; asked only when it is closed.
    """

    identity: MissionIdentity
    target_branch: str
    packages: Callable[[], int]

    def keys(self) -> Payload:
        """The four keys that name it in a payload."""
        return {
            "mission_slug": self.identity.mission_slug,
            "mission_number": self.identity.mission_number,
            "mission_type": self.identity.mission_type,
            "mission_id": self.identity.mission_id,
        }


def fact_of(line: Mapping[str, object], mission: Mission) -> Fact | None:
    """What a line tells; None for one that no type of event stands for, or that is no event."""
    try:
        if "to_lane" in line:
            return _move(StatusEvent.from_dict(line), mission)
        return _fact(MissionEvent.from_dict(line), mission) if is_mission_event(line) else None
    except Refused:
        return None  # `agent status validate` reports it


def _move(event: StatusEvent, mission: Mission) -> Fact:
    record = event.workspace or {}
    branch, head = record.get("branch"), record.get("head")
    payload: Payload = {
        "wp_id": event.wp_id,
        "from_lane": event.from_lane.value,
        "to_lane": event.to_lane.value,
        "actor": event.actor,
        "policy_metadata": None if event.policy_metadata is None else dict(event.policy_metadata),
        **mission.keys(),
    }
    detail: Payload = {
        "force": event.force,
        "reason": event.reason,
        "execution_mode": event.execution_mode,
        "review_ref": event.review_ref,
        "evidence": None if event.evidence is None else event.evidence.to_dict(),
    }
    return Fact(
        event.event_id,
        events.WP_STATUS_CHANGED,
        event.wp_id,
        payload,
        _moment(event.at),
        causation_id=event.prev,
        detail=detail,
        branch=branch if isinstance(branch, str) else None,
        commit=head if isinstance(head, str) else None,
    )


def _fact(event: MissionEvent, mission: Mission) -> Fact | None:
    told = _TOLD[event.type](event, mission) if event.type in _TOLD else None
    if told is None:
        return None
    event_type, payload = told
    about_mission = events.EVENT_TYPES[event_type].aggregate == events.MISSION
    about = mission.identity.mission_slug if about_mission else event.wp_id or "error"
    whole = {**payload, **mission.keys()} if about_mission else {"wp_id": event.wp_id, **payload, **mission.keys()}
    return Fact(event.event_id, event_type, about, whole, _moment(event.at))


Told = tuple[str, Payload] | None


def _mission_created(event: MissionEvent, mission: Mission) -> Told:
    created = event.data.get("created_at")
    return events.MISSION_CREATED, {
        "target_branch": event.data.get("target_branch") or mission.target_branch,
        "wp_count": 0,
        "created_at": created if isinstance(created, str) else _moment(event.at),
    }


def _mission_closed(event: MissionEvent, mission: Mission) -> Told:
    if event.data.get("outcome") == "landed":
        return None  # it was closed when it was merged into its own branch
    return events.MISSION_CLOSED, {
        "total_wps": mission.packages(),
        "completed_at": _moment(event.at),
        "total_duration": None,
    }


def _origin_bound(event: MissionEvent, _mission: Mission) -> Told:
    names = ("provider", "external_issue_id", "external_issue_key", "external_issue_url", "title")
    return events.MISSION_ORIGIN_BOUND, {name: event.data.get(name) for name in names}


def _package_created(event: MissionEvent, _mission: Mission) -> Told:
    needs = event.data.get("dependencies")
    title = event.data.get("title")
    return events.WP_CREATED, {"title": title, "dependencies": list(needs) if isinstance(needs, list) else []}


def _assigned(event: MissionEvent, _mission: Mission) -> Told:
    phase = _PHASES.get(str(event.data.get("action") or event.data.get("work")))
    if phase is None or event.wp_id is None:
        return None
    return events.WP_ASSIGNED, {"agent_id": event.actor, "phase": phase, "retry_count": 0}


def _history(entry_type: str, content: Callable[[MissionEvent], object]) -> Callable[[MissionEvent, Mission], Told]:
    def told(event: MissionEvent, _mission: Mission) -> Told:
        text = content(event)
        if event.wp_id is None or not text:
            return None
        return events.HISTORY_ADDED, {"entry_type": entry_type, "entry_content": str(text), "author": event.actor}

    return told


def _ticked(event: MissionEvent) -> object:
    return f"{event.data.get('subtask')} {'done' if event.data.get('done') else 'reopened'}"


def _reported(event: MissionEvent, _mission: Mission) -> Told:
    if event.data.get("result") != "failed":
        return None
    note = event.data.get("note")
    message = note if isinstance(note, str) and note.strip() else f"{event.data.get('action')} was reported as failed"
    return events.ERROR_LOGGED, {
        "error_type": "runtime",
        "error_message": message,
        "stack_trace": None,
        "agent_id": event.actor,
    }


# Type in the mission log -> the type of event that tells it. What is not here is told to nobody.
_TOLD: Mapping[str, Callable[[MissionEvent, Mission], Told]] = {
    "mission_created": _mission_created,
    "mission_closed": _mission_closed,
    "origin_bound": _origin_bound,
    "wp_created": _package_created,
    "step_issued": _assigned,
    "lease_taken_over": _assigned,
    "note": _history("note", lambda event: event.data.get("text")),
    "subtask": _history("note", _ticked),
    "review_finding": _history("review", lambda event: event.data.get("text")),
    "step_reported": _reported,
}


def _moment(at: str) -> str:
    """A time of the log as events tell it: in UTC, with microseconds and an offset."""
    try:
        return clock.stamp(clock.parse(at))
    except (ValueError, OverflowError):
        return at
