"""Lines of a log: bytes in, objects out, and the other way round.

Read line by line, so that no line, however long, is held in memory; parsed in batches, because thousands of small
JSON documents cost less in one call and share their keys there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from specify_cli.kernel import fields, files
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.status.problems import TORN, Problem, Severity

LIMIT = 1 << 20  # bytes of a line; a longer one is reported and skipped
_BATCH = 1 << 17  # bytes that are parsed at once
_BRACKETS = 50  # no line with fewer is nested too deeply
_MEND = spec_kitty("doctor log", "--fix")
_MARKS = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")

Line = dict[str, object]
Known = frozenset[bytes] | set[bytes]
Keep = Callable[[Line], object]
_Raw = tuple[int, bytes, bytes]  # number of a line, the line, its fingerprint


def encode(objects: Iterable[Mapping[str, object]]) -> bytes:
    """Objects as lines: sorted keys, UTF-8, a lone surrogate as its JSON escape, a newline after each."""
    text = "".join(json.dumps(entry, sort_keys=True, ensure_ascii=False) + "\n" for entry in objects)
    return text.encode("utf-8", "backslashreplace")


def require_length(entry: Mapping[str, object]) -> None:
    """Make sure that an event can be read again once it is written.

    Raises:
        Refused: `EVENT_TOO_LONG`.
    """
    size = len(encode([entry]))
    if size > LIMIT:
        raise Refused(
            f"an event of {size} bytes is too long for the log, which takes {LIMIT}; nothing was recorded: shorten the "
            "text, or commit it as a file and name that",
            "EVENT_TOO_LONG",
            details={"size": size, "limit": LIMIT},
        )


def parse_line(raw: bytes) -> Line | None:
    """The object of one line, or None where it holds none."""
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not fields.is_too_deep(value, text) else None


def is_marker(raw: bytes) -> bool:
    """Whether a line is what a merge leaves around its conflicts."""
    return raw.startswith(_MARKS)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


@dataclass(slots=True)
class Scan:
    """What one file of a log holds.

    Args:
        where: the file's name in problems.
        objects: parsed lines in file order, without repetitions of the same bytes; or what was made of them.
        numbers: the line number of each object, from 1.
        marks: the fingerprint of each object's line.
        problems: lines that were skipped.
        seen: fingerprints of the distinct raw lines that were read.
        met: fingerprints of lines that were left out, because another file has them.
    """

    where: str
    objects: list[Any] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    marks: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    met: set[bytes] = field(default_factory=set)

    def report(self, code: str, message: str, line: int, severity: Severity = Severity.ERROR) -> None:
        """Note a line that is skipped."""
        self.problems.append(Problem(severity, code, f"{message}; it is skipped", self.where, line, _MEND))


def as_it_is(entry: Line) -> object:
    """A line, as a reader keeps it that makes nothing of it."""
    return entry


def scan_bytes(data: bytes, where: str, known: Known = frozenset(), keep: Keep = as_it_is) -> Scan:
    """As `scan`, of bytes."""
    return scan(io.BytesIO(data), where, known, keep)


def scan(source: BinaryIO, where: str, known: Known = frozenset(), keep: Keep = as_it_is) -> Scan:
    """Read a log.

    Args:
        source: open for reading bytes.
        where: its name in problems.
        known: fingerprints of lines to leave out, because another file of the same log has them.
        keep: what is made of each parsed line at once, so that thousands of them are never held.
    """
    found = Scan(where)
    batch: list[_Raw] = []
    size = number = 0
    while raw := source.readline(LIMIT + 1):
        number += 1
        if len(raw) > LIMIT and not raw.endswith(b"\n"):
            _skip_rest(source)
            found.report("OVERSIZED_LINE", f"line {number} is longer than {LIMIT} bytes", number)
            continue
        whole = raw.endswith(b"\n")
        line = raw.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else raw.strip()
        mark = hashlib.blake2b(line, digest_size=16).digest()
        if mark in known:
            found.met.add(mark)
        if not line or mark in known or mark in found.seen:
            continue
        if not whole and parse_line(line) is None:
            message = f"line {number}, the last, is torn off"
            found.report(TORN, message, number, Severity.WARNING)
            continue
        found.seen.add(mark)
        batch.append((number, line, mark))
        size += len(line)
        if size > _BATCH:
            _parse(batch, found, keep)
            batch, size = [], 0
    _parse(batch, found, keep)
    return found


def scan_file(path: Path, known: Known = frozenset(), keep: Keep = as_it_is) -> Scan:
    """As `scan`, of a file; where there is none, nothing is found.

    Raises:
        Refused: `LOG_NOT_A_FILE`.
        Unavailable: it cannot be read.
    """
    if not is_log(path):
        return Scan(str(path))
    try:
        with files.open_regular(path) as source:
            return scan(source, str(path), known, keep)
    except OSError as error:
        raise files.explain(error, path) from error


def is_log(path: Path) -> bool:
    """Whether there is a log; anything but a regular file in its place is refused, for reading it may never end.

    Raises:
        Refused: `LOG_NOT_A_FILE`.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise files.explain(error, path) from error
    if stat.S_ISREG(mode):
        return True
    kind = "folder" if stat.S_ISDIR(mode) else "symbolic link" if stat.S_ISLNK(mode) else "special file"
    raise Refused(
        f"{path} is a {kind}, where a log belongs",
        "LOG_NOT_A_FILE",
        hint=command("mv", path, f"{path}.aside"),
        details={"path": str(path)},
    )


def _skip_rest(source: BinaryIO) -> None:
    while (more := source.readline(LIMIT)) and not more.endswith(b"\n"):
        pass


def _parse(batch: list[_Raw], found: Scan, keep: Keep) -> None:
    objects = _parse_together([line for _, line, _ in batch])
    if objects is None:
        _parse_one_by_one(batch, found, keep)
        return
    found.objects.extend(map(keep, objects))
    found.numbers.extend(number for number, _, _ in batch)
    found.marks.extend(mark for _, _, mark in batch)


def _parse_together(batch: list[bytes]) -> list[Line] | None:
    """All lines in one call, or None where one of them is no object.

    A word that no file can know stands between the lines, so that no broken line can borrow from its neighbour.
    """
    word = os.urandom(8).hex()
    try:
        text = b"".join((b"[", f',"{word}",'.encode().join(batch), b"]")).decode("utf-8")
        if any(line.count(b"{") + line.count(b"[") > _BRACKETS for line in batch):
            return None  # whether one is nested too deeply is told one by one
        values = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    objects = values[::2]
    if values[1::2] != [word] * (len(batch) - 1) or len(objects) != len(batch):
        return None
    return objects if all(type(entry) is dict for entry in objects) else None


def _parse_one_by_one(batch: list[_Raw], found: Scan, keep: Keep) -> None:
    for number, line, mark in batch:
        entry = parse_line(line)
        if entry is not None:
            found.objects.append(keep(entry))
            found.numbers.append(number)
            found.marks.append(mark)
        elif is_marker(line):
            found.report("CONFLICT_MARKER", f"line {number} is a conflict marker of a merge", number)
        else:
            found.report("CORRUPT_LINE", f"line {number} is not a JSON object", number)
