"""Projects of beads: `.beads/issues.jsonl`, one issue a line, with dependencies of several kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specify_cli.importing.models import Imported, ImportedMission, ImportedPackage
from specify_cli.importing.reading import Reading, Rest, fields_text, listed, words
from specify_cli.kernel.commands import command
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane

ROOTS = (".beads",)
_DATABASES = ("beads.db", "dolt/", "embeddeddolt/")
_EXPORT = command("bd", "export", "-o", ".beads/issues.jsonl")
REST = (
    *(Rest(f".beads/{name}", "a database; what counts here is what beads exports", _EXPORT) for name in _DATABASES),
    Rest(".beads/", "settings and work files of beads"),
)
_LOG = (".beads/issues.jsonl", ".beads/beads.jsonl")
_EPIC = "epic"
_CHILD = "parent-child"
_WAITS = ("blocks", "conditional-blocks", "waits-for")
_ALSO_WAITS = ("depends_on", "blocked_by")  # as people write them; beads itself keeps them among `dependencies`
_STATES = {
    "open": Lane.PLANNED,
    "in_progress": Lane.PLANNED,
    "hooked": Lane.PLANNED,
    "pinned": Lane.PLANNED,
    "blocked": Lane.BLOCKED,
    "deferred": Lane.BLOCKED,
    "closed": Lane.DONE,
}
_GONE = "tombstone"
_SECTIONS = {
    "description": "What",
    "design": "Design",
    "acceptance_criteria": "Acceptance criteria",
    "notes": "Notes",
    "issue_type": "Kind",
    "priority": "Priority",
    "external_ref": "See also",
}
_LOOSE = "issues"


@frozen
class _Issue:
    """An issue, and what it depends on by kind."""

    id: str
    fields: Mapping[str, object]
    origin: str
    needs: Mapping[str, tuple[str, ...]]

    @property
    def status(self) -> str:
        return words(self.fields.get("status")).lower()

    @property
    def is_epic(self) -> bool:
        return words(self.fields.get("issue_type")).lower() == _EPIC


def read(files: Mapping[str, bytes], at: str = "") -> Imported:
    """An epic becomes a mission (issues without one are one more), an issue a work package."""
    reading = Reading(files, at)
    path = next((each for each in _LOG if each in files), _LOG[0])
    issues = {issue.id: issue for issue in _issues(reading, path)}
    epics = {issue.id: issue for issue in issues.values() if issue.is_epic}
    members: dict[str, list[_Issue]] = {each: [] for each in epics}
    for issue in issues.values():
        if not issue.is_epic:
            members.setdefault(_epic_of(issue, issues), []).append(issue)
    missions = [
        _mission(reading, path, epics.get(epic), members[epic], issues)
        for epic in sorted(members, key=lambda each: (each == "", natural_key(each)))
    ]
    return reading.imported(missions, REST)


def _issues(reading: Reading, path: str) -> Iterator[_Issue]:
    seen: set[str] = set()
    for number, line in enumerate((reading.text(path) or "").split("\n"), 1):
        where = f"{path} line {number}"
        data = reading.parsed(line, where) if line.strip() else None
        if data is None and line.strip() == "null":
            data = []
        own = words(data.get("id")) if isinstance(data, dict) else ""
        if isinstance(data, dict) and words(data.get("status")).lower() == _GONE:
            continue
        if not isinstance(data, dict) or not own:
            if data is not None:
                reading.unreadable(f"{where}: no object with an id", path)
        elif own in seen:
            said = f"{where}: {own} is there twice; the first counts"
            reading.leave(path, 1, said, "IMPORT_DUPLICATE_ID")
        else:
            seen.add(own)
            origin = f"issue {own} in {path}"
            yield _Issue(own, data, origin, _needs(reading, data, origin))


def _needs(reading: Reading, data: Mapping[str, object], origin: str) -> dict[str, tuple[str, ...]]:
    """Kind of dependency -> the issues it leads to."""
    found: dict[str, tuple[str, ...]] = {}
    listed_needs = data.get("dependencies")
    rows = listed_needs if isinstance(listed_needs, list) else [listed_needs]
    for need in [*rows, *(data.get(key) for key in _ALSO_WAITS)]:
        kind, target = _WAITS[0], need
        if isinstance(need, dict):
            kind = words(need.get("type") or need.get("dependency_type")).lower() or kind
            target = need.get("depends_on_id") or need
        found[kind] = (*found.get(kind, ()), *reading.needs(target, origin))
    return {kind: targets for kind, targets in found.items() if targets}


def _epic_of(issue: _Issue, issues: Mapping[str, _Issue]) -> str:
    """The nearest epic above an issue; empty without one. A circle of parents has none."""
    seen: set[str] = set()
    current: _Issue | None = issue
    while current is not None and current.id not in seen:
        if current.is_epic:
            return current.id
        seen.add(current.id)
        parents = current.needs.get(_CHILD, ())
        # A child's id is its parent's with a number behind it, which counts where no dependency says so.
        above = parents[0] if parents else current.id.rpartition(".")[0]
        current = issues.get(above)
    return ""


def _mission(
    reading: Reading, path: str, epic: _Issue | None, members: Sequence[_Issue], issues: Mapping[str, _Issue]
) -> ImportedMission:
    ordered = sorted(members, key=lambda issue: natural_key(issue.id))
    packages = tuple(_package(reading, issue, ordered, issues, number) for number, issue in enumerate(ordered, 1))
    title = words(epic.fields.get("title")) or epic.id if epic else "Issues without an epic"
    spec = fields_text(epic.fields, {**_SECTIONS, "description": "Goal"}) if epic else ""
    for kind, targets in epic.needs.items() if epic else ():
        said = f"{epic.origin if epic else ''}: {kind} {', '.join(targets)}; missions do not depend on each other"
        reading.note("IMPORT_NO_COUNTERPART", said)
    return ImportedMission(
        id=epic.id if epic else _LOOSE,
        title=title,
        origin=epic.origin if epic else "issues without an epic",
        documents={"spec.md": f"# {title}\n\n{spec}\n".encode()} if spec else {},
        packages=packages,
        requirements=tuple(package.title for package in packages),
        closed=_said(epic) if epic and epic.status == "closed" else "",
        where=path,
        lines=1 if epic else 0,
    )


def _package(
    reading: Reading, issue: _Issue, members: Sequence[_Issue], issues: Mapping[str, _Issue], number: int
) -> ImportedPackage:
    if issue.status and issue.status not in _STATES:
        reading.note("IMPORT_STATE_UNKNOWN", f"{issue.origin}: state {issue.status!r} is taken for open")
    inside = {each.id for each in members}
    children = [each.id for each in members if issue.id in each.needs.get(_CHILD, ())]
    waits = [need for kind in _WAITS for need in issue.needs.get(kind, ())]
    others = [
        f"- {kind}: {need} ({words(issues[need].fields.get('title')) if need in issues else 'not there'})"
        for kind, needs in issue.needs.items()
        for need in needs
        if kind not in (*_WAITS, _CHILD) or (kind == _CHILD and need not in inside and not _is_epic(need, issues))
    ]
    labels = ", ".join(listed(issue.fields.get("labels")))
    parts = [fields_text(issue.fields, _SECTIONS), f"Labels: {labels}" if labels else "", *_comments(issue)]
    parts += ["## Related\n\n" + "\n".join(others)] if others else []
    return ImportedPackage(
        id=issue.id,
        title=words(issue.fields.get("title")),
        origin=issue.origin,
        body="\n\n".join(filter(None, parts)),
        # An issue that has children is what they come to.
        dependencies=tuple(dict.fromkeys([*waits, *children])),
        state=_STATES.get(issue.status, Lane.PLANNED),
        said=_said(issue),
        requirements=(number,),
        lines=1,
    )


def _is_epic(name: str, issues: Mapping[str, _Issue]) -> bool:
    return name in issues and issues[name].is_epic


def _said(issue: _Issue) -> str:
    """The state of an issue in its own words; empty for one that waits to be begun."""
    if issue.status in ("", "open"):
        return ""
    when = words(issue.fields.get("closed_at"))[:10] if issue.status == "closed" else ""
    why = words(issue.fields.get("close_reason")) if issue.status == "closed" else ""
    who = words(issue.fields.get("assignee"))
    parts = [issue.status.replace("_", " ") + (f" on {when}" if when else ""), who, why]
    return ", ".join(part for part in parts if part)


def _comments(issue: _Issue) -> list[str]:
    found = issue.fields.get("comments")
    rows = [each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict)]
    told = [f"- {words(each.get('author'))}: {' '.join(words(each.get('text')).split())}" for each in rows]
    return ["## Comments\n\n" + "\n".join(told)] if told else []
