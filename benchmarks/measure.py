"""Measure what a command costs: processor time of the whole process tree, which a busy machine distorts least."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
SCRIPT = str(Path(sys.executable).parent / "spec-kitty")
RUNS = 15


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took.

    Args:
        cpu: seconds of processor time, user and system, of the process and its children.
        code: its exit code.
        memory: the most it held at once, in MiB.
    """

    cpu: float
    code: int
    memory: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report.

    Args:
        work: what was measured.
        value: the measure.
        bar: what it may be at most.
        unit: how both are shown: `x` a ratio, `s` seconds, `MiB`.
        note: what the measure is made of.
    """

    work: str
    value: float
    bar: float
    unit: str
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the bar is held."""
        return self.value <= self.bar


def cost(argv: Sequence[str], cwd: Path) -> Cost:
    """Run a program once, unheard."""
    with subprocess.Popen(
        argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(used.ru_utime + used.ru_stime, process.returncode, _mebibytes(used))


def median(argv_of: Callable[[int], Sequence[str]], cwd_of: Callable[[int], Path], runs: int = RUNS) -> float:
    """The median processor time of some runs; the first, which warms the caches, is not counted.

    Args:
        argv_of: the command line of a run, by its number.
        cwd_of: where it runs.
        runs: how many count.

    Raises:
        RuntimeError: a run failed; a failing command is fast and proves nothing.
    """
    taken = []
    for number in range(runs + 1):
        argv = argv_of(number)
        done = cost(argv, cwd_of(number))
        if done.code != 0:
            raise RuntimeError(f"exit code {done.code}: {' '.join(argv)}")
        taken.append(done.cpu)
    return statistics.median(taken[1:])


def _mebibytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
