"""Carrying a project of another tool into missions: planned once, then written, each mission as a whole.

Killed at any point and run again it finishes: a mission knows from its first moment what it was made from, and the
event `migrated` says that all of it is there. Documents are written before the plan is finalized, states come last.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from specify_cli.context.missions import all_places, config_of, place_of
from specify_cli.core.commits import Committed, milestone, publish_mode
from specify_cli.core.finalize import finalize
from specify_cli.core.mission_creation import create_mission_core, created_facts
from specify_cli.core.mission_types import load_mission_type
from specify_cli.core.templates import fill, template
from specify_cli.home import MissionPlace
from specify_cli.importing.census import is_task_file
from specify_cli.importing.models import ImportedMission
from specify_cli.importing.planning import PlannedMission, plan_mission
from specify_cli.importing.sources import Source, read_project
from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.commands import PROGRAM, Command
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.strays import sweep
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import as_dict, frozen, replace
from specify_cli.mission_metadata import IMPORTED_FROM, META, load_meta, merged_meta, write_meta
from specify_cli.status.emit import Writer, writing
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status

ACTOR = "import"
_TYPE = "software-dev"
_SPEC = "spec.md"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Action(StrEnum):
    """What is done about a mission of the source."""

    CREATE = "create"
    FINISH = "finish"
    NOTHING = "nothing"


@frozen
class Step:
    """One mission of the source, and what is to be done or was done about it.

    Args:
        known: how many of its tasks an earlier import carried over; not told of one that is imported now.
        place: the mission here; None before it is created.
        committed: how its milestone ended.
        notices: what people should know of it.
        error: why nothing came of it.
    """

    planned: PlannedMission
    action: Action
    place: MissionPlace | None = None
    committed: Committed = field(default_factory=Committed)
    notices: tuple[Notice, ...] = ()
    error: SpecKittyError | None = None
    known: int = 0

    @property
    def tasks(self) -> int:
        """How many tasks of the source are imported by it now."""
        return 0 if self.action is Action.NOTHING or self.error is not None else self.planned.tasks


@frozen
class Tally:
    """The tasks of a source by an independent count, and what became of each.

    Args:
        known: carried over by an earlier import.
        left: left out with a notice that names them.
    """

    found: int
    imported: int
    known: int
    left: int

    @property
    def missed(self) -> int:
        """Those of which nothing came."""
        return max(self.found - self.imported - self.known - self.left, 0)

    def to_dict(self) -> dict[str, int]:
        """As JSON answers show it."""
        return {**as_dict(self), "missed": self.missed}


@frozen
class Import:
    """An import: before it is carried out a forecast, afterwards the account of it.

    Args:
        left: path -> how many tasks were left out there and named, beside those of its missions.
        tasks: path -> how many tasks are there.
        unread: files with tasks that could not be read.
    """

    source: Source
    folder: Path
    project: str
    steps: tuple[Step, ...]
    leftovers: tuple[Notice, ...]
    left: Mapping[str, int] = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def tally(self) -> Tally:
        """What became of every task."""
        left = sum(self.left.values()) + sum(step.planned.left for step in self.steps)
        known = sum(step.known for step in self.steps)
        return Tally(sum(self.tasks.values()), sum(step.tasks for step in self.steps), known, left)

    @property
    def is_whole(self) -> bool:
        """Whether the source holds no task that is neither imported nor known nor named as left out."""
        return not self.tally.missed and not self.unread


def forecast(repo: Repository, source: Source, path: Path) -> Import:
    """Read a project of another tool and decide what becomes of it. Nothing is written.

    Raises:
        NotFound: as `read_project`.
    """
    folder, imported = read_project(source, path)
    project = _name_of(repo, folder)
    mission_type = load_mission_type(_TYPE, repo)
    headings = [heading for step in mission_type.planning_steps for heading in step.headings]
    places, broken = all_places(repo)
    known = {_key(place): place for place in places if IMPORTED_FROM in place.meta}
    unread = {each.slug.partition("-")[2]: each.error for each in broken}
    planned = [plan_mission(mission, source.title, headings) for mission in imported.missions]
    steps = [_step(each, _known(known, source.key, project, each.source), unread) for each in planned]
    shared = Counter(step.planned.source.where for step in steps)
    lost = {path for path, count in imported.tasks.items() if count > imported.left.get(path, 0) and shared[path] <= 1}
    worth = tuple(step for step in steps if _is_worth(step) and not _is_lost(step, lost))
    left = Counter(imported.left)
    for step in steps:
        left[step.planned.source.where] += 0 if _is_worth(step) else step.planned.tasks
    lists = tuple(path for path in imported.unread if is_task_file(source.key, path))
    found = Import(source, folder, project, worth, (*imported.leftovers, *_empty(steps)), left, imported.tasks, lists)
    return replace(found, leftovers=(*found.leftovers, *_missing(found)))


def carry_out(repo: Repository, source: Source, path: Path, tell: Callable[[str], None]) -> Import:
    """Import a project of another tool; asked twice, the second time there is nothing to do.

    Args:
        tell: is told before each mission how far it is.

    Raises:
        NotFound: as `read_project`.
        Refused, Conflict, UsageError: no mission at all could be made.
    """
    with locks.held(repo.state / "locks" / "import.lock", timeout=120, doing=f"import from {source.title}"):
        found = forecast(repo, source, path)
        done = []
        for number, step in enumerate(found.steps, 1):
            tell(f"{number}/{len(found.steps)} {step.planned.slug}")
            done.append(_carried(repo, found, step))
    first = next((step.error for step in done if step.error is not None), None)
    if first is not None and all(step.error is not None for step in done):
        raise first
    return replace(found, steps=tuple(done))


def _name_of(repo: Repository, folder: Path) -> str:
    """What tells one project of a tool from another: where it lies in the repository, else the folder's name."""
    for root in (repo.checkout.resolve(), repo.root.resolve()):
        if folder.is_relative_to(root):
            return folder.relative_to(root).as_posix()
    return folder.name


