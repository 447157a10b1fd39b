"""What an upgrade would do: one plan for `--dry-run` and for the run. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from specify_cli.context.missions import Broken
from specify_cli.core import manifest as manifests
from specify_cli.core.project_files import METADATA, metadata_text
from specify_cli.core.project_setup import environment
from specify_cli.core.work_packages import read_prompts
from specify_cli.home import TASKS, MissionPlace, prompt_id, prompt_names
from specify_cli.kernel import clock, files, yaml
from specify_cli.kernel.commands import command, git_command, spec_kitty
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import SPECS, Checkout
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.kernel.yaml_round_trip import edit
from specify_cli.lanes.problems import refusal
from specify_cli.mission_metadata import META, identity_of, parse_meta
from specify_cli.status.approvals import review_records
from specify_cli.status.models import Lane
from specify_cli.status.older import Verdict
from specify_cli.status.reading import read_status
from specify_cli.upgrade.case import MissionCase, MissionMigration, ProjectCase, ProjectMigration
from specify_cli.upgrade.detect import Project, Worktree, mission_folders
from specify_cli.upgrade.draft import Changes, Draft, Seen
from specify_cli.upgrade.migration_064 import Queue, queue_at, queue_files
from specify_cli.upgrade.migrations.m_3_0_0_lanes import verdicts
from specify_cli.upgrade.registry import up_to

PROJECT = "project"
METADATA_UNIT = "metadata"
SUCCESS, PARTIAL, NOT_NEEDED = "success", "partial", "not_needed"
# There is nothing in it that an upgrade could have harmed.
_NO_HEADER = "HEADER_MISSING"
Progress = Callable[[int, int, str], None]


@frozen
class Options:
    """What a person asked for.

    Args:
        target: the version whose shapes are wanted.
        worktrees: whether missions in linked worktrees are upgraded.
        mint: whether missions without an id are given one.
    """

    target: str
    worktrees: bool = True
    mint: bool = False


@frozen
class Unit:
    """Changes that belong together: the project's own, or those of one mission.

    Args:
        name: `project`, `metadata`, or the mission's slug.
        changes: in the order in which they happen.
        locks: lock files that are held meanwhile.
        root: the checkout whose empty folders go.
        seen: path -> digest of what the change follows from.
    """

    name: str
    changes: Changes
    locks: tuple[Path, ...]
    root: Path
    seen: Seen


@dataclass(slots=True)
class Applied:
    """What came of one migration: the missions it changed, and those where it failed."""

    id: str
    summary: str
    where: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def result(self) -> str:
        """For `metadata.yaml`."""
        if self.failed:
            return PARTIAL
        return SUCCESS if self.where else NOT_NEEDED


@dataclass(slots=True)
class Mission:
    """One mission: where its work packages are, what says so, and what is changed."""

    slug: str
    folder: Path
    verdicts: list[Verdict]
    changes: Changes


@dataclass(slots=True)
class Plan:
    """All that an upgrade would do.

    Args:
        skipped: missions that stay as they are, and why.
    """

    project: Project
    options: Options
    units: list[Unit] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    missions: list[Mission] = field(default_factory=list)
    skipped: list[Broken] = field(default_factory=list)
    worktrees: list[Worktree] = field(default_factory=list)
    queues: list[Queue] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.units and not any(each.outdated for each in self.queues)


def make_plan(project: Project, options: Options, version: str, progress: Progress) -> Plan:
    """Plan an upgrade.

    Raises:
        Refused: a file of the project itself cannot be read. A mission of which one cannot is left out.
    """
    plan = Plan(project, options)
    wanted = up_to(options.target)
    draft = Draft()
    case = ProjectCase(project.repo, project.root, draft, project.older, version)
    for migration in wanted:
        if isinstance(migration, ProjectMigration):
            done = Applied(migration.id, migration.summary)
            plan.applied.append(done)
            if migration.detect(case):
                migration.apply(case)
                done.where.append(PROJECT)
    _refuse_foreign(draft.changes, project)
    plan.notices += case.notices
    _missions(plan, draft, [each for each in wanted if isinstance(each, MissionMigration)], progress)
    _queues(plan)
    metadata = _metadata(plan, draft, version)
    if draft.changes:
        plan.units.insert(0, Unit(PROJECT, draft.changes, (), project.root, draft.seen))
    plan.units += metadata
    return plan


def _missions(plan: Plan, draft: Draft, wanted: Sequence[MissionMigration], progress: Progress) -> None:
    options, repo = plan.options, plan.project.repo
    wanted = [each for each in wanted if options.mint or not each.asked]
    by_id = {each.id: Applied(each.id, each.summary) for each in wanted}
    plan.applied += by_id.values()
    found, plan.worktrees = mission_folders(plan.project, draft, worktrees=options.worktrees)
    branches = {name.removeprefix("refs/heads/") for name in Git(repo.checkout).branches()} if repo.has_git else set()
    config = parse_config(draft.text(plan.project.root / ".kittify/config.yaml"))
    for number, (slug, checkout) in enumerate(found.items(), 1):
        progress(number, len(found), f"plan {slug}")
        try:
            case = _case(plan, draft, slug, checkout, branches)
            if case is None:
                continue
            case.project_uuid = config.project_uuid or ""
            done = _migrated(case, wanted)
            if done or plan.project.older:
                _read_back(case)
            _refuse_foreign(case.draft.changes, plan.project, checkout.path)
        except SpecKittyError as error:
            plan.skipped.append(Broken(slug, error))
            for each in by_id.values():
                each.failed.append(slug)
            continue
        for name in done:
            by_id[name].where.append(slug)
        plan.notices += [*case.notices, *_unproven(case)]
        changes = _taken_over(draft, case.draft.changes)
        plan.missions.append(Mission(slug, case.folder, case.verdicts, changes))
        if changes:
            plan.units.append(Unit(slug, changes, _locks(case), checkout.path, draft.seen))


def _read_back(case: MissionCase) -> None:
    """Read the prompts as they would be as every command will.

    Raises:
        Refused: every header that could not be read then.
    """
    names = [name for name in prompt_names(case.names) if prompt_id(name)]
    texts = {name: case.text(name) or "" for name in names}
    gathered = read_prompts(texts, lambda name: f"{SPECS}/{case.place.slug}/{name}")
    if problems := [each for each in gathered.problems if each.code != _NO_HEADER]:
        raise refusal(problems)
    case.notices += [Notice(each.code, each.message, each.hint) for each in gathered.problems]


def _unproven(case: MissionCase) -> list[Notice]:
    """That approvals of an open mission name no commit: nobody can tell what was reviewed, so they cover nothing."""
    known = {each.wp_id: each.lane for each in case.verdicts}
    if case.place.meta.get("merged_at") or (known and Lane.APPROVED not in known.values()):
        return []
    added = [event for each in case.verdicts for event in each.events]
    records = review_records([*read_status(case.place).events, *added])
    lanes = {wp_id: record.lane for wp_id, record in records.items()} | known
    names = [wp_id for wp_id, lane in sorted(lanes.items()) if lane is Lane.APPROVED]
    names = [wp_id for wp_id in names if wp_id not in records or records[wp_id].covers is None]
    if not names:
        return []
    slug = case.place.slug
    said = f"{slug}: {some(names)} approved without a recorded commit; before it is accepted that is reviewed again"
    words = (names[0], "--to", "for_review", "--note", "approved without a recorded commit", "--mission", slug)
    return [Notice("APPROVAL_WITHOUT_HEAD", said, spec_kitty("agent tasks move-task", *words))]


def _taken_over(draft: Draft, changes: Changes) -> Changes:
    """The changes of a mission, which stand for what the project's draft had in mind for the same files."""
    for path in changes:
        draft.changes.pop(path, None)
    return {path: content for path, content in changes.items() if content is not None or path.exists()}


