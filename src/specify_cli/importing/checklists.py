"""Lists of check boxes in Markdown, and the paths that a text names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from specify_cli.core.markdown import prose
from specify_cli.importing.models import Tick
from specify_cli.kernel.values import frozen

_BOX = re.compile(r"^([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+\[([^\]\n]?)\](\*?)(?![(\[])[ \t]*(.*)$")
_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t#]*$")
_PATH = re.compile(r"(?<![\w./:@~\\-])((?:[\w@+-][\w.@+-]*/|\.[\w-]+/)+[\w@+\[\]-][\w.@+\[\]-]*\.\w{1,8})(?![\w/])")


@frozen
class Box:
    """One check box.

    Args:
        mark: what stands in it: a space, `x`, or a sign of the source's own.
        optional: marked with an asterisk.
        indent: columns before it.
        line: number of its line, from 0.
    """

    text: str
    mark: str
    optional: bool
    indent: int
    line: int

    @property
    def done(self) -> bool:
        """Whether it is ticked."""
        return self.mark in ("x", "X")


@frozen
class Group:
    """What stands below a heading of the second level, or before the first one (then without title)."""

    title: str
    body: str
    boxes: tuple[Box, ...]


def boxes(text: str) -> list[Box]:
    """The check boxes of a text, in order; those in fenced code and comments are none."""
    found = []
    for number, line in enumerate(prose(text).split("\n")):
        match = _BOX.match(line)
        if match is not None:
            indent = len(match[1].expandtabs(4))
            found.append(Box(match[4].strip(), match[2] or " ", bool(match[3]), indent, number))
    return found


def groups(text: str) -> list[Group]:
    """A list cut at its headings of the second level."""
    lines, visible = text.split("\n"), prose(text).split("\n")
    starts = [(number, match[1]) for number, line in enumerate(visible) if (match := _HEADING.match(line))]
    cuts = [(-1, ""), *starts, (len(lines), "")]
    found = []
    for (start, title), (end, _) in pairwise(cuts):
        body = "\n".join(lines[start + 1 : end]).strip("\n")
        found.append(Group(title, body, tuple(boxes(body))))
    return found


def all_done(ticks: Sequence[Tick]) -> bool:
    """Whether there are boxes, and all are ticked."""
    return bool(ticks) and all(tick.done for tick in ticks)


def files_named(texts: Iterable[str]) -> tuple[str, ...]:
    """The files that some texts name, sorted; none where one of the texts names no file: then there are others."""
    found: set[str] = set()
    for text in texts:
        paths = {path for path in _PATH.findall(text) if ".." not in path.split("/")}
        if not paths:
            return ()
        found |= paths
    return tuple(sorted(found))
