"""One bad value takes nothing else with it: it is named, all else goes on, and no command falls over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support import soak
from tests.support.cli import Result
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.ruining import VALUES, Target, targets
from tests.support.stories import one

NAMES = (
    "meta.json", "lanes.json", "status.events.jsonl", "mission-events.jsonl", "journal", "journal of the mission",
    "prompt", "record", "lease", "config.yaml", "metadata.yaml", "manifest.json", "trust.json", "merge-receipt.json",
    "wps.yaml",
)  # fmt: skip
Scene = tuple[Mission, Mission, Mission, Mission]
QUICK: tuple[tuple[str, ...], ...] = (("status",), ("next", "--mission", "{slug}"))
# What reads a file that those do not read.
ITS_OWN: dict[str, tuple[tuple[str, ...], ...]] = {
    "trust.json": (("hooks", "list"), ("doctor", "worktrees")),
    "merge-receipt.json": (("doctor", "merge"), ("merge", "--dry-run", "--mission", "{slug}")),
    "wps.yaml": (("agent", "mission", "finalize-tasks", "--validate-only", "--mission", "{planned}"),),
}
READERS: tuple[tuple[str, ...], ...] = (
    *QUICK,
    ("status", "--mission", "{slug}"),
    ("mission", "list"),
    ("mission", "info", "--mission", "{slug}"),
    ("agent", "tasks", "list-tasks", "--mission", "{slug}"),
    ("agent", "status", "validate", "--mission", "{slug}"),
    ("doctor",),
    ("accept", "--mode", "checklist", "--mission", "{slug}"),
    ("merge", "--dry-run", "--mission", "{slug}"),
    ("orchestrator-api", "mission-state", "--mission", "{slug}"),
    ("why", "WP02", "--mission", "{slug}"),
    ("agent", "mission", "finalize-tasks", "--validate-only", "--mission", "{slug}"),
)


WPS = """work_packages:
  - id: WP01
    title: Work of WP01
    dependencies: []
    owned_files: ["src/wp01/**"]
    requirement_refs: [FR-001]
    subtasks: ["T001 Do it"]
    prompt_file: tasks/WP01-work.md
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, _made_project: Path) -> Iterator[Scene]:
    """A mission under way, and another one that nothing is done to; whoever changes a file puts it back."""
    folder = tmp_path_factory.mktemp("scene")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        shutil.copytree(_made_project, folder / "project", symlinks=True)
        project = Project(folder / "project", Repo(folder / "project"))
        ruined = finalized_mission(project, Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",)))
        ruined.work("WP01", "src/wp01/a.py")
        whole = finalized_mission(project, Task("WP01"), name="whole")
        planned = created_mission(project, Task("WP01"), name="planned")
        (planned.folder / "wps.yaml").write_text(WPS)
        merged = one(project, {"b/b.py": "b\n"}, name="merged")
        merged.merge().ok()
        entry = {"sha256": "0" * 64, "at": "2026-11-30T12:00:00+00:00"}
        trusted = {"worktree-setup": entry, "accept.tests": entry}
        (ruined.place.state / "trust.json").write_text(json.dumps(trusted))
        yield ruined, whole, merged.mission, planned


def files_of(scene: Scene) -> list[Target]:
    return targets(scene[0], scene[2], scene[3])


def ask(scene: Scene, words: tuple[str, ...]) -> Result:
    told = [word.format(slug=scene[0].slug, planned=scene[3].slug) for word in words]
    found = scene[0].project.run(*told, *(() if told[0] == "orchestrator-api" else ("--json",)))
    assert found.code in (0, 1), found
    assert "INTERNAL_ERROR" not in found.out, found
    found.json()
    return found


def look(scene: Scene, readers: tuple[tuple[str, ...], ...]) -> None:
    """Every command answers, and the other mission is all there."""
    ruined, whole = scene[:2]
    for words in readers:
        found = ask(scene, words)
        if words == ("status",):
            told = found.json()
            boards = {each["mission_slug"]: each for each in told["missions"]}
            assert boards[whole.slug]["total_wps"] == 1, found
            assert ruined.slug in {*boards, *(each["mission_slug"] for each in told["broken"])}, found


def walk(scene: Scene, target: Target, readers: tuple[tuple[str, ...], ...], *, full: bool) -> int:
    """Put bad values into every field of a file in turn; how many there were."""
    before, turn, count = target.path.read_bytes(), cycle(VALUES), 0
    try:
        for field, write in list(target.cases()):
            for name in VALUES if full else (next(turn),):
                try:
                    target.path.write_text(write(VALUES[name]), encoding="utf-8")
                    look(scene, readers)
                except AssertionError as error:
                    raise AssertionError(f"{target.name}: {field} is {name}: {error}") from error
                count += 1
    finally:
        target.path.write_bytes(before)
    return count


def test_the_table_names_every_file(scene: Scene) -> None:
    assert tuple(each.name for each in files_of(scene)) == NAMES
    assert all(each.path.is_file() for each in files_of(scene))


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_value_in_any_field_takes_nothing_else_with_it(scene: Scene, name: str) -> None:
    target = next(each for each in files_of(scene) if each.name == name)
    assert walk(scene, target, (*QUICK, *ITS_OWN.get(name, ())), full=False) > 2


@pytest.mark.soak
@pytest.mark.skipif(not soak.FULL, reason="every value in every field, before every command: make soak")
@pytest.mark.parametrize("name", NAMES)
def test_every_bad_value_in_every_field(scene: Scene, name: str) -> None:
    target = next(each for each in files_of(scene) if each.name == name)
    assert walk(scene, target, (*READERS, *ITS_OWN.get(name, ())), full=True) >= 3 * len(VALUES)


BROKEN: dict[str, dict[str, object]] = {
    "meta.json": {"friendly_name": ["x"]},
    "lanes.json": {"target_branch": "--upload-pack=x"},
    "record": {"branch": 5},
    "lease": {"last_seen": "yesterday"},
    "manifest.json": {"files": {"a": {"sha256": 1, "version": "3"}}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_doctor_names_what_is_broken_and_sets_it_aside(project: Project, name: str) -> None:
    mission = finalized_mission(project, Task("WP01"))
    mission.work("WP01", "src/wp01/a.py")
    target = next(each for each in targets(mission, mission, mission) if each.name == name)
    sound = json.loads(target.path.read_text())
    target.path.write_text(json.dumps(sound | BROKEN[name]))
    bad = target.path.read_bytes()
    key = next(iter(BROKEN[name]))
    named = [each for each in project.run("doctor", "--json").json()["findings"] if each["code"] == "FIELD_INVALID"]
    assert len(named) == 1, named
    assert str(target.path) in named[0]["message"]
    assert key in named[0]["message"]
    fixed = project.run(*named[0]["fix"].split()[1:], "--json").json()
    assert not [each for each in fixed["findings"] if each["code"] == "FIELD_INVALID"], fixed
    assert bad in [path.read_bytes() for path in (mission.place.state / "aside").rglob("*") if path.is_file()]
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_a_mission_whose_target_is_no_branch_is_named_and_comes_back(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"))
    other = finalized_mission(project, Task("WP01"), name="other")
    meta = mission.folder / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"target_branch": "main\0", "mission_id": 7}))
    told = project.run("status", "--json").ok().json()
    assert [each["mission_slug"] for each in told["missions"]] == [other.slug]
    assert [each["error_code"] for each in told["broken"]] == ["META_INVALID"]
    project.run("next", "--agent", "claude", "--mission", mission.slug, "--json").failed("META_INVALID", 1)
    project.run("doctor", "log", "--fix", "--json").ok()
    assert project.run("next", "--mission", mission.slug, "--json").ok().json()["preview_step"] == "implement"


def test_lanes_that_cannot_be_read_leave_the_board_and_come_back(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    mission.work("WP01", "src/wp01/a.py")
    lanes = mission.folder / "lanes.json"
    before = lanes.read_bytes()
    lanes.write_text(json.dumps(json.loads(before) | {"lanes": [{"lane_id": "../../x", "wp_ids": ["WP01"]}]}))
    board = project.run("status", "--mission", mission.slug, "--json").ok().json()
    assert [each["lane"] for each in board["work_packages"]] == ["in_progress", "planned"]
    assert [each["code"] for each in board["problems"]] == ["LANES_MALFORMED"]
    assert board["ready_wps"] == []
    refused = project.run("next", "--agent", "codex", "--mission", mission.slug, "--json").failed("LANES_MALFORMED", 1)
    project.run(*refused.json()["hint"].split()[1:], "--json").ok()
    assert lanes.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "<<<<<<< HEAD\n{}\n", "[]", "\0"])
def test_lanes_that_are_no_json_leave_the_board_too(project: Project, text: str) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    (mission.folder / "lanes.json").write_text(text)
    named = ("--mission", mission.slug)
    board = project.run("status", *named, "--json").ok().json()
    assert [each["lane"] for each in board["work_packages"]] == ["planned", "planned"]
    (problem,) = board["problems"]
    assert problem["code"] in ("LANES_MALFORMED", "MALFORMED_JSON")
    assert board["ready_wps"] == []
    listed = project.run("agent", "tasks", "list-tasks", *named, "--json").ok().json()
    assert len(listed["tasks"]) == 2
    project.run("next", *named, "--agent", "codex", "--json").failed(exit_code=1)
    project.run("agent", "mission", "finalize-tasks", *named, "--json").ok()
    assert project.run("status", *named, "--json").ok().json()["problems"] == []
