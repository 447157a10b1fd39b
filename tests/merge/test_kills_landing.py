"""A landing that is killed at any point: afterwards the mission is as before, merged into its branch, or landed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import killing, soak
from tests.support.git import Repo
from tests.support.killing import Point
from tests.support.stage import Stage, differences, make_stage, normal

NEXT = ("note", "resume", "abort", "again")
OVER = {"NO_MERGE_UNDER_WAY", "MERGE_ALREADY_MADE"}


@dataclass(frozen=True, slots=True)
class States:
    """Name of each whole state -> what is seen then, without commits, ids and times."""

    known: dict[str, dict[str, str]]

    def name(self, stage: Stage, where: str) -> str:
        """Which of them is seen; a state in between fails the test."""
        plain = normal(stage.seen())
        for name, state in self.known.items():
            if plain == state:
                return name
        near = min(self.known.values(), key=lambda state: len(differences(state, plain)))
        raise AssertionError("\n".join([f"{where}: neither before nor after", *differences(near, plain)]))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return make_stage(tmp_path, own_branch=True)


def chosen(points: tuple[Point, ...], every: int) -> list[tuple[Point, str]]:
    ways = [(point, how) for point in points for how in point.hows]
    return ways if soak.FULL else ways[len(ways) % every :: every]


@pytest.mark.soak
@pytest.mark.parametrize("push", [False, True])
def test_killed_at_a_point(stage: Stage, tmp_path: Path, push: bool) -> None:
    options = ("--into", "main", *(("--push",) if push else ()))
    words = ("merge", "--mission", stage.story.slug, "--json", *options)
    known = {"before": normal(stage.seen())}
    stage.story.merge().ok()
    known["merged"] = normal(stage.seen())
    stage.reset()
    whole = killing.run(*words, cwd=stage.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    known["after"] = normal(stage.seen())
    if push:
        stage.reset()
        hook = stage.remote.path / "hooks/pre-receive"
        hook.parent.mkdir()
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        stage.story.merge(*options).failed("PUSH_REJECTED")
        known["local"] = normal(stage.seen())
    states = States(known)
    for count, (point, how) in enumerate(chosen(whole.points, 50)):
        which = NEXT[count % len(NEXT)]
        where = f"{how} {point.number} {point.kind}, then {which}"
        stage.reset()
        ended = killing.run(*words, cwd=stage.path, scratch=tmp_path, at=point.number, how=how)
        assert ended.killed, f"{where}: not killed\n{ended.said}"
        more = options if which == "again" else (f"--{which}",)
        said = stage.note() if which == "note" else stage.story.merge(*more)
        if how == "survivor":
            killing.wait_for_survivor(tmp_path)
        if said.code:
            assert said.json()["error_code"] in {*OVER, "MERGE_UNDER_WAY"}, f"{where}\n{said}"
        state = states.name(stage, where)
        stage.story.merge(*(("--resume",) if state == "local" else options)).ok()
        assert states.name(stage, f"{where}, {state}, then again") == "after"


@pytest.mark.soak
@pytest.mark.parametrize("then", ["--abort", "--resume"])
def test_killed_around_a_conflict(stage: Stage, tmp_path: Path, then: str) -> None:
    git = stage.story.git
    git.write("a/f.txt", "the target's\n")
    git("add", "a/f.txt")
    git("commit", "-q", "-m", "meanwhile", "--", "a/f.txt")
    stage.story.merge().ok()
    stage.keep()
    before = normal(stage.seen())
    tree = Repo(Path(stage.story.merge("--into", "main").failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("a/f.txt", "both\n")
    tree("add", "a/f.txt")
    stage.keep()
    words = ("merge", "--mission", stage.story.slug, "--json", then)
    whole = killing.run(*words, cwd=stage.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    after = normal(stage.seen())
    for point, how in chosen(whole.points, 100):
        where = f"{how} {point.number} {point.kind}, then {then}"
        stage.reset()
        ended = killing.run(*words, cwd=stage.path, scratch=tmp_path, at=point.number, how=how)
        assert ended.killed, f"{where}\n{ended.said}"
        if how == "survivor":
            killing.wait_for_survivor(tmp_path)
        done = stage.story.merge(then)
        assert done.code == 0 or done.json()["error_code"] in OVER, f"{where}\n{done}"
        assert normal(stage.seen()) == (before if then == "--abort" else after), where
