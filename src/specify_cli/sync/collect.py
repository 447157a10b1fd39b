"""From this clone's journals into the queue: what was recorded since this clone agreed to send.

A journal is read from where the last collection stopped. Taking events into the queue and moving that place is one
transaction, and the queue file remembers every id it took: a journal that was mended, moved or read again gives no
event twice, and none is lost to a crash. A full queue stops collecting, not recording: the rest stays in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from heapq import merge
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, files
from specify_cli.kernel.database import Connection
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import identity_of
from specify_cli.status import store
from specify_cli.status.lines import Line
from specify_cli.sync import documents, dossier, journals
from specify_cli.sync.clock import LamportClock
from specify_cli.sync.emitter import Fact, Origin, envelope, problems
from specify_cli.sync.events import normalize_event_id
from specify_cli.sync.journals import Journals
from specify_cli.sync.log_events import Mission, fact_of
from specify_cli.sync.project_identity import ProjectIdentity
from specify_cli.sync.queue import OfflineQueue

Find = Callable[[str], MissionPlace | None]


@frozen
class Collected:
    """What a collection did.

    Args:
        queued: events that wait now.
        refused: events that went to the dead letters.
        full: whether the queue was full before everything was taken in.
        unread: missions and documents that could not be read, and why.
    """

    queued: int = 0
    refused: int = 0
    full: bool = False
    unread: tuple[SpecKittyError, ...] = ()

    def __add__(self, other: Collected) -> Collected:
        """Both together; how full the queue is, the later one knows."""
        return Collected(
            self.queued + other.queued, self.refused + other.refused, other.full, (*self.unread, *other.unread)
        )


class Collector:
    """Takes in what is new in one clone.

    Args:
        queue: where it goes.
        repo: the clone.
        find: the mission with a slug, or None.
        since: what is older is not taken in; empty takes everything.
    """

    def __init__(self, queue: OfflineQueue, repo: Repository, find: Find, since: str) -> None:
        self.queue = queue
        self.since = clock.sort_key(since)
        self.met: set[str] = set()  # keys of the missions of which it took something in
        self._find = find
        self._folder = repo.state / "journal"
        self._foreign = repo.state / "foreign"

    def collect(self, origin: Origin) -> Collected:
        """Take in what is new, mission by mission, as far as there is room.

        Args:
            origin: who tells it, and where.

        Raises:
            Refused, Conflict, Unavailable: the queue file or the clock cannot be used.
        """
        total = Collected()
        self._adopt()
        for each in self._changed():
            try:
                mission = self._mission(each)
            except SpecKittyError as error:
                total += Collected(unread=(error,))
                continue
            more = mission is not None
            while more and mission is not None:
                taken, more = self._take(mission, each, origin)
                total += taken
                if total.full:
                    return total
        return total

    def collect_documents(self, origin: Origin, identity: ProjectIdentity, places: Iterable[MissionPlace]) -> Collected:
        """Take in what is new in the documents of missions; their texts begin to wait with it."""
        total = Collected()
        for place in places:
            try:
                seen = documents.survey(place)
            except SpecKittyError as error:
                total += Collected(unread=(error,))
                continue
            with self.queue.visit() as db:
                if self.queue.room(db) <= 0:
                    return total + Collected(full=True)
                found = dossier.record(db, seen, identity, limit=self.queue.max_queue_size)
                total += self._queue(db, found.facts, origin) + Collected(unread=tuple(found.problems(place.slug)))
        return total

    def told(self) -> set[str]:
        """Keys of the missions of this clone of which something was ever taken in."""
        with self.queue.look() as db:
            found = {row[0] for row in db.execute("SELECT name FROM facts WHERE name LIKE 'told:%'")}
        return {each.key for each in journals.all_in(self._folder) if _told(each) in found}

    def ahead(self) -> Iterator[Fact]:
        """What the next collection would take in; nothing is written."""
        for each in self._changed():
            with suppress(SpecKittyError), self.queue.look() as db:
                mission, foreign = self._mission(each), self._foreign_ids(each)
                for path in each.paths if mission else ():
                    for line in journals.every_line(path, _cursor(db, path)):
                        fact = self._fact(line, mission, foreign) if mission else None
                        if fact is not None and not _is_known(db, fact):
                            yield fact

    def forget(self) -> None:
        """Read all journals of this clone from their beginning next time."""
        with self.queue.visit() as db:
            paths = [(str(path),) for each in journals.all_in(self._folder) for path in each.paths]
            db.executemany("DELETE FROM cursors WHERE journal = ?", paths)

    # -- one mission ----------------------------------------------------------------------------------------------

    def _take(self, mission: Mission, source: Journals, origin: Origin) -> tuple[Collected, bool]:
        """Take in one piece of a mission's journals; what that was, and whether there may be more."""
        foreign = self._foreign_ids(source)
        facts: list[Fact] = []
        full = False
        with self.queue.visit() as db:
            places = [_cursor(db, path) for path in source.paths]
            news = [list(journals.piece(path, at)) for path, at in zip(source.paths, places, strict=True)]
            room = self.queue.room(db)
            # Each journal in its own order, the two woven together by time: a mission is there before its moves.
            tagged = ([(_at(line), number, line, end) for line, end in found] for number, found in enumerate(news))
            for _, number, line, end in merge(*tagged, key=lambda entry: entry[0]):
                fact = self._fact(line, mission, foreign)
                if fact is not None and not _is_known(db, fact):
                    full = len(facts) >= room
                    if full:
                        break
                    facts.append(fact)
                    db.execute("INSERT INTO collected VALUES (?)", (_id_of(fact),))
                places[number] = end
            taken = self._queue(db, facts, origin)
            _remember(db, source.paths, places)
            if facts:
                db.execute("INSERT OR IGNORE INTO facts VALUES (?, '')", (_told(source),))
                self.met.add(source.key)
        return taken + Collected(full=full), any(news)

    def _fact(self, line: Line | None, mission: Mission, foreign: set[str]) -> Fact | None:
        if line is None or str(line.get("event_id")) in foreign or _at(line) < self.since:
            return None
        return fact_of(line, mission)

    def _queue(self, db: Connection, facts: Sequence[Fact], origin: Origin) -> Collected:
        """Have facts wait, in this order."""
        if not facts:
            return Collected()
        ticks = LamportClock(known=lambda: _last_tick(db)).tick(len(facts))
        events = [envelope(fact, origin, tick) for fact, tick in zip(facts, ticks, strict=True)]
        queued = sum(self.queue.add(db, event, problems(event)) for event in events)
        db.execute("INSERT OR REPLACE INTO facts VALUES ('lamport', ?)", (str(ticks[-1]),))
        return Collected(queued, len(facts) - queued)

    def _mission(self, source: Journals) -> Mission | None:
        """What is known of a mission: from its meta.json, else from its first event."""
        first = source.first()
        if first is None:
            return None
        slug = str(first.get("mission_slug") or source.key)
        place = None
        with suppress(SpecKittyError):
            place = self._find(slug)
        if place is not None and place.key == source.key:
            found = place
            return Mission(identity_of(place.meta, slug), place.target_branch, lambda: _packages(found))
        data = first.get("data")
        identity = identity_of({**(data if isinstance(data, dict) else {}), "mission_id": source.key}, slug)
        return Mission(identity, "main", lambda: 0)

    def _adopt(self) -> None:
        """Rows of an older file that name no project become this one's, to be judged: nobody else would."""
        with self.queue.look() as db:
            found = db.execute("SELECT 1 FROM queue WHERE project = '' LIMIT 1").fetchone()
        if found is not None:
            with self.queue.visit() as db:
                db.execute("UPDATE queue SET project = ? WHERE project = ''", (self.queue.project,))

    def _changed(self) -> list[Journals]:
        """The missions whose journals are not as long as they were read."""
        with self.queue.look() as db:
            read: dict[str, int] = dict(map(tuple, db.execute("SELECT journal, position FROM cursors")))
        found = journals.all_in(self._folder)
        return [each for each in found if any(read.get(str(path), 0) != journals.size(path) for path in each.paths)]

    def _foreign_ids(self, source: Journals) -> set[str]:
        """Events in the journals that somebody else recorded and will tell."""
        named = [files.read_text(self._foreign / f"{path.stem}.ids") or "" for path in source.paths]
        return set("".join(named).split())


