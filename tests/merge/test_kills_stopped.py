"""A merge that stops at a conflict, goes on or is given up, killed at any point: no work and no resolution is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import killing, soak
from tests.support.git import Repo
from tests.support.killing import Point
from tests.support.stage import Stage, differences, make_stage, normal

# Ours, and in motion while a merge has stopped.
MOVING = ("/.worktrees/", "/.git/worktrees/", "/.git/spec-kitty/merge/")

MADE = {"MERGE_ALREADY_MADE", "NO_MERGE_UNDER_WAY"}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A mission that was accepted, and a target that has changed the same file since."""
    made = make_stage(tmp_path)
    git = made.story.git
    git.write("a/f.txt", "the target's\n")
    git("add", "a/f.txt")
    git("commit", "-q", "-m", "meanwhile", "--", "a/f.txt")
    git("push", "-q")
    made.keep()
    return made


def points_of(stage: Stage, scratch: Path, *words: str) -> tuple[tuple[str, ...], list[tuple[Point, str]]]:
    """The words of the command; its points and the ways to be killed there: all in a full soak, else some."""
    said = ("merge", "--mission", stage.story.slug, "--json", *words)
    whole = killing.run(*said, cwd=stage.path, scratch=scratch)
    stage.reset()
    every = [(point, how) for point in whole.points for how in point.hows]
    return said, every if soak.FULL else every[len(every) % killing.EVERY :: killing.EVERY]


def killed(stage: Stage, words: Sequence[str], point: Point, how: str, scratch: Path) -> str:
    """Kill a command; what was done, for messages."""
    stage.reset()
    ended = killing.run(*words, cwd=stage.path, scratch=scratch, at=point.number, how=how)
    where = f"{how} {point.number} {point.kind}"
    assert ended.killed, f"{where}\n{ended.said}"
    if how == "survivor":
        killing.wait_for_survivor(scratch)
    return where


def same(seen: dict[str, str], before: dict[str, str], where: str, *, all_of_it: bool = True) -> None:
    """Everything is as it was, or at least everything of the user's."""
    if not all_of_it:
        seen, before = (
            {name: text for name, text in each.items() if not name.startswith(MOVING)} for each in (seen, before)
        )
    assert seen == before, "\n".join([where, *differences(before, seen)])


@pytest.mark.soak
@pytest.mark.parametrize("then", ["--abort", "--resume", ""])
def test_killed_while_a_conflict_is_laid_out(stage: Stage, tmp_path: Path, then: str) -> None:
    before = stage.seen()
    words, points = points_of(stage, tmp_path)
    stage.story.merge().failed("MERGE_CONFLICT")
    stopped = normal(stage.seen())
    for point, how in points:
        where = f"{killed(stage, words, point, how, tmp_path)}, then {then}"
        same(stage.seen(), before, where, all_of_it=False)
        done = stage.story.merge(*filter(None, [then]))
        if then == "--abort":
            assert done.code == 0 or done.json()["error_code"] == "NO_MERGE_UNDER_WAY", f"{where}\n{done}"
            same(stage.seen(), before, where)
        else:
            known = {"MERGE_CONFLICT", "MERGE_UNDER_WAY", "NO_MERGE_UNDER_WAY", "MERGE_UNRESOLVED"}
            assert done.failed().json()["error_code"] in known, f"{where}\n{done}"
            if done.json()["error_code"] == "MERGE_UNDER_WAY":
                stage.story.merge("--resume").failed()
            if done.json()["error_code"] == "NO_MERGE_UNDER_WAY":
                stage.story.merge().failed("MERGE_CONFLICT")
            assert normal(stage.seen()) == stopped, "\n".join([where, *differences(stopped, normal(stage.seen()))])
        stage.story.merge("--abort")
        same(stage.seen(), before, where)


@pytest.mark.soak
@pytest.mark.parametrize("then", ["--resume", "--abort", "note"])
@pytest.mark.parametrize("committed", [False, True])
def test_killed_while_a_resolved_merge_goes_on(stage: Stage, tmp_path: Path, then: str, committed: bool) -> None:
    before = stage.seen()
    tree = Repo(Path(stage.story.merge("--strategy", "merge").failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("a/f.txt", "both\n")
    tree("add", "a/f.txt")
    if committed:
        tree("commit", "-q", "--no-edit")
    stage.keep()
    words, points = points_of(stage, tmp_path, "--resume")
    stage.story.merge("--resume").ok()
    after = normal(stage.seen())
    for point, how in points:
        where = f"{killed(stage, words, point, how, tmp_path)}, then {then}"
        if then == "note":
            stage.note()
        done = stage.story.merge("--abort" if then == "--abort" else "--resume")
        seen = stage.seen()
        if then == "--abort" and normal(seen) != after:
            assert done.code == 0 or done.json()["error_code"] == "NO_MERGE_UNDER_WAY", f"{where}\n{done}"
            same(seen, before, where)
            continue
        assert normal(seen) == after, "\n".join([where, *differences(after, normal(seen))])
        assert done.code == 0 or (then == "--abort" and done.json()["error_code"] in MADE), f"{where}\n{done}"


@pytest.mark.soak
def test_killed_while_a_stopped_merge_is_given_up(stage: Stage, tmp_path: Path) -> None:
    before = stage.seen()
    stage.story.merge().failed("MERGE_CONFLICT")
    stage.keep()
    words, points = points_of(stage, tmp_path, "--abort")
    for point, how in points:
        where = killed(stage, words, point, how, tmp_path)
        done = stage.story.merge("--abort")
        assert done.code == 0 or done.json()["error_code"] == "NO_MERGE_UNDER_WAY", f"{where}\n{done}"
        same(stage.seen(), before, where)
