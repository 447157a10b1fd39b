"""After a merge: worktrees go, then branches. What still holds something of the user's stays, and it is said why."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import command, git_command
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.merge.case import Case
from specify_cli.merge.intent import Doomed, Intent
from specify_cli.merge.plan import Composed
from specify_cli.workspaces.forecast_models import LaneTip
from specify_cli.workspaces.records import forget_record
from specify_cli.workspaces.removal import delete_branch, is_lanes_own, remove_worktree


@frozen
class Cleaned:
    """What is gone, and what was kept."""

    worktrees: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    kept: tuple[Notice, ...] = ()


def clean(place: MissionPlace, intent: Intent) -> Cleaned:
    """Remove what an intent names; can be repeated."""
    kept: list[Notice] = []
    gone: list[str] = []
    for doomed in intent.worktrees:
        reason = remove_worktree(place.repo, Path(doomed.path), doomed.branch)
        if reason:
            kept.append(
                Notice("WORKTREE_KEPT", f"{doomed.path} was kept: {reason}", git_command(doomed.path, "status"))
            )
        else:
            gone.append(doomed.path)
            forget_record(place, doomed.lane_id)
    branches: list[str] = []
    for update in intent.branches:
        name = update.ref.removeprefix("refs/heads/")
        reason = delete_branch(place.repo, name, update.old)
        if reason:
            kept.append(
                Notice("BRANCH_KEPT", f"{name} was kept: {reason}", command("git", "log", "--oneline", "-3", name))
            )
        else:
            branches.append(name)
    return Cleaned(tuple(gone), tuple(branches), tuple(kept))


def going(case: Case, composed: Composed, used: Collection[str]) -> tuple[tuple[Doomed, ...], tuple[RefUpdate, ...]]:
    """Worktrees and branches that go at the end; a branch only while it still has its commit.

    Args:
        used: branches that some checkout has.
    """
    wish, merge = case.wish, case.forecast
    worktrees: list[Doomed] = []
    tips: dict[str, str] = {}
    for lane in merge.lanes:
        if lane.planning or lane.tip is None or lane.gone:
            continue
        if not wish.keep_worktree:
            worktrees += _worktrees(case.place, lane)
        if not (wish.keep_worktree and lane.branch in used):
            tips[lane.branch] = lane.tip
    if merge.mission is not None and composed.mission is not None:
        tips[merge.mission_branch] = merge.mission if merge.mission_branch in used else composed.mission
    branches = () if wish.keep_branch else (RefUpdate(f"refs/heads/{name}", tip, ZERO) for name, tip in tips.items())
    return tuple(worktrees), tuple(branches)


def _worktrees(place: MissionPlace, lane: LaneTip) -> list[Doomed]:
    """The worktree of a lane: never the main one, never the home, never one of somebody else's."""
    recorded = lane.record.path if lane.record else None
    return [
        Doomed(lane.lane_id, str(checkout.path), lane.branch)
        for checkout in place.repo.checkouts()
        if checkout.branch == lane.branch and checkout != place.home and is_lanes_own(place.repo, checkout, recorded)
    ]
