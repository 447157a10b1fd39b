"""What a command says, once: the only printer, and the only place that catches every error.

A command returns a `Reply`. People get its text; a program that asked with `--json` gets its data as one document
on stdout, on failure too. Hints, warnings and progress go to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from specify_cli.cli import serial
from specify_cli.cli.text import as_printed, encodable, paint, safe, style, width, wrapped
from specify_cli.kernel import system
from specify_cli.kernel.commands import answering, command, spec_kitty, the_call
from specify_cli.kernel.errors import SpecKittyError, Unavailable
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice, told_to
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    Speech = str | Callable[[Console], None] | RenderableType

INTERRUPTED = 130
BUG = 70
_READABLE = 80  # columns of a sentence, however wide the terminal is
OUTPUT_FAILED = "OUTPUT_FAILED"

Failure = Callable[[SpecKittyError, int], object]

_as_json: ContextVar[bool] = ContextVar("as_json", default=False)
_failure: ContextVar[Failure] = ContextVar("failure")


@frozen
class Reply:
    """The answer of a command.

    Args:
        data: a dataclass (its `to_dict()` where it has one) or a dict; `warnings` in it are shown to people too.
        text: for people: a string (see `cli/text.py`), a callable that is given a rich console, or a rich renderable.
        exit_code: 0 done or nothing to do, 1 refused or unhealthy.
        prose: programs get the text too.
    """

    data: object
    text: Speech
    exit_code: int = 0
    prose: bool = False


def answer(
    produce: Callable[[], Reply], *, as_json: bool, failure: Failure | None = None, call: Sequence[str] = ()
) -> int:
    """Run a command, print its reply or its failure, and give the exit code.

    Args:
        produce: runs the command.
        as_json: whether the reader is a program.
        failure: what a program gets for an error and its exit code; None is the form that most commands have.
        call: the words of the command line, which the commands in hints are completed from.
    """
    token, shape = _as_json.set(as_json), _failure.set(failure or _failure_shape)
    try:
        with answering(call, _by_agent), told_to(progress), system.ended_in_order():
            return _answered(produce)
    finally:
        _as_json.reset(token)
        _failure.reset(shape)


def _by_agent() -> bool:
    return load("specify_cli.core.agent_programs:own_session")() is not None


def _answered(produce: Callable[[], Reply]) -> int:
    try:
        return _deliver(produce())
    except KeyboardInterrupt:
        return _fail(SpecKittyError("interrupted", "INTERRUPTED"), INTERRUPTED)
    except system.Ended as ended:
        return _fail(SpecKittyError("ended by a signal", "INTERRUPTED"), int(str(ended.code)))
    except SpecKittyError as error:
        return _fail(error, error.exit_code)
    except OSError as error:
        known: SpecKittyError | None = load("specify_cli.cli.failures:of_file_system")(error)
        return _fail(known, known.exit_code) if known else _bug(error)
    except Exception as error:
        return _bug(error)


def _deliver(reply: Reply) -> int:
    if _as_json.get() and not reply.prose:
        _write_json(serial.plain(reply.data))
        return reply.exit_code
    for notice in _warnings(reply.data):
        warn(notice)
    text = reply.text
    if isinstance(text, str):
        if text:
            _write(sys.stdout, text)
    else:
        _render(text)
    return reply.exit_code


def _warnings(data: object) -> Sequence[object]:
    found = data.get("warnings") if isinstance(data, Mapping) else getattr(data, "warnings", None)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def _fail(error: SpecKittyError, exit_code: int) -> int:
    unheard = error.code == OUTPUT_FAILED
    the_call().refused = True
    if error.code == "DISK_FULL" or (the_call().recorded and isinstance(error, Unavailable)):
        _name_recorded(error, the_call().recorded)
    if error.hint or error.unmet:
        error.hint = load("specify_cli.cli.hints:hint_of")(error)
    if _as_json.get():
        try:
            _write_json(serial.plain(_failure.get()(error, exit_code)))
        except Unavailable:
            unheard = True
    if not _as_json.get() or unheard:
        _write(sys.stderr, _refusal(error))
    return exit_code


def _name_recorded(error: SpecKittyError, recorded: list[str]) -> None:
    """Say what stays of a command that a failing file system or program has cut short."""
    error.message += f"; recorded before that, and kept: {some(recorded)}" if recorded else "; no event was recorded"
    error.details["recorded"] = list(recorded)


def _refusal(error: SpecKittyError) -> str:
    """An error in a sentence; where several conditions forbid it each has its line, with the command that meets it."""
    if len(error.unmet) < 2:
        return _sentence("Error", "red", error.message, error.hint)
    listed: list[str] = load("specify_cli.cli.unmet:unmet_lines")(error.unmet)
    return "\n".join(
        [_sentence("Error", "red", f"{error.summary}, {len(error.unmet)} conditions unmet", None), *listed]
    )


def _failure_shape(error: SpecKittyError, _exit_code: int) -> object:
    return {
        "result": "error",
        "error_code": error.code,
        "error": error.message,
        "hint": error.hint,
        "details": error.details,
    }


def _bug(error: BaseException) -> int:
    log: Path | None = load("specify_cli.cli.failures:record")(error)
    said = f"internal error: {type(error).__name__}: {error}"
    trace: str = load("specify_cli.cli.failures:traceback_of")(error)
    _write(sys.stderr, trace if log is None else f"{said} (details in {log})")
    if _as_json.get():
        details = {"log": None if log is None else str(log)}
        return _fail(SpecKittyError(said, "INTERNAL_ERROR", spec_kitty("doctor"), details), BUG)
    return BUG


def _sentence(label: str, colour: str, message: str, hint: str | None) -> str:
    """A sentence for stderr. On a terminal its lines are broken; a command is not, so that it can be copied."""
    lines = f"{style(label + ':', 'bold', colour)} {message}".split("\n")
    if _is_terminal(sys.stderr):
        columns = min(_size(sys.stderr)[0], _READABLE)
        lines = [line if width(line) <= columns else wrapped(line, columns, hang=2) for line in lines]
    if hint:
        lines.append(f"{style('Fix:', 'bold')} {hint}")
    return "\n".join(lines)


# -- while a command is at work ----------------------------------------------------------------------------------


def warn(notice: object) -> None:
    """Show a warning on stderr: a `Notice`, the dict of one, or a plain sentence."""
    shape = notice.to_dict() if isinstance(notice, Notice) else notice
    if isinstance(shape, Mapping):
        hint = shape.get("hint")
        fix = as_printed(hint) if isinstance(hint, str) else None
        _write(sys.stderr, _sentence("Warning", "yellow", str(shape.get("message", "")), fix))
    else:
        _write(sys.stderr, _sentence("Warning", "yellow", str(shape), None))


def progress(text: str) -> None:
    """One line about work under way, on stderr."""
    _write(sys.stderr, text)


def say(text: str) -> None:
    """One line for people while the command is at work: on stdout, under `--json` on stderr."""
    _write(sys.stderr if _as_json.get() else sys.stdout, text)


@dataclass(slots=True)
class Painter:
    """A few lines at the bottom of the terminal that are drawn again and again."""

    live: bool
    height: int = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines in place of the last ones; on anything but a terminal nothing is shown."""
        if self.live:
            self._clear()
            if lines:
                _write(sys.stdout, "\n".join(lines))
            self.height = len(lines)

    def say(self, line: str) -> None:
        """Print a line that stays, above the drawn ones."""
        self._clear()
        say(line)

    def _clear(self) -> None:
        if self.height:
            sys.stdout.write(f"\x1b[{self.height}A\x1b[J")
            self.height = 0


