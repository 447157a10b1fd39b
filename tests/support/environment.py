"""An environment that knows nothing of the person who runs the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from specify_cli.core.agent_programs import PROCESS_VARIABLE, PROGRAMS
from tests.support import elsewhere, today

_REMOVED = (
    *(program.variable for program in PROGRAMS if program.variable),
    "SPECIFY_REPO_ROOT", "NO_COLOR", "FORCE_COLOR", "COLUMNS",
)  # fmt: skip
_GIT_SETTINGS = """[user]
	name = Ada
	email = ada@example.org
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[safe]
	directory = *
"""


def isolated(home: Path) -> dict[str, str]:
    """Variables that point everything a program may read or write of a user into a folder.

    Args:
        home: stands in for the home folder; made by the caller.
    """
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "SPEC_KITTY_HOME": str(home / ".kittify"),
        "SPEC_KITTY_STATE_HOME": str(home / ".spec-kitty"),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "TERM": "dumb",
        # Whoever runs the tests may be an agent; what they start is none.
        PROCESS_VARIABLE: "off",
        # What a scripted agent runs in a worktree must leave nothing there that it would commit.
        "PYTHONDONTWRITEBYTECODE": "1",
        # Nothing answers on this port: a request that a test did not expect fails at once.
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "127.0.0.1,localhost",
        **today.variables(),
        **elsewhere.variables(),
    }


def isolate(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Give this process, and every one it starts, an environment of its own."""
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text(_GIT_SETTINGS, encoding="utf-8")
    for name in [*os.environ]:
        if name.startswith(("SPEC_KITTY_", "GIT_")) or name in _REMOVED:
            patch.delenv(name)
    for name, value in isolated(home).items():
        patch.setenv(name, value)
    today.read_zone()


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Make a folder the current one for the length of the block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
