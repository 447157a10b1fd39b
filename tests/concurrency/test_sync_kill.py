"""`sync now` killed by `kill -9` at random moments: every event reaches the server once by id, none is left or lost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from specify_cli.kernel import database
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from specify_cli.sync.schema import SCHEMA
from tests.support import soak
from tests.support.clone import Clone
from tests.support.missions import Mission
from tests.support.project import Task
from tests.support.server_batch import BATCH
from tests.support.server_bodies import Bodies
from tests.support.serving import Server
from tests.support.syncing import World

PER_ROUND = 12
ARGV = [sys.executable, "-m", "specify_cli", "sync", "now", "--json"]


def record(mission: Mission, count: int) -> None:
    """Record some moves, as quickly as can be."""
    with writing(mission.place) as log:
        for _ in range(count):
            log.move("WP01", Lane.PLANNED, actor="claude", force=True, reason="a test")


def run(clone: Clone, kill_after: float | None = None) -> float:
    """Send, or be killed after some seconds; how long it took. Who is not killed must succeed."""
    begun = time.monotonic()
    with subprocess.Popen(
        ARGV, cwd=clone.project.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=60 if kill_after is None else kill_after)
            assert process.returncode == 0, said
        except subprocess.TimeoutExpired:
            process.kill()
    return time.monotonic() - begun


@pytest.mark.soak
def test_every_event_reaches_the_server_once_whenever_its_sender_is_killed(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random("sync now")
    clone = Clone(World(tmp_path, server, monkeypatch))
    mission = Mission(clone.project, clone.project.finalized(Task("WP01")))
    clone.batch.most = 5  # several requests a run
    taken = run(clone)
    record(mission, PER_ROUND)
    taken = min(taken, run(clone))  # the first run may have waited for the disk
    spec = clone.project.folder(mission.slug) / "spec.md"
    killed = halfway = 0
    for number in range(soak.times(100)):
        record(mission, PER_ROUND)
        spec.write_text(f"# Version {number}\n", encoding="utf-8")
        before = len(server.sent_to(BATCH))
        # Half of the kills where the sending is: the first half of a run is Python starting.
        run(clone, chance.uniform(0.0 if chance.random() < 0.3 else taken / 2, taken))
        killed += bool(set(clone.moved()) - clone.sent())
        halfway += len(server.sent_to(BATCH)) > before
    run(clone)
    wanted = {line["event_id"] for line in clone.recorded()}
    arrived = [one for ids in clone.batch.batches for one in ids]
    assert wanted <= set(clone.batch.stored)
    # Only what was under way when somebody was killed was sent again, and the server knew it.
    again = len(arrived) - len(set(arrived))
    assert again <= clone.batch.most * soak.times(100)
    assert (clone.queue.size(), clone.queue.dead_letters()) == (0, [])
    with database.look(clone.queue.path, SCHEMA) as db:
        collected = [row[0] for row in db.execute("SELECT event_id FROM collected")]
        assert sorted(collected) == sorted(wanted)
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT COUNT(*) FROM body_upload_queue").fetchone()[0] == 0
    clocks = [event["lamport_clock"] for event in clone.batch.stored.values()]
    assert len(clocks) == len(set(clocks))
    texts = server.part(Bodies).texts()
    assert texts["spec.md"][-1] == spec.read_text(encoding="utf-8")
    if soak.FULL:  # of a few runs on a busy machine, chance may cut none
        assert killed > soak.times(100) / 4, "hardly a run was cut short"
        assert halfway, "no run was cut short while it was sending"
