"""Lists of check boxes in Markdown, and the paths that a text names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from specify_cli.core.markdown import fenced_lines, prose
from specify_cli.importing.models import Tick
from specify_cli.kernel.values import frozen

# A letter in brackets is a word of a legend (`- [P] another file`), but for the x of a tick.
_BOX = re.compile(r"^([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+\[([xX]|[^\w\[\]\n]?)\](?:(?<= \])|(?![(\[]))(\*?)[ \t]*(.*)$")
# Boxes as people write them where no program reads them: other bullets, no space, a sign in place of brackets.
_LOOSE = re.compile(r"^([ \t]*)(?:[•◦▪‣][ \t]*|[-*+])\[([ xX]?)\](?![(\[])[ \t]*")
_SIGN = re.compile(r"^([ \t]*)(?:[-*+•][ \t]+)?([☐⬜☑☒✅✔])[ \t]+")
_QUOTED = re.compile(r"^[ \t]*(?:>[ \t]*)+")
_TASK_ID = re.compile(r"\bT\d{3,}\b")
# An item, a row or a heading that begins with the id of a task, and not with a range of them.
_NAMED = re.compile(
    r"^[ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+|\|[ \t]*|#{2,6}[ \t]+)[*`_]*(T\d{3,})\b(?![ \t]*[-–—][ \t]*T?\d)"
)
_TICKS = frozenset("xX✓✔☑✅")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
_NUMBERED = re.compile(r"^([ \t]*)(?:[-*+][ \t]+)?((?:\d+[.)]|\d+(?:\.\d+)+[.)]?|\**T\d{3,}\b[*:.]*)[ \t]+\S.*)$")
_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t#]*$")
_PATH = re.compile(r"(?<![\w./:@~\\+-])((?:[\w@+-][\w.@+-]*/|\.[\w-]+/)+[\w@+\[\]-][\w.@+\[\]-]*\.\w{1,8})(?![\w/])")


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
        return self.mark in _TICKS


@frozen
class Group:
    """What stands below a heading of the second level, or before the first one (then without title)."""

    title: str
    body: str
    boxes: tuple[Box, ...]


@frozen
class Listing:
    """A list of tasks as it is read.

    Args:
        text: with a box before each task.
        note: what was made of a list that has none, or has them in code; empty where nothing was.
        left: boxes that stay text, as they stand in code, comments or quotations beside others that do not.
        unboxed: ids of tasks that have no box beside others that have.
    """

    text: str
    note: str = ""
    left: int = 0
    unboxed: tuple[str, ...] = ()


def listing(text: str) -> Listing:
    """A list of tasks, whatever way it is written: with boxes, with all of them in code, or with numbers alone."""
    lines = [_tidy(line) for line in text.split("\n")]
    text = "\n".join(lines)
    raw = sum(1 for line in lines if _BOX.match(_QUOTED.sub("", line)))
    shown = len(boxes(text))
    if shown:
        return Listing(text, left=raw - shown, unboxed=_unboxed(text))
    if raw:
        kept = "\n".join("" if _FENCE.match(line) else line for line in lines).replace("<!--", "").replace("-->", "")
        return Listing(
            kept, "its boxes stand in code or comments; they are taken for the tasks", raw - len(boxes(kept))
        )
    found = [_NUMBERED.sub(r"\1- [ ] \2", line) if outside else line for outside, line in fenced_lines(text)]
    numbered = "\n".join(found)
    if numbered == text:
        return Listing(text)
    made = sum(1 for line in found if _BOX.match(line))
    return Listing(
        numbered,
        "it has no boxes; its numbered lines are taken for the tasks, none of them done",
        made - len(boxes(numbered)),
    )


def _tidy(line: str) -> str:
    """A line with its box as Markdown has it."""
    if sign := _SIGN.match(line):
        return f"{sign[1]}- [{' ' if sign[2] in '☐⬜' else 'x'}] {line[sign.end() :]}"
    if loose := _LOOSE.match(line):
        return f"{loose[1]}- [{loose[2] or ' '}] {line[loose.end() :]}"
    return line


def _unboxed(text: str) -> tuple[str, ...]:
    lines = prose(text).split("\n")
    boxed = {name for line in lines if _BOX.match(line) for name in _TASK_ID.findall(line)}
    named = dict.fromkeys(match[1] for line in lines if not _BOX.match(line) and (match := _NAMED.match(line)))
    return tuple(name for name in named if name not in boxed)


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
    """The files that some texts name, sorted."""
    named = (path for text in texts for path in _PATH.findall(text))
    return tuple(sorted({path for path in named if ".." not in path.split("/")}))
