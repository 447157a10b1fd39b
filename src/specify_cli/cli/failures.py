"""What is known about a failure nobody foresaw: a file-system error that escaped, or a bug."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from specify_cli.kernel import clock, files
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.paths import KITTIFY, discover, starting_point
from specify_cli.version import VERSION

_ORDINARY = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP,
}  # fmt: skip


def of_file_system(error: OSError) -> SpecKittyError | None:
    """A full disk, a read-only place or an impossible path as the error it is; None for all else, which is a bug."""
    if error.errno not in _ORDINARY:
        return None
    name = error.filename if isinstance(error.filename, str) else None
    if name is None:
        return files.explain(error, Path("standard output"))
    return files.explain(error, Path(name).absolute())


def traceback_of(error: BaseException) -> str:
    """The traceback as Python shows it."""
    return "".join(traceback.format_exception(error)).rstrip()


def record(error: BaseException) -> Path | None:
    """Write a log of a bug and say where.

    It goes to `.kittify/runtime/` of the project one stands in, else to this clone's own state in the git folder;
    None where there is neither, or neither can be written: then nothing is written at all.
    """
    with suppress(SpecKittyError, OSError):
        folder = _folder()
        if folder is not None:
            files.refuse_links(folder.parent.parent, folder)
            files.make_ignored(folder)
            path = folder / f"failure-{clock.now():%Y%m%dT%H%M%S}-{os.getpid()}.log"
            files.atomic_write(path, _report(error))
            return path
    return None


def _folder() -> Path | None:
    repository = discover(starting_point())
    for checkout in (repository.checkout, repository.root):
        if (checkout / KITTIFY).is_dir():
            return checkout / KITTIFY / "runtime"
    return repository.state / "runtime" if repository.has_git else None


def _report(error: BaseException) -> str:
    facts = [
        f"spec-kitty {VERSION}, Python {sys.version.split()[0]}, {sys.platform}",
        f"at {clock.stamp()} in {Path.cwd()}",
        f"command: {' '.join(sys.argv[1:])}",
    ]
    return "\n".join([*facts, "", traceback_of(error), ""])
