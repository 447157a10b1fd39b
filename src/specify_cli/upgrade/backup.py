"""Copies of what an upgrade changes, and what it changes it to: all that is needed to finish it, or to go back.

A backup is a folder `.kittify/backups/<time>/`: `files/` holds the original bytes, `new/` what waits to take their
place, `backup.json` says which is which. It is whole on disk, and read back, before the first file is swapped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from specify_cli.kernel import clock, files, strays, swap
from specify_cli.kernel.commands import command
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.fields import (
    FLAG,
    FOLDER,
    TEXT,
    WHOLE,
    Fields,
    Kind,
    Listed,
    Mapped,
    Schema,
    listing,
    one_of,
    sift,
)
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, Repository
from specify_cli.kernel.values import frozen, replace
from specify_cli.sync.config import state_home
from specify_cli.upgrade.plan import Unit

VERSION = 1
FILE = "backup.json"
_OLD, _NEW = "files", "new"
_GIT, _ELSEWHERE = "@git", "@elsewhere"
_OF_GIT = re.compile(r"(?:worktrees/[^/]+/)?spec-kitty/(?:journal/[^/]+\.jsonl|checkout\.json)")
UPGRADE, ROLLBACK = "upgrade", "rollback"
_PLACE = Kind("a path below the project", lambda value: TEXT.fits(value) and ".." not in str(value).split("/"))
_DIGEST = Kind("a digest", lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f]{64}", value)))
FIELDS: Schema = {
    "version": WHOLE, "name": FOLDER, "kind": one_of(UPGRADE, ROLLBACK), "since": TEXT, "to": TEXT, "of": FOLDER,
    "entries": Listed(Fields({"slot": _PLACE, "unit": TEXT, "before": _DIGEST, "after": _DIGEST})),
    "locks": Mapped(Listed(_PLACE)), "roots": Mapped(_PLACE), "done": FLAG, "rolled_back": FLAG,
    "queues": Listed(Fields({"path": _PLACE, "copy": _PLACE, "before": _DIGEST, "after": _DIGEST})),
}  # fmt: skip


@frozen
class Entry:
    """One file.

    Args:
        slot: where it is, in a spelling that outlives a move of the project, and below `files/` and `new/`.
        unit: what it is changed together with.
        before, after: digests of its content; None where there is no file.
    """

    slot: str
    unit: str
    before: str | None
    after: str | None


@frozen
class QueueCopy:
    """A queue file of the user: where it is, where its copy is, and its digest before and after."""

    path: str
    copy: str
    before: str
    after: str | None = None


@frozen
class Backup:
    """What `backup.json` says.

    Args:
        name: of its folder: when it was made.
        kind: `upgrade` or `rollback`.
        since, to: versions of the project before and after.
        locks: unit -> lock files that are held while it is swapped.
        roots: unit -> the checkout in which folders that are empty then go.
        of: the backup that a rollback goes back to.
        done: whether everything was swapped.
        rolled_back: whether a rollback went back to it.
    """

    name: str
    kind: str
    since: str
    to: str
    entries: tuple[Entry, ...]
    locks: Mapping[str, Sequence[str]]
    roots: Mapping[str, str]
    queues: tuple[QueueCopy, ...] = ()
    of: str | None = None
    done: bool = False
    rolled_back: bool = False


class Store:
    """The backups of a project.

    Args:
        repo: the project's repository.
        root: the checkout whose `.kittify` counts.

    Raises:
        Refused: `SYMLINK_REFUSED`, `FILE_UNUSABLE`: there is no place for them.
    """

    def __init__(self, repo: Repository, root: Path) -> None:
        self.folder = root / KITTIFY / "backups"
        self.intent = repo.state / "upgrade.json"
        self._root = root
        self._git = repo.common_dir
        self._checkouts = [each.path for each in repo.checkouts()]
        files.refuse_links(root, self.folder)
        if os.path.lexists(self.folder) and not self.folder.is_dir():
            message = f"{self.folder} is no folder, and backups belong there"
            raise Refused(message, "FILE_UNUSABLE", hint=command("mv", self.folder, f"{self.folder}.aside"))

    def slot_of(self, path: Path) -> str:
        """How a path is spelled in a backup."""
        if self._git is not None and path.is_relative_to(self._git):
            return f"{_GIT}/{path.relative_to(self._git).as_posix()}"
        if path.is_relative_to(self._root):
            return path.relative_to(self._root).as_posix()
        return f"{_ELSEWHERE}/{path.as_posix().lstrip('/')}"

    def path_of(self, slot: str) -> Path:
        """The path that a spelling stands for now."""
        first, _, rest = slot.partition("/")
        if first == _GIT and self._git is not None:
            return self._git / rest
        return Path("/") / rest if first == _ELSEWHERE else self._root / slot

    def old(self, name: str, slot: str) -> Path:
        """The copy of a file as it was."""
        return self.folder / name / _OLD / slot

    def new(self, name: str, slot: str) -> Path:
        """What waits to take its place."""
        return self.folder / name / _NEW / slot

    def stage(self, backup: Backup, units: Iterable[Unit], modes: Mapping[Path, int]) -> Backup:
        """Write both for every file of some units, and make sure that they can be read back.

        Args:
            backup: without entries; what else it says is kept.
            modes: permissions of files that are not there now.

        Raises:
            Unavailable: `BACKUP_UNREADABLE`; nothing of the project was changed then.
        """
        files.make_ignored(self.folder)
        entries, wanted = [], []
        for unit in units:
            for path, content in unit.changes.items():
                slot, before = self.slot_of(path), files.read_bytes(path)
                mode = swap.mode_of(path) or modes.get(path) or (0o600 if slot.startswith(_GIT) else None)
                entries.append(Entry(slot, unit.name, unit.seen.get(path, _digest(before)), _digest(content)))
                pairs = ((self.old(backup.name, slot), before), (self.new(backup.name, slot), content))
                for target, data in pairs:
                    if data is not None:
                        swap.write_beside(target, data, mode)
                        wanted.append((target, _digest(data)))
        staged = replace(backup, entries=tuple(entries))
        self.write(staged)
        swap.flush()
        for target, told in wanted:
            if _digest(files.read_bytes(target)) != told:
                message = f"{target} does not say what was written to it; nothing was changed"
                raise Unavailable(message, "BACKUP_UNREADABLE", hint=command("df", "-h", self.folder))
        return staged

    def fresh_name(self) -> str:
        """A name for a backup made now."""
        at = clock.now().strftime("%Y%m%dT%H%M%SZ")
        taken = {path.name for path in self._all()}
        return next(name for name in (at, *(f"{at}-{number}" for number in range(2, 1000))) if name not in taken)

    def write(self, backup: Backup) -> None:
        """Write `backup.json`."""
        files.write_json(self.folder / backup.name / FILE, {"version": VERSION, **asdict(backup)}, mkdir=True)

    def read(self, name: str) -> Backup | None:
        """A backup by its name, or None where it is not whole.

        Raises:
            Refused: `BACKUP_INVALID`.
        """
        path = self.folder / name / FILE
        data = files.read_json(path)
        if data is None:
            return None
        backup = _parsed(data, path)
        if backup.name != name:
            raise _invalid(path, f"it is the backup {backup.name}")
        for entry in backup.entries:
            if self._base(entry.slot) is None:
                raise _invalid(path, f"{entry.slot} is nothing that an upgrade writes")
        # The project may have been moved since: a folder that is no checkout of it is the one where it is now.
        known = {str(each) for each in (self._root, *self._checkouts)}
        roots = {unit: root if root in known else str(self._root) for unit, root in backup.roots.items()}
        if not all(_is_own_copy(name, each) for each in backup.queues):
            raise _invalid(path, "it names a copy that lies outside of the backups")
        return replace(backup, roots=roots)

    def original(self, name: str, entry: Entry) -> bytes | None:
        """The bytes that a file had before; None where there was none.

        Raises:
            Refused: `BACKUP_INVALID`: the copy is none, or is not what was kept; `SYMLINK_REFUSED`.
        """
        if entry.before is None:
            return None
        copy = self.old(name, entry.slot)
        files.refuse_links(self.folder, copy)
        data = None if copy.is_symlink() else files.read_bytes(copy)
        if _digest(data) != entry.before:
            raise _invalid(self.folder / name / FILE, f"{copy} is not the copy that was made")
        return data

    def _base(self, slot: str) -> Path | None:
        """The folder that a path may be written in; None for what no upgrade writes.

        A backup can come with a clone, and lead anywhere. Of git's own folder it may have journals and the identity of
        a checkout, never a hook, nor what was trusted.
        """
        first, _, rest = slot.partition("/")
        if first == _GIT:
            return self._git if _OF_GIT.fullmatch(rest) else None
        parts = slot.lower().split("/")
        if slot.startswith("/") or ".." in parts or ".git" in parts:
            return None
        if first != _ELSEWHERE:
            return self._root
        return next((each for each in self._checkouts if (Path("/") / rest).is_relative_to(each)), None)

    def refuse_links(self, slot: str) -> None:
        """Refuse a path that a symbolic link takes elsewhere; raises as `files.refuse_links`."""
        files.refuse_links(self._base(slot) or self._root, self.path_of(slot))

    def begin(self, name: str) -> None:
        """Say that the swap of a backup's files begins: from now on it is finished, by whoever comes."""
        files.make_private(self.intent.parent)
        files.write_json(self.intent, {"version": VERSION, "backup": name})

    def pending(self) -> Backup | None:
        """The backup whose files are being swapped, or were when a run was cut short."""
        data = files.read_json(self.intent)
        name = str(data.get("backup")) if data else ""
        return self.read(name) if name and "/" not in name else None

    def end(self, backup: Backup) -> None:
        """Say that everything is swapped."""
        swap.flush()
        self.write(replace(backup, done=True))
        if backup.of is not None and (origin := self.read(backup.of)) is not None:
            self.write(replace(origin, rolled_back=True))
        files.remove(self.intent)
        files.remove_tree(self.folder / backup.name / _NEW)

    def latest(self) -> Backup | None:
        """The upgrade that a rollback takes back, or None."""
        found = filter(None, (self.read(path.name) for path in sorted(self._all(), reverse=True)))
        return next((each for each in found if each.kind == UPGRADE and each.done and not each.rolled_back), None)

    def sweep(self) -> None:
        """Remove what runs left behind that were cut short before they had changed anything."""
        for path in self._all():
            with suppress(Refused):  # what is no backup of ours is somebody's
                backup = self.read(path.name)
                if backup is not None:
                    files.remove_tree(path / _NEW if backup.done else path)
                elif all(name in (_OLD, _NEW) or strays.is_stray(name) for name in os.listdir(path)):
                    files.remove_tree(path)

    def _all(self) -> Iterator[Path]:
        if self.folder.is_dir():
            found = [path for path in self.folder.iterdir() if path.is_dir() and path.name[:1].isdigit()]
            committed = self.committed() if found else ()
            yield from (path for path in found if path.name not in committed and not path.is_symlink())

    def committed(self) -> tuple[str, ...]:
        """Names of backups that git tracks: they came with a commit, and nobody made them here."""
        if self._git is None:
            return ()
        listed = Git(self._root).run("ls-files", "-z", "--", f"{KITTIFY}/backups").split("\0")
        return tuple(sorted({name.split("/")[2] for name in listed if name.count("/") > 2}))


