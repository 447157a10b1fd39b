"""Real git for tests, with one author, who committed everything the day before the test began."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support import today


@dataclass(frozen=True, slots=True)
class Repo:
    """A git repository in a folder; every call is one real git process."""

    path: Path

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """Run git and give its standard output without the last newline."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **today.commit_dates(yesterday=True)},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"git {' '.join(arguments)} gave {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout.removesuffix("\n")

    def write(self, name: str, content: str) -> Path:
        """Write a file of the working tree, making its folder."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def commit(self, message: str = "change", **files: str) -> str:
        """Commit everything there is, with these files (`src__a_py` is `src/a.py`); the commit's id."""
        for name, content in files.items():
            self.write(name.replace("__", "/").replace("_", "."), content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD")

    def status(self) -> str:
        """`git status --porcelain`, empty where the tree is clean."""
        return self("status", "--porcelain", "--untracked-files=all")

    def head(self, ref: str = "HEAD") -> str:
        """The commit that a name stands for."""
        return self("rev-parse", ref)


def make_repo(path: Path, *, commit: bool = True) -> Repo:
    """A new repository on branch `main`, with one commit unless told otherwise."""
    path.mkdir(parents=True, exist_ok=True)
    repo = Repo(path)
    repo("init", "-q", "-b", "main")
    if commit:
        repo.write("README.md", "# A project\n")
        repo.commit("first")
    return repo
