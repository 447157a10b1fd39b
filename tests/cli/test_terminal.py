"""What a person at a real terminal sees."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.cli import SCRIPT
from tests.support.terminal import at_a_terminal

_DRAWING = """
from specify_cli.cli.output import painter
with painter() as board:
    board.draw(["one", "two"])
    board.say("WP01 done")
    board.draw(["three"])
"""


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[1m\x1b[31mError:\x1b[0m" in at_a_terminal(SCRIPT, "nxt")


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_none_gets_none(variables: dict[str, str]) -> None:
    shown = at_a_terminal(SCRIPT, "nxt", env=variables)
    assert shown.startswith("Error: ")
    assert "\x1b" not in shown


def test_help_is_plain_at_a_terminal_too() -> None:
    assert "\x1b" not in at_a_terminal(SCRIPT, "--help")


def test_json_is_plain_at_a_terminal_too() -> None:
    assert at_a_terminal(SCRIPT, "nxt", "--json").startswith("{\n")


def test_a_board_is_drawn_over_and_what_was_said_stays_above_it() -> None:
    shown = at_a_terminal(sys.executable, "-c", _DRAWING)
    assert shown == "one\ntwo\n\x1b[2A\x1b[JWP01 done\nthree\n"


_WARNING = """
from specify_cli.cli.output import warn
from specify_cli.kernel.commands import git_command
from specify_cli.kernel.notices import Notice
rest = git_command("/somewhere/far/away/from/here", "clean", "-f", "--", "a file", "another file", "a third file")
said = f"there are files that nobody has committed, and nobody will miss: `{rest}` removes them, and that is all"
warn(Notice("FILES_LEFT", said + "\\n  as git said", rest))
"""


def test_a_long_sentence_is_broken_at_a_terminal_and_a_command_is_not() -> None:
    shown = at_a_terminal(sys.executable, "-c", _WARNING, env={"NO_COLOR": "1"}).splitlines()
    command = "git -C /somewhere/far/away/from/here clean -f -- 'a file' 'another file' 'a third file'"
    assert shown == [
        "Warning: there are files that nobody has committed, and nobody will miss:",
        f"  `{command}`",
        "  removes them, and that is all",
        "  as git said",
        f"Fix: {command}",
    ]
    piped = subprocess.run([sys.executable, "-c", _WARNING], capture_output=True, text=True, check=True).stderr
    assert len(piped.splitlines()) == 3