def _is_own_copy(name: str, copy: QueueCopy) -> bool:
    return Path(copy.copy) == state_home() / "backups" / name / Path(copy.path).name


def _digest(data: bytes | None) -> str | None:
    return None if data is None else sha256(data)


def _parsed(data: Mapping[str, Any], path: Path) -> Backup:
    broken = sift(data, FIELDS)[1]
    if broken:
        raise _invalid(path, listing(broken))
    try:
        told = dict(data)
        version = told.pop("version")
        told["entries"] = tuple(Entry(**each) for each in told["entries"])
        told["queues"] = tuple(QueueCopy(**each) for each in told["queues"])
        backup = Backup(**told)
    except (KeyError, TypeError) as error:
        raise _invalid(path, repr(error)) from error
    if version != VERSION:
        raise _invalid(path, f"version {version}")
    locks, roots = data["locks"] or {}, data["roots"] or {}
    if None in (*locks.values(), *roots.values()):
        raise _invalid(path, "it does not say what is held and where")
    for each in backup.entries:
        if not each.slot or each.unit not in locks or each.unit not in roots:
            raise _invalid(path, f"an entry names no file, or the unit {each.unit!r}, which it does not know")
    return backup


def _invalid(path: Path, reason: str) -> Refused:
    message = f"{path} is not a backup that this version can read: {reason}"
    return Refused(message, "BACKUP_INVALID", hint=command("ls", path.parent))
