"""`status --watch` at a real terminal: it follows what happens, survives another size, and gives the terminal back."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.cli.screen import frame_of
from specify_cli.cli.text import folded, style, width
from specify_cli.status.models import Lane
from tests.support.cli import SCRIPT
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
PATIENCE = 20.0
# Ctrl-C reaches only whose terminal it is.
_AT_ITS_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass
class Terminal:
    """A terminal, the program that draws on it, and all that it drew."""

    controller: int
    process: subprocess.Popen[bytes]
    shown: str = field(default="")

    def resize(self, columns: int, rows: int) -> None:
        """As a person drags the corner of the window."""
        fcntl.ioctl(self.controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, met: Callable[[str], bool]) -> str:
        """Read on until what has come since the last call meets a condition; that text."""
        came, end = "", time.monotonic() + PATIENCE
        while not met(came):
            assert time.monotonic() < end, repr(came)
            came += self._read()
        self.shown += came
        return came

    def picture(self, *words: str) -> list[str]:
        """The lines of the next picture that holds some words."""

        def whole(came: str) -> bool:
            last = came.rpartition("\x1b[H")[2]
            return last.endswith("\x1b[J") and all(word in last for word in words)

        return lines_of(self.until(whole).rpartition("\x1b[H")[2])

    def end(self) -> int:
        """Read to the end; the exit code."""
        while chunk := self._read():
            self.shown += chunk
        return self.process.wait(PATIENCE)

    def _read(self) -> str:
        if not select.select([self.controller], [], [], PATIENCE)[0]:
            return ""
        try:
            return os.read(self.controller, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:
            return ""


def lines_of(frame: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).split("\n")


@contextmanager
def watching(mission: Mission, columns: int = 80, rows: int = 24, **variables: str) -> Iterator[Terminal]:
    controller, terminal = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
    fcntl.ioctl(controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_ITS_TERMINAL, str(SCRIPT), "status", "--watch"],
        cwd=mission.project.path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=env,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        yield Terminal(controller, process)
    finally:
        process.kill()
        process.wait()
        os.close(controller)


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(project, Task("WP01"), Task("WP02"))


def test_it_follows_what_happens_and_ctrl_c_ends_it_well(mission: Mission) -> None:
    with watching(mission) as terminal:
        assert any("WP01  planned" in line for line in terminal.picture("WP02"))
        mission.walk("WP01", Lane.IN_PROGRESS)
        assert any("WP01  in_progress" in line for line in terminal.picture("in_progress"))
        os.write(terminal.controller, b"\x03")
        assert terminal.end() == 0
        before, _, after = terminal.shown.rpartition(LEAVE)
        assert before.startswith(ENTER)
        assert "WP01  \x1b[36min_progress" in after, "the last board stays, on the terminal as it was"
        assert "\x1b[?25h" in before[-20:], "and so does the cursor"


def test_another_size_gives_another_picture_and_nothing_wraps(mission: Mission) -> None:
    with watching(mission) as terminal:
        terminal.picture("lane-a")
        for columns, rows in ((60, 20), (44, 8), (100, 30)):
            terminal.resize(columns, rows)
            mission.force("WP02", Lane.BLOCKED if rows != 8 else Lane.PLANNED)
            lines = terminal.picture("% of 2" if rows != 8 else "more lines")
            assert len(lines) <= rows
            assert max(map(width, lines)) < columns


def test_a_picture_is_one_write_over_the_last_one(mission: Mission) -> None:
    with watching(mission) as terminal:
        terminal.picture("WP02")
        mission.walk("WP01", Lane.CLAIMED)
        terminal.picture("claimed")
        assert "\x1b[2J" not in terminal.shown, "a screen that is wiped flickers"
        assert terminal.shown.count(ENTER) == 1


def test_without_colour_there_is_none(mission: Mission) -> None:
    with watching(mission, NO_COLOR="1") as terminal:
        terminal.picture("WP02")
        assert not re.search(r"\x1b\[[0-9;]*m", terminal.shown)


def test_a_document_that_is_being_edited_does_not_end_it(mission: Mission) -> None:
    document = mission.folder / "meta.json"
    whole = document.read_text(encoding="utf-8")
    with watching(mission) as terminal:
        terminal.picture("WP02")
        document.write_text('{"slug": ', encoding="utf-8")
        assert "Error:" in "".join(terminal.picture("Error:"))
        document.write_text(whole, encoding="utf-8")
        terminal.picture("WP02")


def test_a_program_that_ends_it_leaves_the_terminal_as_it_was(mission: Mission) -> None:
    with watching(mission) as terminal:
        terminal.picture("WP02")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 128 + signal.SIGTERM
        assert terminal.shown.endswith(LEAVE)


def test_without_a_terminal_or_for_a_program_it_is_a_usage_error(mission: Mission) -> None:
    asked = mission.project.run("status", "--watch", "--json").failed("USAGE_ERROR", 2).json()
    assert asked["hint"] == "spec-kitty status"
    told = mission.project.run_installed("status", "--watch")
    assert (told.code, told.out) == (2, "")
    assert "needs a terminal" in told.err


def test_what_is_wrong_at_first_is_said_as_ever(mission: Mission) -> None:
    mission.project.run("status", "--watch", "--mission", "nobody", "--json").failed("USAGE_ERROR", 2)


# -- pictures ----------------------------------------------------------------------------------------------------


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=120), st.integers(2, 40))
def test_folding_loses_nothing_and_fits(text: str, columns: int) -> None:
    pieces = folded(text, columns)
    assert "".join(pieces) == text
    assert all(width(piece) <= columns for piece in pieces)


def test_styles_take_no_room() -> None:
    assert folded(style("abcd", "bold"), 2) == [style("", "bold")[0] + "ab", "cd" + style("")]


@given(st.lists(st.text(alphabet="abc ", max_size=30), max_size=12), st.integers(3, 20), st.integers(2, 8))
def test_a_frame_never_scrolls(lines: list[str], columns: int, rows: int) -> None:
    shown = lines_of(frame_of("\n".join(lines), columns, rows))
    assert len(shown) <= rows
    assert all(width(line) < columns for line in shown)
