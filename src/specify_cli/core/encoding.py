"""Bytes and characters in a document that programs stumble over, and the document without them. Pure.

Typography is mended only where it does harm: in headers, in YAML, in commands, in ids, and where a line's beginning
says what it is. In sentences quotes and dashes are their author's.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from specify_cli.core.markdown import prose
from specify_cli.kernel import frontmatter, yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

YAML = (".yaml", ".yml")
SUFFIXES = (".md", ".txt", ".csv", *YAML)
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LOST = re.compile("[\udc80-\udcff]")
# UTF-8 that was read as cp1252 and saved again: a lead byte, then one or two that go on.
_GOES_ON = bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")
_TWICE = re.compile(f"[\u00c2\u00c3\u00e2][\u0080-\u00bf{_GOES_ON}]{{1,2}}")
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff]")
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"), " "
)
_QUOTES = {
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f"), '"'),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b"), "'"),
}
_DASH = "\u2010-\u2015\u2212"
_APOSTROPHE = re.compile(r"(?<=\w)\u2019(?=\w)")
_ID = re.compile(rf"\b(N?FR|C)[{_DASH}](?=\d)")
_OPTION = re.compile(rf"(?<![^\s`])([{_DASH}]{{1,2}})(?=([A-Za-z][\w-]*))")
_COMMAND = re.compile(r"^\s*(?:`+|\$\s+)?(?:spec-kitty|git|make|npm|pip|python3?|pytest|cd|export)\s")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^`\n]+\1")
_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_DASH_ITEM = re.compile(rf"^(\s*)[{_DASH}]\s+")
_BULLET = re.compile(
    rf"^(\s*)[{_DASH}\u2022\u2023\u25aa\u25cf\u00b7](?=\s+(?:\[[\s xX]\]|[*_`]*(?:(?:N?FR|C)[-{_DASH}]|WP|T)\d))"
)
_PREFIX = re.compile(r"^\s*(?:>\s*)*(?:#{1,6}|[-*+]|\d+[.)])\s+(?:\[[\s xX]\]\s*)?(?:Work\s+Package\s+)?")
_DECLARED = re.compile(r"^\W*(?:depends\s+on|dependencies|requirements?)\b", re.IGNORECASE)


@frozen
class Flaw:
    """Something in a line that programs stumble over.

    Args:
        code: `NOT_UTF8`, `BYTE_ORDER_MARK`, `HIDDEN_CHARACTER`, `ENCODED_TWICE` or `LOOK_ALIKE`.
        line: number of the line, from 1.
        message: what it is.
        mendable: whether the document without it is known.
    """

    code: str
    line: int
    message: str
    mendable: bool = True


def mend(data: bytes, name: str) -> tuple[bytes, list[Flaw]]:
    """A document without its flaws, as far as that can be known, and the flaws.

    Args:
        data: the file.
        name: its name; the ending says what is in it.
    """
    flaws: list[Flaw] = []
    text, before = _decoded(data, flaws), None
    while text != before:  # what one pass mends may bring something to light that another one finds
        before = text
        if text.startswith("\ufeff"):
            flaws.append(Flaw("BYTE_ORDER_MARK", 1, "begins with a byte-order mark"))
            text = text[1:]
        if _INVISIBLE.search(text):
            text = _changed(text, flaws, "HIDDEN_CHARACTER", "cannot be seen", partial(_INVISIBLE.sub, ""))
        if text.isascii():
            continue
        text = _changed(text, flaws, "ENCODED_TWICE", "was UTF-8 and saved as cp1252", partial(_TWICE.sub, _once))
        if PurePosixPath(name).suffix in (".md", *YAML):
            text = _typography(text, flaws, name)
    return text.encode("utf-8", "surrogateescape"), sorted(dict.fromkeys(flaws), key=lambda flaw: flaw.line)


def _decoded(data: bytes, flaws: list[Flaw]) -> str:
    for mark, codec in _UTF_16.items():
        if data.startswith(mark) and len(data) % 2 == 0:
            flaws.append(Flaw("NOT_UTF8", 1, "is UTF-16"))
            return data[len(mark) :].decode(codec, "surrogatepass").encode("utf-8", "replace").decode()
    text = data.decode("utf-8", "surrogateescape")
    for number, line in enumerate(text.split("\n") if _LOST.search(text) else (), 1):
        for mendable in (True, False):
            found = [each for each in _LOST.findall(line) if (_cp1252(each) != each) is mendable]
            if found:
                what = " ".join(f"0x{ord(each) - 0xDC00:02x}" for each in dict.fromkeys(found))
                of = "cp1252" if mendable else "no encoding that is known here"
                flaws.append(Flaw("NOT_UTF8", number, f"is not UTF-8: {what} (of {of})", mendable))
    return _LOST.sub(lambda match: _cp1252(match[0]), text)


def _cp1252(lost: str) -> str:
    return bytes([ord(lost) - 0xDC00]).decode("cp1252", "surrogateescape")


def _once(match: re.Match[str]) -> str:
    """The character that was encoded twice; as it is where it was none."""
    said = match[0]
    for length in (3, 2):
        data = b"".join(_bytes(character) for character in said[:length])
        found = data.decode("utf-8", "ignore") if len(said) >= length else ""
        if len(found) == 1 and found.encode() == data:
            return found + said[length:]
    return said


def _bytes(character: str) -> bytes:
    return character.encode("latin-1") if ord(character) < 0x100 else character.encode("cp1252")


def _changed(text: str, flaws: list[Flaw], code: str, what: str, change: Callable[[str], str]) -> str:
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if (new := change(line)) != line:
            lines[number - 1] = _told(line, new, number, flaws, code, what)
    return "\n".join(lines)


def _told(line: str, new: str, number: int, flaws: list[Flaw], code: str, what: str) -> str:
    """The new line, with a flaw for what it had."""
    if new != line:
        gone = Counter(line) - Counter(new)
        flaws.append(Flaw(code, number, f"{what}: {', '.join(map(_name, gone))}"))
    return new


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character').lower()}"


# -- typography --------------------------------------------------------------------------------------------------


def _typography(text: str, flaws: list[Flaw], name: str) -> str:
    lines, header = text.split("\n"), _header_length(text, name)
    fresh: list[Flaw] = []
    mended = [
        _told(line, _in_yaml(line), number, fresh, "LOOK_ALIKE", "looks like another character")
        for number, line in enumerate(lines[:header], 1)
    ]
    if fresh and _is_sound(text, name) and not _is_sound("\n".join([*mended, *lines[header:]]), name):
        mended, fresh = lines[:header], []
    flaws += fresh
    visible = prose(text).split("\n")
    for number, line in enumerate(lines[header:], header + 1):
        if line.isascii():
            mended.append(line)
            continue
        is_code = bool(line.strip()) and not visible[number - 1].strip()
        new = _in_code(line) if is_code else _in_prose(line)
        mended.append(_told(line, new, number, flaws, "LOOK_ALIKE", "looks like another character"))
    return "\n".join(mended)


def _header_length(text: str, name: str) -> int:
    lines = text.split("\n")
    if PurePosixPath(name).suffix in YAML:
        return len(lines)
    if lines[0].rstrip() != "---":
        return 0
    return next((number for number, line in enumerate(lines[1:], 2) if line.rstrip() == "---"), 0)


def _is_sound(text: str, name: str) -> bool:
    try:
        yaml.mapping(text, name) if PurePosixPath(name).suffix in YAML else frontmatter.parse(text, name)
    except Refused:
        return False
    return True


def _in_yaml(line: str) -> str:
    """Outside quoted texts quotes, spaces and dashes are part of the form; an apostrophe in a word is none of them."""
    kept = {at for found in (_QUOTED, _APOSTROPHE) for match in found.finditer(line) for at in range(*match.span())}
    told = (each if at in kept else each.translate(_QUOTES).translate(_SPACES) for at, each in enumerate(line))
    return _ID.sub(r"\1-", _DASH_ITEM.sub(r"\1- ", "".join(told)))


def _in_prose(line: str) -> str:
    line = _BULLET.sub(r"\1-", _ID.sub(r"\1-", line))
    line = _PREFIX.sub(lambda match: match[0].translate(_SPACES), line)
    if _DECLARED.match(line):
        line = line.translate(_SPACES)
    return _CODE_SPAN.sub(lambda match: _in_code(match[0]), line)


def _in_code(piece: str) -> str:
    piece = _OPTION.sub(lambda match: "--" if len(match[1] + match[2]) > 2 else "-", _ID.sub(r"\1-", piece))
    return piece.translate(_QUOTES).translate(_SPACES) if _COMMAND.match(piece) else piece
