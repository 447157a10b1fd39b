"""What git is asked: names, histories, contents, differences. Nothing is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specify_cli.kernel.git_run import GitRun
from specify_cli.kernel.values import frozen

_OBJECT = re.compile(rb"[0-9a-f]{40,64} ([a-z]+) ([0-9]+)")


@frozen
class Change:
    """One path of `git status`: two state letters and the path."""

    state: str
    path: str


@frozen
class GitRead(GitRun):
    """The reading verbs."""

    def resolve(self, revision: str) -> str | None:
        """The commit that a name stands for, or None."""
        done = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.out.strip() if done.code == 0 else None

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

    def show_bytes(self, spec: str) -> bytes | None:
        """A file as it is in a revision, `rev:path`; None where there is none."""
        done = self.call("cat-file", "blob", spec)
        return done.out.encode("utf-8", "surrogateescape") if done.code == 0 else None

    def show_many(self, specs: Sequence[str]) -> list[bytes | None]:
        """As `show_bytes` for many files, in one process."""
        found = self._objects(specs)
        return [data if kind == b"blob" else None for kind, data in (found.get(spec, (b"", b"")) for spec in specs)]

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
        names: set[str] = set()
        for spec, (kind, data) in self._objects([f"{commit}:{folder}" for commit in commits]).items():
            # An entry of a tree: mode, blank, name, zero byte, the object's id as bytes.
            at, size = 0, len(spec.partition(":")[0]) // 2
            while kind == b"tree" and at < len(data):
                end = data.index(b"\0", at)
                names.add(data[data.index(b" ", at) + 1 : end].decode("utf-8", "surrogateescape"))
                at = end + 1 + size
        return names

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

    def changes(self, *paths: str, untracked: bool = True) -> list[Change]:
        """What `git status` finds, ignored files left out; a rename is its new path."""
        scope = ("--", *paths) if paths else ()
        mode = "all" if untracked else "no"
        out = self.run("status", "--porcelain=v1", "-z", f"--untracked-files={mode}", "--no-renames", *scope)
        return [Change(entry[:2], entry[3:]) for entry in out.split("\0") if entry]

    def changed_between(self, old: str, new: str, *paths: str) -> list[str]:
        """Paths that differ between two commits or trees."""
        scope = ("--", *paths) if paths else ()
        return [
            path for path in self.run("diff", "--name-only", "-z", "--no-renames", old, new, *scope).split("\0") if path
        ]

    def diff(self, old: str, new: str, *paths: str, stat: bool = False) -> str:
        """The patch, or the summary, between two commits."""
        scope = ("--", *paths) if paths else ()
        return self.run("diff", "--no-color", "--no-ext-diff", *(("--stat=72",) if stat else ()), old, new, *scope)

    def identity(self) -> str | None:
        """`Name <mail>` that a commit here would carry, or None where nobody chose one.

        git would make an address up from the host's name; that is not an identity.
        """
        done = self.call("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
        return done.out.rsplit(">", 1)[0] + ">" if done.code == 0 else None

    def user_name(self) -> str | None:
        """The configured `user.name`, or None."""
        done = self.call("config", "user.name")
        return done.out.strip() or None if done.code == 0 else None

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
