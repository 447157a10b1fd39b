"""A host of pull requests: a bare repository as `origin`, and a `gh` that answers as the real one does."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.git import Repo

_GH = r"""#!{python}
import json, os, subprocess, sys
folder = {folder!r}
state = os.path.join(folder, "pulls.json")
pulls = json.load(open(state)) if os.path.exists(state) else []
with open(os.path.join(folder, "gh.log"), "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\n")
fails = os.path.join(folder, "fails")
if os.path.exists(fails):
    sys.stderr.write(open(fails).read())
    sys.exit(4)
options = dict(word[2:].split("=", 1) for word in sys.argv[3:] if word.startswith("--") and "=" in word)
head = options["head"]
mine = [each for each in pulls if each["headRefName"] == head]
if sys.argv[1:3] == ["pr", "list"]:
    for each in mine:
        if each["state"] == "OPEN":
            words = ["git", "--git-dir", {origin!r}, "rev-parse", "refs/heads/" + head]
            each["headRefOid"] = subprocess.run(words, capture_output=True, text=True).stdout.strip()
    print(json.dumps([{{name: each[name] for name in options["json"].split(",")}} for each in mine]))
elif sys.argv[1:3] == ["pr", "create"]:
    there = [each for each in mine if each["state"] == "OPEN"]
    if there:
        sys.exit('a pull request for branch "%s" already exists:\n%s' % (head, there[0]["url"]))
    killing = os.path.join(folder, "kills")
    when = open(killing).read() if os.path.exists(killing) else ""
    if when == "before":
        os.kill(os.getppid(), 9)
        sys.exit(1)
    number = len(pulls) + 1
    url = "https://github.example/ada/tea/pull/%d" % number
    body = open(options["body-file"], encoding="utf-8").read()
    pulls.append(dict(number=number, url=url, state="OPEN", headRefName=head, baseRefName=options["base"],
                      title=options["title"], body=body, headRefOid="", isCrossRepository=False))
    with open(state, "w") as sink:
        json.dump(pulls, sink)
    if when == "after":
        os.kill(os.getppid(), 9)
    print("\nCreating pull request for %s into %s in ada/tea\n" % (head, options["base"]), file=sys.stderr)
    print(url)
else:
    sys.exit("unknown command")
"""


@dataclass(frozen=True, slots=True)
class Host:
    """The host of a project's remote.

    Args:
        origin: the bare repository.
        clone: a clone of it, in which its people work.
        folder: where `gh` keeps what it knows.
    """

    origin: Path
    clone: Repo
    folder: Path

    def tip(self, branch: str) -> str:
        """The commit of a branch of the remote."""
        return Repo(self.origin).head(f"refs/heads/{branch}")

    def has(self, branch: str) -> bool:
        """Whether the remote has a branch."""
        return bool(Repo(self.origin)("branch", "--list", branch))

    def pulls(self) -> list[dict[str, Any]]:
        """All pull requests."""
        state = self.folder / "pulls.json"
        found: list[dict[str, Any]] = json.loads(state.read_text()) if state.exists() else []
        return found

    def calls(self) -> list[list[str]]:
        """The words that `gh` was called with."""
        log = self.folder / "gh.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def kills(self, when: str) -> None:
        """The next command of ours dies `before` or `after` its pull request is opened."""
        (self.folder / "kills").write_text(when)

    def spares(self) -> None:
        """No command dies any more."""
        (self.folder / "kills").unlink()

    def breaks(self, said: str) -> None:
        """From now on `gh` fails with these words."""
        (self.folder / "fails").write_text(said)

    def mends(self) -> None:
        """`gh` works again."""
        (self.folder / "fails").unlink()

    def merges(self, number: int = 1, way: str = "merge") -> None:
        """Merge a pull request as the host's button does: `merge` or `squash`; the branch is deleted."""
        pulls = self.pulls()
        pull = pulls[number - 1]
        head, base = pull["headRefName"], pull["baseRefName"]
        git = self.clone
        git("fetch", "-q", "origin")
        git("switch", "-q", "-C", base, f"origin/{base}")
        git("merge", "-q", *(("--squash",) if way == "squash" else ("--no-ff", "-m", "pr")), f"origin/{head}")
        if way == "squash":
            git("commit", "-q", "-m", f"{pull['title']} (#{number})")
        git("push", "-q", "origin", base)
        pull |= {"state": "MERGED", "headRefOid": self.tip(head)}
        git("push", "-q", "origin", "--delete", head)
        (self.folder / "pulls.json").write_text(json.dumps(pulls))


def hosted(git: Repo, folder: Path, monkeypatch: pytest.MonkeyPatch, *, gh: bool = True) -> Host:
    """Give a repository an `origin` that has its `main`, and a `gh` on PATH; without it nothing but git is there."""
    folder.mkdir(parents=True)
    origin, tools = folder / "origin.git", folder / "bin"
    git("init", "-q", "--bare", "-b", "main", str(origin))
    git("remote", "add", "origin", str(origin))
    git("push", "-q", "-u", "origin", "main")
    git("clone", "-q", str(origin), str(folder / "clone"))
    tools.mkdir()
    if gh:
        script = tools / "gh"
        script.write_text(_GH.format(python=sys.executable, folder=str(folder), origin=str(origin)))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    else:
        (tools / "git").symlink_to(str(shutil.which("git")))
        monkeypatch.setenv("PATH", str(tools))
    return Host(origin, Repo(folder / "clone"), folder)
