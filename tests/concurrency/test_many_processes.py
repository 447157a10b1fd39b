"""Thirty-two agents at one mission, each command a process of its own through the installed script."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from specify_cli.status import lines
from tests.support import soak
from tests.support.cli import Result, run_script
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

AGENTS = 32
CONTESTED = "WP33"
# To and fro by moves that need no force, with what each of them wants.
ROUND = (
    ("agent", "status", "emit", "{wp}", "--to", "claimed", "--actor", "{agent}"),
    ("agent", "status", "emit", "{wp}", "--to", "in_progress", "--actor", "{agent}", "--workspace-context", "here"),
    ("agent", "tasks", "move-task", "{wp}", "--to", "planned", "--agent", "{agent}", "--note", "again"),
    ("agent", "tasks", "move-task", "{wp}", "--to", "blocked", "--agent", "{agent}"),
    ("agent", "tasks", "move-task", "{wp}", "--to", "in_progress", "--agent", "{agent}"),
    ("agent", "status", "emit", "{wp}", "--to", "planned", "--actor", "{agent}", "--reason", "again"),
)


def _say(mission: Mission, words: Sequence[str], wp_id: str, agent: str) -> Result:
    filled = [word.format(wp=wp_id, agent=agent) for word in words]
    return run_script(*filled, "--mission", mission.slug, "--json", cwd=mission.project.path)


def _act(mission: Mission, number: int, start: Barrier) -> tuple[Result, list[Result]]:
    """One agent: it tries to claim what all want, then moves a work package of its own."""
    agent, own = f"agent-{number:02d}", f"WP{number:02d}"
    start.wait()
    claim = _say(mission, ROUND[0], CONTESTED, agent)
    count = soak.times(50)
    return claim, [_say(mission, ROUND[step % len(ROUND)], own, agent) for step in range(count)]


def _lines_of(path: Path) -> list[dict[str, object]]:
    parsed = [lines.parse_line(line) for line in path.read_bytes().splitlines()]
    assert None not in parsed, f"{path} holds a corrupt line"
    return [entry for entry in parsed if entry is not None]


@pytest.mark.soak
def test_thirty_two_processes_lose_nothing_and_one_wins_the_race(project: Project) -> None:
    mission = finalized_mission(project, *(Task(f"WP{number:02d}") for number in range(1, AGENTS + 2)))
    before = [event.event_id for event in mission.status.events]
    start = Barrier(AGENTS)
    with ThreadPoolExecutor(AGENTS) as pool:
        ended = list(pool.map(lambda number: _act(mission, number, start), range(1, AGENTS + 1)))

    claims = [claim for claim, _ in ended]
    (winner,) = [claim.json() for claim in claims if claim.code == 0]
    for claim in claims:
        if claim.code != 0:
            assert claim.failed("WP_ALREADY_CLAIMED", 1).json()["details"]["claimed_by"] == winner["actor"]
    moves = [done.ok().json() for _, results in ended for done in results]
    assert len(moves) == AGENTS * soak.times(50)
    acknowledged = [str(move["event_id"]) for move in (winner, *moves)]

    status = mission.status
    ids = [event.event_id for event in status.events]
    assert sorted(ids) == sorted(before + acknowledged)
    assert len(ids) == len(set(ids))
    assert (status.problems, status.snapshot.lost_claims) == ((), ())
    assert status.snapshot.work_packages[CONTESTED]["holder_actor"] == winner["actor"]
    # The file itself is in fold order: each writer saw all that was written before.
    assert [entry["event_id"] for entry in _lines_of(mission.place.journal)] == ids

    checked = project.run("agent", "status", "validate", "--mission", mission.slug, "--json").ok().json()
    assert {finding["code"] for finding in checked["findings"]} == {"UNPUBLISHED"}
    project.run("materialize", "--mission", mission.slug, "--json").ok()
    assert [entry["event_id"] for entry in _lines_of(mission.folder / "status.events.jsonl")] == ids
    assert project.git.status() == ""
