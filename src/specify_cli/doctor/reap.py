"""`doctor --reap`: work or a review taken back from a holder that has gone quiet, with nothing lost.

Uncommitted work is saved first, then the events say so, then the worktree is cleared for the next claim. A crash
between two of these is mended by running it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import locks
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural, some
from specify_cli.kernel.values import frozen
from specify_cli.lanes.persistence import read_lanes
from specify_cli.mission_metadata import META
from specify_cli.moves.conditions import require
from specify_cli.moves.moment import Moment, Work
from specify_cli.moves.request import Request
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import HELD, Holder
from specify_cli.status.mission_log import MISSION_EVENTS_FILENAME
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.store import EVENTS_FILENAME
from specify_cli.status.transitions import is_give_back
from specify_cli.workspaces import leases, rescue
from specify_cli.workspaces.lookup import ROOT, Workspace, workspace_of
from specify_cli.workspaces.rescue import Rescue
from specify_cli.workspaces.scope import scope_of

_OURS = (EVENTS_FILENAME, MISSION_EVENTS_FILENAME, META, "lanes.json")


@frozen
class Reaped:
    """What became of a work package whose holder had gone quiet.

    Args:
        event: the move that gave it back.
        holder: who held it; None where only the clearing was left to do.
        last_seen: when that one was seen last.
        rescue: where its uncommitted work is; None where there was none.
        warnings: what was not cleared, and why.
    """

    event: StatusEvent
    holder: Holder | None
    last_seen: str | None
    rescue: Rescue | None
    warnings: tuple[Notice, ...] = ()


@frozen
class _Ground:
    """Where the work lies.

    Args:
        scope: git path patterns of what counts there; all where empty.
        spare: files of the tool there, which nobody saves or clears.
    """

    place: MissionPlace
    wp_id: str
    workspace: Workspace
    scope: tuple[str, ...]

    @property
    def spare(self) -> tuple[str, ...]:
        """The tool's own files in the mission's home."""
        return tuple(self.place.where(name) for name in _OURS) if self.workspace.kind == ROOT else ()


def reap(context: Context, actor: Actor, package: WorkPackage) -> Reaped:
    """Take a work package back from a quiet holder.

    Work becomes planned again, a review for_review with its worktree untouched.

    Args:
        actor: who takes it back; the move is theirs.

    Raises:
        Refused: `NOT_HELD`; `LEASE_ACTIVE`: its holder is at work; `LEASE_ELSEWHERE`: its holder was never seen in
            this clone.
        GitFailed: the uncommitted work cannot be saved; then nothing was changed.
    """
    place, wp_id = context.place, package.id
    with writing(place, publish=publish_mode(context.config), doing=f"reap {wp_id}") as log:
        ground = _ground(place, package)
        lane = log.snapshot.lane_of(wp_id)
        if lane not in HELD:
            return _finish(log, ground, wp_id, lane)
        working = lane is not Lane.IN_REVIEW
        target = Lane.PLANNED if working else Lane.FOR_REVIEW
        moment = Moment(context, actor, Request(target, takes_back=True), Work(context, wp_id, package, log), log)
        require(moment)
        holder, present = moment.holder, moment.presence
        if present is None:
            raise LookupError(wp_id)
        kept = _save(ground) if ground and working else None
        if kept is not None:
            text = f"uncommitted work of {holder} was saved as {kept.commit[:10]}"
            data = {"text": text, "rescue": kept.to_dict()}
            log.record("note", actor=actor.name, session=actor.session, wp_id=wp_id, data=data)
        event = log.move(
            wp_id,
            target,
            actor=actor.name,
            session=actor.session,
            session_source=actor.session_source,
            force=True,
            reason=f"given back for {holder}, {leases.seen(present.lease)}",
        )
        log.flush()
        leases.release(place, wp_id)
        warnings = _clear(ground, kept) if ground and kept else ()
    return Reaped(event, holder, present.lease.last_seen, kept, warnings)


def _ground(place: MissionPlace, package: WorkPackage) -> _Ground | None:
    """Where the work lies in this clone; None where there is nothing that could be saved."""
    workspace = workspace_of(place, read_lanes(place), package.id)
    if workspace is None or not workspace.path.is_dir():
        return None
    scope = scope_of(package, workspace)
    if workspace.kind == ROOT and not scope:
        return None
    return _Ground(place, package.id, workspace, scope)


def _save(ground: _Ground) -> Rescue | None:
    return rescue.save(ground.place, ground.wp_id, ground.workspace.path, scope=ground.scope, spare=ground.spare)


def _clear(ground: _Ground, kept: Rescue) -> tuple[Notice, ...]:
    """Make the worktree clean for the next claim, as far as what stands there is saved."""
    workspace = ground.workspace
    status = git_command(workspace.path, "status")
    hindered = _hindered(ground)
    if hindered:
        return (Notice("WORKTREE_DIRTY", f"{workspace.path} was left as it is: {hindered}", status),)
    try:
        with locks.held(ground.place.state / "locks" / "workspaces.lock", timeout=120, doing=f"reap {ground.wp_id}"):
            left = rescue.put_away(workspace.path, kept, scope=ground.scope, spare=ground.spare)
    except SpecKittyError as error:
        return (Notice("WORKTREE_DIRTY", f"{workspace.path} was not cleared: {error.message}", error.hint),)
    return (_left(workspace, left, status),) if left else ()


def _left(workspace: Workspace, left: Sequence[str], status: Command) -> Notice:
    said = f"{plural(len(left), 'path')} in {workspace.path} could not be saved and stayed: {some(left)}"
    return Notice("WORKTREE_DIRTY", said, status)


def _hindered(ground: _Ground) -> str:
    """Why a worktree is better left alone; empty where it may be cleared."""
    found = ground.place.repo.checkout_at(ground.workspace.path)
    if found is None:
        return "git does not know it"
    if found.busy:
        return f"it is in the middle of a {found.busy}"
    if found.branch != ground.workspace.branch:
        return f"it has {found.branch or 'no branch'} checked out, not {ground.workspace.branch}"
    return ""


def _finish(log: Writer, ground: _Ground | None, wp_id: str, lane: Lane) -> Reaped:
    """Clear the worktree of a work package that was reaped just before; a crash came in between.

    Raises:
        Refused: `NOT_HELD`: there is nothing of that kind.
    """
    own = [event for event in log.events if event.wp_id == wp_id]
    last, before = own[-1] if own else None, own[-2].at if len(own) > 1 else ""
    notes = [each for each in log.mission_events if each.type == "note" and each.wp_id == wp_id and each.at > before]
    kept = next((found for each in reversed(notes) if (found := Rescue.from_dict(each.data.get("rescue")))), None)
    given_back = last is not None and last.force and is_give_back(last.from_lane, last.to_lane)
    if last is None or not given_back or kept is None or ground is None or not _is_there(ground, kept):
        raise Refused(
            f"nobody holds {wp_id}: it is {lane}",
            "NOT_HELD",
            hint=spec_kitty("why", wp_id, "--mission", log.snapshot.mission_slug),
            details={"wp_id": wp_id, "lane": lane.value},
        )
    return Reaped(last, None, None, kept, _clear(ground, kept))


def _is_there(ground: _Ground, kept: Rescue) -> bool:
    """Whether something that was saved still lies in the worktree."""
    dirty = {change.path for change in Git(ground.workspace.path).changes(*ground.scope)}
    return not dirty.isdisjoint(kept.files)
