"""The work packages of a mission as one who asks for a step sees them, with the questions they wait for."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.core.readiness import needs_of
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.config import Config
from specify_cli.lanes.models import LanesManifest
from specify_cli.next.observation import Kinship, PackageView
from specify_cli.next.questions import answered, question_of, repeated
from specify_cli.review.evidence import is_own_work, may_review_own
from specify_cli.status.holders import HELD, Holder, holders, implementers
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.presence import presence


def package_views(
    place: MissionPlace,
    config: Config,
    me: Holder | None,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    status: Status,
) -> tuple[PackageView, ...]:
    """Every work package as it stands for `me`, in id order."""
    held = holders(status.snapshot, status.mission_events)
    workers = implementers(status.events, status.mission_events)
    own_allowed = me is None or may_review_own(config, status.events, status.mission_events, me)
    answers = answered(status.mission_events)
    again = repeated(status.snapshot, status.mission_events)
    lanes = {package.id: status.snapshot.lane_of(package.id) for package in packages}
    views = []
    for package in packages:
        lane, holder, worker = lanes[package.id], held.get(package.id), workers.get(package.id)
        execution_lane = manifest.lane_for_wp(package.id) if manifest else None
        kinship = _kinship(me, worker)
        views.append(
            PackageView(
                package.id,
                lane,
                execution_lane.lane_id if execution_lane else None,
                needs_of(package, manifest),
                holder,
                owner=holder or worker,
                quiet=lane in HELD and has_gone_quiet(place, config, package, manifest, holder),
                reviewable=own_allowed or kinship is not Kinship.OWN,
                kinship=kinship,
                given_back=me is not None and _gave_back(status, package.id, me),
                question=again.get(package.id) or question_of(package, lanes, status.events, answers),
            )
        )
    return tuple(views)


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
    if last is None or not last.force or last.is_bootstrap or last.to_lane not in (Lane.PLANNED, Lane.FOR_REVIEW):
        return False
    return Holder(last.actor, last.session) == me
