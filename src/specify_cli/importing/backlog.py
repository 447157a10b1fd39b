"""Projects of Backlog.md: `backlog/tasks/task-N - title.md`, a header with the state and sections of Markdown below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from specify_cli.core.markdown import section
from specify_cli.importing.checklists import boxes, files_named
from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import Reading, Rest, listed, title_of, words
from specify_cli.kernel import yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import replace
from specify_cli.status.models import Lane

_FOLDERS = ("backlog", ".backlog")
ROOTS = (*_FOLDERS, "backlog.config.yml")
_WHY = {
    "drafts/": "drafts are no tasks yet",
    "archive/": "what was put away without being done",
    "decisions/": "decisions; copy into a mission's folder what it needs",
    "docs/": "documents; copy into a mission's folder what it needs",
    "config.y": "settings of Backlog.md",
}
REST = (
    *(Rest(f"{folder}/{name}", why) for folder in _FOLDERS for name, why in _WHY.items()),
    Rest("backlog.config.yml", "settings of Backlog.md"),
)
_STATES = {
    "done": Lane.DONE,
    "completed": Lane.DONE,
    "to do": Lane.PLANNED,
    "todo": Lane.PLANNED,
    "in progress": Lane.PLANNED,
    "review": Lane.FOR_REVIEW,
    "in review": Lane.FOR_REVIEW,
    "blocked": Lane.BLOCKED,
    "cancelled": Lane.CANCELED,
    "canceled": Lane.CANCELED,
}
_SILENT = ("", "to do", "todo")
_FILE_ID = re.compile(r"^([a-z]+-\d+(?:\.\d+)*) - ", re.IGNORECASE)
_MARKER = re.compile(r"^<!-- (?:AC|DOD|SECTION)[A-Z:_]*(?:BEGIN|END) -->\n?", re.MULTILINE)
_CRITERION = re.compile(r"^#\d+[ \t]+")
_NO_MILESTONE = "backlog"


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """A milestone becomes a mission (tasks without one are one more), a task a work package, a criterion a subtask."""
    reading = Reading(files, at)
    root = next((each for each in _FOLDERS if reading.below(each)), _FOLDERS[0])
    found: dict[str, list[ImportedPackage]] = {}
    parents: dict[str, list[str]] = {}
    for path in [*reading.below(f"{root}/tasks"), *reading.below(f"{root}/completed")]:
        task = _task(reading, path)
        if task is not None:
            milestone, parent, package = task
            found.setdefault(milestone, []).append(package)
            parents.setdefault(parent, []).append(package.id)
    milestones = _milestones(reading, root) | {"": (_project(reading, root) or "Backlog", "")}
    missions = [
        _mission(name, milestones.get(name.lower(), (title_of(name), "")), found[name], parents)
        for name in sorted(found)
    ]
    return reading.imported(missions, REST)


def _milestones(reading: Reading, root: str) -> dict[str, tuple[str, str]]:
    """Id of each milestone that has a file -> its title, and what it says."""
    documents = [reading.document(path) for path in reading.below(f"{root}/milestones") if path.endswith(".md")]
    told = [(words(fields.get("id")), words(fields.get("title")), body) for fields, body in filter(None, documents)]
    return {name.lower(): (title or title_of(name), body.strip()) for name, title, body in told if name}


def _mission(
    name: str,
    milestone: tuple[str, str],
    packages: Iterable[ImportedPackage],
    parents: Mapping[str, list[str]],
) -> ImportedMission:
    title, text = milestone
    ordered = sorted(packages, key=lambda package: natural_key(package.id.lower()))
    known = {package.id for package in ordered}
    numbered = [
        replace(
            package,
            # A parent is what its subtasks come to.
            dependencies=tuple(
                dict.fromkeys([*package.dependencies, *(each for each in parents.get(package.id, ()) if each in known)])
            ),
            requirements=(number,),
        )
        for number, package in enumerate(ordered, 1)
    ]
    return ImportedMission(
        id=name or _NO_MILESTONE,
        title=title,
        origin=f"milestone {title}" if name else "tasks without a milestone",
        documents={"spec.md": f"# {title}\n\n{text}\n".encode()} if text else {},
        packages=tuple(numbered),
        requirements=tuple(package.title for package in numbered),
    )


def _project(reading: Reading, root: str) -> str:
    for path in (f"{root}/config.yml", f"{root}/config.yaml", "backlog.config.yml"):
        text = reading.text(path)
        if text is not None:
            try:
                return words(yaml.mapping(text, path).get("project_name"))
            except Refused as error:
                reading.unreadable(error.message, path)
    return ""


def _task(reading: Reading, path: str) -> tuple[str, str, ImportedPackage] | None:
    """Milestone, parent and task of a file; None where it is none."""
    name = path.rpartition("/")[2]
    if not name.endswith(".md") or name.lower() == "readme.md":
        return None
    document = reading.document(path)
    if document is None:
        return None
    fields, body = document
    in_name = _FILE_ID.match(name)
    own = (words(fields.get("id")) or (in_name[1] if in_name else "")).lower()
    if not own:
        reading.unreadable(f"{path}: neither its header nor its name tells the id of a task", path)
        return None
    status = words(fields.get("status")).lower()
    if status and status not in _STATES:
        reading.note("IMPORT_STATE_UNKNOWN", f"{path}: state {status!r} is taken for to do")
    criteria = section(body, "Acceptance Criteria") or ""
    ticks = tuple(Tick(_CRITERION.sub("", box.text), box.done) for box in boxes(criteria))
    people = ", ".join(listed(fields.get("assignee")))
    package = ImportedPackage(
        id=own,
        title=words(fields.get("title")) or name.removesuffix(".md"),
        origin=f"{own} in {path}",
        body="\n\n".join(filter(None, [_facts(fields), _MARKER.sub("", body).strip()])),
        dependencies=tuple(need.lower() for need in listed(fields.get("dependencies"))),
        state=_STATES.get(status, Lane.PLANNED),
        said="" if status in _SILENT else status + (f", {people}" if people else ""),
        ticks=ticks,
        files=files_named(listed(fields.get("modified_files"))),
    )
    return words(fields.get("milestone")), words(fields.get("parent_task_id") or fields.get("parent")).lower(), package


def _facts(fields: Mapping[str, object]) -> str:
    """What the header says beside state and dependencies."""
    names = ("assignee", "labels", "priority", "references", "documentation", "created_date", "updated_date")
    told = [f"- {name.replace('_', ' ')}: {said}" for name in names if (said := ", ".join(listed(fields.get(name))))]
    return "\n".join(told)
