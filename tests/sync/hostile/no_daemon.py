"""Hostile cases of websockets and of a daemon. There is neither («Decided» 5).

What of them applies to batches and to the flusher is checked; for the rest the row says why it cannot happen.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable

from specify_cli.kernel import database
from specify_cli.sync.background import Flusher
from specify_cli.sync.schema import SCHEMA
from tests.support.clone import Clone
from tests.support.outbox import Outbox
from tests.support.project import Task
from tests.support.server_batch import BATCH
from tests.support.source import PACKAGE, ROOT
from tests.support.syncing import World, code_of
from tests.sync.hostile.row import Row


def _no_websocket(_world: World) -> None:
    """Nothing of ours speaks it: an event is delivered when a batch with it was acknowledged."""
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    assert not [text for text in texts if re.search(r"^\s*(import|from) websocket", text, re.MULTILINE)]


def _nobody_listens(_world: World) -> None:
    """No process of sync listens: there is no port to take, no token to steal, no request to misread."""
    folders = (PACKAGE / "sync", PACKAGE / "kernel", PACKAGE / "cli" / "commands")
    texts = {path: path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.py")}
    listening = re.compile(r"http\.server|socketserver|asyncio|\.bind\(|\.listen\(|create_server")
    assert not [path for path, text in texts.items() if listening.search(text)]


def _half_open(world: World) -> None:
    """A server that accepts and then says nothing costs the run its time, and no event anything."""
    outbox = Outbox(world)
    outbox.fill(2)
    world.server.fault(BATCH, nth=0, gate=threading.Event())
    begun = time.monotonic()
    done = outbox.send(seconds=0.4)
    assert time.monotonic() - begun < 3
    assert done.stopped is not None
    assert done.stopped.code == "SERVER_TIMEOUT"
    assert set(outbox.retries().values()) == {0}
    world.server.stopping.set()


def _stale(pid: int) -> Callable[[World], None]:
    """What a dead sender left behind holds nobody: the lease is the operating system's."""

    def check(world: World) -> None:
        clone = Clone(world)
        clone.project.finalized(Task("WP01"))
        clone.collect()
        clone.queue.path.with_suffix(".lock").write_text(str(pid), encoding="utf-8")
        note = {"pid": pid, "command": "spec-kitty sync now", "since": "2020-01-01T00:00:00+00:00"}
        clone.queue.path.with_suffix(".holder").write_text(json.dumps(note), encoding="utf-8")
        assert clone.deliver(timeout=5).is_complete

    return check


def _many_flushers(world: World) -> None:
    """Several that flush at once take turns; every event goes once."""
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    flushers = [
        Flusher(lambda: clone.deliver().is_complete, lambda: len(clone.recorded()), look=0.05) for _ in range(3)
    ]
    for flusher in flushers:
        flusher.start()
    last = clone.move(slug)
    until = time.monotonic() + 20
    while last not in clone.batch.stored and time.monotonic() < until:
        time.sleep(0.02)
    for flusher in flushers:
        flusher.stop(10)
    arrived = [one for ids in clone.batch.batches for one in ids]
    assert len(arrived) == len(set(arrived)) == len(clone.batch.stored)
    assert clone.sent() == clone.moved()


def _upgraded(world: World) -> None:
    """A newer version has changed the file under a process that runs on: it says so and touches nothing."""
    clone = Clone(world)
    clone.project.finalized(Task("WP01"))
    clone.deliver()
    with database.open(clone.queue.path, SCHEMA) as db:
        db.execute("PRAGMA user_version = 99")
    before = clone.queue.path.read_bytes()
    assert code_of(clone.deliver) == "DATABASE_NEWER"
    assert clone.queue.path.read_bytes() == before


def _documented(_world: World) -> None:
    text = (ROOT / "docs" / "explanation" / "reliability.md").read_text(encoding="utf-8")
    assert "A network file system without working locks gives no guarantee" in text.replace("\n  ", " ")


_NO_SOCKET = "not applicable: no websocket is spoken"
_NO_PORT = "not applicable: nothing listens"

ROWS: tuple[Row, ...] = (
    *(
        Row(clause, "any", _NO_SOCKET, _no_websocket)
        for clause in (
            "upgrade 401/403/404/500", "accepts but no snapshot", "first frame wrong", "binary frame", "invalid JSON",
            "20 MB frame", "ping flood", "close 1001/1008/4401",
        )
    ),
    Row("half-open TCP", "a batch is never answered", "time is up, nothing is charged", _half_open),
    Row("daemon: stale state file", "of a dead sender", "nobody is kept waiting", _stale(2**22)),
    Row("pid reused", "by somebody alive", "nobody is kept waiting or killed", _stale(1)),
    *(
        Row(clause, "any", _NO_PORT, _nobody_listens)
        for clause in (
            "port taken by another service returning 200", "wrong token", "oversized/negative Content-Length",
            "non-object JSON",
        )
    ),
    Row("concurrent ensure calls", "three flushers", "they take turns", _many_flushers),
    Row("upgrade while running", "a newer file", "named, and left alone", _upgraded),
    Row("home on NFS", "locks", "not applicable: the file system's to keep, as the manual says", _documented),
)  # fmt: skip
