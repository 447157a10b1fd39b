"""Worktrees that crashes, moves and hands have left in a strange state."""

from __future__ import annotations

from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import Checkout
from specify_cli.kernel.text import quoted


def usable(place: MissionPlace, branch: str, path: Path) -> Checkout | None:
    """The linked worktree of a lane: the one that has its branch, else the one that stands at its path.

    One that was moved together with its repository, or by hand to where it is looked for, is joined to it again.

    Raises:
        Refused: `LANE_BRANCH_IN_USE`: the main checkout has the lane's branch.
    """
    if standing(place, branch, path) is None and (path / ".git").is_file():
        place.git.call("worktree", "repair", str(path), write=True)
    return standing(place, branch, path)


def standing(place: MissionPlace, branch: str, path: Path) -> Checkout | None:
    """As `usable`, of worktrees that git knows where they are; nothing is written."""
    found = _standing(place, branch, path)
    if found is not None and found.path == place.repo.main:
        raise Refused(
            f"{found.path} has {branch} checked out, and a lane's work is done in a worktree of its own",
            "LANE_BRANCH_IN_USE",
            hint=f"git -C {quoted(found.path)} switch {place.target_branch}",
            details={"branch": branch, "path": str(found.path)},
        )
    return found


def _standing(place: MissionPlace, branch: str, path: Path) -> Checkout | None:
    checkouts = place.repo.checkouts()
    moved = next((each for each in checkouts if each.branch == branch), None)
    return moved or next((each for each in checkouts if each.path == path), None)


def clear_way(git: Git, path: Path) -> None:
    """Make room for a new worktree: forget a vanished one, remove what a crash left half-made.

    Raises:
        Refused: `WORKSPACE_BLOCKED`: files of somebody stand there.
    """
    # A worktree that only moved with its repository must not be forgotten with those that are gone.
    stand = [str(each.parent) for each in path.parent.glob("*/.git") if each.is_file() and each.parent != path]
    if stand:
        git.call("worktree", "repair", *stand, write=True)
    git.prune_worktrees()
    if not path.exists() and not path.is_symlink():
        return
    if path.is_symlink() or not path.is_dir():
        raise _blocked(path)
    left = [entry.name for entry in path.iterdir() if entry.name != ".git"]
    marker = path / ".git"
    if left or marker.is_dir():
        raise _blocked(path)
    files.remove_tree(path)


def _blocked(path: Path) -> Refused:
    return Refused(
        f"{path} is in the way of a worktree and holds files that are not ours",
        "WORKSPACE_BLOCKED",
        hint=f"mv {quoted(path)} {path}.kept",
        details={"path": str(path)},
    )
