"""The table of agents, and their command files."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.docs import TRIED
from specify_cli.core.agent_table import AGENTS, FROM_DOCUMENTATION, SHARED_SKILLS, Format
from specify_cli.core.agents import agent_of, hints, installed, laid_out, parse_agents, render
from specify_cli.core.command_text import command_body
from specify_cli.core.unasked import bash_rules
from specify_cli.kernel.errors import UsageError
from tests.support.command_files import GOLDEN, TEMPLATE, golden, parsed
from tests.support.process import modules_after

BESIDE = "(the words the person wrote beside the name of this skill)"
# The agents of the version 3.1.1 of the specification, and where they read their commands today.
OF_3_1_1 = {
    "claude": (".claude/commands/spec-kitty.specify.md", "$ARGUMENTS"),
    "copilot": (".github/skills/spec-kitty-specify/SKILL.md", BESIDE),
    "gemini": (".gemini/commands/spec-kitty.specify.toml", "{{args}}"),
    "cursor": (".cursor/skills/spec-kitty-specify/SKILL.md", BESIDE),
    "qwen": (".qwen/commands/spec-kitty.specify.md", "{{args}}"),
    "opencode": (".opencode/commands/spec-kitty.specify.md", "$ARGUMENTS"),
    "windsurf": (".devin/workflows/spec-kitty.specify.md", "$ARGUMENTS"),
    "codex": (".codex/skills/spec-kitty-specify/SKILL.md", BESIDE),
    "kilocode": (".kilo/commands/spec-kitty.specify.md", "$ARGUMENTS"),
    "auggie": (".augment/commands/spec-kitty.specify.md", "$ARGUMENTS"),
    "roo": (".roo/commands/spec-kitty.specify.md", "$ARGUMENTS"),
    "q": (".amazonq/prompts/spec-kitty.specify.md", "$ARGUMENTS"),
    "antigravity": (".agents/skills/spec-kitty-specify/SKILL.md", BESIDE),
}
NEW_IN_3_2_7 = {"kiro", "vibe", "pi", "letta"}
WITH_A_PROGRAM = {"claude", "gemini", "qwen", "opencode", "codex", "auggie", "q", "copilot", "kilocode", "cline"}
EDITORS = {"cursor", "windsurf", "antigravity"}
SHARED = {"letta", "zed", "antigravity", "goose", "agents"}
# What the Agent Skills format allows as the name of a skill, which is also the name of its folder.
SKILL_NAME = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")


def test_the_table_has_the_agents_that_were_promised_and_ten_more() -> None:
    rows = {key: (AGENTS[key].path("specify"), AGENTS[key].arguments) for key in OF_3_1_1}

    assert rows == OF_3_1_1
    assert AGENTS.keys() >= NEW_IN_3_2_7
    assert len(AGENTS.keys() - OF_3_1_1.keys() - NEW_IN_3_2_7) >= 10
    assert all(AGENTS[key].program for key in WITH_A_PROGRAM)
    assert not any(AGENTS[key].program for key in EDITORS)


@pytest.mark.parametrize("key", list(AGENTS))
def test_a_row_is_sound_and_stays_in_the_project(key: str) -> None:
    agent = AGENTS[key]
    for row in (agent, agent.as_skills()):
        path = PurePosixPath(row.path("plan"))
        assert key == row.key == key.lower()
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.parts[0].startswith(".")
        assert "spec-kitty" in str(path), "a command file can be told from those of others"
        assert row.path("plan") != row.path("tasks")
        assert row.arguments
        assert row.call.format(command="plan") != row.call
    assert agent.as_skills().as_skills() == agent.as_skills()
    assert (agent.as_skills() != agent) is (agent.skills is not None)


def test_no_two_agents_share_a_file_but_those_of_the_shared_skills() -> None:
    paths = [row.path("plan") for row in AGENTS.values() if not row.is_shared]

    assert len(paths) == len(set(paths))
    assert not [path for path in paths if path.startswith(f"{SHARED_SKILLS}/")]
    assert {key for key, row in AGENTS.items() if row.is_shared} == SHARED


@pytest.mark.parametrize("key", list(AGENTS))
def test_the_golden_copy_is_what_is_written(key: str) -> None:
    assert (GOLDEN / f"{key}.txt").read_text(encoding="utf-8") == golden(AGENTS[key]), (
        "python -m tests.support.command_files"
    )


def test_there_is_no_golden_copy_of_an_agent_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(AGENTS)


@pytest.mark.parametrize("key", list(AGENTS))
def test_a_command_file_is_read_by_a_parser_of_its_format(key: str) -> None:
    for agent in (AGENTS[key], AGENTS[key].as_skills()):
        fields, body = parsed(agent, render(agent, TEMPLATE, "plan-more.md"))

        assert fields.pop("description") == 'Plan it - well, "soon".'
        if agent.format is Format.SKILL or agent.permits:
            assert fields.pop("argument-hint") == "[what to plan]"
            assert fields.pop("allowed-tools") == ", ".join(bash_rules("" if agent.is_shared else key))
        if agent.format is Format.SKILL:
            name = str(fields.pop("name"))
            assert SKILL_NAME.fullmatch(name)
            assert PurePosixPath(agent.path("plan-more")).parts[-2:] == (name, "SKILL.md")
        assert fields == {}
        assert f"    {agent.arguments}\n" in body
        assert f"--agent {'<you>' if agent.is_shared else key} --mission <mission>" in body
        assert "`a\\b` and <WP>" in body
        assert "{{" not in body.replace("{{args}}", "")


def test_the_files_that_agents_share_name_none_of_them() -> None:
    rows = [row for row in (row.as_skills() for row in AGENTS.values()) if row.is_shared]
    shared = {render(row, TEMPLATE, "plan.md") for row in rows}

    assert len(shared) == 1
    assert "`spec-kitty agent config list` shows" in shared.pop()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: "{{" not in text))
def test_any_text_survives_toml(text: str) -> None:
    rendered = render(AGENTS["gemini"], f"---\ndescription: x\n---\n{text}", "plan.md")

    assert tomllib.loads(rendered)["prompt"] == text


@pytest.mark.parametrize("body", ['"""', 'a"', '""""', "\\", '\\"""', "\x00\x7f", "'''", "\n\nx"])
def test_what_toml_would_stumble_over_survives(body: str) -> None:
    rendered = render(AGENTS["gemini"], f'---\ndescription: "a \\"b\\" \\\\ c"\n---\n{body}', "plan.md")

    assert tomllib.loads(rendered) == {"description": 'a "b" \\ c', "prompt": body}


