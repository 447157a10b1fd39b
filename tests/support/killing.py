"""A command that is killed right before or right after one of its points: a git process, or a write of its own."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specify_cli.cli import app
from specify_cli.kernel import process

# Of the points of a merge one in so many is tried outside a full soak, and each kind of point once.
EVERY = 100

GIT = "git "
WRITE = "write "
LAG = 0.3  # seconds that a git which outlives its command sleeps first: the next command comes before it
_PATIENCE = 20.0  # seconds
# What may differ between two runs of one command, in its arguments and in the names of its files.
_VARIES = re.compile(r"[0-9a-f]{40}|\b[0-9A-Z]{26}\b|\b[0-9]+-[0-9]+\.tmp|\.[0-9]+\.index|lane-[a-z]\b")
# Every write of ours goes through one of these.
_WRITES = ("open", "mkdir", "write", "fsync", "replace", "rename", "unlink", "rmdir", "ftruncate")
# Ready before the command is forked, so that a run costs its own work and not the start of Python.
_AHEAD = [
    "specify_cli.cli.app",
    "specify_cli.cli.commands.merge",
    "specify_cli.cli.commands.upgrade",
    "specify_cli.merge.settling",
]


@dataclass(frozen=True, slots=True)
class Point:
    """One place where a command can be killed.

    Args:
        number: from 1.
        kind: `git …` with the verb and what does not change between runs, or an operation on a file and its name.
    """

    number: int
    kind: str

    @property
    def hows(self) -> tuple[str, ...]:
        """The ways to be killed here."""
        if self.kind.startswith(GIT):
            return ("before", "after", "survivor")
        return ("before", "after", "torn") if self.kind.startswith(WRITE) else ("before", "after")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Args:
        killed: whether it was; if not, there is no such point.
        points: those that it came to, the fatal one included.
    """

    killed: bool
    code: int | None
    points: tuple[Point, ...]
    said: str


def run(*words: str, cwd: Path, scratch: Path, at: int = 0, how: str = "before", matching: str = "") -> Ended:
    """Run a command in a process of its own and kill it at its n-th point.

    Args:
        words: the words after `spec-kitty`.
        scratch: a folder outside the project.
        at: from 1; 0 kills never.
        how: `before` the point; `after` it; `survivor`: the command dies and its git runs a moment later; `torn`: half
            of what is written is there.
        matching: count only points whose kind begins like this.
    """
    folder = scratch / "kill"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(_AHEAD)
    order = {"at": at, "how": how, "matching": matching, "cwd": str(cwd), "folder": str(folder)}
    child = server.Process(target=_command, args=(order, list(words), dict(os.environ)))
    child.start()
    child.join()
    points = (folder / "points").read_text(encoding="utf-8").splitlines()
    said = (folder / "said").read_text(encoding="utf-8", errors="replace")
    code, found = child.exitcode, tuple(Point(number, kind) for number, kind in enumerate(points, 1))
    child.close()
    return Ended(code == -signal.SIGKILL, code, found, said)


def wait_for_survivor(scratch: Path) -> None:
    """Wait for the git process that outlived its command."""
    deadline = time.monotonic() + _PATIENCE
    while not (scratch / "kill" / "ended").exists():
        assert time.monotonic() < deadline, "the git process that outlived its command does not end"
        time.sleep(0.01)


def _command(order: dict[str, Any], words: list[str], env: dict[str, str]) -> None:
    folder = Path(order["folder"])
    os.environ.clear()
    os.environ.update(env)
    os.chdir(order["cwd"])
    for number in (1, 2):
        os.dup2(os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    _Trap(order["at"], order["how"], order["matching"], folder).set()
    code = app.run(words)
    sys.stdout.flush()
    os._exit(code)


class _Trap:
    """Counts the points of this process and kills it at one of them."""

    def __init__(self, at: int, how: str, matching: str, folder: Path) -> None:
        self._at, self._how, self._matching, self._folder = at, how, matching, folder
        self._count = 0
        self._open, self._write = os.open, os.write
        self._log = os.open(folder / "points", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def set(self) -> None:
        process.run = self._git(process.run)
        for name in _WRITES:
            setattr(os, name, self._guarded(name, getattr(os, name)))

    def _reached(self, kind: str) -> bool:
        """Count a point; whether it is the fatal one."""
        self._write(self._log, f"{_VARIES.sub('*', kind)}\n".encode())
        self._count += kind.startswith(self._matching)
        return bool(self._at) and self._count == self._at and kind.startswith(self._matching)

    def _guarded(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **more: Any) -> Any:
            where = self._where(name, args)
            if where is None or not self._reached(f"{name} {where}"):
                return real(*args, **more)
            try:
                if self._how == "torn":
                    real(args[0], args[1][: len(args[1]) // 2])
                elif self._how == "after":
                    real(*args, **more)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)

        return operation

    def _where(self, name: str, args: Sequence[Any]) -> str | None:
        """What is written to, for the eye; None for what is no write of the tool's: locks, and reading."""
        if name == "open" and not args[1] & os.O_CREAT:
            return None
        path = Path(f"/proc/self/fd/{args[0]}").readlink() if isinstance(args[0], int) else Path(args[0])
        if path.suffix in (".lock", ".holder") or not path.is_absolute() or path.is_relative_to("/dev"):
            return None
        if name in ("replace", "rename"):
            path = Path(os.fspath(args[1]))
        return "/".join(path.parts[-2:])

    def _git(self, real: Callable[..., process.Completed]) -> Callable[..., process.Completed]:
        def started(argv: Sequence[str], **more: Any) -> process.Completed:
            if not self._reached(" ".join(_stable(argv))):
                return real(argv, **more)
            if self._how == "after":
                real(argv, **more)
            elif self._how == "survivor":
                self._leave_behind(argv, **more)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        return started

    def _leave_behind(self, argv: Sequence[str], **more: Any) -> None:
        given = self._folder / "given"
        data = more.get("input") or b""
        given.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
        script = f'sleep {LAG}; "$@" < "{given}" > /dev/null 2>&1; : > "{self._folder}/ended"'
        subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", *argv], cwd=more.get("cwd"), env=more.get("env"), start_new_session=True
        )


def _stable(argv: Sequence[str]) -> Iterator[str]:
    """The program, its verb and options; what names things may differ from run to run."""
    before, verb = "", False
    for word in argv:
        if not verb or word.startswith("-") or before == "-m" or word in {"remove", "add", "prune", "repair"}:
            yield word.partition("/")[0] if "attributesFile" in word else word
        verb = verb or (word != argv[0] and not word.startswith("-") and "=" not in word)
        before = word
