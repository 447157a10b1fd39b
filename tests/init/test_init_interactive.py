"""The question for agents on a terminal, and the words that answer it."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.cli.commands.init import choose
from specify_cli.kernel.config import parse_config
from tests.support.cli import SCRIPT
from tests.support.terminal import at_a_terminal


@pytest.mark.parametrize(
    ("answers", "detected", "chosen"),
    [
        ([""], [], ("claude",)),
        ([""], ["opencode", "codex"], ("codex", "opencode")),
        (["2"], [], ("codex",)),
        (["3, 1"], [], ("opencode", "claude")),
        (["codex,1,codex"], [], ("codex", "claude")),
        (["9", "emacs", "Claude"], [], ("claude",)),
    ],
)
def test_numbers_and_names_are_understood(answers: list[str], detected: list[str], chosen: tuple[str, ...]) -> None:
    shown: list[str] = []
    waiting = iter(answers)

    assert choose(detected, lambda _prompt: next(waiting), shown.append) == chosen

    assert any("1  claude" in line for line in shown)
    assert sum("there is no agent" in line for line in shown) == len(answers) - 1


def test_what_is_installed_is_marked_and_the_default() -> None:
    shown: list[str] = []
    prompts: list[str] = []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        return ""

    choose(["codex"], read, shown.append)

    assert [line for line in shown if "found on this machine" in line] == [
        "  2  codex      Codex CLI  (found on this machine)"
    ]
    assert "[codex]" in prompts[0]


@pytest.mark.e2e
def test_a_terminal_is_asked(tmp_path: Path) -> None:
    said = at_a_terminal(SCRIPT, "init", "tea", typed="1,3\n", cwd=tmp_path)

    assert "separated by commas" in said
    assert parse_config((tmp_path / "tea/.kittify/config.yaml").read_text()).agents == ("claude", "opencode")
