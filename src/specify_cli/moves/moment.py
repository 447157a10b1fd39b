"""What is known of a work package at the moment at which somebody wants to move it.

The logs are looked at again under the mission's lock; what git says is looked up once, before, and goes with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from specify_cli.conditions.claim_rules import ClaimFacts
from specify_cli.conditions.review_rules import WorkFacts
from specify_cli.conditions.verdict_rules import VerdictFacts
from specify_cli.context.models import Actor, Context
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.config import Config
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import folded_name
from specify_cli.kernel.values import replace
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.moves.questions import asked_about
from specify_cli.moves.request import Move, Request, kind_of, reviewer_named
from specify_cli.review.evidence import config_for, is_another, is_own_work, workers
from specify_cli.status.holders import HELD, Holder, implementers
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot
from specify_cli.status.reading import read_status
from specify_cli.status.transitions import MATRIX
from specify_cli.workspaces.lookup import Workspace, workspace_of

if TYPE_CHECKING:
    from specify_cli.status.approvals import ReviewRecord
    from specify_cli.workspaces.markers import Marked
    from specify_cli.workspaces.presence import Presence

# Most moves ask nothing of documents and git: what looks there is loaded by those that do.
_FACTS = "specify_cli.conditions.review_facts"


class Log(Protocol):
    """A mission's logs, read or held by a writer."""

    @property
    def events(self) -> list[StatusEvent]:
        """Moves in fold order."""

    @property
    def mission_events(self) -> list[MissionEvent]:
        """Everything beside the moves."""

    @property
    def snapshot(self) -> StatusSnapshot:
        """Their fold."""

    def holders(self) -> Mapping[str, Holder]:
        """Who holds what."""


class Work:
    """The work itself, as the worktree and git have it; each question is asked once."""

    def __init__(self, context: Context, wp_id: str, package: WorkPackage | None, log: Log) -> None:
        self.context = context
        self.wp_id = wp_id
        self.package = package
        self._log = log

    @cached_property
    def manifest(self) -> LanesManifest | None:
        """The mission's lanes."""
        return read_lanes(self.context.place)

    @cached_property
    def planned(self) -> frozenset[str]:
        """The work packages of the plan."""
        packages: list[WorkPackage] = load("specify_cli.core.work_packages:load_work_packages")(self.context.place)
        return frozenset(package.id for package in packages)

    @cached_property
    def workspace(self) -> Workspace | None:
        """Where it is done in this clone."""
        return workspace_of(self.context.place, self.manifest, self.wp_id)

    @cached_property
    def handed(self) -> tuple[WorkFacts, str | None]:
        """What its hand-over depends on, and its head.

        Raises:
            LookupError: the work package is not in the plan.
        """
        if self.package is None:
            raise LookupError(self.wp_id)
        found: tuple[WorkFacts, str | None] = load(f"{_FACTS}:work_facts")(
            self.context.place, self.package, self.workspace, self._log
        )
        return found

    @cached_property
    def markers(self) -> tuple[Marked, ...]:
        """Files into which it brought conflict markers; none that is no longer in the plan can be looked at."""
        if self.package is None or not self.context.repo.has_git:
            return ()
        found: tuple[Marked, ...] = load(f"{_FACTS}:work_markers")(
            self.context.place, self.package, self.workspace, self._log.events
        )
        return found

    @cached_property
    def lower_base(self) -> str | None:
        """A commit below the recorded base from which its review has to begin; None where it begins right."""
        if self.package is None or self.manifest is None:
            return None
        strict = self.context.config.review_by == "other"
        look: Callable[..., str | None] = load("specify_cli.workspaces.coverage:lower_base")
        return look(self.context.place, self.manifest, self._log.events, self.wp_id, by_other=strict)

    @cached_property
    def judged(self) -> VerdictFacts:
        """What its approval depends on.

        Raises:
            LookupError: the work package is not in the plan.
        """
        if self.package is None:
            raise LookupError(self.wp_id)
        log = self._log
        found: VerdictFacts = load("specify_cli.conditions.verdict_facts:verdict_facts")(
            self.context.place, self.package, self.manifest, self.workspace, log.events, log.snapshot
        )
        return found


