"""The processes that this one was started by, and whether one that was noted down has ended; told by Linux's `/proc`.

A number of a process is given again, in another container it is another process, and after a restart everything is.
So a process is noted with what tells it from every other one. Elsewhere than on Linux nothing is known here, and
nobody guesses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from specify_cli.kernel import files, system
from specify_cli.kernel.fields import TEXT, Fields, Kind, Schema
from specify_cli.kernel.values import frozen

PROC = Path("/proc")
_BOOT = PROC / "sys/kernel/random/boot_id"
_DEEPEST = 64
_ENOUGH = 8192  # bytes
# What runs the programs that are written in its language.
_INTERPRETERS = ("node", "bun", "deno", "python")
_NUMBER = Kind("a number of a process", lambda value: type(value) is int and 0 < value < 1 << 31)
_TICKS = Kind("when a process began", lambda value: type(value) is int and 0 <= value < 1 << 62)
FIELDS: Schema = {"pid": _NUMBER, "boot_id": TEXT, "pid_namespace": TEXT, "start_time": _TICKS}
PROCESS = Fields(FIELDS)


@frozen
class Process:
    """One process of one machine, told from every other.

    Args:
        boot_id: names the run of the machine's kernel.
        pid_namespace: where the number counts: the machine, or one of its containers.
        start_time: in ticks of the kernel's clock.
    """

    pid: int
    boot_id: str
    pid_namespace: str
    start_time: int

    def to_dict(self) -> dict[str, object]:
        """As a lease keeps it."""
        return {name: getattr(self, name) for name in FIELDS}

    @classmethod
    def from_dict(cls, data: object) -> Process | None:
        """As `to_dict` gave it; None where something is missing."""
        if not isinstance(data, Mapping) or not all(isinstance(data.get(name), int | str) for name in FIELDS):
            return None
        return cls(*(data[name] for name in FIELDS))

    def has_ended(self) -> bool:
        """Whether it is known to be gone: another kernel, or another container, can tell nothing of it."""
        here = _here()
        if here is None or here != (self.boot_id, self.pid_namespace):
            return False
        seen = _stat(str(self.pid))
        if seen is None:  # gone, or another user's, whose processes some systems hide
            return not system.exists(self.pid)
        return seen.start_time != self.start_time or seen.state in ("Z", "X")


@frozen
class _Stat:
    """What the kernel says of a process."""

    parent: int
    state: str
    start_time: int


def process_of(pid: int) -> Process | None:
    """The process that has a number now; None where that cannot be told."""
    here, seen = _here(), _stat(str(pid))
    return None if here is None or seen is None else Process(pid, *here, seen.start_time)


def ancestors() -> Iterator[tuple[int, str]]:
    """The number and the name of each process above this one, the nearest first; none where that cannot be told."""
    if _here() is None:
        return
    seen = _stat("self")
    for _ in range(_DEEPEST):
        if seen is None or seen.parent <= 0:
            return
        pid = seen.parent
        yield pid, _name(pid)
        seen = _stat(str(pid))


def _here() -> tuple[str, str] | None:
    """This run of the kernel and this namespace of numbers; None where `/proc` does not count as we do."""
    try:
        if str((PROC / "self").readlink()) != str(os.getpid()):
            return None  # it was mounted for another container
        namespace = str((PROC / "self/ns/pid").readlink())
    except (OSError, NotImplementedError):
        return None
    boot = (_read(_BOOT) or "").strip()
    return (boot, namespace) if boot else None


def _stat(which: str) -> _Stat | None:
    # The name stands in brackets, and may hold brackets and blanks itself.
    told = (_read(PROC / which / "stat") or "").rpartition(")")[2].split()
    try:
        return _Stat(int(told[1]), told[0], int(told[19]))
    except (IndexError, ValueError):
        return None


def _name(pid: int) -> str:
    """The program of a process; for one that an interpreter runs, the file that is run. Empty where it is not told."""
    words = (_read(PROC / str(pid) / "cmdline") or "").split("\0")
    name = _plain(words[0])
    if name.startswith(_INTERPRETERS):
        return next((_plain(word) for word in words[1:] if word and not word.startswith("-")), name)
    return name


def _plain(word: str) -> str:
    """A program's name without folder and ending; a process that names itself pads its name with blanks."""
    return word.strip().rpartition("/")[2].removesuffix(".js").removesuffix(".exe")


def _read(path: Path) -> str | None:
    """The beginning of a file of the kernel's, which holds all that is asked for here."""
    try:
        with files.open_regular(path) as source:
            return files.decode(source.read(_ENOUGH))
    except OSError:
        return None
