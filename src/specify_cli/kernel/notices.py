"""Warnings that travel with a successful answer, and words that are said while a command is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from specify_cli.kernel.commands import Command
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import bounded
from specify_cli.kernel.values import frozen

_MOMENT = 2.0  # seconds

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, what `announce` says goes to this listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def announce(text: str) -> None:
    """Say at once why the command takes long; outside of a command nobody is told."""
    if listener := _listener.get():
        listener(text)


@contextmanager
def announced_if_slow(text: str) -> Iterator[None]:
    """Announce why the command takes long where the block takes longer than a moment."""
    listener = _listener.get()
    if listener is None:
        yield
        return
    timer = load("threading:Timer")(_MOMENT, listener, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@frozen
class Notice:
    """Something the caller should know although the command succeeded.

    Args:
        code: stable name, such as `COMMIT_FAILED`.
        message: what happened.
        hint: a command that mends it, where there is one.
        edit: the file that somebody has to edit, where that mends it; `message` says so.
    """

    code: str
    message: str
    hint: Command | None = None
    edit: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", bounded(self.message))

    def to_dict(self) -> dict[str, str | None]:
        """The shape in `warnings` of a JSON answer."""
        shape = {"code": self.code, "message": self.message, "hint": self.hint}
        return {**shape, "edit": self.edit} if self.edit else shape
