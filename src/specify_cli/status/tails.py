"""The end of a log after a crash: a last line that was torn off is set aside, so that the next one stands alone."""

from __future__ import annotations

from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.text import digest
from specify_cli.status import lines
from specify_cli.status.problems import TORN, Problem, Severity

_BLOCK = 1 << 16


def mend(path: Path, quarantine: Path, stem: str) -> tuple[bytes, tuple[Problem, ...]]:
    """Make the end of a log ready for the next line.

    A last line without its newline is either whole, and gets it, or was torn off by a crash, and goes to quarantine.

    Args:
        path: the log; the caller holds its lock.
        quarantine: the folder for what is set aside.
        stem: how its name begins there.

    Returns:
        What to write before the next line, and what was set aside.
    """
    tail, start = _tail(path)
    if not tail:
        return b"", ()
    if len(tail) > lines.LIMIT or lines.parse_line(tail) is not None:
        return b"\n", ()
    files.make_private(quarantine)
    kept = quarantine / f"{stem}-{start}-{digest(tail)}"
    files.atomic_write(kept, tail)
    files.truncate(path, start)
    message = f"the last line was torn off; it was set aside as {kept}"
    return b"", (Problem(Severity.WARNING, TORN, message, str(path)),)


def _tail(path: Path) -> tuple[bytes, int]:
    """What stands after the last newline, and where it begins; at most a little more than a line may have."""
    tail = b""
    try:
        with files.open_regular(path) as source:
            start = source.seek(0, 2)
            while start > 0 and len(tail) <= lines.LIMIT:
                size = min(_BLOCK, start)
                source.seek(start - size)
                block = source.read(size)
                cut = block.rfind(b"\n")
                tail = block[cut + 1 :] + tail
                if cut >= 0:
                    return tail, start - size + cut + 1
                start -= size
    except OSError as error:
        raise files.explain(error, path) from error
    return tail, start
