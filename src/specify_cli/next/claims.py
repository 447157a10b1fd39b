"""Taking a work package: to implement it, or to review it.

Handing out a work package is claiming it. Each of these may be repeated: the holder gets its own again, a crash
half-way is finished by the next call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from specify_cli.conditions.claim_facts import claim_facts
from specify_cli.conditions.claim_rules import ClaimFacts, to_claim
from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.core.readiness import needs_of
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.commands import git_command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, Refused, Unmet
from specify_cli.kernel.git import Git
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.branch_naming import lane_branch_name
from specify_cli.lanes.models import LanesManifest
from specify_cli.moves.questions import asked_about
from specify_cli.moves.refusals import already_claimed, of_claim, self_review_refused
from specify_cli.next.packages import has_gone_quiet
from specify_cli.review.evidence import config_for, judges_own, may_review_own
from specify_cli.status.approvals import SETTLED, ReviewRecord, review_records
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import TAKEN_OVER, WORKING, Holder, implementers, takeover_data
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reading import Status
from specify_cli.workspaces import leases
from specify_cli.workspaces.allocate import ensure_workspace
from specify_cli.workspaces.dependencies import Needed
from specify_cli.workspaces.hooks import SetUp, set_up
from specify_cli.workspaces.lookup import LANE, ROOT, Workspace, lane_of, workspace_of
from specify_cli.workspaces.scope import owned_paths


@frozen
class Claim:
    """A work package that is now the actor's.

    Args:
        claimed: whether this call made it so.
        from_lane: where it was before.
        event_ids: events written by this call.
        needed: the work packages it builds on, with their branches.
        self_review: the reviewer implemented it.
        set_up: how the set-up of its worktree went.
        notes: what its holder has to know of the commits.
    """

    package: WorkPackage
    workspace: Workspace
    claimed: bool
    from_lane: Lane
    event_ids: tuple[str, ...] = ()
    resumed: bool = False
    self_review: bool = False
    needed: tuple[Needed, ...] = ()
    set_up: SetUp = field(default_factory=SetUp)
    notes: tuple[Notice, ...] = ()

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """All that its holder is told."""
        return (*self.notes, *self.set_up.warnings)


def claim_work(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    packages: dict[str, WorkPackage],
    manifest: LanesManifest | None,
    *,
    base: str | None = None,
    settle: bool = False,
    take_over: Holder | None = None,
) -> Claim:
    """Make a work package the actor's to implement, with its workspace ready.

    Args:
        packages: all work packages by id.
        base: start the lane from this commit.
        settle: begin without what conflicts with the rest; it is merged by hand there.
        take_over: the quiet holder whose work is taken over.

    Raises:
        Conflict: `WP_ALREADY_CLAIMED` or `LANE_BUSY`, naming the holder; `DEPENDENCY_CONFLICT`.
        Refused: every condition that is unmet, under the code of the first: `WP_NOT_CLAIMABLE`, `LANES_MISSING`,
            `DEPENDENCIES_NOT_SATISFIED`, `DECISION_OPEN`; or what `ensure_workspace` refuses.
    """
    place, me = context.place, Holder(actor.name, actor.session)
    with writing(place, publish=publish_mode(context.config), doing=f"claim {package.id}") as log:
        current = log.snapshot.lane_of(package.id)
        holder = log.holders().get(package.id)
        resume = current in WORKING
        mine = resume and holder == me
        if resume and not mine:
            _check_quiet(context, actor, package, manifest, holder, take_over)
        if current is not Lane.IN_PROGRESS:
            _check_claimable(context, actor, log, package, packages, manifest)
        lane = lane_of(manifest, place, package.id)
        needed = needed_by(context, package, packages, manifest, lane.lane_id, log)
        workspace = ensure_workspace(
            place,
            manifest,
            package.id,
            needed,
            base=base,
            settle=settle,
            resume=current is Lane.IN_PROGRESS,
            begun=is_begun(context, log.events, log.mission_events, lane.lane_id),
            scope=owned_paths(package),
            records=review_records(log.events, by_other=context.config.review_by == "other"),
        )
        if resume and not mine:
            _record_takeover(log, actor, package.id, holder, "implement")
        written = _begin(log, actor, package.id, workspace)
        leases.touch(place, package.id, actor.name, actor.session)
    ids = tuple(event.event_id for event in written)
    # Outside of the locks: a hook takes as long as it takes.
    ready = set_up(place, context.config, workspace)
    return Claim(package, workspace, not mine, current, ids, resumed=resume, needed=tuple(needed), set_up=ready)


def _begin(log: Writer, actor: Actor, wp_id: str, workspace: Workspace) -> list[StatusEvent]:
    """The moves planned -> claimed -> in_progress, as far as they are still to be made."""
    written: list[StatusEvent] = []
    mode = "worktree" if workspace.kind == LANE else "direct_repo"
    for source, target in ((Lane.PLANNED, Lane.CLAIMED), (Lane.CLAIMED, Lane.IN_PROGRESS)):
        if log.snapshot.lane_of(wp_id) is source:
            event = log.move(
                wp_id,
                target,
                actor=actor.name,
                session=actor.session,
                session_source=actor.session_source,
                execution_mode=mode,
                workspace_context=str(workspace.path),
                workspace=workspace.record(),
                policy_metadata=actor.policy,
            )
            written.append(event)
    return written


def claim_review(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    manifest: LanesManifest | None,
    *,
    take_over: Holder | None = None,
    review_ref: str | None = None,
) -> Claim:
    """Make a work package the actor's to review.

    Args:
        review_ref: where the review is, recorded with the claim.

    Raises:
        Conflict: `WP_ALREADY_CLAIMED`, naming who reviews it.
        Refused: `WP_NOT_FOR_REVIEW`, or `SELF_REVIEW` where another has to do it.
    """
    claim = _claim_review(context, actor, package, manifest, take_over, review_ref)
    return replace(claim, set_up=set_up(context.place, context.config, claim.workspace))


def _claim_review(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    manifest: LanesManifest | None,
    take_over: Holder | None,
    review_ref: str | None,
) -> Claim:
    place, me = context.place, Holder(actor.name, actor.session)
    with writing(place, publish=publish_mode(context.config)) as log:
        current = log.snapshot.lane_of(package.id)
        holder = log.holders().get(package.id)
        config = config_for(context.config, log.events, package.id)
        # The name of a program that drives agents stands for several of them.
        delegated = actor.policy is not None and config.review_by != "other"
        worker = implementers(log.events, log.mission_events).get(package.id)
        own = not delegated and judges_own(
            config, me, actor.session_source, log.events, log.mission_events, package.id, worker
        )
        if current not in (Lane.FOR_REVIEW, Lane.IN_REVIEW):
            raise Refused(
                f"{package.id} is {current}, not for_review",
                "WP_NOT_FOR_REVIEW",
                hint=spec_kitty("status", "--mission", place.slug),
                details={"wp_id": package.id, "lane": str(current)},
            )
        mine = current is Lane.IN_REVIEW and holder == me
        if current is Lane.IN_REVIEW and not mine:
            _check_quiet(context, actor, package, manifest, holder, take_over)
        if own and not mine and not _left_to_us(place, config, log, me, worker):
            raise self_review_refused(package.id, place.slug, actor, config)
        workspace = _reading_workspace(context, package, manifest, log)
        records = review_records(log.events, by_other=context.config.review_by == "other")
        recorded = records[package.id]
        if recorded.base is not None:
            # As it was handed over, in this clone or another one.
            workspace = replace(workspace, base=recorded.base, start=recorded.start)
        head, notes = _to_show(package, manifest, workspace, records)
        leases.touch(place, package.id, actor.name, actor.session)
        reviewed = recorded.reviewed
        if current is Lane.IN_REVIEW and head is not None and reviewed not in (None, head):
            # The lane moved under the review: it is taken once more, of what is there now.
            reason = f"there is more to review than {str(reviewed)[:10]}"
            log.move(package.id, Lane.FOR_REVIEW, actor=actor.name, session=actor.session, force=True, reason=reason)
            current = Lane.FOR_REVIEW
        if current is Lane.FOR_REVIEW:
            event = log.move(
                package.id, Lane.IN_REVIEW, actor=actor.name, session=actor.session, self_review=own,
                session_source=actor.session_source,
                workspace=workspace.record(head),
                review_ref=review_ref, policy_metadata=actor.policy,
            )  # fmt: skip
            return Claim(package, workspace, True, current, (event.event_id,), self_review=own, notes=notes)
        if not mine:
            _record_takeover(log, actor, package.id, holder, "review")
    return Claim(package, workspace, not mine, current, (), resumed=True, self_review=own)


def _left_to_us(place: MissionPlace, config: Config, log: Writer, me: Holder, worker: Holder | None) -> bool:
    """Whether one may judge one's own work: nobody else is there, neither at work nor waiting for a review."""
    if not may_review_own(config, log.events, log.mission_events, me):
        return False
    waiters = load("specify_cli.workspaces.waiting:waiters")(place)
    return not load("specify_cli.workspaces.waiting:may_leave_review")(waiters, me, worker)


