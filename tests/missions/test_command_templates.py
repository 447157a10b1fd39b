"""The prompts that are shipped: short, sound, and naming only what exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from specify_cli.cli.commands import TABLE, Branch, Leaf
from specify_cli.cli.lazy import command_of, describe
from specify_cli.core.agent_table import AGENTS
from specify_cli.core.agents import render
from specify_cli.core.command_text import command_body, slash_command
from specify_cli.core.project_resolver import COMMON, PACKAGE
from specify_cli.core.templates import TOKENS, shipped_commands
from specify_cli.kernel import frontmatter
from tests.support.command_files import parsed

TEMPLATES = sorted(PACKAGE.glob("*/command-templates/*.md"))
# The charter's is filled in by an interview, not by who reads it.
DOCUMENTS = sorted(path for path in PACKAGE.glob("*/templates/**/*.md") if path.stem != "charter")
EXPECTED = {
    "accept",
    "analyze",
    "charter",
    "checklist",
    "clarify",
    "implement",
    "merge",
    "next",
    "plan",
    "research",
    "review",
    "specify",
    "status",
    "tasks",
    "tasks-finalize",
    "tasks-outline",
    "tasks-packages",
}
REMOVED = ("--feature", "--no-git", "create-feature", "feature-state", "accept-feature", "merge-feature")
# What an agent fills in itself: it knows each of these when it comes to the command.
PLACEHOLDERS = {
    *("slug", "type", "size", "key", "WP", "id", "ids", "answer", "branch", "file", "subtasks", "message"),
    *("mission", "title", "subject", "test command", "a name of its own", "what the person asked for, word for word"),
}
# What it says in its own words.
_IN_WORDS = re.compile(r"(?:--note|--answer|--commit) \"$")
_MACHINE_PATH = re.compile(r"(?<![\w.`])/(?:home|Users|tmp|private|root)/|[A-Z]:\\\\")
_LINE = re.compile(r"^ {4,}(spec-kitty .*)$|`(spec-kitty [^`]*)`", re.MULTILINE)


def commands_in(text: str) -> Iterator[list[str]]:
    """Every command line of ours that a text shows, as words behind `spec-kitty`."""
    for match in _LINE.finditer(text):
        line = re.sub(r"<([^<>]*)>", lambda found: found[1].replace(" ", "-").replace("'", ""), match[1] or match[2])
        # What a command is given on its standard input is none of its words.
        words = shlex.split(line.partition(" <<")[0].replace("…", " "))[1:]
        if words != ["--help"]:
            yield words


def sentences(text: str) -> set[str]:
    """Sentences and commands of a text, however its lines are broken; short ones say too little to be repeated."""
    told = re.split(r"(?<=[.:;?!])\s+", " ".join(text.split()))
    return {each for each in told if len(each.split()) > 4}


def leaf_of(words: list[str]) -> tuple[Leaf, str, list[str]]:
    """The row of the command table that some words call, its full name, and the words behind it."""
    table = TABLE
    for number, word in enumerate(words):
        entry = table.get(word)
        assert entry is not None, f"no command {' '.join(words[: number + 1])}"
        if isinstance(entry, Leaf):
            return entry, " ".join(words[: number + 1]), words[number + 1 :]
        assert isinstance(entry, Branch)
        table = dict(entry.table)
    raise AssertionError(f"{' '.join(words)} is a group")


def shown_commands() -> dict[str, list[list[str]]]:
    """Full name of each command -> the words behind it, each time it is shown."""
    found: dict[str, list[list[str]]] = {}
    for path in TEMPLATES:
        for words in commands_in(path.read_text(encoding="utf-8")):
            _, name, rest = leaf_of(words)
            found.setdefault(name, []).append(rest)
    return found


def test_all_commands_are_shipped() -> None:
    assert {path.stem for path in TEMPLATES if path.parent.parent.name == COMMON} == EXPECTED
    assert set(shipped_commands("software-dev")) == EXPECTED


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_short_and_has_a_description(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = frontmatter.parse(text, path.name)

    assert set(document.fields) == {"description", "argument-hint"}
    assert re.fullmatch(r"\[.{5,40}\]", str(document.fields["argument-hint"]))
    assert 20 < len(str(document.fields["description"])) < 120
    assert text.count("\n") < 120
    assert all(len(line) <= 120 or "spec-kitty" in line for line in text.splitlines())
    assert text.endswith("\n")
    assert "\t" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_inputs_steps_result_and_help(path: Path) -> None:
    body = frontmatter.parse(path.read_text(encoding="utf-8"), path.name).body

    headings = re.findall(r"^## (.*)$", body, re.MULTILINE)
    assert headings == ["Inputs", "Steps", "A good result", "When stuck"]
    assert "\n    {{arguments}}\n" in body
    assert "Your result is" in body
    assert set(re.findall(r"{{(\w+)}}", body)) <= set(TOKENS)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_asks_for_nothing_that_an_agent_cannot_know(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    for match in re.finditer(r"<(?!!--)([^<>\n]+)>", text):
        assert match[1] in PLACEHOLDERS or _IN_WORDS.search(text[: match.start()]), match[0]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_teaches_the_loop_and_not_what_was_removed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"spec-kitty\s+implement\b", text)
    assert not any(re.search(rf"{name}\b", text) for name in REMOVED)
    assert not _MACHINE_PATH.search(text)
    for words in commands_in(text):
        if words[0] == "next" and len(words) > 1:
            assert "--mission" in words
            assert words.count("--agent") == 1 or path.stem in {"status", "clarify"}


@pytest.mark.parametrize("path", [*TEMPLATES, *DOCUMENTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_only_commands_of_the_table_are_named(path: Path) -> None:
    for words in commands_in(path.read_text(encoding="utf-8")):
        entry, name, _ = leaf_of(words)
        assert not entry.hidden, f"{path.name} teaches the spelling {name}, which is not advertised"


def test_the_loop_and_both_verbs_are_taught() -> None:
    shown = shown_commands()

    assert {"next", "agent action implement", "agent action review", "accept", "merge", "status"} <= shown.keys()


@pytest.mark.parametrize("name", sorted(shown_commands()))
def test_only_options_that_exist_are_used(name: str) -> None:
    entry, _, _ = leaf_of(name.split())
    command = command_of(name.rpartition(" ")[2], entry)
    known = describe(typer.Context(command, info_name=name))
    options = known["options"]
    arguments = known["arguments"]
    assert isinstance(options, list)
    assert isinstance(arguments, list)
    by_name = {one: option for option in options for one in option["names"]}

    for words in shown_commands()[name]:
        rest = list(words)
        values = 0
        while rest:
            word = rest.pop(0)
            if not word.startswith("--"):
                values += 1
                continue
            assert word in by_name, f"{name} has no option {word}"
            if by_name[word]["metavar"] is not None:
                assert rest, f"{name} {word} wants a value"
                rest.pop(0)
        assert values <= len(arguments) or any(one["repeatable"] for one in arguments), f"{name} {' '.join(words)}"


@pytest.mark.parametrize("key", sorted(AGENTS))
def test_every_agent_gets_sound_files(key: str) -> None:
    for path in TEMPLATES:
        fields, body = parsed(AGENTS[key], render(AGENTS[key], path.read_text(encoding="utf-8"), path.name))

        assert fields["description"]
        assert f"    {AGENTS[key].arguments}\n" in body
        rest = body.replace(AGENTS[key].arguments, "")
        assert "{{" not in rest
        assert "}}" not in rest


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_handed_out_prompt_has_no_gaps(path: Path) -> None:
    body = command_body(path.read_text(encoding="utf-8"), path.name, agent="ada", mission="001-tea", wp="WP01")

    assert "{{" not in body
    assert "<mission>" not in body
    assert body.startswith(("# ", "## Inputs\n"))
    assert "\n\n\n" not in body


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_command_that_takes_a_step_leaves_the_rest_to_its_prompt(path: Path) -> None:
    body = frontmatter.parse(path.read_text(encoding="utf-8"), path.name).body
    command = slash_command(body)
    prompt = command_body(path.read_text(encoding="utf-8"), path.name, agent="ada", mission="001-tea")
    if command.strip() == body.strip():
        assert "Take the step." not in body or path.stem in {"tasks", "next"}
        return
    assert "spec-kitty next --agent {{agent}} --mission {{mission}} --json" in command
    assert not sentences(command) & sentences(prompt)
    assert "Take the step" not in prompt
    assert "--result success" not in prompt, "the prompt ends with the report anyway"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_scaffold_marks_what_is_to_be_filled(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "[FILL: " in text or "- [ ] " in text
    assert not any(re.search(rf"{name}\b", text) for name in REMOVED)
    assert not _MACHINE_PATH.search(text)
    assert text.count("[") - text.count("- [ ]") == text.count("]") - text.count("- [ ]")
    assert set(re.findall(r"{{(\w+)}}", text)) <= {"title"}
