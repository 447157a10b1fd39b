"""Reading a mission's logs: all that has happened, and where it stands. It writes nothing and takes no lock."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen, replace
from specify_cli.status import mission_log, reducer, store
from specify_cli.status.holders import Holder, holders
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import StatusEvent, StatusSnapshot
from specify_cli.status.problems import Problem, Severity
from specify_cli.status.store import Reading


@frozen
class Status:
    """What a mission's logs say.

    Args:
        events: moves in fold order.
        snapshot: their fold.
        mission_events: everything beside the moves, in order.
        problems: lines that were skipped, of both logs.
        unpublished: how many recorded events the copies in the tree lack.
    """

    events: list[StatusEvent]
    snapshot: StatusSnapshot
    mission_events: list[MissionEvent]
    problems: tuple[Problem, ...]
    unpublished: int

    def holders(self) -> Mapping[str, Holder]:
        """Who holds each work package that somebody holds."""
        return holders(self.snapshot, self.mission_events)


def read_status(place: MissionPlace) -> Status:
    """Read and fold both logs of a mission.

    Raises:
        Refused: `LOG_NOT_A_FILE`.
        Unavailable: a log cannot be read.
    """
    moves = store.read(store.status_log(place))
    facts = store.read(store.mission_log_file(place))
    events, odd_moves = status_events(moves)
    mission_events, odd_facts = mission_events_of(facts)
    return Status(
        events=events,
        snapshot=described(reducer.Fold.of(events).snapshot(), place),
        mission_events=mission_events,
        problems=(*moves.problems, *odd_moves, *facts.problems, *odd_facts),
        unpublished=len(moves.unpublished) + len(facts.unpublished),
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


def status_events(reading: Reading) -> tuple[list[StatusEvent], list[Problem]]:
    """The moves of a reading in fold order, and the lines that look like moves and are none.

    Lines without `to_lane` are annotations of other versions: kept in the log, skipped here.
    """
    events: list[StatusEvent] = []
    problems: list[Problem] = []
    for index, entry in enumerate(reading.objects):
        if "to_lane" in entry:
            try:
                events.append(StatusEvent.from_dict(entry))
            except Refused as error:
                problems.append(_odd(reading, index, error))
    events.sort(key=reducer.order_key)
    return events, problems


def mission_events_of(reading: Reading) -> tuple[list[MissionEvent], list[Problem]]:
    """The mission events of a reading in order, and the lines of a known type that are none."""
    events: list[MissionEvent] = []
    problems: list[Problem] = []
    for index, entry in enumerate(reading.objects):
        if mission_log.is_mission_event(entry):
            try:
                events.append(MissionEvent.from_dict(entry))
            except Refused as error:
                problems.append(_odd(reading, index, error))
    return mission_log.in_order(events), problems


def _odd(reading: Reading, index: int, error: Refused) -> Problem:
    file, line = reading.origin(index)
    message = f"{error.message}; it is skipped"
    return Problem(Severity.ERROR, error.code, message, file, line, "spec-kitty doctor log --fix")
