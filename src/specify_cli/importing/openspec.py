"""Projects of OpenSpec: `openspec/changes/<id>/{proposal,design,tasks}.md`, changed requirements below `specs/`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specify_cli.core.markdown import prose
from specify_cli.importing.checklists import all_done, files_named, groups
from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import CHARTER, Reading, Rest, title_of
from specify_cli.status.models import Lane

ROOTS = ("openspec",)
REST = (
    Rest("openspec/specs/", "how the system is today: that stands for itself, and is no mission"),
    Rest("openspec/AGENTS.md", "instructions for agents of OpenSpec; spec-kitty brings its own"),
    Rest(
        "openspec/project.md",
        f"what holds for the whole project: it belongs in {CHARTER}, which every prompt is given",
    ),
    Rest("openspec/config.y", "settings of OpenSpec"),
)
_ARCHIVE = "archive"
_DATED = re.compile(r"^(\d{4}-\d{2}-\d{2})-(.+)$")
_DELTA = re.compile(r"^##\s+(ADDED|MODIFIED|REMOVED|RENAMED)\s+Requirements\s*$", re.IGNORECASE)
_HEADING = re.compile(r"^##\s")
_REQUIREMENT = re.compile(r"^###\s*Requirement:\s*(.+?)[ \t#]*$", re.IGNORECASE)
_RENAMED = re.compile(r"^\s*[-*]?\s*`?(FROM|TO):\s*`?(?:###\s*Requirement:\s*)?(.+?)`?\s*$", re.IGNORECASE)
_TITLE = re.compile(r"^#\s+(?:(?:Change|Proposal)\s*:\s*)(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_NUMBER = re.compile(r"^\d+[.)]\s*")
_CHANGES = {"added": "", "modified": "changed: ", "removed": "removed: "}


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """A change becomes a mission, a group of its tasks a work package, a task a subtask."""
    reading, changes = Reading(files, at), "openspec/changes"
    names = [name for name in reading.folders(changes) if name != _ARCHIVE]
    missions = [_mission(reading, f"{changes}/{name}", name, "") for name in names]
    for name in reading.folders(f"{changes}/{_ARCHIVE}"):
        dated = _DATED.match(name)
        closed = f"archived on {dated[1]}" if dated else "archived"
        missions.append(_mission(reading, f"{changes}/{_ARCHIVE}/{name}", dated[2] if dated else name, closed))
    return reading.imported([each for each in missions if each.documents], REST)


def _mission(reading: Reading, folder: str, name: str, closed: str) -> ImportedMission:
    copies = reading.copies(folder, leave=(".openspec.yaml",))
    documents = {{"proposal.md": "spec.md", "design.md": "plan.md"}.get(each, each): copies[each] for each in copies}
    found = _TITLE.search(reading.text(f"{folder}/proposal.md") or "")
    where, tasks = reading.tasks(folder)
    return ImportedMission(
        id=f"{_ARCHIVE}/{folder.rpartition('/')[2]}" if closed else name,
        title=found[1] if found else title_of(name),
        origin=folder,
        documents=documents,
        packages=_packages(tasks.text, where, closed),
        requirements=_requirements(reading, folder),
        closed=closed,
        where=where,
    )


def _packages(text: str, where: str, closed: str) -> tuple[ImportedPackage, ...]:
    """Groups of tasks are done one after another."""
    found: list[ImportedPackage] = []
    for group in (each for each in groups(text) if each.boxes):
        ticks = tuple(Tick(box.text, box.done) for box in group.boxes)
        done = bool(closed) or all_done(ticks)
        found.append(
            ImportedPackage(
                id=f"group {len(found) + 1}",
                title=_NUMBER.sub("", group.title) or "Tasks",
                origin=f"{group.title or 'tasks'} in {where}",
                body=group.body,
                dependencies=(found[-1].id,) if found else (),
                state=Lane.DONE if done else Lane.PLANNED,
                said=(closed or "all tasks ticked") if done else "",
                ticks=ticks,
                files=files_named(tick.text for tick in ticks),
                lines=len(ticks),
            )
        )
    return tuple(found)


def _requirements(reading: Reading, folder: str) -> tuple[str, ...]:
    found = []
    for path in reading.below(f"{folder}/specs"):
        if path.endswith(".md"):
            capability = path.removeprefix(f"{folder}/specs/").removesuffix("/spec.md").removesuffix(".md")
            found += [f"{said} ({capability})" for said in _changed(reading.text(path) or "")]
    return tuple(found)


def _changed(text: str) -> list[str]:
    """What a delta says, a sentence for each requirement."""
    found, kind, before = [], "", ""
    for line in prose(text).split("\n"):
        if _HEADING.match(line):
            delta = _DELTA.match(line)
            kind = delta[1].lower() if delta else ""
        elif kind in _CHANGES and (match := _REQUIREMENT.match(line)):
            found.append(_CHANGES[kind] + match[1])
        elif kind == "renamed" and (renamed := _RENAMED.match(line)):
            if renamed[1].upper() == "TO":
                found.append(f"renamed: {before} is now {renamed[2]}")
            before = renamed[2]
    return found