def _key(place: MissionPlace) -> tuple[str, str, str]:
    found = place.meta[IMPORTED_FROM]
    told = found if isinstance(found, Mapping) else {}
    return str(told.get("tool")), str(told.get("project")), str(told.get("id"))


def _known(
    places: Mapping[tuple[str, str, str], MissionPlace], tool: str, project: str, mission: ImportedMission
) -> MissionPlace | None:
    """The mission that was made of one of the source before, under whatever name it had there."""
    names = (mission.id, *mission.aliases)
    return next((place for name in names if (place := places.get((tool, project, name))) is not None), None)


def _missing(found: Import) -> Iterator[Notice]:
    """Files with more tasks than came of them, by the independent count."""
    taken = Counter(found.left)
    for step in found.steps:
        where = step.planned.source.where
        taken[where] += step.known if step.action is Action.NOTHING else step.planned.tasks
        taken[where] += step.planned.left
    if not found.tally.missed:
        return
    for path, count in found.tasks.items():
        near = next((where for where in taken if where and path.startswith(where)), path)
        if path in found.unread or (near != path and near.endswith("/")):
            continue
        if count > taken[near]:
            said = f"{path}: {count - taken[near]} of {plural(count, 'task')} there did not become part of a mission"
            yield Notice("IMPORT_INCOMPLETE", said, edit=str(found.folder / path))


def _step(planned: PlannedMission, place: MissionPlace | None, unread: Mapping[str, SpecKittyError]) -> Step:
    """What is to be done for a mission.

    Args:
        place: where it is here already.
        unread: missions of this name that cannot be read: nobody knows whether it is one of them.
    """
    if place is None:
        return Step(planned, Action.CREATE, notices=planned.notices, error=unread.get(planned.slug))
    told = [event for event in read_status(place).mission_events if event.type == "migrated"]
    if not told or not _is_committed(place):
        return Step(planned, Action.FINISH, place, notices=planned.notices)
    if told[-1].data.get("digest") in (None, planned.digest):
        return Step(planned, Action.NOTHING, place, known=planned.tasks)
    said = f"{planned.source.origin} says something else than when it became {place.slug}; that is not carried over"
    return Step(
        planned,
        Action.NOTHING,
        place,
        notices=(Notice("IMPORT_CHANGED", said),),
        known=_carried_over(planned, told[-1]),
    )


def _carried_over(planned: PlannedMission, migrated: MissionEvent) -> int:
    """How many of the tasks that the source has now were there at the import; versions that did not count them knew
    each work package whole.
    """
    counted = migrated.data.get("tasks")
    if isinstance(counted, int):
        return min(counted, planned.tasks)
    listed = migrated.data.get("work_packages")
    names = set(listed.values()) if isinstance(listed, dict) else set()
    return planned.tasks - sum(each.source.lines for each in planned.packages if each.source.id not in names)


def _is_committed(place: MissionPlace) -> bool:
    """Whether the target branch has the mission; where the tool makes no commits nobody waits for one."""
    at = f"refs/heads/{place.target_branch}:{place.where(META)}"
    return not config_of(place.repo, place).auto_commit or place.git.show_bytes(at) is not None


def _is_worth(step: Step) -> bool:
    """Whether it becomes a mission: one that is finished in the source and holds no task does not."""
    return bool(step.planned.packages) or not step.planned.source.closed


def _is_lost(step: Step, lost: Collection[str]) -> bool:
    """Whether none of its tasks could be read: made now, it would stand in the way once they can be."""
    nothing = not (step.planned.packages or step.planned.tasks or step.planned.left)
    folder = step.planned.source.where.rpartition("/")[0]
    return step.action is Action.CREATE and nothing and any(path.startswith(f"{folder}/") for path in lost)


def _empty(steps: Sequence[Step]) -> list[Notice]:
    found = [step.planned.source for step in steps if not _is_worth(step)]
    return [Notice("IMPORT_NO_COUNTERPART", f"{each.origin}: {each.closed}, and without tasks") for each in found]


def _carried(repo: Repository, found: Import, step: Step) -> Step:
    if step.action is Action.NOTHING or step.error is not None:
        return step
    try:
        place = step.place or _created(repo, found, step.planned)
        committed, notices = _filled(place, found, step.planned)
        return replace(step, place=place_of(repo, place.slug) or place, committed=committed, notices=notices)
    except SpecKittyError as error:
        return replace(step, error=error)


