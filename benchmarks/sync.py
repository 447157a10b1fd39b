"""What sync costs: a thousand events to a server on this machine, and a queue of a hundred thousand."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.measure import PYTHON, SCRIPT, Row
from specify_cli.kernel.paths import discover
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from specify_cli.sync import consent
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, save_server
from tests.support.cli import run_here
from tests.support.missions import Mission
from tests.support.project import Task, make_project

EVENTS, MANY, FEW = 1_000, 100_000, 3

# Stats of a long queue, and how long it takes until its first batch would leave: in a process of its own.
_LONG = """
import json, resource, sys, time
from pathlib import Path
from specify_cli.kernel import clock, database
from specify_cli.kernel.errors import Refused
from specify_cli.sync.batch import BatchRun
from specify_cli.sync.queue import OfflineQueue
from specify_cli.sync.schema import SCHEMA
path, project, count, event = Path(sys.argv[1]), "p", int(sys.argv[2]), json.loads(sys.argv[3])
event["project_uuid"] = project
if not path.exists():
    def rows():
        for number in range(count):
            event["event_id"] = f"01KNRQ{number:020d}"
            yield event["event_id"], event["event_type"], json.dumps(event), number, number % 6, project
    with database.open(path, SCHEMA) as db:
        insert = "INSERT INTO queue (event_id, event_type, data, timestamp, retry_count, project)"
        db.executemany(insert + " VALUES (?, ?, ?, ?, ?, ?)", rows())
    sys.exit()
queue = OfflineQueue(path, project)
begun = time.perf_counter()
assert queue.get_queue_stats().total_queued == count
stats = time.perf_counter() - begun
first = []
def post(body, headers, seconds):
    first.append(time.perf_counter())
    raise Refused("enough", "ENOUGH")
begun = time.perf_counter()
BatchRun(queue, post, deadline=clock.monotonic() + 60).run()
print(json.dumps([stats, first[0] - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def rows(folder: Path) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Every row by its name, measured when called."""
    yield "sync 1,000 events", lambda: _thousand(folder / "thousand")
    yield "stats of 100,000", lambda: _long(folder, "stats of 100,000", 0, 1.0, "s")
    yield "batch of 100,000", lambda: _long(folder, "batch of 100,000", 1, 1.0, "s")
    yield "memory of 100,000", lambda: _long(folder, "memory of 100,000", 2, 150.0, "MiB")


def _thousand(folder: Path) -> Row:
    """A thousand recorded moves to the server, by the command, from its start to its end."""
    taken = []
    with _server() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv(SAAS_SYNC_ENV_VAR, "1")
        patch.setenv("SPEC_KITTY_PASSWORD", "secret")
        save_server(url)
        run_here("auth", "login", "--username", "ada", "--json").ok()
        for number in range(FEW):
            project = make_project(folder / str(number))
            mission = Mission(project, project.finalized(Task("WP01")))
            consent.give(discover(project.path), url)
            with writing(mission.place) as log:
                for _ in range(EVENTS):
                    log.move("WP01", Lane.PLANNED, actor="claude", force=True, reason="bench")
            begun = time.perf_counter()
            said = subprocess.run(
                [SCRIPT, "sync", "now", "--json"], cwd=project.path, capture_output=True, text=True, check=True
            )
            taken.append(time.perf_counter() - begun)
            if json.loads(said.stdout)["synced"] < EVENTS:
                raise RuntimeError(said.stdout)
    return Row("sync 1,000 events", min(taken), 1.0, "s", "the whole command, by the clock on the wall")


def _long(folder: Path, work: str, which: int, bar: float, unit: str) -> Row:
    path = folder / "long" / "queue.db"
    path.parent.mkdir(exist_ok=True)
    event = {
        "event_type": "WPStatusChanged", "aggregate_id": "WP01", "aggregate_type": "WorkPackage",
        "schema_version": "3.0.0", "build_id": "x" * 36, "payload": {"wp_id": "WP01", "note": "x" * 400},
    }  # fmt: skip
    argv = [PYTHON, "-c", _LONG, str(path), str(MANY), json.dumps(event)]
    if not path.exists():
        subprocess.run(argv, check=True)
    found = [json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)[which] for _ in range(FEW)]
    return Row(work, sorted(found)[FEW // 2], bar, unit)


@contextmanager
def _server() -> Iterator[str]:
    """The server of the tests, in a process of its own; its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.server"], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2].rstrip(";")
        finally:
            process.kill()
