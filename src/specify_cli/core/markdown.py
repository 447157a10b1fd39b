"""Markdown as far as our documents need it: code and comments left out, sections by heading.

Everything here takes time in proportion to the text, whatever is in it: what is opened and never closed is looked for
once, and no pattern tries a line twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from specify_cli.kernel.values import frozen

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t](.*))?$")
_TICKS = re.compile(r"`+")
_NUMBERING = re.compile(r"^(?:\d+[.)]\s*)+")
_OPENS, _CLOSES = "<!--", "-->"


@frozen
class Section:
    """A heading and what stands below it.

    Args:
        level: 1 to 6.
        title: the heading's text.
        body: everything up to the next heading of the same or a higher level.
    """

    level: int
    title: str
    body: str


@lru_cache(maxsize=8)  # one document is looked at for many things
def prose(text: str) -> str:
    """The text with fenced code and comments blanked; every line stays in its place."""
    if "```" in text or "~~~" in text:
        text = "\n".join(line if outside else "" for outside, line in fenced_lines(text))
    return without_comments(text)


def without_comments(text: str) -> str:
    """The text with HTML comments blanked; every line stays in its place."""
    kept: list[str] = []
    at = 0
    while (start := text.find(_OPENS, at)) >= 0 and (end := text.find(_CLOSES, start + len(_OPENS))) >= 0:
        kept += text[at:start], "\n" * text.count("\n", start, end)
        at = end + len(_CLOSES)
    return "".join((*kept, text[at:])) if kept else text


def comments(text: str) -> list[str]:
    """What the HTML comments of a text say, in order."""
    found, at = [], 0
    while (start := text.find(_OPENS, at)) >= 0 and (end := text.find(_CLOSES, start + len(_OPENS))) >= 0:
        found.append(text[start + len(_OPENS) : end])
        at = end + len(_CLOSES)
    return found


def without_code_spans(text: str) -> str:
    """The text without `inline code`; a span that its line does not close is none."""
    if "`" not in text:
        return text
    return "\n".join(_without_spans(line) if line.count("`") > 1 else line for line in text.split("\n"))


def _without_spans(line: str) -> str:
    """A line without code spans: each goes from a run of marks to the next run of as many."""
    runs = list(_TICKS.finditer(line))
    later: dict[int, int] = {}
    closing: list[int | None] = [None] * len(runs)
    for number in range(len(runs) - 1, -1, -1):
        length = len(runs[number][0])
        closing[number] = later.get(length)
        later[length] = number
    kept, at, number = [], 0, 0
    while number < len(runs):
        end = closing[number]
        if end is None:
            number += 1
            continue
        kept.append(line[at : runs[number].start()])
        at, number = runs[end].end(), end + 1
    return "".join((*kept, line[at:]))


def without_links(line: str) -> str:
    """A line with the words of each link, `[words](where)`, in place of the link."""
    kept: list[str] = []
    at = start = 0
    while (start := line.find("[", start)) >= 0 and (end := line.find("]", start)) >= 0:
        if line.startswith("(", end + 1):
            close = line.find(")", end + 2)
            if close < 0:
                break
            kept += line[at:start], line[start + 1 : end]
            at, end = close + 1, close
        start = end + 1
    return "".join((*kept, line[at:]))


def heading(line: str) -> tuple[int, str] | None:
    """Level and title of a heading, as `## Title ##`; None for any other line."""
    match = _HEADING.match(line)
    if match is None:
        return None
    title = (match[2] or "").strip(" \t")
    plain = title.rstrip("#")
    return len(match[1]), title if plain and plain[-1] not in " \t" else plain.rstrip(" \t")


def sections(text: str) -> list[Section]:
    """All sections of a document, in order; headings in fenced code are none."""
    lines = text.split("\n")
    visible = enumerate(prose(text).split("\n"))
    found = [(number, *told) for number, line in visible if "#" in line and (told := heading(line))]
    ends: list[int] = []
    nearest: dict[int, int] = {}  # level -> the first heading of that level behind the one that is looked at
    for number, level, _ in reversed(found):
        ends.append(min((at for other, at in nearest.items() if other <= level), default=len(lines)))
        nearest[level] = number
    return [
        Section(level, title, "\n".join(lines[number + 1 : end]).strip("\n"))
        for (number, level, title), end in zip(found, reversed(ends), strict=True)
    ]


def section(text: str, heading: str) -> str | None:
    """The body below a heading, compared without regard to case, numbering and emphasis; None if it is not there."""
    wanted = heading_key(heading)
    return next((found.body for found in sections(text) if heading_key(found.title) == wanted), None)


def heading_key(title: str) -> str:
    """What two headings that mean the same have in common."""
    plain = _NUMBERING.sub("", title.replace("*", "").replace("_", " ").strip())
    return " ".join(plain.split()).rstrip(":").casefold()


def fenced_lines(text: str) -> Iterator[tuple[bool, str]]:
    """Every line, and whether it stands outside of fenced code; a fence is inside."""
    fence = ""
    for line in text.split("\n"):
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if fence:
            # A fence is closed by at least as many of its own characters, and nothing behind them.
            if match is not None and match[1].startswith(fence) and not match[2].strip():
                fence = ""
            yield False, line
        elif match is not None and not (match[1][0] == "`" and "`" in match[2]):
            fence = match[1]
            yield False, line
        else:
            yield True, line
