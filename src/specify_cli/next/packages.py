"""The work packages of a mission as one who asks for a step sees them, with the questions they wait for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from specify_cli.core.readiness import needs_of
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.config import Config
from specify_cli.kernel.lazy import load
from specify_cli.lanes.models import LanesManifest
from specify_cli.moves.questions import answered, own_events, question_of
from specify_cli.next.alarm import repeated
from specify_cli.next.observation import Kinship, PackageView
from specify_cli.review.evidence import config_for, is_own_work, judges_own, may_review_own
from specify_cli.status.holders import HELD, Holder, holders, implementers
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.presence import presence

if TYPE_CHECKING:
    from specify_cli.workspaces.waiting import Waiter


def package_views(
    place: MissionPlace,
    config: Config,
    me: Holder | None,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    status: Status,
    *,
    source: str | None = None,
) -> tuple[PackageView, ...]:
    """Every work package as it stands for `me`, in id order.

    Args:
        source: who gave the session of `me` its id.
    """
    held = holders(status.snapshot, status.mission_events)
    workers = implementers(status.events, status.mission_events)
    own_allowed = me is None or may_review_own(config, status.events, status.mission_events, me)
    answers = answered(status.mission_events)
    again, told = repeated(status.snapshot, status.mission_events), own_events(status.events)
    lanes = {package.id: status.snapshot.lane_of(package.id) for package in packages}
    seen = {
        package.id: presence(place, package, manifest, held.get(package.id), config.quiet_minutes)
        for package in packages
        if lanes[package.id] in HELD
    }
    quiet = {wp_id for wp_id, each in seen.items() if each is not None and each.quiet}
    at_work = {wp_id: holder for wp_id, holder in held.items() if lanes.get(wp_id) in HELD and wp_id not in quiet}
    present = _Present(place, frozenset(at_work.values()))
    views = []
    for package in packages:
        lane, holder, worker = lanes[package.id], held.get(package.id), workers.get(package.id)
        execution_lane = manifest.lane_for_wp(package.id) if manifest else None
        kinship = _kinship(me, worker)
        there = seen.get(package.id)
        own = config_for(config, status.events, package.id) if lane in (Lane.FOR_REVIEW, Lane.IN_REVIEW) else config
        views.append(
            PackageView(
                package.id,
                lane,
                execution_lane.lane_id if execution_lane else None,
                needs_of(package, manifest),
                holder,
                owner=holder or worker,
                quiet=package.id in quiet,
                ended=there is not None and there.lease.has_ended,
                reviewable=me is None
                or (own_allowed and own is config)
                or not judges_own(own, me, source, status.events, status.mission_events, package.id, worker),
                kinship=kinship,
                given_back=me is not None and _gave_back(status, package.id, me),
                question=again.get(package.id) or question_of(package, lanes, told.get(package.id, ()), answers),
                returned=_returned(status, package.id, lane, worker, me, present),
                awaited=lane is Lane.FOR_REVIEW and present.reviewer_waits(me, worker),
                broken="; ".join(problem.message for problem in package.problems),
            )
        )
    return tuple(views)


class _Present:
    """Who is at work on a mission in this clone; who waits is looked up where it is asked.

    Args:
        at_work: who holds something and has not gone quiet.
    """

    def __init__(self, place: MissionPlace, at_work: Collection[Holder]) -> None:
        self._place, self._at_work = place, at_work

    @cached_property
    def waiting(self) -> tuple[Waiter, ...]:
        """The sessions that wait for something to do."""
        found: tuple[Waiter, ...] = load("specify_cli.workspaces.waiting:waiters")(self._place)
        return found

    def works(self, who: Holder) -> bool:
        """Whether a session holds something and is not quiet, or waits for work."""
        return who in self._at_work or any(each.holder == who and each.takes("implement") for each in self.waiting)

    def reviewer_waits(self, me: Holder | None, worker: Holder | None) -> bool:
        """Whether a session waits that is neither we nor the implementer, and takes reviews."""
        found: bool = load("specify_cli.workspaces.waiting:may_leave_review")(self.waiting, me, worker)
        return found


def _returned(
    status: Status, wp_id: str, lane: Lane, worker: Holder | None, me: Holder | None, present: _Present
) -> Holder | None:
    """The implementer to whom rejected work goes back: while they are at work here, nobody else takes it."""
    if lane is not Lane.PLANNED or worker is None:
        return None
    last = next((event for event in reversed(status.events) if event.wp_id == wp_id), None)
    if last is None or last.force or last.from_lane not in (Lane.IN_REVIEW, Lane.APPROVED):
        return None
    return worker if worker == me or present.works(worker) else None


def has_gone_quiet(
    place: MissionPlace, config: Config, package: WorkPackage, manifest: LanesManifest | None, holder: Holder | None
) -> bool:
    """Whether the holder of a work package was seen in this clone, and not for a while."""
    seen = presence(place, package, manifest, holder, config.quiet_minutes)
    return seen is not None and seen.quiet


def _kinship(me: Holder | None, worker: Holder | None) -> Kinship:
    if me is None or worker is None or worker.actor != me.actor:
        return Kinship.OTHER_AGENT
    return Kinship.OWN if is_own_work(me, worker) else Kinship.OTHER_SESSION


def _gave_back(status: Status, wp_id: str, me: Holder) -> bool:
    last = next((event for event in reversed(status.events) if event.wp_id == wp_id), None)
    if last is None or not last.force or last.is_bootstrap:
        return False
    if last.to_lane is not Lane.PLANNED and (last.from_lane, last.to_lane) != (Lane.IN_REVIEW, Lane.FOR_REVIEW):
        return False
    return Holder(last.actor, last.session) == me