def _cursor(db: Connection, path: Path) -> int:
    """Where to go on in a journal; its beginning where it is another one by now."""
    row = db.execute("SELECT position, mark FROM cursors WHERE journal = ?", (str(path),)).fetchone()
    at = 0 if row is None else row["position"]
    return at if isinstance(at, int) and at > 0 and journals.mark(path, at) == row["mark"] else 0


def _remember(db: Connection, paths: Sequence[Path], places: Sequence[int]) -> None:
    rows = [(str(path), at, journals.mark(path, at)) for path, at in zip(paths, places, strict=True)]
    db.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", rows)


def _told(source: Journals) -> str:
    return f"told:{source.folder / source.key}"


def _at(line: Line | None) -> str:
    return "" if line is None else clock.sort_key(str(line.get("at") or ""))


def _id_of(fact: Fact) -> str:
    return normalize_event_id(fact.event_id) or fact.event_id


def _is_known(db: Connection, fact: Fact) -> bool:
    return db.execute("SELECT 1 FROM collected WHERE event_id = ?", (_id_of(fact),)).fetchone() is not None


def _last_tick(db: Connection) -> int:
    row = db.execute("SELECT value FROM facts WHERE name = 'lamport'").fetchone()
    return 0 if row is None else int(row["value"])


def _packages(place: MissionPlace) -> int:
    entries = store.read(store.status_log(place)).objects
    return len({entry.get("wp_id") for entry in entries if "to_lane" in entry})
