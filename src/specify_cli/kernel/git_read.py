"""What git is asked: names, histories, contents, differences. Nothing is written."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from specify_cli.kernel.git_run import GitRun
from specify_cli.kernel.values import frozen

_OBJECT = re.compile(rb"[0-9a-f]{40,64} ([a-z]+) ([0-9]+)")
# A diff for a judge: no attribute, no program, no setting of a submodule and none of the user's hides a change.
RAW_DIFF = ("--text", "--no-ext-diff", "--no-textconv", "--find-renames", "--ignore-submodules=none")
_STEADY = (
    "--no-color", "--no-relative", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/",
    f"-O{os.devnull}",
)  # fmt: skip
_ALL_FILES = ("ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate")


@frozen
class Change:
    """One path of `git status`: two state letters and the path."""

    state: str
    path: str


@frozen
class FileChange:
    """One file of a diff, as git's objects tell it.

    Args:
        state: A, D, M, T (another kind of file) or R (renamed, with how alike both are in percent).
        old_mode, new_mode: as in trees; `000000` where there is no file.
        old_id, new_id: of the contents; all zeros where there is none.
        path: where it is now; where it was, of a file that was removed.
        old_path: where it was, of a file that was renamed.
    """

    state: str
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str
    path: str
    old_path: str | None = None


@frozen
class GitRead(GitRun):
    """The reading verbs."""

    def resolve(self, revision: str) -> str | None:
        """The commit that a name stands for, or None."""
        done = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.out.strip() if done.code == 0 else None

    def head(self, *, timeout: float = 120.0) -> tuple[str, str] | None:
        """The branch that is checked out (`HEAD` for none) and its commit; None before the first commit."""
        done = self.call("rev-parse", "HEAD", "--abbrev-ref", "HEAD", timeout=timeout)
        found = _lines(done.out)
        return (found[1], found[0]) if done.code == 0 and len(found) == 2 else None

    def tree_of(self, revision: str) -> str | None:
        """The tree of a commit, or None."""
        done = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
        return done.out.strip() if done.code == 0 else None

    def branches(self, pattern: str = "refs/heads") -> dict[str, str]:
        """Full reference name -> object, of all references below a prefix."""
        out = self.run("for-each-ref", "--format=%(objectname) %(refname)", pattern)
        return {ref: commit for commit, _, ref in (line.partition(" ") for line in _lines(out))}

    def branch_tip(self, branch: str) -> str | None:
        """The commit of a local branch, or None."""
        return self.resolve(f"refs/heads/{branch}")

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` contains `older`."""
        return self.call("merge-base", "--is-ancestor", older, newer).code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None."""
        done = self.call("merge-base", one, other)
        return done.out.strip() if done.code == 0 else None

    def commits(self, span: str, *paths: str) -> list[str]:
        """Commits of a range that touch some paths (all, where none is given), newest first."""
        return self.run("rev-list", "--end-of-options", span, *(("--", *paths) if paths else ())).split()

    def log_lines(self, span: str, *paths: str, format: str = "%h %s", limit: int = 50) -> list[str]:
        """One formatted line a commit of a range that touches some paths (all, where none is given), newest first."""
        scope = ("--", *paths) if paths else ()
        return _lines(self.run("log", f"--format={format}", f"-n{limit}", "--end-of-options", span, *scope))

    def last_commit_time(self, *paths: str) -> float:
        """When the newest commit here that touches some paths was made, in seconds since 1970; 0 without one."""
        done = self.call("log", "-n1", "--format=%ct", *(("--", *paths) if paths else ()))
        return float(done.out.strip() or 0) if done.code == 0 else 0.0

    def history(self, revision: str, path: str, *, limit: int = 200) -> list[tuple[str, list[str]]]:
        """Commits that touch a path, newest first: the subject, and the files changed below it."""
        done = self.call(
            "log", "-z", f"-n{limit}", "--format=%x01%s%x02", "--name-only", "--no-renames", revision, "--", path
        )
        found = []
        for entry in done.out.split("\x01")[1:] if done.code == 0 else ():
            subject, _, names = entry.partition("\x02")
            found.append((subject, [name for name in names.replace("\n", "\0").split("\0") if name]))
        return found

    def written_in(self, *revisions: str, sides: bool = False) -> list[str]:
        """Files that the commits of a range changed themselves: what a merge brought in does not count.

        Args:
            sides: whether commits that came in by a merge are commits of the range too.
        """
        words = ("-z", *(() if sides else ("--first-parent",)), "--no-merges", "--format=", "--name-only")
        out = self.run("log", *words, "--no-renames", "--end-of-options", *revisions)
        return sorted({name for name in out.replace("\n", "\0").split("\0") if name})

    def show_bytes(self, spec: str) -> bytes | None:
        """A file as it is in a revision, `rev:path`; None where there is none."""
        done = self.call("cat-file", "blob", spec)
        return done.out.encode("utf-8", "surrogateescape") if done.code == 0 else None

    def show_many(self, specs: Sequence[str]) -> list[bytes | None]:
        """As `show_bytes` for many files, in one process."""
        found = self._objects(specs)
        return [data if kind == b"blob" else None for kind, data in (found.get(spec, (b"", b"")) for spec in specs)]

    def trees(self, specs: Sequence[str]) -> list[bytes | None]:
        """Folders of revisions, `rev:folder`, as git stores them, in one process: equal where all in them is equal."""
        found = self._objects(specs)
        return [data if kind == b"tree" else None for kind, data in (found.get(spec, (b"", b"")) for spec in specs)]

    def commit_objects(self, commits: Sequence[str]) -> list[tuple[str, tuple[str, ...]] | None]:
        """Tree and parents of commits given by their ids, in one process; None where there is no such commit."""
        found = self._objects(commits)
        heads = (data.partition(b"\n\n")[0].decode().split("\n") if kind == b"commit" else []
                 for kind, data in (found.get(commit, (b"", b"")) for commit in commits))  # fmt: skip
        told = ([line.split(" ") for line in head if line.startswith(("tree ", "parent "))] for head in heads)
        return [(words[0][1], tuple(name for _, name in words[1:])) if words else None for words in told]

    def kind_of(self, name: str) -> str | None:
        """What kind of object a name stands for; None where there is none."""
        done = self.call("cat-file", "-t", name)
        return done.out.strip() if done.code == 0 else None

    def names_in(self, revision: str, folder: str) -> list[str]:
        """Names directly below a folder of a revision; folders end in a slash."""
        done = self.call("ls-tree", "-z", revision, f"{folder.rstrip('/')}/")
        if done.code != 0:
            return []
        found = []
        for entry in filter(None, done.out.split("\0")):
            kind, _, path = entry.partition("\t")
            found.append(path.rsplit("/", 1)[-1] + ("/" if " tree " in kind else ""))
        return found

    def names_in_all(self, commits: Sequence[str], folder: str) -> set[str]:
        """Names directly below a folder of many commits, given by their ids, in one process."""
        return {name for entries in self.entries_in_all(commits, folder).values() for name in entries}

    def entries_in_all(self, commits: Sequence[str], folder: str) -> dict[str, dict[str, str]]:
        """Commit -> name -> id of the object, directly below a folder of many commits, in one process."""
        found: dict[str, dict[str, str]] = {}
        for spec, (kind, data) in self._objects([f"{commit}:{folder}" for commit in commits]).items():
            # An entry of a tree: mode, blank, name, zero byte, the object's id as bytes.
            commit = spec.partition(":")[0]
            entries, at, size = found.setdefault(commit, {}), 0, len(commit) // 2
            while kind == b"tree" and at < len(data):
                end = data.index(b"\0", at)
                name = data[data.index(b" ", at) + 1 : end].decode("utf-8", "surrogateescape")
                at = end + 1 + size
                entries[name] = data[end + 1 : at].hex()
        return found

    def _objects(self, specs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """Name of an object -> kind and content, of those that there are."""
        # One question a line: a name with a newline in it cannot be asked for.
        asked = list(dict.fromkeys(spec for spec in specs if "\n" not in spec))
        said = self.run("cat-file", "--batch", input="".join(f"{spec}\n" for spec in asked)) if asked else ""
        out, at = said.encode("utf-8", "surrogateescape"), 0
        found: dict[str, tuple[bytes, bytes]] = {}
        for spec in asked:
            end = out.index(b"\n", at)
            parts, at = _OBJECT.fullmatch(out[at:end]), end + 1
            if parts is not None:
                size = int(parts[2])
                found[spec] = parts[1], out[at : at + size]
                at += size + 1
        return found

    def changes(self, *paths: str, untracked: bool = True, strict: bool = False) -> list[Change]:
        """What `git status` finds, ignored files left out; a rename is its new path.

        Args:
            strict: look into submodules also where a setting says not to.
        """
        scope = ("--", *paths) if paths else ()
        words = [f"--untracked-files={'all' if untracked else 'no'}", *(["--ignore-submodules=none"] if strict else [])]
        out = self.run("status", "--porcelain=v1", "-z", "--no-renames", *words, *scope)
        return [Change(entry[:2], entry[3:]) for entry in out.split("\0") if entry]

    def entries_of(self, commit: str) -> dict[str, tuple[str, str]]:
        """Path -> mode and object of everything in a commit."""
        found = {}
        for line in self.run("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
            told, _, path = line.partition("\t")
            if path:
                mode, _, blob = told.split(" ")
                found[path] = mode, blob
        return found

    def submodules(self) -> list[str]:
        """Paths of the submodules of this working tree."""
        listed = self.run("ls-files", "--stage", "-z").split("\0")
        return [entry.partition("\t")[2] for entry in listed if entry.startswith("160000 ")]

    def is_ignored(self, path: str) -> bool:
        """Whether git ignores a path that it does not track."""
        # A name that begins with a colon would be read as a pattern.
        return self.call("check-ignore", "--quiet", "--", f"./{path}").code == 0

    def ignored_by(self, *paths: str) -> dict[str, str]:
        """Path -> the rule by which git ignores it, in words, of those that it ignores and does not track."""
        asked = "".join(f"{path}\0" for path in paths)
        parts = self.call("check-ignore", "--verbose", "-z", "--stdin", input=asked).out.split("\0")
        found = {}
        for source, line, pattern, path in zip(*(parts[at::4] for at in range(4)), strict=False):
            if pattern and not pattern.startswith("!"):
                found[path] = f"{source} line {line}: {pattern}"
        return found

    def hooks(self, *names: str) -> list[Path]:
        """The hooks of these names that git would run."""
        folder = Path(self.run("rev-parse", "--path-format=absolute", "--git-path", "hooks").rstrip("\n"))
        return [folder / name for name in names if os.access(folder / name, os.X_OK)]

    def changed_between(self, old: str, new: str, *paths: str) -> list[str]:
        """Paths that differ between two commits or trees."""
        scope = ("--", *paths) if paths else ()
        # A submodule may say of itself that it is to be ignored.
        words = ("diff", "--name-only", "-z", "--no-renames", "--ignore-submodules=none")
        return [path for path in self.run(*words, old, new, *scope).split("\0") if path]

    def files_with_changed_lines(self, pattern: str, old: str, new: str | None, *paths: str) -> list[str]:
        """Paths that differ between two commits or trees in a line that fits a pattern, whatever attributes say.

        Args:
            pattern: an extended regular expression.
            new: None for what is staged.
        """
        sides = (old, new) if new is not None else ("--cached", old)
        words = ("--name-only", "-z", "--no-renames", "--text", "--no-textconv", "--no-ext-diff", f"-G{pattern}")
        out = self.run("diff", *words, *sides, *(("--", *paths) if paths else ()))
        return [path for path in out.split("\0") if path]

    def changed_since(self, old: str) -> list[str]:
        """Tracked paths of the working tree that differ from a commit."""
        compare = ("-c", "diff.autoRefreshIndex=false", "diff", "--name-only", "-z", "--no-renames", old, "--")
        return [path for path in self.run(*compare).split("\0") if path]

    def files_of(self, revision: str | None) -> list[str]:
        """Paths of all files of a commit; of the working tree, untracked ones included, where none is given."""
        listing = ("ls-tree", "-r", "--name-only", "-z", revision) if revision else (*_ALL_FILES, "-z")
        return [path for path in self.run(*listing).split("\0") if path]

    def file_changes(self, old: str, new: str, *paths: str) -> list[FileChange]:
        """The files that differ between two commits, in the order of `patch`; nothing about them can be hidden."""
        scope = ("--", *paths) if paths else ()
        out = self.run("diff", "--raw", "-z", "--no-abbrev", *RAW_DIFF, *_STEADY, old, new, *scope)
        parts = iter(out.removesuffix("\0").split("\0") if out else ())
        found = []
        for head in parts:
            old_mode, new_mode, old_id, new_id, state = head.removeprefix(":").split(" ")
            path = next(parts)
            old_path, path = (path, next(parts)) if state[0] == "R" else (None, path)
            found.append(FileChange(state, old_mode, new_mode, old_id, new_id, path, old_path))
        return found

    def patch(self, old: str, new: str, *paths: str) -> str:
        """The patch between two commits, every file as text; names with control characters are quoted."""
        scope = ("--", *paths) if paths else ()
        return self.run("-c", "core.quotePath=false", "diff", "--unified=3", *RAW_DIFF, *_STEADY, old, new, *scope)

    def range_diff(self, base: str, old: str, new: str) -> str | None:
        """How the commits base..new differ from base..old, one by one; None where this clone lacks one of them."""
        done = self.call("range-diff", "--no-color", f"{base}..{old}", f"{base}..{new}")
        return done.out if done.code == 0 else None

    def contents(self, ids: Collection[str], most: int) -> dict[str, tuple[int, bytes | None]]:
        """Id of a blob -> its size, and its content where that is no larger than `most`; unknown ones are left out."""
        asked = "".join(f"{name}\n" for name in sorted(ids))
        said = self.run("cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", input=asked)
        told = (line.split(" ") for line in _lines(said))
        sizes = {words[0]: int(words[2]) for words in told if len(words) == 3 and words[1] == "blob"}
        small = self._objects([name for name, size in sizes.items() if size <= most])
        return {name: (size, small[name][1] if name in small else None) for name, size in sizes.items()}

    def identity(self) -> str | None:
        """`Name <mail>` that a commit here would carry, or None where nobody chose one.

        git would make an address up from the host's name; that is not an identity.
        """
        done = self.call("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
        return done.out.rsplit(">", 1)[0] + ">" if done.code == 0 else None

    def user_name(self) -> str | None:
        """The configured `user.name`, or None."""
        done = self.call("config", "user.name")
        name = done.out.strip() if done.code == 0 else ""
        return name or self.own_names().get("GIT_AUTHOR_NAME")

    def setting(self, name: str) -> str | None:
        """One value of git's configuration, or None."""
        done = self.call("config", "--get", name)
        return done.out.rstrip("\n") if done.code == 0 else None

    def flag(self, name: str) -> bool:
        """Whether a setting of git's configuration is on."""
        done = self.call("config", "--type=bool", "--get", name)
        return done.out.strip() == "true"


def _lines(out: str) -> list[str]:
    """Lines as git means them; other line breaks that Unicode knows may stand in names and subjects."""
    return out.removesuffix("\n").split("\n") if out else []
