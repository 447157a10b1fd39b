"""A real terminal, and somebody who types."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping
from pathlib import Path


def at_a_terminal(
    *argv: str | Path, typed: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a program at a terminal of its own and give all that it showed.

    Args:
        typed: what waits there for whoever reads.
        cwd: folder to stand in; None stays.
        env: added to the environment of the test.
    """
    controller, terminal = pty.openpty()
    full = {**os.environ, "TERM": "xterm-256color", **(env or {})}
    with subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal, env=full, cwd=cwd) as process:
        os.close(terminal)
        os.write(controller, typed.encode())
        shown = b""
        while chunk := _read(controller):
            shown += chunk
        process.wait()
    os.close(controller)
    return shown.decode("utf-8").replace("\r\n", "\n")


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 4096)
    except OSError:
        return b""  # so Linux tells that the other end was closed
