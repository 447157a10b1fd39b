"""An upgrade that is killed at any of its writes: the next one ends as one that was never disturbed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.cli import run_here
from tests.support.killing import Point
from tests.support.legacy import Legacy, build
from tests.support.soak import FULL
from tests.support.upgrading import Tree, steady, tree_of

VERSIONS = ("0.2.20", "2.1.3")
SOME = 3  # points of each version that are tried outside a full soak
EVERY = 10  # of the kills of a full soak, so many are followed by a second upgrade and a rollback


class Stage:
    """A project that can be put back to what it was before an upgrade."""

    def __init__(self, version: str, folder: Path) -> None:
        self.project: Legacy = build(version, folder / "project")
        self._kept = folder / "kept"
        self._homes = folder / "homes"
        shutil.copytree(self.project.path, self._kept, symlinks=True)
        if self.project.home.exists():
            shutil.copytree(self.project.home, self._homes)
        self.before = tree_of(self.project.path)

    def reset(self) -> None:
        """Everything as the old release left it."""
        for folder, kept in ((self.project.path, self._kept), (self.project.home, self._homes)):
            shutil.rmtree(folder, ignore_errors=True)
            if kept.exists():
                shutil.copytree(kept, folder, symlinks=True)

    def outcome(self) -> Tree:
        """What the files say, without what differs from run to run."""
        return steady(tree_of(self.project.path), self.before)


@pytest.fixture(params=VERSIONS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(request.param, tmp_path)


def chosen(points: tuple[Point, ...]) -> list[Point]:
    """Which points are tried: all of them in a full soak, else some from the beginning to the end."""
    step = 1 if FULL else max(len(points) // SOME, 1)
    return list(points[step // 2 :: step])


def each_kill(stage: Stage, tmp_path: Path, *words: str, prepare: Callable[[], object]) -> Iterator[str]:
    """Kill a command at each of the chosen points; the caller looks at what is left."""
    stage.reset()
    prepare()
    whole = killing.run(*words, "--json", cwd=stage.project.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    assert len(whole.points) > 100
    for point in chosen(whole.points):
        stage.reset()
        prepare()
        # Right after one point is right before the next.
        done = killing.run(*words, "--json", cwd=stage.project.path, scratch=tmp_path, at=point.number)
        assert done.killed, f"there is no point {point.number}"
        yield f"before point {point.number}, {done.points[-1].kind}"


@pytest.mark.soak
def test_the_next_upgrade_finishes_it(stage: Stage, tmp_path: Path) -> None:
    run_here("upgrade", "--json", cwd=stage.project.path).ok()
    wanted = stage.outcome()
    kills = each_kill(stage, tmp_path, "upgrade", prepare=lambda: None)
    for number, where in enumerate(kills):
        board = run_here("status", "--json", cwd=stage.project.path)
        assert board.code == 0, f"{where}: {board}"
        lanes = {each["id"]: each["lane"] for each in board.json()["work_packages"]}
        assert lanes == {"WP01": "in_progress", "WP02": "for_review", "WP03": "planned"}, where
        run_here("upgrade", "--json", cwd=stage.project.path).ok()
        assert stage.outcome() == wanted, where
        if FULL and number % EVERY:
            continue
        assert run_here("upgrade", "--json", cwd=stage.project.path).ok().json()["changed"] is False, where
        run_here("upgrade", "--rollback", "--json", cwd=stage.project.path).ok()
        assert tree_of(stage.project.path) == stage.before, where


@pytest.mark.soak
def test_a_rollback_that_is_killed_is_finished(tmp_path: Path) -> None:
    stage = Stage("2.1.3", tmp_path)

    def upgraded() -> None:
        run_here("upgrade", "--json", cwd=stage.project.path).ok()

    for where in each_kill(stage, tmp_path, "upgrade", "--rollback", prepare=upgraded):
        again = run_here("upgrade", "--rollback", "--json", cwd=stage.project.path)
        assert again.code == 0 or again.json()["error_code"] == "NOTHING_TO_ROLL_BACK", f"{where}: {again}"
        assert tree_of(stage.project.path) == stage.before, where
