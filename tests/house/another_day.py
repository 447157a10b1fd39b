"""Run by `test_today.py` on a day of its own: everything that tells the time tells the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from specify_cli.kernel import clock
from specify_cli.kernel.git import Git
from tests.support.project import Project

MOMENT, ZONE = os.environ["EXPECTED_MOMENT"], os.environ["EXPECTED_ZONE"]
BEGINS = datetime.fromisoformat(MOMENT).replace(tzinfo=ZoneInfo(ZONE))
_SHOW = "from specify_cli.kernel import clock; print(clock.stamp(), clock.now().astimezone().utcoffset())"


def _is_now(moment: datetime) -> bool:
    return timedelta(0) <= moment - BEGINS.astimezone(UTC) < timedelta(minutes=2)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_at_the_same_moment(turn: int) -> None:
    assert _is_now(clock.now()), turn
    clock.sleep(0.1)


@pytest.fixture(scope="module")
def scene() -> datetime:
    """When something was made that several tests share."""
    return clock.now()


def test_a_scene_that_tests_share_is_older_than_they_are(scene: datetime) -> None:
    assert timedelta(0) < BEGINS - scene < timedelta(minutes=5)
    assert _is_now(clock.now())


def test_a_command_knows_the_day_and_the_zone() -> None:
    said = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, check=True).stdout.split(
        " ", 1
    )
    assert _is_now(clock.parse(said[0]))
    assert said[1].strip() == str(clock.now().astimezone().utcoffset()) == str(BEGINS.utcoffset())
    assert time.tzname[0] in {BEGINS.tzname(), ZONE}


def test_git_commits_on_the_day(project: Project) -> None:
    project.git("commit", "-q", "--allow-empty", "-m", "yesterday")
    assert clock.parse(project.git("log", "-1", "--format=%cI")) < BEGINS - timedelta(hours=23)
    project.run_installed("agent", "mission", "create", "tea", "--json").ok()
    assert _is_now(datetime.fromtimestamp(Git(project.path).last_commit_time(), UTC))
    assert project.git("log", "-1", "--format=%cI").endswith(f"{BEGINS:%z}"[:3] + ":" + f"{BEGINS:%z}"[3:])


def test_a_file_was_written_on_the_day(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x", encoding="utf-8")
    assert _is_now(datetime.fromtimestamp(clock.file_time(path.stat().st_mtime) + 1, UTC))
