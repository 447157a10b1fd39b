"""What operating systems do not share: the only module that names what one of them lacks, which is mostly Windows.

Everything is looked up by its name, so that each part has a way for systems that have no such name; tests hide the
names and run the same commands.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from specify_cli.kernel import lazy


def _flags(*names: str) -> int:
    """Flags of `os.open`, without those that the system lacks."""
    return sum(int(getattr(os, f"O_{name}", 0)) for name in names)


# Without these two, opening a pipe waits for its other end, and lines end as Windows ends them.
_NO_WAIT = _flags("NONBLOCK")
_AT_ONCE = _NO_WAIT | _flags("CLOEXEC")
_AS_IT_IS = _flags("BINARY", "NOINHERIT")
_NO_FOLLOW = _flags("NOFOLLOW")
_fchmod: Callable[[int, int], None] | None = getattr(os, "fchmod", None)
_sync: Callable[[], None] | None = getattr(os, "sync", None)
_uname: Callable[[], Any] | None = getattr(os, "uname", None)
_killpg: Callable[[int, int], None] | None = getattr(os, "killpg", None)
_SIGKILL: int | None = getattr(signal, "SIGKILL", None)

# How a program ends that wrote a larger file than it may.
FILE_TOO_LARGE: int | None = getattr(signal, "SIGXFSZ", None)
# By which a process is asked to end: `kill`, and a terminal that is closed.
ENDING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
# How to start a program so that what ends us at the terminal does not reach it: see `subprocess.Popen`.
APART: dict[str, Any] = {"start_new_session": True} if _killpg else {}
if os.name == "nt":
    APART = {"creationflags": 0x00000200}  # CREATE_NEW_PROCESS_GROUP
# The longest path that every program of a system takes; None where that is no matter.
LONGEST_PATH: int | None = None if _uname else 259
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in "123456789")}
_BUSY = {errno.EACCES, errno.EPERM}
_STILL_ACTIVE = 259
_PATIENCE = 50  # times


# -- files ---------------------------------------------------------------------------------------------------------


def open_file(path: Path, flags: int, mode: int = 0o666, *, follow: bool = True) -> int:
    """Open a file as it is, byte for byte, without waiting for anybody.

    Args:
        path: the file.
        flags: as for `os.open`.
        mode: permissions of a new file.
        follow: whether it may be a symbolic link.

    Raises:
        OSError: `ELOOP` where it is a link and may not be.
    """
    if not follow and not _NO_FOLLOW and path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if not _NO_WAIT:
        _require_no_wait(path)
    return os.open(path, flags | _AT_ONCE | _AS_IT_IS | (0 if follow else _NO_FOLLOW), mode)


def _require_no_wait(path: Path) -> None:
    """Refuse what opening would wait for, and a folder, which Windows reports as a lack of permission."""
    with suppress(FileNotFoundError, NotADirectoryError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if stat.S_ISFIFO(mode):
            raise OSError(errno.ENOTSUP, "a pipe is there, where a file belongs", str(path))


def set_mode(handle: int, path: Path, mode: int) -> None:
    """Give an open file its permissions; on Windows that is whether it can be written."""
    if _fchmod:
        _fchmod(handle, mode)
    else:
        path.chmod(mode)


def replace(source: Path, target: Path) -> None:
    """Put a file in the place of another, as a whole; on Windows whoever reads the other is waited for."""
    for left in range(0 if _fchmod else _PATIENCE, -1, -1):
        try:
            os.replace(source, target)
            return
        except OSError as error:
            if error.errno not in _BUSY or not left:
                raise
        lazy.load("specify_cli.kernel.clock:sleep")(0.02)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows, which opens no folders, does that by itself."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        if _fchmod:
            raise
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_later(handle: int) -> None:
    """Have an open file reach the disk by `sync_all`, or at once where a system has no such call."""
    if _sync is None:
        os.fsync(handle)


def sync_all() -> None:
    """Have everything that was written reach the disk; see `sync_later`."""
    if _sync is not None:
        _sync()


def is_reserved(name: str) -> bool:
    """Whether Windows has no file of this name, whatever its ending: `con`, `NUL.txt`."""
    return name.partition(".")[0].rstrip().lower() in _RESERVED or name != name.rstrip(". ")


# -- locks ---------------------------------------------------------------------------------------------------------


def hold_folder(handle: int) -> bool:
    """Try to hold an open folder for this process alone; False while another one holds it.

    Raises:
        OSError: folders cannot be held there.
        ImportError: nor on this system.
    """
    flock, alone = lazy.load("fcntl:flock"), lazy.load("fcntl:LOCK_EX") | lazy.load("fcntl:LOCK_NB")
    try:
        flock(handle, alone)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return False
    return True


def name_in_locks(handle: int) -> str:
    """What Linux calls an open file in `/proc/locks`."""
    node, major, minor = os.fstat(handle), getattr(os, "major", None), getattr(os, "minor", None)
    return f"{major(node.st_dev):02x}:{minor(node.st_dev):02x}:{node.st_ino}" if major and minor else ""


# -- processes -----------------------------------------------------------------------------------------------------


def host() -> str:
    """The name of this machine."""
    return str(_uname().nodename) if _uname else os.environ.get("COMPUTERNAME", "localhost")


def end_group(pid: int) -> list[str]:
    """End a program that was started `APART`, and what it started.

    Returns:
        The command that does it where the system has no call for that.
    """
    if not _killpg or _SIGKILL is None:
        return ["taskkill", "/T", "/F", "/PID", str(pid)]
    with suppress(ProcessLookupError, PermissionError):
        _killpg(pid, _SIGKILL)
    return []


def exists(pid: int) -> bool:
    """Whether a process of ours, or of anybody, has this number."""
    if _killpg is None and (windows := lazy.load("ctypes:__dict__").get("windll")):
        return _exists_on_windows(pid, windows.kernel32)
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # another user's
    except OSError:
        return False
    return True


def _exists_on_windows(pid: int, kernel: Any) -> bool:
    # `os.kill` would end it.
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = lazy.load("ctypes:c_ulong")()
    told = kernel.GetExitCodeProcess(handle, lazy.load("ctypes:byref")(code))
    kernel.CloseHandle(handle)
    return bool(told) and code.value == _STILL_ACTIVE


class Ended(SystemExit):
    """A signal asked this process to end; unwound like Ctrl-C, so that everybody cleans up."""


@contextmanager
def ended_in_order() -> Iterator[None]:
    """While the block runs, a signal that ends this process unwinds it instead: `Ended`, with the usual exit code.

    One that is ignored (`nohup`) stays so, and in a thread nothing changes.
    """
    before: dict[signal.Signals, Any] = {}
    with suppress(ValueError):
        for sign in ENDING:
            if signal.getsignal(sign) is not signal.SIG_IGN:
                before[sign] = signal.signal(sign, _unwind)
    try:
        yield
    finally:
        for sign, old in before.items():
            signal.signal(sign, old)


def _unwind(sign: int, _frame: object) -> None:
    raise Ended(128 + sign)


# -- shells --------------------------------------------------------------------------------------------------------

POSIX, POWERSHELL, CMD = "posix", "powershell", "cmd"


def shell() -> str:
    """The shell that printed commands are for: `POSIX`, and on Windows `POWERSHELL` or `CMD` where no other is seen."""
    env = os.environ
    if _uname or env.get("SHELL") or env.get("MSYSTEM"):
        return POSIX
    # PowerShell adds the user's own modules to what every program finds there.
    user = env.get("USERPROFILE", "")
    return POWERSHELL if user and user.lower() in env.get("PSModulePath", "").lower() else CMD
