"""Hostile states of the queue file. What it loses the journals still have; what it holds is never sent twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from specify_cli.kernel import clock, database
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.sync import batch
from specify_cli.sync.batch import BatchSyncResult, sending
from specify_cli.sync.queue import BatchEventResult, OfflineQueue
from specify_cli.sync.schema import SCHEMA
from tests.support.clone import Clone
from tests.support.desk import PROJECT
from tests.support.limits import run_limited, run_python
from tests.support.outbox import Outbox, id_of, indexed, moved
from tests.support.project import Task
from tests.support.server_batch import BATCH
from tests.support.syncing import World, code_of
from tests.sync import test_schema as older
from tests.sync.hostile.row import Row


def _damaged(damage: Callable[[Path], object]) -> Callable[[World], None]:
    """The error names the command that mends it; after it everything is collected again, and known to the server."""

    def check(world: World) -> None:
        clone = Clone(world)
        clone.project.finalized(Task("WP01"))
        clone.deliver()
        before = set(clone.batch.stored)
        damage(clone.queue.path)
        told = clone.run("sync", "now", "--json").failed("DATABASE_BROKEN", 1).json()
        subprocess.run(["sh", "-c", told["hint"]], check=True)
        done = clone.run("sync", "now", "--json").ok().json()
        assert done["duplicates"] == len(clone.recorded())
        assert before <= set(clone.batch.stored)
        assert clone.sent() == clone.moved()

    return check


def _sql(statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.executescript(statements)

    return change


def _beside(path: Path) -> None:
    """A writer is killed, and then the file itself is damaged."""
    source = "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('DELETE FROM facts'); db.commit()"
    run_python(f"{source}; os._exit(9)", str(path), cwd=path.parent)
    path.write_bytes(b"no database " * 1000)


def _cut(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:5000])


def _locked(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(2)
    with closing(sqlite3.connect(outbox.queue.path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")

        def write() -> None:
            with database.open(outbox.queue.path, SCHEMA, patience=0.2):
                raise AssertionError

        assert code_of(write) == "DATABASE_LOCKED"
        assert outbox.queue.size() == 2, "who only looks does not wait"
        db.execute("ROLLBACK")
    outbox.put(moved(3))


def _read_only(world: World) -> None:
    clone = Clone(world)
    clone.project.finalized(Task("WP01"))
    clone.collect()
    path = clone.queue.path
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.chmod(0o400)
    path.parent.chmod(0o500)
    told = run_limited("sync", "now", "--json", cwd=clone.project.path, mortal=True).json()
    path.parent.chmod(0o700)
    assert told["error_code"] == "STATE_READ_ONLY"
    assert world.server.requests == []
    assert clone.deliver().is_complete


_PUT = """
import json, sys
from pathlib import Path
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.sync.queue import OfflineQueue
queue = OfflineQueue(Path(sys.argv[1]), sys.argv[2])
try:
    with queue.visit() as db:
        db.execute(f"PRAGMA max_page_count = {sys.argv[4]}")
        for number in range(int(sys.argv[3])):
            queue.add(db, {"event_id": f"01KNRQ{number:020d}", "event_type": "WPStatusChanged", "x": "x" * 2000})
except SpecKittyError as error:
    print(error.code)
