"""What a person hands in: a file named on the command line, or standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound, Refused, Unavailable
from specify_cli.kernel.paths import at_home

# A text that somebody hands in; what a log keeps of it is less.
_LIMIT = 16 * 1024 * 1024


def text_of(name: str) -> str:
    """The text of a file that was named; `-` is standard input.

    Raises:
        NotFound: `FILE_NOT_FOUND`.
        Refused: `FILE_TOO_LARGE`.
        Unavailable: something else stands in its place, or it cannot be read.
    """
    data = _standard_input(_LIMIT + 1) if name == "-" else _start_of(name, _LIMIT + 1)
    if len(data) > _LIMIT:
        raise files.too_large("what was handed in" if name == "-" else name, _LIMIT)
    return files.decode(data)


def words_of(value: str, limit: int) -> str | None:
    """A person's words, given as they are, as `@file`, or as `-` for standard input; None where there are none.

    Args:
        value: `@@…` is a text that begins with `@`.
        limit: how many bytes they may take, as a JSON text.

    Raises:
        NotFound: `FILE_NOT_FOUND`.
        Unavailable: the file cannot be read.
        Refused: `REQUEST_TOO_LONG`, `REQUEST_NOT_TEXT`.
    """
    if value == "-":
        data = _standard_input(limit + 1)
    elif value.startswith("@") and not value.startswith("@@"):
        data = _start_of(value[1:], limit + 1)
    else:
        data = files.encode(value.removeprefix("@"))
    if len(data) > limit:
        raise _too_long(limit)
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    except UnicodeDecodeError as error:
        raise Refused(f"the request is not UTF-8 text: {error.reason}", "REQUEST_NOT_TEXT") from error
    odd = next((character for character in text if ord(character) < 32 and character not in "\t\n\f"), None)
    if odd is not None:
        raise Refused(f"the request is not text: it holds the control character {odd!r}", "REQUEST_NOT_TEXT")
    if len(json.dumps(text, ensure_ascii=False).encode("utf-8")) > limit:
        raise _too_long(limit)
    return text if text.strip() else None


def _too_long(limit: int) -> Refused:
    message = f"the request is longer than the {limit} bytes that the log can keep; name a file of the repository in it"
    return Refused(message, "REQUEST_TOO_LONG", details={"limit": limit})


def _standard_input(most: int) -> bytes:
    source = getattr(sys.stdin, "buffer", None)
    return files.encode(sys.stdin.read(most)) if source is None else bytes(source.read(most))


def _start_of(name: str, most: int) -> bytes:
    path = at_home(name)
    try:
        with files.open_regular(path) as source:
            return source.read(most)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _no_file(name) from error
    except OSError as error:
        raise _unusable(error, path) from error


def _unusable(error: OSError, path: Path) -> Unavailable:
    """What was named is not ours to move or to mend."""
    message = f"{path} cannot be read: {error.strerror or error}; `-` reads standard input"
    return Unavailable(message, "FILE_UNUSABLE", details={"path": str(path)})


def _no_file(name: str) -> NotFound:
    return NotFound(f"there is no file {name}", "FILE_NOT_FOUND", hint=command("ls", Path(name).parent))
