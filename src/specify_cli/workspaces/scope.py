"""Which files of a checkout are a work package's."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.git_read import Change
from specify_cli.kernel.paths import SPECS
from specify_cli.lanes import globs
from specify_cli.workspaces.lookup import ROOT, Workspace


def owned_paths(package: WorkPackage) -> tuple[str, ...]:
    """A work package's owned files as git path patterns."""
    return tuple(
        f":(glob){pattern}{'**' if pattern.endswith('/') else ''}"
        for pattern in package.owned_files
        if "\0" not in pattern
    )


def owns(package: WorkPackage, path: str) -> bool:
    """Whether a file of the project is a work package's own; where it owns nothing by name, every file is."""
    return not package.owned_files or any(globs.covers(pattern, path) for pattern in package.owned_files)


def left_over(package: WorkPackage, workspace: Workspace, changes: Sequence[Change]) -> list[str]:
    """Untracked files in a worktree that are not the work package's own: they stay where they are, in no commit."""
    if workspace.kind == ROOT:
        return []
    return [change.path for change in changes if change.state == "??" and not owns(package, change.path)]


def scope_of(package: WorkPackage, workspace: Workspace) -> tuple[str, ...]:
    """What counts as this work package's files: in lane-planning the owned ones, in a worktree all."""
    return owned_paths(package) if workspace.kind == ROOT else ()


def work_paths(package: WorkPackage, workspace: Workspace, slug: str) -> tuple[str, ...]:
    """What a work package can change: in a worktree all but the lane's copy of the mission, which nobody reads."""
    return scope_of(package, workspace) or lane_paths(slug)


def done_there(git: Git, begun: str, head: str, target: str, changed: Sequence[str]) -> tuple[str, ...]:
    """Of the files that differ since work began in a lane, those that the work changed; the target changed the rest.

    Args:
        changed: the files that differ between `begun` and `head`.
        target: the target's commit or branch.
    """
    if not changed:
        return ()
    try:
        own = _written(git, begun, head, target, changed)
        if own.isdisjoint(changed) and git.is_ancestor(head, target):
            # A host that merged the lane has it beside its own line; a lane that only took the target in is on that.
            taken_in = head in git.run("rev-list", "--first-parent", f"{begun}..{target}").split()
            return () if taken_in else tuple(changed)
    except GitFailed:
        return tuple(changed)  # the target is not in this clone
    return tuple(path for path in changed if path in own)


def _written(git: Git, begun: str, head: str, target: str, changed: Sequence[str]) -> set[str]:
    """Files that commits of a lane change which the target does not have; of a merge, what it says beside its sides."""
    own = set(git.written_in(f"{begun}..{head}", f"^{target}", sides=True))
    if own.isdisjoint(changed):
        for commit in git.run("rev-list", "--merges", f"{begun}..{head}", f"^{target}").split():
            own.update(git.changed_between(git.merge_tree(f"{commit}^1", f"{commit}^2").tree, commit))
    return own


def lane_paths(slug: str) -> tuple[str, ...]:
    """Everything below a lane's worktree but its copy of the mission."""
    return ".", f":(top,exclude){SPECS}/{slug}"
