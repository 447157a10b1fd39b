"""Markdown as far as our documents need it: code and comments left out, sections by heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specify_cli.kernel.values import frozen

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NUMBERING = re.compile(r"^(?:\d+[.)]\s*)+")


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


def prose(text: str) -> str:
    """The text with fenced code and comments blanked; every line stays in its place."""
    lines = [line if outside else "" for outside, line in fenced_lines(text)]
    return without_comments("\n".join(lines))


def without_comments(text: str) -> str:
    """The text with HTML comments blanked; every line stays in its place."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)


def without_code_spans(text: str) -> str:
    """The text without `inline code`; a span that its line does not close is none."""
    return _CODE_SPAN.sub("", text)


def sections(text: str) -> list[Section]:
    """All sections of a document, in order; headings in fenced code are none."""
    lines = text.split("\n")
    visible = prose(text).split("\n")
    found = [(number, match) for number, line in enumerate(visible) if (match := _HEADING.match(line))]
    result = []
    for index, (number, match) in enumerate(found):
        level = len(match[1])
        end = next((later for later, other in found[index + 1 :] if len(other[1]) <= level), len(lines))
        result.append(Section(level, (match[2] or "").strip(), "\n".join(lines[number + 1 : end]).strip("\n")))
    return result


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
        match = _FENCE.match(line)
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
