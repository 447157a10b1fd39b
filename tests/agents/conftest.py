"""Programs that are missing or older than those that were tried are named in one line, however many tests they skip."""

from __future__ import annotations

import json
from functools import cache

import pytest

from tests.agents.bench import version
from tests.agents.programs import PROGRAMS, find
from tests.agents.tried import FILE


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


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what runs such a program; from here, because the report counts skips by the line they come from."""
    program = item.callspec.params.get("program") if hasattr(item, "callspec") else None
    if program and program.name in absent():
        pytest.skip(f"not run (make agents): {', '.join(f'{name} ({matter})' for name, matter in absent().items())}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".") if part.isdecimal())
