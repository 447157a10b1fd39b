"""Committing the work of a work package, for an agent that cannot."""

from __future__ import annotations

from specify_cli.core.commits import commit_failure, commit_lock, no_identity
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import locks
from specify_cli.kernel.commands import git_command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.workspaces.lookup import ROOT, Workspace
from specify_cli.workspaces.scope import left_over, scope_of
from specify_cli.workspaces.unfinished import gone_again, in_words, next_command, unmerged


def commit_work(place: MissionPlace, workspace: Workspace, package: WorkPackage, message: str) -> str | None:
    """Commit what is uncommitted in a work package's workspace; the new commit, or None where there was nothing.

    Changes of tracked files are committed, and new files that the work package owns. Other new files are left where
    they are: a log or a cache is nobody's work. In lane-planning only the owned files are committed.

    Raises:
        Refused: `COMMIT_FAILED`, with what git or a hook said; `NO_GIT_IDENTITY`; `WORKTREE_BUSY`.
    """
    git = Git(workspace.path)
    scope = scope_of(package, workspace)
    changes = git.changes(*scope)
    others = set(left_over(package, workspace, changes))
    changes = [change for change in changes if change.path not in others]
    if not changes:
        return None
    here = place.repo.checkout_at(workspace.path)
    busy, left = here.busy if here and workspace.kind != ROOT else "", unmerged(changes)
    if busy or left:
        # A commit of everything would end a half-done merge, its markers and all.
        fix = next_command(workspace.path, busy, left)
        raise Refused(in_words(workspace.path, busy, left), "WORKTREE_BUSY", hint=fix)
    if git.identity() is None:
        raise no_identity(git)
    if gone := gone_again(changes):
        # There is nothing of them to commit: git would say so in words about a path that it does not know.
        git.unstage(*gone)
        changes = [change for change in changes if change.path not in gone]
        if not changes:
            return None
    new = [change.path for change in changes if change.state == "??"]
    if workspace.kind == ROOT:
        # The home is where milestones are committed too: one at a time.
        with locks.held(commit_lock(place), timeout=60, doing=f"commit {package.id}"):
            done = git.commit_only(message, *(change.path for change in changes), new=new)
    else:
        done = git.commit_tracked(message, *new)
    if done.code != 0:
        failure = commit_failure(git, done)
        if failure.code != "GIT_FAILED":
            raise Refused(failure.message, "COMMIT_FAILED", failure.hint, failure.details)
        said, look = f"git commit failed in {workspace.path}: {failure.message}", git_command(workspace.path, "status")
        raise Refused(said, "COMMIT_FAILED", look, failure.details)
    return git.resolve("HEAD")
