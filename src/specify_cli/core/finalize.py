"""`finalize-tasks`: from tasks.md (or wps.yaml) and the prompts to headers, lanes and a log that knows them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from specify_cli.core import plan_documents, radar
from specify_cli.core.commits import Committed, milestone, publish_mode, require_identity
from specify_cli.core.finalize_plan import FinalPlan, Mission, Work, decide_plan, work_of
from specify_cli.core.finalize_result import FinalizeResult, changes_of
from specify_cli.core.plan_documents import MANIFEST, TASKS, PlanDocuments
from specify_cli.core.tasks_document import GENERATED, Outline, render_tasks
from specify_cli.core.work_packages import gather_work_packages, write_documents
from specify_cli.home import MissionPlace
from specify_cli.kernel import files, frontmatter, lazy
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import KITTIFY
from specify_cli.kernel.text import digest
from specify_cli.kernel.values import replace
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes, write_lanes_json
from specify_cli.lanes.problems import refusal
from specify_cli.status.emit import Writer, writing
from specify_cli.status.models import BOOTSTRAP_ACTOR, Lane, StatusEvent, StatusSnapshot
from specify_cli.status.reading import read_status

# Loaded for missions that have the file: it brings libraries that would slow every other command down.
_PARSE_MANIFEST = "specify_cli.core.wps_manifest:parse_wps_yaml"


def finalize(
    place: MissionPlace,
    config: Config,
    *,
    validate_only: bool = False,
    actor: str = BOOTSTRAP_ACTOR,
    commit: bool = True,
) -> FinalizeResult:
    """Carry the plan into headers, lanes.json and the log, and commit it; asked twice, the second time changes nothing.

    Nothing is written unless everything is right. Work under way keeps its lane.

    Args:
        place: the mission.
        config: the project's settings.
        validate_only: decide, and write nothing at all.
        actor: who asks; recorded with work packages the log meets for the first time.
        commit: False leaves that to the milestone that the command comes to anyway, and other missions out of sight.

    Raises:
        Refused: `TASKS_MISSING`, `NO_GIT_IDENTITY`, `TARGET_NOT_CHECKED_OUT`, `NOT_A_GIT_REPOSITORY`, or everything
            that is wrong with the plan, see `lanes.problems.refusal`.
    """
    place.repo.require_git()
    if validate_only:
        status = read_status(place)
        plan, work, _ = _decide(place, status.snapshot, status.events)
        return _result(place, plan, work, validate_only=True)
    feature_dir = place.feature_dir
    require_identity(place)
    with writing(place, publish=publish_mode(config), doing=f"finalize the tasks of {place.slug}") as writer:
        plan, work, documents = _decide(place, writer.snapshot, writer.events)
        notices = _write(place, feature_dir, plan, documents)
        _introduce(writer, plan, work, actor)
    committed = milestone(place, config, "finalize tasks") if commit else Committed()
    return _result(place, plan, work, notices, committed, look=commit)


def _decide(
    place: MissionPlace, snapshot: StatusSnapshot, events: Sequence[StatusEvent]
) -> tuple[FinalPlan, Work, PlanDocuments]:
    """Read everything and decide; raises with all problems at once."""
    documents = read_documents(place)
    if (
        not documents.titles
        and not documents.gathered.texts
        and not (documents.manifest and documents.manifest.problems)
    ):
        raise Refused(
            f"{place.where(TASKS)} names no work package (a heading such as `## WP01 Title`), and there is no prompt",
            "TASKS_MISSING",
            hint=spec_kitty("next", "--mission", place.slug),
        )
    before, notices = _lanes_before(place)
    work = work_of(snapshot, events, before)
    mission = Mission(place.slug, place.mission_id, place.target_branch)
    plan = decide_plan(documents, work, before, mission)
    if plan.problems:
        raise refusal(plan.problems)
    return replace(plan, notices=(*notices, *plan.notices)), work, documents


def read_documents(place: MissionPlace) -> PlanDocuments:
    """Read all documents of a mission's plan."""
    found = place.read_many([TASKS, MANIFEST, "spec.md"])
    manifest = found[MANIFEST]
    return plan_documents.plan_documents(
        folder=place.relative,
        title=str(place.meta.get("friendly_name") or place.slug),
        tasks=found[TASKS],
        manifest=None if manifest is None else lazy.load(_PARSE_MANIFEST)(manifest, place.where(MANIFEST)),
        gathered=gather_work_packages(place).with_header,
        spec=found["spec.md"],
    )


