"""Reading a mission's logs: all that has happened, and where it stands. It writes nothing and takes no lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, TypeVar

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen, replace
from specify_cli.status import mission_log, reducer, store
from specify_cli.status.holders import Holder, holders
from specify_cli.status.lines import Line
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import StatusEvent, StatusSnapshot
from specify_cli.status.problems import Problem, Severity
from specify_cli.status.store import Reading
from specify_cli.status.union import unreadable_key

E = TypeVar("E", StatusEvent, MissionEvent)


@frozen
class Status:
    """What a mission's logs say.

    Args:
        events: moves in fold order.
        snapshot: their fold.
        mission_events: everything beside the moves, in order.
        problems: lines that were skipped, of both logs.
        unpublished: how many recorded events the copies in the tree lack.
        readings: what it was made from: the log of moves, and that of everything else.
    """

    events: list[StatusEvent]
    snapshot: StatusSnapshot
    mission_events: list[MissionEvent]
    problems: tuple[Problem, ...]
    unpublished: int
    readings: tuple[Reading[Any], Reading[Any]] | None = field(default=None, repr=False)

    def holders(self) -> Mapping[str, Holder]:
        """Who holds each work package that somebody holds."""
        return holders(self.snapshot, self.mission_events)


def read_status(place: MissionPlace) -> Status:
    """Read and fold both logs of a mission.

    Raises:
        Refused: `LOG_NOT_A_FILE`.
        Unavailable: a log cannot be read.
    """
    moves = store.read_values(store.status_log(place))
    facts = store.read_values(store.mission_log_file(place))
    events, odd_moves = status_events(moves)
    mission_events, odd_facts = mission_events_of(facts)
    return Status(
        events=events,
        snapshot=described(reducer.Fold.of(events).snapshot(), place),
        mission_events=mission_events,
        problems=(*moves.problems, *odd_moves, *facts.problems, *odd_facts),
        unpublished=len(moves.unpublished) + len(facts.unpublished),
        readings=(moves, facts),
    )


def described(snapshot: StatusSnapshot, place: MissionPlace) -> StatusSnapshot:
    """The snapshot with the mission's number and type, as meta.json has them."""
    number, kind = place.meta.get("mission_number"), place.meta.get("mission_type")
    return replace(
        snapshot,
        mission_slug=place.slug,
        mission_number=None if number is None else str(number),
        mission_type=None if kind is None else str(kind),
    )


def status_events(reading: Reading[Any]) -> tuple[list[StatusEvent], list[Problem]]:
    """The moves of a reading in fold order, and the lines that look like moves and are none.

    Lines without `to_lane` are annotations of other versions: kept in the log, skipped here.
    """
    events, problems = _events(reading, StatusEvent, lambda entry: "to_lane" in entry)
    events.sort(key=reducer.order_key)
    return events, problems


def mission_events_of(reading: Reading[Any]) -> tuple[list[MissionEvent], list[Problem]]:
    """The mission events of a reading in order, and the lines of a known type that are none."""
    events, problems = _events(reading, MissionEvent, mission_log.is_mission_event)
    return mission_log.in_order(events), problems


def _events(reading: Reading[Any], kind: type[E], is_one: Callable[[Line], bool]) -> tuple[list[E], list[Problem]]:
    events: list[E] = []
    problems: list[Problem] = []
    for index, entry in enumerate(reading.objects):
        if isinstance(entry, kind):
            events.append(entry)
        elif isinstance(entry, dict) and is_one(entry):
            try:
                events.append(kind.from_dict(entry))
            except Refused as error:
                file, line = reading.origin(index)
                # A whole object that says something we do not understand may be a newer version's: nobody removes it.
                look = command("git", "log", "-p", "--", reading.log.place.relative)
                fix = spec_kitty("doctor log", "--fix") if unreadable_key(entry) else look
                message = f"{error.message}; it is skipped"
                problems.append(Problem(Severity.ERROR, error.code, message, file, line, fix))
    return events, problems
