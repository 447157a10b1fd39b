"""A claim that is killed at any point is, after the next one, as if nothing had happened.

Every git process and every write of a claim is a point, as in the kills of a merge; see `tests/support/killing.py`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.cli.commands.test_hooks import copying, hook
from tests.support import killing, soak
from tests.support.killing import Point
from tests.support.project import Project, Task, make_project
from tests.support.stories import Story, story
from tests.support.trusting import trust_all

# A worktree that stands and takes a lane in; a new one that begins with two lanes.
SCENES = {"standing": "WP03", "new": "WP06"}
HOWS = ("before", "after", "survivor", "torn")


@dataclass(frozen=True, slots=True)
class Scene:
    """A project in which a work package is about to be claimed, and a copy to come back to."""

    told: Story
    wp_id: str
    template: Path

    @property
    def words(self) -> tuple[str, ...]:
        """The claim."""
        return ("agent", "action", "implement", self.wp_id, "--agent", "claude", "--mission", self.told.slug, "--json")

    def reset(self) -> None:
        """As it was before."""
        shutil.rmtree(self.told.project.path)
        shutil.copytree(self.template, self.told.project.path, symlinks=True)

    def check(self, where: str) -> None:
        """The work package is claimed, once, in a worktree that is whole."""
        worktree, git = self.told.worktree(self.wp_id), self.told.git
        assert self.told.mission.lane(self.wp_id) is Lane.IN_PROGRESS, where
        moved = [event.to_lane for event in self.told.mission.status.events if event.wp_id == self.wp_id]
        assert moved == [Lane.PLANNED, Lane.CLAIMED, Lane.IN_PROGRESS], where
        assert worktree.status() == "", where
        assert worktree("branch", "--show-current") == self.told.branch(self.wp_id), where
        for wp_id in ("WP01", "WP02"):
            assert (worktree.path / f"{wp_id}.txt").is_file(), where
        assert (worktree.path / ".env").read_text(encoding="utf-8") == "A=1\n", where
        assert (worktree.path / "ran.log").is_file(), where
        assert not list((git.path / ".git/spec-kitty").rglob("*.making")), where
        assert not list(worktree.path.parent.glob(".*.copy")), where
        known = [line for line in git("worktree", "list", "--porcelain").splitlines() if line.startswith("branch ")]
        assert len(known) == len(set(known)) == len(list(worktree.path.parent.glob("*/.git"))) + 1, where
        assert "prunable" not in git("worktree", "list", "--porcelain"), where


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("SPEC_KITTY_SESSION", "one")
    found = make_project(tmp_path / "project")
    for sample in (found.path / ".git/hooks").iterdir():
        sample.unlink()
    hook(found.git, "#!/bin/sh\necho ran >> ran.log\n")
    copying(found, ".env")
    found.git.write(".gitignore", ".env\n*.log\n")
    found.git.commit("set-up of worktrees")
    found.git.write(".env", "A=1\n")
    trust_all(found.path)
    return found


def scene_of(project: Project, name: str) -> Scene:
    told = story(
        project,
        Task("WP01"),
        Task("WP02"),
        Task("WP03", needs=("WP01", "WP02")),
        Task("WP04", needs=("WP01",)),
        Task("WP05", needs=("WP02",)),
        Task("WP06", needs=("WP01", "WP02")),
    )
    for wp_id in ("WP01", "WP02"):
        told.work(wp_id, {f"{wp_id}.txt": "work\n"})
    template = project.path.parent / "template"
    shutil.copytree(project.path, template, symlinks=True)
    return Scene(told, SCENES[name], template)


# Where most can go wrong: these are killed in every run of the tests.
DIRE = ("git update-ref", "git worktree add", "git merge", "replace */*.json", "rename", "write journal")


def chosen(points: tuple[Point, ...], how: str) -> list[Point]:
    """All points in a full soak, else one of each dire kind."""
    fitting = [point for point in points if how in point.hows]
    dire = {start: point for start in DIRE for point in fitting if point.kind.startswith(start)}
    return fitting if soak.FULL else list(dire.values())


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("how", HOWS)
def test_killed_at_a_point(name: str, how: str, project: Project, tmp_path: Path) -> None:
    scene = scene_of(project, name)
    assert scene.told.worktree(scene.wp_id).path.exists() is (name == "standing")
    whole = killing.run(*scene.words, cwd=project.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    scene.check("nobody killed it")
    for point in chosen(whole.points, how):
        where = f"{name}, {how} {point.number} {point.kind}"
        scene.reset()
        ended = killing.run(*scene.words, cwd=project.path, scratch=tmp_path, at=point.number, how=how)
        assert ended.killed, f"{where}: not killed\n{ended.said}"
        said = project.run(*scene.words)
        if how == "survivor":
            # It may have been in the way, or have come too late; then it is the turn of the next one.
            killing.wait_for_survivor(tmp_path)
            said = project.run(*scene.words)
        assert said.code == 0, f"{where}\n{said}"
        scene.check(where)
