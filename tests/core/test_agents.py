"""The table of agents, and their command files."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from specify_cli.core.agents import AGENTS, agent_of, command_body, hints, installed, parse_agents, render
from specify_cli.kernel import frontmatter
from specify_cli.kernel.errors import UsageError

TEMPLATE = """---
description: Plan it - well, "soon".
---

# Plan

What the person asked for:

    {{arguments}}

Run `spec-kitty next --agent {{agent}} --mission {{mission}}` and `implement {{wp}}`.
"""


def test_the_table_is_the_documented_one() -> None:
    rows = {key: (row.path("tasks-outline"), row.arguments, row.program) for key, row in AGENTS.items()}

    assert rows == {
        "claude": (".claude/commands/spec-kitty.tasks-outline.md", "$ARGUMENTS", "claude"),
        "codex": (".codex/prompts/spec-kitty.tasks-outline.md", "$ARGUMENTS", "codex"),
        "opencode": (".opencode/command/spec-kitty.tasks-outline.md", "$ARGUMENTS", "opencode"),
    }


def test_every_row_is_sound() -> None:
    for key, row in AGENTS.items():
        path = PurePosixPath(row.path("plan"))
        assert key == row.key == key.lower()
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.parts[0].startswith(".")
        assert row.path("plan") != row.path("tasks")
        assert row.arguments


def test_no_two_agents_share_a_file() -> None:
    paths = [row.path("plan") for row in AGENTS.values()]

    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("key", list(AGENTS))
def test_a_command_file_knows_its_agent(key: str) -> None:
    text = render(AGENTS[key], TEMPLATE, "plan.md")

    document = frontmatter.parse(text, "plan.md")
    assert document.fields == {"description": 'Plan it - well, "soon".'}
    assert f"    {AGENTS[key].arguments}\n" in document.body
    assert f"--agent {key} --mission <mission>" in document.body
    assert "implement <WP>" in document.body
    assert "{{" not in text


def test_a_handed_out_prompt_knows_all_names() -> None:
    body = command_body(TEMPLATE, "plan.md", agent="codex", mission="001-tea", wp="WP02")

    assert body.startswith("# Plan\n\nRun `spec-kitty next --agent codex --mission 001-tea` and `implement WP02`.")
    assert "asked for" not in body
    assert "$ARGUMENTS" not in body


def test_a_template_without_a_request_stays_whole() -> None:
    assert command_body("# A\n\nb {{agent}}\n", "a.md", agent="x", mission="m") == "# A\n\nb x\n"


def test_lists_of_agents_are_read() -> None:
    assert parse_agents("codex, claude,codex") == ("codex", "claude")
    assert parse_agents(" Claude opencode ") == ("claude", "opencode")
    assert parse_agents("") == ()


def test_an_unknown_agent_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="claude, codex, opencode") as caught:
        parse_agents("claude,vim")

    assert caught.value.code == "UNKNOWN_AGENT"
    assert caught.value.exit_code == 2
    assert agent_of("codex").name == "Codex CLI"


def test_installed_agents_are_those_with_a_program_on_path() -> None:
    assert installed(lambda program: f"/bin/{program}" if program in {"codex", "claude"} else None) == (
        "claude",
        "codex",
    )
    assert installed(lambda _program: None) == ()


def test_hints_name_the_project() -> None:
    assert hints(["claude", "opencode", "gone"], "/x") == []
    assert "CODEX_HOME=/x/.codex" in hints(["codex"], "/x")[0]
