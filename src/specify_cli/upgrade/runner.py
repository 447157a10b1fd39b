"""Carrying out an upgrade, finishing one that was cut short, and going back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from specify_cli.core.settings import locked
from specify_cli.kernel import files, locks, swap
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import NotFound, SpecKittyError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import SPECS, Repository
from specify_cli.kernel.text import some
from specify_cli.kernel.values import replace
from specify_cli.sync.config import state_home
from specify_cli.upgrade.backup import ROLLBACK, UPGRADE, Backup, Entry, QueueCopy, Store
from specify_cli.upgrade.detect import Project, project_at, require_target
from specify_cli.upgrade.draft import Changes, Seen
from specify_cli.upgrade.migration_064 import migrate_queue, queue_files
from specify_cli.upgrade.plan import METADATA_UNIT, Options, Plan, Progress, Unit, make_plan

_DOING = "upgrade the project"


@dataclass(slots=True)
class Done:
    """What a run did.

    Args:
        plan: what was planned.
        backup: where the originals are; None where nothing was changed.
        finished: the name of an upgrade that was cut short and is finished now.
        notices: what a person should know.
    """

    plan: Plan
    backup: Path | None = None
    finished: str | None = None
    notices: list[Notice] = field(default_factory=list)


@dataclass(slots=True)
class Undone:
    """What a rollback did: which files say again what they said, and which of them had been changed since."""

    project: Project
    of: str
    kept: Path
    restored: list[Path] = field(default_factory=list)
    changed_since: list[Path] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def upgrade(repo: Repository, version: str, options: Options, progress: Progress, *, dry_run: bool = False) -> Done:
    """Bring a project to this version; again it changes nothing.

    Args:
        version: of this program.
        progress: told of each mission that is planned, and of each that is swapped.
        dry_run: only plan.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `PROJECT_NEWER`, or a file of the project itself cannot be read; then nothing was written.
        Conflict: `LOCKED`.
    """
    project = project_at(repo, version)
    require_target(options.target, project, version)
    store = Store(repo, project.root)
    if dry_run:
        done = Done(make_plan(project, options, version, progress))
        if store.pending() is not None:
            message = "an upgrade was cut short; the next one finishes it first, and then plans anew"
            done.notices.append(Notice("UPGRADE_INTERRUPTED", message, spec_kitty("upgrade")))
        return done
    with _alone(repo):
        notices: list[Notice] = []
        finished = _finish(repo, store, notices, progress)
        project = project_at(repo, version)
        plan = make_plan(project, options, version, progress)
        done = Done(plan, finished=finished, notices=notices)
        store.sweep()
        if not plan.is_empty:
            backup = Backup(store.fresh_name(), UPGRADE, project.version, options.target, (), *_told(plan.units))
            done.backup = _carry_out(repo, store, backup, plan.units, _copies(backup.name, plan), notices, progress)
        return done


def rollback(repo: Repository, version: str, progress: Progress) -> Undone:
    """Give every file the bytes that it had before the last upgrade; what it says now is kept in a backup too.

    Raises:
        NotFound: `NOTHING_TO_ROLL_BACK`.
        Refused: `PROJECT_NEWER`, or `BACKUP_INVALID`.
        Conflict: `LOCKED`.
    """
    project = project_at(repo, version)
    store = Store(repo, project.root)
    with _alone(repo):
        notices: list[Notice] = []
        _finish(repo, store, notices, progress)
        store.sweep()
        last = store.latest()
        if last is None:
            message = f"{project.root} has no backup of an upgrade to go back to"
            if committed := store.committed():
                message += f"; {some(committed)} came with a commit, and only what was made here is put back"
            raise NotFound(message, "NOTHING_TO_ROLL_BACK", hint=spec_kitty("upgrade", "--dry-run"))
        undone = Undone(project, last.name, store.folder / store.fresh_name(), notices=notices)
        units, modes = _reversed(store, last, undone)
        backup = Backup(undone.kept.name, ROLLBACK, last.to, last.since, (), *_told(units), of=last.name)
        _carry_out(repo, store, backup, units, (), notices, progress, modes)
        for copy in last.queues:
            _give_back(copy, notices)
        return undone


def _alone(repo: Repository) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(locks.held(repo.state / "locks" / "upgrade.lock", timeout=60, doing=_DOING))
    stack.enter_context(locked(repo, _DOING))
    return stack


def _told(units: list[Unit]) -> tuple[dict[str, list[str]], dict[str, str]]:
    return {unit.name: [str(lock) for lock in unit.locks] for unit in units}, {
        unit.name: str(unit.root) for unit in units
    }


def _carry_out(
    repo: Repository,
    store: Store,
    backup: Backup,
    units: list[Unit],
    queues: tuple[QueueCopy, ...],
    notices: list[Notice],
    progress: Progress,
    modes: dict[Path, int] | None = None,
) -> Path:
    staged = store.stage(replace(backup, queues=queues), units, modes or {})
    store.begin(staged.name)
    _swap_all(repo, store, staged, notices, progress)
    return store.folder / staged.name


def _finish(repo: Repository, store: Store, notices: list[Notice], progress: Progress) -> str | None:
    """Finish a swap that was cut short."""
    backup = store.pending()
    if backup is None:
        files.remove(store.intent)
        return None
    _swap_all(repo, store, backup, notices, progress)
    return backup.name


def _swap_all(repo: Repository, store: Store, backup: Backup, notices: list[Notice], progress: Progress) -> None:
    units: dict[str, list[Entry]] = {}
    for entry in backup.entries:
        units.setdefault(entry.unit, []).append(entry)
    left: set[str] = set()
    for number, (name, entries) in enumerate(units.items(), 1):
        progress(number, len(units), f"swap {name}")
        if name == METADATA_UNIT and left:
            left.add(name)
            continue
        with ExitStack() as stack:
            for lock in backup.locks[name]:
                stack.enter_context(locks.held(repo.state / "locks" / Path(lock).name, timeout=120, doing=_DOING))
            if not _swap(store, backup, name, entries, notices):
                left.add(name)
    queues = tuple(_migrated(copy, notices) for copy in backup.queues)
    # What was left alone is not given back either.
    swapped = tuple(each for each in backup.entries if each.unit not in left or not _is_open(store, backup, each))
    store.end(replace(backup, entries=swapped, queues=queues))


def _swap(store: Store, backup: Backup, unit: str, entries: list[Entry], notices: list[Notice]) -> bool:
    """Let what waits take its place, unless somebody has changed a file since it was planned."""
    open_entries = [entry for entry in entries if _is_open(store, backup, entry)]
    for entry in open_entries:
        if _content(store.path_of(entry.slot)) not in (entry.before, entry.after):
            message = f"{unit} stays: {store.path_of(entry.slot)} was changed while it was upgraded"
            notices.append(Notice("CHANGED_MEANWHILE", message, spec_kitty("upgrade")))
            return False
    root = Path(backup.roots[unit])
    for entry in open_entries:
        path = store.path_of(entry.slot)
        if entry.after is None:
            files.remove(path)
            files.remove_empty(path.parent, root / SPECS if path.is_relative_to(root / SPECS) else root)
        else:
            swap.take_place(store.new(backup.name, entry.slot), path)
    return True


def _is_open(store: Store, backup: Backup, entry: Entry) -> bool:
    """Whether it was not swapped yet."""
    if entry.after is None:
        return store.path_of(entry.slot).exists()
    return store.new(backup.name, entry.slot).exists()


def _content(path: Path) -> str | None:
    data = None if path.is_symlink() else files.read_bytes(path)
    return None if data is None else sha256(data)


def _reversed(store: Store, last: Backup, undone: Undone) -> tuple[list[Unit], dict[Path, int]]:
    """The units of an upgrade, backwards: journals and documents as they were."""
    changes: dict[str, Changes] = {}
    modes: dict[Path, int] = {}
    seen: Seen = {}
    for entry in reversed(last.entries):
        path, copy = store.path_of(entry.slot), store.old(last.name, entry.slot)
        store.refuse_links(entry.slot)
        content = store.original(last.name, entry)
        now = _content(path)
        if now == entry.before:
            continue
        if now != entry.after:
            undone.changed_since.append(path)
        changes.setdefault(entry.unit, {})[path] = content
        modes[path] = swap.mode_of(copy) or 0o644
        seen[path] = now
        undone.restored.append(path)
    units = [
        Unit(name, found, tuple(Path(lock) for lock in last.locks[name]), Path(last.roots[name]), seen)
        for name, found in changes.items()
    ]
    return units, modes


# -- queue files of the user ---------------------------------------------------------------------------------------


def _copies(name: str, plan: Plan) -> tuple[QueueCopy, ...]:
    """Copies of the queue files whose tables will be changed."""
    found = []
    for queue in plan.queues:
        data = files.read_bytes(queue.path) if queue.outdated else None
        if data is not None:
            copy = state_home() / "backups" / name / queue.path.name
            files.atomic_write(copy, data, private=True)
            found.append(QueueCopy(str(queue.path), str(copy), sha256(data)))
    return tuple(found)


def _migrated(copy: QueueCopy, notices: list[Notice]) -> QueueCopy:
    path = Path(copy.path)
    try:
        if path.exists():
            migrate_queue(path)
    except SpecKittyError as error:
        notices.append(Notice(error.code, error.message, error.hint))
        return copy
    return replace(copy, after=_content(path))


def _give_back(copy: QueueCopy, notices: list[Notice]) -> None:
    """Put a queue file back, unless something was queued since."""
    path, data = Path(copy.path), files.read_bytes(Path(copy.copy))
    if data is None or copy.after is None or path not in queue_files():
        return
    # What a process has queued and not closed yet, or was killed over, is not in the file itself.
    if _content(path) == copy.after and not path.with_name(f"{path.name}-wal").exists():
        files.atomic_write(path, data, private=True)
    else:
        message = f"{path} stays as it is: events were queued or sent since; its older copy is {copy.copy}"
        notices.append(Notice("QUEUE_KEPT", message, None))
