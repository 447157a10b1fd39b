"""What can be wrong with a log, as one value for readers, `validate` and `doctor`."""

from __future__ import annotations

from enum import StrEnum

from specify_cli.kernel.commands import Command
from specify_cli.kernel.text import bounded
from specify_cli.kernel.values import as_dict, frozen

TORN = "TORN_TAIL"  # the code of a last line that a crash cut off


class Severity(StrEnum):
    """How much a problem matters: an error makes `validate` exit 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Problem:
    """Something found in a log.

    Args:
        severity: error, warning or note.
        code: stable name, such as `CORRUPT_LINE`.
        message: what is wrong, one sentence; never the content of a line.
        file: the log, as a path.
        line: line number from 1, where there is one.
        fix: a command that mends it, where there is one.
    """

    severity: Severity
    code: str
    message: str
    file: str = ""
    line: int | None = None
    fix: Command | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", bounded(self.message))

    to_dict = as_dict