def _to_show(
    package: WorkPackage,
    manifest: LanesManifest | None,
    workspace: Workspace,
    records: Mapping[str, ReviewRecord],
) -> tuple[str | None, tuple[Notice, ...]]:
    """The commit that a reviewer is shown, and what was added since the work was handed over.

    It is the lane as it stands: that is what its reviewer tests, and what would be merged. Where a later work package
    of the lane was begun, the rest is that one's, and the commit that was handed over counts.
    """
    git, handed = Git(workspace.path), records[package.id].handed
    if workspace.kind == ROOT:
        tip = git.resolve("HEAD")
        stale = handed is None or tip is None or git.changed_between(handed, tip, *owned_paths(package))
        return (tip if stale else handed), ()
    tip = git.branch_tip(workspace.branch)
    if handed is None or tip in (None, handed) or _is_followed(package.id, manifest, records):
        return handed or tip, ()
    added = len(git.commits(f"{handed}..{tip}"))
    what = f"{plural(added, 'commit')} made since" if added else "another commit than the one that was handed over"
    said = f"{package.id} was handed over at {handed[:10]}; its lane is at {str(tip)[:10]}, and you review {what} too"
    return tip, (Notice("LANE_MOVED", said, git_command(workspace.path, "log", "--oneline", f"{handed[:12]}..{tip}")),)


