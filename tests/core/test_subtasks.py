from __future__ import annotations

import pytest

from specify_cli.core.subtask_marks import Marked, mark
from specify_cli.core.subtasks import boxes, subtask_states, subtasks_for
from specify_cli.core.work_packages import load_work_packages
from specify_cli.home import home_of
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.status.emit import writing
from tests.support.missions import Mission, created_mission
from tests.support.project import Project, Task


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01 with T001 and T002, WP02 with T003; T002 is ticked by hand, and WP02's header knows T004 too."""
    found = created_mission(project, Task("WP01", subtasks=("T001", "T002")), Task("WP02", subtasks=("T003",)))
    tasks = found.folder / "tasks.md"
    tasks.write_text(tasks.read_text().replace("- [ ] T002", "- [x] T002"))
    prompt = found.folder / "tasks" / "WP02-work.md"
    prompt.write_text(prompt.read_text().replace("subtasks: [T003]", "subtasks: [T004]"))
    project.git.commit("plan")
    return found


def states(mission: Mission) -> dict[str, bool]:
    return subtask_states(mission.place, mission.status.mission_events)


def tick(mission: Mission, *ids: str, done: bool = True, actor: str = "claude") -> Marked:
    packages = load_work_packages(mission.place)
    return mark(mission.place, packages, ids, done=done, actor=actor, session="s1", publish="milestone")


def test_subtasks_stand_in_headers_and_in_sections(mission: Mission) -> None:
    found = boxes(mission.place)
    packages = {package.id: package for package in load_work_packages(mission.place)}
    assert subtasks_for(packages["WP01"], found) == ["T001", "T002"]
    assert subtasks_for(packages["WP02"], found) == ["T004", "T003"]
    assert states(mission) == {"T001": False, "T002": True, "T003": False}


def test_a_tick_is_an_event_and_the_document_waits(mission: Mission, project: Project) -> None:
    assert tick(mission, "T001", "T004", "T001") == Marked(("T001", "T004"), ())
    assert states(mission) == {"T001": True, "T002": True, "T003": False, "T004": True}
    events = [event for event in mission.status.mission_events if event.type == "subtask"]
    assert [(event.wp_id, event.actor, event.session, event.data) for event in events] == [
        ("WP01", "claude", "s1", {"subtask": "T001", "done": True}),
        ("WP02", "claude", "s1", {"subtask": "T004", "done": True}),
    ]
    assert project.git.status() == ""


def test_asked_twice_the_second_time_changes_nothing(mission: Mission) -> None:
    tick(mission, "T001")
    before = len(mission.status.mission_events)
    assert tick(mission, "T001", "T002") == Marked((), ("T001", "T002"))
    assert tick(mission, "T003", done=False) == Marked((), ("T003",))
    assert len(mission.status.mission_events) == before


def test_a_subtask_that_is_reopened_loses_its_tick_at_once(mission: Mission) -> None:
    tick(mission, "T001")
    assert tick(mission, "T001", "T002", done=False) == Marked(("T001", "T002"), (), reopened=True)
    assert not any(states(mission).values())
    assert "- [ ] T002" in (mission.folder / "tasks.md").read_text()
    # A box that was never drawn need not be emptied.
    tick(mission, "T003")
    assert tick(mission, "T003", done=False) == Marked(("T003",), ())


def test_every_unknown_subtask_is_named_and_nothing_is_recorded(mission: Mission) -> None:
    before = len(mission.status.mission_events)
    with pytest.raises(NotFound, match="T777, T999") as told:
        tick(mission, "T777", "T001", "T999")
    assert told.value.code == "SUBTASK_NOT_FOUND"
    assert told.value.details == {"unknown": ["T777", "T999"], "known": ["T001", "T002", "T003", "T004"]}
    assert len(mission.status.mission_events) == before


def test_without_a_home_ticks_go_on(mission: Mission, project: Project) -> None:
    project.git("switch", "-q", "-c", "elsewhere")
    assert home_of(mission.place.repo, "main") is None
    assert tick(mission, "T001").changed == ("T001",)
    assert tick(mission, "T001", done=False).changed == ("T001",)
    assert states(mission)["T001"] is False


def test_without_a_home_a_ticked_box_cannot_be_emptied_and_nobody_says_so(mission: Mission, project: Project) -> None:
    project.git("switch", "-q", "-c", "elsewhere")
    before = len(mission.status.mission_events)
    with pytest.raises(Refused) as told:
        tick(mission, "T002", done=False)
    assert told.value.code == "TARGET_NOT_CHECKED_OUT"
    assert len(mission.status.mission_events) == before
    assert states(mission)["T002"] is True


def test_a_mission_without_tasks_has_none(mission: Mission) -> None:
    (mission.folder / "tasks.md").unlink()
    with writing(mission.place):
        pass
    assert boxes(mission.place) == {}
    assert states(mission) == {}
    assert tick(mission, "T004").changed == ("T004",)
