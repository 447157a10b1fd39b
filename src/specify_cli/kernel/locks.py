"""Operating-system locks, released by the kernel when a process dies; the only importer of filelock."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from specify_cli.kernel import clock, files, system
from specify_cli.kernel.errors import Conflict, SpecKittyError
from specify_cli.kernel.notices import announce

_QUIET = 2.0  # seconds after which those who wait are told for whom
_ALONE = 120.0  # seconds to wait for a folder


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
        _acquire(lock, path, timeout)
    except Timeout as error:
        raise _locked(path.stem, *_holder(path), timeout) from error
    except OSError as error:
        raise files.explain(error, path) from error
    try:
        if lock.lock_counter == 1:
            _sign(path, doing)
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, path: Path, timeout: float) -> None:
    try:
        lock.acquire(timeout=min(timeout, _QUIET))
    except Timeout:
        if timeout <= _QUIET:
            raise
        announce(_waiting(path.stem, _holder(path)[0], timeout))
        lock.acquire(timeout=timeout - _QUIET)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder itself for the length of the block: for those who may leave nothing behind.

    Where folders cannot be held (Windows, some network drives) nobody waits.

    Raises:
        Conflict: `LOCKED`, naming the holder where the system tells.
    """
    handle = None
    try:
        with suppress(OSError, ImportError):
            handle = os.open(folder, os.O_RDONLY)
            _flock(handle, folder)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _flock(handle: int, folder: Path) -> None:
    begun, is_told = clock.monotonic(), False
    while not system.hold_folder(handle):
        waited = clock.monotonic() - begun
        if waited > _ALONE:
            raise _locked(str(folder), _holder_of_folder(handle), {}, _ALONE)
        if waited > _QUIET and not is_told:
            is_told = True
            announce(_waiting(str(folder), _holder_of_folder(handle), _ALONE))
        clock.sleep(0.02)


def _holder_of_folder(handle: int) -> str:
    """Who holds a folder, as far as Linux tells."""
    where = system.name_in_locks(handle)
    with suppress(SpecKittyError):
        for line in (files.read_text(Path("/proc/locks")) or "").splitlines():
            words = line.split()
            # What waits is listed too, behind an arrow.
            if len(words) > 5 and words[1] == "FLOCK" and words[5] == where:
                started = (files.read_text(Path(f"/proc/{words[4]}/cmdline")) or "").split("\0")[:4]
                return f"pid {words[4]} ({' '.join(started).strip()})"
    return "another process"


def _waiting(what: str, who: str, timeout: float) -> str:
    return f"waiting for {what}, which is locked by {who}: at most {timeout:g} s"


def _sign(path: Path, doing: str) -> None:
    holder = {"pid": os.getpid(), "command": doing or " ".join(sys.argv[:4]), "since": clock.stamp()}
    files.scribble(path.with_suffix(".holder"), json.dumps(holder))


def _holder(path: Path) -> tuple[str, dict[str, object]]:
    """Who holds a lock, in words and as it was noted."""
    try:
        holder = json.loads(files.read_bytes(path.with_suffix(".holder"), 65536) or b"")
        return f"pid {holder['pid']} ({holder['command']}) since {holder['since']}", holder
    except (SpecKittyError, ValueError, KeyError, TypeError):
        return "another process", {}


def _locked(what: str, who: str, holder: dict[str, object], timeout: float) -> Conflict:
    return Conflict(
        f"{what} is locked by {who}; waited {timeout:g} s; run it again in a moment",
        "LOCKED",
        details={"holder": holder, "retryable": True},
    )
