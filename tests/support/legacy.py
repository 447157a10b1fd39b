"""Projects that old releases left behind, rebuilt as git repositories (tests/fixtures/legacy/README.md)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.git import Repo, make_repo

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "legacy"
SLUG = "001-tea-timer"
NEWER = "3.2.7"
_HIDDEN = {"_gitignore": ".gitignore", "_gitattributes": ".gitattributes"}
_PER_MISSION = ("0.2.20", "0.4.8", "0.9.4", "0.10.8")
_COORD = "kitty/mission-tea-timer-01M7WYS3"

# Version -> folder below .worktrees -> branch, as the column «git at the end» tells.
_FEATURE = {SLUG: SLUG}
_PER_WP = {f"{SLUG}-{wp}": f"{SLUG}-{wp}" for wp in ("WP01", "WP02")}
_PER_LANE = {f"{SLUG}-{lane}": f"kitty/mission-{SLUG}-{lane}" for lane in ("lane-a", "lane-b")}
_NEWER = {"tea-timer-01M7WYS3-coord": _COORD} | {
    f"tea-timer-01M7WYS3-{lane}": f"{_COORD}-{lane}" for lane in ("lane-a", "lane-b")
}
VERSIONS = tuple(
    sorted(
        (path.name for path in FIXTURES.iterdir() if path.is_dir()),
        key=lambda name: [int(part) for part in name.partition("-")[0].split(".")],
    )
)
OLD = tuple(version for version in VERSIONS if version != NEWER)


@dataclass(frozen=True, slots=True)
class Legacy:
    """A project of an old release.

    Args:
        version: the name of its fixture.
        path: its main checkout.
        git: git there.
        home: the user's folder `.spec-kitty`, which the environment of the test names.
    """

    version: str
    path: Path
    git: Repo
    home: Path

    @property
    def lives(self) -> Path:
        """The checkout that the mission's documents are in."""
        return self.path / ".worktrees" / SLUG if self.version in _PER_MISSION else self.path

    @property
    def mission(self) -> Path:
        """The mission's folder."""
        return self.lives / "kitty-specs" / SLUG


def worktrees_of(version: str) -> Mapping[str, str]:
    """Folder below `.worktrees` -> branch."""
    if version == NEWER:
        return _NEWER
    if version in _PER_MISSION:
        return _FEATURE
    return _PER_LANE if version == "3.1.1" else _PER_WP


def build(version: str, path: Path) -> Legacy:
    """Rebuild what a release left behind.

    Args:
        version: name of a fixture.
        path: the project's folder, made here.
    """
    source = FIXTURES / version
    git = make_repo(path, commit=False)
    _copy(source, path, leave={".worktrees", "home"})
    if version in {"0.2.20", "0.4.8"}:
        (path / ".kittify" / "active-mission").unlink()
        (path / ".kittify" / "active-mission").symlink_to("missions/software-dev")
    git.write(".git/info/exclude", ".worktrees/\n")
    git.commit("the project")
    if version == NEWER:
        git("switch", "-q", "-c", "tea-work")
    if version in {"3.1.1", NEWER}:
        git("branch", f"kitty/mission-{SLUG}" if version == "3.1.1" else _COORD)
    for folder, branch in worktrees_of(version).items():
        _worktree(git, source, folder, branch)
    return Legacy(version, path, git, _home(source))


def _worktree(git: Repo, source: Path, folder: str, branch: str) -> None:
    where = git.path / ".worktrees" / folder
    known = git("branch", "--list", branch)
    git("worktree", "add", "-q", str(where), *([branch] if known else ["-b", branch]))
    if (source / ".worktrees" / folder).is_dir():
        _copy(source / ".worktrees" / folder, where, leave=set())
        Repo(where).commit("the mission")


def _home(source: Path) -> Path:
    home = Path(os.environ["SPEC_KITTY_STATE_HOME"])
    if (source / "home" / ".spec-kitty").is_dir():
        _copy(source / "home" / ".spec-kitty", home, leave=set())
    return home


def _copy(source: Path, target: Path, leave: set[str]) -> None:
    def left(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder) == source and name in leave]

    shutil.copytree(source, target, ignore=left, dirs_exist_ok=True)
    for hidden, name in _HIDDEN.items():
        if (target / hidden).exists():
            (target / hidden).rename(target / name)
