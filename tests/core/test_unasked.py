"""The table of what an agent may run unasked names real commands, and none that runs what somebody else chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import typer

from specify_cli.cli.commands import TABLE, Branch, Entry, Leaf
from specify_cli.cli.lazy import command_of, describe
from specify_cli.core.unasked import UNASKED, Unasked, unasked_for

NEVER = (
    "hooks trust", "merge", "agent mission merge", "upgrade", "init", "config", "agent config set", "agent config add",
    "agent config remove", "agent config sync", "sync", "auth", "tracker", "demo", "uninstall", "migrate",
)  # fmt: skip


@pytest.mark.parametrize("row", UNASKED, ids=lambda row: row.prefix)
def test_a_row_names_commands_that_there_are(row: Unasked) -> None:
    entry: Entry | None = TABLE.get(row.words[0])
    for word in row.words[1:]:
        if word.startswith("--"):
            break
        assert isinstance(entry, Branch)
        entry = entry.table.get(word)
    assert entry is not None


@pytest.mark.parametrize("command", NEVER)
def test_no_row_covers_a_command_that_voids_a_sandbox(command: str) -> None:
    line = f"spec-kitty {command} "
    assert not [row.prefix for row in UNASKED if line.startswith(f"{row.prefix} ")]
    assert not [row.prefix for row in UNASKED if f"{row.prefix} ".startswith(line)]


def test_an_acceptance_begins_unasked_only_where_the_order_of_options_is_kept() -> None:
    def begins(agent: str) -> set[str]:
        return {row.prefix for row in unasked_for(agent) if row.words[0] == "accept"}

    assert begins("claude") == {"spec-kitty accept --mission", "spec-kitty accept --untested"}
    assert begins("gemini") == begins("cursor") == begins("") == {"spec-kitty accept --untested"}


def test_no_option_of_an_allowed_command_is_a_command() -> None:
    for row in UNASKED:
        for path, leaf in leaves(row):
            options = describe(typer.Context(command_of(path.rpartition(" ")[2], leaf), info_name=path))["options"]
            assert isinstance(options, list)
            runs = [option["names"] for option in options if option["metavar"] in {"CMD", "COMMAND", "PROGRAM"}]
            assert runs == ([["--test"]] if path == "accept" else []), path


def leaves(row: Unasked) -> Iterator[tuple[str, Leaf]]:
    """Every command that a row allows."""
    words = [word for word in row.words if not word.startswith("--")]
    table: Mapping[str, Entry] = TABLE
    for word in words[:-1]:
        branch = table[word]
        assert isinstance(branch, Branch)
        table = branch.table
    yield from below(" ".join(words), table[words[-1]])


def below(path: str, entry: Entry) -> Iterator[tuple[str, Leaf]]:
    """Every command of an entry."""
    if isinstance(entry, Leaf):
        yield path, entry
        return
    for name, inner in entry.table.items():
        yield from below(f"{path} {name}", inner)
