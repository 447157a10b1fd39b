"""The table of commands and the commands agree, and every command fails in the form it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.cli.commands import TABLE
from specify_cli.cli.lazy import every_command
from specify_cli.kernel.lazy import load
from tests.e2e import test_hostile_walk as walk
from tests.support.cli import Result, run_here

COMMANDS = {
    name.removeprefix("spec-kitty "): leaf for name, leaf in every_command(TABLE, "spec-kitty", hidden=True).items()
}
GROUPS = sorted({" ".join(name.split()[:length]) for name in COMMANDS for length in range(1, len(name.split()))})

# Only programs call these, and they answer in an envelope of their own: tests/contract/test_orchestrator_api.py.
MACHINE = {name for name in [*COMMANDS, *GROUPS] if name.split()[0] == "orchestrator-api"}
SPOKEN = [name for name in COMMANDS if name not in MACHINE]

# What a command needs on its line before it can fail at its work.
WORDS = {
    "init": ["--ai", "no-such-agent"],
    "implement": ["WP01"],
    "specify": ["tea-timer"],
    "agent mission create": ["tea-timer"],
    "agent action implement": ["WP01", "--agent", "claude"],
    "agent action review": ["WP01", "--agent", "claude"],
    "agent tasks move-task": ["WP01", "--to", "claimed"],
    "agent tasks mark-status": ["T001", "--status", "done"],
    "agent tasks list-dependents": ["WP01"],
    "agent tasks add-history": ["WP01", "--note", "x"],
    "agent tasks map-requirements": ["--wp", "WP01", "--refs", "FR-001"],
    "agent tasks validate-workflow": ["WP01"],
    "agent status emit": ["WP01", "--to", "claimed", "--actor", "claude"],
    "agent config add": ["claude"],
    "agent config remove": ["claude"],
    "agent config set": ["auto_commit", "true"],
    "agent context resolve": ["--action", "implement"],
    "demo": ["--dir", "occupied"],
    "sync queue show": ["01KNRQK1234567890ABCDEFGHJ"],
}

# These answer where nothing is: they say what there is, which is nothing. Everything else refuses.
CONTENT_ANYWHERE = {
    "mission types", "mission list", "context list", "context cleanup", "status", "sync now", "sync status",
    "sync doctor", "sync server", "auth status", "auth logout", "tracker providers", "footprint",
    "uninstall", "config", "migrate", "agent session-start",
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_row_is_the_first_line_of_its_function(name: str) -> None:
    leaf = COMMANDS[name]
    docstring = load(leaf.target).__doc__ or ""
    assert docstring.splitlines()[:1] == [leaf.summary]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_is_one_sentence_that_fits_its_line(name: str) -> None:
    summary = COMMANDS[name].summary
    assert summary.endswith(".")
    assert len(summary) <= 75


@pytest.mark.parametrize("name", [*COMMANDS, *GROUPS, ""])
def test_help_answers_both_readers_and_fits_80_columns(name: str) -> None:
    told = run_here(*name.split(), "--help").ok()
    assert told.out.startswith(f"Usage: spec-kitty {name}".rstrip())
    assert max(map(len, told.out.splitlines())) <= 80
    if name in MACHINE:
        return
    asked = run_here(*name.split(), "--help", "--json").ok().json()
    assert asked["command"] == f"spec-kitty {name}".rstrip()
    assert all(option["help"] for option in asked["options"]), "an option without help"


@pytest.mark.parametrize("name", [*SPOKEN, *(group for group in GROUPS if group not in MACHINE), ""])
def test_a_usage_error_is_one_document(name: str) -> None:
    asked = run_here(*name.split(), "--no-such-option", "--json").failed("USAGE_ERROR", 2)
    assert set(asked.json()) == {"result", "error_code", "error", "hint", "details"}
    assert asked.json()["hint"] == f"spec-kitty {name}".rstrip() + " --help"
    assert asked.err == ""


@pytest.mark.parametrize("name", SPOKEN)
def test_in_an_empty_folder_every_command_answers_with_one_document_and_writes_nothing(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    (folder / "occupied").mkdir(parents=True)
    (folder / "occupied" / "file").write_text("mine", encoding="utf-8")
    asked = run_here(*name.split(), *WORDS.get(name, []), "--json", cwd=folder)
    _one_document(asked)
    if name not in CONTENT_ANYWHERE:
        shape = asked.failed(exit_code=None).json()
        assert asked.code in {1, 2}, str(asked)
        assert shape.get("result") == "error" or "error_code" not in shape
    told = run_here(*name.split(), *WORDS.get(name, []), cwd=folder)
    assert told.code == asked.code
    if "error_code" in asked.json():
        assert told.out == ""
        assert told.err.startswith("Error: ")
    assert sorted(path.name for path in folder.rglob("*")) == ["file", "occupied"]


def _one_document(asked: Result) -> None:
    document = asked.json()
    if document.get("result") == "error":
        assert set(document) == {"result", "error_code", "error", "hint", "details"}, str(asked)
        assert document["error_code"].isupper()
        assert document["error_code"] != "INTERNAL_ERROR", str(asked)
        assert document["hint"], f"no way out is named: {asked}"


def test_every_function_of_a_command_is_in_the_table_once_or_as_another_spelling() -> None:
    shown: dict[str, str] = {}
    for name, leaf in COMMANDS.items():
        if not leaf.hidden:
            assert leaf.target not in shown, f"{name} and {shown[leaf.target]} are both taught"
            shown[leaf.target] = name


def test_who_can_say_who_acts_can_say_in_which_session() -> None:
    """`orchestrator-api` has no sessions: its actor alone holds, so that a resumed client finds its own work."""
    without = []
    for name in SPOKEN:
        options = {
            flag for option in run_here(*name.split(), "--help", "--json").json()["options"] for flag in option["names"]
        }
        if options & {"--agent", "--actor", "--reviewer"} and "--session" not in options:
            without.append(name)
    assert not without


def test_every_command_meets_hostile_files() -> None:
    """A line of `COMMANDS` in tests/e2e/test_hostile_walk.py, or a reason in `ELSEWHERE` there."""
    walked = {name for name in COMMANDS for line in walk.COMMANDS if f"{line} ".startswith(f"{name} ")}
    assert COMMANDS.keys() - walked == walk.ELSEWHERE.keys()
