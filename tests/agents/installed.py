"""The programs that are run: those that are installed, in a version that is not older than the one that was tried."""

from __future__ import annotations

import json
from functools import cache

import pytest

from tests.agents.bench import version
from tests.agents.programs import PROGRAMS, Program, find
from tests.agents.tried import FILE


def require(program: Program) -> None:
    """Skip a test whose program is not run; with one reason for all of them, which the report shows as one line."""
    if program.name in absent():
        pytest.skip(f"not run (make agents): {', '.join(f'{name} ({matter})' for name, matter in absent().items())}")


@cache
def absent() -> dict[str, str]:
    """What is the matter with each program that is not run, by its name."""
    tried = json.loads(FILE.read_text(encoding="utf-8"))
    matters = {}
    for program in PROGRAMS:
        lowest = tried[program.key]["version"] if program.key in tried else "0"
        if find(program) is None:
            matters[program.name] = "missing"
        elif (here := version(program)) is None:
            matters[program.name] = "tells no version"
        elif _numbers(here) < _numbers(lowest):
            matters[program.name] = f"{here} is older than {lowest}"
    return matters


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".") if part.isdecimal())
