"""What a migration is given, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.status.older import Verdict
from specify_cli.upgrade.draft import Draft


@dataclass(slots=True)
class ProjectCase:
    """A project as it would be.

    Args:
        repo: its repository.
        root: the checkout whose `.kittify` counts.
        draft: its files.
        older: whether a version without a manifest made it.
        version: of this program.
        notices: what a person should know.
    """

    repo: Repository
    root: Path
    draft: Draft
    older: bool
    version: str
    notices: list[Notice] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """A file of the project by its POSIX name."""
        return self.root / name


@dataclass(slots=True)
class MissionCase:
    """A mission as it would be.

    Args:
        place: where everything of it is.
        folder: its folder on disk.
        draft: its files, journals included.
        project_older: whether a version without a manifest made the project.
        project_uuid: of the project; empty where it has none.
        verdicts: where its work packages are, and what says so.
        notices: what a person should know.
    """

    place: MissionPlace
    folder: Path
    draft: Draft
    project_older: bool
    project_uuid: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def names(self, folder: str = "") -> list[str]:
        """Names in a folder of the mission; folders end in a slash."""
        return self.draft.names(self.folder / folder)

    def text(self, name: str) -> str | None:
        """A document of the mission."""
        return self.draft.text(self.folder / name)


@frozen
class ProjectMigration:
    """A change of shape of the project's own files.

    Args:
        id: for `metadata.yaml`.
        version: the release that has this shape.
        summary: what it does, in a few words.
        detect: whether it is wanted; nothing is changed.
        apply: drafts it.
    """

    id: str
    version: str
    summary: str
    detect: Callable[[ProjectCase], bool]
    apply: Callable[[ProjectCase], None]


@frozen
class MissionMigration:
    """A change of shape of a mission; as `ProjectMigration`.

    Args:
        asked: whether it is done only where a person asked for it.
    """

    id: str
    version: str
    summary: str
    detect: Callable[[MissionCase], bool]
    apply: Callable[[MissionCase], None]
    asked: bool = False


Migration = ProjectMigration | MissionMigration
