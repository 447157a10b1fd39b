"""What a program takes at most."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# A small process stands between: what is told of a child counts the process that started it too.
_WATCH = """
import os, resource, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.__stderr__)
"""


def peak_memory(argv: Sequence[str], *, cwd: Path) -> tuple[int, float]:
    """Run a program and give its exit code and the most memory it held at once, in MiB; arguments as of `cost`."""
    code, memory, _ = cost(argv, cwd=cwd)
    return code, memory


def cost(argv: Sequence[str], *, cwd: Path, timeout: float = 60.0) -> tuple[int, float, float]:
    """Run a program and give its exit code, the most memory it held at once in MiB, and the seconds it computed.

    Args:
        argv: the program by its path, and its words; what it says goes nowhere.
        cwd: where to stand.
        timeout: seconds.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", _WATCH, *argv],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        timeout=timeout,
    )
    code, most, seconds = done.stderr.split()[-3:]
    return int(code), int(most) / (1024 * 1024 if sys.platform == "darwin" else 1024), float(seconds)