def _is_followed(wp_id: str, manifest: LanesManifest | None, records: Mapping[str, ReviewRecord]) -> bool:
    """Whether a later work package of the same lane was begun, and not canceled."""
    lane = manifest.lane_for_wp(wp_id) if manifest else None
    later = lane.wp_ids[lane.wp_ids.index(wp_id) + 1 :] if lane else ()
    return any(
        records[each].base is not None and records[each].lane not in (Lane.PLANNED, Lane.CANCELED)
        for each in later
        if each in records
    )


def _check_quiet(
    context: Context,
    actor: Actor,
    package: WorkPackage,
    manifest: LanesManifest | None,
    holder: Holder | None,
    take_over: Holder | None,
) -> None:
    """Somebody else's work is taken over only while its holder is the one that was seen to be quiet, and still is."""
    if holder is None:
        return  # an older version did not say who works on it
    quiet = holder == take_over and has_gone_quiet(context.place, context.config, package, manifest, holder)
    if not quiet:
        raise already_claimed(package.id, holder, context.place.slug, actor)


def is_begun(
    context: Context, events: Iterable[StatusEvent], mission_events: Iterable[MissionEvent], lane_id: str
) -> bool:
    """Whether work was done on a lane since the mission was last merged, in any clone: then its branch holds it."""
    branch = lane_branch_name(context.place.slug, lane_id, context.place.target_branch)
    merged = max((clock.sort_key(each.at) for each in mission_events if each.type == "mission_closed"), default="")
    return any(
        event.workspace is not None and event.workspace.get("branch") == branch and clock.sort_key(event.at) > merged
        for event in events
    )


