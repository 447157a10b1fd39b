"""What a repository asks to have run or copied, and what of it this clone was told to trust.

In new worktrees a hook runs and files are copied; on the forecast merge `accept` runs the project's tests.

A cloned repository makes the tool run and copy nothing by itself: a person is shown the hook and the list of files,
and their hashes are kept in the git folder of this clone, where no commit reaches (formats.md, Trust).
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path, PurePosixPath

from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.fields import TEXT, Fields, Schema
from specify_cli.kernel.paths import KITTIFY, Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import is_lane_branch

HOOK = "worktree-setup"
HOOK_PATH = f"{KITTIFY}/hooks/{HOOK}"
COPY = "worktree.copy"
TESTS = "accept.tests"
LARGEST_HOOK = 1 << 20
STORE = "trust.json"
FIELDS: Schema = dict.fromkeys((HOOK, COPY, TESTS), Fields({"sha256": TEXT, "at": TEXT}))


class TrustState(StrEnum):
    """What this clone thinks of what is asked."""

    TRUSTED = "trusted"
    CHANGED = "changed"
    UNTRUSTED = "untrusted"
    MISSING = "missing"


@frozen
class Wish:
    """The set-up hook, the list of files to copy, or that of the tests.

    Args:
        name: `worktree-setup`, `worktree.copy` or `accept.tests`.
        path: the hook, links followed; for a list the settings it stands in.
        lines: the hook's text, the listed files, or the commands as one would type them.
        sha256: of the hook's bytes, or of the list.
        problem: why nobody can trust it; empty where one can.
        trusted_at: when what it says now was trusted.
    """

    name: str
    path: Path
    state: TrustState
    lines: tuple[str, ...] = ()
    sha256: str = ""
    problem: str = ""
    trusted_at: str | None = None

    @property
    def trusted(self) -> bool:
        """Whether it may be done."""
        return self.state is TrustState.TRUSTED

    @property
    def why(self) -> str:
        """Why it is not done; empty where it is."""
        said = {
            TrustState.CHANGED: "it has changed since it was trusted",
            TrustState.UNTRUSTED: "nobody has trusted it",
        }
        return self.problem or said.get(self.state, "")

    @property
    def hint(self) -> Command:
        """The command for what is not trusted."""
        if self.problem:
            return command(*(("chmod", "+x") if "executable" in self.problem else ("ls", "-lL")), self.path)
        return spec_kitty("hooks trust")

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {
            "name": self.name,
            "path": str(self.path),
            "state": self.state.value,
            "lines": list(self.lines),
            "sha256": self.sha256 or None,
            "problem": self.problem or None,
            "trusted_at": self.trusted_at,
        }


def project_of(repo: Repository, home: Checkout | None = None) -> Path:
    """The working tree whose hook counts: a mission's home, else where one stands, but never that of a lane."""
    if home is not None:
        return home.path
    here = repo.here()
    return repo.root if here is not None and is_lane_branch(here.branch or "") else repo.checkout


def wishes(repo: Repository, project: Path, config: Config) -> tuple[Wish, Wish]:
    """What new worktrees of a project are set up with, in the order in which it is done. Nothing is written.

    Raises:
        Refused: `MALFORMED_JSON`: what was trusted cannot be read.
    """
    known = files.read_json(_store(repo)) or {}
    return _list(project, config.worktree_copy, known), _hook(project, known)


def tests_wish(repo: Repository, project: Path, config: Config) -> Wish:
    """The tests that a project wants to be run before a mission is accepted.

    A list that was trusted and is gone has changed like any other: nobody drops the tests of a project unseen.

    Raises:
        Refused: `MALFORMED_JSON`: what was trusted cannot be read.
    """
    known, path = files.read_json(_store(repo)) or {}, project / KITTIFY / "config.yaml"
    listed = config.accept_tests
    digest = sha256(json.dumps(listed).encode())
    entry = known.get(TESTS)
    if not listed and (not isinstance(entry, dict) or entry.get("sha256") == digest):
        return Wish(TESTS, path, TrustState.MISSING)
    return _judged(TESTS, path, tuple(map(Command, listed)), digest, "", known)


def trust(repo: Repository, chosen: Iterable[Wish]) -> None:
    """Remember that these wishes are trusted as they were shown."""
    with locks.held(repo.state / "locks" / "trust.lock", doing="trust hooks"):
        known = files.read_json(_store(repo)) or {}
        at = clock.stamp()
        files.write_json(_store(repo), {**known, **{each.name: {"sha256": each.sha256, "at": at} for each in chosen}})


def leads_to(project: Path, name: str) -> tuple[Path, str]:
    """Where a path that a repository names leads, and why it may not be used; empty where it may.

    Args:
        name: a path below `project`, as it was written down.
    """
    path, parts = project / name, PurePosixPath(name).parts
    if PurePosixPath(name).is_absolute() or ".." in parts:
        return path, "it leads out of the project"
    try:
        found, root = path.resolve(strict=True), project.resolve()
        regular = stat.S_ISREG(found.stat().st_mode)
    except FileNotFoundError:
        return path, "there is no such file"
    except (OSError, RuntimeError, ValueError):
        return path, "it cannot be reached"
    if not found.is_relative_to(root):
        return found, "it leads out of the project"
    if any(part.lower() == ".git" for part in found.relative_to(root).parts):
        return found, "it lies in git's own folder"
    return found, "" if regular else "it is not a regular file"


def _hook(project: Path, known: dict[str, object]) -> Wish:
    path = project / HOOK_PATH
    if not path.exists() and not path.is_symlink():
        return Wish(HOOK, path, TrustState.MISSING)
    found, problem = leads_to(project, HOOK_PATH)
    if not problem and found.stat().st_size > LARGEST_HOOK:
        problem = "it is larger than 1 MiB"
    data = b"" if problem else files.read_bytes(found) or b""
    if b"\0" in data:
        problem = "it is no text"
    elif not problem and not os.access(found, os.X_OK):
        problem = "it is not executable"
    lines = () if problem else tuple(data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n"))
    return _judged(HOOK, found, lines, sha256(data), problem, known)


def _list(project: Path, listed: tuple[str, ...], known: dict[str, object]) -> Wish:
    path = project / KITTIFY / "config.yaml"
    if not listed:
        return Wish(COPY, path, TrustState.MISSING)
    return _judged(COPY, path, listed, sha256(json.dumps(listed).encode()), "", known)


def _judged(name: str, path: Path, lines: tuple[str, ...], digest: str, problem: str, known: dict[str, object]) -> Wish:
    entry = known.get(name)
    before, at = (entry.get("sha256"), entry.get("at")) if isinstance(entry, dict) else (None, None)
    if before == digest and not problem:
        return Wish(name, path, TrustState.TRUSTED, lines, digest, trusted_at=str(at))
    state = TrustState.CHANGED if before else TrustState.UNTRUSTED
    return Wish(name, path, state, lines, "" if problem else digest, problem)


def _store(repo: Repository) -> Path:
    return repo.state / STORE
