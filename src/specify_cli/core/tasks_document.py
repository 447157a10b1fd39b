"""What tasks.md holds beside dependencies: titles, subtasks with their boxes, requirements, and its generated form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from specify_cli.core.tasks_sections import TasksSection, tasks_sections
from specify_cli.kernel.values import frozen

GENERATED = "<!-- Generated from wps.yaml by finalize-tasks: change that file. Ticks made here are kept. -->"

_BOX = re.compile(r"^([ \t]*(?:[-*+]|\d+[.)])[ \t]+\[)([ xX])(\][ \t]+[*`_]*)(T\d{3,})(?!\w)[*`_]*[ \t:.–—-]*(.*)$")
_REQUIREMENTS = re.compile(r"^[ \t]*(?:[-*+][ \t]+)*[*_]*requirements?(?:[ \t_]refs)?[*_]*[ \t]*:(.*)$", re.IGNORECASE)
_REQUIREMENT_ID = re.compile(r"\b(?:FR|NFR|C)-\d+[A-Z]?\b", re.IGNORECASE)


@frozen
class Subtask:
    """A check box of tasks.md.

    Args:
        id: `T001`.
        title: its text.
        done: whether the box is ticked.
        line: number of its line, from 1.
    """

    id: str
    title: str
    done: bool
    line: int


@frozen
class Outline:
    """One work package as the generated tasks.md shows it.

    Args:
        subtasks: id and text of each.
    """

    wp_id: str
    title: str
    file: str
    requirement_refs: Sequence[str]
    dependencies: Sequence[str]
    subtasks: Sequence[tuple[str, str]]


def subtasks_of(text: str) -> dict[str, list[Subtask]]:
    """Work package -> its check boxes, in order, for every section of tasks.md."""
    found: dict[str, list[Subtask]] = {}
    for section, number, match in _boxes(text):
        box = Subtask(match[4], match[5].strip(), match[2] != " ", number)
        found.setdefault(section.wp_id, []).append(box)
    return {section.wp_id: found.get(section.wp_id, []) for section in tasks_sections(text)}


def render_ticks(text: str, states: Mapping[str, bool]) -> str:
    """The text with the boxes of some subtasks ticked or emptied; not one other character changes.

    Args:
        text: tasks.md.
        states: subtask -> done. Whether such a subtask exists is the caller's question.
    """
    lines = text.split("\n")
    for _, number, match in _boxes(text):
        wanted = states.get(match[4])
        if wanted is not None and wanted != (match[2] != " "):
            line = lines[number - 1]
            at = match.end(1)
            lines[number - 1] = line[:at] + ("x" if wanted else " ") + line[at + 1 :]
    return "\n".join(lines)


def wp_titles(text: str) -> dict[str, str]:
    """Work package -> title, for every section of tasks.md; the first that says something counts."""
    titles: dict[str, str] = {}
    for section in tasks_sections(text):
        if not titles.get(section.wp_id):
            titles[section.wp_id] = section.title
    return titles


def requirement_refs_of(text: str) -> dict[str, list[str]]:
    """Work package -> requirement ids of its lines `Requirements: FR-001, …`; only those that have such a line."""
    found: dict[str, list[str]] = {}
    for section in tasks_sections(text):
        for _, line in section.lines:
            match = _REQUIREMENTS.match(line)
            if match is not None:
                ids = [requirement.upper() for requirement in _REQUIREMENT_ID.findall(match[1])]
                found[section.wp_id] = list(dict.fromkeys([*found.get(section.wp_id, []), *ids]))
    return found


def render_tasks(title: str, outlines: Sequence[Outline], ticked: Mapping[str, bool], head: str = GENERATED) -> str:
    """tasks.md as it is generated where wps.yaml is the authority, and where a mission is imported.

    Args:
        title: the mission's name.
        outlines: the work packages, in order.
        ticked: subtask -> whether its box was ticked before.
        head: what stands below the title.
    """
    parts = [f"# Tasks: {title}\n\n{head}\n"]
    for outline in outlines:
        facts = [
            f"**Prompt**: `{outline.file}`",
            f"**Requirements**: {', '.join(outline.requirement_refs) or 'none named'}",
            f"**Dependencies**: {', '.join(outline.dependencies) or 'None'}",
        ]
        boxes = [
            f"- [{'x' if ticked.get(subtask) else ' '}] {subtask} {text}".rstrip() for subtask, text in outline.subtasks
        ]
        body = "  \n".join(facts) + ("\n\n" + "\n".join(boxes) if boxes else "")
        parts.append(f"## {outline.wp_id}: {outline.title}\n\n{body}\n")
    return "\n".join(parts)


def _boxes(text: str) -> Iterator[tuple[TasksSection, int, re.Match[str]]]:
    for section in tasks_sections(text):
        for number, line in section.lines:
            match = _BOX.match(line)
            if match is not None:
                yield section, number, match
