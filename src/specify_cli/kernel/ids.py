"""The only source of identifiers: ULIDs, and random UUIDs for projects."""

from __future__ import annotations

import hashlib
import os
import uuid

from ulid import ULID

from specify_cli.kernel import clock
from specify_cli.kernel.text import is_ulid

_LAST_MOMENT = 2**48 - 1  # the greatest millisecond that a ULID can name


def new_id() -> str:
    """A fresh ULID for this moment."""
    return str(ULID.from_datetime(clock.now()))


def next_id(after: str | None) -> str:
    """A ULID greater than `after`, so that identifiers written under one lock only rise, whatever the clock does.

    Where the clock is behind, it is one of the millisecond after, as random as any: two clones that go on from the
    same log must not come to the same one.

    Raises:
        ValueError, OverflowError: `after` is the last there can be, or beyond it.
    """
    fresh = new_id()
    if after is None or not is_ulid(after) or fresh > after:
        return fresh
    last = ULID.from_str(after)
    if last.milliseconds == _LAST_MOMENT:
        return str(ULID.from_int(int(last) + 1))
    return str(ULID((last.milliseconds + 1).to_bytes(6, "big") + os.urandom(10)))


def told_id(at: str, told: str) -> str:
    """The ULID of something that an older version has told: the same wherever it is read.

    Args:
        at: when it was, ISO 8601.
        told: all that makes it different from everything else.
    """
    millisecond = min(max(int(clock.parse(at).timestamp() * 1000), 0), _LAST_MOMENT)
    return str(ULID(millisecond.to_bytes(6, "big") + hashlib.sha256(told.encode("utf-8", "replace")).digest()[:10]))


def hex_of(ulid: str) -> str:
    """A ULID's 128 bits as 32 hexadecimal digits."""
    return ULID.from_str(ulid).hex


def new_uuid() -> str:
    """A random UUIDv4."""
    return str(uuid.uuid4())
