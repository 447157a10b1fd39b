"""A merge that is killed at any point is, after the next command, exactly before or exactly after."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from specify_cli.kernel.paths import discover
from specify_cli.merge import intent
from specify_cli.status.models import Lane
from tests.support import soak
from tests.support.killing import Killed, at_git, at_write, survivor_ended
from tests.support.project import Project, Task
from tests.support.stories import Story, story

TASKS = ("WP01", "WP02", "WP03")


@dataclass(frozen=True, slots=True)
class Stage:
    """A mission ready to be merged, brought back to that state as often as one likes."""

    story: Story
    template: Path
    before: tuple[object, ...]

    def reset(self) -> None:
        """The state before the merge again, at the same path."""
        shutil.rmtree(self.story.project.path)
        shutil.copytree(self.template, self.story.project.path, symlinks=True)

    def seen(self) -> tuple[object, ...]:
        """All that a person could notice."""
        path = self.story.project.path
        trees = sorted(entry.name for entry in (path / ".worktrees").iterdir() if entry.is_dir())
        refs = {name: tip for name, tip in self.story.refs().items() if not name.startswith("refs/spec-kitty/merging/")}
        mine = (path / "mine.txt").read_text(), (path / "README.md").read_text()
        lanes = tuple(self.story.mission.lane(wp_id) for wp_id in TASKS)
        return refs, self.story.git.status(), trees, lanes, mine

    def is_after(self) -> bool:
        """Whether the merge is made, whole, and nothing of it is left over."""
        found = self.story
        refs, status, trees, lanes, mine = self.seen()
        assert isinstance(refs, dict)
        if lanes != (Lane.DONE,) * 3:
            return False
        files = found.files()
        assert [files[f"{name}/f.txt"] for name in "abc"] == ["a", "b", "c"]
        assert not [name for name in refs if name.startswith("refs/heads/kitty/")], refs
        assert trees == []
        assert (status, mine) == (self.before[1], self.before[4])
        assert found.mission.status.unpublished == 0
        assert not [problem for problem in found.mission.status.problems if problem.severity == "error"]
        assert len({event.event_id for event in found.mission.status.events}) == len(found.mission.status.events)
        journal = found.mission.place.journal.read_text().splitlines()
        assert len(journal) == len(set(journal))
        published = (found.mission.folder / "status.events.jsonl").read_text().splitlines()
        assert len(published) == len(set(published))
        return True


@pytest.fixture
def stage(project: Project, tmp_path: Path) -> Stage:
    found = story(
        project,
        Task("WP01", owns=("a/**",)),
        Task("WP02", owns=("b/**",)),
        Task("WP03", needs=("WP01", "WP02"), owns=("c/**",)),
    )
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    found.do("WP03", c__f_txt="c\n")
    found.accept().ok()
    found.git.write("mine.txt", "the user's own\n")
    found.git.write("README.md", "# Changed by the user\n")
    template = tmp_path / "template"
    shutil.copytree(project.path, template, symlinks=True)
    made = Stage(found, template, ())
    return Stage(found, template, made.seen())


def _points(count: int) -> list[int]:
    """Every point of a full soak, else a few of them, spread out, and always the last."""
    step = 1 if soak.FULL else max(count // 4, 1)
    return sorted({*range(1 + count % step, count + 1, step), count})


def _check(stage: Stage, kill: Callable[[], Killed], where: str, scratch: Path, *, survivor: bool = False) -> None:
    stage.reset()
    killed = kill()
    assert killed.happened, f"{where}: not killed\n{killed.said}"
    repo = discover(stage.story.project.path)

    intent.settle(repo)
    if survivor:
        deadline = time.monotonic() + 10
        while not survivor_ended(scratch) and time.monotonic() < deadline:
            time.sleep(0.02)

    after = stage.is_after()
    assert after or stage.seen() == stage.before, f"{where}: neither before nor after\n{killed.git[-3:]}"
    assert intent.pending(repo) == [], where
    # And from there it goes on as if nothing had been.
    stage.story.merge().ok()
    assert stage.is_after(), where


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("how", ["before", "after", "orphan"])
def test_killed_at_a_git_process(stage: Stage, tmp_path: Path, strategy: str, how: str) -> None:
    words = ("merge", "--mission", stage.story.slug, "--strategy", strategy, "--json")
    path = stage.story.project.path
    whole = at_git(0, how, *words, cwd=path, scratch=tmp_path)
    assert stage.is_after(), whole.said
    # Where references move and after it every point is tried, before it some.
    names = [line.split()[0] if not line.startswith("-c") else line.split()[2] for line in whole.git]
    first = names.index("update-ref")
    points = sorted({*_points(len(names)), *range(first, first + 4)})
    for number in points:
        where = f"{strategy}, {how} git process {number} of {len(names)}: {whole.git[number - 1][:80]}"
        _check(
            stage,
            partial(at_git, number, how, *words, cwd=path, scratch=tmp_path),
            where,
            tmp_path,
            survivor=how == "orphan",
        )


@pytest.mark.parametrize("how", ["before", "after"])
def test_killed_at_a_write(stage: Stage, tmp_path: Path, how: str) -> None:
    words = ("merge", "--mission", stage.story.slug, "--json")
    path = stage.story.project.path
    at_write(0, how, *words, cwd=path, scratch=tmp_path)
    count = int((tmp_path / "kill/writes").read_text())
    assert stage.is_after()
    for number in _points(count):
        where = f"{how} write {number} of {count}"
        _check(
            stage,
            partial(at_write, number, how, *words, cwd=path, scratch=tmp_path),
            where,
            tmp_path,
        )


@pytest.mark.parametrize("how", ["before", "after", "orphan"])
def test_killed_while_a_conflict_is_laid_out(stage: Stage, tmp_path: Path, how: str) -> None:
    stage.story.git("checkout", "-q", "README.md")
    stage.story.git.write("a/f.txt", "the target's\n")
    stage.story.git.commit("meanwhile")
    shutil.rmtree(stage.template)
    shutil.copytree(stage.story.project.path, stage.template, symlinks=True)
    before = stage.seen()
    words = ("merge", "--mission", stage.story.slug, "--json")
    path = stage.story.project.path
    whole = at_git(0, how, *words, cwd=path, scratch=tmp_path)
    assert "MERGE_CONFLICT" in whole.said
    for number in sorted({*_points(len(whole.git)), *range(len(whole.git) - 5, len(whole.git) + 1)}):
        stage.reset()
        where = f"{how} git process {number} of {len(whole.git)}: {whole.git[number - 1][:80]}"
        killed = at_git(number, how, *words, cwd=path, scratch=tmp_path)
        assert killed.happened, f"{where}\n{killed.said}"
        while how == "orphan" and not survivor_ended(tmp_path):
            time.sleep(0.02)
        refs, status, *_ = stage.seen()
        assert (refs, status) == before[:2], where
        repo = discover(path)
        if [each.kind for each in intent.pending(repo)] == ["conflict"]:
            stage.story.merge("--abort").ok()
            assert stage.seen() == before, where
        stage.story.merge().failed("MERGE_CONFLICT")
        stage.story.merge("--abort").ok()
        assert stage.seen() == before, where