def test_a_handed_out_prompt_knows_all_names() -> None:
    body = command_body(TEMPLATE, "plan.md", agent="codex", mission="001-tea", wp="WP02")

    assert body.startswith("# Plan\n\nRun `spec-kitty next --agent codex --mission 001-tea`")
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


def test_a_layout_is_chosen_and_unknown_agents_are_left_out() -> None:
    agents = laid_out(["claude", "gone", "gemini", "tabnine"], ["gemini", "tabnine"])

    assert [each.folder for each in agents] == [".claude/commands", ".gemini/skills", ".tabnine/agent/commands"]


def test_hints_belong_to_the_agents_that_have_one() -> None:
    assert hints(laid_out(["claude", "opencode"])) == []
    assert "that you trust" in hints(laid_out(["codex"]))[0]


def test_only_a_person_starts_what_ends_a_mission() -> None:
    for name in ("accept", "merge", "next"):
        fields, _ = parsed(AGENTS["codex"], render(AGENTS["codex"], TEMPLATE, f"{name}.md"))
        assert fields.get("disable-model-invocation", False) is (name != "next")


def test_a_row_says_what_was_seen_to_read_it() -> None:
    for row in AGENTS.values():
        assert row.verified == FROM_DOCUMENTATION or re.fullmatch(r"\d+(\.\d+)+, 20\d\d-\d\d-\d\d", row.verified)
        assert not set(row.former) & {row.path("{command}"), row.as_skills().path("{command}")}


def test_the_versions_of_the_table_are_those_that_were_run() -> None:
    """`tests/agents` runs the programs; what their rows say is what it wrote down."""
    tried = json.loads(TRIED.read_text(encoding="utf-8"))
    assert {
        key: row.verified.partition(",")[0] for key, row in AGENTS.items() if row.verified != FROM_DOCUMENTATION
    } == {key: row["version"] for key, row in tried.items() if row["default"]}


def test_the_loop_does_not_load_the_table() -> None:
    loaded = modules_after("import specify_cli.next.prompt_builder")

    assert "specify_cli.core.command_text" in loaded
    assert "specify_cli.core.agent_table" not in loaded


@pytest.mark.parametrize("key", list(AGENTS))
def test_a_command_that_names_another_one_says_what_this_agent_has_typed(key: str) -> None:
    for agent in {AGENTS[key], AGENTS[key].as_skills()}:
        text = render(
            agent, "---\ndescription: x\n---\nUse `/spec-kitty.accept`; see .codex/spec-kitty.rules.\n", "a.md"
        )
        said = text.partition("Use `")[2].partition("`")[0]
        assert said in {agent.typed("accept"), "spec-kitty-accept"}
        assert said in agent.typed("accept")
        assert ".codex/spec-kitty.rules" in text
