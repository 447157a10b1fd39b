"""Removing worktrees and branches: only where nothing of anybody is lost, and what stays is told with its reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from specify_cli.kernel import clock, files
from specify_cli.kernel.errors import Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import WORKTREES, Checkout, Repository

_PATIENCE = 2.0  # seconds for a removal that outlived its command


def is_lanes_own(repo: Repository, checkout: Checkout, recorded: Path | None) -> bool:
    """Whether a working tree was made for a lane: a linked one, at its recorded place or below `.worktrees/`.

    One that was moved since is known by its git folder, which keeps the name that it was made with.
    """
    made_as = (checkout.branch or "").rpartition("mission-")[2]
    at_home = checkout.path == recorded or checkout.path.parent == repo.root / WORKTREES
    return checkout.path != repo.main and (at_home or checkout.git_dir.name == made_as)


def remove_worktree(repo: Repository, path: Path, branch: str) -> str:
    """Remove a clean worktree that still has its branch checked out; can be repeated.

    A removal that a killed command left to its git is waited for: until it ends, the worktree looks like one with
    uncommitted deletions, or like a folder that is no worktree.

    Args:
        path: its folder; one that has gone already is forgotten by git.
        branch: what it must have checked out.

    Returns:
        Why it stays; empty where it is gone.
    """
    until = clock.monotonic() + _PATIENCE
    while True:
        late = clock.monotonic() > until
        try:
            kept = _removed(repo, path, branch)
        except Unavailable:
            if late or not _leaving(path):
                raise
        else:
            if not kept or late or not _leaving(path):
                return kept
        clock.sleep(0.05)


def still_there(repo: Repository) -> Git:
    """Git in a folder of the repository: the worktree that one stands in may be the one that was removed."""
    return Git(next(path for path in (repo.root, repo.checkout, repo.require_git()) if path.is_dir()))


def _leaving(path: Path) -> bool:
    """Whether a worktree looks as one does while git removes it."""
    try:
        states = [change.state for change in Git(path).changes(strict=True)]
    except Unavailable:
        return not path.exists()
    # Asked last: without its link to git, the folder answers for the repository around it.
    return not (path / ".git").exists() or (bool(states) and all(state.strip() == "D" for state in states))


def _removed(repo: Repository, path: Path, branch: str) -> str:
    git = still_there(repo)
    found = repo.checkout_at(path)
    if found is None:
        if any(each.path == path for each in repo.away()):
            return "it is locked and not there"
        git.call("worktree", "remove", "--force", str(path), write=True)
        return "a folder stands there that is no worktree of ours" if path.exists() else ""
    inside = next((each.path for each in repo.checkouts() if path in each.path.parents), None)
    if inside is not None:
        return f"it has another worktree in it, {inside}"
    kept = reason_to_stay(found, branch)
    if kept:
        return kept
    # git refuses to remove worktrees with submodules, clean or not; that they are clean we have just seen.
    force = ("--force",) if Git(path).submodules() else ()
    done = git.call("worktree", "remove", *force, str(path), write=True)
    return "" if done.code == 0 else done.said


def reason_to_stay(found: Checkout, branch: str) -> str:
    """Why a working tree cannot be removed as it stands; empty where nothing of anybody's would be lost."""
    locked = files.read_text(found.git_dir / "locked")
    if not (found.path / ".git").exists():
        said = "has lost its .git"
    elif found.branch != branch:
        said = f"has {found.branch or 'no branch'} checked out, not {branch}"
    elif found.busy:
        said = f"is in the middle of a {found.busy}"
    elif locked is not None:
        said = f"is locked: {locked.strip()}" if locked.strip() else "is locked"
    else:
        said = _unsaved(Git(found.path))
    return said and f"it {said}"


def _unsaved(git: Git) -> str:
    """What would be lost with a working tree or its submodules, whose commits are nowhere else; empty for nothing."""
    dirty = [change.path for change in git.changes(strict=True)] + git.hidden_changes("HEAD")
    if dirty:
        return f"has uncommitted files: {', '.join(dirty[:5])}"
    inside = next(_repositories(git), None)
    if inside is not None:
        return f"holds another repository, {inside}"
    for name in git.submodules():
        inner = Git(git.root / name)
        if not (inner.root / ".git").exists():
            continue
        found = _unsaved(inner)
        # The brackets make a pattern of the name: there need not be a stash.
        mine = ("HEAD", "--branches", "--glob=refs/stas[h]", "--not", "--remotes")
        asked = inner.call("rev-list", "-n1", *mine)
        if not found and (asked.out or asked.code != 0):
            found = "has commits that are on no remote"
        if found:
            return f"has a submodule {name} that {found}"
    return ""


def _repositories(git: Git) -> Iterator[Path]:
    """Repositories in what git ignores there; one that it does not ignore is an uncommitted file."""
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    for name in git.run(*words).split("\0"):
        if name.endswith("/"):
            for folder, folders, names in os.walk(git.root / name):
                if ".git" in folders or ".git" in names:
                    yield Path(folder).relative_to(git.root)
                    folders.clear()


def delete_branch(repo: Repository, branch: str, tip: str) -> str:
    """Delete a local branch while it has this commit and no working tree has it checked out; can be repeated.

    Returns:
        Why it stays; empty where it is gone.
    """
    git = still_there(repo)
    user = next((each.path for each in (*repo.checkouts(), *repo.away()) if each.branch == branch), None)
    if user is not None:
        return f"{user} has it checked out"
    found = git.branch_tip(branch)
    if found is None:
        return ""
    if found != tip:
        return f"it has moved to {found[:10]}"
    done = git.call("update-ref", "-d", f"refs/heads/{branch}", tip, write=True)
    return "" if done.code == 0 else done.said
