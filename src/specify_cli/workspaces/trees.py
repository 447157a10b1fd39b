"""Merges and commits in the object database alone: no reference, index or file of the user's is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.git import Git, GitFailed, TreeMerge, taken_out
from specify_cli.kernel.paths import SPECS
from specify_cli.kernel.scratch import temporary_folder
from specify_cli.kernel.values import frozen

_UNION = f"{SPECS}/**/*.jsonl merge=union\n"
_NOBODY = "spec-kitty <spec-kitty@localhost>"


@frozen
class Workbench:
    """Where the merges of one mission are computed.

    Args:
        place: the mission.
        date: seconds since 1970 that passing commits carry: the same tips give the same commits, in every run.
        elsewhere: git that puts its objects somewhere else.
    """

    place: MissionPlace
    date: int = 0
    elsewhere: Git | None = None

    @property
    def git(self) -> Git:
        """Git in the mission's home."""
        return self.elsewhere or self.place.git

    def merge(self, ours: str, theirs: str) -> TreeMerge:
        """Merge two commits; the mission's own folder is always that of `ours`.

        A lane's copy of that folder is from the day the lane was made; what it says is never taken.
        """
        merged = self.git.merge_tree(ours, theirs, attributes=attributes(self.place, self.git))
        conflicts = tuple(path for path in merged.conflicts if not self.is_own(path))
        return TreeMerge(self.with_folder_of(merged.tree, ours), conflicts, merged.messages)

    def is_own(self, path: str) -> bool:
        """Whether a path lies in the mission's own folder."""
        return path.startswith(f"{self.place.relative}/")

    def with_folder_of(self, tree: str, source: str) -> str:
        """The tree with the mission's folder as another tree or commit has it."""
        folder = self.place.relative
        if self.git.call("diff-tree", "--quiet", "-r", tree, source, "--", folder).code == 0:
            return tree
        listed = self.git.run("ls-tree", "-r", "-z", source, f"{folder}/")
        there = self.git.run("ls-tree", "-r", "-z", "--name-only", tree, f"{folder}/").split("\0")
        gone = taken_out(filter(None, there), tree)
        return self.git.tree_with(tree, gone + listed, self.scratch("folder"))

    def passing_commit(self, tree: str, *parents: str) -> str:
        """A commit that stands for a result while one computes on; nothing ever refers to it for good.

        Unsigned and of a fixed author, so that no passphrase is asked for what may be thrown away.
        """
        who = f"{_NOBODY} {self.date} +0000"
        heads = "".join(f"parent {parent}\n" for parent in parents)
        text = f"tree {tree}\n{heads}author {who}\ncommitter {who}\n\nA merge computed by spec-kitty\n"
        return self.git.run("hash-object", "-t", "commit", "-w", "--stdin", input=text, write=True).strip()

    def scratch(self, name: str) -> Path:
        """A path for a throw-away index of this process."""
        folder = self.git.objects[0] if self.git.objects else self.place.state / "merge"
        files.make_private(folder)
        return folder / f"{self.place.key}.{name}.{os.getpid()}.index"


def workbench(place: MissionPlace, tips: list[str], elsewhere: Git | None = None) -> Workbench:
    """A workbench for merging these commits; its date is that of the newest of them."""
    dates = place.git.run("log", "--no-walk=unsorted", "--format=%ct", *tips, "--") if tips else "0"
    return Workbench(place, max((int(date) for date in dates.split()), default=0), elsewhere)


def same_code(place: MissionPlace, git: Git, one: str, other: str) -> bool:
    """Whether two trees differ at most in the mission's own documents, such as by the commit that accepted it."""
    if one == other:
        return True
    try:
        changed = git.changed_between(one, other)
    except GitFailed:
        return False
    return all(path.startswith(f"{place.relative}/") for path in changed)


@contextmanager
def throw_away(place: MissionPlace) -> Iterator[Git]:
    """Git in the mission's home whose new objects are gone at the end of the block."""
    folder = temporary_folder("spec-kitty-objects-")
    try:
        yield Git(place.git.root, (folder, place.repo.require_git() / "objects"))
    finally:
        files.remove_tree(folder)


def attributes(place: MissionPlace, git: Git | None = None) -> Path | None:
    """A file of attributes that joins the logs of missions line by line; None where the home's own rules say so.

    It holds the user's general attributes too, because git reads only one such file.
    """
    if place.home is not None:
        own = files.read_text(place.home.path / SPECS / ".gitattributes") or ""
        if any(line.split()[:1] == ["*.jsonl"] and "merge=union" in line for line in own.splitlines()):
            return None
    git = git or place.git
    path = (git.objects[0] if git.objects else place.state) / "attributes"
    general = Path(git.setting("core.attributesFile") or _general()).expanduser()
    content = (files.read_text(general) or "").rstrip("\n") + "\n" + _UNION
    if files.read_text(path) != content:
        files.make_private(path.parent)
        files.atomic_write(path, content)
    return path


def _general() -> str:
    return f"{os.environ.get('XDG_CONFIG_HOME') or '~/.config'}/git/attributes"
