"""A command that is killed: right before or right after a git process or a write of its own, at a chosen one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# What is read from standard input is read whole first: a surviving git has all it was told.
_SHIM = """#!/bin/sh
printf '%s\\n' "$*" >> '{folder}/log'
case "$*" in "$KILL_MATCH"*) ;; *) exec '{git}' "$@" ;; esac
n=$(($(cat '{folder}/count') + 1))
echo "$n" > '{folder}/count'
[ "$n" = "$KILL_AT" ] || exec '{git}' "$@"
cat > '{folder}/input'
case "$KILL_HOW" in
    before) kill -9 "$PPID"; exit 1 ;;
    after) '{git}' "$@" < '{folder}/input' > /dev/null 2>&1; kill -9 "$PPID" ;;
    orphan) kill -9 "$PPID"; sleep 0.3; '{git}' "$@" < '{folder}/input' > /dev/null 2>&1 ;;
esac
echo done > '{folder}/ended'
"""

# Every write of ours is made durable by fsync, and most are put in place by replace or end with unlink.
_DRIVER = """
import os, signal, sys
at, how = int(sys.argv[1]), sys.argv[2]
sys.argv = ["spec-kitty", *sys.argv[4:]]
count = 0
def guarded(real):
    def wrapper(*args, **more):
        global count
        count += 1
        mine = count
        if mine == at and how == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return real(*args, **more)
        finally:
            if mine == at and how == "after":
                os.kill(os.getpid(), signal.SIGKILL)
    return wrapper
log = sys.argv[0] and open(sys.orig_argv[5], "w")
for name in ("fsync", "replace", "unlink"):
    setattr(os, name, guarded(getattr(os, name)))
from specify_cli.__main__ import main
code = main()
log.write(str(count))
log.close()
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """How a run ended.

    Args:
        happened: whether it was killed; if not, there is no such git process or write.
        git: the arguments of the git processes it started.
    """

    happened: bool
    git: tuple[str, ...]
    said: str


def at_git(number: int, how: str, *words: str, cwd: Path, scratch: Path, matching: str = "") -> Killed:
    """Run a command and kill it at its n-th git process.

    Args:
        number: from 1; 0 kills never.
        how: `before` the process runs, `after` it ran, or `orphan`: the command dies and git goes on.
        scratch: a folder outside the project.
        matching: count only processes whose arguments begin like this.
    """
    folder = scratch / "kill"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shim = folder / "git"
    shim.write_text(_SHIM.format(folder=folder, git=shutil.which("git")), encoding="utf-8")
    shim.chmod(0o755)
    (folder / "count").write_text("0", encoding="utf-8")
    (folder / "log").touch()
    env = {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "KILL_AT": str(number),
        "KILL_HOW": how,
        "KILL_MATCH": matching,
    }
    done = _run([sys.executable, "-m", "specify_cli", *words], cwd, env, folder)
    return Killed(done[0] == -9, tuple((folder / "log").read_text(encoding="utf-8").splitlines()), done[1])


def survivor_ended(scratch: Path) -> bool:
    """Whether the git process that outlived its command has ended."""
    return (scratch / "kill" / "ended").exists()


def at_write(number: int, how: str, *words: str, cwd: Path, scratch: Path) -> Killed:
    """Run a command and kill it `before` or `after` its n-th fsync, rename or removal."""
    folder = scratch / "kill"
    folder.mkdir(exist_ok=True)
    argv = [sys.executable, "-c", _DRIVER, str(number), how, str(folder / "writes"), *words]
    code, said = _run(argv, cwd, dict(os.environ), folder)
    return Killed(code == -9, (), said)


def _run(argv: list[str], cwd: Path, env: dict[str, str], folder: Path) -> tuple[int, str]:
    # Into a file: a pipe would be held open by the git that survives.
    with (folder / "said").open("w+b") as sink:
        done = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, check=False)
        sink.seek(0)
        return done.returncode, sink.read().decode("utf-8", "replace")
