"""Worktrees that crashes, moves and hands have left in a strange state."""

from __future__ import annotations

import os
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.commands import command, git_command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import WORKTREES, Checkout, discover
from specify_cli.workspaces.records import forget_making, lane_path, read_making
from specify_cli.workspaces.removal import is_lanes_own


def usable(place: MissionPlace, lane_id: str, branch: str, recorded: Path | None) -> Checkout | None:
    """The linked worktree of a lane: the one that has its branch, else the one at its place.

    What a crash left half-made is finished or removed. One that was moved together with its repository, or by hand
    among the other worktrees or to where one stands, is joined to it again.

    Args:
        recorded: where it was last.

    Raises:
        Refused: as `standing`.
        Unavailable: `INDEX_LOCKED`: git is at work there, or a crash left its lock behind.
    """
    _finish_making(place, lane_id)
    if _find(place, lane_id, branch, recorded) is None:
        moved = [each for each in (place.repo.checkout, *(place.repo.root / WORKTREES).glob("*/")) if _is_lost(each)]
        if moved:
            place.git.repair_worktrees(*moved)
    return standing(place, lane_id, branch, recorded)


def standing(place: MissionPlace, lane_id: str, branch: str, recorded: Path | None) -> Checkout | None:
    """As `usable`, of worktrees that git knows where they are; nothing is written.

    Raises:
        Refused: `LANE_BRANCH_IN_USE`: a checkout of somebody's own has the lane's branch; `WORKSPACE_BLOCKED`: the
            worktree is locked and away, or something of somebody's stands in its place.
    """
    found = _find(place, lane_id, branch, recorded)
    if found is None:
        for each in place.repo.away():
            if branch == each.branch or each.path in (recorded, lane_path(place, lane_id)):
                raise locked_away(place, each)
        _check_free(lane_path(place, lane_id))
    elif not is_lanes_own(place.repo, found, recorded):
        aside = place.target_branch if found.path == place.repo.main else "--detach"
        raise Refused(
            f"{found.path} has {branch} checked out, and a lane's work is done in a worktree of its own",
            "LANE_BRANCH_IN_USE",
            hint=git_command(found.path, "switch", aside),
            details={"branch": branch, "path": str(found.path)},
        )
    return found


def clear_way(git: Git, path: Path) -> None:
    """Make room for a new worktree: forget a vanished one, remove an empty one.

    Raises:
        Refused: `WORKSPACE_BLOCKED`: files of somebody stand there.
    """
    git.prune_worktrees()
    _check_free(path)
    files.remove_tree(path)


def _find(place: MissionPlace, lane_id: str, branch: str, recorded: Path | None) -> Checkout | None:
    checkouts = place.repo.checkouts()
    places = (recorded, lane_path(place, lane_id))
    holder = next((each for each in checkouts if each.branch == branch), None)
    return holder or next((each for each in checkouts if each.path in places), None)


def _finish_making(place: MissionPlace, lane_id: str) -> None:
    """Finish what a crash cut short, while nobody was given the worktree or what it was brought forward to."""
    left = read_making(place, lane_id)
    if left is None:
        return
    found = place.repo.checkout_at(left.path)
    if found is not None:
        git = Git(found.path)
        git.wait_for_index()
        if not (found.git_dir / "index").exists():
            place.git.discard_worktree(found.path)
        else:
            # git locks what it is making.
            place.git.call("worktree", "unlock", str(found.path), write=True)
            changed = [change.path for change in git.changes()]
            begun = left.old != left.new and git.resolve("HEAD") == left.old
            # What git had not brought is somebody's, and the next claim names it.
            if begun and changed and all(is_coming(git, left.new, path) for path in changed):
                git.run("reset", "--hard", "--quiet", left.new, write=True)
    forget_making(place, lane_id)


def is_coming(git: Git, commit: str, path: str) -> bool:
    """Whether nothing stands at a path but what a commit has there: where git is killed amid its work, a part of it."""
    there = git.root / path
    if not os.path.lexists(there):
        return True
    coming = git.call("cat-file", "--filters", f"{commit}:{path}")
    if coming.code != 0 or (there.is_dir() and not there.is_symlink()):
        return False
    found = os.fsencode(there.readlink()) if there.is_symlink() else files.read_bytes(there) or b""
    return files.encode(coming.out).startswith(found)


def _is_lost(folder: Path) -> bool:
    """Whether a folder is a worktree that git looks for elsewhere, where there is none."""
    if not (folder / ".git").is_file():
        return False
    here = discover(folder)
    if here.checkout != folder or here.git_dir is None:
        return True
    registered = Path((files.read_text(here.git_dir / "gitdir") or "").strip())
    return registered != folder / ".git" and not registered.exists()


def _check_free(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        return
    marker = path / ".git"
    ours = path.is_dir() and not path.is_symlink() and not marker.is_dir()
    if not ours or [entry for entry in path.iterdir() if entry != marker]:
        raise Refused(
            f"{path} is in the way of a worktree and holds files that are not ours",
            "WORKSPACE_BLOCKED",
            hint=command("mv", path, f"{path}.kept"),
            details={"path": str(path)},
        )


def locked_away(place: MissionPlace, tree: Checkout) -> Refused:
    """The refusal for a worktree that is locked and not there."""
    reason = (files.read_text(tree.git_dir / "locked") or "").strip()
    said = f"the worktree {tree.path} is locked and not there{f' ({reason})' if reason else ''}"
    return Refused(
        f"{said}; bring it back, or give it up",
        "WORKSPACE_BLOCKED",
        hint=git_command(place.repo.root, "worktree", "unlock", tree.path),
        details={"path": str(tree.path)},
    )
