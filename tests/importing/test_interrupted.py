"""An import that is killed at any point, or run by many at once, ends as one that nobody disturbed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import killing, soak
from tests.support.cli import SCRIPT
from tests.support.importing import Source, beside, picture
from tests.support.killing import Point
from tests.support.project import Project

TASKS = {
    "master": {
        "tasks": [
            {"id": 1, "title": "One", "status": "done"},
            {"id": 2, "title": "Two", "status": "in-progress", "dependencies": [1]},
            {"id": 3, "title": "Three", "status": "cancelled"},
        ]
    }
}
# Where most can go wrong: the mission's folder appears, a document, the plan, states, meta, the commit.
DIRE = (
    r"rename kitty|replace (?:001-tasks|tasks)/\S+|(?:open|write|fsync) journal|git (?:add|commit)|(?:write|open) 001"
)


@pytest.fixture
def source(project: Project) -> Source:
    made = beside(project, "taskmaster", fixture=False)
    made.write(".taskmaster/tasks/tasks.json", json.dumps(TASKS))
    made.write(".taskmaster/docs/prd.txt", "# Tea\n\n- **FR-001**: stated already\n")
    return made


def words(source: Source) -> tuple[str, ...]:
    return ("import", "--from", "taskmaster", str(source.path), "--json")


def chosen(points: tuple[Point, ...], how: str) -> list[Point]:
    """All points in a full soak, else of each kind at which most can go wrong the last one, and of those some."""
    fitting = [point for point in points if how in point.hows]
    dire = [*{point.kind: point for point in fitting if re.match(DIRE, point.kind)}.values()]
    return fitting if soak.FULL else dire[:: 6 if how == "before" else 2]


@pytest.mark.soak
@pytest.mark.parametrize("how", ["before", "torn"])
def test_killed_at_a_point_the_next_run_finishes(source: Source, how: str, tmp_path: Path) -> None:
    project = source.project
    template = tmp_path / "template"
    shutil.copytree(project.path, template, symlinks=True)
    whole = killing.run(*words(source), cwd=project.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    wanted = picture(project)
    points = chosen(whole.points, how)
    assert len(points) > 1, whole.points
    for point in points:
        where = f"{how} {point.number} {point.kind}"
        shutil.rmtree(project.path)
        shutil.copytree(template, project.path, symlinks=True)
        ended = killing.run(*words(source), cwd=project.path, scratch=tmp_path, at=point.number, how=how)
        assert ended.killed, f"{where}: {ended.said}"
        for lock in (project.path / ".git").glob("*.lock"):
            lock.unlink()
        project.run(*words(source)).ok()
        assert set(picture(project).splitlines()) == set(wanted.splitlines()), where
        assert project.git.status() == "", where


def test_many_at_once_make_one_mission(source: Source) -> None:
    runs = [
        subprocess.Popen([str(SCRIPT), *words(source)], cwd=source.project.path, stdout=subprocess.PIPE, text=True)
        for _ in range(soak.times(40))
    ]
    actions = [json.loads(run.communicate(timeout=120)[0])["missions"][0]["action"] for run in runs]
    assert sorted(actions) == ["create", *["nothing"] * (len(runs) - 1)]
    assert source.project.git.status() == ""


def test_what_somebody_changed_in_between_is_left(source: Source, tmp_path: Path) -> None:
    """Killed before the plan was finalized; then the user goes elsewhere, comes back, and edits a document."""
    project = source.project
    ended = killing.run(
        *words(source), cwd=project.path, scratch=tmp_path, at=1, matching="replace 001-tasks/lanes.json"
    )
    assert ended.killed, ended.said
    source.write(".taskmaster/tasks/tasks.json", json.dumps({**TASKS, "more": {"tasks": [{"id": 1, "title": "New"}]}}))
    project.git("switch", "-q", "-c", "side")
    partial = project.run(*words(source))
    assert partial.code == 1
    answer = partial.json()
    assert answer["result"] == "partial"
    # Its folder is not committed yet, so nothing on the target says that it belongs there.
    assert answer["missions"][0]["error"]["error_code"] in {"TARGET_NOT_CHECKED_OUT", "TARGET_GONE"}
    assert answer["missions"][1]["mission_slug"] is not None, "the other one is made"
    project.git("switch", "-q", "main")
    edited = project.folder("001-tasks") / "plan.md"
    edited.write_text("# Mine\n", encoding="utf-8")
    project.run(*words(source)).ok()
    assert edited.read_text(encoding="utf-8") == "# Mine\n"
    assert project.lane_of("001-tasks", "WP01") == "done"


def test_a_lane_that_somebody_chose_is_left(source: Source, tmp_path: Path) -> None:
    """Killed before the states were recorded; then the user moves a work package himself."""
    project = source.project
    ended = killing.run(*words(source), cwd=project.path, scratch=tmp_path, at=1, matching="write 001-tasks/status")
    if not ended.killed:
        ended = killing.run(*words(source), cwd=project.path, scratch=tmp_path)
    project.run(
        "agent", "tasks", "move-task", "WP01", "--to", "blocked", "--force", "--note", "no", "--agent", "ada",
        "--mission", "001-tasks", "--json",
    )  # fmt: skip
    project.run(*words(source)).ok()
    assert project.lane_of("001-tasks", "WP01") == "blocked"
