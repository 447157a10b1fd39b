"""Programs that are called like a coding agent's, and run what they are told to in a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from specify_cli.core.agent_programs import PROCESS_VARIABLE
from tests.support.cli import SCRIPT

_OVER = "-- over --"
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")


@dataclass
class Running:
    """Such a program, at work until it is ended."""

    handle: subprocess.Popen[str]

    def does(self, line: str) -> str:
        """Have it run a command, and give what that prints."""
        assert self.handle.stdin is not None
        assert self.handle.stdout is not None
        self.handle.stdin.write(f"{line}\necho; echo {_OVER}\n")
        self.handle.stdin.flush()
        return "".join(iter(self.handle.stdout.readline, f"{_OVER}\n"))

    def end(self) -> None:
        """End it as a crash does."""
        self.handle.kill()
        self.handle.communicate()


def start(folder: Path, name: str, cwd: Path, env: Mapping[str, str] | None = None) -> Running:
    """A program of that name.

    Args:
        folder: where it is installed.
        env: variables that it sets in its shell.
    """
    shell = shutil.which("bash") or "/bin/sh"
    path = folder / name
    folder.mkdir(exist_ok=True)
    if not path.exists():
        path.symlink_to(shell)
    known = {key: value for key, value in os.environ.items() if key != PROCESS_VARIABLE}
    known |= {"PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}", **(env or {})}
    handle = subprocess.Popen(
        [str(path)], cwd=cwd, env=known, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    return Running(handle)
