"""The errors of the whole program, in one tree.

    SpecKittyError            never raised itself
    ├── UsageError   exit 2   the command line was wrong
    ├── NotFound     exit 1   something named does not exist
    ├── Refused      exit 1   a rule, a guard or the state of the repository forbids it
    ├── Conflict     exit 1   somebody else holds or moved it
    └── Unavailable  exit 1   a program, file system or server did not answer

Domain code raises these and knows nothing of the terminal; `cli/output.py` is the one place that catches them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from specify_cli.kernel.commands import Command
from specify_cli.kernel.text import bounded
from specify_cli.kernel.values import as_dict, frozen


@frozen
class Unmet:
    """One condition that does not hold.

    Args:
        code: stable name of the rule.
        what: what is missing, one clause.
        fix: a command that meets it; None where no command does, and `what` says what to do.
        subject: the work package, file or branch it is about.
    """

    code: str
    what: str
    fix: Command | None
    subject: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", bounded(self.what))

    to_dict = as_dict


class SpecKittyError(Exception):
    """A failure that a person can act on.

    Args:
        message: what went wrong and where, one sentence.
        code: stable name in SCREAMING_SNAKE, read by programs.
        hint: a command that mends it (`kernel/commands.py`); without one, that of the first condition that has one.
            Where only an edit mends it there is none: the message says so, and `details["edit"]` names the file.
        details: further facts for programs, JSON values only.
        unmet: the conditions that forbid it, where there are any. The message then goes on to name them all.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        code: str,
        hint: Command | None = None,
        details: Mapping[str, object] | None = None,
        unmet: Sequence[Unmet] = (),
    ) -> None:
        self.summary = bounded(message)
        self.message = f"{self.summary}: {'; '.join(each.what for each in unmet)}" if unmet else self.summary
        super().__init__(self.message)
        self.code = code
        self.hint = hint or next((each.fix for each in unmet if each.fix), None)
        self.details: dict[str, object] = dict(details or {})
        self.unmet = tuple(unmet)
        if unmet:
            self.details["unmet"] = [each.to_dict() for each in unmet]


class UsageError(SpecKittyError):
    """The command line was wrong: exit code 2."""

    exit_code = 2


class NotFound(SpecKittyError):
    """Something that was named does not exist."""


class Refused(SpecKittyError):
    """A rule, a guard or the state of the repository forbids it."""


class Conflict(SpecKittyError):
    """Somebody else holds it, or moved it in the meantime."""


class Unavailable(SpecKittyError):
    """A program, file system or server did not answer."""
