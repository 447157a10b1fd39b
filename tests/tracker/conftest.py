"""Fixtures for tests of trackers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.serving import Server
from tests.support.syncing import World
from tests.support.ticketing import Bound


@pytest.fixture
def bound(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Bound:
    """A project bound to Linear by a reference, and somebody who is logged in."""
    return Bound(World(tmp_path, server, monkeypatch))
