"""A merge that is killed at any point is, after the next command, exactly before or exactly after.

Every git process and every write of a merge is a point: the tool is killed right before it and right after it; with
half of the write done; and while the git process lives on. A recording run counts the points of each scene.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from zlib import crc32

import pytest
from filelock import FileLock

from tests.support import killing, soak
from tests.support.environment import isolate
from tests.support.killing import Point
from tests.support.stage import Stage, differences, make_stage, normal

STRATEGIES = ("merge", "squash", "rebase")
HOWS = ("before", "after", "survivor", "torn")
NEXT = ("note", "resume", "abort")


@dataclass(frozen=True, slots=True)
class Scene:
    """What the merge was asked for."""

    strategy: str
    push: bool

    @property
    def options(self) -> tuple[str, ...]:
        """As words of the command."""
        return ("--strategy", self.strategy, *(("--push",) if self.push else ()))

    def __str__(self) -> str:
        return f"{self.strategy}{'+push' if self.push else ''}"


SCENES = tuple(Scene(strategy, push) for strategy, push in product(STRATEGIES, (False, True)))


def words(stage: Stage, *options: str) -> tuple[str, ...]:
    return ("merge", "--mission", stage.story.slug, "--json", *options)


def points_of(stage: Stage, scratch: Path, *options: str) -> tuple[Point, ...]:
    """The points of a merge, by a run that nobody kills."""
    stage.reset()
    whole = killing.run(*words(stage, *options), cwd=stage.path, scratch=scratch)
    assert whole.code == 0, whole.said
    return whole.points


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Point]]:
    """Scene -> its points; recorded once, whichever process of the tests comes first."""
    folder = tmp_path_factory.mktemp("matrix")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kill-points.json"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            with pytest.MonkeyPatch.context() as patch:
                isolate(folder / "home", patch)
                stage = make_stage(folder)
                found = {str(scene): points_of(stage, folder, *scene.options) for scene in SCENES}
            shared.write_text(json.dumps({name: [each.kind for each in points] for name, points in found.items()}))
    listed = json.loads(shared.read_text())
    return {name: [Point(number, kind) for number, kind in enumerate(kinds, 1)] for name, kinds in listed.items()}


def chosen(matrix: dict[str, list[Point]], scene: Scene, how: str) -> list[Point]:
    """All points of a scene in a full soak, else some, with every kind of point in some scene and some way."""
    if soak.FULL:
        return [point for point in matrix[str(scene)] if how in point.hows]
    alike: dict[str, list[tuple[str, str, Point]]] = {}
    for name, points in matrix.items():
        for point in points:
            alike.setdefault(point.kind, []).extend((name, each, point) for each in point.hows)
    found = []
    for kind, places in alike.items():
        found += places[crc32(kind.encode()) % min(len(places), killing.EVERY) :: killing.EVERY]
    return [point for name, each, point in found if (name, each) == (str(scene), how)]


@dataclass(frozen=True, slots=True)
class States:
    """The whole states that a merge knows.

    Args:
        before: as if it had never begun, to the last byte.
        local: made here and not pushed yet.
        after: made, pushed where that was asked for, cleaned up.
    """

    before: dict[str, str]
    local: dict[str, str]
    after: dict[str, str]

    def name(self, seen: dict[str, str], where: str) -> str:
        """Which of them is seen; a state in between fails the test."""
        if seen == self.before:
            return "before"
        plain = normal(seen)
        named = {"before": normal(self.before), "after": self.after, "local": self.local}
        for name, state in named.items():
            if plain == state:
                return name
        near = min(named.values(), key=lambda state: len(differences(state, plain)))
        raise AssertionError("\n".join([f"{where}: neither before nor after", *differences(near, plain)]))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return make_stage(tmp_path)


def states_of(stage: Stage, scene: Scene) -> States:
    before = stage.seen()
    stage.story.merge(*scene.options).ok()
    after = normal(stage.seen())
    stage.reset()
    local = after
    if scene.push:
        hook = stage.remote.path / "hooks/pre-receive"
        hook.parent.mkdir()
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        stage.story.merge(*scene.options).failed("PUSH_REJECTED")
        local = normal(stage.seen())
    return States(before, local, after)


def check(stage: Stage, states: States, scene: Scene, point: Point, how: str, which: str, scratch: Path) -> None:
    where = f"{scene}, {how} {point.number} {point.kind}, then {which}"
    stage.reset()
    ended = killing.run(*words(stage, *scene.options), cwd=stage.path, scratch=scratch, at=point.number, how=how)
    assert ended.killed, f"{where}: not killed\n{ended.said}"

    said = stage.note() if which == "note" else stage.story.merge(f"--{which}")
    if how == "survivor":
        killing.wait_for_survivor(scratch)

    state = states.name(stage.seen(), where)
    if which == "resume":
        assert state == ("before" if said.code else "after"), f"{where}: {state}\n{said}"
    if said.code:
        wanted = {"NO_MERGE_UNDER_WAY"} if state == "before" else {"MERGE_ALREADY_MADE", "NO_MERGE_UNDER_WAY"}
        assert said.json()["error_code"] in wanted, f"{where}: {state}\n{said}"
    elif which == "abort":
        assert state == "before", where
    # And from there it goes on as if nothing had been.
    stage.story.merge(*(("--resume",) if state == "local" else scene.options)).ok()
    assert states.name(stage.seen(), f"{where}, then merge") == "after"


@pytest.mark.soak
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_killed_at_a_point(
    stage: Stage, tmp_path: Path, matrix: dict[str, list[Point]], scene: Scene, how: str
) -> None:
    points = chosen(matrix, scene, how)
    states = states_of(stage, scene)
    for point in points:
        which = NEXT[(point.number + SCENES.index(scene)) % len(NEXT)]
        check(stage, states, scene, point, how, which, tmp_path)


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_no_file_of_the_checkout_changes_before_the_references_move(stage: Stage, tmp_path: Path, scene: Scene) -> None:
    def looked() -> dict[str, tuple[int, ...]]:
        files = (path for path in stage.path.rglob("*") if ".git" not in path.relative_to(stage.path).parts[:-1])
        told = {str(path): path.lstat() for path in (*files, stage.path / ".git/index")}
        return {name: (it.st_ino, it.st_mtime_ns, it.st_ctime_ns, it.st_mode) for name, it in told.items()}

    before = looked()
    matching = "git update-ref -m spec-kitty(001-tea-timer): merge"
    ended = killing.run(*words(stage, *scene.options), cwd=stage.path, scratch=tmp_path, at=1, matching=matching)
    assert ended.killed, ended.said
    assert looked() == before
