"""Install the coding agents that `tests/agents` runs: `make agents`.

The versions are those of tests/agents/package-lock.json; with `--newest` they are the newest that npm has. They go into
the folder that SPEC_KITTY_AGENTS names, else into `~/.cache/spec-kitty-agents`, never into the tree.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

LOCKED = Path(__file__).parent.parent / "tests" / "agents"
FILES = ("package.json", "package-lock.json")


def cache() -> Path:
    """The folder that the programs are installed in; may be missing."""
    named = os.environ.get("SPEC_KITTY_AGENTS")
    if named:
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spec-kitty-agents"


FOLDER = cache()


def main() -> int:
    """Install what is missing."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is needed to install the agents' programs, and is not on PATH", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    if "--newest" in sys.argv[1:]:
        return _install_newest(npm)
    if all(_same(LOCKED / name, FOLDER / name) for name in FILES) and (FOLDER / "node_modules").is_dir():
        return 0
    for name in FILES:
        shutil.copy(LOCKED / name, FOLDER)
    return _npm(npm, "ci")


def _install_newest(npm: str) -> int:
    declared = json.loads((LOCKED / "package.json").read_text(encoding="utf-8"))
    shutil.copy(LOCKED / "package.json", FOLDER)
    return _npm(npm, "install", *(f"{name}@latest" for name in declared["dependencies"]))


def _npm(npm: str, *arguments: str) -> int:
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    code = subprocess.run([npm, *arguments, *quiet], cwd=FOLDER, check=False).returncode
    if code:
        (FOLDER / "package-lock.json").unlink(missing_ok=True)  # so that the next run tries again
    return code


def _same(one: Path, two: Path) -> bool:
    return two.exists() and one.read_bytes() == two.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
