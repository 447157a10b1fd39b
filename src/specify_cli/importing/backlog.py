"""Projects of Backlog.md: `backlog/tasks/task-N - title.md`, a header with the state and sections of Markdown below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from specify_cli.core.markdown import section
from specify_cli.importing.checklists import boxes, files_named
from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import Reading, Rest, listed, title_of, words
from specify_cli.kernel import yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen, replace
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
_HEADER = re.compile(r"---\n(.*?\n)---(?:\n|$)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+(.*)|)$")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)$")


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """A milestone becomes a mission (tasks without one are one more), a task a work package, a criterion a subtask."""
    reading = Reading(files, at)
    root = next((each for each in _FOLDERS if reading.below(f"{each}/tasks") or reading.below(f"{each}/completed")), "")
    root = root or next((each for each in _FOLDERS if reading.below(each)), _FOLDERS[0])
    found: dict[str, list[ImportedPackage]] = {}
    parents: dict[str, list[str]] = {}
    for path in [*reading.below(f"{root}/tasks"), *reading.below(f"{root}/completed")]:
        task = _task(reading, path)
        if task is not None:
            milestone, parent, package = task
            found.setdefault(milestone, []).append(package)
            parents.setdefault(_same(parent), []).append(package.id)
    loose = _Milestone(_NO_MILESTONE, _project(reading, root) or "Backlog")
    names = dict(_milestones(reading, f"{root}/milestones"))
    if any(name and _same(name) not in names for name in found):
        names = dict(_milestones(reading, f"{root}/archive/milestones")) | names
    by_milestone: dict[_Milestone, dict[str, list[ImportedPackage]]] = {}
    for name in sorted(found):
        known = names.get(_same(name), _Milestone(name, title_of(name))) if name else loose
        by_milestone.setdefault(known, {})[name] = found[name]
    missions = [
        _mission(root, known, [*groups], list(chain(*groups.values())), parents)
        for known, groups in by_milestone.items()
    ]
    return reading.imported(missions, REST)


@frozen
class _Milestone:
    """A milestone: its id, its title, and what it says."""

    id: str
    title: str
    text: str = ""


def _milestones(reading: Reading, folder: str) -> Iterator[tuple[str, _Milestone]]:
    """Every name that a task may call a milestone by, of all milestones in a folder: id, title, name of the file."""
    for path in reading.below(folder):
        document = _document(reading, path) if path.endswith(".md") else None
        if document is None:
            continue
        fields, body = document
        name, stem = words(fields.get("id")), path.rpartition("/")[2].removesuffix(".md")
        title = words(fields.get("title")) or title_of(name or stem)
        for each in dict.fromkeys((stem, title, name)):
            if each:
                yield _same(each), _Milestone(name or stem, title, body.strip())


def _same(name: str) -> str:
    """What two ways of writing an id or a name have in common: `TASK-0002` is `task-2`."""
    return re.sub(r"\d+", lambda match: match[0].lstrip("0") or "0", name.strip().lower())


def _mission(
    root: str,
    milestone: _Milestone,
    names: Sequence[str],
    packages: Iterable[ImportedPackage],
    parents: Mapping[str, list[str]],
) -> ImportedMission:
    title, text = milestone.title, milestone.text
    ordered = sorted(packages, key=lambda package: natural_key(package.id.lower()))
    known = {package.id for package in ordered}
    called = {_same(package.id): package.id for package in reversed(ordered)}
    numbered = [
        replace(
            package,
            # A parent is what its subtasks come to.
            dependencies=tuple(
                dict.fromkeys(
                    [
                        *(called.get(_same(need), need) for need in package.dependencies),
                        *(each for each in parents.get(_same(package.id), ()) if each in known),
                    ]
                )
            ),
            requirements=(number,),
        )
        for number, package in enumerate(ordered, 1)
    ]
    return ImportedMission(
        id=milestone.id,
        title=title,
        origin=f"milestone {title}" if any(names) else "tasks without a milestone",
        documents={"spec.md": f"# {title}\n\n{text}\n".encode()} if text else {},
        packages=tuple(numbered),
        requirements=tuple(package.title for package in numbered),
        where=f"{root}/",
        aliases=tuple(name for name in names if name and name != milestone.id),
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
    document = _document(reading, path)
    if document is None:
        return None
    fields, body = document
    in_name = _FILE_ID.match(name)
    own = (words(fields.get("id")) or (in_name[1] if in_name else "")).lower()
    if not own:
        reading.unreadable(f"{path}: neither its header nor its name tells the id of a task", path)
        return None
    status = re.sub(r"[-_]", " ", words(fields.get("status")).lower())
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
        dependencies=tuple(need.lower() for need in reading.needs(fields.get("dependencies"), f"{own} in {path}")),
        state=_STATES.get(status, Lane.PLANNED),
        said="" if status in _SILENT else status + (f", {people}" if people else ""),
        ticks=ticks,
        files=files_named((*listed(fields.get("modified_files")), body)),
        lines=1,
    )
    return words(fields.get("milestone")), words(fields.get("parent_task_id") or fields.get("parent")).lower(), package


def _document(reading: Reading, path: str) -> tuple[dict[str, object], str] | None:
    """Header and body of a file; Backlog.md takes headers that are no YAML, so they are read line by line then."""
    text = reading.text(path) or ""
    header = _HEADER.match(text)
    try:
        yaml.loads(header[1] if header else "", path)
    except Refused:
        fields = _plain(header[1]) if header else None
        if fields is not None and header is not None:
            return fields, text[header.end() :]
    return reading.document(path)


def _plain(header: str) -> dict[str, object] | None:
    """The fields of a header with a field or an item a line; None where a line is neither."""
    fields: dict[str, object] = {}
    last = ""
    for line in header.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        field, item = _FIELD.match(line), _ITEM.match(line)
        value = _plain_value((field[2] or "") if field else item[1] if item else "[")
        if value is None or not (field or last):
            return None
        if field:
            last = field[1]
            fields[last] = value
        else:
            before = fields[last]
            fields[last] = [*(before if isinstance(before, list) else [before] if before else []), value]
    return fields


def _plain_value(text: str) -> object | None:
    """A text, or a list in brackets; None for what goes on in other lines or is not closed."""
    text = text.strip()
    if text.startswith("["):
        items = [_plain_value(each) for each in text[1:-1].split(",") if each.strip()]
        return items if text.endswith("]") and None not in items else None
    if text[:1] in ("'", '"'):
        return text[1:-1] if len(text) > 1 and text.endswith(text[0]) else None
    return None if text[:1] in ("{", "|", ">") else text


def _facts(fields: Mapping[str, object]) -> str:
    """What the header says beside state and dependencies."""
    names = ("assignee", "labels", "priority", "references", "documentation", "created_date", "updated_date")
    told = [f"- {name.replace('_', ' ')}: {said}" for name in names if (said := ", ".join(listed(fields.get(name))))]
    return "\n".join(told)
