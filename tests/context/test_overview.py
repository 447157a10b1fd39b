from __future__ import annotations

import json

import pytest

from specify_cli.context.overview import MissionState, overview
from specify_cli.kernel.errors import Refused
from specify_cli.next.query import query
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task


def marked(mission: Mission, **more: str) -> Mission:
    """The mission with more in its meta.json."""
    meta = mission.folder / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text(encoding="utf-8")), **more}), encoding="utf-8")
    return mission


def test_before_finalize_it_is_planned(project: Project) -> None:
    seen = overview(created_mission(project, Task("WP01"), Task("WP02")).place)
    assert seen.state is MissionState.PLANNING
    assert seen.board["planned"] == ["WP01", "WP02"]
    assert seen.total == 2
    assert seen.next_command == "spec-kitty next --agent NAME --mission 001-tea-timer"


def test_with_lanes_it_is_implemented(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    mission.walk("WP01", Lane.IN_PROGRESS)
    seen = overview(mission.place)
    assert seen.state is MissionState.IMPLEMENTING
    assert (seen.board["in_progress"], seen.board["planned"]) == (["WP01"], ["WP02"])
    assert seen.percentage == 15.0


def test_when_all_is_approved_it_wants_to_be_accepted(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.APPROVED)
    assert overview(mission.place).next_command == "spec-kitty accept --mission 001-tea-timer"


def test_accepted_it_waits_for_its_merge_until_work_is_moved_back(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.APPROVED)
    marked(mission, accepted_at="2026-11-20T12:00:00+00:00")
    assert overview(mission.place).state is MissionState.ACCEPTED
    assert overview(mission.place).next_command == "spec-kitty merge --mission 001-tea-timer"
    mission.force("WP01", Lane.PLANNED)
    assert overview(mission.place).state is MissionState.IMPLEMENTING


def test_work_approved_anew_wants_to_be_accepted_anew(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.APPROVED)
    with writing(mission.place) as writer:
        writer.record("accepted", actor="ada", data={"lanes": {"lane-a": "1" * 40}})
        for lane, head in ((Lane.PLANNED, None), (Lane.APPROVED, "2" * 40)):
            record = {"lane_id": "lane-a", "head": head}
            writer.move("WP01", lane, actor="ada", force=True, reason="again", workspace=record)
    marked(mission, accepted_at="2026-11-20T12:00:00+00:00")
    seen = overview(mission.place)
    assert (seen.state, seen.next_command) == (MissionState.IMPLEMENTING, "spec-kitty accept --mission 001-tea-timer")
    assert query(mission.context).preview_step == "accept"


def test_merged_it_is_done(project: Project) -> None:
    seen = overview(marked(finalized_mission(project), merged_at="2026-11-20T12:00:00+00:00").place)
    assert seen.state is MissionState.MERGED
    assert seen.next_command == "spec-kitty mission list"


def test_what_cannot_be_read_is_refused(project: Project) -> None:
    mission = finalized_mission(project)
    (mission.folder / "lanes.json").unlink()
    (mission.folder / "lanes.json").symlink_to("lanes.json")
    with pytest.raises(Refused, match=r"lanes\.json"):
        overview(mission.place)
