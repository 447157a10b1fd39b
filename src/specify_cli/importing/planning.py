"""From a mission of another tool to one of ours: ids, dependencies, documents, states. Pure; a dry run asks it too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count

from specify_cli.importing.models import ImportedMission, ImportedPackage, Tick
from specify_cli.importing.texts import PlannedPackage, one_line, plan_of, prompt_of, spec_of, tasks_of
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.graph import find_cycle
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import number_of, slugify, some
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes import globs
from specify_cli.status.models import Lane

KEPT = "imported"  # the folder for documents whose names mean something else here
_RESERVED = frozenset(
    {
        "meta.json", "lanes.json", "tasks.md", "wps.yaml", "mission.md", "merge-receipt.json", "status.events.jsonl",
        "mission-events.jsonl", "status.json", "progress.json", "board-summary.json",
    }
)  # fmt: skip
_SETTLED = frozenset({Lane.DONE, Lane.CANCELED})
_RESERVED_END = re.compile(r"-lane-[a-z]+$|-merge$|-orchestrator$")
_SUBTASK = re.compile(r"T\d{3,}")
_LONGEST_TITLE = 120
_DIGESTED = (
    "id", "title", "origin", "body", "dependencies", "state", "said", "ticks", "files", "requirements",
)  # fmt: skip


@frozen
class PlannedMission:
    """A mission as it will be.

    Args:
        slug: without a number.
        documents: name below the mission's folder -> content, the prompts among them.
        closed: as in the source, where nothing is left to do.
        tasks: how many tasks of the source become part of it.
        left: how many were left out, and are named in the notices.
    """

    source: ImportedMission
    title: str
    slug: str
    packages: tuple[PlannedPackage, ...]
    documents: Mapping[str, bytes]
    notices: tuple[Notice, ...]
    closed: str
    tasks: int = 0
    left: int = 0

    @property
    def digest(self) -> str:
        """The same as long as the source says the same."""
        packages = ", ".join(_said(each) for each in self.source.packages)
        documents = sorted((name, sha256(data)) for name, data in self.source.documents.items())
        told = f"({self.source.title!r}, [{packages}], {documents!r})"
        return sha256(told.encode("utf-8", "backslashreplace"))[:16]


def _said(package: ImportedPackage) -> str:
    """What a digest is made of: the same text for the same task in every version, whatever else is known of it."""
    told = {name: getattr(package, name) for name in _DIGESTED} | {"origin": ""}
    return f"ImportedPackage({', '.join(f'{name}={value!r}' for name, value in told.items())})"


def plan_mission(mission: ImportedMission, tool: str, headings: Sequence[str]) -> PlannedMission:
    """Decide what becomes of a mission.

    Args:
        mission: as it is in the source.
        tool: the source's name, for people.
        headings: what plan.md is to have.
    """
    notices: list[Notice] = []
    title = one_line(mission.title)[:_LONGEST_TITLE].strip() or one_line(mission.id).strip() or "Imported"
    distinct = _distinct(mission, notices)
    sources = _connected(distinct, mission, notices)
    spec, refs = spec_of(mission, sources, title, tool)
    packages = _packages(sources, mission, refs, notices)
    settled = all(each.source.state in _SETTLED for each in packages)
    documents = {f"{KEPT}/{name}" if _is_reserved(name) else name: data for name, data in mission.documents.items()}
    if packages or "spec.md" in documents:
        documents["spec.md"] = spec
    if packages:
        documents["plan.md"] = plan_of(mission, title, tool, headings)
        documents["tasks.md"] = tasks_of(mission, title, tool, packages).encode()
        documents |= {each.file: prompt_of(each, tool).encode() for each in packages}
    return PlannedMission(
        mission, title, _slug(title, mission.id), tuple(packages), documents, tuple(notices),
        mission.closed if packages and settled else "", mission.lines + sum(each.lines for each in distinct),
        sum(each.lines for each in mission.packages) - sum(each.lines for each in distinct),
    )  # fmt: skip


def _is_reserved(name: str) -> bool:
    lower = name.lower()  # where upper and lower case are one, the same name is the same file
    return lower in _RESERVED or lower.partition("/")[0] in ("tasks", KEPT)


def _slug(title: str, id: str) -> str:
    slug = (slugify(title) or slugify(id) or "imported")[:50].strip("-")
    return f"{slug}-imported" if _RESERVED_END.search(slug) else slug


def _distinct(mission: ImportedMission, notices: list[Notice]) -> list[ImportedPackage]:
    """The packages, of those with the same id the first."""
    found: dict[str, ImportedPackage] = {}
    for package in mission.packages:
        if package.id in found:
            said = f"{package.origin}: {package.id} is also {found[package.id].origin}; the first counts"
            notices.append(Notice("IMPORT_DUPLICATE_ID", said))
        found.setdefault(package.id, package)
    return list(found.values())


def _connected(
    packages: Sequence[ImportedPackage], mission: ImportedMission, notices: list[Notice]
) -> list[ImportedPackage]:
    """The packages with such dependencies as lead somewhere and run in no circle."""
    states = {package.id: package.state for package in packages}
    needs: dict[str, list[str]] = {}
    for package in packages:
        wrong = {need: _why_not(need, states) for need in package.dependencies}
        for need, why in wrong.items():
            if why:
                notices.append(Notice("IMPORT_DEPENDENCY", f"{package.origin}: it comes after {need}, {why}; left out"))
        needs[package.id] = [need for need, why in wrong.items() if not why]
    while (cycle := find_cycle(needs)) is not None:
        said = f"{mission.origin}: {' -> '.join(cycle)} is a circle; that {cycle[0]} comes after {cycle[1]} is left out"
        notices.append(Notice("IMPORT_CYCLE", said))
        needs[cycle[0]].remove(cycle[1])
    return [replace(package, dependencies=tuple(needs[package.id])) for package in packages]


def _why_not(need: str, states: Mapping[str, Lane]) -> str:
    if need not in states:
        return "which is not in this mission"
    return "which was given up" if states[need] is Lane.CANCELED else ""


def _packages(
    sources: Sequence[ImportedPackage], mission: ImportedMission, refs: Mapping[int, str], notices: list[Notice]
) -> list[PlannedPackage]:
    ids = {source.id: f"WP{number:02d}" for number, source in enumerate(sources, 1)}
    subtasks = _subtasks(sources, notices)
    found = []
    for source in sources:
        wp_id = ids[source.id]
        title = one_line(source.title)[:_LONGEST_TITLE].strip() or f"Task {one_line(source.id)}"
        slug = slugify(title)[:50].strip("-")
        found.append(
            PlannedPackage(
                id=wp_id,
                title=title,
                source=source,
                file=f"tasks/{wp_id}-{slug}.md" if slug else f"tasks/{wp_id}.md",
                dependencies=tuple(ids[need] for need in source.dependencies),
                subtasks=tuple(subtasks[source.id]),
                requirement_refs=tuple(refs[number] for number in source.requirements if number in refs),
                owned_files=_owned(source),
            )
        )
    ajar = [
        each.id for each in found if each.source.state is Lane.DONE and not all(tick.done for tick in each.subtasks)
    ]
    if ajar and not mission.closed:
        said = f"{mission.origin}: done there, while something below is not, and taken for done: {some(ajar)}"
        notices.append(Notice("IMPORT_DONE_OPEN", said))
    open_ones = [each for each in found if each.source.state not in _SETTLED]
    wide = [each.id for each in open_ones if each.owned_files == (globs.EVERYTHING,)]
    if wide:
        said = (
            f"{mission.origin}: {some(wide)} may change every file (**), as it is not said which of them they change; "
            "narrow their owned_files to let them run side by side"
        )
        notices.append(Notice("IMPORT_OWNS_ALL", said))
    return found


def _owned(source: ImportedPackage) -> tuple[str, ...]:
    """The files that it names, where each of them can be owned; else all."""
    try:
        return tuple(dict.fromkeys(globs.normalise(name) for name in source.files)) or (globs.EVERYTHING,)
    except ValueError:
        return (globs.EVERYTHING,)


def _subtasks(sources: Sequence[ImportedPackage], notices: list[Notice]) -> dict[str, list[Tick]]:
    """Every subtask with an id: the source's own where it is of our kind, and used once."""
    used = [number_of(tick.id[1:]) for source in sources for tick in source.ticks if _SUBTASK.fullmatch(tick.id)]
    free = count(max(used, default=0) + 1)
    taken: set[str] = set()
    found: dict[str, list[Tick]] = {source.id: [] for source in sources}
    for source in sources:
        for tick in source.ticks:
            usable = bool(_SUBTASK.fullmatch(tick.id)) and tick.id not in taken
            named = Tick(one_line(tick.text) or "Step", tick.done, tick.id if usable else f"T{next(free):03d}")
            if tick.id in taken:
                said = f"{source.origin}: {tick.id} is there twice; the second is {named.id} here"
                notices.append(Notice("IMPORT_DUPLICATE_ID", said))
            taken.add(named.id)
            found[source.id].append(named)
    return found