def _created(repo: Repository, found: Import, planned: PlannedMission) -> MissionPlace:
    made = create_mission_core(
        repo.checkout,
        planned.slug,
        mission=_TYPE,
        actor=ACTOR,
        facts={
            "friendly_name": planned.title,
            IMPORTED_FROM: {"tool": found.source.key, "project": found.project, "id": planned.source.id},
        },
        own_branch=False,
        commit=False,
    )
    return made.place


def _filled(place: MissionPlace, found: Import, planned: PlannedMission) -> tuple[Committed, tuple[Notice, ...]]:
    """Documents, plan, states, and the word that all of it is there."""
    config, tool = config_of(place.repo, place), found.source.title
    _write_documents(place, planned)
    notices = list(planned.notices)
    finished = finalize(place, config, actor=ACTOR, commit=False) if planned.packages else None
    with writing(place, publish=publish_mode(config), doing=f"import {place.slug}") as log:
        _record_states(log, planned, tool)
    if any(each.source.state in (Lane.DONE, Lane.CANCELED) for each in planned.packages):
        # Nothing waits for what is finished, or given up.
        finished = finalize(place, config, actor=ACTOR, commit=False)
    notices += [_at(place, each) for each in finished.warnings] if finished else []
    _close(place, planned)
    with writing(place, publish=publish_mode(config), doing=f"import {place.slug}") as log:
        _record_facts(log, place, planned, found)
    committed = milestone(place, config, f"import from {tool}")
    return committed, (*([] if planned.closed else notices), *committed.warnings)


def _at(place: MissionPlace, notice: Notice) -> Notice:
    """A notice of one of many missions, which names it."""
    hint = notice.hint
    if isinstance(hint, Command) and hint.steps[0][0] == PROGRAM and "--mission" not in hint.steps[0]:
        hint = hint.adding("--mission", place.slug)
    return Notice(notice.code, f"{place.slug}: {notice.message}", hint)


def _write_documents(place: MissionPlace, planned: PlannedMission) -> None:
    """Write what is not there yet; what an earlier run wrote, and somebody may have changed since, is left."""
    folder = place.feature_dir
    for each in (folder, folder / "tasks"):
        sweep(each)
    values = {"title": planned.title, "mission_slug": place.slug}
    scaffold = files.encode(fill(template(place.repo, _TYPE, _SPEC), values))
    for name, data in planned.documents.items():
        path = folder / name
        files.refuse_links(folder, path)
        there = files.read_bytes(path)
        if there is None or (name == _SPEC and there == scaffold):
            files.atomic_write(path, data, mkdir=True)


def _record_states(log: Writer, planned: PlannedMission, tool: str) -> None:
    """Where the work stands in the source, of work packages that nobody has moved here."""
    moved = {event.wp_id for event in log.events if not event.is_bootstrap}
    for package in planned.packages:
        if package.source.state is not Lane.PLANNED and package.id not in moved:
            log.move(package.id, package.source.state, actor=ACTOR, force=True, reason=package.reason(tool))


def _close(place: MissionPlace, planned: PlannedMission) -> None:
    """Put a mission away that the source has put away, on the day that it names."""
    meta = load_meta(place.feature_dir) or dict(place.meta)
    if planned.closed and not meta.get("merged_at"):
        closed = merged_meta(meta, merged_by=ACTOR, merged_into=place.target_branch, strategy=ACTOR, merged_commit="")
        day = _DAY.search(planned.closed)
        if day is not None:
            with suppress(ValueError):
                closed["merged_at"] = clock.stamp(clock.parse(day[0]))
        write_meta(place.feature_dir, closed)


def _record_facts(log: Writer, place: MissionPlace, planned: PlannedMission, found: Import) -> None:
    """What was under way, that the mission is closed where it is, and last that all of it is here."""
    tool, told = found.source.title, {(event.type, event.wp_id) for event in log.mission_events}
    if ("mission_created", None) not in told:
        log.record("mission_created", actor=ACTOR, data=created_facts(dict(place.meta)))
    for package in planned.packages:
        under_way = package.source.said and package.source.state in (Lane.PLANNED, Lane.FOR_REVIEW)
        if under_way and ("note", package.id) not in told:
            text = f"{package.reason(tool)}. What was done of it is not on a branch of this mission."
            log.record("note", actor=ACTOR, wp_id=package.id, data={"text": text})
    if planned.closed and ("mission_closed", None) not in told:
        closed = {"merged_commit": None, "target": place.target_branch, "strategy": ACTOR, "outcome": planned.closed}
        log.record("mission_closed", actor=ACTOR, data=closed)
    if ("migrated", None) not in told:
        data = {
            "from": found.source.key,
            "project": found.project,
            "id": planned.source.id,
            "digest": planned.digest,
            "tasks": planned.tasks,
            "work_packages": {package.id: package.source.id for package in planned.packages},
        }
        log.record("migrated", actor=ACTOR, data=data)