def _case(plan: Plan, draft: Draft, slug: str, checkout: Checkout, branches: set[str]) -> MissionCase | None:
    """A mission to upgrade; None for a folder that is none, or lost its meta.json in a project of today.

    Raises:
        Refused: `MALFORMED_JSON`, `SYMLINK_REFUSED`, `TARGET_NOT_CHECKED_OUT`.
    """
    repo, folder = plan.project.repo, checkout.path / SPECS / slug
    for each in (folder.parent, folder, folder / TASKS):
        if each.is_symlink():
            raise Refused(f"{each} is a symbolic link", "SYMLINK_REFUSED", hint=command("ls", "-l", each))
    data = draft.read(folder / META)
    if data is None and (not plan.project.older or draft.read(folder / "spec.md") is None):
        return None
    meta = parse_meta(data, str(folder / META)) if data is not None else {}
    named = meta.get("target_branch")
    target = str(named) if named else checkout.branch or "main"
    if repo.has_git and target != checkout.branch and target in branches:
        raise Refused(
            f"mission {slug} lives on branch {target}, which {checkout.path} has not checked out",
            "TARGET_NOT_CHECKED_OUT",
            hint=git_command(checkout.path, "switch", target),
        )
    home = checkout if repo.has_git else None
    place = MissionPlace(repo, slug, identity_of(meta, slug).mission_id, target, home, meta)
    return MissionCase(place, folder, Draft(draft), plan.project.older)