def _record_takeover(log: Writer, actor: Actor, wp_id: str, holder: Holder | None, work: str) -> None:
    log.record(
        TAKEN_OVER, actor=actor.name, session=actor.session, wp_id=wp_id,
        data={**takeover_data(holder, actor.session, actor.session_source), "work": work},
    )  # fmt: skip


def _check_claimable(
    context: Context,
    actor: Actor,
    log: Writer,
    package: WorkPackage,
    packages: dict[str, WorkPackage],
    manifest: LanesManifest | None,
) -> None:
    question = asked_about(package, list(packages), log.snapshot, log.events, log.mission_events)
    facts = claim_facts(
        context.place, package, manifest, log.snapshot, log.holders(), known=packages, question=question
    )
    # Who claimed it by a move of its own has no workspace yet; all else must hold as for a planned one.
    claimed = facts.lane is Lane.CLAIMED
    found = [each for each in to_claim(facts) if not (claimed and each.code == "WP_NOT_CLAIMABLE")]
    unmet = of_claim(found, log.holders(), context.place.slug, actor)
    if unmet:
        raise _not_claimable(facts, unmet)


def _not_claimable(facts: ClaimFacts, unmet: Sequence[Unmet]) -> Refused | Conflict:
    """The refusal of a claim, with all that is missing."""
    first = unmet[0]
    details: dict[str, object] = {
        "wp_id": facts.wp_id,
        "lane": facts.lane.value,
        "lane_id": facts.lane_id,
        "waiting_for": {need: str(lane or "not planned") for need, lane in facts.open_needs},
        "held": facts.busy[0].wp_id if facts.busy else None,
        "holder": facts.busy[0].holder if facts.busy else None,
        "retryable": first.code == "LANE_BUSY",
    }
    kind = Conflict if first.code == "LANE_BUSY" else Refused
    return kind(f"{facts.wp_id} cannot be claimed", first.code, details=details, unmet=unmet)


def needed_by(
    context: Context,
    package: WorkPackage,
    packages: Mapping[str, WorkPackage],
    manifest: LanesManifest | None,
    lane_id: str,
    log: Writer | Status,
) -> list[Needed]:
    """The work packages that one builds on, with the approved commits that hold them.

    What is done although nobody worked on it here was done elsewhere, and lies in the target, as does what was merged.
    What was canceled, or sent back before any approval, is nothing to build on.
    """
    place, found = context.place, []
    needs = [wp_id for wp_id in needs_of(package, manifest) if wp_id in packages]
    if not needs:
        return []
    records = review_records(log.events, by_other=context.config.review_by == "other")
    merged = max((clock.sort_key(each.at) for each in log.mission_events if each.type == "mission_closed"), default="")
    for wp_id in needs:
        state, record = log.snapshot.lane_of(wp_id), records.get(wp_id)
        lane = lane_of(manifest, place, wp_id)
        same = lane.lane_id == lane_id
        head = _approved_head(record) if record else None
        in_target = state is Lane.DONE and (record is None or record.lane_id is None or _is_before(record, merged))
        if in_target or lane.is_planning:
            found.append(Needed(wp_id, place.target_branch, same_lane=same and not in_target))
        elif same or state in SETTLED or head is not None:
            branch = lane_branch_name(place.slug, lane.lane_id, place.target_branch)
            found.append(Needed(wp_id, branch, same_lane=same, commit=None if same else head))
    return found


def _approved_head(record: ReviewRecord) -> str | None:
    """The commit of a work package that others build on: the one approved last; never its lane's tip."""
    return record.approval.head if record.approval is not None else record.approved_before


def _is_before(record: ReviewRecord, merged: str) -> bool:
    return record.approval is not None and clock.sort_key(record.approval.at) < merged


def _reading_workspace(
    context: Context, package: WorkPackage, manifest: LanesManifest | None, log: Writer
) -> Workspace:
    """Where a reviewer reads: where the work was done, or its branch here where that was another clone."""
    known = workspace_of(context.place, manifest, package.id)
    if known is not None and known.path.is_dir():
        return known
    lane = lane_of(manifest, context.place, package.id)
    begun = is_begun(context, log.events, log.mission_events, lane.lane_id)
    return ensure_workspace(context.place, manifest, package.id, (), resume=True, begun=begun)
