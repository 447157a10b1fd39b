"""Real processes on one mission. The long runs of the same stories are soaks of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specify_cli.home import MissionPlace
from specify_cli.status import lines, store
from specify_cli.status.reading import read_status
from specify_cli.status.validate import validate_logs
from tests.support.git import Repo
from tests.support.status import place_in

ROOT = Path(__file__).parents[2]
# Moves one work package of its own to and fro, and says each move that was acknowledged.
MOVER = """
import sys
from pathlib import Path
from specify_cli.kernel.errors import Conflict
from tests.support.status import emit, place_in

place, name, count = place_in(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
try:
    won = emit(place, "WP99", "claimed", actor=name)
    print("won", won.event_id, flush=True)
except Conflict as lost:
    print("lost", lost.details["claimed_by"], flush=True)
for number in range(count):
    lane = ("claimed", "in_progress", "planned")[number % 3]
    event = emit(
        place, name, lane, actor=name, workspace_context="here", reason="again"
    )
    print("moved", event.event_id, flush=True)
"""


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    return place_in(git.path)


def start(place: MissionPlace, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MOVER, str(place.repo.root), name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(output: str, word: str) -> list[str]:
    return [line.split()[1] for line in output.splitlines() if line.startswith(f"{word} ") and len(line.split()) == 2]


def test_eight_processes_lose_nothing_and_one_wins_the_race(place: MissionPlace) -> None:
    movers = [start(place, f"WP{number:02d}", 10) for number in range(1, 9)]
    results = [mover.communicate(timeout=120) for mover in movers]
    assert [mover.returncode for mover in movers] == [0] * 8, results
    output = "".join(out for out, _ in results)
    assert len(said(output, "won")) == 1
    assert len(said(output, "lost")) == 7
    status = read_status(place)
    ids = [event.event_id for event in status.events]
    assert sorted(ids) == sorted(said(output, "moved") + said(output, "won"))
    assert len(ids) == len(set(ids)) == 81
    assert status.problems == ()
    assert status.snapshot.lost_claims == ()
    winner = status.snapshot.work_packages["WP99"]["holder_actor"]
    assert set(said(output, "lost")) == {winner}
    # The file itself is in order: each writer saw all that was written before.
    raw = [json.loads(line) for line in place.journal.read_text().splitlines()]
    assert [line["event_id"] for line in raw] == ids
    moves, facts = store.read_values(store.status_log(place)), store.read_values(store.mission_log_file(place))
    assert validate_logs(moves, facts).passed


def test_what_was_acknowledged_survives_a_kill(place: MissionPlace) -> None:
    acknowledged: list[str] = []
    for number, delay in enumerate((0.0, 0.013, 0.029, 0.051, 0.1)):
        mover = start(place, f"WP{number:02d}", 10_000)
        assert mover.stdout is not None
        first = mover.stdout.readline()
        time.sleep(delay)
        mover.kill()
        output = first + mover.communicate()[0]
        acknowledged += said(output[: output.rfind("\n") + 1], "moved")
    found = {event.event_id for event in read_status(place).events}
    assert acknowledged
    assert set(acknowledged) <= found
    assert all(lines.parse_line(line) for line in place.journal.read_bytes().splitlines())
