"""The worktree of a work package: found, repaired or made, with what it depends on already in it.

All of it can be repeated after a crash at any point; a failed step undoes what this run made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from specify_cli.home import MissionPlace, worktrees_folder
from specify_cli.kernel import locks
from specify_cli.kernel.commands import command, git_command
from specify_cli.kernel.errors import NotFound, Refused, SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import Checkout, add_command
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID, lane_branch_name, mission_branch_name
from specify_cli.lanes.models import ExecutionLane, LanesManifest
from specify_cli.status.approvals import ReviewRecord
from specify_cli.workspaces.coverage import reviewed_base
from specify_cli.workspaces.dependencies import Needed, branch_missing, bring_together, still_missing
from specify_cli.workspaces.lookup import LANE, ROOT, Workspace, lane_of
from specify_cli.workspaces.records import (
    LaneRecord,
    Making,
    Span,
    forget_making,
    lane_path,
    note_making,
    read_record,
    write_record,
)
from specify_cli.workspaces.recovery import clear_way, standing, usable
from specify_cli.workspaces.unfinished import in_words, inside, keep_inside, next_command, unmerged


@frozen
class _Asked:
    """How a lane is wanted; see `ensure_workspace`."""

    base: str | None = None
    resume: bool = False
    settle: bool = False
    begun: bool = False
    again: bool = False
    scope: tuple[str, ...] = ()


@frozen
class _Start:
    """Where a lane begins: at its own tip, else at the mission branch (made at the target where there is none)."""

    commit: str
    tip: str | None
    mission_branch: str | None = None


def ensure_workspace(
    place: MissionPlace,
    manifest: LanesManifest | None,
    wp_id: str,
    needed: Sequence[Needed],
    *,
    base: str | None = None,
    resume: bool = False,
    settle: bool = False,
    begun: bool = False,
    again: bool = False,
    scope: Sequence[str] = (),
    records: Mapping[str, ReviewRecord] | None = None,
) -> Workspace:
    """Make the worktree of a work package ready.

    Args:
        place: the mission.
        manifest: its lanes.
        wp_id: the work package.
        needed: the work packages it builds on, with their branches.
        base: start a new lane from this commit instead of the mission branch.
        resume: its holder comes back: the worktree is taken as it is.
        settle: begin without what conflicts; it is merged by hand there, and reviewed with the work.
        begun: the lane holds work already, so a branch that is not here is missed.
        again: bring what it builds on into the lane although that was done when it was claimed.
        scope: git path patterns of its owned files, which must be clean where it begins.
        records: where the mission's work packages stand with their reviews; a new claim begins after what was
            reviewed, so that its own review sees the rest.

    Raises:
        Refused: `NOT_A_GIT_REPOSITORY`, `LANES_MISSING`, `LANE_BRANCH_MISSING`, `WORKTREE_BUSY`, `WORKTREE_DIRTY`,
            `WORKTREE_WRONG_BRANCH`, `WORKSPACE_BLOCKED`, `LANE_BRANCH_IN_USE`, `TARGET_NOT_CHECKED_OUT`.
        Conflict: `DEPENDENCY_CONFLICT`.
    """
    place.repo.require_git()
    lane = lane_of(manifest, place, wp_id)
    with locks.held(place.state / "locks" / "workspaces.lock", timeout=120, doing=f"workspace of {wp_id}"):
        if lane.lane_id == PLANNING_LANE_ID:
            found = _planning(place, wp_id, () if resume else scope)
        else:
            asked = _Asked(base, resume, settle, begun, again, tuple(scope))
            found = _lane(place, lane, wp_id, needed, asked, records)
        return _remember(place, found, again=resume or again)


def obstacles(
    place: MissionPlace,
    manifest: LanesManifest | None,
    wp_id: str,
    needed: Sequence[Needed],
    *,
    begun: bool = False,
    scope: Sequence[str] = (),
) -> list[SpecKittyError]:
    """All that would keep `ensure_workspace` from making a workspace ready for a new claim.

    Nothing is written but objects of git.

    Args:
        needed: as there; left out while the work that it names is not finished.
    """
    if not place.repo.has_git:
        return _errors(place.repo.require_git)
    lane = lane_of(manifest, place, wp_id)
    if lane.lane_id == PLANNING_LANE_ID:
        return _errors(lambda: _planning(place, wp_id, scope))
    branch = lane_branch_name(place.slug, lane.lane_id, place.target_branch)
    record = read_record(place, lane.lane_id)
    known = record is not None and wp_id in record.wps
    refs = place.git.branches("refs/heads")

    def worktree() -> None:
        found = standing(place, lane.lane_id, branch, record.path if record else None)
        if found is not None:
            _check_clean(place, found, branch, wp_id, scope)

    def commits() -> None:
        start = _start(place, refs, branch, begun=begun or record is not None)
        if not known:
            bring_together(place, place.git, refs, start.commit, needed, wp_id, trial=True)

    return [*_errors(worktree), *_errors(commits)]


def _errors(check: Callable[[], object]) -> list[SpecKittyError]:
    try:
        check()
    except SpecKittyError as error:
        return [error]
    return []


def _planning(place: MissionPlace, wp_id: str, scope: Sequence[str]) -> Workspace:
    home = place.feature_dir.parent.parent
    git = Git(home)
    dirty = [change.path for change in git.changes(*scope)] if scope else []
    if dirty:
        raise _dirty(home, dirty, wp_id)
    branch = lane_branch_name(place.slug, PLANNING_LANE_ID, place.target_branch)
    return Workspace(wp_id, PLANNING_LANE_ID, home, branch, git.resolve("HEAD") or "", ROOT)


def _lane(
    place: MissionPlace,
    lane: ExecutionLane,
    wp_id: str,
    needed: Sequence[Needed],
    asked: _Asked,
    records: Mapping[str, ReviewRecord] | None,
) -> Workspace:
    git = place.git
    branch = lane_branch_name(place.slug, lane.lane_id, place.target_branch)
    record = read_record(place, lane.lane_id)
    worktree = usable(place, lane.lane_id, branch, record.path if record else None)
    refs = git.branches("refs/heads")
    if worktree is not None and not asked.resume:
        _check_clean(place, worktree, branch, wp_id, asked.scope)
    start = _start(place, refs, branch, begun=asked.begun or record is not None)
    target = start.commit
    brought: tuple[str, ...] = ()
    missing: tuple[Needed, ...] = ()
    known = record is not None and wp_id in record.wps
    if asked.base is not None and not known:
        target = _asked_base(git, asked.base, start.tip)
        missing = still_missing(git, refs, target, needed)
    elif asked.again or not (known or asked.resume):
        target, brought = bring_together(place, git, refs, start.commit, needed, wp_id, settle=asked.settle)
        missing = still_missing(git, refs, target, needed) if asked.settle else ()
    path = worktree.path if worktree else lane_path(place, lane.lane_id)
    if worktree is None:
        _make(place, lane.lane_id, path, branch, start, target)
    elif target != start.commit:
        _bring_forward(place, lane.lane_id, worktree, start.commit, target, wp_id)
    lacking = tuple(need.name for need in missing)
    if asked.resume and record is not None and known:
        # Begun without them, and not merged by hand since.
        lacking = tuple(name for name in record.wps[wp_id].missing if not git.is_ancestor(name, start.commit))
    odd = _oddity(worktree, branch) if worktree else ""
    found = Workspace(wp_id, lane.lane_id, path, branch, target, LANE, worktree is None, brought, lacking, odd)
    if asked.resume or asked.again or records is None:
        return found
    span = record.wps[wp_id] if record is not None and known else Span(target)
    base, _ = reviewed_base(place, records, span.base, refs.get(f"refs/heads/{place.target_branch}"))
    begun = span.start or span.base
    return replace(found, base=base, start=begun if begun != base else None)


def _asked_base(git: Git, base: str, tip: str | None) -> str:
    """The commit that a person names as the base; it must hold what the lane has already."""
    commit = git.resolve(base)
    if commit is None:
        raise NotFound(f"there is no commit {base!r}", "BASE_NOT_FOUND", hint=command("git", "branch", "--all"))
    if tip is not None and not git.is_ancestor(tip, commit):
        raise Refused(
            f"{base} does not contain what the lane has already ({tip[:10]})",
            "BASE_INVALID",
            hint=command("git", "log", f"{base}..{tip}"),
        )
    return commit


def _start(place: MissionPlace, refs: dict[str, str], branch: str, *, begun: bool) -> _Start:
    tip = refs.get(f"refs/heads/{branch}")
    if tip is not None:
        return _Start(tip, tip)
    if begun:
        raise branch_missing(place, branch, "work was done on this lane, and its branch")
    mission_branch = mission_branch_name(place.slug)
    standing = refs.get(f"refs/heads/{mission_branch}")
    if standing is not None:
        return _Start(standing, None)
    target = refs.get(f"refs/heads/{place.target_branch}")
    if target is None:
        raise NotFound(
            f"there is no branch {place.target_branch}", "BRANCH_NOT_FOUND", hint=command("git", "fetch", "--all")
        )
    return _Start(target, None, mission_branch)


def _oddity(worktree: Checkout, branch: str) -> str:
    """Why nobody can begin in a worktree before it is put right; empty where that is not so."""
    if worktree.busy:
        return f"is in the middle of a {worktree.busy}"
    return "" if worktree.branch == branch else f"has {worktree.branch or 'no branch'} checked out, not {branch}"


def _check_clean(place: MissionPlace, worktree: Checkout, branch: str, wp_id: str, scope: Sequence[str]) -> None:
    """A new claim wants the right branch and nothing uncommitted; the copy of the mission's folder does not count.

    Nor does a new file that the work package does not own: whoever worked here before left it, and it stays.

    Args:
        scope: git path patterns of its owned files.
    """
    if worktree.busy:
        left = unmerged(Git(worktree.path).changes())
        raise Refused(
            f"{in_words(worktree.path, worktree.busy, left)}; only then can {wp_id} begin there",
            "WORKTREE_BUSY",
            hint=next_command(worktree.path, worktree.busy, left),
            details={"path": str(worktree.path)},
        )
    if odd := _oddity(worktree, branch):
        raise Refused(
            f"{worktree.path} {odd}, so {wp_id} cannot begin there",
            "WORKTREE_WRONG_BRANCH",
            hint=git_command(worktree.path, "switch", branch),
            details={"path": str(worktree.path)},
        )
    git = Git(worktree.path)
    changes = [change for change in git.changes() if not change.path.startswith(f"{place.relative}/")]
    dirty = [change.path for change in changes if change.state != "??" or not scope]
    if scope and len(dirty) < len(changes):
        dirty += [change.path for change in git.changes(*scope) if change.state == "??"]
    if dirty:
        raise _dirty(worktree.path, dirty, wp_id)


def _dirty(path: Path, dirty: Sequence[str], wp_id: str) -> Refused:
    nested = inside(path, dirty)
    keep = add_command(path, *dirty).then("git", "-C", path, "commit", "-m", "Keep what was left", "--", *dirty)
    return Refused(
        f"{path} has uncommitted changes ({', '.join(dirty[:5])}), so {wp_id} cannot begin there",
        "WORKTREE_DIRTY",
        hint=keep_inside(path, nested) if nested else keep,
        details={"files": list(dirty), "path": str(path)},
    )


def _bring_forward(place: MissionPlace, lane_id: str, worktree: Checkout, old: str, target: str, wp_id: str) -> None:
    """Let a standing worktree take what was computed; what lies there uncommitted must not be in the way."""
    git = Git(worktree.path)
    dirty = [change.path for change in git.changes()]
    in_the_way = sorted(set(dirty).intersection(git.changed_between("HEAD", target))) if dirty else []
    if in_the_way:
        raise _dirty(worktree.path, in_the_way, wp_id)
    with _making(place, lane_id, Making(worktree.path, old, target)):
        git.fast_forward(target)


def _make(place: MissionPlace, lane_id: str, path: Path, branch: str, start: _Start, target: str) -> None:
    """Make branch and worktree, or neither."""
    git = place.git
    worktrees_folder(place.repo)
    clear_way(git, path)
    if start.mission_branch is not None:
        git.create_branch(start.mission_branch, start.commit)
    if start.tip is None:
        git.create_branch(branch, target)
    elif start.tip != target:
        git.run("update-ref", f"refs/heads/{branch}", target, start.tip, write=True)
    try:
        with _making(place, lane_id, Making(path, target, target)):
            git.add_worktree(path, branch)
    except BaseException:
        # A hook that fails makes git fail when the worktree stands already.
        git.discard_worktree(path)
        undo = ("-d", f"refs/heads/{branch}", target)
        if start.tip is not None:
            undo = (f"refs/heads/{branch}", start.tip, target)
        git.call("update-ref", *undo, write=True)
        if start.mission_branch is not None:
            git.call("update-ref", "-d", f"refs/heads/{start.mission_branch}", start.commit, write=True)
        raise


@contextmanager
def _making(place: MissionPlace, lane_id: str, making: Making) -> Iterator[None]:
    note_making(place, lane_id, making)
    try:
        yield
    finally:
        forget_making(place, lane_id)


def _remember(place: MissionPlace, found: Workspace, *, again: bool) -> Workspace:
    """Record the workspace.

    Args:
        again: no new claim, so the work package keeps its base.
    """
    record = read_record(place, found.lane_id)
    wps = dict(record.wps) if record else {}
    known = wps.get(found.wp_id)
    if known is None or not (again or found.kind == ROOT):
        wps[found.wp_id] = Span(found.base, known.head if known else None, found.start, found.missing)
    span = wps[found.wp_id]
    found = replace(found, base=span.base, start=span.start)
    write_record(place, LaneRecord(found.lane_id, found.path, found.branch, wps))
    return found
