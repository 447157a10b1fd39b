"""Programs that meet a full disk or a read-only folder, for real: also where the tests are run by root."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.cli import Result

_DROP_FROM_BOUNDING_SET = 24  # prctl
_WRITE_ANYWHERE, _READ_ANYWHERE = 1, 2  # capabilities that make root deaf to permissions


def run_limited(
    *words: str, cwd: Path, room: int | None = None, mortal: bool = False, env: dict[str, str] | None = None
) -> Result:
    """Run a command in a process of its own.

    Args:
        words: the words after `spec-kitty`.
        cwd: where to stand.
        room: no file may grow beyond this many bytes, as on a full disk.
        mortal: permissions count for root too.
        env: variables added to the environment of the test.
    """
    done = run_python("import sys; from specify_cli.__main__ import main; sys.exit(main())", *words, cwd=cwd, room=room,
                      mortal=mortal, env=env)  # fmt: skip
    return Result(words, done.returncode, done.stdout, done.stderr)


def run_python(
    source: str,
    *words: str,
    cwd: Path,
    room: int | None = None,
    mortal: bool = False,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run some Python under the same limits; `words` are its `sys.argv[1:]`."""
    # What measures coverage writes files of its own, which must not meet the limits.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return subprocess.run(
        [sys.executable, "-c", source, *words],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **(env or {})},
        preexec_fn=_limits(room, mortal),
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


def _limits(room: int | None, mortal: bool) -> Callable[[], None]:
    def apply() -> None:
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        if mortal and os.geteuid() == 0:
            system = ctypes.CDLL(None)
            for power in (_WRITE_ANYWHERE, _READ_ANYWHERE):
                system.prctl(_DROP_FROM_BOUNDING_SET, power, 0, 0, 0)

    return apply
