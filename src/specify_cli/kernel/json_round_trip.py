"""Lists in somebody else's JSON file: values put in and taken out, every other byte left as it is.

Settings of editors and agents are JSON with comments and commas at the end. Blanked out, these leave plain JSON of the
same length, which `json` reads with places; the text itself is edited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

Path = tuple[str, ...]
Lists = Mapping[Path, Sequence[object]]

_STRING = r'"(?:[^"\\\r\n]|\\.)*"'
_COMMENT = re.compile(rf"{_STRING}|\A\ufeff|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|[\[{{][ \t\r\n]*,|,(?=[ \t\r\n]*[\]}}])")
_BLANKS = " \t\r\n"
_BLANK = re.compile(f"[{_BLANKS}]*")
_DECODER = json.JSONDecoder()


@frozen
class _Entry:
    """One value of a list, or one key and value of an object.

    Args:
        start, at, end: where it begins, where its value begins, and where that ends.
    """

    key: str | None
    start: int
    at: int
    end: int
    value: object


@frozen
class _Box:
    """A list or an object, with the places of its brackets and entries."""

    start: int
    end: int
    value: object
    entries: tuple[_Entry, ...]


@frozen
class _Document:
    """A text, and the same without comments (`bare`), and without commas at the end of lists either (`plain`)."""

    text: str
    bare: str
    plain: str
    where: str

    def box(self, path: Path, *, kind: type = list) -> _Box | None:
        """The list, or object, at a path; None where there is none.

        Raises:
            Refused: `SETTINGS_NOT_MERGED`, something else stands on the way.
        """
        box = self._box(_skip(self.plain, 0))
        for depth, key in enumerate(path, start=1):
            found = [entry for entry in box.entries if entry.key == key]
            if not found:
                return None
            if len(found) > 1:
                self.refuse(path[:depth], "is there twice")
            wanted = kind if depth == len(path) else dict
            if not isinstance(found[0].value, wanted):
                self.refuse(path[:depth], "is not a list" if wanted is list else "is not an object")
            box = self._box(found[0].at)
        return box

    def _box(self, start: int) -> _Box:
        entries: list[_Entry] = []
        at = _skip(self.plain, start + 1)
        while self.plain[at] not in "]}":
            begin, key = at, None
            if self.plain[start] == "{":
                key, at = _DECODER.raw_decode(self.plain, at)
                at = _skip(self.plain, _skip(self.plain, at) + 1)
            value, end = _DECODER.raw_decode(self.plain, at)
            entries.append(_Entry(key, begin, at, end, value))
            at = _skip(self.plain, end)
            if self.plain[at] == ",":
                at = _skip(self.plain, at + 1)
        return _Box(start, at, _DECODER.raw_decode(self.plain, start)[0], tuple(entries))

    def refuse(self, path: Path, what: str) -> NoReturn:
        name = ".".join(path)
        message = f"{self.where}: {name} {what}"
        raise Refused(message, "SETTINGS_NOT_MERGED", details={"path": self.where, "key": name, "edit": self.where})


def listed(text: str, path: Path, where: str) -> list[object] | None:
    """The values of the list at a path; None where there is none.

    Args:
        text: JSON, with comments or without.
        where: name for error messages.

    Raises:
        Refused: `MALFORMED_JSON`, with line and column; `SETTINGS_NOT_MERGED`, something else is there.
    """
    box = _read(text, where).box(path)
    return box.value if box is not None and isinstance(box.value, list) else None


def put(text: str, lists: Lists, where: str) -> tuple[str, list[Path]]:
    """The text with values at the end of lists, those that are there already left out.

    Returns:
        The text, and the paths of what had to be made: objects and lists.

    Raises:
        Refused: as `listed`.
    """
    made: list[Path] = []
    for path, values in lists.items():
        standing = listed(text, path, where)
        if standing is None:
            for depth, key in enumerate(path):
                document = _read(text, where)
                box = document.box(path[:depth], kind=dict)
                if box is not None and key not in {entry.key for entry in box.entries}:
                    text = _append(document, box, f"{json.dumps(key)}: {'[]' if depth == len(path) - 1 else '{}'}")
                    made.append(path[: depth + 1])
        for value in values:
            document = _read(text, where)
            box = document.box(path)
            if box is not None and value not in (standing or ()):
                text = _append(document, box, json.dumps(value, ensure_ascii=False))
    return text, made


def take(text: str, lists: Lists, made: Sequence[Path], where: str) -> str:
    """The text without values of its lists, and without what was made for them and is empty now.

    Raises:
        Refused: as `listed`.
    """
    for path, values in lists.items():
        for value in values:
            document = _read(text, where)
            box = document.box(path)
            at = next((at for at, entry in enumerate(box.entries) if entry.value == value), None) if box else None
            if box is not None and at is not None:
                text = _drop(document, box, at)
    for path in sorted(made, key=len, reverse=True):
        document = _read(text, where)
        parent = document.box(path[:-1], kind=dict)
        for at, entry in enumerate(parent.entries if parent else ()):
            if parent and entry.key == path[-1] and not text[entry.at + 1 : entry.end - 1].strip(_BLANKS):
                text = _drop(document, parent, at)
                break
    return text


def _read(text: str, where: str) -> _Document:
    bare = _COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " " * len(found[0]), text)
    plain = _COMMA.sub(lambda found: " " if found[0] == "," else found[0], bare)
    files.parse_json(plain, where)
    return _Document(text, bare, plain, where)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _append(document: _Document, box: _Box, entry: str) -> str:
    """The text with one more entry at the end of a list or an object, laid out as the others."""
    text, bare = document.text, document.bare
    newline = "\r\n" if "\r\n" in text else "\n"
    margin = _margin(text, box.start)
    if not box.entries:
        unit = re.search(r"^[ \t]+(?=\S)", text, re.MULTILINE)
        step = min((unit[0], margin), key=len) if unit and margin else unit[0] if unit else "  "
        kept = text[box.start + 1 : box.end].rstrip(_BLANKS)  # comments
        return f"{text[: box.start + 1]}{kept}{newline}{margin}{step}{entry}{newline}{margin}{text[box.end :]}"
    last = box.entries[-1].end
    comma = _skip(bare, last)
    has_comma = bare[comma] == ","
    end = comma + 1 if has_comma else last
    before, after = ("", ",") if has_comma else (",", "")
    if "\n" not in bare[box.start : box.end]:
        return f"{text[:end]}{before} {entry}{after}{text[end:]}"
    # A comment behind the last entry stays on its line.
    line_end = bare.find("\n", end, box.end)
    rest = end if line_end < 0 or bare[end:line_end].strip(_BLANKS) else end + len(text[end:line_end].rstrip("\r"))
    inside = _margin(text, box.entries[-1].start)
    return f"{text[:end]}{before}{text[end:rest]}{newline}{inside}{entry}{after}{text[rest:]}"


def _drop(document: _Document, box: _Box, at: int) -> str:
    """The text without one entry of a list or an object, its comma and its line; comments stay."""
    text, bare = document.text, document.bare
    entry = box.entries[at]
    begin = box.start + 1 if at == 0 else box.entries[at - 1].end
    own = _skip(bare, entry.end)
    start = begin + len(text[begin : entry.start].rstrip(_BLANKS))
    if bare[start - 1] != text[start - 1] and not re.match(r"[ \t]*,?[ \t]*\r?\n", text[entry.end :]):
        start = entry.start  # a comment to the end of the line, which is not to hold what follows
    if bare[own] == ",":
        kept = text[begin:start] + text[entry.end : own]
        end = own + 1
    else:
        comma = _skip(bare, begin)
        is_there = at > 0 and bare[comma] == ","
        kept = text[begin:comma] + text[comma + 1 : start] if is_there else text[begin:start]
        end = entry.end
    if len(box.entries) == 1 and not (kept + text[end : box.end]).strip(_BLANKS):
        kept, end = "", box.end
    return text[:begin] + kept + text[end:]


def _margin(text: str, position: int) -> str:
    line = text.rfind("\n", 0, position) + 1
    found = re.match(r"\ufeff?([ \t]*)", text[line:position])
    return found[1] if found else ""
