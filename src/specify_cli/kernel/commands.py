"""Commands that are printed for others to run: argument lists, quoted here and nowhere else.

A hint, a fix or a next step is a `Command`. It is the text that a person copies into a shell, and it keeps the argument
lists from which that text was made, so that the place that prints it can add what the call it answers was given.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

PROGRAM = "spec-kitty"


class _Pipe(str):
    """The sign between two programs of one step, which is not quoted."""

    __slots__ = ()


_PIPE = _Pipe("|")


class Command(str):
    """One command line, or several that run one after another while each succeeds.

    Args:
        steps: the argument list of each program.
    """

    __slots__ = ("steps",)
    steps: tuple[tuple[str, ...], ...]

    def __new__(cls, *steps: Iterable[object]) -> Self:
        """Quote every word as a POSIX shell needs it."""
        lists = tuple(tuple(word if isinstance(word, _Pipe) else str(word) for word in step) for step in steps)
        made = super().__new__(cls, " && ".join(_joined(words) for words in lists))
        made.steps = lists
        return made

    @classmethod
    def parsed(cls, text: str) -> Command:
        """The command that a text is."""
        return cls(*(shlex.split(step) for step in text.split(" && ")))

    def then(self, *words: object) -> Command:
        """This command, and another one after it."""
        return Command(*self.steps, words)

    def adding(self, *words: object) -> Command:
        """This command with further words at the end of its last step."""
        return Command(*self.steps[:-1], (*self.steps[-1], *words))

    def into(self, *words: object) -> Command:
        """This command, and one that reads what its last step prints."""
        return self.adding(_PIPE, *words)

    def naming(self, *flags: str) -> Command:
        """This command with what somebody calls himself by in place of every `--agent NAME`."""
        return Command(*(_naming(words, flags) for words in self.steps))


def command(*words: object) -> Command:
    """One command from its words: `command("spec-kitty", "accept", "--mission", slug)`."""
    return Command(words)


def spec_kitty(name: str, *words: object) -> Command:
    """One of our own commands, by its name in the table: `spec_kitty("agent tasks move-task", wp_id, "--to", lane)`."""
    return Command((PROGRAM, *name.split(), *words))


def git_command(folder: object, *words: object) -> Command:
    """A command of git in a folder."""
    return Command(("git", "-C", folder, *words))


def _joined(words: Iterable[str]) -> str:
    return " ".join(word if isinstance(word, _Pipe) else shlex.quote(word) for word in words)


def _naming(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    at = next((at for at, pair in enumerate(pairwise(words)) if pair == ("--agent", "NAME")), None)
    return list(words) if at is None else [*words[:at], *flags, *words[at + 2 :]]


# -- the call that is answered -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Call:
    """The command that runs, as far as the commands it prints have to know it.

    Args:
        words: what stands after the program's name.
        mission: the slug of the mission that it resolved.
        refused: whether it is refused.
    """

    words: tuple[str, ...] = ()
    mission: str | None = None
    refused: bool = False


_call: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def answering(words: Sequence[str]) -> Iterator[Call]:
    """While the block runs, printed commands belong to this call."""
    call = Call(tuple(words))
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def the_call() -> Call:
    """The call that is answered; outside of one, a call that says nothing."""
    return _call.get() or Call()
