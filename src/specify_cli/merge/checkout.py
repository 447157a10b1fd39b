"""The checkout that follows the target: rehearsed before the references move, brought along after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from specify_cli.kernel import clock, files
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.text import quoted
from specify_cli.merge.intent import Intent

TOOLS_OWN = ("status.events.jsonl", "mission-events.jsonl", "meta.json", "merge-receipt.json")
_PATIENCE = 5.0  # seconds


def rehearse(git_dir: Path, home: Path, old: str, new: str, folder: str, scratch: Path) -> tuple[str, ...]:
    """Find out, without changing anything, whether a checkout can go from one commit to another.

    Args:
        git_dir: the checkout's own git folder.
        home: the checkout.
        old, new: the commits.
        folder: the mission's folder, whose files on disk went into the new commit.
        scratch: a path for a copy of the index.

    Returns:
        The paths that the checkout takes over in that folder.

    Raises:
        Refused: `DIRTY_OVERLAP`, naming the files that are in the way.
    """
    git = Git(home)
    taken = tuple(git.changed_between(old, new, folder))
    blockers = [*in_the_way(git, home, old, new, folder), *_hidden_changes(git, home, old, new)]
    index = git_dir / "index"
    try:
        if index.exists():
            files.copy(index, scratch)
        env = {"GIT_INDEX_FILE": str(scratch)}
        _stage(git, new, taken, env)
        done = git.call("read-tree", "-n", "-m", "-u", old, new, env=env)
        if done.code != 0:
            blockers += [path for path in _changed_by_user(git, folder, old, new) if path not in blockers]
            blockers = blockers or [done.said]
    finally:
        files.remove(scratch)
    if blockers:
        raise Refused(
            f"the merge would change files that you have changed or made in {home}: {', '.join(blockers[:8])}",
            "DIRTY_OVERLAP",
            hint=f"git -C {quoted(home)} stash --include-untracked",
            details={"files": blockers, "home": str(home)},
        )
    return taken


def follow(home: Path, intent: Intent) -> None:
    """Bring index and working tree from the old commit to the new one, other changes left alone; can be repeated.

    Nothing happens in a checkout that has gone on to something else in the meantime.

    Raises:
        GitFailed: git could not do it.
    """
    git = Git(home)
    if not home.is_dir() or git.resolve("HEAD") != intent.new:
        return
    branch = git.call("symbolic-ref", "--quiet", "--short", "HEAD").out.strip()
    if branch != intent.target_branch:
        return
    _wait_for_index(git)
    _stage(git, intent.new, intent.folder, None)
    git.move_checkout(intent.old, intent.new)
    own = [path for path in intent.folder if path.rpartition("/")[2] in TOOLS_OWN]
    if own:
        listed = "".join(f"{path}\0" for path in own)
        git.run("checkout-index", "-f", "-u", "-q", "-z", "--stdin", input=listed, write=True)


def _wait_for_index(git: Git) -> None:
    """Give a git process that a dead command left behind the time to finish; its lock file is never removed.

    Raises:
        Unavailable: `INDEX_LOCKED`.
    """
    lock = Path(git.run("rev-parse", "--path-format=absolute", "--git-path", "index.lock").rstrip("\n"))
    deadline = clock.monotonic() + _PATIENCE
    while lock.exists():
        if clock.monotonic() > deadline:
            raise Unavailable(
                f"git's lock {lock} does not go away: git is at work, or a crash left it behind",
                "INDEX_LOCKED",
                hint=f"rm {lock}  # only if no git runs there",
            )
        clock.sleep(0.05)


def _stage(git: Git, commit: str, paths: Sequence[str], env: dict[str, str] | None) -> None:
    """Make the index hold some paths as a commit has them, whatever is on disk."""
    if not paths:
        return
    listed = git.run("ls-tree", "-r", "-z", commit, "--", *paths)
    there = {entry.partition("\t")[2] for entry in listed.split("\0")}
    gone = "".join(f"0 {'0' * 40}\t{path}\0" for path in paths if path not in there)
    git.run("update-index", "-z", "--index-info", input=gone + listed, env=env, write=True)


def in_the_way(git: Git, home: Path, old: str, new: str, folder: str) -> list[str]:
    """Untracked and ignored files that stand where the new commit has files that the old one has not."""
    named = git.run("diff", "--name-only", "-z", "--no-renames", "--diff-filter=A", old, new)
    added = [path for path in named.split("\0") if path and not path.startswith(f"{folder}/")]
    if not any(_occupied(home, path) for path in added):
        return []
    tracked = set(git.run("ls-tree", "-r", "-z", "--name-only", old).split("\0"))
    return sorted({blocker for path in added for blocker in _blockers(home, path, tracked)})


def _hidden_changes(git: Git, home: Path, old: str, new: str) -> list[str]:
    """Files that the user changed and told git not to look at (`assume-unchanged` and its kin): git overwrites them."""
    listed = (entry.partition(" ") for entry in git.run("ls-files", "-v", "-z").split("\0") if entry)
    flagged = {path for flag, _, path in listed if flag.islower() or flag == "S"}
    moving = sorted(flagged.intersection(git.changed_between(old, new))) if flagged else []
    return [path for path in moving if (home / path).is_file() and _differs(git, path, old)]


def _differs(git: Git, path: str, commit: str) -> bool:
    on_disk = git.run("hash-object", "--", path).strip()
    return git.call("rev-parse", "--verify", "--quiet", f"{commit}:{path}").out.strip() != on_disk


def _occupied(home: Path, path: str) -> bool:
    return os.path.lexists(home / path) or any(_is_file(home / parent) for parent in _parents(path))


def _blockers(home: Path, path: str, tracked: set[str]) -> Iterable[str]:
    for parent in _parents(path):
        if _is_file(home / parent) and parent not in tracked:
            yield parent
            return
    there = home / path
    if there.is_dir() and not there.is_symlink():
        for base, _, names in os.walk(there):
            for name in names:
                found = (Path(base) / name).relative_to(home).as_posix()
                if found not in tracked:
                    yield found
    elif os.path.lexists(there) and path not in tracked:
        yield path


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _changed_by_user(git: Git, folder: str, old: str, new: str) -> list[str]:
    moving = set(git.changed_between(old, new))
    return [each.path for each in git.changes() if each.path in moving and not each.path.startswith(f"{folder}/")]
