"""Projects of Taskmaster: `.taskmaster/tasks/tasks.json`, a list of tasks for each tag; older: `tasks/tasks.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import Reading, Rest, fields_text, listed, title_of, words
from specify_cli.kernel.text import some
from specify_cli.status.models import Lane

ROOTS = (".taskmaster", "tasks/tasks.json", "scripts/prd.txt")
PLACES = (".taskmaster/tasks/tasks.json", "tasks/tasks.json")
_PRD = (".taskmaster/docs/prd.md", ".taskmaster/docs/prd.txt", "scripts/prd.txt")
_MAIN = "master"
REST = (
    Rest(".taskmaster/tasks/", "written by Taskmaster from tasks.json"),
    Rest(".taskmaster/docs/", "documents that belong to no tag; copy into a mission's folder what it needs"),
    Rest(".taskmaster/reports/", "reports on how hard tasks are"),
    Rest(".taskmaster/", "settings and templates of Taskmaster"),
    Rest("tasks/tasks.json", "tasks of an older version; those in .taskmaster count"),
)
_STATES = {
    "done": Lane.DONE,
    "completed": Lane.DONE,
    "review": Lane.FOR_REVIEW,
    "cancelled": Lane.CANCELED,
    "canceled": Lane.CANCELED,
    "deferred": Lane.BLOCKED,
    "blocked": Lane.BLOCKED,
    "pending": Lane.PLANNED,
    "in-progress": Lane.PLANNED,
}
_SILENT = ("", "pending")
_DONE = ("done", "completed")
_GIVEN_UP = ("cancelled", "canceled")
_SECTIONS = {"description": "What", "details": "Details", "testStrategy": "How it is tested", "priority": "Priority"}


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """A tag becomes a mission, a task a work package, a subtask a subtask."""
    reading = Reading(files, at)
    where = next((path for path in PLACES if path in files), PLACES[0])
    data = reading.value(where)
    missions = [_mission(reading, tag, tasks, where) for tag, tasks in _tags(reading, data, where).items()]
    return reading.imported(missions, REST)


def _tags(reading: Reading, data: object, where: str) -> dict[str, list[object]]:
    if isinstance(data, list):
        return {_MAIN: data}
    if not isinstance(data, dict):
        if data is not None:
            reading.unreadable(f"{where}: an object with tasks is expected", where)
        return {}
    if isinstance(data.get("tasks"), list):
        return {_MAIN: data["tasks"]}
    if "tasks" in data:
        data = {_MAIN: {"tasks": data["tasks"]}}
    found: dict[str, list[object]] = {}
    for tag, content in data.items():
        tasks = content.get("tasks") if isinstance(content, dict) else content
        if isinstance(tasks, list):
            found[str(tag)] = tasks
        elif isinstance(content, dict) and "tasks" not in content and not _holds_tasks(content):
            reading.note("IMPORT_NO_COUNTERPART", f"{where}: {tag!r} has no list of tasks, so it is no tag")
        else:
            reading.unreadable(f"{where}: tag {tag!r} has no list of tasks", where)
    return found


def _holds_tasks(content: Mapping[str, object]) -> bool:
    return any(isinstance(each, dict) and "title" in each for each in content.values())


def _mission(reading: Reading, tag: str, tasks: Sequence[object], where: str) -> ImportedMission:
    prd = next((path for path in _PRD if path in reading.files), None) if tag == _MAIN else None
    text = reading.text(prd) if prd else None
    packages: list[ImportedPackage] = []
    for number, task in enumerate(tasks, 1):
        if isinstance(task, dict) and words(task.get("id")):
            packages.append(_package(reading, task, where, len(packages) + 1))
        else:
            reading.unreadable(f"{where}: task {number} of tag {tag!r} is no object with an id", where)
    return ImportedMission(
        id=tag,
        title=_project(reading) or "Tasks" if tag == _MAIN else title_of(tag),
        origin=f"tag {tag} in {where}",
        documents={} if text is None else {"spec.md": text.encode("utf-8")},
        packages=tuple(packages),
        requirements=tuple(package.title for package in packages),
        where=where,
    )


def _project(reading: Reading) -> str:
    config = reading.value(".taskmaster/config.json")
    section = config.get("global") if isinstance(config, dict) else None
    name = words(section.get("projectName")) if isinstance(section, dict) else ""
    return "" if name == "Taskmaster" else name


def _package(reading: Reading, task: Mapping[str, object], where: str, number: int) -> ImportedPackage:
    own, status = words(task.get("id")), _status(task)
    origin = f"task {own} in {where}"
    below, plain = _subtasks(reading, task, own, where), reading.needs(task.get("dependencies"), origin)
    kept = [(name, each) for name, each in below if _status(each) not in _GIVEN_UP]
    gone = [name for name, each in below if _status(each) in _GIVEN_UP]
    # A dependency on a subtask is one on its task, and so is one of a subtask: whole tasks are handed out here.
    crossing = [
        need
        for name, each in kept
        for need in reading.needs(each.get("dependencies"), f"subtask {name} in {where}")
        if "." in need
    ]
    needs = dict.fromkeys(need.partition(".")[0] for need in [*plain, *crossing])
    if gone:
        reading.leave(where, len(gone), f"{origin}: {some(gone)} given up there, and text here")
    if status and status not in _STATES:
        reading.note("IMPORT_STATE_UNKNOWN", f"{origin}: state {status!r} is taken for pending")
    return ImportedPackage(
        id=own,
        title=words(task.get("title")),
        origin=origin,
        body="\n\n".join(filter(None, [fields_text(task, _SECTIONS), *(_told(*each) for each in below)])),
        dependencies=tuple(need for need in needs if need != own or own in plain),  # of itself: named as a circle
        state=_STATES.get(status, Lane.PLANNED),
        said="" if status in _SILENT else status,
        ticks=tuple(Tick(f"{name} {words(each.get('title'))}", _status(each) in _DONE) for name, each in kept),
        requirements=(number,),
        lines=1 + len(kept),
    )


def _subtasks(
    reading: Reading, task: Mapping[str, object], parent: str, where: str
) -> list[tuple[str, Mapping[str, object]]]:
    """Number and fields of each subtask, each followed by its own."""
    rows: list[tuple[str, Mapping[str, object]]] = []
    waiting = _numbered(reading, task, parent, where)
    while waiting:
        name, each = waiting.pop()
        rows.append((name, each))
        waiting += _numbered(reading, each, name, where)
    return rows


def _numbered(
    reading: Reading, task: Mapping[str, object], parent: str, where: str
) -> list[tuple[str, Mapping[str, object]]]:
    """The subtasks of a task, the last one first."""
    found = task.get("subtasks")
    rows: list[Mapping[str, object]] = []
    for each in found if isinstance(found, list) else [found] if found else []:
        if isinstance(each, dict) and isinstance(found, list):
            rows.append(each)
        elif isinstance(each, str) and words(each):
            rows.append({"title": each})
        else:
            reading.unreadable(f"{where}: a subtask of {parent} is neither an object nor a text", where)
    numbers = [words(each.get("id")) or str(place) for place, each in enumerate(rows, 1)]
    named: list[tuple[str, Mapping[str, object]]] = [
        (name if "." in name else f"{parent}.{name}", each) for name, each in zip(numbers, rows, strict=True)
    ]
    return named[::-1]


def _told(number: str, subtask: Mapping[str, object]) -> str:
    """A subtask as a section of its task."""
    needs, status = ", ".join(listed(subtask.get("dependencies"))), _status(subtask)
    facts = "; ".join(filter(None, [status, f"after {needs}" if needs else ""]))
    lines = [f"## {number} {words(subtask.get('title'))}" + (f" ({facts})" if facts else "")]
    return "\n\n".join([*lines, *filter(None, (words(subtask.get(key)) for key in _SECTIONS))])


def _status(task: Mapping[str, object]) -> str:
    return words(task.get("status")).lower()
