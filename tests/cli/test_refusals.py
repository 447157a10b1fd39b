"""A command that is refused for several reasons names each on a line of its own, with the command that mends it."""

from __future__ import annotations

import re

import pytest

from specify_cli.cli.text import width
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

MOVE = ("agent", "tasks", "move-task", "WP01", "--to")


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01, with two subtasks, is in progress with claude; WP02 builds on it."""
    mission = finalized_mission(project, Task("WP01", subtasks=("T001", "T002")), Task("WP02", needs=("WP01",)))
    mission.claim("WP01", actor="claude", session="s1")
    return mission


@pytest.mark.parametrize(
    "words",
    [
        (*MOVE, "for_review", "--agent", "claude", "--force"),
        (*MOVE, "for_review", "--agent", "claude"),
        ("agent", "action", "implement", "WP02", "--agent", "codex"),
        ("agent", "status", "emit", "WP01", "--to", "for_review", "--actor", "claude"),
        ("accept",),
        ("merge",),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_each_reason_has_its_line_and_its_command(
    mission: Mission, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEC_KITTY_SESSION", "s1")
    at = (*words, "--mission", mission.slug)
    told = mission.project.run(*at, "--json").failed(exit_code=1).json()
    unmet = told["details"]["unmet"]
    shown = mission.project.run(*at)
    text = shown.out + shown.err
    if len(unmet) == 1:
        assert text.splitlines() == [f"Error: {told['error']}", f"Fix: {told['hint']}"]
        return
    found = re.findall(r"^  (\w+) .*?^ +fix: (.*?)$", text, re.MULTILINE | re.DOTALL)
    assert found == [(each["code"], each["fix"]) for each in unmet]
    assert f"{len(unmet)} conditions unmet" in text.splitlines()[0]
    copied = [line for line in text.splitlines() if "fix: " in line or len(line.split()) == 1]
    assert [line for line in text.splitlines() if width(line) > 80 and line not in copied] == []
    assert words == ("accept",) or all(each["what"] in told["error"] for each in unmet)
