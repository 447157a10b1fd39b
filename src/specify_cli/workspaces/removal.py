"""Removing worktrees and branches: only where nothing of anybody is lost, and what stays is told with its reason."""

from __future__ import annotations

from pathlib import Path

from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import WORKTREES, Checkout, Repository


def is_lanes_own(repo: Repository, checkout: Checkout, recorded: Path | None) -> bool:
    """Whether a working tree was made for a lane: a linked one, at its recorded place or below `.worktrees/`."""
    if checkout.path == repo.main:
        return False
    return checkout.path == recorded or checkout.path.parent == repo.root / WORKTREES


def remove_worktree(repo: Repository, path: Path, branch: str) -> str:
    """Remove a clean worktree that still has its branch checked out; can be repeated.

    Args:
        path: its folder; one that has gone already is forgotten by git.
        branch: what it must have checked out.

    Returns:
        Why it stays; empty where it is gone.
    """
    git = Git(repo.root if repo.root.is_dir() else repo.checkout)
    found = next((each for each in repo.checkouts() if each.path == path), None)
    if found is None:
        git.call("worktree", "remove", "--force", str(path), write=True)
        return "a folder stands there that is no worktree of ours" if path.exists() else ""
    if found.branch != branch:
        return f"it has {found.branch or 'no branch'} checked out, not {branch}"
    if found.busy:
        return f"it is in the middle of a {found.busy}"
    dirty = [change.path for change in Git(path).changes()]
    if dirty:
        return f"it has uncommitted files: {', '.join(dirty[:5])}"
    done = git.call("worktree", "remove", str(path), write=True)
    if done.code != 0 and (path / ".gitmodules").exists():
        # git refuses to remove worktrees with submodules, clean or not; that it is clean we have just seen.
        done = git.call("worktree", "remove", "--force", str(path), write=True)
    return "" if done.code == 0 else done.said


def delete_branch(repo: Repository, branch: str, tip: str) -> str:
    """Delete a local branch while it has this commit and no working tree has it checked out; can be repeated.

    Returns:
        Why it stays; empty where it is gone.
    """
    git = Git(repo.root if repo.root.is_dir() else repo.checkout)
    user = next((each.path for each in repo.checkouts() if each.branch == branch), None)
    if user is not None:
        return f"{user} has it checked out"
    found = git.branch_tip(branch)
    if found is None:
        return ""
    if found != tip:
        return f"it has moved to {found[:10]}"
    done = git.call("update-ref", "-d", f"refs/heads/{branch}", tip, write=True)
    return "" if done.code == 0 else done.said
