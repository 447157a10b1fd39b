"""Programs that meet a full disk or a read-only folder, for real: also where the tests are run by root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT, Result

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
# A folder is shown read-only, as in a sandbox or on a mounted image; other processes see it as it is.
_SEALED = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$2" && shift 2 && exec "$@"'
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


def run_sealed(folder: Path, *words: str, cwd: Path, env: Mapping[str, str] | None = None) -> Result:
    """Run the installed command in a process of its own, which sees a folder on a read-only mount."""
    done = _sealed(folder, str(SCRIPT), *words, cwd=cwd, env=env)
    return Result(words, done.returncode, done.stdout, done.stderr)


def skip_unless_sealable(folder: Path) -> None:
    """Skip the test where this system lets nobody mount."""
    if shutil.which("unshare") is None or _sealed(folder, "true", cwd=folder).returncode != 0:
        pytest.skip("this system lets nobody mount")


def _sealed(
    folder: Path, *argv: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    root = () if os.geteuid() == 0 else ("--map-root-user",)
    words = ["unshare", *root, "--mount", "sh", "-c", _SEALED, "sh", str(folder), str(cwd), *argv]
    return subprocess.run(words, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
