"""Which files of a checkout are a work package's."""

from __future__ import annotations

from specify_cli.core.work_packages import WorkPackage
from specify_cli.workspaces.lookup import ROOT, Workspace


def owned_paths(package: WorkPackage) -> tuple[str, ...]:
    """A work package's owned files as git path patterns."""
    return tuple(f":(glob){pattern}{'**' if pattern.endswith('/') else ''}" for pattern in package.owned_files)


def scope_of(package: WorkPackage, workspace: Workspace) -> tuple[str, ...]:
    """What counts as this work package's files: in lane-planning the owned ones, in a worktree all."""
    return owned_paths(package) if workspace.kind == ROOT else ()
