"""The two files of a log as one: each event id once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.status import lines
from specify_cli.status.lines import Line, Scan
from specify_cli.status.mission_log import MissionEvent, is_mission_event
from specify_cli.status.models import StatusEvent
from specify_cli.status.problems import Problem, Severity

Kept = StatusEvent | MissionEvent | Line


def as_value(entry: Line) -> Kept:
    """The event that a line holds; the line itself where it holds none that we know."""
    try:
        if "to_lane" in entry:
            return StatusEvent.from_dict(entry)
        return MissionEvent.from_dict(entry) if is_mission_event(entry) else entry
    except Refused:
        return entry


def unreadable_key(entry: Line) -> str | None:
    """The key for whose value no version has a meaning, so that an event is none; None where there is no such key.

    A key that is missing, or a lane that we do not know, may be a newer version's.
    """
    try:
        if "to_lane" in entry:
            StatusEvent.from_dict(entry)
        elif is_mission_event(entry):
            MissionEvent.from_dict(entry)
    except Refused as error:
        key = str(error.details.get("key"))
        unknown = key in ("from_lane", "to_lane") and isinstance(entry.get(key), str)
        return key if entry.get(key) is not None and not unknown else None
    return None


class Union:
    """Copy and journal together.

    Args:
        published: the copy.
        recorded: the journal, without the lines that the copy has too.
        mission_id: whose log it is; events of another mission are left out.

    Attributes:
        objects: of every id one; lines without an id as they are.
        numbers: the line number of each; negative where it is a line of the journal.
        problems: everything that was skipped.
    """

    def __init__(self, published: Scan, recorded: Scan, mission_id: str | None) -> None:
        self.objects: list[Any] = []
        self.numbers: list[int] = []
        self.problems: list[Problem] = [*published.problems, *recorded.problems]
        self._published = published
        self._recorded = recorded
        self._by_id: dict[str, int] = {}
        self._marks: list[bytes] = []  # of the objects that came from the copy, which are the first
        self._spelled_otherwise: set[int] = set()  # objects from the copy that the journal has too, in other bytes
        self._add_copy(mission_id)
        for entry, number in zip(recorded.objects, recorded.numbers, strict=True):
            self._add(entry, -number)

    def missing(self) -> tuple[int, ...]:
        """Indexes of the objects that the copy lacks."""
        return tuple(range(len(self._marks), len(self.objects)))

    def unrecorded(self) -> tuple[int, ...]:
        """Indexes of the objects that the journal lacks."""
        return tuple(
            index
            for index, mark in enumerate(self._marks)
            if mark not in self._recorded.met and index not in self._spelled_otherwise
        )

    def _add_copy(self, mission_id: str | None) -> None:
        foreign: dict[str, list[int]] = {}
        copy = self._published
        for entry, number, mark in zip(copy.objects, copy.numbers, copy.marks, strict=True):
            owner = _told(entry, "mission_id")
            if isinstance(owner, str) and mission_id not in (None, owner):
                foreign.setdefault(owner, []).append(number)
            else:
                self._add(entry, number, mark)
        for owner, numbers in sorted(foreign.items()):
            message = f"{len(numbers)} events belong to another mission, {owner}; they are skipped"
            self._report(Severity.WARNING, "FOREIGN_MISSION", message, numbers[0], spec_kitty("doctor", "log"))

    def _add(self, entry: Kept, number: int, mark: bytes = b"") -> None:
        event_id = _told(entry, "event_id")
        if isinstance(event_id, str):
            known = self._by_id.setdefault(event_id, len(self.objects))
            if known != len(self.objects):
                if number < 0 and known < len(self._marks):
                    self._spelled_otherwise.add(known)
                self._meet(known, event_id, entry, number, mark)
                return
        self.objects.append(entry)
        self.numbers.append(number)
        if number > 0:
            self._marks.append(mark)

    def _meet(self, known: int, event_id: str, entry: Kept, number: int, mark: bytes) -> None:
        """Two lines of one id: identical ones are one.

        Of different ones that counts which both files have, else the journal's first, else the lesser text.
        """
        held = self.objects[known]
        if held == entry or _same_move(held, entry):
            return
        message = f"event {event_id} stands twice in the log with different contents; one of them counts"
        where = [Path(scan.where) for scan in (self._recorded, self._published)]
        fix = command("grep", "-n", event_id, *(path for path in where if path.exists()))
        self._report(Severity.ERROR, "EVENT_ID_CONFLICT", message, number, fix)
        of_copy = self.numbers[known] > 0
        shared = of_copy and self._marks[known] in self._recorded.met
        if number < 0:
            replaced = of_copy and not shared
        else:
            replaced = not shared and (mark in self._recorded.met or _text(entry) < _text(held))
        if replaced:
            self.objects[known] = entry
            self.numbers[known] = number
            self._marks[known] = mark

    def _report(self, severity: Severity, code: str, message: str, number: int, fix: Command) -> None:
        where = (self._recorded if number < 0 else self._published).where
        self.problems.append(Problem(severity, code, message, where, abs(number), fix))


def _text(entry: Kept) -> bytes:
    return lines.encode([entry if isinstance(entry, dict) else entry.to_dict()])


def _told(entry: Kept, key: str) -> object:
    return entry.get(key) if isinstance(entry, dict) else getattr(entry, key)


def _same_move(held: Kept, entry: Kept) -> bool:
    """Whether two lines are one move in two spellings: a journal has those of older versions under today's names."""
    one, other = (as_value(each) if isinstance(each, dict) else each for each in (held, entry))
    return isinstance(one, StatusEvent) and one == other
