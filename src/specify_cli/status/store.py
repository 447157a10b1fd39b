"""A log of a mission: this clone's journal, and the published copy in the tree.

The journal is where events are recorded at once. The copy travels with the branch: it is brought up to date at
milestones, and a teammate's commit brings events that the journal lacks. So a reader takes the union of both; a
writer appends to the journal; publishing appends to the copy what it lacks and never changes a line of it.

Nothing here locks: a caller that writes holds the mission's lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, files, lazy
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.links import leads_out
from specify_cli.kernel.values import frozen, replace
from specify_cli.status import lines, tails
from specify_cli.status.lines import Keep, Line, Scan
from specify_cli.status.mission_log import MISSION_EVENTS_FILENAME
from specify_cli.status.models import StatusEvent
from specify_cli.status.problems import TORN, Problem, Severity
from specify_cli.status.union import Kept, Union, as_value

EVENTS_FILENAME = "status.events.jsonl"
ALWAYS = "always"
E = TypeVar("E")
Stamp = tuple[tuple[int, int, int, int] | None, ...]


@frozen
class LogFile:
    """One of a mission's logs.

    Args:
        place: the mission.
        name: the copy's file name.
        live: the journal, outside the tree.
        publish: `milestone`, or `always` to append to the copy at every write too.
    """

    place: MissionPlace
    name: str
    live: Path
    publish: str = "milestone"

    @property
    def journal(self) -> Path:
        """Where events are recorded; outside git the file in the tree itself."""
        return self.live if self.place.repo.has_git else self.place.feature_dir / self.name

    @property
    def copy(self) -> Path | None:
        """The published copy in the mission's home; None without a home, and outside git."""
        folder = self.place.folder if self.place.repo.has_git else None
        return None if folder is None else folder / self.name

    @property
    def foreign(self) -> Path:
        """Ids of events in the journal that were recorded elsewhere, one a line; none where there is no such file."""
        return self.place.state / "foreign" / f"{self.live.stem}.ids"

    @property
    def where(self) -> str:
        """The copy's name in problems."""
        if self.copy is not None:
            return str(self.copy)
        return f"{self.place.target_branch}:{self.place.relative}/{self.name}"


def status_log(place: MissionPlace, publish: str = "milestone") -> LogFile:
    """The log of moves."""
    return LogFile(place, EVENTS_FILENAME, place.journal, publish)


def mission_log_file(place: MissionPlace, publish: str = "milestone") -> LogFile:
    """The log of everything beside the moves."""
    return LogFile(place, MISSION_EVENTS_FILENAME, place.mission_journal, publish)


@frozen
class Reading(Generic[E]):
    """The union of journal and copy.

    Args:
        objects: parsed lines, each id once, in no particular order; annotations of newer versions included.
            `read_values` has events of ours as values.
        numbers: the line number of each; negative where it is a line of the journal.
        problems: what was skipped.
        unpublished: indexes of the objects that the copy lacks.
        unrecorded: indexes of the objects that the journal lacks: a commit of somebody else brought them.
        log: what was read.
        stamp: of its files when they were read; see `stamp_of`.
    """

    objects: list[E]
    numbers: list[int]
    problems: tuple[Problem, ...]
    unpublished: tuple[int, ...]
    unrecorded: tuple[int, ...]
    log: LogFile
    stamp: Stamp | None = None

    def origin(self, index: int) -> tuple[str, int]:
        """File and line of an object."""
        number = self.numbers[index]
        return (str(self.log.journal), -number) if number < 0 else (self.log.where, number)


def read(log: LogFile) -> Reading[Line]:
    """Read a log: the journal and the copy in the home, or at the target branch's tip without a home.

    Raises:
        Refused: `LOG_NOT_A_FILE`: something else stands in a log's place.
        Unavailable: it cannot be read.
    """
    return _read(log, lines.as_it_is, lines.as_it_is)


def read_values(log: LogFile, seen: Reading[Kept] | None = None) -> Reading[Kept]:
    """As `read`, with each event as its value, which takes a third of the memory; other lines stay as they are.

    Args:
        seen: an earlier reading, which is given again where the files are still the ones that it read.
    """
    if seen is not None and seen.stamp is not None and not seen.problems and seen.stamp == stamp_of(log):
        return replace(seen, log=log)
    return _read(log, as_value, as_value)


def stamp_of(log: LogFile) -> Stamp | None:
    """What tells whether a log's files have changed; None where more than they is read, or they are in no checkout."""
    if log.place.mission_id is None or (log.copy is None and log.place.repo.has_git):
        return None
    return tuple(_stamp(path) for path in (log.journal, log.copy) if path is not None)


