"""Leases: whether the holder of a work package or step still works on it.

The process of a command says nothing: it is gone a moment later. A lease is quiet when, for some minutes, no command
came for that work package and no file of its worktree changed; for one minute where the coding agent's own program,
which the lease names, is known to have ended. Who holds it is told by the log, not by the lease.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from specify_cli.core.agent_programs import process_of_agent
from specify_cli.home import MissionPlace
from specify_cli.kernel import ancestors, clock, fields, files, system
from specify_cli.kernel.ancestors import Process
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.fields import MOMENT, TEXT, Schema
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.workspaces.records import workspace_records

FIELDS: Schema = {"actor": TEXT, "session": TEXT, "host": TEXT, "last_seen": MOMENT, "process": ancestors.PROCESS}
ENDED_MINUTES = 1.0  # of silence that count where the holder's program has ended


@frozen
class Lease:
    """Who was last seen at work, and when.

    Args:
        process: of the coding agent's program that the holder runs in, where that is known.
    """

    actor: str
    session: str | None
    host: str
    last_seen: str
    process: Process | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the holder's program is known to be gone; what began with it may still be at work."""
        return self.process is not None and self.host == system.host() and self.process.has_ended()

    def patience(self, minutes: float) -> float:
        """How many minutes of silence count as quiet, where it is `minutes` for a holder of whom nothing is known."""
        return min(minutes, ENDED_MINUTES) if self.has_ended else minutes

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
    ended = ", and its program has ended" if lease.has_ended else ""
    return f"last seen {clock.minute(lease.last_seen)} on {lease.host}{ended}"


def _path(place: MissionPlace, key: str) -> Path:
    return place.state / "leases" / place.key / f"{key}.json"


def touch(place: MissionPlace, key: str, actor: str, session: str | None, *, is_here: bool = True) -> None:
    """Note that the holder of a work package or step was here just now.

    Args:
        is_here: the holder runs this command, and nobody for it.
    """
    process = process_of_agent(actor) if is_here else None
    path = _path(place, key)
    files.make_private(path.parent)
    seen: dict[str, object] = {
        "actor": actor,
        "session": session,
        "host": system.host(),
        "last_seen": clock.stamp(),
        **({"process": process.to_dict()} if process else {}),
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
    actor, session, host, seen, process = (data.get(name) for name in FIELDS)
    if actor is None or seen is None:
        return None
    known = Process.from_dict(process)
    return Lease(str(actor), None if session is None else str(session), str(host or ""), str(seen), known)


def is_quiet(lease: Lease | None, worktree: Path | None, minutes: float, paths: tuple[str, ...] = ()) -> bool:
    """Whether a lease is older than `minutes` and nothing in its worktree changed since.

    Without a lease nobody is known to be quiet: the holder may work in another clone.

    Args:
        lease: the lease, or None.
        worktree: where its holder works; None where that is not known.
        minutes: the length of silence that counts while nothing more is known of the holder.
        paths: look only at these files of the worktree (lane-planning: the owned ones).
    """
    if lease is None:
        return False
    try:
        seen = clock.parse(lease.last_seen).timestamp()
    except ValueError:
        return False
    before = clock.epoch() - lease.patience(minutes) * 60
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
