"""A merge of many lanes is quick."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.probe import watch
from tests.support.project import Project, Task
from tests.support.stories import Story, story

LANES = 20
SECONDS = 5.0
GIT = 18  # processes for one lane: forecast, commits, evidence, clean-up and what it looks for


def _wide(project: Project) -> Story:
    found = story(project, *(Task(f"WP{number:02d}") for number in range(1, LANES + 1)))
    for number in range(1, LANES + 1):
        found.work(f"WP{number:02d}", {f"src/wp{number:02d}/a.py": f"{number}\n"})
    found.accept().ok()
    return found


def test_twenty_lanes_take_less_than_five_seconds(project: Project, tmp_path: Path) -> None:
    found = _wide(project)
    before = os.times()
    seen = watch("merge", "--mission", found.slug, "--strategy", "merge", "--json", cwd=project.path, scratch=tmp_path)
    after = os.times()
    assert seen.code == 0, seen.said
    # Of the processor, not of the clock: others may be at work.
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < SECONDS
    assert len(seen.git) < LANES * GIT
    assert len([name for name in found.files() if name.startswith("src/")]) == LANES
