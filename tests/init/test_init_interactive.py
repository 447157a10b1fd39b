"""The question for agents on a terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from specify_cli.kernel.config import parse_config
from tests.support.cli import SCRIPT
from tests.support.terminal import at_a_terminal


def asked(folder: Path, typed: str, *programs: str) -> tuple[str, tuple[str, ...]]:
    """What `init` showed at a terminal, and the agents it configured.

    Args:
        programs: of agents that this machine has.
    """
    found = folder / "bin"
    found.mkdir()
    for name in programs:
        (found / name).symlink_to("/bin/true")
    said = at_a_terminal(SCRIPT, "init", "tea", typed=typed, cwd=folder, env={"PATH": f"{found}{os.pathsep}/nowhere"})
    return said, parse_config((folder / "tea/.kittify/config.yaml").read_text()).agents


@pytest.mark.e2e
def test_a_terminal_is_asked_and_fits_80_columns(tmp_path: Path) -> None:
    said, agents = asked(tmp_path, "1,gemini\ny\n\n\ny\n")

    assert "Which coding agents do you work with?" in said
    assert "[x] claude" in said, "without any program found, the first is marked"
    assert agents == ("claude", "gemini")
    asking = said[said.index("Which") :].partition("Your choice")[0].splitlines()  # behind the echo of what is typed
    assert max(map(len, asking)) < 80
    assert len(asking) < 23, "the question fits on a screen"
    assert max(map(len, re.split(r"\n|(?<=N\]): ", said.partition("Your choice: ")[2].partition("Set up")[0]))) < 80
    assert "Change AGENTS.md and CLAUDE.md? [y/N]" in said
    assert "Change .claude/settings.json? [y/N]" in said
    assert "spec-kitty:begin" in (tmp_path / "tea/AGENTS.md").read_text()
    assert (tmp_path / "tea/.gemini/settings.json").exists()
    assert not (tmp_path / "tea/.claude/settings.json").exists(), "Enter means no"


@pytest.mark.e2e
def test_programs_that_are_found_are_marked_and_taken_by_enter(tmp_path: Path) -> None:
    said, agents = asked(tmp_path, "\n\n\n", "codex", "opencode", "letta")

    assert "[x] codex" in said
    assert "[ ] claude" in said
    assert "[ ] letta" in said, "what many agents share is installed only for who names one"
    assert agents == ("codex", "opencode")
    assert not (tmp_path / "tea/AGENTS.md").exists()
