"""The facts that a move to review depends on, read from git and the mission's documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from specify_cli.conditions.review_rules import WorkFacts
from specify_cli.core.rendered import TASKS
from specify_cli.core.subtasks import boxes, subtask_states, subtasks_for
from specify_cli.core.tasks_document import subtasks_of
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.paths import SPECS, discover
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.status.holders import WORKING
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot
from specify_cli.workspaces.astray import Held, astray, committed_beside
from specify_cli.workspaces.lookup import ROOT, Workspace
from specify_cli.workspaces.markers import Marked, brought
from specify_cli.workspaces.scope import done_there, left_over, owns, scope_of, work_paths
from specify_cli.workspaces.taken_in import set_back
from specify_cli.workspaces.unfinished import inside, unmerged


def reviewed_head(events: Sequence[StatusEvent], wp_id: str) -> str | None:
    """The commit that a reviewer rejected last, while no newer one went to review; else None."""
    head: str | None = None
    rejected = False
    for event in events:
        if event.wp_id != wp_id:
            continue
        if event.to_lane is Lane.FOR_REVIEW and event.workspace is not None:
            head, rejected = _text(event.workspace.get("head")) or head, False
        elif event.from_lane in (Lane.IN_REVIEW, Lane.APPROVED) and event.to_lane in (Lane.PLANNED, Lane.IN_PROGRESS):
            rejected = True
    return head if rejected else None


def open_subtasks(place: MissionPlace, package: WorkPackage, events: Sequence[MissionEvent]) -> tuple[str, ...]:
    """Subtasks of a work package that are not done.

    Args:
        events: the mission log.
    """
    found = boxes(place)
    states = subtask_states(place, events, found)
    return tuple(each for each in subtasks_for(package, found) if not states.get(each, False))


class _Logs(Protocol):
    @property
    def events(self) -> list[StatusEvent]: ...

    @property
    def mission_events(self) -> list[MissionEvent]: ...

    @property
    def snapshot(self) -> StatusSnapshot: ...


def work_facts(
    place: MissionPlace, package: WorkPackage, workspace: Workspace | None, status: _Logs
) -> tuple[WorkFacts, str | None]:
    """The facts of a work package that wants to go to review, and the head of its work.

    Args:
        workspace: where it was worked on in this clone, or None.
        status: the mission's logs.
    """
    open_ids = open_subtasks(place, package, status.mission_events)
    lane = status.snapshot.lane_of(package.id)
    if workspace is None or not workspace.path.is_dir():
        return WorkFacts(package.id, place.slug, None, open_subtasks=open_ids, lane=lane), None
    state = status.snapshot.work_packages.get(package.id)
    since = state["holder_since"] if state is not None and lane in WORKING else None
    git = Git(workspace.path)
    here = discover(workspace.path).here()
    branch = here.branch if here else None
    scope = scope_of(package, workspace)
    head = git.resolve("HEAD")
    copied = f"{SPECS}/{place.slug}/"
    changes = [change for change in git.changes(*scope) if workspace.kind == ROOT or not change.path.startswith(copied)]
    paths = work_paths(package, workspace, place.slug)
    changed = tuple(git.changed_between(workspace.begun, head, *paths)) if head else ()
    if head and workspace.kind != ROOT:
        changed = done_there(git, workspace.begun, head, f"refs/heads/{place.target_branch}", changed)
        changed = changed or set_back(place, git, workspace.begun, head)
    left = left_over(package, workspace, changes)
    commits = len(git.commits(f"{workspace.begun}..HEAD", *scope)) if head else 0
    before = reviewed_head(status.events, package.id)
    stale = before is not None and not _changed_since(git, before, scope)
    elsewhere = branch != workspace.branch
    tip = git.branch_tip(workspace.branch) if elsewhere else None
    facts = WorkFacts(
        package.id,
        place.slug,
        str(workspace.path),
        workspace.branch,
        (branch or "a detached HEAD") if elsewhere else None,
        tuple(change.path for change in changes if change.path not in left),
        commits,
        before if stale else None,
        open_ids,
        () if workspace.kind == ROOT else _ticked_in_copy(place, workspace.path, open_ids),
        lane,
        bool(elsewhere and commits and tip and head and git.is_ancestor(tip, head)),
        here.busy if here and workspace.kind != ROOT else "",
        unmerged(changes),
        changed,
        tuple(left),
        _outside(git, package, workspace, changed) if commits else (),
        tuple(astray(place, [Held(package, workspace, since)])) if since else (),
        committed_beside(place, Held(package, workspace, since)) if since and head and not commits else (),
        inside(git.root, (change.path for change in changes)),
    )
    return facts, head


def work_markers(
    place: MissionPlace, package: WorkPackage, workspace: Workspace | None, events: Sequence[StatusEvent]
) -> tuple[Marked, ...]:
    """Files into which the work on a package brought conflict markers.

    Args:
        workspace: where it was worked on in this clone; without one, the commits are those that were handed over.
        events: the moves.
    """
    git = place.git
    if workspace is not None:
        base, head, scope = workspace.base, f"refs/heads/{workspace.branch}", scope_of(package, workspace)
        lane_id, tree = workspace.lane_id, workspace.path
    else:
        handed = [each.workspace for each in events if each.wp_id == package.id and each.workspace is not None]
        told = handed[-1] if handed else {}
        base, head = (_text(told.get(name)) or "" for name in ("base", "head"))
        lane_id, tree, scope = _text(told.get("lane_id")) or "", git.root, ()
        # In lane-planning there are no commits but the target's, and others make these too.
        if lane_id == PLANNING_LANE_ID or not base or not head:
            return ()
    try:
        # What the target had when it was brought in is not this work's.
        target = f"refs/heads/{place.target_branch}"
        found = brought(git, [base, target], head, *scope, outside=place.relative, rules=target)
    except GitFailed:
        return ()  # these commits are not in this clone
    return tuple(Marked(path, tuple(lines), lane_id, (package.id,), str(tree)) for path, lines in found.items())


def _outside(git: Git, package: WorkPackage, workspace: Workspace, changed: Sequence[str]) -> tuple[str, ...]:
    """Files that the work changed although it does not own them; what a merge brought in is none."""
    found = [path for path in changed if workspace.kind != ROOT and not owns(package, path)]
    return tuple(sorted(set(found).intersection(git.written_in(f"{workspace.begun}..HEAD")))) if found else ()


def _changed_since(git: Git, before: str, scope: tuple[str, ...]) -> bool:
    """Whether the work is another than the one that was reviewed; a new commit with the same files is not."""
    return git.resolve(before) is None or bool(git.changed_between(before, "HEAD", *scope))


def _ticked_in_copy(place: MissionPlace, worktree: Path, open_ids: tuple[str, ...]) -> tuple[str, ...]:
    text = files.read_text(worktree / SPECS / place.slug / TASKS)
    ticked = {box.id for listed in subtasks_of(text or "").values() for box in listed if box.done}
    return tuple(each for each in open_ids if each in ticked)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