@contextmanager
def painter() -> Iterator[Painter]:
    """Something to draw a board with; the last drawing stays when the block ends."""
    yield Painter(live=not _as_json.get() and _is_terminal(sys.stdout))


# -- the terminal ------------------------------------------------------------------------------------------------


def for_programs() -> bool:
    """Whether the reader is a program, which asked with `--json`."""
    return _as_json.get()


def at_terminal() -> bool:
    """Whether a person reads standard output at a terminal that can be drawn on."""
    return _is_terminal(sys.stdout)


def size() -> tuple[int, int]:
    """Columns and rows of the terminal; 80 and 24 where standard output is none, or does not say."""
    return _size(sys.stdout)


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        found = os.get_terminal_size(stream.fileno()) if _is_terminal(stream) else None
    except (OSError, ValueError):
        found = None
    return (found.columns, found.lines) if found and found.columns and found.lines else (80, 24)


def painted(text: str) -> str:
    """Text as standard output takes it: escaped, encodable, coloured where that is wanted."""
    return encodable(paint(text, colour=_coloured(sys.stdout)), sys.stdout.encoding or "utf-8")


def send(text: str) -> None:
    """Write to standard output exactly this, in one piece; for drawing."""
    _put(sys.stdout, text)


# -- streams -----------------------------------------------------------------------------------------------------


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _coloured(stream: TextIO) -> bool:
    return _is_terminal(stream) and not os.environ.get("NO_COLOR")


def _write(stream: TextIO | None, text: str) -> None:
    # A closed stream is None: nobody listens, and that is no failure.
    if stream is not None:
        _put(stream, encodable(paint(text, colour=_coloured(stream)) + "\n", stream.encoding or "utf-8"))


def _write_json(document: object) -> None:
    stream: TextIO | None = sys.stdout
    if stream is not None:
        _put(stream, serial.dump(document, stream.encoding or "utf-8") + "\n")


def _put(stream: TextIO, text: str) -> None:
    with _talking(stream):
        stream.write(text)
        stream.flush()


@contextmanager
def _talking(stream: TextIO) -> Iterator[None]:
    """A reader that went away ends the talking, not the command, which has already happened.

    Raises:
        Unavailable: an answer could not be written for another reason (`OUTPUT_FAILED`).
    """
    try:
        yield
    except OSError as error:
        _silence(stream)
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            reason = f"the answer could not be written: {error.strerror}"
            raise Unavailable(reason, OUTPUT_FAILED, hint=command("df", "-h")) from error


def _silence(stream: TextIO) -> None:
    """Point a stream at nothing, so that later writes and the exit do not fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _render(text: Callable[[Console], None] | RenderableType) -> None:
    stream: TextIO | None = sys.stdout
    if stream is None:
        return
    console = load("specify_cli.cli.rich_console:make")(stream, colour=_coloured(stream))
    with _talking(stream):
        if callable(text):
            text(console)
        else:
            console.print(text)
        stream.flush()


__all__ = [
    "BUG",
    "INTERRUPTED",
    "Painter",
    "Reply",
    "answer",
    "at_terminal",
    "for_programs",
    "painted",
    "painter",
    "progress",
    "safe",
    "say",
    "send",
    "size",
    "style",
    "warn",
]
