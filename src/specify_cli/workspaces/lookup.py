"""Where a work package's workspace is; read only, and cheap to import."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.lanes.models import ExecutionLane, LanesManifest
from specify_cli.workspaces.records import read_record

LANE = "lane_workspace"
ROOT = "repo_root"
THROW_AWAY = "accept_worktree"


@frozen
class Workspace:
    """Where a work package is worked on.

    Args:
        path: the worktree; for lane-planning the mission's home.
        branch: the branch checked out there.
        base: the commit its work began from: the last one of the lane below which everything was reviewed.
        start: the lane's tip when it was claimed, where nobody reviewed what lies between.
        kind: `lane_workspace`, `repo_root`, or `accept_worktree`, where an acceptance runs its tests.
        created: whether this run made the worktree.
        brought: what was merged into the lane by this run, in words.
        missing: commits and branches it builds on that are not in it, because it was begun without them.
        odd: what its holder has to put right there, in words.
    """

    wp_id: str
    lane_id: str
    path: Path
    branch: str
    base: str
    kind: str = LANE
    created: bool = False
    brought: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())
    odd: str = ""
    start: str | None = None

    @property
    def begun(self) -> str:
        """The lane's tip when the work package was claimed: its own commits come after it."""
        return self.start or self.base

    def record(self, head: str | None = None) -> dict[str, object]:
        """The `workspace` of a status event."""
        start = {"start": self.start} if self.start is not None else {}
        return {"lane_id": self.lane_id, "branch": self.branch, "base": self.base, "head": head, **start}


def lane_of(manifest: LanesManifest | None, place: MissionPlace, wp_id: str) -> ExecutionLane:
    """The lane of a work package.

    Raises:
        Refused: `LANES_MISSING` before finalize-tasks ran for it.
    """
    lane = None if manifest is None else manifest.lane_for_wp(wp_id)
    if lane is None:
        raise Refused(
            f"{wp_id} has no lane in {place.where('lanes.json')}",
            "LANES_MISSING",
            hint=spec_kitty("agent mission finalize-tasks", "--mission", place.slug),
        )
    return lane


def workspace_of(place: MissionPlace, manifest: LanesManifest | None, wp_id: str) -> Workspace | None:
    """The workspace a work package has in this clone now; None before its first claim. Writes nothing."""
    lane = None if manifest is None else manifest.lane_for_wp(wp_id)
    if lane is None:
        return None
    if lane.lane_id == PLANNING_LANE_ID and place.home is None:
        return None
    record = read_record(place, lane.lane_id)
    if record is None or wp_id not in record.wps:
        return None
    kind = ROOT if lane.lane_id == PLANNING_LANE_ID else LANE
    span = record.wps[wp_id]
    return Workspace(wp_id, lane.lane_id, record.path, record.branch, span.base, kind, start=span.start)
