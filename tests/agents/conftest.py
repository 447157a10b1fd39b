"""Programs that are missing or older than those that were tried are named in one line, however many tests they skip."""

from __future__ import annotations

import pytest

from tests.agents.installed import require


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is about a program that is not run, before anything is set up for it."""
    program = item.callspec.params.get("program") if hasattr(item, "callspec") else None
    if program:
        require(program)
