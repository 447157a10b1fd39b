"""The only door to other programs: never a shell, always a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from specify_cli.kernel import files, system
from specify_cli.kernel.errors import Unavailable
from specify_cli.kernel.text import encoded, usable_word
from specify_cli.kernel.values import frozen

_GRACE = 2.0  # seconds in which a program that is asked to end takes its things away


@frozen
class Completed:
    """What a finished program said. `out` and `err` are UTF-8 with surrogateescape."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The output worth showing to a person: stderr, else stdout."""
        return (self.err or self.out).strip()


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | bytes | None = None,
    timeout: float = 60.0,
) -> Completed:
    """Run a program to its end.

    Args:
        argv: program and arguments.
        cwd: folder to run in.
        env: the whole environment; None inherits ours.
        input: text for its standard input; None gives it an empty one.
        timeout: seconds.

    Raises:
        Unavailable: the program is missing (`PROGRAM_MISSING`), cannot be run (`PROGRAM_UNUSABLE`) or took too long
            (`TIMEOUT`); the folder is missing (`FOLDER_MISSING`).
    """
    data = encoded(input) if isinstance(input, str) else input or b""
    words = [usable_word(word) for word in argv]
    try:
        with subprocess.Popen(
            words, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as handle:
            try:
                out, err = handle.communicate(data, timeout)
            except BaseException:
                _end(handle)
                raise
    except OSError as error:
        raise _not_started(argv, cwd, error) from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{' '.join(argv[:3])} took longer than {timeout:g} s", "TIMEOUT") from error
    return Completed(tuple(argv), handle.returncode, _text(out), _text(err))


def _end(handle: subprocess.Popen[bytes]) -> None:
    """Have a program end, and what it started: asked first, for git takes its locks away then."""
    for pid in [*_started_by(handle.pid), handle.pid]:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    try:
        handle.wait(_GRACE)
    except subprocess.TimeoutExpired:
        handle.kill()


def _started_by(pid: int) -> list[int]:
    """The processes below one, as far as Linux tells."""
    try:
        told = files.read_text(Path(f"/proc/{pid}/task/{pid}/children")) or ""
    except Unavailable:
        return []
    return [each for child in map(int, told.split()) for each in (child, *_started_by(child))]


@dataclass(slots=True)
class Running:
    """A program at work in the background, in a session of its own; its output goes to a file."""

    argv: tuple[str, ...]
    handle: subprocess.Popen[bytes]

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.handle.poll()

    def wait(self, timeout: float) -> int:
        """Wait for its end; killed and reported as -9 after `timeout` seconds. What it started ends with it.

        So does it end with us, be it by Ctrl-C, a termination or a terminal that is closed: it has a session of its
        own, which none of these reaches, and a command is unwound by them (`system.ended_in_order`).
        """
        try:
            return self.handle.wait(timeout)
        except subprocess.TimeoutExpired:
            return -9
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, and what it started."""
        if (words := system.end_group(self.handle.pid)) and self.handle.poll() is None:
            with suppress(OSError):
                subprocess.run(words, capture_output=True, check=False)
            self.handle.kill()
        self.handle.wait()


def start(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None, output: Path) -> Running:
    """Start a program in the background, its output appended to a file; no terminal can be asked by it.

    Raises:
        Unavailable: the program or the folder is missing, or it cannot be run.
    """
    with output.open("ab") as sink:
        try:
            handle = subprocess.Popen(
                [usable_word(word) for word in argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sink,
                stderr=subprocess.STDOUT, **system.APART,
            )  # fmt: skip
        except OSError as error:
            raise _not_started(argv, cwd, error) from error
    return Running(tuple(argv), handle)


def is_running(pid: int) -> bool:
    """Whether a process of ours is at work; one that has ended and that nobody has asked about yet is not."""
    if not system.exists(pid):
        return False
    try:
        told = files.read_text(Path(f"/proc/{pid}/stat")) or ""
    except Unavailable:
        return True
    return told.rpartition(")")[2].split()[:1] != ["Z"]


def environment(**changes: str | None) -> dict[str, str]:
    """A copy of this process's environment with some variables set, or removed where the value is None."""
    env = dict(os.environ)
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def _not_started(argv: Sequence[str], cwd: Path | None, error: OSError) -> Unavailable:
    if cwd is not None and not cwd.is_dir():
        return Unavailable(f"the folder {cwd} does not exist", "FOLDER_MISSING")
    if isinstance(error, FileNotFoundError):
        return Unavailable(f"{argv[0]} is not installed or not on PATH: install it", "PROGRAM_MISSING")
    return Unavailable(f"{argv[0]} cannot be run: {error.strerror}", "PROGRAM_UNUSABLE")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
