"""The checkout that follows the target: rehearsed before the references move, brought along after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from specify_cli.home import MissionPlace, outside_rules, widening
from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.errors import Refused, Unmet
from specify_cli.kernel.git import Git, GitFailed, taken_out
from specify_cli.kernel.paths import Checkout
from specify_cli.kernel.text import some
from specify_cli.kernel.values import replace
from specify_cli.merge.intent import Intent
from specify_cli.workspaces.recovery import is_coming
from specify_cli.workspaces.trees import Workbench

TOOLS_OWN = ("status.events.jsonl", "mission-events.jsonl", "meta.json", "merge-receipt.json", "landing-receipt.json")
_UNMERGED = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})


def rehearse(place: MissionPlace, home: Checkout, old: str, new: str, *, takes_over: bool = True) -> tuple[str, ...]:
    """Find out, without changing anything, whether the home's checkout can go from one commit to another.

    Args:
        takes_over: whether the mission's folder on disk is what went into the new commit.

    Returns:
        The paths that it takes over in the mission's folder, whose files on disk went into the new commit.

    Raises:
        Refused: `DIRTY_OVERLAP`, naming the files that are in the way; `SPARSE_CHECKOUT`.
    """
    git, folder = Git(home.path), place.relative if takes_over else ""
    taken = tuple(git.changed_between(old, new, folder)) if takes_over else ()
    moving = [path for path in git.changed_between(old, new) if not (folder and path.startswith(f"{folder}/"))]
    if takes_over and (sparse := _sparse(home, folder)) is not None:
        raise Refused(sparse.what, sparse.code, hint=sparse.fix, details={"home": str(home.path)})
    hidden = git.hidden_changes(old, *moving) if moving else []
    blockers = [*_in_the_way(git, old, new, folder), *hidden]
    index, scratch = home.git_dir / "index", Workbench(place).scratch("rehearsal")
    try:
        if index.exists():
            files.copy(index, scratch)
        git.refresh_index(index=scratch)
        _stage(git, new, taken, scratch)
        said = git.rehearse_checkout(old, new, index=scratch)
        if said:
            blockers += [path for path in _changed_by_user(git, moving) if path not in blockers]
            blockers = blockers or [said]
    finally:
        files.remove(scratch)
    if blockers:
        raise _overlap(git, blockers, _put_aside(git, [path for path in blockers if path != said], hidden))
    return taken


def overlap(place: MissionPlace, git: Git, old: str, tree: str) -> Unmet | None:
    """What of the user's would be in the way of a merge that is only forecast; nothing is changed or staged.

    Args:
        git: knows the objects of the forecast.
        old: the target's tip.
        tree: what the target would hold.
    """
    if place.home is None:
        return None
    if (sparse := _sparse(place.home, place.relative)) is not None:
        return sparse
    here = replace(git, root=place.home.path)
    moving = [path for path in here.changed_between(old, tree) if not path.startswith(f"{place.relative}/")]
    hidden = here.hidden_changes(old, *moving) if moving else []
    files = list(
        dict.fromkeys([*_in_the_way(here, old, tree, place.relative), *hidden, *_changed_by_user(here, moving)])
    )
    if not files:
        return None
    what = f"the merge would change files that you have changed or made in {here.root}: {some(files, 8)}"
    return Unmet("DIRTY_OVERLAP", what, _put_aside(here, files, hidden))


def _sparse(home: Checkout, folder: str) -> Unmet | None:
    """A merge would take the mission's files away from a sparse checkout that does not keep them, half-way."""
    if not outside_rules(home, folder):
        return None
    said = f"{home.path} is a sparse checkout that does not keep {folder}, where the merge writes"
    return Unmet("SPARSE_CHECKOUT", said, widening(home))


def _put_aside(git: Git, paths: Sequence[str], hidden: Sequence[str]) -> Command:
    """The command that stashes these files, ignored ones too, and nothing else."""
    unmerged = [each.path for each in git.changes() if each.state in _UNMERGED]
    if not paths:
        return git_command(git.root, "status")
    steps = (
        (("update-index", "--no-assume-unchanged"), hidden),
        (("update-index", "--no-skip-worktree"), hidden),
        (("add",), [path for path in paths if path in unmerged]),
        (("stash", "push", "--all"), paths),
    )
    git_here = ("git", "--literal-pathspecs", "-C", git.root)
    return Command(*((*git_here, *verb, "--", *each) for verb, each in steps if each))


def _overlap(git: Git, blockers: Sequence[str], hint: Command) -> Refused:
    return Refused(
        f"the merge would change files that you have changed or made in {git.root}: {', '.join(blockers[:8])}",
        "DIRTY_OVERLAP",
        hint=hint,
        details={"files": list(blockers), "home": str(git.root)},
    )