class Moment:
    """A work package that somebody wants to move, as its logs are now.

    Args:
        context: project, settings and mission.
        actor: who moves it.
        request: what is asked for.
        work: the work itself.
        log: the logs.
    """

    def __init__(self, context: Context, actor: Actor, request: Request, work: Work, log: Log) -> None:
        self.context = context
        self.actor = actor
        self.request = request
        self.work = work
        self.log = log
        self.wp_id = work.wp_id
        self.me = Holder(actor.name, actor.session)
        state = log.snapshot.work_packages.get(work.wp_id)
        self.lane = state["lane"] if state is not None else Lane.PLANNED
        self.last_event_id = state["last_event_id"] if state is not None else None
        self.kind = Move.TAKE_BACK if request.takes_back else kind_of(self.lane, request.target)

    @classmethod
    def read(cls, context: Context, actor: Actor, package: WorkPackage | str, request: Request) -> Moment:
        """The moment without a lock.

        Args:
            package: of the plan; or the id of one that only the log knows.
        """
        status = read_status(context.place)
        known = package if isinstance(package, WorkPackage) else None
        wp_id = package if isinstance(package, str) else package.id
        return cls(context, actor, request, Work(context, wp_id, known, status), status)

    def with_log(self, log: Log) -> Moment:
        """The same with the logs looked at again; what git said is kept."""
        return Moment(self.context, self.actor, self.request, self.work, log)

    @property
    def slug(self) -> str:
        """The mission's."""
        return self.context.place.slug

    @property
    def package(self) -> WorkPackage | None:
        """The work package; None where it is no longer in the plan."""
        return self.work.package

    @cached_property
    def holder(self) -> Holder | None:
        """Who works on it or reviews it."""
        return self.log.holders().get(self.wp_id) if self.lane in HELD else None

    @cached_property
    def presence(self) -> Presence | None:
        """How its holder is; None where they were never seen at work in this clone."""
        if self.package is None:
            return None
        minutes = self.context.config.quiet_minutes
        look: Callable[..., Presence | None] = load("specify_cli.workspaces.presence:presence")
        return look(self.context.place, self.package, self.work.manifest, self.holder, minutes)

    @property
    def exists(self) -> bool:
        """Whether there is such a move; from for_review a person gives a verdict in one go."""
        asked = self.request.target
        in_one_go = self.lane is Lane.FOR_REVIEW and not self.request.exact
        return (self.lane, asked) in MATRIX or (in_one_go and (Lane.IN_REVIEW, asked) in MATRIX)

    @cached_property
    def implementer(self) -> Holder | None:
        """Who worked on it last, before any review."""
        return implementers(self.log.events, self.log.mission_events).get(self.wp_id)

    @property
    def config(self) -> Config:
        """The settings as they count for this work package."""
        return config_for(self.context.config, self.log.events, self.wp_id)

    @property
    def is_own(self) -> bool:
        """Whether the actor would judge its own work; the name of a program that drives agents stands for several."""
        if self.config.review_by == "other":
            return not self.is_by_another
        return self.actor.policy is None and is_own_work(self.me, self.implementer)

    @property
    def is_by_another(self) -> bool:
        """Whether the actor, and the reviewer that is named, are certainly not who did the work."""
        done_by = workers(self.log.events, self.log.mission_events, self.wp_id, self.implementer)
        named = reviewer_named(self.request)
        parties = [(self.me, self.actor.session_source)]
        if named is not None and folded_name(named) != folded_name(self.actor.name):
            parties.append((Holder(named), None))
        return all(is_another(*party, *worker) for party in parties for worker in done_by)

    @cached_property
    def facts(self) -> WorkFacts:
        """What its hand-over depends on, the part from the logs as it is now."""
        facts, _ = self.work.handed
        package = self.work.package
        if package is None:
            return facts
        still_open = load(f"{_FACTS}:open_subtasks")(self.context.place, package, self.log.mission_events)
        return replace(facts, lane=self.lane, open_subtasks=still_open)

    @cached_property
    def claimed(self) -> ClaimFacts | None:
        """What its claim depends on; None where it is no longer in the plan."""
        if self.package is None:
            return None
        log, work = self.log, self.work
        found: ClaimFacts = load("specify_cli.conditions.claim_facts:claim_facts")(
            self.context.place,
            self.package,
            work.manifest,
            log.snapshot,
            log.holders(),
            known=work.planned,
            question=asked_about(self.package, work.planned, log.snapshot, log.events, log.mission_events),
        )
        return found

    @cached_property
    def review(self) -> ReviewRecord:
        """Where it stands with its review."""
        by_other = self.context.config.review_by == "other"
        found: ReviewRecord = load("specify_cli.status.approvals:review_record")(
            self.log.events, self.wp_id, by_other=by_other
        )
        return found

    @property
    def lowered(self) -> str | None:
        """Where its review has to begin, if that is below where its work did: at a hand-over, and at another review."""
        manifest = self.work.manifest if self.kind in (Move.HAND_OVER, Move.REOPEN) else None
        lane = manifest.lane_for_wp(self.wp_id) if manifest is not None else None
        if lane is None or lane.is_planning:
            return None
        # Work that was canceled below is seldom; only where there is some is it worth a look at history.
        canceled = any(self.log.snapshot.lane_of(other) is Lane.CANCELED for other in lane.wp_ids)
        return self.work.lower_base if canceled or self.kind is Move.REOPEN else None

    @property
    def covered(self) -> str | None:
        """The head whose approval counts; None where none does."""
        return self.review.covers

    @property
    def mapped(self) -> tuple[str, ...]:
        """Requirements that it was given after its approval."""
        since: dict[str, tuple[str, ...]] = load("specify_cli.status.approvals:mapped_since")(
            self.log.events, self.log.mission_events
        )
        return since.get(self.wp_id, ())

    @property
    def head(self) -> str | None:
        """The commit that would be handed over."""
        return self.work.handed[1]
