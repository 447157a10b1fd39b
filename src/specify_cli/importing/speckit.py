"""Projects of GitHub's spec-kit: `specs/NNN-name/{spec,plan,tasks}.md`, phases of tasks `- [ ] T001 [P] …`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from specify_cli.importing.checklists import Group, all_done, files_named, groups
from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import CHARTER, Reading, Rest, title_of
from specify_cli.kernel.values import replace
from specify_cli.status.models import Lane

ROOTS = ("specs", ".specify", "memory/constitution.md")
_CHARTER = f"the principles of the project: they belong in {CHARTER}, which every prompt is given"
_OURS = "spec-kitty brings its own"
REST = (
    *(Rest(path, _CHARTER) for path in (".specify/memory/constitution.md", "memory/constitution.md")),
    Rest(".specify/templates/", f"templates; {_OURS} (.kittify/overrides takes those of a project)"),
    Rest(".specify/scripts/", f"scripts of spec-kit; {_OURS}"),
    Rest(".specify/", "settings of spec-kit"),
)
_TICK = re.compile(r"^(T\d{3,})(?!\w)[ \t:.]*(.*)$")
_PHASE = re.compile(r"^Phase\s+[\w.]+\s*[:.–—-]\s*", re.IGNORECASE)
_BEHIND = re.compile(r"\s*\(priority:[^)]*\).*$", re.IGNORECASE)
_STORY = re.compile(r"\buser stor(?:y|ies)\b|\bUS\d+\b", re.IGNORECASE)
_NEEDS = re.compile(r"\bdepends? on ((?:T\d{3,})(?:(?:,| and|, and)? T\d{3,})*)", re.IGNORECASE)
_TITLE = re.compile(r"^#[ \t]+(?:Feature Specification|Feature|Specification)?[ \t]*:?[ \t]*(.+?)[ \t]*$", re.MULTILINE)


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """A feature becomes a mission, a phase of its tasks a work package, a task a subtask."""
    reading = Reading(files, at)
    folders = [f"{root}/{name}" for root in ("specs", ".specify/specs") for name in reading.folders(root)]
    features = [
        each for each in folders if any(f"{each}/{name}.md" in files for name in ("spec", "plan", "tasks", "task"))
    ]
    return reading.imported([_mission(reading, each) for each in features], REST)


def _mission(reading: Reading, folder: str) -> ImportedMission:
    name = folder.rpartition("/")[2]
    spec, (where, tasks) = reading.text(f"{folder}/spec.md"), reading.tasks(folder)
    found = _TITLE.search(spec or "")
    title = found[1] if found and "[" not in found[1] else title_of(re.sub(r"^\d+-", "", name))
    return ImportedMission(name, title, folder, reading.copies(folder), _packages(tasks.text, where), where=where)


def _packages(text: str, where: str) -> tuple[ImportedPackage, ...]:
    phases = [group for group in groups(text) if group.boxes]
    found = [_package(phase, number, where) for number, phase in enumerate(phases, 1)]
    holder = {tick.id: package.id for package in found for tick in package.ticks if tick.id}
    waits = _order(found)
    return tuple(
        replace(package, dependencies=tuple(dict.fromkeys([*waits[package.id], *_named(package, holder)])))
        for package in found
    )


def _package(phase: Group, number: int, where: str) -> ImportedPackage:
    ticks = []
    for box in phase.boxes:
        match = _TICK.match(box.text)
        ticks.append(Tick(match[2] if match else box.text, box.done, match[1] if match else ""))
    title = _BEHIND.sub("", _PHASE.sub("", phase.title)) or "Tasks"
    done = all_done(ticks)
    return ImportedPackage(
        id=f"phase {number}",
        title=title,
        origin=f"{phase.title or 'tasks'} in {where}",
        body=phase.body,
        state=Lane.DONE if done else Lane.PLANNED,
        said="all tasks ticked" if done else "",
        ticks=tuple(ticks),
        files=files_named(tick.text for tick in ticks),
        lines=len(ticks),
    )


def _order(phases: Sequence[ImportedPackage]) -> dict[str, list[str]]:
    """Phases come one after another; user stories only after what was before the first of them."""
    waits: dict[str, list[str]] = {}
    before: list[str] = []
    stories: list[str] = []
    for phase in phases:
        if _STORY.search(phase.title):
            stories.append(phase.id)
            waits[phase.id] = [*before]
        else:
            waits[phase.id] = stories or [*before]
            before, stories = [phase.id], []
    return waits


def _named(package: ImportedPackage, holder: Mapping[str, str]) -> list[str]:
    """Other phases that a task says it depends on."""
    said = " ".join(found for tick in package.ticks for found in _NEEDS.findall(tick.text))
    return [holder[task] for task in re.findall(r"T\d+", said) if holder.get(task, package.id) != package.id]
