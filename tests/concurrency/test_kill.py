"""Commands killed by `kill -9` at random moments: what was acknowledged is there, and all goes on from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from specify_cli.core.subtasks import subtask_states
from specify_cli.core.work_packages import load_work_packages
from specify_cli.status import lines
from specify_cli.status.reading import described
from specify_cli.status.reducer import reduce
from tests.support import soak
from tests.support.looping import Ended, killed, plans
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

LONGEST = 0.1  # seconds from the first acknowledged command to the kill
KILLS_OF_A_MISSION = 10  # so that no log and no plan grows beyond what is usual


def _moves(mission: Mission, ended: list[Ended]) -> None:
    found = [event.event_id for event in mission.status.events]
    acknowledged = [each.said()["event_id"] for each in ended]
    assert [event_id for event_id in found if event_id in acknowledged] == acknowledged


def _ticks(mission: Mission, ended: list[Ended]) -> None:
    marks = [event.data["done"] for event in mission.status.mission_events if event.type == "subtask"]
    acknowledged = [each.said()["status"] == "done" for each in ended if each.said()["changed"]]
    # Each command marks both subtasks in one write; the one that was cut short may have been recorded or not.
    assert marks[::2] == marks[1::2]
    states = subtask_states(mission.place, mission.status.mission_events)
    assert states["T001"] == states["T002"] == marks[-1]
    told = marks[::2]
    assert acknowledged in (told[len(told) - len(acknowledged) :], told[len(told) - len(acknowledged) - 1 : -1])


def _plans(mission: Mission, ended: list[Ended]) -> None:
    count = max(each.said()["wp_count"] for each in ended)
    assert {f"WP{number:02d}" for number in range(1, count + 1)} <= set(mission.status.snapshot.work_packages)
    # Written and finalized once more, the plan is whole: prompts, lanes and log know the same work packages.
    mission.project.run(*next(plans(mission)), "--mission", mission.slug, "--json").ok()
    known = [package.id for package in load_work_packages(mission.place)]
    assert known == list(mission.status.snapshot.work_packages)
    assert sorted(wp_id for lane in mission.lanes.lanes for wp_id in lane.wp_ids) == known


def _is_whole(mission: Mission) -> None:
    """The log parses but for a torn end, no event is there twice, and the snapshot is the fold."""
    status = mission.status
    assert {problem.code for problem in status.problems} <= {"TORN_TAIL"}
    for log in (mission.place.journal, mission.place.mission_journal, mission.folder / "status.events.jsonl"):
        raw = log.read_bytes().split(b"\n")
        assert all(lines.parse_line(line) for line in raw[:-1]), log
    ids = [event.event_id for event in status.events]
    assert len(ids) == len(set(ids))
    assert status.snapshot == described(reduce(reversed(status.events)), mission.place)
    assert status.snapshot.lost_claims == ()


CHECKS: dict[str, Callable[[Mission, list[Ended]], None]] = {"moves": _moves, "ticks": _ticks, "plans": _plans}


@pytest.mark.soak
@pytest.mark.parametrize("publish", ["milestone", "always"])
@pytest.mark.parametrize("story", CHECKS)
def test_what_was_acknowledged_survives_a_kill_at_any_moment(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: str, publish: str
) -> None:
    monkeypatch.setenv("SPEC_KITTY_PUBLISH", publish)
    chance = Random(f"{story} {publish}")
    mission: Mission | None = None
    acknowledged = 0
    for number in range(soak.times(50)):
        if mission is None or number % KILLS_OF_A_MISSION == 0:
            task = Task("WP01", subtasks=("T001", "T002"))
            mission = finalized_mission(project, task, name=f"tea-{number}")
        ended = killed(story, mission, chance.uniform(0, LONGEST), children=chance.random() < 0.5, scratch=tmp_path)
        acknowledged += len(ended)
        _is_whole(mission)
        CHECKS[story](mission, ended)
        checked = project.run("agent", "status", "validate", "--mission", mission.slug, "--json")
        assert checked.code == 0, checked
    assert acknowledged >= soak.times(50)
    assert mission is not None
    for slug in project.missions:
        project.run("materialize", "--mission", slug, "--json").ok()
    assert project.git.status() == ""
    assert mission.status.unpublished == 0