"""


def _disk_full(count: int, pages: int, room: int | None, code: str) -> Callable[[World], None]:
    """A transaction that finds no room leaves nothing behind."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        outbox.fill(2)
        with closing(sqlite3.connect(outbox.queue.path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        words = (str(outbox.queue.path), PROJECT, str(count), str(pages))
        done = run_python(_PUT, *words, cwd=world.path, room=room)
        assert done.stdout.split() == [code], done.stderr
        assert outbox.waiting() == [id_of(1), id_of(2)]
        assert outbox.send().is_complete

    return check


def _older_events(world: World) -> None:
    outbox = Outbox(world)
    with older.before(outbox.queue.path, older.EVENTS_BEFORE.format(more="")) as db:
        older.events(db, 5)
    assert len(outbox.waiting()) == 5
    assert outbox.send().counts == {"success": 5}


def _older_bodies(world: World) -> None:
    outbox = Outbox(world)
    tables = (older.EVENTS_BEFORE.format(more=""), older.BODIES_BEFORE.format(**older.OLD_NAMES, more=""))
    with older.before(outbox.queue.path, *tables) as db:
        older.events(db, 2)
        older.bodies(db, older.OLD_NAMES, 3)
    assert len(older.rows(outbox.queue.path, "body_upload_queue")) == 3
    assert outbox.send().counts == {"success": 2}


def _newer(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(1)
    with closing(sqlite3.connect(outbox.queue.path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = outbox.queue.path.read_bytes()
    assert code_of(outbox.waiting) == "DATABASE_NEWER"
    assert code_of(lambda: outbox.put(moved(2))) == "DATABASE_NEWER"
    assert outbox.queue.path.read_bytes() == before


def _broken_row(data: object) -> Callable[[World], None]:
    """It is set aside as it is, and the others are delivered."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        outbox.put(moved(1))
        outbox.raw((id_of(2), "WPStatusChanged", data))
        outbox.put(moved(3))
        assert outbox.send().counts == {"rejected": 1, "success": 2}
        assert outbox.waiting() == []
        (letter,) = outbox.queue.dead_letters()
        assert (letter.event_id, letter.reason) == (id_of(2), "the row holds no event")
        assert letter.data == (data.decode("utf-8", "backslashreplace") if isinstance(data, bytes) else data)

    return check


def _older_broken_rows(world: World) -> None:
    """What no event of any project is waits for nobody: it is set aside by the first project that sends."""
    clone = Clone(world)
    queue = clone.queue
    queue.path.parent.mkdir(parents=True)
    with older.before(queue.path, older.EVENTS_BEFORE.format(more="")) as db:
        other = json.dumps({**moved(3), "project_uuid": None})
        for number, data in enumerate(("{", "[]", other), 1):
            row = (id_of(number), "x", data)
            db.execute("INSERT INTO queue (event_id, event_type, data, timestamp) VALUES (?, ?, ?, 0)", row)
    clone.deliver()
    assert {one.event_id: one.reason for one in queue.dead_letters()} == {
        id_of(1): "the row holds no event",
        id_of(2): "the row holds no event",
        id_of(3): "the event is not of this project",
    }
    assert not set(clone.batch.stored) & {id_of(1), id_of(2), id_of(3)}


def _same_id_twice(world: World) -> None:
    outbox = Outbox(world)
    outbox.put(moved(1), moved(2), moved(1, actor="somebody else"))
    assert outbox.waiting() == [id_of(1), id_of(2)]
    assert outbox.send().counts == {"success": 2}
    assert outbox.batch.stored[id_of(1)]["payload"]["actor"] == "claude"


def _clock_back(world: World) -> None:
    outbox = Outbox(world)
    outbox.put(moved(1))
    with clock.use(lambda: clock.parse("2020-01-01T00:00:00+00:00")):
        outbox.put(moved(2))
        assert outbox.queue.get_queue_stats().oldest_event_age == 0.0
    outbox.put(moved(3))
    outbox.send()
    assert list(outbox.batch.stored) == [id_of(1), id_of(2), id_of(3)]


def _many(world: World) -> None:
    """What `benchmarks/sync.py` measures, held by what it costs: pages of an index instead of all rows."""
    outbox = Outbox(world)
    outbox.fill(1)
    with outbox.queue.look() as db:
        plan = "EXPLAIN QUERY PLAN SELECT event_type, COUNT(*), MIN(timestamp), SUM(retry_count = 0) FROM queue"
        told = [row["detail"] for row in db.execute(f"{plan} WHERE project = '' GROUP BY event_type")]
        assert any("COVERING INDEX queue_health" in line for line in told), told
        page = "EXPLAIN QUERY PLAN SELECT id, data FROM queue WHERE project = '' AND id > 7 ORDER BY id LIMIT 1000"
        told = [row["detail"] for row in db.execute(page)]
        assert any("queue_of_project" in line for line in told), told
        assert not any("TEMP B-TREE" in line for line in told), told


def _many_deletes(world: World) -> None:
    outbox = Outbox(world)
    sent = outbox.fill(2500)
    outbox.queue.process_batch_results([BatchEventResult(one, "success") for one in sent])
    assert outbox.waiting() == []


def _two_senders(world: World) -> None:
    """The second one waits for the first and finds nothing left."""
    clone = Clone(world)
    clone.project.finalized(*(Task(f"WP{number:02d}") for number in range(1, 6)))
    found = []
    threads = [threading.Thread(target=lambda: found.append(clone.deliver())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrived = [one for ids in clone.batch.batches for one in ids]
    assert len(arrived) == len(set(arrived)) == len(clone.batch.stored)
    assert sum(one.events.success_count for one in found) == len(arrived)
    assert clone.queue.size() == 0


def _impatient_sender(world: World) -> None:
    clone = Clone(world)
    clone.project.finalized(Task("WP01"))
    with sending(clone.queue, 1):
        errors: list[SpecKittyError] = []

        def send() -> None:
            try:
                clone.deliver(timeout=0.2)
            except SpecKittyError as error:
                errors.append(error)

        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
    assert [error.code for error in errors] == ["LOCKED"]
    assert "send events" in errors[0].message
    assert world.server.requests == []


def _acknowledged_and_killed(world: World) -> None:
    """The answer never reaches the queue: sent again, they are duplicates, and the queue is empty."""
    outbox = Outbox(world)
    outbox.fill(3)
    outbox.world.server.fault(BATCH, nth=1, late=True, reset="before")
    world.patch.setattr(batch, "_TRIES", 1)
    outbox.send()
    assert (len(outbox.batch.stored), len(outbox.waiting())) == (3, 3)
    assert outbox.send().counts == {"duplicate": 3}
    assert outbox.waiting() == []


def _no_eviction(world: World) -> None:
    """There is none: a full queue takes in no more, and the journals keep the rest. A kill in mid-way leaves both."""
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    for to in ("blocked", "planned", "blocked"):
        clone.move(slug, to=to)
    small = OfflineQueue(clone.queue.path, clone.queue.project, 2)
    collector = clone.collector()
    collector.queue = small
    found = collector.collect(clone.origin())
    assert (found.queued, found.full, small.size()) == (2, True, 2)
    assert len(list(clone.collector().ahead())) == len(clone.recorded()) - 2
    clone.deliver()
    assert {line["event_id"] for line in clone.recorded()} <= set(clone.batch.stored)


def _in_flight(world: World) -> None:
    outbox = Outbox(world)
    gate = threading.Event()
    outbox.put(indexed(1, "a"), moved(2))
    world.server.fault(BATCH, nth=1, gate=gate)
    found: list[BatchSyncResult] = []
    runner = threading.Thread(target=lambda: found.append(outbox.send()))
    runner.start()
    while not world.server.sent_to(BATCH):
        time.sleep(0.01)
    outbox.put(indexed(3, "a", "1"))
    gate.set()
    runner.join()
    assert outbox.waiting() == [id_of(3)], "the newer one is not taken for the one that was sent"
    assert outbox.send().counts == {"success": 1}
    event = json.loads(json.dumps(outbox.batch.stored[id_of(3)]))
    assert event["payload"]["content_hash_sha256"] == "1" * 64


_AGAIN = "named with the command that mends it; then all is collected again, nothing twice"

ROWS: tuple[Row, ...] = (
    Row("file not a database", "text", _AGAIN, _damaged(lambda path: path.write_bytes(b"no database " * 1000))),
    Row("truncated", "to 5000 bytes", _AGAIN, _damaged(_cut)),
    Row(
        "file not a database",
        "tables of somebody else",
        _AGAIN,
        _damaged(_sql("DROP TABLE queue; CREATE TABLE queue (a)")),
    ),
    Row("file not a database", "one table is gone", _AGAIN, _damaged(_sql("DROP TABLE cursors"))),
    Row("file not a database", "with what was committed last beside it", _AGAIN, _damaged(_beside)),
    Row("locked by another process > 5 s", "a writer that stays", "refused; looking is not kept waiting", _locked),
    Row("read-only", "file and folder", "refused, nothing sent, nothing lost", _read_only),
    Row(
        "disk full on insert and on commit",
        "on insert",
        "nothing of it is left behind",
        _disk_full(1000, 60, None, "DISK_FULL"),
    ),
    Row(
        "disk full on insert and on commit",
        "on commit",
        "nothing of it is left behind",
        _disk_full(60, 10_000, 100_000, "DATABASE_FAILED"),
    ),
    Row("old schema without coalesce_key", "5 rows", "all wait, all are sent", _older_events),
    Row("old body schema (feature_slug/mission_key) with rows", "3 rows", "all wait under new names", _older_bodies),
    Row("newer schema version", "99", "refused, the file untouched", _newer),
    Row("row with invalid JSON", "half an object", "set aside; the others are sent", _broken_row('{"event_id":')),
    Row("row with invalid JSON", "no UTF-8", "set aside; the others are sent", _broken_row(b"\xff\xfe{}")),
    Row("row with invalid JSON", "in an older file", "set aside, and no event without a project", _older_broken_rows),
    Row("data valid JSON but not an object", "a list", "set aside; the others are sent", _broken_row("[1, 2]")),
    Row("duplicate event_id insert", "other content", "the first one counts, sent once", _same_id_twice),
    Row("clock moved backwards (timestamp order)", "to 2020", "order of arrival", _clock_back),
    Row("100k rows performance", "the plans of the questions", "an index answers", _many),
    Row("> 1000 ids in one delete", "2500", "all are gone", _many_deletes),
    Row("two senders at once (no double send / no lost delete)", "three at once", "each event once", _two_senders),
    Row("two senders at once (no double send / no lost delete)", "no time to wait", "refused", _impatient_sender),
    Row("crash between server ack and local delete", "no answer", "duplicates, then empty", _acknowledged_and_killed),
    Row("crash during eviction", "a full queue", "nothing is evicted", _no_eviction),
    Row("coalesce of an in-flight event", "a newer version", "both are sent", _in_flight),
)
