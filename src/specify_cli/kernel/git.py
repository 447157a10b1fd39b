"""The only door to git: each verb we use has a name here.

`GitRun` runs it, `GitRead` asks, `GitTrees` makes objects and moves references; what touches working trees is below.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.kernel import clock, files, process
from specify_cli.kernel.commands import command, git_command
from specify_cli.kernel.errors import Conflict, Refused
from specify_cli.kernel.git_read import Change
from specify_cli.kernel.git_run import NO_HOOKS, GitFailed, index_locked
from specify_cli.kernel.git_trees import ZERO, GitTrees, RefUpdate, TreeMerge, taken_out
from specify_cli.kernel.values import frozen

__all__ = ["ZERO", "Change", "Git", "GitFailed", "RefUpdate", "TreeMerge", "taken_out"]

PATIENCE = 5.0  # seconds for a git that a dead command left behind


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
            self.run("update-ref", f"refs/heads/{branch}", at, "", write=True)
        except GitFailed:
            parts = branch.split("/")
            names = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
            taken = next((name for name in names if self.branch_tip(name) is not None), None)
            if taken is None:
                raise
            raise Conflict(
                f"branch {taken} is in the way of {branch}",
                "BRANCH_EXISTS",
                hint=command("git", "branch", "-m", taken, "old-" + taken.replace("/", "-")),
                details={"branch": taken},
            ) from None

    def delete_ref(self, ref: str, old: str) -> str:
        """Delete a reference while it has its expected value; what git said where it did not, else nothing."""
        done = self.call("update-ref", "-d", ref, old, write=True)
        return "" if done.code == 0 else done.said or f"{ref} is not at {old}"

    def add_worktree(self, path: Path, branch: str, *, hooks: bool = True) -> None:
        """Check an existing branch out in a new linked worktree.

        Args:
            hooks: whether those of the user are asked.

        Raises:
            Refused: `WORKTREE_MISPLACED`: git takes another folder for it.
        """
        self.run(*(() if hooks else NO_HOOKS), "worktree", "add", "--quiet", str(path), branch, write=True)
        top = Path(Git(path).run("rev-parse", "--show-toplevel").rstrip("\n"))
        if top.resolve() != path.resolve():
            # `git config --worktree` puts the setting where it counts for the main working tree alone.
            own = git_command(top, "config", "--worktree", "core.worktree", top)
            message = (
                f"git takes {top} for the worktree {path}: core.worktree is set for all worktrees of the repository"
            )
            raise Refused(
                message,
                "WORKTREE_MISPLACED",
                own.then("git", "-C", top, "config", "--local", "--unset", "core.worktree"),
                {"path": str(path), "toplevel": str(top)},
            )

    def add_detached_worktree(self, path: Path, commit: str) -> None:
        """Check a commit out in a new linked worktree of ours, on no branch; hooks of the user's are not asked."""
        self.run(*NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(path), commit, write=True)

    def discard_worktree(self, path: Path) -> None:
        """Remove a linked worktree of ours in which nobody worked, however it was left; can be repeated."""
        self.call("worktree", "remove", "--force", "--force", str(path), write=True)
        if path.exists():
            files.remove_tree(path)
        # git locks what it is making; a lock that a crash left would keep the entry for ever.
        self.call("worktree", "unlock", str(path), write=True)
        self.call("worktree", "prune", write=True)

    def prune_worktrees(self) -> None:
        """Forget worktrees whose folder is gone."""
        self.run("worktree", "prune", write=True)

    def repair_worktrees(self, *paths: Path) -> None:
        """Join moved worktrees to their repository again, as far as that works."""
        self.call("worktree", "repair", *map(str, paths), write=True)

    def fast_forward(self, commit: str) -> None:
        """Bring this clean worktree's branch forward to a descendant."""
        self.run("merge", "--ff-only", "--no-verify-signatures", "--quiet", commit, write=True)

    def wait_for_index(self) -> None:
        """Give a git that a dead command left behind the time to finish; its lock is never removed.

        Raises:
            Unavailable: `INDEX_LOCKED`.
        """
        lock = Path(self.run("rev-parse", "--path-format=absolute", "--git-path", "index.lock").rstrip("\n"))
        until = clock.monotonic() + PATIENCE
        while lock.exists():
            if clock.monotonic() > until:
                raise index_locked(lock)
            clock.sleep(0.05)

    def add_intent(self, *paths: str) -> None:
        """Make new files known to git without staging their content; also where a sparse checkout leaves them out."""
        self.run("add", "--intent-to-add", "--sparse", "--", *_literal(paths), write=True)

    def commit_only(self, message: str, *paths: str, new: Sequence[str] = ()) -> process.Completed:
        """Commit exactly these paths, the rest of the index left as it is; hooks and signing run as ever.

        Args:
            new: those of them that git does not know yet. If there is no commit in the end, it does not know them
                afterwards either: with an intent to add, `git stash` refuses to work.
        """
        words, is_made = ("commit", "--quiet", "--only", "-F", "-", "--", *_literal(paths)), False
        try:
            if new:
                self.add_intent(*new)
            done = self.call(*words, input=message, write=True, timeout=600)
            is_made = done.code == 0
        finally:
            if new and not is_made:
                self.unstage(*new)
        return done

    def unstage(self, *paths: str) -> None:
        """Make the index hold these paths as the last commit does; files stay as they are."""
        self.call("reset", "--quiet", "--", *_literal(paths), write=True)

    def commit_all(self, message: str) -> process.Completed:
        """Stage and commit everything in this worktree."""
        self.run("add", "--all", "--sparse", write=True)
        return self.call("commit", "--quiet", "-F", "-", input=message, write=True, timeout=600)

    def commit_tracked(self, message: str, *new: str) -> process.Completed:
        """Stage and commit every change of a tracked file in this worktree, and these new files."""
        self.run("add", "--update", write=True)
        if new:
            self.run("add", "--sparse", "--", *_literal(new), write=True)
        return self.call("commit", "--quiet", "-F", "-", input=message, write=True, timeout=600)

    def push(self, remote: str, *refspecs: str) -> process.Completed:
        """Push; the caller reads the exit code."""
        return self.call("push", "--porcelain", remote, *refspecs, write=True, timeout=600)


def _literal(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths for git to take as they are: a file may be named `[draft].md`."""
    return tuple(f":(literal){path}" for path in paths)
