"""The demo through the installed script, and then a second mission in the repository it left."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from specify_cli.demo.story import AGENTS, LANES_AT_ONCE, ORDERED, PACKAGES
from tests.support.cli import run_script
from tests.support.git import Repo
from tests.support.journey import Journey, outside
from tests.support.project import Task

pytestmark = pytest.mark.e2e

MEMORY = '''"""The last result."""


class Memory:
    """Remembers one value."""

    value = 0
'''
TEST_MEMORY = """import unittest

from calculator.memory import Memory


class MemoryTest(unittest.TestCase):
    def test_it_begins_with_nothing(self):
        self.assertEqual(Memory.value, 0)
"""


def lanes_at_once(packages: list[dict[str, Any]]) -> int:
    """Counted here anew, from start and end of each implementation in the answer."""
    spans = [
        (datetime.fromisoformat(span["started_at"]), datetime.fromisoformat(span["ended_at"]), str(package["lane_id"]))
        for package in packages
        for span in package["spans"]
        if span["action"] == "implement"
    ]
    return max(len({lane for start, end, lane in spans if start <= moment < end}) for moment, _, _ in spans)


def python(cwd: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_the_demo_and_a_second_mission(tmp_path: Path) -> None:
    somewhere = tmp_path / "somewhere"
    somewhere.mkdir()
    home = outside(tmp_path / "home")
    told = run_script("demo", "--dir", str(tmp_path / "a demo"), "--json", cwd=somewhere, timeout=300).ok()
    answer = told.json()
    assert outside(somewhere) == []
    assert outside(tmp_path / "home") == home

    # What it promises, looked at from outside.
    packages = {one["id"]: one for one in answer["work_packages"]}
    assert list(packages) == [package.id for package in PACKAGES]
    assert lanes_at_once(answer["work_packages"]) >= LANES_AT_ONCE
    assert answer["lanes_at_once"]["count"] >= LANES_AT_ONCE
    first, second = ORDERED
    assert packages[first]["ended_at"] < packages[second]["started_at"]
    assert [(edge["before"], edge["after"]) for edge in answer["ordering_edges"]] == [ORDERED]
    assert packages["WP07"]["lane_id"] == "lane-planning"
    assert {span["agent"] for one in answer["work_packages"] for span in one["spans"]} == set(AGENTS)
    assert [span["action"] for span in packages["WP01"]["spans"]] == ["implement", "review", "implement", "review"]
    assert all(check["passed"] for check in answer["checks"])
    assert answer["acceptance"]["tests"][0]["exit_code"] == 0

    # What it left: the program on main, every review by somebody else, the feedback in the second prompt.
    project = Path(answer["project"])
    git = Repo(project)
    assert git.status() == ""
    assert git("branch", "--format=%(refname:short)") == "main"
    assert python(project, "-m", "calculator", "(0.1 + 0.2) * 10") == (0, "3")
    for one in answer["work_packages"]:
        made = {span["agent"] for span in one["spans"][-2:] if span["action"] == "implement"}
        judged = {span["agent"] for span in one["spans"][-2:] if span["action"] == "review"}
        assert made.isdisjoint(judged), one
    folder = project / "kitty-specs" / answer["mission_slug"]
    kept = (folder / "tasks" / "WP01-operations" / "review-cycle-1.md").read_text(encoding="utf-8")
    prompts = sorted((project / ".kittify" / "runtime" / "prompts").rglob("WP01-implement-*.md"))
    assert len(prompts) == 2
    assert answer["feedback"] in kept
    assert [answer["feedback"] in prompt.read_text(encoding="utf-8") for prompt in prompts].count(True) == 1

    # A second mission in the same repository.
    journey = Journey(project, project).create("memory")
    assert journey.slug == "002-memory"
    owned = ("calculator/memory.py", "tests/test_memory.py")
    files = {"WP01": {"calculator/memory.py": MEMORY, "tests/test_memory.py": TEST_MEMORY}}
    journey.to_the_end([Task("WP01", owns=owned)], files)
    assert python(project, "-m", "unittest")[0] == 0
    missions = run_script("mission", "list", "--json", cwd=project).ok().json()["missions"]
    assert [mission["mission_slug"] for mission in missions] == ["001-calculator", "002-memory"]


def test_people_get_the_story_in_plain_lines(tmp_path: Path) -> None:
    """Refused here, because the whole of it takes its time: what is shown is in tests/demo."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    told = run_script("demo", "--dir", str(tmp_path)).failed(exit_code=1)
    assert told.out == ""
    assert told.err.startswith(f"Error: {tmp_path} holds something already")
    assert "Fix: spec-kitty demo --dir" in told.err
