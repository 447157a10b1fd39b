"""Events that wait to be sent, in the account's queue file (contract 3.1 to 3.3).

An event leaves the queue when the server has acknowledged it, or for the dead letters, where it is kept with the
reason until a person has it sent again or drops it. Everything goes by event id: a row that was replaced by a newer
event while it was on its way is not taken for the one that was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from specify_cli.kernel import clock, database
from specify_cli.kernel.database import Connection
from specify_cli.kernel.values import frozen
from specify_cli.sync.account import Account
from specify_cli.sync.config import DEFAULT_MAX_QUEUE_SIZE
from specify_cli.sync.emitter import Problem
from specify_cli.sync.events import coalesce_key
from specify_cli.sync.schema import SCHEMA

MAX_REJECTIONS = 5
_TOP = 5
_REASON_LENGTH = 2000

SCHEMA_MISMATCH = "schema_mismatch"
DELIVERED = frozenset({"success", "duplicate"})
UNNEEDED = "unneeded"
REJECTED = "rejected"


@frozen
class BatchEventResult:
    """What became of one event that was sent.

    Args:
        status: `success`, `duplicate`, `rejected`; `pending`, the server has it and did not say yet what it thinks;
            `unneeded`, the shape in which the server takes events makes nothing of it.
        error: why it was rejected.
        error_category: one of `answers.Category`; None unless rejected.
        final: whether sending it again is of no use.
    """

    event_id: str
    status: str
    error: str | None = None
    error_category: str | None = None
    final: bool = False


@frozen
class Row:
    """An event as it stands in the queue; `data` may be anything in a file that was damaged."""

    row_id: int
    event_id: str
    event_type: str
    data: bytes
    retry_count: int = 0

    def event(self) -> dict[str, object] | None:
        """The event, or None where the row holds none."""
        try:
            found = json.loads(self.data)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


@frozen
class DeadLetter:
    """An event that is not sent again by itself.

    Args:
        category: as in `BatchEventResult`.
        reason: why.
        data: the event as JSON, or what stood in its place.
        died_at: seconds since 1970.
    """

    event_id: str
    event_type: str
    category: str
    reason: str
    retry_count: int
    died_at: int
    data: str

    def content(self) -> object:
        """The event, or the text that stood in its place."""
        found = Row(0, self.event_id, self.event_type, self.data.encode("utf-8", "replace")).event()
        return self.data if found is None else found


@frozen
class QueueStats:
    """How the queue is.

    Args:
        total_queued: events of this project that wait.
        max_queue_size: how many may.
        total_retried: those that were rejected before.
        oldest_event_age: seconds; None for an empty queue.
        retry_distribution: how many by number of rejections.
        top_event_types: type and count, the most frequent first.
        dead_letters: events that are not sent again by themselves.
        of_others: events of the user's other projects in the same file.
        last_sync: when the server last acknowledged one of this project; None for never.
    """

    total_queued: int = 0
    max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE
    total_retried: int = 0
    oldest_event_age: float | None = None
    retry_distribution: Mapping[str, int] = field(default_factory=dict)
    top_event_types: tuple[tuple[str, int], ...] = ()
    dead_letters: int = 0
    of_others: int = 0
    last_sync: str | None = None


class OfflineQueue:
    """The events of one project that wait in a queue file.

    Args:
        db_path: the account's queue file.
        project: UUID of the project.
        max_queue_size: how many of its events may wait.
    """

    def __init__(self, db_path: Path, project: str, max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE) -> None:
        self.path = db_path
        self.project = project
        self.max_queue_size = max_queue_size

    @contextmanager
    def visit(self) -> Iterator[Connection]:
        """The file for one transaction; raises as `database.open`."""
        with database.open(self.path, SCHEMA) as db:
            yield db

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """The file to read, as it is now; raises as `database.look`."""
        with database.look(self.path, SCHEMA) as db:
            yield db

    # -- in -------------------------------------------------------------------------------------------------------

    def room(self, db: Connection) -> int:
        """How many more events may wait."""
        return self.max_queue_size - _count(db, "SELECT COUNT(*) FROM queue WHERE project = ?", self.project)

    def add(self, db: Connection, event: Mapping[str, object], problems: Sequence[Problem] = ()) -> bool:
        """Have an event wait; one with problems goes to the dead letters, with these as the reason.

        An event of which only the newest tells anything takes the place of the older one, also while that is on its
        way. An id that waits already is the same event. Whether there is room is for the caller to ask.

        Returns:
            Whether it waits now.
        """
        data, found = _as_json(event)
        row = (str(event["event_id"]), str(event["event_type"]), data, int(clock.epoch()))
        if found or problems:
            reason = "; ".join(map(str, [*found, *problems]))
            self._bury(db, Row(0, row[0], row[1], data.encode()), SCHEMA_MISMATCH, reason, row[3])
            return False
        key = coalesce_key(event)
        if key is not None:
            waiting = "UPDATE queue SET event_id = ?, event_type = ?, data = ?, timestamp = ? WHERE coalesce_key = ?"
            if db.execute(f"{waiting} AND project = ?", (*row, key, self.project)).rowcount:
                return True
        db.execute(
            "INSERT INTO queue (event_id, event_type, data, timestamp, coalesce_key, project) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (event_id) DO NOTHING",
            (*row, key, self.project),
        )
        return True

    # -- out ------------------------------------------------------------------------------------------------------

    def page(self, after: int = 0, limit: int = 1000) -> list[Row]:
        """Waiting events in the order in which they came, whatever the clock did; they stay in the queue.

        Args:
            after: the row after which to begin.
        """
        with self.look() as db:
            found = db.execute(
                "SELECT id, event_id, event_type, CAST(data AS BLOB), retry_count FROM queue"
                " WHERE project = ? AND id > ? ORDER BY id LIMIT ?",
                (self.project, after, limit),
            ).fetchall()
        return [
            Row(row_id, str(event_id), str(kind), data or b"", tries) for row_id, event_id, kind, data, tries in found
        ]

    def process_batch_results(self, results: Iterable[BatchEventResult]) -> None:
        """Take over what became of events, all in one transaction.

        What the server has is taken out; what it rejected is counted, and goes to the dead letters when it was
        rejected `MAX_REJECTIONS` times or for good. Anything else stays as it is.
        """
        with self.visit() as db:
            told = list(results)
            gone = [(one.event_id,) for one in told if one.status in {*DELIVERED, UNNEEDED}]
            db.executemany("DELETE FROM queue WHERE event_id = ?", gone)
            for one in told:
                if one.status == REJECTED:
                    self._reject(db, one)
            if gone:
                note = "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                db.execute(note, (self._last_sync, clock.stamp()))

    def _reject(self, db: Connection, told: BatchEventResult) -> None:
        db.execute("UPDATE queue SET retry_count = retry_count + 1 WHERE event_id = ?", (told.event_id,))
        row = db.execute(
            "SELECT id, event_id, event_type, CAST(data AS BLOB), retry_count, timestamp FROM queue WHERE event_id = ?",
            (told.event_id,),
        ).fetchone()
        if row is not None and (told.final or row["retry_count"] >= MAX_REJECTIONS):
            self._bury(db, Row(*row[:5]), told.error_category or "unknown", told.error or "no reason given", row[5])
            db.execute("DELETE FROM queue WHERE event_id = ?", (told.event_id,))

    def _bury(self, db: Connection, row: Row, category: str, reason: str, timestamp: int) -> None:
        data = row.data.decode("utf-8", "backslashreplace")
        db.execute(
            "INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.event_id, row.event_type, data, self.project, category, reason[:_REASON_LENGTH], row.retry_count,
                timestamp, int(clock.epoch()),
            ),
        )  # fmt: skip

    # -- dead letters ---------------------------------------------------------------------------------------------

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """What is not sent again by itself, oldest first."""
        with self.look() as db:
            found = db.execute(
                "SELECT event_id, event_type, category, reason, retry_count, died_at, data FROM dead_letters"
                " WHERE project = ? ORDER BY died_at, event_id LIMIT ?",
                (self.project, limit),
            ).fetchall()
        return [DeadLetter(*row) for row in found]

    def revive(self, event_id: str | None = None) -> int:
        """Have a dead letter, or all of them, wait again at the end of the queue; how many there were."""
        with self.visit() as db:
            db.execute(
                "INSERT INTO queue (event_id, event_type, data, timestamp, project)"
                " SELECT event_id, event_type, data, timestamp, project FROM dead_letters"
                " WHERE project = ? AND event_id = COALESCE(?, event_id) ORDER BY timestamp, event_id"
                " ON CONFLICT (event_id) DO NOTHING",
                (self.project, event_id),
            )
            return self._forget(db, event_id)

    def drop(self, event_id: str | None = None) -> int:
        """Give up a dead letter, or all of them; how many there were."""
        with self.visit() as db:
            return self._forget(db, event_id)

    def _forget(self, db: Connection, event_id: str | None) -> int:
        forget = "DELETE FROM dead_letters WHERE project = ? AND event_id = COALESCE(?, event_id)"
        return db.execute(forget, (self.project, event_id)).rowcount

    # -- how it is ------------------------------------------------------------------------------------------------

    @property
    def _last_sync(self) -> str:
        return f"last_sync:{self.project}"

    def size(self) -> int:
        """How many events wait."""
        with self.look() as db:
            return self.max_queue_size - self.room(db)

    def get_queue_stats(self) -> QueueStats:
        """Counts and ages, from an index alone; nothing is written."""
        with self.look() as db:
            kinds = db.execute(
                "SELECT event_type, COUNT(*), MIN(timestamp), SUM(retry_count = 0), SUM(retry_count >= 4) FROM queue"
                " WHERE project = ? GROUP BY event_type ORDER BY 2 DESC, 1",
                (self.project,),
            ).fetchall()
            dead = _count(db, "SELECT COUNT(*) FROM dead_letters WHERE project = ?", self.project)
            others = _count(db, "SELECT COUNT(*) FROM queue WHERE project <> ?", self.project)
            last = db.execute("SELECT value FROM facts WHERE name = ?", (self._last_sync,)).fetchone()
        total, fresh, often = (sum(kind[place] for kind in kinds) for place in (1, 3, 4))
        oldest = min((kind[2] for kind in kinds), default=None)
        return QueueStats(
            total_queued=total,
            max_queue_size=self.max_queue_size,
            total_retried=total - fresh,
            oldest_event_age=None if oldest is None else max(clock.epoch() - oldest, 0.0),
            retry_distribution={
                "0 retries": fresh,
                "1-3 retries": total - fresh - often,
                "4+ retries": often,
            },
            top_event_types=tuple((str(kind[0]), int(kind[1])) for kind in kinds[:_TOP]),
            dead_letters=dead,
            of_others=others,
            last_sync=None if last is None else str(last[0]),
        )


def pending_events(account: Account) -> int:
    """How many events of an account wait, of all projects."""
    with database.look(account.queue_path, SCHEMA) as db:
        return _count(db, "SELECT COUNT(*) FROM queue")


def _as_json(event: Mapping[str, object]) -> tuple[str, list[Problem]]:
    """An event as text, and what is wrong with one that has no JSON form."""
    try:
        return json.dumps(event, allow_nan=False), []
    except (TypeError, ValueError) as error:
        return ascii(event), [Problem("payload", "what JSON can hold", str(error))]


def _count(db: Connection, question: str, *given: str) -> int:
    return int(db.execute(question, given).fetchone()[0])
