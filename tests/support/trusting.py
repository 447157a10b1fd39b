"""A person who trusts what a project has run, which only somebody at a terminal can do."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import SCRIPT
from tests.support.terminal import at_a_terminal


def trust_all(folder: Path) -> str:
    """Trust all that a project asks for; what the terminal showed."""
    shown = at_a_terminal(SCRIPT, "hooks", "trust", "--yes", cwd=folder, env={"NO_COLOR": "1"})
    assert "Error" not in shown, shown
    return shown
