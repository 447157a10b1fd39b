"""One hostile case: what is done to the program, and what it must come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.syncing import World


@dataclass(frozen=True, slots=True)
class Row:
    """A case.

    Args:
        clause: of the contract, section 10, word by word (see `cases.py`).
        case: which of those it lists.
        outcome: what the program must do, in words.
        check: does it and makes sure.
    """

    clause: str
    case: str
    outcome: str
    check: Callable[[World], None]

    def __str__(self) -> str:
        return f"{self.clause[:30]}: {self.case} -> {self.outcome}"
