"""What one run of a command imports and which git processes it starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_RUN = """
import json, sys
out, sys.argv = sys.argv[1], ["spec-kitty", *sys.argv[2:]]
from specify_cli.__main__ import main
code = main()
with open(out, "w") as sink:
    json.dump({"code": code, "modules": sorted(sys.modules)}, sink)
"""

_GIT = """#!/bin/sh
printf '%s\\n' "$*" >> '{log}'
exec '{git}' "$@"
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen.

    Args:
        code: exit code.
        modules: names of all modules that were loaded.
        git: the arguments of each git process, in order; git's own children are not counted.
        said: what the command printed, for the message of a failing test.
    """

    code: int
    modules: frozenset[str]
    git: tuple[str, ...]
    said: str

    def loaded(self, *libraries: str) -> list[str]:
        """Which of some libraries (or parts of one) were loaded."""
        return [one for one in libraries if any(name == one or name.startswith(f"{one}.") for name in self.modules)]


def watch(*words: str, cwd: Path, scratch: Path) -> Seen:
    """Run a command in a process of its own and watch it.

    Args:
        words: the words after `spec-kitty`.
        cwd: where to stand.
        scratch: a folder for the watching, outside the project.
    """
    folder = scratch / "probe"
    folder.mkdir(exist_ok=True)
    log, out = folder / "git.log", folder / "modules.json"
    log.write_text("", encoding="utf-8")
    real = shutil.which("git")
    shim = folder / "git"
    shim.write_text(_GIT.format(log=log, git=real), encoding="utf-8")
    shim.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(out), *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    if not out.exists():
        raise AssertionError(done.stderr)
    seen = json.loads(out.read_text(encoding="utf-8"))
    commands = tuple(log.read_text(encoding="utf-8").splitlines())
    return Seen(seen["code"], frozenset(seen["modules"]), commands, done.stdout + done.stderr)
