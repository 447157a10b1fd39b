"""Whoever runs the command that comes with a refusal, a warning or a finding mends the fault, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.hints import (
    scenes_files,
    scenes_finish,
    scenes_loop,
    scenes_merge,
    scenes_programs,
    scenes_project,
    scenes_release,
    scenes_rest,
    scenes_review,
    scenes_server,
    scenes_setup,
    scenes_work,
)
from tests.hints.not_played import NOT_PLAYED
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.hinted import hinted_codes
from tests.support.missions import finalized_mission
from tests.support.project import Project, Task, make_project
from tests.support.scenes import Scene, World, play

MODULES = (
    scenes_project,
    scenes_setup,
    scenes_work,
    scenes_loop,
    scenes_review,
    scenes_merge,
    scenes_finish,
    scenes_programs,
    scenes_files,
    scenes_server,
    scenes_release,
    scenes_rest,
)
SCENES = [scene for module in MODULES for scene in module.SCENES]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two missions, of which nobody has begun the first; the second has an approval."""
    folder = tmp_path_factory.mktemp("hints")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        project = make_project(folder / "project")
        finalized_mission(project, Task("WP01", subtasks=("T001", "T002")), Task("WP02", needs=("WP01",)))
        pot = finalized_mission(project, Task("WP01"), name="pot")
        pot.force("WP01", Lane.APPROVED)
    return project.path


@pytest.fixture
def world(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    path = tmp_path / "project"
    shutil.copytree(template, path, symlinks=True)
    with ExitStack() as stack:
        yield World(Project(path, Repo(path)), monkeypatch, tmp_path, stack)


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_a_printed_command_mends_the_fault(scene: Scene, world: World) -> None:
    play(scene, world)


def test_every_code_with_a_command_is_played_or_listed_with_the_reason() -> None:
    given = hinted_codes()
    played = {scene.code for scene in SCENES}
    listed = [code for codes in NOT_PLAYED.values() for code in codes.split()]
    assert {code: where for code, where in given.items() if code not in played.union(listed)} == {}, (
        "play it, or list it"
    )
    assert [code for code in listed if code in played or code not in given or listed.count(code) > 1] == []
