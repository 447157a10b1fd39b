"""What a program takes at most."""

from __future__ import annotations

import json
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


# Starting Python is most of what a command costs: this one has started, and each command is a fork of it.
_SERVE = """
import json, os, signal, sys, time
from specify_cli import __main__ as program
from specify_cli.cli import app, commands
for line in os.fdopen(os.dup(0)):
    words, folder, seconds = json.loads(line)
    child = os.fork()
    if not child:
        code = 70
        try:
            os.chdir(folder)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nowhere, stream)
            sys.argv = ["spec-kitty", *words]
            code = program.main()
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    while not (done := os.wait4(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    _, status, used = done
    print(os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime, flush=True)
"""


class Commands:
    """Runs commands one after another, in far less time than it takes to start each; to be closed."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def cost(self, words: Sequence[str], *, cwd: Path, timeout: float = 60.0) -> tuple[int, float, float]:
        """As `cost`, of `spec-kitty`; one that does not end is killed, and its exit code negative."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([list(words), str(cwd), timeout]) + "\n")
        self._server.stdin.flush()
        code, most, seconds = self._server.stdout.readline().split()
        return int(code), int(most) / (1024 * 1024 if sys.platform == "darwin" else 1024), float(seconds)

    def close(self) -> None:
        """End it."""
        self._server.communicate()
