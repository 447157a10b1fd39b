"""The Lamport clock, the identity of a checkout and what git says, where the ground is not firm."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from specify_cli.kernel import clock as time
from specify_cli.kernel.paths import discover
from specify_cli.sync.clock import LamportClock, generate_node_id
from specify_cli.sync.git_metadata import GitMetadata, GitMetadataResolver
from specify_cli.sync.project_identity import ensure_identity
from tests.support.git import Repo, make_repo
from tests.support.project import make_project
from tests.support.syncing import World, code_of
from tests.sync.hostile.row import Row


def _clock(content: bytes | None, after: int) -> Callable[[World], None]:
    """The first tick of a clock with this file, where the greatest value known elsewhere is 41."""

    def check(world: World) -> None:
        lamport = LamportClock(known=lambda: 41)
        if content is not None:
            lamport.path.write_bytes(content)
        assert lamport.tick() == range(after, after + 1)
        assert lamport.tick(3) == range(after + 1, after + 4)
        assert lamport.receive(10_000) == 10_001
        assert lamport.receive("no number") == 10_002
        assert lamport.path.stat().st_mode & 0o777 == 0o600

    return check


def _directory(world: World) -> None:
    LamportClock().path.mkdir()
    assert code_of(LamportClock().tick) == "FILE_UNUSABLE"


_TICKS = "from specify_cli.sync.clock import LamportClock\nfor _ in range(25): print(*LamportClock().tick(2))"


def _concurrent(world: World) -> None:
    started = [subprocess.Popen([sys.executable, "-c", _TICKS], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    values = [int(word) for process in started for word in process.communicate()[0].split()]
    assert sorted(values) == list(range(1, 201))


def _renamed(world: World) -> None:
    LamportClock().tick()
    path = LamportClock().path
    path.write_text(path.read_text(encoding="utf-8").replace(generate_node_id(), "0123456789ab"), encoding="utf-8")
    LamportClock().tick()
    assert LamportClock().node_id == "0123456789ab"


def _nameless(world: World) -> None:
    def nobody() -> NoReturn:
        raise KeyError("getpwuid(): uid not found: 12345")

    world.patch.setattr(getpass, "getuser", nobody)
    assert len(generate_node_id()) == 12
    assert generate_node_id() == generate_node_id()


def _says(git: Repo) -> GitMetadata:
    return GitMetadataResolver(git.path, patience=0.3).resolve()


def _detached(world: World) -> None:
    git = make_repo(world.path / "repo")
    git("checkout", "--quiet", "--detach")
    assert _says(git) == GitMetadata("HEAD", git("rev-parse", "HEAD").strip())


def _no_commits(world: World) -> None:
    folder = world.path / "fresh"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    assert GitMetadataResolver(folder).resolve() == GitMetadata()


def _no_git(world: World) -> None:
    git = make_repo(world.path / "repo")
    world.patch.setenv("PATH", str(world.path / "nothing"))
    assert _says(git) == GitMetadata()


def _hanging(world: World) -> None:
    git = make_repo(world.path / "repo")
    shim = world.path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 20\n", encoding="utf-8")
    shim.chmod(0o755)
    world.patch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    begun = time.monotonic()
    assert _says(git) == GitMetadata()
    assert time.monotonic() - begun < 3


def _origin(url: str, slug: str | None) -> Callable[[World], None]:
    def check(world: World) -> None:
        world.project.git("remote", "add", "origin", url)
        assert ensure_identity(discover(world.project.path)).repo_slug == slug

    return check


def _override(value: str, slug: str | None) -> Callable[[World], None]:
    def check(world: World) -> None:
        world.project.git("remote", "add", "origin", "git@host:from/origin.git")
        path = world.project.path / ".kittify" / "config.yaml"
        text = path.read_text(encoding="utf-8").replace("repo_slug: null", f"repo_slug: {value}")
        path.write_text(text, encoding="utf-8")
        assert ensure_identity(discover(world.project.path)).repo_slug == slug

    return check


def _build_id(folder: Path) -> str:
    return ensure_identity(discover(folder)).build_id


def _worktree(world: World) -> None:
    main = world.project.path
    other = world.path / "other"
    world.project.git("worktree", "add", "--quiet", str(other))
    first, second = ensure_identity(discover(main)), ensure_identity(discover(other / "kitty-specs"))
    assert first.build_id != second.build_id
    assert (first.project_uuid, first.node_id) == (second.project_uuid, second.node_id)
    assert (_build_id(main), _build_id(other)) == (first.build_id, second.build_id)
    assert world.project.git("status", "--porcelain") == ""


def _clone(world: World) -> None:
    other = world.path / "clone"
    world.project.git("clone", "--quiet", ".", str(other))
    one, two = ensure_identity(discover(world.project.path)), ensure_identity(discover(other))
    assert one.project_uuid == two.project_uuid
    assert one.build_id != two.build_id


def _copy(world: World) -> None:
    """A copied folder is another checkout; a moved one is the same."""
    main = world.project.path
    build = _build_id(main)
    copy = shutil.copytree(main, world.path / "copy", symlinks=True)
    assert _build_id(copy) != build
    moved = main.rename(world.path / "moved")
    assert _build_id(moved) == build


def _damaged(world: World) -> None:
    build = _build_id(world.project.path)
    path = world.project.path / ".git" / "spec-kitty" / "checkout.json"
    path.write_text(path.read_text(encoding="utf-8").replace(build, "x"), encoding="utf-8")
    assert code_of(lambda: _build_id(world.project.path)) == "RECORD_INVALID"


def _nested(world: World) -> None:
    one = ensure_identity(discover(world.project.path))
    two = ensure_identity(discover(make_project(world.project.path / "vendor" / "inner").path))
    assert one.project_uuid != two.project_uuid
    assert one.build_id != two.build_id


def _odd_branch(world: World) -> None:
    git = make_repo(world.path / "repo")
    subprocess.run([b"git", b"switch", b"--quiet", b"-c", b"caf\xe9"], cwd=git.path, check=True)
    found = _says(git)
    assert found.git_branch == "caf\ufffd"
    json.dumps(found.git_branch, ensure_ascii=False).encode()


_CLOCKS = "clock.json variants in 2.5"
_ORIGINS = "origin URL forms"
_IDS = "worktree vs main checkout build_id"

ROWS: tuple[Row, ...] = (
    Row(_CLOCKS, "missing", "goes on after what is known", _clock(None, 42)),
    Row(_CLOCKS, "[]", "goes on after what is known", _clock(b"[]", 42)),
    Row(_CLOCKS, "null", "goes on after what is known", _clock(b"null", 42)),
    Row(_CLOCKS, "not UTF-8", "goes on after what is known", _clock(b'\xff{"value": 7}', 42)),
    Row(_CLOCKS, "a text", "goes on after what is known", _clock(b'{"value": "abc"}', 42)),
    Row(_CLOCKS, "negative", "goes on after what is known", _clock(b'{"value": -3}', 42)),
    Row(_CLOCKS, "a fraction", "goes on after what is known", _clock(b'{"value": 7.5}', 42)),
    Row(_CLOCKS, "true", "goes on after what is known", _clock(b'{"value": true}', 42)),
    Row(_CLOCKS, "beyond all numbers", "goes on after what is known", _clock(b'{"value": 1' + b"0" * 400 + b"}", 42)),
    Row(_CLOCKS, "torn", "goes on after what is known", _clock(b'{"value": 7', 42)),
    Row(_CLOCKS, "whole", "goes on", _clock(b'{"value": 7, "node_id": 3}', 8)),
    Row(_CLOCKS, "folder", "refused", _directory),
    Row("concurrent ticks (unique values)", "4 processes", "200 values, none twice", _concurrent),
    Row("hostname change", "stored node", "keeps its name", _renamed),
    Row("no username", "none", "a name all the same", _nameless),
    Row("detached HEAD", "detached", "HEAD and the commit", _detached),
    Row("no commits", "fresh", "null", _no_commits),
    Row("no git binary", "PATH", "null", _no_git),
    Row("git hanging > 5 s", "hangs", "null, in time", _hanging),
    Row(_ORIGINS, "scp", "its path", _origin("git@host.example:team/sub/repo.git/", "team/sub/repo")),
    Row(
        _ORIGINS, "https with a password", "its path alone", _origin("https://a:b@host/team/repo.git?x=1", "team/repo")
    ),
    Row(_ORIGINS, "ssh with a port", "its path", _origin("ssh://git@host:22/team/repo", "team/repo")),
    Row(_ORIGINS, "file", "null", _origin("file:///srv/team/repo.git", None)),
    Row(_ORIGINS, "local path", "null", _origin("../team/repo", None)),
    Row(_ORIGINS, "one segment", "null", _origin("https://host/repo", None)),
    Row(_ORIGINS, "own choice", "wins", _override("mine/too", "mine/too")),
    Row(_ORIGINS, "own choice that is none", "the origin's", _override("mine//", "from/origin")),
    Row(_IDS, "worktree", "each its own, and keeps it; nothing in git", _worktree),
    Row(_IDS, "clone", "another", _clone),
    Row(_IDS, "copied and moved folder", "another and the same", _copy),
    Row(_IDS, "damaged file", "refused", _damaged),
    Row("nested repo", "inner project", "an identity of its own", _nested),
    Row("non-UTF-8 branch name", "latin-1", "replaced, can be sent", _odd_branch),
)