def _migrated(case: MissionCase, wanted: Sequence[MissionMigration]) -> list[str]:
    done = []
    for migration in wanted:
        if migration.detect(case):
            migration.apply(case)
            done.append(migration.id)
    if case.project_older and not case.verdicts:
        case.verdicts = verdicts(case)
    return done


def _locks(case: MissionCase) -> tuple[Path, ...]:
    """The lock of a mission, under the name that it has and the one that it gets."""
    keys = {path.name.partition(".")[0] for path in case.draft.changes if path.parent == case.place.journal.parent}
    return tuple(case.place.lock.with_name(f"{key}.lock") for key in sorted({case.place.key, *keys}))


def _refuse_foreign(changes: Changes, project: Project, checkout: Path | None = None) -> None:
    """Nothing is written through a link that leads out, nor where a folder stands."""
    for path in changes:
        if path.is_dir():
            message = f"{path} is a folder, and a file belongs there"
            raise Refused(message, "FILE_UNUSABLE", hint=command("mv", path, f"{path}.aside"))
        for root in (checkout, project.root, project.repo.common_dir, project.repo.git_dir):
            if root is not None and path.is_relative_to(root):
                files.refuse_links(root, path)
                break


def _queues(plan: Plan) -> None:
    for path in queue_files():
        try:
            plan.queues.append(queue_at(path))
        except SpecKittyError as error:
            plan.notices.append(Notice(error.code, error.message, error.hint))


def _metadata(plan: Plan, draft: Draft, version: str) -> list[Unit]:
    """What `.kittify/metadata.yaml` will say; left alone where nothing else is changed either."""
    path, at, target = plan.project.root / METADATA, clock.stamp(), plan.options.target
    text = draft.text(path)
    if not (plan.units or draft.changes) and text is not None and plan.project.version == target:
        return []
    text = text or metadata_text(target, at, environment())
    listed = yaml.mapping(text, METADATA).get("migrations")
    before = listed.get("applied") if isinstance(listed, dict) else None
    applied = list(before) if isinstance(before, list) else []
    told = {str(each.get("id")) for each in applied if isinstance(each, dict)}
    applied += [
        {"id": each.id, "applied_at": at, "result": each.result}
        for each in plan.applied
        if each.result != NOT_NEEDED or each.id not in told
    ]
    changes: dict[tuple[str, ...], object] = {
        ("spec_kitty", "version"): target,
        ("spec_kitty", "last_upgraded_at"): at,
        ("migrations",): {**(listed if isinstance(listed, dict) else {}), "applied": applied},
    }
    content = files.encode(edit(text, changes, METADATA))
    _remember(draft, plan.project.root, content, version)
    draft.changes.pop(path, None)
    return [Unit(METADATA_UNIT, {path: content}, (), plan.project.root, draft.seen)]


def _remember(draft: Draft, root: Path, content: bytes, version: str) -> None:
    """Have the manifest know the new `metadata.yaml`, if it is ours."""
    told, standing = draft.text(root / manifests.PATH), draft.read(root / METADATA)
    if told is None:
        return
    manifest = manifests.parse_manifest(files.parse_json(told, manifests.PATH), manifests.PATH)
    if standing is None or not manifest.is_edited(METADATA, standing):
        manifest = manifest.with_file(METADATA, content, version)
        draft.write(root / manifests.PATH, files.dump_json(manifest.to_dict()))
