"""Keeps what the agents' programs were seen to do in `tried.json`, which docs/reference/agents.md shows.

A plugin of pytest that only `make agents` loads (`-p tests.agents.tried`). What was run replaces what was seen before;
of another version nothing stays, and the rows of programs that were not run do.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.kernel import clock
from tests.agents.bench import version
from tests.agents.programs import PROGRAMS

FILE = Path(__file__).with_name("tried.json")
_seen: dict[str, dict[str, bool]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note whether a program did what tests are about, in all of them; they tell it by a property."""
    for name, value in report.user_properties:
        if name == "tried" and report.when == "call":
            key, what = str(value).split()
            row = _seen.setdefault(key, {})
            row[what] = row.get(what, True) and report.passed


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, in the one process that hears of every test."""
    if not _seen or hasattr(session.config, "workerinput"):
        return
    rows = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for program in PROGRAMS:
        if program.key in _seen:
            head = {"version": version(program), "date": clock.now().date().isoformat()}
            before = rows.get(program.key, {})
            seen = (before if before.get("version") == head["version"] else {}) | _seen[program.key]
            rows[program.key] = head | {name: seen[name] for name in sorted(seen.keys() - head.keys())}
    ordered = {program.key: rows[program.key] for program in PROGRAMS if program.key in rows}
    FILE.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
