"""The table of what an agent may run unasked names real commands, and none that runs what somebody else chose."""

from __future__ import annotations

import pytest

from specify_cli.cli.commands import TABLE, Branch, Entry
from specify_cli.core.unasked import UNASKED, Unasked

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
