"""Projects of Kiro: `.kiro/specs/<name>/{requirements,design,tasks}.md`, tasks numbered `1.`, `1.1`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from specify_cli.core.markdown import prose
from specify_cli.importing.checklists import Box, all_done, boxes, files_named
from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import CHARTER, Reading, Rest, title_of
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
    copies = reading.copies(folder, leave=(".config.kiro",))
    requirements = _requirements(reading.text(f"{folder}/requirements.md") or "")
    places = {number: place for place, number in enumerate(requirements, 1)}
    return ImportedMission(
        id=name,
        title=title_of(name),
        origin=folder,
        documents={_NAMES.get(each, each): copies[each] for each in copies},
        packages=_packages(reading, f"{folder}/tasks.md", places),
        requirements=tuple(f"{text} (Requirement {number})" for number, text in requirements.items()),
    )


def _requirements(text: str) -> dict[int, str]:
    """Number of each requirement -> its title, else its user story."""
    found: dict[int, str] = {}
    current = 0
    for line in prose(text).split("\n"):
        if heading := _HEADING.match(line):
            current = int(heading[1])
            found.setdefault(current, heading[2])
        elif (story := _STORY.match(line)) and current and not found[current]:
            found[current] = story[1]
    return {number: said or "as requirements.md says" for number, said in found.items()}


def _packages(reading: Reading, where: str, places: Mapping[int, int]) -> tuple[ImportedPackage, ...]:
    """The tasks of a list are done one after another."""
    text = reading.text(where) or ""
    lines, found = text.split("\n"), boxes(text)
    heads = [box for box in found if _is_head(box)]
    packages: list[ImportedPackage] = []
    ends = [*(box.line for box in heads), len(lines)][1:]
    for head, end in zip(heads, ends, strict=False):
        inside = [box for box in found if head.line < box.line < end]
        body = "\n".join(lines[head.line + 1 : end]).strip("\n")
        packages.append(_package(head, inside, body, where, places, packages[-1:]))
    optional = [_NUMBERED.sub(r"\1", box.text) for box in found if box.optional]
    if optional:
        said = f"{where}: optional tasks ({', '.join(optional)}) stay in the text and are no subtasks, so nobody waits"
        reading.note("IMPORT_NO_COUNTERPART", said)
    return tuple(packages)


def _is_head(box: Box) -> bool:
    number = _NUMBERED.match(box.text)
    return "." not in number[1] if number else box.indent == 0


def _package(
    head: Box,
    inside: Sequence[Box],
    body: str,
    where: str,
    places: Mapping[int, int],
    before: Sequence[ImportedPackage],
) -> ImportedPackage:
    number = _NUMBERED.match(head.text)
    ticks = tuple(Tick(box.text, box.done) for box in inside if not box.optional)
    done = head.done or (head.mark == " " and all_done(ticks))
    serves = {int(part.partition(".")[0]) for said in _SERVES.findall(body) for part in re.findall(r"\d[\d.]*", said)}
    return ImportedPackage(
        id=number[1] if number else f"line {head.line + 1}",
        title=number[2] if number else head.text,
        origin=f"task {number[1] if number else head.text} in {where}",
        body=body,
        dependencies=tuple(each.id for each in before),
        state=Lane.DONE if done else Lane.PLANNED,
        said="ticked" if done else "in progress" if head.mark in _UNDER_WAY else "",
        ticks=ticks,
        files=files_named([tick.text for tick in ticks] or [head.text]),
        requirements=tuple(sorted(places[each] for each in serves if each in places)),
    )
