"""A mission ready to be merged, brought back to that state as often as one likes, and seen whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.project import Project, Task, make_project
from tests.support.stories import Story, story

NOTE = "a note of the next command"
# What differs between two merges of the same mission: commits, ids, times.
_VARIES = re.compile(
    r"[0-9a-f]{40}|\b[0-9A-HJKMNP-TV-Z]{26}\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.0-9]*(?:Z|[+-]\d\d:?\d\d)?"
)
# Nobody's: locks and who held them, and what a killed command had begun to write, which is swept up later.
_FLEETING = re.compile(r"/locks/|\.holder$|\.tmp$|\.index(\.lock)?$|/spec-kitty/(attributes$|quarantine/)")


@dataclass(frozen=True, slots=True)
class Stage:
    """A mission and a copy of everything as it was.

    Args:
        story: the mission; its remote is `remote.git` beside the project.
        template: the copy of project and remote.
    """

    story: Story
    template: Path

    @property
    def path(self) -> Path:
        """The user's checkout."""
        return self.story.project.path

    @property
    def remote(self) -> Repo:
        """The remote."""
        return Repo(self.path.parent / "remote.git")

    def keep(self) -> None:
        """Take what is there now as the state to come back to."""
        shutil.rmtree(self.template, ignore_errors=True)
        self.template.mkdir()
        _copy(self.path, self.remote.path, to=self.template)

    def reset(self) -> None:
        """The kept state again, at the same path."""
        for path in (self.path, self.remote.path):
            shutil.rmtree(path)
        _copy(self.template / self.path.name, self.template / self.remote.path.name, to=self.path.parent)

    def note(self) -> Result:
        """A command that changes state and has nothing to do with merging."""
        return self.story.run("agent", "tasks", "add-history", "WP01", "--note", NOTE, "--agent", "ada").ok()

    def seen(self) -> dict[str, str]:
        """All that there is: references, index, every file of every checkout, our own state, the remote."""
        git = self.story.git
        found = dict(_files(self.path))
        # A git that outlives its command may still make the guard of a merge; the next merge takes it away.
        refs = git("for-each-ref", "--format=%(refname) %(objectname)").split("\n")
        found["refs"] = "\n".join(ref for ref in refs if not ref.startswith("refs/spec-kitty/merging/"))
        found["head"] = git("symbolic-ref", "HEAD")
        found["index"] = git("ls-files", "--stage", "-v")
        found["code"] = "\n".join(f"{name}: {text}" for name, text in self.story.files().items())
        found["history"] = git("log", "--topo-order", "--format=%s %an [%p]", "main")
        found["remote"] = self.remote("for-each-ref", "--format=%(refname) %(objectname)")
        return found


def _copy(*folders: Path, to: Path) -> None:
    # Several times as fast as `shutil.copytree`.
    subprocess.run(["cp", "-a", *map(str, folders), str(to)], check=True)


def normal(seen: Mapping[str, str]) -> dict[str, str]:
    """What is seen without commits, ids and times, and without the note of a later command."""
    found = {}
    for name, text in seen.items():
        kept = (line for line in text.split("\n") if NOTE not in line)
        found[_VARIES.sub("*", name)] = _VARIES.sub("*", "\n".join(kept))
    found["history"] = re.sub(r"\b[0-9a-f]{7,12}\b", "*", found["history"])
    return found


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Where two states differ, for the message of a failing test."""
    found: list[str] = []
    for name in sorted({*one, *other}):
        was, became = (each.get(name, "there is none").split("\n") for each in (one, other))
        found += unified_diff(was, became, name, name, lineterm="", n=0)
    return found


def _files(root: Path) -> Iterator[tuple[str, str]]:
    """Every file but objects and logs of git, its mode and its content."""
    for base, folders, names in os.walk(root):
        if Path(base).name in (".git", root.name + ".git") or "worktrees" in Path(base).parts[-2:]:
            folders[:] = [name for name in folders if name not in ("objects", "logs", "refs")]
        for name in names:
            path = Path(base) / name
            relative = f"/{path.relative_to(root).as_posix()}"
            if _FLEETING.search(relative) or name in ("index", "packed-refs", "ORIG_HEAD", "COMMIT_EDITMSG"):
                continue
            mode = path.lstat().st_mode
            data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            yield relative, f"{mode:o} {data.decode('utf-8', 'surrogateescape')}"


def make_stage(folder: Path, *, own_branch: bool = False) -> Stage:
    """A mission of three work packages in two lanes, accepted; and a user with work of their own in the checkout.

    Args:
        own_branch: the mission has a branch and a worktree of its own.

    Something of the user's is changed, staged, new, ignored and stashed.
    """
    project: Project = make_project(folder / "project")
    for sample in (project.path / ".git/hooks").iterdir():
        sample.unlink()
    for name in ("changed.txt", "removed.txt"):
        project.git.write(name, "as it was\n")
    if own_branch:
        config = project.path / ".kittify/config.yaml"
        config.write_text(config.read_text() + "missions: {start_branch: true}\n")
    project.git.commit("old files")
    found = story(
        project,
        Task("WP01", owns=("a/**",)),
        Task("WP02", owns=("b/**",)),
        Task("WP03", needs=("WP01", "WP02"), owns=("c/**",)),
    )
    found.do("WP01", a__f_txt="a\n", removed_txt=None)
    found.do("WP02", b__f_txt="b\n", changed_txt="as it is now\n")
    found.do("WP03", c__f_txt="c\n")
    found.accept().ok()
    git = found.git
    git("init", "-q", "--bare", "-b", "main", "--template=", str(folder / "remote.git"))
    git("remote", "add", "origin", str(folder / "remote.git"))
    git("push", "-q", "-u", "origin", "main")
    (project.path / ".git/info/exclude").write_text("*.o\n")
    git.write("README.md", "# Put aside by the user\n")
    git("stash", "-q")
    git.write("README.md", "# Changed by the user\n")
    git.write("staged.txt", "staged by the user\n")
    git("add", "staged.txt")
    git.write("mine.txt", "the user's own\n")
    git.write("a/mine.o", "ignored\n")
    git("repack", "-adq")
    stage = Stage(found, folder / "template")
    stage.keep()
    return stage
