"""tasks.md taken apart: one section a work package, fenced code and comments left out."""

from __future__ import annotations

import re
from functools import lru_cache

from specify_cli.core.markdown import heading_key, prose
from specify_cli.kernel.values import frozen

# `## WP01 …`, `## Work Package WP01 …` and `### WP01 …`, with any punctuation after the id.
_HEADER = re.compile(r"^ {0,3}(?:##[ \t]+(?:Work Package[ \t]+)?|###[ \t]+)(WP\d{2,})(?!\w)(.*)$")
_LEVEL_TWO = re.compile(r"^ {0,3}##(?!#)(?:[ \t]+(.*))?$")
_PRIORITY = re.compile(r"\bpriority\b", re.IGNORECASE)
_AROUND_TITLE = " \t:.,;-–—|·#"


@frozen
class TasksSection:
    """What tasks.md says of one work package.

    Args:
        wp_id: the id in the header.
        title: the rest of the header, a remark on priority left out.
        line: number of the header's line, from 1.
        lines: number and text of every line below it; those of fenced code and comments are empty.
    """

    wp_id: str
    title: str
    line: int
    lines: tuple[tuple[int, str], ...]


def tasks_sections(text: str) -> list[TasksSection]:
    """The sections of tasks.md, in order; a work package may have more than one.

    A section ends at the next header of a work package, at the next heading of level 2 that is not `Dependencies`,
    or at the end of the text; deeper headings do not end it (seed 079, track 4).

    Args:
        text: tasks.md, with any line endings.
    """
    return list(_sections(text))


@lru_cache(maxsize=4)  # one outline is looked at for many things
def _sections(text: str) -> tuple[TasksSection, ...]:
    found: list[TasksSection] = []
    current: tuple[str, str, int] | None = None
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(prose(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n"), 1):
        header = _HEADER.match(line) if "#" in line else None
        if header is None and not ("#" in line and _ends_section(line)):
            lines.append((number, line))
            continue
        if current is not None:
            found.append(TasksSection(*current, tuple(lines)))
        current = None if header is None else (header[1], _title(header[2]), number)
        lines = []
    if current is not None:
        found.append(TasksSection(*current, tuple(lines)))
    return tuple(found)


def _ends_section(line: str) -> bool:
    match = _LEVEL_TWO.match(line)
    return match is not None and heading_key(match[1] or "") != "dependencies"


def _title(rest: str) -> str:
    title = rest.strip(_AROUND_TITLE)
    before, bracket, remark = title.removesuffix(")").rpartition("(")
    if bracket and title.endswith(")") and ")" not in remark and _PRIORITY.search(remark):
        title = before
    return title.strip(_AROUND_TITLE)
