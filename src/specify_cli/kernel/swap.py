"""Many files at once: all of them are written beside, made durable together, and then take their places one by one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from specify_cli.kernel import files, system
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused


def write_beside(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file that waits to take another's place: not durable before `flush`.

    Args:
        path: the new file; missing folders are made, for the user alone.
        mode: its permissions; without them, the umask's.
    """
    files.make_private(path.parent)
    try:
        handle = system.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, follow=False)
        with os.fdopen(handle, "wb") as sink:
            sink.write(data)
            if mode is not None:
                system.set_mode(sink.fileno(), path, mode)
            sink.flush()
            system.sync_later(sink.fileno())
    except OSError as error:
        raise files.explain(error, path) from error


def mode_of(path: Path) -> int | None:
    """A file's permissions; None where there is none."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def flush() -> None:
    """Have everything that was written so far reach the disk."""
    system.sync_all()


def take_place(waiting: Path, path: Path) -> None:
    """Put a file that waited in the place of another, as a whole; never through a symbolic link.

    The name is durable after `flush`: until then a crash leaves the old file, and the new one waiting.

    Raises:
        Refused: `SYMLINK_REFUSED`, `STATE_READ_ONLY`.
        Unavailable: the disk is full, or failed.
    """
    files.make_folder(path.parent)
    if path.is_symlink():
        message = f"{path} is a symbolic link and is not written through"
        raise Refused(message, "SYMLINK_REFUSED", hint=command("rm", path))
    try:
        system.replace(waiting, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise files.explain(error, path) from error
        files.atomic_write(path, files.read_bytes(waiting) or b"")
        files.remove(waiting)
