"""The only door to git: each verb we use has a name here.

`GitRun` runs it, `GitRead` asks, `GitTrees` makes objects and moves references; what touches working trees is below.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.kernel import process
from specify_cli.kernel.errors import Conflict
from specify_cli.kernel.git_read import Change
from specify_cli.kernel.git_run import GitFailed
from specify_cli.kernel.git_trees import ZERO, GitTrees, RefUpdate, TreeMerge
from specify_cli.kernel.text import quoted
from specify_cli.kernel.values import frozen

__all__ = ["ZERO", "Change", "Git", "GitFailed", "RefUpdate", "TreeMerge"]


@frozen
class Git(GitTrees):
    """Git, run in one folder.

    Args:
        root: top folder of a working tree, or a bare repository.
    """

    def create_branch(self, branch: str, at: str) -> None:
        """Make a local branch that does not exist yet.

        Raises:
            Conflict: `BRANCH_EXISTS`: it does, or a branch of a shorter name is in its way.
        """
        try:
            self.run("update-ref", f"refs/heads/{branch}", at, ZERO, write=True)
        except GitFailed:
            parts = branch.split("/")
            names = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
            taken = next((name for name in names if self.branch_tip(name) is not None), None)
            if taken is None:
                raise
            raise Conflict(
                f"branch {taken} is in the way of {branch}",
                "BRANCH_EXISTS",
                hint=f"git branch -m {quoted(taken)} {quoted('old-' + taken.replace('/', '-'))}",
                details={"branch": taken},
            ) from None

    def switch_new(self, branch: str) -> None:
        """Make a branch here and switch to it."""
        self.run("switch", "--quiet", "-c", branch, write=True)

    def delete_ref(self, ref: str, old: str) -> None:
        """Delete a reference that still has its expected value."""
        self.run("update-ref", "-d", ref, old, write=True)

    def add_worktree(self, path: Path, branch: str) -> None:
        """Check an existing branch out in a new linked worktree."""
        self.run("worktree", "add", "--quiet", str(path), branch, write=True)

    def add_detached_worktree(self, path: Path, commit: str) -> None:
        """Check a commit out in a new linked worktree, on no branch."""
        self.run("worktree", "add", "--quiet", "--detach", str(path), commit, write=True)

    def remove_worktree(self, path: Path, *, force: bool = False) -> None:
        """Remove a linked worktree; without force git refuses a dirty one."""
        self.run("worktree", "remove", *(("--force",) if force else ()), str(path), write=True)

    def prune_worktrees(self) -> None:
        """Forget worktrees whose folder is gone."""
        self.run("worktree", "prune", write=True)

    def repair_worktree(self, path: Path) -> None:
        """Join a moved worktree to its repository again."""
        self.run("worktree", "repair", str(path), write=True)

    def fast_forward(self, commit: str) -> None:
        """Bring this clean worktree's branch forward to a descendant."""
        self.run("merge", "--ff-only", "--quiet", commit, write=True)

    def add_intent(self, *paths: str) -> None:
        """Make new files known to git without staging their content."""
        self.run("add", "--intent-to-add", "--", *_literal(paths), write=True)

    def forget(self, *paths: str) -> None:
        """Take back an intent to add, as far as that works."""
        self.call("reset", "--quiet", "--", *_literal(paths), write=True)

    def commit_only(self, message: str, *paths: str) -> process.Completed:
        """Commit exactly these paths, the rest of the index left as it is; hooks and signing run as ever."""
        exactly = _literal(paths)
        return self.call(
            "commit", "--quiet", "--only", "-F", "-", "--", *exactly, input=message, write=True, timeout=600
        )

    def commit_all(self, message: str) -> process.Completed:
        """Stage and commit everything in this worktree."""
        self.run("add", "--all", write=True)
        return self.call("commit", "--quiet", "-F", "-", input=message, write=True, timeout=600)

    def push(self, remote: str, *refspecs: str) -> process.Completed:
        """Push; the caller reads the exit code."""
        return self.call("push", "--porcelain", remote, *refspecs, write=True, timeout=600)


def _literal(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths for git to take as they are: a file may be named `[draft].md`."""
    return tuple(f":(literal){path}" for path in paths)
