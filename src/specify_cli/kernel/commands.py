"""Commands that are printed for others to run: argument lists, quoted here and nowhere else.

A hint, a fix or a next step is a `Command`. It is the text that a person copies into a shell, and it keeps the argument
lists from which that text was made, so that the place that prints it can add what the call it answers was given.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self

from specify_cli.kernel import system
from specify_cli.kernel.text import shell_word

PROGRAM = "spec-kitty"
# What the shells of Windows do not take as it is; `\\` and `:` stand in every path there.
_SPECIAL = re.compile(r"[^\w\\/:.+=@~-]|^@|^--%$", re.ASCII)


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
        """Quote every word as the shell in use needs it."""
        lists = tuple(tuple(word if isinstance(word, _Pipe) else str(word) for word in step) for step in steps)
        made = super().__new__(cls, _one_after_another([_joined(words) for words in lists]))
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
    return " ".join(word if isinstance(word, _Pipe) else quote(word) for word in words)


def _one_after_another(lines: Sequence[str]) -> str:
    if system.shell() != system.POWERSHELL:
        return " && ".join(lines)
    # The PowerShell that comes with Windows knows no `&&`.
    return "; if ($?) { ".join(lines) + " }" * (len(lines) - 1)


def quote(word: str) -> str:
    """One word as the shell in use reads it back: a POSIX shell, PowerShell, or the command prompt of Windows."""
    shell = system.shell()
    if shell == system.POSIX:
        return shell_word(word)
    if word and not _SPECIAL.search(word):
        return word
    if shell == system.POWERSHELL:
        # The one that comes with Windows puts quotes around words with blanks, drops empty ones, and looks no further.
        return "'" + (_as_argument(word, ends=" " in word) or '""').replace("'", "''") + "'"
    argument = f'"{_as_argument(word, ends=True)}"'
    if '"' in word:
        # The command prompt takes every quote for the end of one, so it must see none.
        return re.sub(r'([()%!^"<>&|])', r"^\1", argument)
    # Between quotes it leaves everything alone but the percent sign, which no sign keeps from it there.
    return argument.replace("%", '"^%"')


def _as_argument(word: str, *, ends: bool) -> str:
    """A word of a command line of Windows, where backslashes count before a quote: its own, or that which ends it."""
    return re.sub(r'(\\*)("|\Z)' if ends else r'(\\*)(")', lambda match: match[1] * 2 + (match[2] and '\\"'), word)


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
        recorded: what it has recorded so far, in words.
        by_agent: whether a coding agent's program runs it.
        exposed: folder of a working tree -> whether an agent runs this and can change the hooks that git runs there.
    """

    words: tuple[str, ...] = ()
    mission: str | None = None
    refused: bool = False
    recorded: list[str] = field(default_factory=list)
    by_agent: Callable[[], bool] = bool
    exposed: dict[Path, bool] = field(default_factory=dict)


_call: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def answering(words: Sequence[str], by_agent: Callable[[], bool] = bool) -> Iterator[Call]:
    """While the block runs, printed commands belong to this call."""
    call = Call(tuple(words), by_agent=by_agent)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def the_call() -> Call:
    """The call that is answered; outside of one, a call that says nothing."""
    return _call.get() or Call()


def without(words: Sequence[str], option: str) -> list[str]:
    """A line without an option and its value."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == option:
            next(rest, None)
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept
