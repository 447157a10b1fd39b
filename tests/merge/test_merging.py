"""A mission goes into its target: the straight ways."""

from __future__ import annotations

import json

import pytest

from specify_cli.status.models import Lane
from tests.support.project import Project
from tests.support.stories import ready


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_every_strategy_brings_all_work_and_cleans_up(project: Project, strategy: str) -> None:
    story = ready(project)
    before = story.git.head("main")

    done = story.merge("--strategy", strategy).ok().json()

    files = story.files()
    assert files["src/one/a.py"] == "one = 1"
    assert files["src/two/a.py"] == "two = 2"
    assert files["src/three/a.py"] == "three = 3"
    assert files["src/five/a.py"] == "five = 5"
    assert files["guide.md"] == "# Guide"
    assert {story.mission.lane(wp_id) for wp_id in ("WP01", "WP02", "WP03", "WP04", "WP05")} == {Lane.DONE}
    assert story.git.status() == ""
    assert story.git.head("HEAD") == story.git.head("main") == done["commit"]
    assert not [name for name in story.refs() if name.startswith("refs/heads/kitty/")]
    assert not [entry for entry in (project.path / ".worktrees").iterdir() if entry.is_dir()]
    assert not [name for name in story.refs() if name.startswith("refs/spec-kitty/merging/")]
    assert (project.path / "src/one/a.py").read_text() == "one = 1\n"
    count = len(story.git("rev-list", "--first-parent", f"{before}..main").split())
    assert count == {"merge": 2, "squash": 2, "rebase": 5}[strategy]
    receipt = json.loads((story.mission.folder / "merge-receipt.json").read_text())
    assert receipt["strategy"] == strategy
    assert done["merged_wps"] == ["WP01", "WP02", "WP03", "WP04", "WP05"]
    meta = json.loads((story.mission.folder / "meta.json").read_text())
    assert meta["merged_commit"] == done["merged_commit"]
    assert story.mission.status.unpublished == 0
