"""Why a work package, or the planning, does not move: what is wanted, by the rules of the move itself. Read only."""

from __future__ import annotations

from specify_cli.conditions import accept_rules, claim_rules, review_rules, verdict_rules, why_rules
from specify_cli.conditions.claim_facts import claim_facts, prompt_missing
from specify_cli.conditions.claim_rules import decision_open, to_claim
from specify_cli.conditions.questions import Question
from specify_cli.conditions.review_facts import work_facts, work_markers
from specify_cli.conditions.verdict_rules import ReviewFacts
from specify_cli.conditions.ways import way_on
from specify_cli.conditions.why_rules import Held, Wanted, Why
from specify_cli.context.models import Actor, Context
from specify_cli.core.readiness import BUSY
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import ENFORCE
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.moves.lookup import require_known
from specify_cli.moves.questions import answered, asked_about, question_of
from specify_cli.moves.refusals import of_own_work
from specify_cli.next.alarm import repeated
from specify_cli.next.claims import is_begun, needed_by
from specify_cli.next.decision import decide
from specify_cli.next.observation import OpenStep, with_fix
from specify_cli.next.observe import observe
from specify_cli.next.packages import has_gone_quiet
from specify_cli.review.evidence import AGENTS_OWN, config_for, may_review_own
from specify_cli.status.holders import HELD, WORKING, Holder, implementers
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status
from specify_cli.status.transitions import TERMINAL_LANES
from specify_cli.workspaces.allocate import obstacles
from specify_cli.workspaces.lookup import workspace_of
from specify_cli.workspaces.presence import lease_of, presence
from specify_cli.workspaces.scope import owned_paths


@frozen
class _Case:
    """A work package and all that is known of it."""

    context: Context
    package: WorkPackage
    packages: dict[str, WorkPackage]
    manifest: LanesManifest | None
    status: Status

    @property
    def lane(self) -> Lane:
        """Where it is."""
        return self.status.snapshot.lane_of(self.package.id)

    @property
    def slug(self) -> str:
        """The mission."""
        return self.context.place.slug

    @property
    def way(self) -> Command:
        """What brings it on when nothing is missing."""
        return way_on(self.package.id, self.lane, self.slug)

    def is_quiet(self, package: WorkPackage, holder: Holder | None) -> bool:
        """Whether whoever holds a work package has gone quiet."""
        return has_gone_quiet(self.context.place, self.context.config, package, self.manifest, holder)


def why_package(context: Context, wp_id: str) -> Why | None:
    """What the next move of a work package wants; None where it is approved and its mission has the answer.

    Raises:
        NotFound: `WP_NOT_FOUND`.
        Refused: a document or a log cannot be read.
    """
    package = require_known(context, wp_id)
    if isinstance(package, str):
        return _unwritten(context, package)
    known = {each.id: each for each in load_work_packages(context.place)}
    case = _Case(context, package, known, read_lanes(context.place), read_status(context.place))
    if case.lane is Lane.APPROVED:
        return None
    if case.lane is Lane.PLANNED:
        return _planned(case)
    if case.lane in WORKING:
        return _working(case)
    if case.lane in (Lane.FOR_REVIEW, Lane.IN_REVIEW):
        return _reviewed(case)
    at_its_end = spec_kitty("status", "--mission", case.slug)
    return _blocked(case) if case.lane is Lane.BLOCKED else _answer(case, [], {}, at_its_end)


def _unwritten(context: Context, wp_id: str) -> Why | None:
    """What a work package wants that only the log knows: its prompt, unless it is over."""
    slug, lane = context.place.slug, read_status(context.place).snapshot.lane_of(wp_id)
    if lane is Lane.APPROVED:
        return None
    unmet = [] if lane in TERMINAL_LANES else [prompt_missing(context.place, wp_id)]
    return why_rules.of_package(slug, wp_id, lane, unmet, {}, spec_kitty("status", "--mission", slug))


def why_planning(context: Context) -> Why | None:
    """What the planning step at hand wants; None where planning is over, and the mission wants to be accepted.

    Raises:
        Refused: a document or a log cannot be read.
    """
    place, slug = context.place, context.place.slug
    seen = observe(place, context.config, None)
    state = decide(seen.observation).state
    step = next((each for each in seen.observation.planning if each.name == state), None)
    if step is None:
        return None
    command = spec_kitty("next", "--agent", "NAME", "--mission", slug)
    unmet = [Unmet("STEP_UNFINISHED", what, fix or command, step.name) for what, fix in map(with_fix, step.unmet)]
    unmet += [_asked(slug, step.name, each) for each in step.questions]
    wanted = tuple(Wanted(step.name, each) for each in unmet)
    running = next((each for each in seen.observation.open_steps if each.action == step.name), None)
    return Why(slug, None, None, step.name, command, wanted, held=_held_step(place, running) if running else None)


def _held_step(place: MissionPlace, step: OpenStep) -> Held:
    lease = lease_of(place, step.action, step.holder)
    state = "elsewhere" if lease is None else "quiet" if step.quiet else "active"
    return Held(step.holder.actor, step.holder.session, step.at, state, lease.last_seen if lease else None)


