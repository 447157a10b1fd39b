"""What four agents make of the files that `init` writes, by the rules that each of them documents."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from specify_cli.core.agent_table import AGENTS
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.templates import shipped_commands
from specify_cli.kernel import frontmatter
from tests.support.cli import run_here

COMMANDS = shipped_commands(DEFAULT_TYPE)
NAMES = {f"spec-kitty.{command}" for command in COMMANDS}
WORDS = "a tea timer, please"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of four agents."""
    made = tmp_path / "project"
    made.mkdir()
    run_here("init", "--ai", "claude,codex,gemini,opencode", cwd=made).ok()
    return made


def header_and_body(path: Path) -> tuple[dict[str, object], str]:
    document = frontmatter.parse(path.read_text(encoding="utf-8"), path.name)
    assert document.has_header
    return document.fields, document.body


def of_claude(project: Path) -> dict[str, str]:
    """Claude Code: every Markdown file below .claude/commands, at any depth, is a command named like the file.

    Fields of the header: allowed-tools, argument-hint, description, model, disable-model-invocation. In the body
    $ARGUMENTS and $1 … are replaced, a code span behind an exclamation mark is run, and @path puts a file in.
    """
    found = {}
    for path in (project / ".claude/commands").rglob("*.md"):
        fields, body = header_and_body(path)
        assert set(fields) <= {"allowed-tools", "argument-hint", "description", "model", "disable-model-invocation"}
        assert not re.search(r"!`|(?<!\w)@\S|\$\d", body)
        found[path.stem] = body.replace("$ARGUMENTS", WORDS)
    return found


def of_codex(project: Path) -> dict[str, str]:
    """Codex: a folder with a SKILL.md in .codex/skills of a trusted project, named like the skill.

    Nothing in the body is replaced: the model gets the text and the words that were typed, one after the other.
    """
    found = {}
    for path in (project / ".codex/skills").iterdir():
        fields, body = header_and_body(path / "SKILL.md")
        assert fields["name"] == path.name
        assert isinstance(fields["description"], str)
        assert "$ARGUMENTS" not in body
        found[path.name.replace("spec-kitty-", "spec-kitty.")] = body.replace(AGENTS["codex"].arguments, WORDS)
    return found


def of_gemini(project: Path) -> dict[str, str]:
    """Gemini CLI: every .toml file below .gemini/commands; folders become parts of the name, joined by colons.

    `prompt` is required and a text, `description` optional. {{args}} is replaced, !{…} is run, @{…} puts a file in.
    """
    found = {}
    root = project / ".gemini/commands"
    for path in root.rglob("*.toml"):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        assert set(document) == {"description", "prompt"}
        assert all(isinstance(value, str) and value for value in document.values())
        assert not re.search(r"[!@]\{", document["prompt"])
        name = ":".join(path.relative_to(root).with_suffix("").parts)
        found[name] = document["prompt"].replace("{{args}}", WORDS)
    return found


def of_opencode(project: Path) -> dict[str, str]:
    """Opencode: every Markdown file below .opencode/command or .opencode/commands; the path is the name.

    Fields of the header: description, agent, model, subtask; the body is the template. $ARGUMENTS and $1 … are
    replaced, a code span behind an exclamation mark is run, and @path puts a file in.
    """
    found = {}
    for root in (project / ".opencode/command", project / ".opencode/commands"):
        for path in root.rglob("*.md"):
            fields, body = header_and_body(path)
            assert set(fields) <= {"description", "agent", "model", "subtask"}
            assert not re.search(r"!`|(?<![\w`])@\.?[^\s`,.]|\$\d", body)
            found[path.relative_to(root).with_suffix("").as_posix()] = body.replace("$ARGUMENTS", WORDS)
    return found


@pytest.mark.parametrize("discover", [of_claude, of_codex, of_gemini, of_opencode])
def test_an_agent_finds_every_command_and_puts_the_words_in(
    folder: Path, discover: Callable[[Path], dict[str, str]]
) -> None:
    found = discover(folder)

    assert found.keys() == NAMES
    assert all(f"    {WORDS}\n" in prompt for prompt in found.values())
    assert not [name for name, prompt in found.items() if "ARGUMENTS" in prompt or "{{" in prompt]


def test_every_description_is_one_line_that_a_menu_can_show(folder: Path) -> None:
    for path in (folder / ".claude/commands").iterdir():
        description = header_and_body(path)[0]["description"]
        assert isinstance(description, str)
        assert 0 < len(description) <= 120
        assert "\n" not in description
