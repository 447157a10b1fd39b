"""Which files of a checkout are a work package's."""

from __future__ import annotations

from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.paths import SPECS
from specify_cli.workspaces.lookup import ROOT, Workspace


def owned_paths(package: WorkPackage) -> tuple[str, ...]:
    """A work package's owned files as git path patterns."""
    return tuple(f":(glob){pattern}{'**' if pattern.endswith('/') else ''}" for pattern in package.owned_files)


def scope_of(package: WorkPackage, workspace: Workspace) -> tuple[str, ...]:
    """What counts as this work package's files: in lane-planning the owned ones, in a worktree all."""
    return owned_paths(package) if workspace.kind == ROOT else ()


def work_paths(package: WorkPackage, workspace: Workspace, slug: str) -> tuple[str, ...]:
    """What a work package can change: in a worktree all but the lane's copy of the mission, which nobody reads."""
    return scope_of(package, workspace) or lane_paths(slug)


def lane_paths(slug: str) -> tuple[str, ...]:
    """Everything below a lane's worktree but its copy of the mission."""
    return ".", f":(top,exclude){SPECS}/{slug}"
