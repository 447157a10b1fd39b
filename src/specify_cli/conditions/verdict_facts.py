"""The facts that an approval depends on: what was shown to the reviewer, and what is there now."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.conditions.verdict_rules import VerdictFacts
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.paths import SPECS
from specify_cli.lanes.branch_naming import lane_branch_name
from specify_cli.lanes.models import ExecutionLane, LanesManifest
from specify_cli.status.approvals import ReviewRecord, review_record
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot
from specify_cli.workspaces.lookup import Workspace
from specify_cli.workspaces.scope import done_there, lane_paths, owned_paths, scope_of
from specify_cli.workspaces.taken_in import set_back
from specify_cli.workspaces.unfinished import inside


def verdict_facts(
    place: MissionPlace,
    package: WorkPackage,
    manifest: LanesManifest | None,
    workspace: Workspace | None,
    events: Sequence[StatusEvent],
    snapshot: StatusSnapshot,
) -> VerdictFacts:
    """The facts of a work package that is to be approved.

    Args:
        workspace: where it was worked on in this clone, or None.
        events, snapshot: the status log and its fold.
    """
    this = review_record(events, package.id)
    lane = manifest.lane_for_wp(package.id) if manifest else None
    if lane is not None and lane.is_planning:
        return _planning(place, package, workspace, this)
    branch = this.branch or (workspace.branch if workspace else None) or _branch(place, lane)
    there = workspace if workspace is not None and workspace.path.is_dir() else None
    tip = place.git.branch_tip(branch) if branch else None
    limit = next_base(lane, events, snapshot, package.id)
    now = limit or tip
    head = this.reviewed or now
    base = this.start or this.base or (workspace.begun if workspace else None)
    if base is None and head is not None:
        base = place.git.merge_base(head, place.target_branch)
    changed = changed_of_lane(place.git, place, base, head)
    dirty = _dirty(place, there, package) if there is not None and not _in_use(lane, snapshot, package.id) else ()
    return VerdictFacts(
        package.id, place.slug, this.reviewed, now, base, changed,
        workspace=str(there.path) if there else None, branch=branch or "", dirty=dirty, no_change=this.no_change,
        inside=inside(there.path, dirty) if there else (),
    )  # fmt: skip


def _planning(
    place: MissionPlace, package: WorkPackage, workspace: Workspace | None, this: ReviewRecord
) -> VerdictFacts:
    scope = owned_paths(package)
    now = place.git.branch_tip(place.target_branch)
    head = this.reviewed or now
    base = this.start or this.base or (workspace.begun if workspace else None)
    changed = _changed(place.git, base, head, *scope)
    later = _changed(place.git, this.reviewed, now, *scope) if this.reviewed != now else ()
    # Others commit to the target too: what counts is whether these files are still those that were shown.
    same = this.reviewed is None or later == ()
    dirty = tuple(change.path for change in place.git.changes(*scope)) if place.home and scope else ()
    return VerdictFacts(
        package.id, place.slug, this.reviewed, this.reviewed if same else now, base, changed,
        workspace=str(place.git.root), branch=place.target_branch, dirty=dirty, no_change=this.no_change,
    )  # fmt: skip


def next_base(
    lane: ExecutionLane | None, events: Sequence[StatusEvent], snapshot: StatusSnapshot, wp_id: str
) -> str | None:
    """Where the next work package of the lane began: what comes after it is that one's; None where none did."""
    if lane is None or wp_id not in lane.wp_ids:
        return None
    later = lane.wp_ids[lane.wp_ids.index(wp_id) + 1 :]
    begun = (other for other in later if snapshot.lane_of(other) not in (Lane.PLANNED, Lane.CANCELED))
    return next((base for other in begun if (base := review_record(events, other).base) is not None), None)


def changed_of_lane(git: Git, place: MissionPlace, base: str | None, head: str | None) -> tuple[str, ...] | None:
    """Files that a work package changed between its base and its head, but for the lane's copy of the mission."""
    found = _changed(git, base, head, *lane_paths(place.slug))
    if found is None or base is None or head is None:
        return found
    return done_there(git, base, head, f"refs/heads/{place.target_branch}", found) or set_back(place, git, base, head)


def _changed(git: Git, base: str | None, head: str | None, *paths: str) -> tuple[str, ...] | None:
    if base is None or head is None:
        return ()
    try:
        return tuple(git.changed_between(base, head, *paths))
    except GitFailed:
        return None  # this clone does not have the commit


def _branch(place: MissionPlace, lane: ExecutionLane | None) -> str | None:
    return lane_branch_name(place.slug, lane.lane_id, place.target_branch) if lane is not None else None


def _in_use(lane: ExecutionLane | None, snapshot: StatusSnapshot, wp_id: str) -> bool:
    """Whether somebody works on another work package in the same worktree: what lies there is theirs."""
    working = (Lane.CLAIMED, Lane.IN_PROGRESS)
    return lane is not None and any(snapshot.lane_of(other) in working for other in lane.wp_ids if other != wp_id)


def _dirty(place: MissionPlace, workspace: Workspace, package: WorkPackage) -> tuple[str, ...]:
    copied = f"{SPECS}/{place.slug}/"
    found = Git(workspace.path).changes(*scope_of(package, workspace))
    return tuple(
        change.path
        for change in found
        if not change.path.startswith(copied) and (change.state != "??" or package.manifest.owns(change.path))
    )
