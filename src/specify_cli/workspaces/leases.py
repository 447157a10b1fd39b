"""Leases: whether the holder of a work package or step still works on it.

A lease holds no process id and no state «dead»: the process of a command is gone a moment later. It is quiet when,
for some minutes, no command came for that work package and no file of its worktree changed. Who holds it is told
by the log, not by the lease.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, fields, files, system
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.fields import MOMENT, TEXT, Schema
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.workspaces.records import workspace_records

FIELDS: Schema = {"actor": TEXT, "session": TEXT, "host": TEXT, "last_seen": MOMENT}


@frozen
class Lease:
    """Who was last seen at work, and when."""

    actor: str
    session: str | None
    host: str
    last_seen: str

    def to_dict(self, *, quiet: bool) -> dict[str, object]:
        """As `status --json` shows it."""
        return {
            "actor": self.actor,
            "session": self.session,
            "host": self.host,
            "last_seen": self.last_seen,
            "state": "quiet" if quiet else "active",
        }


def seen(lease: Lease) -> str:
    """When and where a holder was last at work, in words."""
    return f"last seen {clock.minute(lease.last_seen)} on {lease.host}"


def _path(place: MissionPlace, key: str) -> Path:
    return place.state / "leases" / place.key / f"{key}.json"


def touch(place: MissionPlace, key: str, actor: str, session: str | None) -> None:
    """Note that the holder of a work package or step was here just now."""
    path = _path(place, key)
    files.make_private(path.parent)
    seen: dict[str, object] = {
        "actor": actor,
        "session": session,
        "host": system.host(),
        "last_seen": clock.stamp(),
    }
    files.write_json(path, seen)


def release(place: MissionPlace, key: str) -> None:
    """Drop a lease that nobody needs any more."""
    files.remove(_path(place, key))


def read_lease(place: MissionPlace, key: str) -> Lease | None:
    """The lease of a work package or step; None where there is none, or where it cannot be read."""
    try:
        data = fields.sound(files.read_json(_path(place, key)) or {}, FIELDS)
    except SpecKittyError:
        return None
    actor, session, host, seen = (data.get(name) for name in FIELDS)
    if actor is None or seen is None:
        return None
    return Lease(str(actor), None if session is None else str(session), str(host or ""), str(seen))


def is_quiet(lease: Lease | None, worktree: Path | None, minutes: float, paths: tuple[str, ...] = ()) -> bool:
    """Whether a lease is older than `minutes` and nothing in its worktree changed since.

    Without a lease nobody is known to be quiet: the holder may work in another clone.

    Args:
        lease: the lease, or None.
        worktree: where its holder works; None where that is not known.
        minutes: the length of silence that counts.
        paths: look only at these files of the worktree (lane-planning: the owned ones).
    """
    if lease is None:
        return False
    before = clock.epoch() - minutes * 60
    try:
        seen = clock.parse(lease.last_seen).timestamp()
    except ValueError:
        return False
    if seen > before:
        return False
    return worktree is None or not worktree.is_dir() or _last_change(worktree, paths) <= before


def _last_change(worktree: Path, paths: tuple[str, ...]) -> float:
    """When something was last committed, or a file that git sees as changed was written, in seconds since 1970."""
    git = Git(worktree)
    moments = [git.last_commit_time(*paths)]
    for change in git.changes(*paths):
        with suppress(OSError):
            moments.append(clock.file_time(os.lstat(worktree / change.path).st_mtime))
    return max(moments)


def lease_in(place: MissionPlace, checkout: Path) -> Lease | None:
    """The lease of whoever was last seen in a lane's worktree, or None."""
    seen: list[Lease] = []
    for record in workspace_records(place):
        if record.path == checkout:
            seen += [lease for wp_id in record.wps if (lease := read_lease(place, wp_id)) is not None]
    return max(seen, key=lambda lease: lease.last_seen, default=None)
