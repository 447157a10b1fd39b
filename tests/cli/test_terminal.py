"""What a person at a real terminal sees."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT

_DRAWING = """
from specify_cli.cli.output import painter
with painter() as board:
    board.draw(["one", "two"])
    board.say("WP01 done")
    board.draw(["three"])
"""


def at_a_terminal(*argv: str | Path, **variables: str) -> str:
    """Run a program at a terminal of its own and give all that it showed."""
    controller, terminal = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", **variables}
    with subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal, env=env) as process:
        os.close(terminal)
        shown = b""
        while chunk := _read(controller):
            shown += chunk
        process.wait()
    os.close(controller)
    return shown.decode("utf-8").replace("\r\n", "\n")


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 4096)
    except OSError:
        return b""  # so Linux tells that the other end was closed


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[1m\x1b[31mError:\x1b[0m" in at_a_terminal(SCRIPT, "nxt")


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_none_gets_none(variables: dict[str, str]) -> None:
    shown = at_a_terminal(SCRIPT, "nxt", **variables)
    assert shown.startswith("Error: ")
    assert "\x1b" not in shown


def test_help_is_plain_at_a_terminal_too() -> None:
    assert "\x1b" not in at_a_terminal(SCRIPT, "--help")


def test_json_is_plain_at_a_terminal_too() -> None:
    assert at_a_terminal(SCRIPT, "nxt", "--json").startswith("{\n")


def test_a_board_is_drawn_over_and_what_was_said_stays_above_it() -> None:
    shown = at_a_terminal(sys.executable, "-c", _DRAWING)
    assert shown == "one\ntwo\n\x1b[2A\x1b[JWP01 done\nthree\n"
