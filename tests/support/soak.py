"""How often a soak repeats: a tenth in `make test`, all of it in `make soak`."""

from __future__ import annotations

import os

FULL = os.environ.get("SOAK") == "1"


def times(figure: int) -> int:
    """The number of repetitions for a figure that an issue names; at least one."""
    return figure if FULL else max(figure // 10, 1)
