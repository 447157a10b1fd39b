from __future__ import annotations

import errno
import json
import os
import socket
import stat
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.scratch import temporary_folder
from tests.support.limits import run_python

# Says how a write ended that met a full disk or a read-only folder.
TRY = """
import sys
from pathlib import Path
from specify_cli.kernel import files
from specify_cli.kernel.errors import SpecKittyError
path = Path(sys.argv[1])
try:
    {work}
except SpecKittyError as error:
    print(error.code, error.hint)
"""


def attempt(work: str, path: Path, room: int | None = None, *, mortal: bool = False) -> str:
    done = run_python(TRY.format(work=work), str(path), cwd=path.parent, room=room, mortal=mortal)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name != "home")


# -- reading -----------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "gone", tmp_path / "gone" / "file", tmp_path / "file" / "below"):
        assert files.read_bytes(path) is None
        assert files.read_text(path) is None
        assert files.read_json(path) is None


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as told:
        files.read_bytes(tmp_path)
    assert told.value.code == "FILE_UNUSABLE"


def special(kind: str, path: Path) -> Path:
    """A pipe, a socket or a device, as a file of that name."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(os.path.relpath(path))
    else:
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_a_special_file_is_refused_at_once_and_never_read(kind: str, tmp_path: Path) -> None:
    path = special(kind, tmp_path / "meta.json")
    for use in (files.read_bytes, files.read_text, files.read_json, partial(files.append, data=b"{}\n")):
        with pytest.raises((Unavailable, Refused)) as told:
            use(path)
        assert told.value.code in {"FILE_UNUSABLE", "SYMLINK_REFUSED"}
    with pytest.raises(Unavailable, match=f"a {kind} is there, where a file belongs"):
        files.read_bytes(path)
    files.scribble(path, "who would read it?")


def test_a_file_that_is_too_large_is_refused_and_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "spec.md"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(Refused, match="larger than 64 MiB") as told:
        files.read_text(path)
    assert told.value.code == "FILE_TOO_LARGE"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfa", "a"),
        ("caf\u00e9 \U0001f408".encode(), "caf\u00e9 \U0001f408"),
        (b"caf\xe9", "caf\udce9"),
    ],
)
def test_text_has_one_kind_of_line_ending_and_any_bytes(data: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert files.read_text(path) == text


@settings(deadline=None)
@given(st.binary().filter(lambda data: b"\r" not in data and not data.startswith(b"\xef\xbb\xbf")))
def test_decoding_loses_nothing(data: bytes) -> None:
    assert files.encode(files.decode(data)) == data


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ('{\n  "a": 1,\n  b: 2\n}', 3, 3),
        ("[]", 1, 1),
        ("7", 1, 1),
        ('{"a": }', 1, 7),
        ('{"a": ' + "9" * 5000 + "}", 1, 1),
        ('{"a": ' + "[" * 100_000, 1, 1),
    ],
)
def test_malformed_json_is_told_with_line_and_column(text: str, line: int, column: int, tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text(text)
    with pytest.raises(Refused, match=rf"meta\.json line {line}, column {column}: ") as told:
        files.read_json(path)
    assert told.value.code == "MALFORMED_JSON"
    assert told.value.details == {"path": str(path), "line": line, "column": column}
    assert told.value.hint


# -- writing whole files -----------------------------------------------------------------------------------------


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file"
    files.atomic_write(path, "caf\u00e9 \udce9\r\n", mkdir=True)
    assert path.read_bytes() == b"caf\xc3\xa9 \xe9\r\n"
    files.atomic_write(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert names(path.parent) == ["file"]


def test_a_write_keeps_the_mode_and_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    script, fresh = tmp_path / "hook", tmp_path / "fresh"
    script.write_text("x")
    script.chmod(0o750)
    files.atomic_write(script, "y")
    assert mode(script) == 0o750
    before = os.umask(0o027)
    try:
        files.atomic_write(fresh, "y")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert mode(fresh) == 0o640


@pytest.mark.parametrize("there", [True, False])
def test_a_write_goes_through_no_symbolic_link(there: bool, tmp_path: Path) -> None:
    outside, link = tmp_path / "outside", tmp_path / "link"
    if there:
        outside.write_text("theirs")
    link.symlink_to(outside)
    for write in (partial(files.atomic_write, link), partial(files.append, link)):
        with pytest.raises(Refused) as told:
            write(b"ours\n")
        assert told.value.code == "SYMLINK_REFUSED"
        assert told.value.hint
    assert outside.exists() == there
    assert not there or outside.read_text() == "theirs"
    assert link.is_symlink()


def test_a_write_to_where_a_folder_stands_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(Unavailable) as told:
        files.atomic_write(tmp_path / "taken", "x")
    assert told.value.code == "FILE_UNUSABLE"
    with pytest.raises(Unavailable):
        files.atomic_write(tmp_path / "gone" / "x", "x")
    assert names(tmp_path) == ["taken"]


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    for name in ("n" * 255, "\U0001f408" * 63):
        files.atomic_write(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"


@pytest.mark.parametrize("before", [None, b"the old content\n"])
def test_a_full_disk_in_mid_write_leaves_the_old_file(before: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    assert attempt("files.atomic_write(path, 'x' * 100_000)", path, 4096) == f"DISK_FULL df -h {tmp_path}"
    assert files.read_bytes(path) == before
    assert names(tmp_path) == ([] if before is None else ["file"])


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "log").write_bytes(b"old\n")
    folder.chmod(0o555)
    (folder / "log").chmod(0o444)
    for work in (
        "files.atomic_write(path, 'x')",
        "files.append(path, b'x')",
        "files.make_private(path.parent / 'new')",
    ):
        assert attempt(work, folder / "log", mortal=True).startswith("STATE_READ_ONLY chmod "), work
    folder.chmod(0o755)
    assert names(folder) == ["log"]
    assert (folder / "log").read_bytes() == b"old\n"


def test_an_interrupted_write_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.atomic_write(tmp_path / "file", "x")
    assert names(tmp_path) == []


def test_json_is_sorted_and_written_only_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "meta.json"
    assert files.write_json(path, {"b": "\u00e9", "a": [1]}, mkdir=True)
    assert path.read_text(encoding="utf-8") == '{\n  "a": [\n    1\n  ],\n  "b": "\u00e9"\n}\n'
    first = path.stat()
    assert not files.write_json(path, {"a": [1], "b": "\u00e9"})
    assert path.stat() == first
    assert files.read_json(path) == {"a": [1], "b": "\u00e9"}


def test_half_a_character_survives_in_json(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text('{"name": "\\ud83d"}')
    found = files.read_json(path)
    assert found is not None
    files.write_json(path, found)
    assert json.loads(path.read_bytes()) == {"name": "\ud83d"}


# -- appending ---------------------------------------------------------------------------------------------------


def test_lines_are_appended_to_a_private_log(tmp_path: Path) -> None:
    log = tmp_path / "state" / "journal" / "log"
    files.append(log, b"one\n")
    files.append(log, b"two\nthree\n")
    assert log.read_bytes() == b"one\ntwo\nthree\n"
    assert [mode(path) for path in (log, log.parent, log.parent.parent)] == [0o600, 0o700, 0o700]
    shared = tmp_path / "shared"
    files.append(shared, b"one\n", private=False)
    assert mode(shared) == 0o666 & ~files._umask()


def test_an_append_that_meets_a_full_disk_is_taken_back(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"old\n")
    assert attempt("files.append(path, b'x' * 100_000)", log, 4096).startswith("DISK_FULL")
    assert log.read_bytes() == b"old\n"
    assert attempt("files.append(path.with_name('new'), b'x' * 100_000)", log, 4096).startswith("DISK_FULL")
    assert (tmp_path / "new").read_bytes() == b""


def test_an_append_that_cannot_be_made_durable_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    files.append(log, b"old\n")

    def fail(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unavailable) as told:
        files.append(log, b"new\n")
    assert told.value.code == "FILE_UNUSABLE"
    assert log.read_bytes() == b"old\n"


def test_what_the_system_writes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    files.append(tmp_path / "log", b"0123456789\n")
    assert (tmp_path / "log").read_bytes() == b"0123456789\n"


def test_a_log_can_be_cut(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntor")
    files.truncate(log, 4)
    assert log.read_bytes() == b"one\n"
    with pytest.raises(Unavailable):
        files.truncate(tmp_path / "gone", 0)


# -- folders, and the rest ---------------------------------------------------------------------------------------


def test_folders(tmp_path: Path) -> None:
    files.make_private(tmp_path / "a" / "b")
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    files.make_private(tmp_path / "a" / "b")
    files.make_ignored(tmp_path / "c")
    (tmp_path / "c" / ".gitignore").write_text("mine\n")
    files.make_ignored(tmp_path / "c")
    assert (tmp_path / "c" / ".gitignore").read_text() == "mine\n"
    files.remove_tree(tmp_path / "a")
    files.remove_tree(tmp_path / "a")
    assert names(tmp_path) == ["c"]


def test_what_stands_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("x")
    for make in (files.make_private, files.make_folder, files.make_ignored):
        with pytest.raises(Unavailable, match="file"):
            make(blocker / "below")
    with pytest.raises(Unavailable):
        files.remove_tree(blocker)


def test_files_move_and_go(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("x")
    files.move(one, other)
    assert other.read_text() == "x"
    with pytest.raises(Unavailable):
        files.move(one, tmp_path / "third")
    files.copy(other, one)
    assert one.read_text() == "x"
    with pytest.raises(Unavailable):
        files.copy(other, tmp_path / "gone" / "x")
    files.remove(one)
    files.remove(one)
    assert not one.exists()
    with pytest.raises((Refused, Unavailable)):
        files.remove(tmp_path)


def test_a_note_that_nobody_relies_on_may_fail(tmp_path: Path) -> None:
    files.scribble(tmp_path / "note", "x")
    assert (tmp_path / "note").read_text() == "x"
    files.scribble(tmp_path / "gone" / "note", "x")


def test_a_scratch_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = temporary_folder("spec-kitty-test-")
    try:
        assert mode(made) == 0o700
    finally:
        files.remove_tree(made)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EDQUOT, "DISK_FULL"),
        (errno.EFBIG, "DISK_FULL"),
        (errno.EROFS, "STATE_READ_ONLY"),
        (errno.EACCES, "STATE_READ_ONLY"),
        (errno.EIO, "FILE_UNUSABLE"),
    ],
)
def test_failures_of_a_file_system_are_told_apart(number: int, code: str) -> None:
    told = files.explain(OSError(number, "said the system"), Path("/data/log"))
    assert told.code == code
    assert "/data/log" in told.message
    assert "said the system" in told.message
