"""Text for people: styles without a library, and nothing that a terminal would obey.

A style is written into the text as a noncharacter (U+FDD0 and up, set aside by Unicode for internal use); only
`paint` knows what becomes of it. So text can be built, measured and escaped as one plain string, and an escape
sequence that came from a repository is never mistaken for one of ours.
"""

from __future__ import annotations

import re
import unicodedata

from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import escaped

_CODES = {
    "bold": "1",
    "dim": "2",
    "underline": "4",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_RESET = "\ufdef"
_MARKS = {name: chr(0xFDD0 + number) for number, name in enumerate(_CODES)}
_SEQUENCES = {mark: f"\x1b[{_CODES[name]}m" for name, mark in _MARKS.items()} | {_RESET: "\x1b[0m"}
_ANY_MARK = re.compile("[\ufdd0-\ufdef]")

# A word, or several where backticks make one command of them.
_WHOLE = re.compile(r"(?:`[^`\n]*`|\S)+")

_PLAIN = str.maketrans(
    {
        "→": "->", "←": "<-", "↳": "->", "…": "...", "–": "-", "—": "-", "−": "-", "•": "*", "·": "-", "✓": "ok",
        "✔": "ok", "✗": "x", "✘": "x", "●": "*", "○": "o", "▸": ">", "▶": ">", "⚠": "!", "≤": "<=", "≥": ">=", "×": "x",
        "«": '"', "»": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "│": "|", "┃": "|", "─": "-", "━": "-", "┌": "+",
        "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+", "█": "#", "▓": "#", "▒": "+",
        "░": ".",
    }
)  # fmt: skip


def style(text: object, *names: str) -> str:
    """The text in some styles: bold, dim, underline, red, green, yellow, blue, magenta, cyan.

    Seen only on a terminal and without `NO_COLOR`; everywhere else it is the text.
    """
    return "".join(_MARKS[name] for name in names) + str(text) + _RESET


def safe(text: object) -> str:
    """Text from a repository or a server on one line: line breaks, control characters and marks made visible."""
    return escaped(_ANY_MARK.sub("\ufffd", str(text))).replace("\n", "\\n").replace("\t", " ")


def verbatim(text: str) -> str:
    """Text of several lines, such as a prompt, as it is: no mark in it becomes a style."""
    return _ANY_MARK.sub("\ufffd", text)


def prose(text: object) -> str:
    """A message of ours as `safe`, its line breaks (a program's words have them) as blanks."""
    return safe(" ".join(str(text).split("\n")))


def paint(text: str, *, colour: bool) -> str:
    """Text ready for a stream: escaped, its styles as terminal sequences or left out."""
    return _ANY_MARK.sub(lambda found: _SEQUENCES.get(found.group(), "") if colour else "", escaped(text))


def encodable(text: str, encoding: str) -> str:
    """The text in what an encoding can hold: known symbols by their ASCII kin, the rest as escapes."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def width(text: str) -> int:
    """How many terminal columns a text takes, styles left out."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(character) for character in _ANY_MARK.sub("", text))


def padded(text: str, columns: int) -> str:
    """The text filled with spaces to a number of columns."""
    return text + " " * max(columns - width(text), 0)


def clipped(text: str, columns: int) -> str:
    """The text cut to a number of columns, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for character in text:
        used += width(character)
        if used > columns - 1:
            break
        kept += character
    return kept + "…" + (_RESET if _ANY_MARK.search(kept) else "")


def folded(text: str, columns: int) -> list[str]:
    """The text cut into pieces of at most some columns, nothing left out; for drawing, where nothing may wrap."""
    lines, used = [""], 0
    for character in text:
        wide = width(character)
        if used + wide > columns and used:
            lines.append("")
            used = 0
        lines[-1] += character
        used += wide
    return lines


def wrapped(text: str, columns: int = 78, *, indent: int = 0, hang: int = 0) -> str:
    """The text broken at spaces.

    Args:
        columns: of a whole line.
        indent: spaces before the first line.
        hang: spaces before the further ones; words longer than a line, and what stands between backticks, stay whole.
    """
    lines = [""]
    for word in _WHOLE.findall(text):
        room = columns - (hang if len(lines) > 1 else indent)
        if lines[-1] and width(lines[-1]) + 1 + width(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return " " * indent + ("\n" + " " * hang).join(lines)


def table(rows: list[list[str]], *, gap: int = 2, indent: int = 0) -> str:
    """Rows as aligned columns.

    Args:
        rows: cells, already `safe` and styled; rows may differ in length.
        gap: spaces between columns.
        indent: spaces before each line.
    """
    count = max((len(row) for row in rows), default=0)
    widths = [max((width(row[i]) for row in rows if i < len(row)), default=0) for i in range(count)]
    lines = [(" " * gap).join(padded(cell, widths[i]) for i, cell in enumerate(row)) for row in rows]
    return "\n".join((" " * indent + line).rstrip() for line in lines)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def as_printed(command: str | None) -> str | None:
    """A command of a hint, completed from the call that is answered; None for none, and for the refused command."""
    printed: str | None = load("specify_cli.cli.hints:shown")(command) if command else None
    return printed
