"""Putting lane workspaces away that nobody needs any more; each that stays is told with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.home import MissionPlace
from specify_cli.kernel import locks
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane
from specify_cli.workspaces import leases
from specify_cli.workspaces.records import forget_record
from specify_cli.workspaces.removal import delete_branch, remove_worktree
from specify_cli.workspaces.survey import LaneWorkspace, survey

# Somebody works here, is about to, or waits for an answer about it.
_UNDER_WAY = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.BLOCKED})
# A merge asks for the branch of work that is approved and not yet done.
_NEEDS_NO_BRANCH = frozenset({Lane.PLANNED, Lane.DONE, Lane.CANCELED})


@frozen
class CleanedUp:
    """What became of one workspace.

    Args:
        worktree_kept, branch_kept: why; empty where it is gone.
    """

    workspace: LaneWorkspace
    worktree_kept: str = ""
    branch_kept: str = ""

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {
            "mission_slug": self.workspace.place.slug,
            "lane_id": self.workspace.lane_id,
            "path": str(self.workspace.path),
            "branch": self.workspace.branch,
            "worktree_removed": not self.worktree_kept,
            "branch_removed": not self.worktree_kept and not self.branch_kept,
            "reason": self.worktree_kept or self.branch_kept or None,
        }


def reason_to_keep(workspace: LaneWorkspace) -> str:
    """Why a worktree must stay; empty where it may go (pure)."""
    if not workspace.own:
        return "it is a checkout of your own, not made for the lane"
    if workspace.stays or workspace.merged:
        return workspace.stays
    if workspace.tip is not None and not workspace.contained:
        return f"its work is not in {workspace.place.target_branch} yet"
    return _told(workspace, _UNDER_WAY)


def reason_to_keep_branch(workspace: LaneWorkspace) -> str:
    """Why a branch must stay although its worktree may go; empty where it may go too (pure)."""
    if workspace.tip is None or workspace.contained or workspace.kept:
        needed = frozenset(Lane) - _NEEDS_NO_BRANCH
        told = "" if workspace.merged else _told(workspace, needed)
        return f"{told}, and a merge still asks for it" if told else ""
    return f"it has commits that are neither in {workspace.place.target_branch} nor kept by a merge"


def clean_up(repo: Repository, places: Sequence[MissionPlace]) -> list[CleanedUp]:
    """Remove the workspaces of merged work that are clean: the worktree, then its branch and record.

    Args:
        repo: the repository.
        places: the missions whose workspaces are looked at.

    Raises:
        Conflict: `LOCKED`.
        Refused: as `survey`.
    """
    if not survey(repo, places):
        return []
    with locks.held(repo.state / "locks" / "workspaces.lock", timeout=120, doing="clean up workspaces"):
        return [_put_away(repo, workspace) for workspace in survey(repo, places)]


def _put_away(repo: Repository, workspace: LaneWorkspace) -> CleanedUp:
    kept = reason_to_keep(workspace) or remove_worktree(repo, workspace.path, workspace.branch)
    if kept:
        return CleanedUp(workspace, kept)
    branch_kept = reason_to_keep_branch(workspace)
    if not branch_kept and workspace.tip is not None:
        branch_kept = delete_branch(repo, workspace.branch, workspace.tip)
    if not branch_kept or workspace.merged:
        forget_record(workspace.place, workspace.lane_id)
        for wp_id in workspace.wps:
            leases.release(workspace.place, wp_id)
    return CleanedUp(workspace, "", branch_kept)


def _told(workspace: LaneWorkspace, lanes: frozenset[Lane]) -> str:
    listed = [f"{wp_id} is {lane}" for wp_id, lane in workspace.wps.items() if lane in lanes]
    return ", ".join(listed)
