"""The whole terminal as one picture that is drawn again and again, until Ctrl-C.

Each picture is one write over the last one, so nothing flickers; nothing in it wraps, so a terminal of another size
only needs the next picture. The terminal is given back as it was found.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from specify_cli.cli import output
from specify_cli.cli.text import folded
from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 5.0
TERMINATED = 128 + signal.SIGTERM


def require_terminal(option: str) -> None:
    """Make sure that there is somebody to draw for.

    Raises:
        UsageError: the reader is a program, or standard output is no terminal.
    """
    if output.for_programs():
        raise UsageError(f"{option} draws for people; it does not go with --json", "USAGE_ERROR", spec_kitty("status"))
    if not output.at_terminal():
        raise UsageError(f"{option} needs a terminal to draw on", "USAGE_ERROR", spec_kitty("status"))


def watch(picture: Callable[[int], str], changed: Callable[[], object]) -> None:
    """Draw a text until Ctrl-C: when something has changed, when the terminal has, and every few seconds.

    Args:
        picture: the text for so many columns.
        changed: a value that differs when something has.
    """
    try:
        with _screen():
            drawn = ""
            while True:
                seen = (output.size(), changed())
                frame = frame_of(picture(seen[0][0] - 1), *seen[0])
                if frame != drawn:
                    output.send(frame)
                    drawn = frame
                until = clock.monotonic() + AGAIN_SECONDS
                while (output.size(), changed()) == seen and clock.monotonic() < until:
                    clock.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        return


def frame_of(text: str, columns: int, rows: int) -> str:
    """A picture over the last one: every line ends where the old one is wiped out, and so does all below it."""
    lines = [piece for line in text.split("\n") for piece in folded(line, columns - 1)]
    if len(lines) > rows:
        hidden = len(lines) - rows + 1
        lines = [*lines[: rows - 1], f"… {hidden} more lines"[: columns - 1]]
    return _HOME + "\n".join(output.painted(line) + _END_OF_LINE for line in lines) + _BELOW


@contextmanager
def _screen() -> Iterator[None]:
    """The other screen of the terminal, without a cursor; the first one comes back whatever ends the block."""
    before = signal.signal(signal.SIGTERM, _terminate)
    output.send(_ENTER)
    try:
        yield
    finally:
        output.send(_LEAVE)
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
