"""The only place that opens files to read them, writes, appends and fsyncs.

What is read is a regular file no larger than a limit: a pipe, a device or a socket in its place is refused at once.

A write is whole or it did not happen: a temporary file in the same folder, fsync, then a rename. A crash in
mid-write leaves the old file and, at worst, a stray temporary one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from specify_cli.kernel import fields, system
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.links import leads_out
from specify_cli.kernel.text import encoded

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
# No document, however large the project, is larger; a log is read line by line and has no such limit.
LIMIT = 64 * 1024 * 1024


# What mends it where a sandbox keeps a path from being written: a change of its permissions does not.
CODEX_SETTINGS = ".codex/config.toml"
UNSEAL = (
    "a sandbox keeps it so. Run spec-kitty outside of the sandbox (Codex does in a project that you trust, by "
    '.codex/rules/spec-kitty.rules), or let the sandbox write there (Codex: writable_roots = ["../.git"] below '
    "[sandbox_workspace_write] in .codex/config.toml)"
)


def is_sealed(path: Path) -> bool:
    """Whether something else than permissions keeps this process from writing a file that is there; it is not changed.

    So does a sandbox, and a file system that was mounted to be read.
    """
    try:
        os.close(system.open_file(path, os.O_WRONLY))
    except OSError as error:
        return _is_sealed(error, path)
    return False


def _is_sealed(error: OSError, path: Path) -> bool:
    if error.errno == errno.EROFS:
        return True
    # Asked with `access`: in a folder that is closed pathlib's `exists` raises.
    place = path if os.access(path, os.F_OK) else path.parent
    return error.errno in _READ_ONLY and os.access(place, os.W_OK)


def explain(error: OSError, path: Path) -> Refused | Unavailable:
    """A file-system failure as an error that a person can act on."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return Unavailable(
            f"no room left to write {path}: {reason}", "DISK_FULL", hint=command("df", "-h", path.parent)
        )
    if error.errno in _READ_ONLY:
        said = f"{path} cannot be written: {reason}"
        if _is_sealed(error, path):
            return Refused(f"{said}; {UNSEAL}", "STATE_READ_ONLY", None, {"path": str(path), "edit": CODEX_SETTINGS})
        hint = command("chmod", "u+rwx", path.parent)
        if os.access(path, os.F_OK) and path.is_file() and not os.access(path, os.W_OK):
            hint = hint.then("chmod", "u+rw", path)
        return Refused(said, "STATE_READ_ONLY", hint, {"path": str(path)})
    return Unavailable(f"{path}: {reason}", "FILE_UNUSABLE", command("ls", "-ld", path), {"path": str(path)})


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read it.

    Raises:
        OSError: there is none, or a folder, a pipe, a device or a socket stands in its place. Nothing is waited for.
    """
    try:
        handle = system.open_file(path, os.O_RDONLY)
    except OSError as error:
        if path.is_socket():  # it cannot be opened at all, and the system does not say why
            raise OSError(errno.ENOTSUP, "a socket is there, where a file belongs", str(path)) from error
        raise
    try:
        _require_regular(handle, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _require_regular(handle: int, path: Path) -> None:
    mode = os.fstat(handle).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = "pipe" if stat.S_ISFIFO(mode) else "device"
        raise OSError(errno.ENOTSUP, f"a {kind} is there, where a file belongs", str(path))


def read_bytes(path: Path, most: int = LIMIT) -> bytes | None:
    """The content of a file, or None where there is none.

    Args:
        most: the largest file that is read.

    Raises:
        Refused: `FILE_TOO_LARGE`.
        Unavailable: something else stands in its place, or it cannot be read.
    """
    try:
        with open_regular(path) as source:
            # Not `most` at once: so much would be laid out for each file, however small it is.
            size = min(os.fstat(source.fileno()).st_size, most) + 1
            data = source.read(size)
            if len(data) == size:
                data += source.read(most + 1 - size)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise explain(error, path) from error
    if len(data) > most:
        raise too_large(path, most)
    return data


def too_large(what: object, most: int) -> Refused:
    """The refusal for a file, or what was handed in, that is larger than what is read."""
    size = f"{most // 2**20} MiB" if most >= 2**20 else f"{most} bytes"
    return Refused(
        f"{what} is larger than {size}, and is not read", "FILE_TOO_LARGE", details={"path": str(what), "limit": most}
    )


def decode(data: bytes) -> str:
    """Bytes of a document as text: UTF-8 (a byte-order mark dropped), any line ending read as a newline."""
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def encode(text: str) -> bytes:
    """Text as the bytes it came from; half of a character, which no file can hold, as a visible escape."""
    return encoded(text)


def read_text(path: Path) -> str | None:
    """A document as text, or None where there is none; see `decode`."""
    data = read_bytes(path)
    return None if data is None else decode(data)


def parse_json(text: str, where: str) -> dict[str, object]:
    """One JSON object.

    Raises:
        Refused: `MALFORMED_JSON`, with line and column.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise _malformed(where, line, column, reason) from error
    except RecursionError as error:
        raise _malformed(where, 1, 1, "nested too deeply") from error
    if fields.is_too_deep(value, text):
        raise _malformed(where, 1, 1, "nested too deeply")
    if not isinstance(value, dict):
        raise _malformed(where, 1, 1, "an object is expected")
    return value


