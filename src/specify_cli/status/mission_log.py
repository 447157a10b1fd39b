"""The mission log: facts beside the moves (steps, decisions, notes, ticks, reviews), one shape for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from sys import intern

from specify_cli.kernel import clock
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import (
    COMMIT,
    FLAG,
    FOLDER,
    ID,
    OBJECT,
    OBJECTS,
    WHOLE,
    WORDS,
    Fields,
    Kind,
    Listed,
    Mapped,
)  # fmt: skip
from specify_cli.kernel.legacy import LEGACY_KEYS, current_names
from specify_cli.kernel.values import frozen
from specify_cli.status import fields

MISSION_EVENTS_FILENAME = "mission-events.jsonl"

# The closed table of types. Lines of other types, of older or newer versions, are kept and skipped.
TYPES: Mapping[str, str] = {
    "mission_created": "the mission exists",
    "wp_created": "finalize-tasks met a work package for the first time",
    "origin_bound": "the mission was bound to a ticket",
    "step_issued": "a step was handed out; who got it holds it",
    "step_reported": "a step was reported: success, failed or blocked",
    "decision_asked": "a person is asked something",
    "decision_answered": "what was answered",
    "note": "somebody wrote a note",
    "subtask": "a subtask was ticked or unticked",
    "review_finding": "the text of a review's feedback",
    "accepted": "the mission was accepted",
    "mission_closed": "the mission was merged or given up",
    "lease_taken_over": "a quiet holder's work went to somebody else",
    "usage": "what a step cost",
    "migrated": "an upgrade changed the mission",
}

# What `data` holds under a key, whatever the type of the event.
_WORDS_OF_DATA = (
    "decision_id", "input_key", "question", "answer", "text", "note", "action", "step_id", "result", "subtask", "file",
    "mode", "outcome", "strategy", "merged_commit", "target", "tip", "tree", "untested", "title", "request", "work",
    "reference", "reviewer", "friendly_name", "mission_type", "target_branch", "started_from", "seen", "digest",
)  # fmt: skip
DATA = Fields(
    {
        **dict.fromkeys(_WORDS_OF_DATA, WORDS),
        **dict.fromkeys(("done", "closed", "guard_met", "taken_up"), FLAG),
        **dict.fromkeys(("dependencies", "options", "unmet", "open"), Listed(WORDS)),
        **dict.fromkeys(("findings", "tests"), OBJECTS),
        "lanes": Mapped(COMMIT),
        "rescue": OBJECT,
        "cycle": WHOLE,
    }
)
_NOTHING: Mapping[str, object] = {}
KINDS: Mapping[str, Kind] = {
    "actor": WORDS, "session": WORDS, "mission_id": WORDS, "mission_slug": FOLDER, "wp_id": ID, "data": DATA,
}  # fmt: skip


@frozen
class MissionEvent:
    """One fact about a mission.

    Args:
        type: a key of `TYPES`.
        wp_id: the work package it is about, or None.
        data: JSON values; what they are depends on the type.
        extra: keys whose value has another shape.
    """

    event_id: str
    at: str
    actor: str
    session: str | None
    mission_id: str | None
    mission_slug: str
    type: str
    wp_id: str | None
    data: Mapping[str, object] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> MissionEvent:
        """The event of a line.

        Raises:
            Refused: `INVALID_EVENT`: a key that every event needs is missing or has no meaning.
        """
        if not LEGACY_KEYS.keys().isdisjoint(data):
            data = current_names(data)
        extra: dict[str, object] = {}
        return cls(
            event_id=fields.identifier(data, "event_id"),
            at=fields.moment(data),
            actor=fields.name(data, "actor", extra) or "unknown",
            session=fields.name(data, "session", extra),
            mission_id=fields.name(data, "mission_id", extra),
            mission_slug=fields.folder(data, extra),
            type=intern(fields.required(data, "type")),
            wp_id=fields.identifier(data, "wp_id") if data.get("wp_id") else None,
            data=fields.shaped(data, "data", extra, DATA) or {},
            extra=extra or _NOTHING,
        )

    def to_dict(self) -> dict[str, object]:
        """The line's object."""
        return {
            "event_id": self.event_id, "at": self.at, "actor": self.actor, "session": self.session,
            "mission_id": self.mission_id, "mission_slug": self.mission_slug, "type": self.type,
            "wp_id": self.wp_id, "data": dict(self.data), **self.extra,
        }  # fmt: skip


def is_mission_event(data: Mapping[str, object]) -> bool:
    """Whether a line is of a type that this version knows; others are kept and skipped."""
    told = data.get("type")
    return isinstance(told, str) and told in TYPES and "payload" not in data


def require_type(type: str) -> str:
    """The type, if the table has it.

    Raises:
        Refused: `UNKNOWN_EVENT_TYPE`.
    """
    if type not in TYPES:
        raise Refused(f"there is no mission event of type {type!r}", "UNKNOWN_EVENT_TYPE")
    return type


def in_order(events: Iterable[MissionEvent]) -> list[MissionEvent]:
    """Mission events by (at, event id)."""
    return sorted(events, key=lambda event: (clock.sort_key(event.at), event.event_id))
