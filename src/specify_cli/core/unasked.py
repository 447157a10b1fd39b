"""What an agent may run unasked: the one table that rules, permissions and `allowed-tools` are written from.

A row allows every command line that begins with its words, so what runs a command of somebody's choice is in none of
them: an agent that may run all of `spec-kitty` unasked has no sandbox any more (it trusts a hook, then claims).
"""

from __future__ import annotations

from specify_cli.kernel.commands import PROGRAM
from specify_cli.kernel.values import frozen


@frozen
class Unasked:
    """The beginning of command lines that need no question.

    Args:
        words: of the command, without the program's name.
        never_with: options with which it is asked for all the same.
    """

    words: tuple[str, ...]
    never_with: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """The beginning as it is typed."""
        return " ".join((PROGRAM, *self.words))


UNASKED: tuple[Unasked, ...] = (
    *(
        Unasked(tuple(words.split()))
        for words in (
            "next",
            "status",
            "why",
            "agent action",
            "agent tasks",
            "agent status",
            "agent context resolve",
            "agent config list",
            "agent config status",
            "agent mission branch-context",
            "agent mission check-prerequisites",
            "mission list",
            "mission info",
            "mission types",
            "context list",
            "context info",
            "charter show",
            "charter context",
            "hooks list",
        )
    ),
    Unasked(("accept",), never_with=("--test",)),
)