def _malformed(where: str, line: int, column: int, reason: str) -> Refused:
    # Of what lies in git's own folder there is no older copy, and the tool does without it.
    is_state = any(part.endswith(".git") for part in Path(where).parts)
    mend = command("mv", where, f"{where}.broken") if is_state else command("git", "log", "-p", "--", where)
    return Refused(
        f"{where} line {line}, column {column}: {reason}",
        "MALFORMED_JSON",
        hint=mend,
        details={"path": where, "line": line, "column": column},
    )


def read_json(path: Path) -> dict[str, object] | None:
    """The JSON object in a file, or None where there is no file; raises as `parse_json`."""
    text = read_text(path)
    return None if text is None else parse_json(text, str(path))


def dump_json(value: Mapping[str, object]) -> str:
    """JSON as all our files hold it: keys sorted, two spaces, one newline at the end."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    # Half a character, which JSON can name and UTF-8 cannot hold, keeps its JSON name.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(path: Path, value: Mapping[str, object], *, mkdir: bool = False) -> bool:
    """Write a JSON object; False where the file already says exactly this."""
    content = encode(dump_json(value))
    if read_bytes(path) == content:
        return False
    atomic_write(path, content, mkdir=mkdir)
    return True


def atomic_write(path: Path, content: str | bytes, *, mkdir: bool = False, private: bool = False) -> None:
    """Replace a file as a whole, keeping its mode; never through a symbolic link.

    Args:
        path: the file.
        content: all of it; text is written as UTF-8 as it is.
        mkdir: make missing folders first.
        private: mode 0600 whatever it had, and missing folders that only the user can enter.

    Raises:
        Refused: the file is a symbolic link (`SYMLINK_REFUSED`) or cannot be written (`STATE_READ_ONLY`).
        Unavailable: the disk is full (`DISK_FULL`) or failed.
    """
    data = encode(content) if isinstance(content, str) else content
    try:
        if private:
            make_private(path.parent)
        elif mkdir:
            path.parent.mkdir(parents=True, exist_ok=True)
        mode = _mode_to_keep(path)
        handle, name = _temporary(path)
        try:
            with os.fdopen(handle, "wb") as sink:
                sink.write(data)
                sink.flush()
                system.set_mode(sink.fileno(), name, 0o600 if private else mode)
                os.fsync(sink.fileno())
            system.replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
        system.sync_folder(path.parent)
    except OSError as error:
        raise explain(error, path) from error


_counter = count()


def _temporary(path: Path) -> tuple[int, Path]:
    """A new file beside another; its name tells the process, so that nobody else's is met."""
    name = path.parent / f".{path.name[:40]}.{os.getpid()}-{next(_counter)}.tmp"
    name.unlink(missing_ok=True)
    return system.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, follow=False), name


