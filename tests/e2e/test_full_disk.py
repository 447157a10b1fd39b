"""A disk that is full: what was recorded stays and is told, and the same command succeeds once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import run_script
from tests.support.git import Repo
from tests.support.project import Project, Task, make_project
from tests.support.soak import FULL
from tests.support.stories import story

pytestmark = pytest.mark.e2e
ROOMS = (0, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64) if FULL else (0, 4, 12, 20, 40)  # KiB


class Disk:
    """A file system of a few megabytes."""

    def __init__(self, path: Path) -> None:
        self.path, self._ballast = path, path / "ballast"

    def leave(self, room: int) -> None:
        """Fill it but for so many KiB."""
        self.clear()
        seen = os.statvfs(self.path)
        with self._ballast.open("wb") as sink:
            sink.write(b"\0" * (seen.f_bavail * seen.f_frsize - room * 1024))

    def clear(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(path)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("only root may mount a small file system, and not in every container")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def pressed(disk: Disk, project: Project, line: str, session: str) -> None:
    """Run a command with ever more room until it succeeds, then once more with all of it."""
    env = {"SPEC_KITTY_SESSION": session}
    for room in ROOMS:
        disk.leave(room)
        done = run_script(*line.split(), "--json", cwd=project.path, env=env)
        disk.clear()
        if done.code == 0:
            break
        error = done.failed(exit_code=1).json()
        assert error["error_code"] == "DISK_FULL", str(done)
        assert str(error["hint"]).startswith("df -h "), str(done)
        told = [f"kept: {word}" if word else "no event was recorded" for word in error["details"]["recorded"] or [""]]
        assert told[0] in error["error"]
    run_script(*line.split(), "--json", cwd=project.path, env=env).ok()


def test_a_mission_on_a_full_disk(disk: Disk) -> None:
    project = make_project(disk.path / "project")
    found = story(project, Task("WP01"))
    words = f"--mission {found.slug}"
    pressed(disk, project, f"agent action implement WP01 --agent claude {words}", "a")
    lane = Repo(found.worktree("WP01").path)
    lane.write("src/wp01/a.py", "x = 1\n")
    lane.commit("work")
    pressed(disk, project, f"next --agent claude --result success --no-next {words}", "a")
    assert project.lane_of(found.slug, "WP01") == "for_review"
    pressed(disk, project, f"agent action review WP01 --agent codex {words}", "b")
    pressed(disk, project, f"agent tasks move-task WP01 --to approved --agent codex {words}", "b")
    pressed(disk, project, f"accept {words}", "c")
    pressed(disk, project, f"merge {words}", "c")
    assert project.lane_of(found.slug, "WP01") == "done"
    assert (project.path / "src/wp01/a.py").exists()
    assert project.git.status() == ""
    log = [event.to_lane.value for event in found.mission.status.events if not event.is_bootstrap]
    assert log == ["claimed", "in_progress", "for_review", "in_review", "approved", "done"]


def test_a_mission_that_a_full_disk_refused_is_created_once(disk: Disk) -> None:
    project = make_project(disk.path / "project")
    for room in ROOMS:
        disk.leave(room)
        done = run_script("agent", "mission", "create", "tea-timer", "--json", cwd=project.path)
        disk.clear()
        if done.code == 0:
            break
        done.failed("DISK_FULL", 1)
        assert not list((project.path / "kitty-specs").glob("001-*")), "nothing is left of it"
        assert project.git.status() == ""
    else:
        done = run_script("agent", "mission", "create", "tea-timer", "--json", cwd=project.path).ok()
    slug = done.json()["mission_slug"]
    assert [each["code"] for each in done.json()["warnings"]] in ([], ["COMMIT_FAILED"])
    project.run("materialize", "--mission", slug, "--json").ok()
    assert [path.name for path in (project.path / "kitty-specs").glob("0*")] == [slug] == ["001-tea-timer"]
    assert project.git.status() == ""
