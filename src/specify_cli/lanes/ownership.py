"""What a work package owns: the files it may write, and how it does its work."""

from __future__ import annotations

from enum import StrEnum

from specify_cli.kernel.values import frozen
from specify_cli.lanes import globs


class ExecutionMode(StrEnum):
    """How a work package does its work: in code on a lane of its own, or in planning documents on the target branch."""

    CODE_CHANGE = "code_change"
    PLANNING_ARTIFACT = "planning_artifact"


@frozen
class OwnershipManifest:
    """What one work package owns.

    Args:
        execution_mode: code or planning documents.
        owned_files: globs below the project, see `lanes.globs`.
        authoritative_surface: the folder the work is about, for people.
        scope: a remark on how far it goes, for people.
    """

    execution_mode: ExecutionMode
    owned_files: tuple[str, ...]
    authoritative_surface: str = ""
    scope: str | None = None

    @property
    def is_planning(self) -> bool:
        """Whether the work is in planning documents."""
        return self.execution_mode is ExecutionMode.PLANNING_ARTIFACT

    def owns(self, path: str) -> bool:
        """Whether a path (POSIX, below the project) is owned."""
        return any(globs.covers(pattern, path) for pattern in self.owned_files)


def invalid_globs(manifest: OwnershipManifest) -> list[tuple[str, str]]:
    """The globs that cannot be owned, each with the reason."""
    found: list[tuple[str, str]] = []
    for pattern in manifest.owned_files:
        try:
            globs.normalise(pattern)
        except ValueError as error:
            found.append((pattern, str(error)))
    return found


def shared_globs(one: OwnershipManifest, other: OwnershipManifest) -> tuple[str, str] | None:
    """The first two globs, one of each, that cover a common path; None where the two own nothing in common."""
    for mine in one.owned_files:
        for yours in other.owned_files:
            if globs.overlaps(mine, yours):
                return mine, yours
    return None