def _stamp(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _read(log: LogFile, of_copy: Keep, of_journal: Keep) -> Reading[Any]:
    before = stamp_of(log)
    published = _scan_copy(log, of_copy)
    recorded = _scan_journal(log.journal, published.seen, of_journal)
    if log.place.mission_id is None and log.name == EVENTS_FILENAME:
        _add_older(log.place, published, recorded, of_copy)
    found = Union(published, recorded, log.place.mission_id)
    # Outside git the journal is the file in the tree: nothing waits to be published.
    missing = found.missing() if log.place.repo.has_git else ()
    return Reading(found.objects, found.numbers, tuple(found.problems), missing, found.unrecorded(), log, before)


def _add_older(place: MissionPlace, published: Scan, recorded: Scan, keep: Keep) -> None:
    """What a mission of an older version tells outside its log, as if the copy said it."""
    known = (each if isinstance(each, StatusEvent) else as_value(each) for each in published.objects + recorded.objects)
    read_older = lazy.load("specify_cli.status.older:read_older")
    for event in read_older(place, [each for each in known if isinstance(each, StatusEvent)]):
        published.objects.append(keep(event.to_dict()))
        published.numbers.append(1)
        published.marks.append(event.event_id.encode())


def _scan_copy(log: LogFile, keep: Keep) -> Scan:
    if log.copy is not None:
        return lines.scan_file(log.copy, keep=keep)
    data = log.place.read_bytes(log.name) if log.place.repo.has_git else None
    return lines.scan_bytes(data or b"", log.where, keep=keep)


def _scan_journal(path: Path, known: lines.Known, keep: Keep) -> Scan:
    """The journal; a torn end may be a write that is under way, and is looked at once more."""
    found = lines.scan_file(path, known, keep)
    if any(problem.code == TORN for problem in found.problems):
        clock.sleep(0.01)
        found = lines.scan_file(path, known, keep)
    return found


def append(
    log: LogFile, objects: Sequence[Mapping[str, object]], basis: Sequence[Mapping[str, object]] = ()
) -> tuple[Problem, ...]:
    """Record events: one write of whole lines to the journal, then fsync; to the copy too where that is asked for.

    Args:
        log: the caller holds the mission's lock.
        objects: events in the order in which they happened.
        basis: unrecorded events that they build on. They go to the journal with them: what was recorded must stand
            when the commit that brought those is reset away.

    Returns:
        What was set aside on the way, and a warning where the copy could not be written: the events are recorded.

    Raises:
        Refused: `STATE_READ_ONLY`, `SYMLINK_REFUSED`, `LOG_NOT_A_FILE`.
        Unavailable: `DISK_FULL`; then nothing was recorded.
    """
    if not objects:
        return ()
    if basis:
        # First, so that whoever follows the journal never takes them for this clone's own.
        files.append(log.foreign, "".join(f"{entry.get('event_id')}\n" for entry in basis).encode())
    problems = _append(log, log.journal, (*basis, *objects))
    if log.publish == ALWAYS:
        try:
            problems += _append_to_copy(log, objects)
        except SpecKittyError as error:
            message = f"recorded, but the published copy could not be written: {error.message}"
            problems += (Problem(Severity.WARNING, "COPY_NOT_WRITTEN", message, log.where, None, error.hint),)
    return problems


def publish(log: LogFile) -> int:
    """Append to the published copy what it lacks, in fold order; returns how many lines that were.

    Nothing happens without a home, and while the user's own rebase or merge is under way there.

    Args:
        log: the caller holds the mission's lock.

    Raises:
        As `read` and `append`.
    """
    if _open_copy(log) is None:
        return 0
    reading: Reading[Line] = _read(log, as_value, lines.as_it_is)
    missing = sorted((reading.objects[index] for index in reading.unpublished), key=_order)
    if missing:
        _append_to_copy(log, missing)
    return len(missing)


def _order(entry: Line) -> tuple[str, str]:
    at = entry.get("at") or entry.get("timestamp")
    return clock.sort_key(str(at or "")), str(entry.get("event_id") or "")


def _open_copy(log: LogFile) -> Path | None:
    """The copy, where it may be written now."""
    copy, home = log.copy, log.place.home
    if copy is None or home is None or home.busy or not copy.parent.is_dir():
        return None
    if leads_out(copy.parent, home.path):
        raise Refused(
            f"{copy.parent} leads out of the project and is not written through",
            "SYMLINK_REFUSED",
            hint=command("ls", "-l", copy.parent),
        )
    return copy


def _append_to_copy(log: LogFile, objects: Sequence[Mapping[str, object]]) -> tuple[Problem, ...]:
    copy = _open_copy(log)
    return () if copy is None else _append(log, copy, objects)


def _append(log: LogFile, path: Path, objects: Sequence[Mapping[str, object]]) -> tuple[Problem, ...]:
    data = lines.encode(objects)
    found: tuple[Problem, ...] = ()
    if lines.is_log(path):
        glue, found = tails.mend(path, log.place.state / "quarantine", f"{log.place.key}-{log.name}")
        data = glue + data
    files.append(path, data, private=path == log.live)
    return found
