"""Handing a work package to review."""

from __future__ import annotations

from specify_cli.conditions.review_facts import work_facts
from specify_cli.conditions.review_rules import as_told, for_review
from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import commit_lock, no_identity, publish_mode
from specify_cli.core.subtasks import boxes, subtasks_for
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import locks
from specify_cli.kernel.errors import Refused, Unmet
from specify_cli.kernel.git import Git
from specify_cli.kernel.text import quoted
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.next.refusals import already_claimed, of_own_work
from specify_cli.status.emit import TransitionError, Writer, writing
from specify_cli.status.holders import WORKING, Holder
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces import leases
from specify_cli.workspaces.lookup import ROOT, Workspace, workspace_of
from specify_cli.workspaces.records import note_head
from specify_cli.workspaces.scope import scope_of
from specify_cli.workspaces.unfinished import in_words, next_command, unmerged


@frozen
class Submission:
    """How handing over went.

    Args:
        event: the move; None where conditions were unmet.
        unmet: all of them.
    """

    event: StatusEvent | None
    unmet: tuple[Unmet, ...] = ()


def commit_work(place: MissionPlace, workspace: Workspace, package: WorkPackage, message: str) -> str | None:
    """Commit what is uncommitted in a work package's workspace; the new commit, or None where there was nothing.

    In lane-planning only the owned files are committed.

    Raises:
        Refused: `COMMIT_FAILED`, with what git or a hook said; `NO_GIT_IDENTITY`; `WORKTREE_BUSY`.
    """
    git = Git(workspace.path)
    scope = scope_of(package, workspace)
    changes = git.changes(*scope)
    if not changes:
        return None
    here = place.repo.checkout_at(workspace.path)
    busy, left = here.busy if here and workspace.kind != ROOT else "", unmerged(changes)
    if busy or left:
        # A commit of everything would end a half-done merge, its markers and all.
        fix = next_command(workspace.path, busy, left)
        raise Refused(in_words(workspace.path, busy, left), "WORKTREE_BUSY", hint=fix)
    if git.identity() is None:
        raise no_identity()
    if workspace.kind == ROOT:
        # The home is where milestones are committed too: one at a time.
        with locks.held(commit_lock(place), timeout=60, doing=f"commit {package.id}"):
            new = [change.path for change in changes if change.state == "??"]
            if new:
                git.add_intent(*new)
            done = git.commit_only(message, *(change.path for change in changes))
    else:
        done = git.commit_all(message)
    if done.code != 0:
        raise Refused(
            f"git commit failed in {workspace.path}: {done.said}",
            "COMMIT_FAILED",
            hint=f"git -C {quoted(workspace.path)} status",
        )
    return git.resolve("HEAD")


def submit(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    manifest: LanesManifest | None,
    *,
    note: str | None = None,
    commit: str | None = None,
    force: bool = False,
    subtasks_complete: bool | None = None,
    implementation_evidence_present: bool | None = None,
) -> Submission:
    """Move a work package to for_review where its conditions hold.

    Args:
        note: told to the reviewer; with `force` the reason.
        commit: commit the uncommitted work first, with this message.
        force: whatever is unmet.
        subtasks_complete, implementation_evidence_present: the actor's word, which counts in place of what can be
            looked up; subtasks that it calls complete are ticked.

    Raises:
        Conflict: `WP_ALREADY_CLAIMED`: somebody else works on it.
        TransitionError: what the status log refuses.
    """
    place = context.place
    if not force:
        _check_holder(read_status(place), package.id, actor)
    workspace = workspace_of(place, manifest, package.id)
    if commit and workspace is not None:
        commit_work(place, workspace, package, commit)
    facts, head = work_facts(place, package, workspace, read_status(place))
    found = as_told(facts, for_review(facts), subtasks=subtasks_complete, implemented=implementation_evidence_present)
    unmet = of_own_work(found, place.slug, actor)
    if unmet and not force:
        return Submission(None, unmet)
    with writing(place, publish=publish_mode(context.config)) as log:
        _record_hand_ticks(context, actor, package, log)
        for subtask in facts.open_subtasks if subtasks_complete else ():
            _record_tick(log, actor, package, subtask)
        event = log.move(
            package.id,
            Lane.FOR_REVIEW,
            actor=actor.name,
            session=actor.session,
            force=force and (bool(unmet) or log.snapshot.lane_of(package.id) is not Lane.IN_PROGRESS),
            reason=note,
            subtasks_complete=facts.subtasks_complete or subtasks_complete,
            implementation_evidence_present=facts.has_evidence or implementation_evidence_present,
            workspace=workspace.record(head) if workspace else None,
            execution_mode="direct_repo" if workspace and workspace.kind == ROOT else "worktree",
            policy_metadata=actor.policy,
        )
    if workspace is not None and head is not None:
        note_head(place, workspace.lane_id, package.id, head)
    leases.release(place, package.id)
    return Submission(event)


def _check_holder(status: Status, wp_id: str, actor: Actor) -> None:
    holder = status.holders().get(wp_id)
    if status.snapshot.lane_of(wp_id) in WORKING and holder not in (None, Holder(actor.name, actor.session)):
        raise already_claimed(wp_id, holder, status.snapshot.mission_slug, actor)


def refused(wp_id: str, source: str, unmet: tuple[Unmet, ...]) -> TransitionError:
    """The refusal that lists all that is missing."""
    said = f"{wp_id} cannot go from {source} to for_review"
    return TransitionError(said, "TRANSITION_REJECTED", details={"wp_id": wp_id}, unmet=unmet)


def _record_hand_ticks(context: Context, actor: Actor, package: WorkPackage, log: Writer) -> None:
    """A box ticked by hand becomes an event when its work package goes to review."""
    found = boxes(context.place)
    said = {
        event.data.get("subtask") for event in log.mission_events if event.type == "subtask" and event.data.get("done")
    }
    mine = set(subtasks_for(package, found))
    for box in (box for listed in found.values() for box in listed):
        if box.done and box.id in mine and box.id not in said:
            _record_tick(log, actor, package, box.id)


def _record_tick(log: Writer, actor: Actor, package: WorkPackage, subtask: str) -> None:
    data = {"subtask": subtask, "done": True}
    log.record("subtask", actor=actor.name, session=actor.session, wp_id=package.id, data=data)
