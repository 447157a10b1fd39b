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
print(os.waitstatus_to_exitcode(status), used.ru_maxrss, file=sys.__stderr__)
"""


def peak_memory(argv: Sequence[str], *, cwd: Path) -> tuple[int, float]:
    """Run a program and give its exit code and the most memory it held at once, in MiB.

    Args:
        argv: the program by its path, and its words; what it says goes nowhere.
        cwd: where to stand.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", _WATCH, *argv],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    code, most = done.stderr.split()[-2:]
    return int(code), int(most) / (1024 * 1024 if sys.platform == "darwin" else 1024)
