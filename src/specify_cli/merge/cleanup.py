"""After a merge: worktrees go, then branches. What still holds something of the user's stays, and it is said why."""

from __future__ import annotations

from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import quoted
from specify_cli.kernel.values import frozen
from specify_cli.merge.intent import Doomed, Intent
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
                Notice("WORKTREE_KEPT", f"{doomed.path} was kept: {reason}", f"git -C {quoted(doomed.path)} status")
            )
        else:
            gone.append(doomed.path)
            forget_record(place, doomed.lane_id)
    branches: list[str] = []
    for update in intent.branches:
        name = update.ref.removeprefix("refs/heads/")
        reason = delete_branch(place.repo, name, update.old)
        if reason:
            kept.append(Notice("BRANCH_KEPT", f"{name} was kept: {reason}", f"git log --oneline -3 {name}"))
        else:
            branches.append(name)
    return Cleaned(tuple(gone), tuple(branches), tuple(kept))


def doomed(place: MissionPlace, lane_id: str, branch: str, recorded: Path | None) -> Doomed | None:
    """The worktree of a lane that a merge removes: never the main one, never the home, never one of somebody else's."""
    for checkout in place.repo.checkouts():
        at_home = place.home is not None and checkout.path == place.home.path
        if checkout.branch == branch and not at_home and is_lanes_own(place.repo, checkout, recorded):
            return Doomed(lane_id, str(checkout.path), branch)
    return None


def deletion(ref: str, tip: str) -> RefUpdate:
    """A branch to delete while it still has this commit."""
    return RefUpdate(ref, tip, ZERO)