def _answer(case: _Case, unmet: list[Unmet], met: dict[str, str], command: Command) -> Why:
    return why_rules.of_package(case.slug, case.package.id, case.lane, unmet, met, command, _held(case))


def _planned(case: _Case) -> Why:
    place, package, status = case.context.place, case.package, case.status
    held = status.holders()
    quiet = [
        wp_id
        for wp_id, holder in held.items()
        if wp_id in case.packages
        and status.snapshot.lane_of(wp_id) in BUSY
        and case.is_quiet(case.packages[wp_id], holder)
    ]
    question = asked_about(package, list(case.packages), status.snapshot, status.events, status.mission_events)
    facts = claim_facts(
        place, package, case.manifest, status.snapshot, held, known=case.packages, question=question, quiet=quiet
    )
    unmet = to_claim(facts)
    if facts.lane_id is not None:
        # What is not finished yet is not looked for in this clone.
        needed = [] if facts.open_needs else needed_by(
            case.context, package, case.packages, case.manifest, facts.lane_id, status
        )  # fmt: skip
        begun = is_begun(case.context, status.events, status.mission_events, facts.lane_id)
        errors = obstacles(place, case.manifest, package.id, needed, begun=begun, scope=owned_paths(package))
        # While somebody works in the lane, what lies in its worktree is theirs.
        told = [each for each in errors if not (facts.busy and each.code in ("WORKTREE_BUSY", "WORKTREE_DIRTY"))]
        unmet += [Unmet(each.code, each.message, each.hint or case.way, package.id) for each in told]
    return _answer(case, unmet, why_rules.met_of(claim_rules.WANTS, unmet), case.way)


def _working(case: _Case) -> Why:
    place, package = case.context.place, case.package
    facts, _ = work_facts(place, package, workspace_of(place, case.manifest, package.id), case.status)
    holder = case.status.holders().get(package.id)
    doer = _acting(case, holder) if holder else Actor("user")
    marked = work_markers(place, package, workspace_of(place, case.manifest, package.id), case.status.events)
    unmet = [*of_own_work(review_rules.for_review(facts), case.slug, doer), *accept_rules.markers(marked)]
    if case.context.config.ownership == ENFORCE:
        unmet += review_rules.outside_owned_files(facts)
    met = why_rules.met_of(review_rules.WANTS, unmet, facts.undecided)
    question = repeated(case.status.snapshot, case.status.mission_events).get(package.id)
    if question is not None:
        unmet.append(_asked(case.slug, package.id, question))
    hand_over = way_on(package.id, Lane.IN_PROGRESS, case.slug)
    command = hand_over if doer.is_person else hand_over.adding(*doer.flags)
    return _answer(case, unmet, met, command)


def _acting(case: _Case, holder: Holder) -> Actor:
    """A holder, as the commands that are shown have to name it: a session that no program sets has to be given."""
    own = any(
        event.session_source == AGENTS_OWN
        for event in case.status.events
        if (event.wp_id, event.actor, event.session) == (case.package.id, holder.actor, holder.session)
    )
    return Actor(holder.actor, holder.session, by_flag=not own)


def _reviewed(case: _Case) -> Why:
    package, status = case.package, case.status
    worker = implementers(status.events, status.mission_events).get(package.id)
    config = config_for(case.context.config, status.events, package.id)
    holder = status.holders().get(package.id)
    facts = ReviewFacts(
        package.id,
        case.slug,
        case.lane,
        implementer=str(worker) if worker else None,
        own_allowed=worker is None or may_review_own(config, status.events, status.mission_events, worker),
        reviewer=_acting(case, holder).flags if holder else None,
        holder=str(holder) if holder else None,
    )
    return _answer(case, verdict_rules.to_review(facts), {}, case.way)


def _blocked(case: _Case) -> Why:
    status, package = case.status, case.package
    lanes = {wp_id: status.snapshot.lane_of(wp_id) for wp_id in case.packages}
    question = question_of(package, lanes, status.events, answered(status.mission_events))
    unmet = [_asked(case.slug, package.id, question)] if question else []
    command = spec_kitty("agent tasks move-task", package.id, "--to", Lane.IN_PROGRESS, "--mission", case.slug)
    return _answer(case, unmet, {}, command)


def _asked(slug: str, subject: str, question: Question) -> Unmet:
    return decision_open(subject, slug, question)


def _held(case: _Case) -> Held | None:
    holder, state = case.status.holders().get(case.package.id), case.status.snapshot.work_packages.get(case.package.id)
    if holder is None or state is None or case.lane not in HELD:
        return None
    minutes = case.context.config.quiet_minutes
    seen = presence(case.context.place, case.package, case.manifest, holder, minutes)
    since = state["holder_since"] or state["last_transition_at"]
    if seen is None:
        return Held(holder.actor, holder.session, since, "elsewhere")
    return Held(holder.actor, holder.session, since, "quiet" if seen.quiet else "active", seen.lease.last_seen)
