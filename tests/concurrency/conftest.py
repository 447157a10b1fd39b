"""Many commands, or ones that are killed: what measures coverage would slow them and count nothing new."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _uncovered(_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes that a test starts run at their own speed."""
    for name in [*os.environ]:
        if name.startswith("COVERAGE"):
            monkeypatch.delenv(name)
