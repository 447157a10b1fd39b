"""Projects of Kiro: `.kiro/specs/<name>/{requirements,design,tasks}.md`, tasks numbered `1.`, `1.1`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from specify_cli.core.markdown import prose
from specify_cli.importing.checklists import Box, Listing, all_done, boxes, files_named
from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import CHARTER, Reading, Rest, title_of
from specify_cli.kernel.text import number_of
from specify_cli.kernel.values import frozen, replace
from specify_cli.status.models import Lane

ROOTS = (".kiro",)
REST = (
    Rest(
        ".kiro/steering/",
        f"guidance for agents: what is to hold for every mission belongs in {CHARTER}",
    ),
    Rest(".kiro/hooks/", "hooks of an editor: nothing of a repository is run here by itself"),
    Rest(".kiro/settings/", "settings of an editor"),
)
_SPECS = ".kiro/specs"
_NAMES = {"requirements.md": "spec.md", "bugfix.md": "spec.md", "design.md": "plan.md"}
_NUMBERED = re.compile(r"^(\d+(?:\.\d+)*)[.)]?[ \t]+(.*)$")
_STARRED = re.compile(r"^(\d+(?:\.\d+)*[.)]?)\*[ \t]+(.*)$")
_TITLE = re.compile(r"^#{2,4}[ \t]+(.*?)[ \t#]*$")
_NUMBERED_TITLE = re.compile(r"^(?:Task[ \t]+)?(\d+)[.):]?[ \t]+(.+)$", re.IGNORECASE)
_HEADING = re.compile(r"^###[ \t]+Requirement[ \t]+(\d+)[ \t]*[:.–—-]?[ \t]*(.*?)[ \t#]*$", re.IGNORECASE)
_STORY = re.compile(r"^\*\*User Story:?\*\*:?[ \t]*(.+)$", re.IGNORECASE)
_SERVES = re.compile(r"_?Requirements?:[ \t]*([\d., ]+)", re.IGNORECASE)
_UNDER_WAY = ("-", "~")


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """A spec becomes a mission, a numbered task a work package, a task below it a subtask."""
    reading = Reading(files, at)
    found = [_mission(reading, name) for name in reading.folders(_SPECS)]
    return reading.imported([each for each in found if each.documents], REST)


def _mission(reading: Reading, name: str) -> ImportedMission:
    folder = f"{_SPECS}/{name}"
    where, tasks = reading.tasks(folder)
    copies = reading.copies(folder, leave=(".config.kiro",))
    requirements = _requirements(reading.text(f"{folder}/requirements.md") or "")
    places = {number: place for place, number in enumerate(requirements, 1)}
    return ImportedMission(
        id=name,
        title=title_of(name),
        origin=folder,
        documents={_NAMES.get(each, each): copies[each] for each in copies},
        packages=_packages(reading, where, tasks, places),
        requirements=tuple(f"{text} (Requirement {number})" for number, text in requirements.items()),
        where=where,
    )


def _requirements(text: str) -> dict[int, str]:
    """Number of each requirement -> its title, else its user story."""
    found: dict[int, str] = {}
    current = 0
    for line in prose(text).split("\n"):
        if heading := _HEADING.match(line):
            current = number_of(heading[1])
            found.setdefault(current, heading[2])
        elif (story := _STORY.match(line)) and current and not found[current]:
            found[current] = story[1]
    return {number: said or "as requirements.md says" for number, said in found.items()}


def _packages(reading: Reading, where: str, tasks: Listing, places: Mapping[int, int]) -> tuple[ImportedPackage, ...]:
    """The tasks of a list are done one after another."""
    lines, found = tasks.text.split("\n"), [_marked(box) for box in boxes(tasks.text)]
    heads = _heads(tasks.text, found)
    optional = [box for box in found if box.optional]
    packages: list[ImportedPackage] = []
    taken: set[str] = set()
    for head, end in zip(heads, [*(head.line for head in heads[1:]), len(lines)], strict=False):
        start = head.line + (not head.implied)
        inside = found[bisect_left(found, start, key=_line) : bisect_left(found, end, key=_line)]
        if head.box is not None and head.box.optional:
            optional += [box for box in inside if not box.optional]
            continue
        body = "\n".join(lines[start:end]).strip("\n")
        name = head.number if head.number and head.number not in taken else f"line {head.line + 1}"
        taken.add(name)
        needs = tuple(each.id for each in packages[-1:])
        packages.append(_package(name, needs, head, inside, body, where, places, counted=not (found or tasks.left)))
    if optional:
        names = ", ".join(_NUMBERED.sub(r"\1", box.text) for box in sorted(optional, key=lambda box: box.line))
        said = f"{where}: optional tasks ({names}) stay in the text and are no subtasks, so nobody waits"
        reading.leave(where, len(optional), said)
    return tuple(packages)


@frozen
class _Head:
    """Where a work package begins: at a numbered heading, at a box, or before the first box of its number.

    Args:
        line: from 0; what belongs to it comes after.
        box: the box that it is.
        implied: the first box of its number stands there, and is a subtask.
    """

    number: str
    title: str
    line: int
    box: Box | None = None
    implied: bool = False


def _marked(box: Box) -> Box:
    """A box whose number may carry the asterisk of an optional task: `1.2* Write a test`."""
    starred = _STARRED.match(box.text)
    return replace(box, text=f"{starred[1]} {starred[2]}", optional=True) if starred else box


def _number(box: Box) -> str:
    match = _NUMBERED.match(box.text)
    return match[1] if match else ""


def _heads(text: str, found: Sequence[Box]) -> list[_Head]:
    """Where the work packages of a list begin, in whichever way it is laid out."""
    by_line = {box.line: box for box in found}
    whole = [number for box in found if (number := _number(box)) and "." not in number]
    # Numbers that begin anew below each heading are steps of it.
    by_heading = len(whole) == 0 or len(set(whole)) < len(whole)
    heads: list[_Head] = []
    title = ""
    for place, line in enumerate(prose(text).split("\n")):
        if heading := _TITLE.match(line):
            numbered = _NUMBERED_TITLE.match(heading[1])
            title = numbered[2] if numbered else heading[1]
            if numbered and by_heading:
                heads.append(_Head(numbered[1], title, place))
        elif box := by_line.get(place):
            own = _head_of(box, heads[-1] if heads else None, title)
            heads += [own] if own else []
            title = "" if own else title
    return heads


def _head_of(box: Box, current: _Head | None, title: str) -> _Head | None:
    """The work package that a box begins; None where it belongs to the one before."""
    below_heading = current is not None and current.box is None and not current.implied
    number = _number(box)
    if below_heading:
        return None
    if "." not in number:
        match = _NUMBERED.match(box.text)
        begins = bool(number) or box.indent == 0 or current is None
        return _Head(number, match[2] if match else box.text, box.line, box) if begins else None
    root = number.partition(".")[0]
    if current is not None and (box.indent > 0 or current.number == root):
        return None
    return _Head(root, title or f"Tasks {root}", box.line, implied=True)


def _line(box: Box) -> int:
    return box.line


def _package(
    name: str,
    needs: tuple[str, ...],
    head: _Head,
    inside: Sequence[Box],
    body: str,
    where: str,
    places: Mapping[int, int],
    *,
    counted: bool,
) -> ImportedPackage:
    """A work package; `counted`: its heading is itself the task, for the list has no boxes."""
    ticks = tuple(Tick(box.text, box.done) for box in inside if not box.optional)
    mark = head.box.mark if head.box else " "
    done = (head.box is not None and head.box.done) or (mark == " " and all_done(ticks))
    serves = {
        number_of(part.partition(".")[0]) for said in _SERVES.findall(body) for part in re.findall(r"\d[\d.]*", said)
    }
    return ImportedPackage(
        id=name,
        title=head.title,
        origin=f"task {head.number or head.title} in {where}",
        body=body,
        dependencies=needs,
        state=Lane.DONE if done else Lane.PLANNED,
        said="ticked" if done else "in progress" if mark in _UNDER_WAY else "",
        ticks=ticks,
        files=files_named([tick.text for tick in ticks] or [head.title]),
        requirements=tuple(sorted(places[each] for each in serves if each in places)),
        lines=(1 if head.box or counted else 0) + len(ticks),
    )
