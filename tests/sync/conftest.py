"""Fixtures for tests of sync."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.serving import Server
from tests.support.syncing import World


@pytest.fixture
def world(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> World:
    """A user with the switch on, and a server; nobody is logged in yet."""
    return World(tmp_path, server, monkeypatch)
