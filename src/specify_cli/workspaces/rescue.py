"""Uncommitted work saved as a commit, and put away afterwards.

Saving touches neither the files nor the index of the worktree. Putting away touches a path only while the saved
commit holds, byte for byte, what stands there; whatever has changed since stays. Both may be repeated.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.git import Change, Git, taken_out
from specify_cli.kernel.values import frozen
from specify_cli.workspaces.survey import RESCUED

_REF = re.compile(rf"{RESCUED}/[a-z0-9-]+/WP[0-9]+/[0-9]+")
_ID = re.compile(r"[0-9a-f]{40,64}")
_UNTRACKED = "??"
_UNMERGED = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
_NOBODY = ("spec-kitty", "spec-kitty@localhost")
# What git writes here is about to be the only copy: it has to be on the disk.
_DURABLE = ("-c", "core.fsync=all")


@frozen
class Entry:
    """A file as a tree holds it: mode and blob."""

    mode: str
    blob: str


@frozen
class Rescue:
    """Uncommitted work that is kept as a commit.

    Args:
        ref: what keeps it: `refs/spec-kitty/rescue/<mission>/<WP>/<n>`.
        commit: its first parent is the commit that was checked out; what was staged otherwise is its second.
        files: the paths that it saves.
    """

    ref: str
    commit: str
    files: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """As an event and a JSON answer hold it."""
        return {"ref": self.ref, "commit": self.commit, "files": list(self.files)}

    @classmethod
    def from_dict(cls, data: object) -> Rescue | None:
        """The rescue that an event tells of, or None; a name that we would not give is none."""
        if not isinstance(data, Mapping):
            return None
        ref, commit, listed = data.get("ref"), data.get("commit"), data.get("files")
        if not (isinstance(ref, str) and _REF.fullmatch(ref) and isinstance(commit, str) and _ID.fullmatch(commit)):
            return None
        return cls(ref, commit, tuple(str(each) for each in listed) if isinstance(listed, list) else ())


def save(
    place: MissionPlace, wp_id: str, worktree: Path, *, scope: Sequence[str] = (), spare: Iterable[str] = ()
) -> Rescue | None:
    """Keep what is uncommitted in a worktree; None where there is nothing.

    The same files saved twice are one rescue. Ignored files are not saved, nor are repositories inside the worktree.

    Args:
        worktree: its folder.
        scope: git path patterns of what counts; all where none is given.
        spare: paths to leave alone.

    Raises:
        GitFailed: a file cannot be read or stored; then nothing was changed.
    """
    git = Git(worktree)
    head = git.resolve("HEAD")
    changes = _changes(git, scope, spare)
    paths = sorted({change.path for change in changes if not _is_repository(worktree, change)})
    if head is None or not paths:
        return None
    tree = _tree(place, git, head, _on_disk(git, paths, write=True), paths)
    known = git.branches(f"{RESCUED}/{place.slug}/{wp_id}/")
    last = max(known, key=_number, default=None)
    if last is not None and git.tree_of(last) == tree and git.resolve(f"{last}^1") == head:
        return Rescue(last, known[last], tuple(paths))
    parents = [head]
    staged = _staged(place, git, head, changes)
    if staged not in (None, tree, git.tree_of(head)):
        parents.append(_commit(git, str(staged), [head], f"What was staged of {wp_id}\n"))
    commit = _commit(git, tree, parents, f"Uncommitted work of {wp_id}, rescued\n")
    ref = f"{RESCUED}/{place.slug}/{wp_id}/{_number(last) + 1 if last else 1}"
    git.run(*_DURABLE, "update-ref", "-m", "rescue", ref, commit, "", write=True)
    return Rescue(ref, commit, tuple(paths))


def put_away(worktree: Path, rescue: Rescue, *, scope: Sequence[str] = (), spare: Iterable[str] = ()) -> list[str]:
    """Bring a worktree back to its commit as far as a rescue holds what stands there; the paths that stay.

    Args:
        scope, spare: as they were when it was saved.

    Raises:
        GitFailed: git could not restore a path.
    """
    git = Git(worktree)
    changes = _changes(git, scope, spare)
    paths = sorted({change.path for change in changes if not _is_repository(worktree, change)})
    kept, found = _in_commit(git, rescue.commit), _on_disk(git, paths)
    stored = _stored(git, [kept[path].blob for path in paths if path in kept])
    safe = [
        path for path in paths if kept.get(path) == found.get(path) and (path not in kept or kept[path].blob in stored)
    ]
    new = {change.path for change in changes if change.state == _UNTRACKED}
    tracked = {change.path for change in changes if change.state != _UNTRACKED}
    # New files first: one of them may stand where a folder comes back.
    for path in safe:
        if path in new - tracked:
            files.remove(worktree / path)
            files.remove_empty((worktree / path).parent, worktree)
    restored = [path for path in safe if path in tracked]
    if restored:
        git.run(
            "restore", "--source=HEAD", "--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul",
            input="\0".join(restored), env=_LITERAL, write=True,
        )  # fmt: skip
    return sorted({change.path for change in _changes(git, scope, spare)})


def _changes(git: Git, scope: Sequence[str], spare: Iterable[str]) -> list[Change]:
    left_alone = set(spare)
    return [change for change in git.changes(*scope) if change.path not in left_alone]


def _is_repository(worktree: Path, change: Change) -> bool:
    """Whether a path is a repository of its own inside the worktree: git does not look into it.

    A folder that stands in place of a deleted file is none: what is in it is listed by itself.
    """
    path = worktree / change.path
    return change.path.endswith("/") or ("D" not in change.state and path.is_dir() and not path.is_symlink())


def _number(ref: str) -> int:
    last = ref.rpartition("/")[2]
    return int(last) if last.isdecimal() else 0


def _on_disk(git: Git, paths: Sequence[str], *, write: bool = False) -> dict[str, Entry]:
    """Path -> what stands there now, of the paths where something does; stored in git where `write`."""
    modes: dict[str, str] = {}
    for path in paths:
        try:
            bits = os.lstat(git.root / path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISDIR(bits):
            continue
        modes[path] = "120000" if stat.S_ISLNK(bits) else "100755" if bits & stat.S_IXUSR else "100644"
    # The bytes as they are: no filter of git's changes them.
    words = ("--no-filters", *(("-w",) if write else ()))
    blobs = git.blobs_on_disk([*modes], *words, config=_DURABLE)
    return {path: Entry(mode, blobs[path]) for path, mode in modes.items()}


def _tree(place: MissionPlace, git: Git, head: str, entries: Mapping[str, Entry], paths: Iterable[str]) -> str:
    """The tree of a commit with some paths as they are given, or gone; made through an index of its own."""
    gone = taken_out((path for path in paths if path not in entries), head)
    there = "".join(f"{entry.mode} {entry.blob}\t{path}\0" for path, entry in entries.items())
    files.make_private(place.state)
    return git.tree_with(head, gone + there, place.state / f"rescue.{os.getpid()}.index", *_DURABLE)


def _staged(place: MissionPlace, git: Git, head: str, changes: Sequence[Change]) -> str | None:
    """The tree of what is staged and differs from what stands on disk; None where nothing does."""
    paths = {
        change.path
        for change in changes
        if change.state[0] not in " ?" and change.state[1] != " " and change.state not in _UNMERGED
    }
    if not paths:
        return None
    entries = {}
    for line in git.run("ls-files", "--stage", "-z").split("\0"):
        told, _, path = line.partition("\t")
        if path in paths:
            mode, blob, _ = told.split(" ")
            entries[path] = Entry(mode, blob)
    return _tree(place, git, head, entries, sorted(paths))


def _commit(git: Git, tree: str, parents: Sequence[str], message: str) -> str:
    """A commit that nobody is asked to sign; by nobody where git does not know who commits."""
    env = {}
    if git.identity() is None:
        name, mail = _NOBODY
        env = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", name), ("EMAIL", mail))}  # fmt: skip
    tips = [word for parent in parents for word in ("-p", parent)]
    return git.run(*_DURABLE, "commit-tree", tree, *tips, "-F", "-", input=message, env=env, write=True).strip()


def _in_commit(git: Git, commit: str) -> dict[str, Entry]:
    return {path: Entry(mode, blob) for path, (mode, blob) in git.entries_of(commit).items()}


def _stored(git: Git, blobs: Sequence[str]) -> set[str]:
    """Which of some blobs git really has."""
    said = git.run("cat-file", "--batch-check", input="".join(f"{blob}\n" for blob in blobs)) if blobs else ""
    return {line.split(" ")[0] for line in said.splitlines() if " blob " in line}
