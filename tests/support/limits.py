"""Programs that meet a full disk or a read-only folder, for real: also where the tests are run by root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.cli import Result

# A program of its own that puts the limits on itself and becomes the one to be limited. 24: drop from the bounding
# set; 1 and 2: the capabilities that make root deaf to permissions. They are gone after the exec.
_LIMITED = """
import ctypes, os, resource, sys
room, mortal = sys.argv[1:3]
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
if mortal and os.geteuid() == 0:
    for power in (1, 2):
        ctypes.CDLL(None).prctl(24, power, 0, 0, 0)
os.execv(sys.argv[3], sys.argv[3:])
"""
_COMMAND = "import sys; from specify_cli.__main__ import main; sys.exit(main())"


def run_limited(
    *words: str, cwd: Path, room: int | None = None, mortal: bool = False, env: Mapping[str, str] | None = None
) -> Result:
    """Run a command in a process of its own.

    Args:
        words: the words after `spec-kitty`.
        cwd: where to stand.
        room: no file may grow beyond this many bytes, as on a full disk.
        mortal: permissions count for root too.
        env: variables added to the environment of the test.
    """
    done = run_python(_COMMAND, *words, cwd=cwd, room=room, mortal=mortal, env=env)
    return Result(words, done.returncode, done.stdout, done.stderr)


def run_python(
    source: str,
    *words: str,
    cwd: Path,
    room: int | None = None,
    mortal: bool = False,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run some Python under the same limits; `words` are its `sys.argv[1:]`."""
    path = filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")))
    limits = ["" if room is None else str(room), "yes" if mortal else ""]
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LIMITED, *limits, sys.executable, "-c", source, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), **(env or {})},
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
    )
