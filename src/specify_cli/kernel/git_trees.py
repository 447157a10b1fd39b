"""Objects and references: merges computed before anything moves, and the one transaction that moves references."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from specify_cli.kernel import files, lazy
from specify_cli.kernel.commands import git_command
from specify_cli.kernel.git_read import GitRead
from specify_cli.kernel.git_run import GitFailed
from specify_cli.kernel.values import frozen

ZERO = "0" * 40


@frozen
class TreeMerge:
    """A merge computed in the object database.

    Args:
        tree: hash of the merged tree; with conflicts it holds their markers.
        conflicts: paths in conflict.
        messages: what git says of them.
    """

    tree: str
    conflicts: tuple[str, ...]
    messages: str = ""


@frozen
class RefUpdate:
    """A reference to move: from `old` (ZERO: it must not exist) to `new` (ZERO: delete)."""

    ref: str
    old: str
    new: str

    def to_dict(self) -> dict[str, str]:
        """As it stands in a merge intent."""
        return {"ref": self.ref, "old": self.old, "new": self.new}


@frozen
class GitTrees(GitRead):
    """The verbs that make objects and move references."""

    def hash_object(self, content: bytes) -> str:
        """Store a blob and return its hash."""
        return self.run("hash-object", "-w", "--stdin", input=content, write=True).strip()

    def blobs_on_disk(self, paths: Sequence[str], *words: str, config: Sequence[str] = ()) -> dict[str, str]:
        """Path -> the blob that git makes of the file or link there.

        Args:
            words: of `hash-object`, such as `-w` to store them and `--no-filters` to take the bytes as they are.
            config: words before the verb.
        """
        command = (*config, "hash-object", *words)
        write = "-w" in words
        # git reads one path a line, unquotes what begins with a quotation mark and drops a carriage return at the end.
        odd = {path for path in paths if "\n" in path or "\r" in path or path.startswith('"')}
        links = {path for path in paths if (self.root / path).is_symlink()}
        plain, found = [path for path in paths if path not in odd | links], {}
        for path in links:
            told = os.fsencode((self.root / path).readlink())
            found[path] = self.run(*command, "--stdin", input=told, write=write).strip()
        if plain:
            given = "".join(f"{path}\n" for path in plain)
            said = self.run(*command, "--stdin-paths", input=given, write=write, timeout=600)
            found.update(zip(plain, said.splitlines(), strict=True))
        for path in odd - links:
            found[path] = self.run(*command, "--", path, write=write, timeout=600).strip()
        return found

    def hidden_changes(self, commit: str, *among: str) -> list[str]:
        """Files that differ from a commit and that git was told not to look at (`assume-unchanged` and its kin).

        git itself overwrites and removes them without a word.

        Args:
            among: only these paths are looked at; without any, all.
        """
        listed = (entry.partition(" ") for entry in self.run("ls-files", "-v", "-z").split("\0") if entry)
        flagged = {path for flag, _, path in listed if flag.islower() or flag == "S"}
        there = [path for path in sorted(flagged.intersection(among or flagged)) if (self.root / path).is_file()]
        if not there:
            return []
        known, found = self.entries_of(commit), self.blobs_on_disk(there)
        return [path for path in there if known.get(path, ("", ""))[1] != found[path]]

    def attribute(self, name: str, revision: str | None, paths: Sequence[str]) -> dict[str, str]:
        """Path -> value of a git attribute, as the rules of a commit or tree have it; `unspecified` without one.

        Rules that stand in no commit, such as those of `.git/info/attributes`, do not count.

        Args:
            revision: None for what is staged.
        """
        asked = "".join(f"{path}\0" for path in paths)
        words = ("check-attr", "--cached", "-z", "--stdin", name)
        if revision is None:
            return _attributes(self.run(*words, input=asked))
        # The library behind it is dear to import.
        scratch: Path = lazy.load("specify_cli.kernel.scratch:temporary_folder")("spec-kitty-index-")
        try:
            index = scratch / "index"
            self.run("read-tree", revision, env={"GIT_INDEX_FILE": str(index)}, write=True)
            # A repository of its own, with these objects: it has no attributes but those in the index.
            for folder in ("objects", "refs"):
                files.make_folder(scratch / folder)
            files.atomic_write(scratch / "HEAD", "ref: refs/heads/none\n")
            if len(self.run("rev-parse", revision).strip()) > len(ZERO):
                sha256 = "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n"
                files.atomic_write(scratch / "config", sha256)
            new, own = self.objects or (None, self._objects_folder())
            env = {
                "GIT_DIR": str(scratch),
                "GIT_INDEX_FILE": str(index),
                "GIT_ATTR_NOSYSTEM": "1",
                "GIT_OBJECT_DIRECTORY": str(new or own),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(own),
            }
            return _attributes(self.run("-c", f"core.attributesFile={os.devnull}", *words, input=asked, env=env))
        finally:
            files.remove_tree(scratch)

    def _objects_folder(self) -> Path:
        return self.root / self.run("rev-parse", "--git-path", "objects").strip()

    def merge_tree(self, ours: str, theirs: str, *, attributes: Path | None = None) -> TreeMerge:
        """Merge two commits without touching a file or a reference.

        Args:
            ours: the side that is merged into.
            theirs: the side that comes in.
            attributes: a git attributes file, so that merge drivers named there apply.

        Raises:
            GitFailed: git could not compute it at all.
        """
        config = ("-c", f"core.attributesFile={attributes}") if attributes else ()
        done = self.call(*config, "merge-tree", "--write-tree", "-z", "--name-only", ours, theirs, write=True)
        # A name that git does not know gives 1 too, like a conflict, but no tree.
        if done.code not in (0, 1) or not done.out:
            raise self.failed(done, "merge-tree")
        parts = done.out.split("\0")
        conflicts: list[str] = []
        for index, part in enumerate(parts[1:], 1):
            if not part:
                return TreeMerge(parts[0], tuple(dict.fromkeys(conflicts)), _told(parts[index + 1 :]))
            conflicts.append(part)
        return TreeMerge(parts[0].strip(), tuple(dict.fromkeys(conflicts)))

    def commit_tree(
        self, tree: str, parents: Sequence[str], message: str, *, env: Mapping[str, str] | None = None
    ) -> str:
        """Make a commit object; signed where the user signs commits.

        Raises:
            GitFailed: `SIGNING_FAILED`.
        """
        sign = ("-S",) if self.flag("commit.gpgsign") else ()
        tips = [part for parent in parents for part in ("-p", parent)]
        done = self.call("commit-tree", *sign, tree, *tips, "-F", "-", input=message, env=env, write=True, timeout=600)
        if done.code != 0 and sign:
            attempt = git_command(self.root, "commit-tree", "-S", "-m", "attempt", "HEAD^{tree}")
            raise GitFailed(f"a commit could not be signed: {done.said}", "SIGNING_FAILED", attempt)
        if done.code != 0:
            raise self.failed(done, "commit-tree")
        return done.out.strip()

    def edit_tree(self, tree: str, changes: Mapping[str, bytes | None], *, scratch: Path) -> str:
        """A tree with some files replaced (or removed, where None), through a throw-away index.

        Args:
            tree: the tree to begin with.
            changes: path -> content; a replaced file keeps mode 100644.
            scratch: a path for the index; removed afterwards.
        """
        lines = []
        for path, content in changes.items():
            kept = "" if content is None else f"100644 {self.hash_object(content)}\t{path}\0"
            lines.append(kept or taken_out([path], tree))
        return self.tree_with(tree, "".join(lines), scratch)

    def tree_with(self, tree: str, entries: str, scratch: Path, *config: str) -> str:
        """A tree with some entries put in, through a throw-away index.

        Args:
            tree: the tree or commit to begin with.
            entries: as `git ls-tree -z` lists them; mode 0 takes one out.
            scratch: a path for the index; removed afterwards.
            config: words before the verb that writes the objects.
        """
        env = {"GIT_INDEX_FILE": str(scratch)}
        try:
            self.run("read-tree", tree, env=env, write=True)
            self.run("update-index", "-z", "--index-info", input=entries, env=env, write=True)
            return self.run(*config, "write-tree", env=env, write=True).strip()
        finally:
            files.remove(scratch)

    def update_refs(self, updates: Sequence[RefUpdate], reason: str) -> None:
        """Move all references in one transaction, each from its expected old value.

        Raises:
            GitFailed: one of them has moved; then none is.
        """
        lines = ["start"]
        for update in updates:
            if update.new == ZERO:
                lines.append(f"delete {update.ref} {update.old}")
            elif update.old == ZERO:
                lines.append(f"create {update.ref} {update.new}")
            else:
                lines.append(f"update {update.ref} {update.new} {update.old}")
        lines += ["prepare", "commit"]
        self.run("update-ref", "-m", reason, "--stdin", input="\n".join(lines) + "\n", write=True)

    def refresh_index(self, *, index: Path | None = None) -> None:
        """Look at files whose times have changed: one that was only touched, or copied, is no change.

        Args:
            index: stands in for the index.
        """
        env = {"GIT_INDEX_FILE": str(index)} if index else None
        self.call("update-index", "-q", "--refresh", env=env, write=True)

    def rehearse_checkout(self, old: str, new: str, *, index: Path | None = None) -> str:
        """What would stop the working tree from moving between two commits; empty if nothing.

        Args:
            index: stands in for the index.
        """
        env = {"GIT_INDEX_FILE": str(index)} if index else None
        done = self.call("read-tree", "-n", "-m", "-u", old, new, env=env)
        return "" if done.code == 0 else done.said or "git cannot tell why"

    def move_checkout(self, old: str, new: str) -> None:
        """Bring index and working tree from one commit to another, other changes left alone; repeatable."""
        self.run("read-tree", "-m", "-u", old, new, write=True)


def _attributes(out: str) -> dict[str, str]:
    said = out.split("\0")
    return dict(zip(said[0:-1:3], said[2::3], strict=True))


def taken_out(paths: Iterable[str], like: str) -> str:
    """Entries, as `tree_with` wants them, that take some paths out.

    Args:
        like: the id of some object, which tells how long ids are here.
    """
    return "".join(f"0 {'0' * len(like)}\t{path}\0" for path in paths)


def _told(parts: Sequence[str]) -> str:
    """The readable lines of merge-tree's message records: count, paths, type, text."""
    lines, at = [], 0
    while at < len(parts) and parts[at].isdigit():
        count = int(parts[at])
        if at + count + 2 < len(parts):
            lines.append(parts[at + count + 2].strip())
        at += count + 3
    return "\n".join(line for line in lines if line)
