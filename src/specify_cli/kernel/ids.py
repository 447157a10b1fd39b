"""The only source of identifiers: ULIDs, and random UUIDs for projects."""

from __future__ import annotations

import uuid

from ulid import ULID

from specify_cli.kernel import clock
from specify_cli.kernel.text import is_ulid


def new_id() -> str:
    """A fresh ULID for this moment."""
    return str(ULID.from_datetime(clock.now()))


def next_id(after: str | None) -> str:
    """A ULID greater than `after`, so that identifiers written under one lock only rise, whatever the clock does.

    Raises:
        ValueError, OverflowError: `after` is the last there can be, or beyond it.
    """
    fresh = new_id()
    if after is None or not is_ulid(after) or fresh > after:
        return fresh
    return str(ULID.from_int(int(ULID.from_str(after)) + 1))


def new_uuid() -> str:
    """A random UUIDv4."""
    return str(uuid.uuid4())
