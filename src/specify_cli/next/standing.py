"""How the work of a step stands, as a fingerprint: the same while nothing that its guard looks at has changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from specify_cli.core.work_packages import FOLDER
from specify_cli.home import MissionPlace
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.git import Git
from specify_cli.kernel.text import encoded
from specify_cli.status.mission_log import MISSION_EVENTS_FILENAME
from specify_cli.status.reading import Status
from specify_cli.status.store import EVENTS_FILENAME
from specify_cli.workspaces.lookup import Workspace

_LENGTH = 16
_OURS = frozenset({EVENTS_FILENAME, MISSION_EVENTS_FILENAME})
_ABOUT_THE_LOOP = frozenset({"step_issued", "step_reported", "decision_asked", "decision_answered", "lease_taken_over"})


def of_work(workspace: Workspace | None, scope: Sequence[str], unmet: Sequence[str]) -> str:
    """Of a work package: what is missing, the commit it is at, and the files that are not committed.

    Args:
        workspace: where it is worked on; None without one.
        scope: git path patterns of what counts there.
        unmet: what the guard wants.
    """
    parts = [*unmet]
    if workspace is not None and workspace.path.is_dir():
        git = Git(workspace.path)
        parts.append(git.resolve("HEAD") or "")
        for change in git.changes(*scope):
            parts.append(f"{change.state} {change.path}")
            with suppress(OSError):
                found = os.lstat(workspace.path / change.path)
                parts.append(f"{found.st_size} {found.st_mtime_ns}")
    return _fingerprint(parts)


def of_documents(place: MissionPlace, status: Status, unmet: Sequence[str]) -> str:
    """Of a step on the mission itself: what is missing, its documents, its log and the branches."""
    names = [name for name in place.names() if not name.endswith("/") and name not in _OURS]
    names += [f"{FOLDER}/{name}" for name in place.names(FOLDER) if not name.endswith("/")]
    told = [event.event_id for event in status.mission_events if event.type not in _ABOUT_THE_LOOP]
    parts = [*unmet, str(status.snapshot.last_event_id), *told[-1:]]
    parts += [f"{name} {text}" for name, text in place.read_many(names).items()]
    if place.repo.has_git:
        parts += [f"{ref} {tip}" for ref, tip in place.git.branches().items()]
    return _fingerprint(parts)


def _fingerprint(parts: Sequence[str]) -> str:
    return sha256(encoded("\0".join(parts)))[:_LENGTH]
