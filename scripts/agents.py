"""Install the coding agents that `tests/agents` runs: `make agents`.

The versions are those of tests/agents/package-lock.json; with `--newest` they are the newest that npm has. They go into
the folder that SPEC_KITTY_AGENTS names, else into `~/.cache/spec-kitty-agents`, never into the tree.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LOCKED = Path(__file__).parent.parent / "tests" / "agents"
FILES = ("package.json", "package-lock.json")
# `install`, not `ci`: a registry that lacks the programs of other systems writes a lock file without them, which `ci`
# refuses. It installs what the lock file names, and without `--no-save` would write into it.
INSTALL = ("install", "--no-save")
# Asked first: without a network `install` would try for minutes before it says so.
REACH = ("view", "npm", "version", "--prefer-online", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")


def cache() -> Path:
    """The folder that the programs are installed in; may be missing."""
    named = os.environ.get("SPEC_KITTY_AGENTS")
    if named:
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spec-kitty-agents"


FOLDER = cache()
DONE = FOLDER / "node_modules" / ".package-lock.json"  # what npm writes last


def main() -> int:
    """Install what is missing."""
    is_newest = "--newest" in sys.argv[1:]
    if not is_newest and DONE.exists() and all(_same(LOCKED / name, FOLDER / name) for name in FILES):
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("npm is needed to install the agents' programs, and is not on PATH: install Node 22", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    if is_newest:
        return _install_newest(npm)
    for name in FILES:
        shutil.copy(LOCKED / name, FOLDER)
    return _npm(npm, *INSTALL)


def _install_newest(npm: str) -> int:
    declared = json.loads((LOCKED / "package.json").read_text(encoding="utf-8"))
    shutil.copy(LOCKED / "package.json", FOLDER)
    return _npm(npm, "install", *(f"{name}@latest" for name in declared["dependencies"]))


def _npm(npm: str, *arguments: str) -> int:
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    DONE.unlink(missing_ok=True)  # so that the next run tries again where this one is cut off
    done = subprocess.run([npm, *REACH, *quiet], cwd=FOLDER, capture_output=True, text=True, check=False)
    if not done.returncode:
        done = subprocess.run([npm, *arguments, *quiet], cwd=FOLDER, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        errors = re.findall(r"^npm (?:error|ERR!) (\S.*)$", done.stderr, re.MULTILINE)
        reason = ": ".join(errors[:3]) or f"exit code {done.returncode}"
        print(f"npm did not install the agents' programs into {FOLDER} ({reason})", file=sys.stderr)
    return done.returncode


def _same(one: Path, two: Path) -> bool:
    return two.exists() and one.read_bytes() == two.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
