"""Operating-system locks, released by the kernel when a process dies; the only importer of filelock."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from specify_cli.kernel import clock, files, lazy
from specify_cli.kernel.errors import Conflict


@contextmanager
def held(path: Path, *, timeout: float = 10.0, doing: str = "") -> Iterator[None]:
    """Hold a lock for the length of the block; the same process may take it again inside.

    Args:
        path: the lock file; its folder is made.
        timeout: seconds to wait for somebody else.
        doing: what the holder does, told to those who wait in vain.

    Raises:
        Conflict: `LOCKED`, naming the holder.
    """
    files.make_private(path.parent)
    try:
        # The patience is that of each call: a lock that is taken again inside must be made with equal settings.
        lock = FileLock(path, mode=0o600, is_singleton=True, fallback_to_soft=False, poll_interval=0.005)
        lock.acquire(timeout=timeout)
    except Timeout as error:
        raise _locked(path, timeout) from error
    except OSError as error:
        raise files.explain(error, path) from error
    try:
        if lock.lock_counter == 1:
            _sign(path, doing)
        yield
    finally:
        lock.release()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder itself for the length of the block: for those who may leave nothing behind.

    Where folders cannot be held (Windows, some network drives) nobody waits.
    """
    handle = None
    with suppress(OSError, ImportError):
        handle = os.open(folder, os.O_RDONLY)
        lazy.load("fcntl:flock")(handle, lazy.load("fcntl:LOCK_EX"))
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _sign(path: Path, doing: str) -> None:
    holder = {"pid": os.getpid(), "command": doing or " ".join(sys.argv[:4]), "since": clock.stamp()}
    files.scribble(path.with_suffix(".holder"), json.dumps(holder))


def _locked(path: Path, timeout: float) -> Conflict:
    try:
        holder = json.loads(path.with_suffix(".holder").read_text(encoding="utf-8"))
        who = f"pid {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        holder, who = {}, "another process"
    return Conflict(
        f"{path.stem} is locked by {who}; waited {timeout:g} s; run it again in a moment",
        "LOCKED",
        details={"holder": holder, "retryable": True},
    )
