"""Digests of files; apart, because the library costs more than all else a reading command imports."""

from __future__ import annotations

import hashlib


def sha256(data: bytes) -> str:
    """Hex digest of some bytes."""
    return hashlib.sha256(data).hexdigest()