def _lanes_before(place: MissionPlace) -> tuple[LanesManifest | None, tuple[Notice, ...]]:
    """The lanes as they were; a broken file is written anew, and begun work is placed by the log alone."""
    try:
        return read_lanes(place), ()
    except Refused as error:
        return None, (
            Notice(
                error.code,
                f"{error.message}; it is written anew",
                command("git", "log", "-p", "--", place.where("lanes.json")),
            ),
        )


def _write(place: MissionPlace, feature_dir: Path, plan: FinalPlan, documents: PlanDocuments) -> tuple[Notice, ...]:
    """Write what changes: every text is made before the first is written."""
    texts: dict[str, str] = {}
    for header in plan.headers:
        if header.changes:
            file = header.package.file
            texts[file] = frontmatter.update(documents.gathered.texts[file], header.changes, place.where(file))
    notices: tuple[Notice, ...] = ()
    if documents.manifest is not None:
        rendered = render_tasks(documents.title, _outlines(plan, documents), _ticked(documents))
        if rendered != documents.tasks:
            notices = _set_aside(place, documents.tasks)
            texts[TASKS] = rendered
    write_documents(feature_dir, texts)
    if plan.manifest is not None:
        write_lanes_json(feature_dir, plan.manifest)
    return notices


def _outlines(plan: FinalPlan, documents: PlanDocuments) -> list[Outline]:
    outlines = []
    for package in plan.packages:
        entry = documents.entries.get(package.id)
        known = {box.id: box.title for box in documents.boxes.get(package.id, ())}
        known.update((subtask, text) for subtask, text in (entry.subtasks if entry else ()) if text)
        subtasks = [(subtask, known.get(subtask, "")) for subtask in package.subtasks]
        outlines.append(
            Outline(package.id, package.title, package.file, package.requirement_refs, package.dependencies, subtasks)
        )
    return outlines


def _ticked(documents: PlanDocuments) -> Mapping[str, bool]:
    return {box.id: box.done for boxes in documents.boxes.values() for box in boxes}


def _set_aside(place: MissionPlace, text: str | None) -> tuple[Notice, ...]:
    """Keep a copy of a tasks.md that people wrote before it becomes a view of wps.yaml."""
    if place.home is None or text is None or not text.strip() or GENERATED in text:
        return ()
    folder = place.home.path / KITTIFY / "backups"
    files.make_ignored(folder)
    copy = folder / f"{place.slug}-tasks-{digest(text)}.md"
    files.atomic_write(copy, text)
    said = f"{place.where(TASKS)} is generated from {MANIFEST} from now on; what it said before is in {copy}"
    return (Notice("TASKS_REGENERATED", said, command("git", "diff", "--", place.where(TASKS))),)


def _introduce(writer: Writer, plan: FinalPlan, work: Work, actor: str) -> None:
    """Tell the log of work packages it does not know."""
    for package in plan.packages:
        if package.id not in work.lanes:
            data: dict[str, object] = {
                "title": package.title,
                "dependencies": list(package.dependencies),
                "execution_mode": package.execution_mode.value,
            }
            writer.record("wp_created", actor=actor, wp_id=package.id, data=data)
            writer.bootstrap(package.id)


def _result(
    place: MissionPlace,
    plan: FinalPlan,
    work: Work,
    notices: tuple[Notice, ...] = (),
    committed: Committed | None = None,
    *,
    validate_only: bool = False,
    look: bool = True,
) -> FinalizeResult:
    done = committed or Committed()
    live = [package for package in plan.packages if work.lanes.get(package.id) not in (Lane.DONE, Lane.CANCELED)]
    known = [package.id for package in plan.packages]
    root = place.home.path if place.home else place.repo.checkout
    assert plan.manifest is not None
    return FinalizeResult(
        mission_slug=place.slug,
        validate_only=validate_only,
        plan=plan,
        changes=changes_of(plan.before, plan.manifest, work, known),
        newly_seeded=tuple(wp_id for wp_id in known if wp_id not in work.lanes),
        files_committed=tuple(str(root / name) for name in done.files),
        commit_hash=done.commit,
        warnings=(*plan.notices, *notices, *done.warnings, *(radar.ahead(place, live) if look else ())),
    )
