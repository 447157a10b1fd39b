"""YAML for readers: the simple subset of our own files, parsed without a library.

Every command reads a config and a few headers, and importing a YAML library costs more than all else such a command
does. What lies outside the subset (anchors, multi-line scalars, tags, odd quoting) is handed to the library.
"""

from __future__ import annotations

import re
from enum import Enum

from specify_cli.kernel import lazy


class Absent(Enum):
    """A value that stands for no key at all, where keys of a mapping are changed."""

    ABSENT = None


ABSENT = Absent.ABSENT


class _Beyond(Exception):
    """The text uses more of YAML than the subset."""


# Blanks, printable characters and newlines. Tabs, other line breaks and what YAML forbids are left to the library.
_ORDINARY = re.compile("[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_KEY = re.compile(r"([A-Za-z_][\w.\-/]{0,99}):(?: +(.*))?")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}")
_WORDS: dict[str, object] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip
# What these begin, or hold, means something else in YAML than the characters themselves.
_SPECIAL_FIRST = set("&*!|>%@`\"'{}[],?#:")
_FLOW_KEY = re.compile(r"([A-Za-z_][\w\-]{0,99}): +")
_ENDS = re.compile(r"[,\[\]{}]")
_TIMESTAMP = re.compile(r"\d{4}-\d\d?-\d\d?")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
_LIKE_NUMBER = re.compile(
    r"[-+]?(?:\.?[0-9_][0-9_.,:]*(?:e[-+]?[0-9_]*)?|0[box][0-9a-f_]*|\.(?:inf|nan))", re.IGNORECASE
)


def loads(text: str, where: str) -> object:
    """The value that a YAML text holds.

    Args:
        text: the document.
        where: its name for error messages.

    Raises:
        Refused: `MALFORMED_YAML`, with line and column.
    """
    try:
        return _Subset(text).document()
    except (_Beyond, RecursionError):
        return lazy.load("specify_cli.kernel.yaml_round_trip:load")(text, where)


def mapping(text: str, where: str) -> dict[str, object]:
    """The mapping that a YAML text holds; an empty text is an empty mapping, anything else raises as `loads`."""
    value = loads(text, where)
    if value is None:
        return {}
    if not isinstance(value, dict):
        lazy.load("specify_cli.kernel.yaml_round_trip:not_a_mapping")(where)
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


class _Subset:
    def __init__(self, text: str) -> None:
        if not _ORDINARY.fullmatch(text):
            raise _Beyond
        self.lines: list[tuple[int, str]] = []
        for raw in text.split("\n"):
            line = _without_comment(raw).rstrip(" ")
            if not line:
                continue
            if line.startswith(("---", "...", "%")):
                raise _Beyond
            content = line.lstrip(" ")
            self.lines.append((len(line) - len(content), content))
        self.at = 0

    def document(self) -> object:
        if not self.lines:
            return None
        value = self.block(self.lines[0][0])
        if self.at < len(self.lines):
            raise _Beyond
        return value

    def block(self, indent: int) -> object:
        if self.lines[self.at][1].startswith("- "):
            return self.items(indent)
        return self.pairs(indent)

    def items(self, indent: int) -> list[object]:
        found: list[object] = []
        while self.at < len(self.lines) and self.lines[self.at][0] == indent:
            content = self.lines[self.at][1]
            if not content.startswith("- "):
                break
            rest = content[2:].lstrip(" ")
            if _KEY.fullmatch(rest):
                deeper = indent + len(content) - len(rest)
                self.lines[self.at] = (deeper, rest)
                found.append(self.pairs(deeper))
            else:
                self.at += 1
                found.append(_value(rest))
        self.ended(indent)
        return found

    def pairs(self, indent: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while self.at < len(self.lines) and self.lines[self.at][0] == indent:
            match = _KEY.fullmatch(self.lines[self.at][1])
            if match is None or match[1] in found or match[1] in _WORDS:
                raise _Beyond
            self.at += 1
            found[match[1]] = _value(match[2]) if match[2] else self.nested(indent)
        self.ended(indent)
        return found

    def nested(self, indent: int) -> object:
        if self.at >= len(self.lines):
            return None
        deeper, content = self.lines[self.at]
        if deeper > indent or (deeper == indent and content.startswith("- ")):
            return self.block(deeper)
        return None

    def ended(self, indent: int) -> None:
        if self.at < len(self.lines) and self.lines[self.at][0] > indent:
            raise _Beyond


def _without_comment(line: str) -> str:
    at = 0 if line.startswith("#") else line.find(" #")
    if at < 0:
        return line
    # An even number of quotes before it: none is open, or they are plain characters. Else only the library can tell.
    if line.count('"', 0, at) % 2 or line.count("'", 0, at) % 2:
        raise _Beyond
    return line[:at]


def _value(text: str) -> object:
    if text[0] not in "[{'\"":
        return _plain(text)
    value, end = _flow(text, 0)
    if end < len(text):
        raise _Beyond
    return value


def _flow(text: str, at: int) -> tuple[object, int]:
    """One value within brackets, and the place behind it and its blanks."""
    first = text[at : at + 1]
    if first == "[":
        return _flow_list(text, at + 1)
    if first == "{":
        return _flow_map(text, at + 1)
    if first in ("'", '"'):
        return _quoted(text, at)
    end = _ENDS.search(text, at)
    if end is None or not (word := text[at : end.start()].strip(" ")):
        raise _Beyond
    return _plain(word), end.start()


def _flow_list(text: str, at: int) -> tuple[list[object], int]:
    found: list[object] = []
    at = _over_blanks(text, at)
    while not text.startswith("]", at):
        value, at = _flow(text, at)
        found.append(value)
        at = _after(text, at, "]")
    return found, _over_blanks(text, at + 1)


def _flow_map(text: str, at: int) -> tuple[dict[str, object], int]:
    found: dict[str, object] = {}
    at = _over_blanks(text, at)
    while not text.startswith("}", at):
        match = _FLOW_KEY.match(text, at)
        if match is None or match[1] in found or match[1] in _WORDS:
            raise _Beyond
        found[match[1]], at = _flow(text, match.end())
        at = _after(text, at, "}")
    return found, _over_blanks(text, at + 1)


def _after(text: str, at: int, end: str) -> int:
    """Where the next entry begins, or the closing bracket stands."""
    at = _over_blanks(text, at)
    if text.startswith(",", at):
        return _over_blanks(text, at + 1)
    if not text.startswith(end, at):
        raise _Beyond
    return at


def _over_blanks(text: str, at: int) -> int:
    while text.startswith(" ", at):
        at += 1
    return at


def _quoted(text: str, at: int) -> tuple[str, int]:
    quote = text[at]
    end = text.find(quote, at + 1)
    if end < 0 or text.startswith(quote, end + 1) or text.find("\\", at, end) >= 0:
        raise _Beyond
    return text[at + 1 : end], _over_blanks(text, end + 1)


def _plain(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    is_word = text[0].isalpha()  # then it is no number; most values are words
    if not is_word:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _VERSION.fullmatch(text):
            return text  # 3.1.1 has two points, and is no number in any YAML
    if (
        text[0] in _SPECIAL_FIRST
        or text.startswith("- ")
        or text in ("-", "<<", "=")
        or ": " in text
        or text.endswith(":")
        or (not is_word and (_TIMESTAMP.match(text) or _LIKE_NUMBER.fullmatch(text)))
        or text.lower() in ("yes", "no", "on", "off", "y", "n")
    ):
        raise _Beyond
    return text