def follow(place: MissionPlace, intent: Intent) -> None:
    """Bring index and working tree from the old commit to the new one, other changes left alone; can be repeated.

    Nothing happens in a checkout that has gone on to something else in the meantime. One in which somebody only
    committed before it could follow takes over what they left as it was before the merge.

    Raises:
        Unavailable: `INDEX_LOCKED`; git could not do it.
        Refused: `DIRTY_OVERLAP`: somebody has changed files after the rehearsal.
    """
    home = Path(intent.home)
    git = Git(home)
    head = git.resolve("HEAD") if intent.home and home.is_dir() else None
    if head is None or not (head == intent.new or git.is_ancestor(intent.new, head)):
        return
    branch = git.call("symbolic-ref", "--quiet", "--short", "HEAD").out.strip()
    if branch != intent.target_branch:
        return
    git.wait_for_index()
    git.refresh_index()
    old, new, folder = intent.old, intent.new, intent.folder
    if head != new:
        old, new, folder = _left_behind(place, git, intent)
    _stage(git, new, folder)
    try:
        git.move_checkout(old, new)
    except GitFailed:
        moving = [path for path in git.changed_between(old, new) if path not in folder]
        _take_over(git, new, moving)
        if git.rehearse_checkout(old, new):
            changed = _changed_by_user(git, moving) or _in_the_way(git, old, new)
            if changed:
                aside = Command(*(("mv", home / path, home / f"{path}.mine") for path in changed))
                raise _overlap(git, changed, aside) from None
        git.move_checkout(old, new)
    _check_out(git, [path for path in folder if path.rpartition("/")[2] in TOOLS_OWN])


def _left_behind(place: MissionPlace, git: Git, intent: Intent) -> tuple[str, str, tuple[str, ...]]:
    """What an index in which somebody has committed still wants of a merge: its tree, that with it, paths taken over.

    git moves all paths of an index at once: where one has moved, all have, and what differs is what somebody wanted.
    """
    now = git.run("write-tree", write=True).strip()
    moving = set(git.changed_between(intent.old, intent.new))
    behind, there = (moving.difference(git.changed_between(each, now)) for each in (intent.old, intent.new))
    if not there <= {*intent.folder}:
        return now, now, ()
    after = git.tree_with(now, _entries(git, intent.new, sorted(behind)), Workbench(place).scratch("follow"))
    return now, after, tuple(path for path in intent.folder if path in behind | there)


def _take_over(git: Git, new: str, paths: Sequence[str]) -> None:
    """Go on where a git was killed amid its work: the files that it had brought, the last perhaps in part."""
    for path in paths:
        there = git.root / path
        if there.is_file() and not there.is_symlink() and is_coming(git, new, path):
            _stage(git, new, [path])
            _check_out(git, [path])


def _check_out(git: Git, paths: Sequence[str]) -> None:
    """Make some files what the index says, whatever they are."""
    if paths:
        listed = "".join(f"{path}\0" for path in paths)
        git.run("checkout-index", "-f", "-u", "-q", "-z", "--stdin", input=listed, write=True)


def _stage(git: Git, commit: str, paths: Sequence[str], index: Path | None = None) -> None:
    """Make an index hold some paths as a commit has them, whatever is on disk."""
    if paths:
        env = {"GIT_INDEX_FILE": str(index)} if index else None
        git.run("update-index", "-z", "--index-info", input=_entries(git, commit, paths), env=env, write=True)


def _entries(git: Git, commit: str, paths: Sequence[str]) -> str:
    """Some paths as a commit has them, for an index; what it does not have is taken out."""
    listed = git.run("ls-tree", "-r", "-z", commit, "--", *paths) if paths else ""
    there = {entry.partition("\t")[2] for entry in listed.split("\0")}
    return taken_out((path for path in paths if path not in there), commit) + listed


def _in_the_way(git: Git, old: str, new: str, folder: str = "") -> list[str]:
    """Untracked and ignored files that stand where the new commit has files that the old one has not."""
    named = git.run("diff", "--name-only", "-z", "--no-renames", "--diff-filter=A", old, new)
    added = [path for path in named.split("\0") if path and not (folder and path.startswith(f"{folder}/"))]
    if not any(_occupied(git.root, path) for path in added):
        return []
    tracked = set(git.run("ls-tree", "-r", "-z", "--name-only", old).split("\0"))
    return sorted({blocker for path in added for blocker in _blockers(git.root, path, tracked)})


def _occupied(home: Path, path: str) -> bool:
    return os.path.lexists(home / path) or any(_is_file(home / parent) for parent in _parents(path))


def _blockers(home: Path, path: str, tracked: set[str]) -> Iterable[str]:
    for parent in _parents(path):
        if _is_file(home / parent) and not _is_tracked(home, parent, tracked):
            yield parent
            return
    there = home / path
    if there.is_dir() and not there.is_symlink():
        for base, _, names in os.walk(there):
            for name in names:
                found = (Path(base) / name).relative_to(home).as_posix()
                if not _is_tracked(home, found, tracked):
                    yield found
    elif os.path.lexists(there) and not _is_tracked(home, path, tracked):
        yield path


def _is_tracked(home: Path, path: str, tracked: set[str]) -> bool:
    """Whether git tracks the file that stands at a path, be it by a name in other case where both are one file."""
    alike = (home / each for each in tracked if each.casefold() == path.casefold())
    found = os.lstat(home / path)
    return path in tracked or any(os.path.lexists(each) and os.path.samestat(each.lstat(), found) for each in alike)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _changed_by_user(git: Git, moving: Sequence[str]) -> list[str]:
    """Files that stop a checkout: changed by the user and by the merge, or in a conflict that nobody has resolved."""
    return [each.path for each in git.changes() if each.path in moving or each.state in _UNMERGED]