def _mode_to_keep(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0o666 & ~_umask()
    if stat.S_ISLNK(found.st_mode):
        raise _through_link(path)
    return stat.S_IMODE(found.st_mode)


def _through_link(path: Path) -> Refused:
    return Refused(f"{path} is a symbolic link and is not written through", "SYMLINK_REFUSED", hint=command("rm", path))


def refuse_links(root: Path, path: Path) -> None:
    """Refuse a path that a symbolic link takes out of the folder it is said to lie in: a clone may have brought it.

    Args:
        root: what it is said to lie in, such as a checkout.

    Raises:
        Refused: `SYMLINK_REFUSED`.
    """
    # With strings: every file that is read comes by here, and as paths this took longer than reading it.
    end, each, below = os.fspath(root), os.fspath(path), ""
    while each not in (end, below):
        if _is_link(each) and leads_out(Path(each), root):
            raise Refused(
                f"{each} is a symbolic link that leads out of {root}", "SYMLINK_REFUSED", hint=command("ls", "-l", each)
            )
        each, below = os.path.split(each)[0], each


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def append(path: Path, data: bytes, *, private: bool = True) -> None:
    """Append whole lines in one write and fsync them; a write that failed half-way is taken back.

    The caller holds the lock that makes it the only writer.

    Args:
        path: the log; missing folders are made, readable by the user alone where `private`.
        data: lines, each ending in a newline.
        private: mode 0600 for a new file, else the umask's.
    """
    try:
        if private:
            make_private(path.parent)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        handle = system.open_file(path, flags, 0o600 if private else 0o666, follow=False)
        try:
            _require_regular(handle, path)
            before = os.fstat(handle).st_size
            written = 0
            try:
                while written < len(data):
                    written += os.write(handle, data[written:])
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)
        if before == 0:
            system.sync_folder(path.parent)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _through_link(path) from error
        raise explain(error, path) from error


def truncate(path: Path, size: int) -> None:
    """Cut a file down to its first `size` bytes and fsync it; the caller holds the lock of an append."""
    try:
        handle = system.open_file(path, os.O_WRONLY, follow=False)
        try:
            os.ftruncate(handle, size)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise explain(error, path) from error


def scribble(path: Path, text: str) -> None:
    """Leave a note for this user that nobody relies on: not durable, and a failure does not matter."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with suppress(OSError), os.fdopen(system.open_file(path, flags, 0o600), "wb") as sink:
        sink.write(encode(text))


def copy(source: Path, target: Path) -> None:
    """Copy a file with its permissions: not durable."""
    try:
        # Whatever may be read in it, nobody else reads it meanwhile.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.close(system.open_file(target, flags, 0o600, follow=False))
        shutil.copy(source, target)
    except OSError as error:
        raise explain(error, target) from error


def make_private(folder: Path) -> None:
    """Make a folder (and missing parents) that only the user can enter."""
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def keep_private(path: Path) -> None:
    """Give a file mode 0600 and a folder 0700, whatever it had; a symbolic link and what is not there are left."""
    try:
        found = path.lstat().st_mode
        wanted = 0o700 if stat.S_ISDIR(found) else 0o600
        if stat.S_IMODE(found) != wanted and not stat.S_ISLNK(found):
            path.chmod(wanted)
    except FileNotFoundError:
        return
    except OSError as error:
        raise explain(error, path) from error


def make_folder(folder: Path) -> None:
    """Make an ordinary folder and its missing parents."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def make_ignored(folder: Path) -> None:
    """Make a folder that git ignores as a whole, by a `.gitignore` of its own."""
    marker = folder / ".gitignore"
    if not marker.exists():
        make_folder(folder)
        atomic_write(marker, "*\n")


def remove(path: Path) -> None:
    """Remove a file; nothing happens where there is none."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise explain(error, path) from error


def remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it, below `root`, as far as they are empty."""
    with suppress(OSError):
        while folder != root and root in folder.parents:
            folder.rmdir()
            folder = folder.parent


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it; nothing happens where there is none."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise explain(error, folder) from error


def move(source: Path, target: Path) -> None:
    """Rename a file or folder; the target must not exist."""
    try:
        source.rename(target)
        system.sync_folder(target.parent)
    except OSError as error:
        raise explain(error, target) from error
