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

from collections.abc import Mapping
from typing import ClassVar


class SpecKittyError(Exception):
    """A failure that a person can act on.

    Args:
        message: what went wrong and where, one sentence.
        code: stable name in SCREAMING_SNAKE, read by programs.
        hint: a command that can be run to mend it.
        details: further facts for programs, JSON values only.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, code: str, hint: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.details: dict[str, object] = dict(details or {})


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
