"""From what is on disk to an `Observation`: documents, logs, leases and git, read once."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.core.mission_types import MissionType, load_mission_type
from specify_cli.core.readiness import SATISFIED
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.config import Config
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.observation import Observation
from specify_cli.next.packages import package_views
from specify_cli.next.planning import answered, planning_views
from specify_cli.next.steps import open_steps, stuck_questions
from specify_cli.status.holders import Holder
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status


@frozen
class Seen:
    """An observation and what it was read from.

    Args:
        observation: the input of `decide`.
    """

    observation: Observation
    mission_type: MissionType
    packages: tuple[WorkPackage, ...]
    manifest: LanesManifest | None
    status: Status


def observe(place: MissionPlace, config: Config, me: Holder | None) -> Seen:
    """Read a mission for one who asks what to do."""
    mission_type = load_mission_type(str(place.meta.get("mission_type") or "software-dev"), place.repo)
    status = read_status(place)
    packages = tuple(load_work_packages(place))
    manifest = read_lanes(place)
    views = package_views(place, config, me, packages, manifest, status)
    started = any(view.lane is not Lane.PLANNED for view in views)
    accepted = is_accepted(place, status)
    stuck = stuck_questions(status.mission_events, answered(status.mission_events))
    observation = Observation(
        me,
        planning_views(place, mission_type, packages, manifest, status, stuck, started=started),
        views,
        open_steps(place, config, status.mission_events),
        accepted=accepted,
        merged=bool(place.meta.get("merged_at")),
        merge_auto=config.merge_auto,
        mission_slug=place.slug,
        ending=stuck.get("merge" if accepted else "accept"),
    )
    return Seen(observation, mission_type, packages, manifest, status)


def is_accepted(place: MissionPlace, status: Status) -> bool:
    """Accepted, and no work package was moved back or approved with another commit since."""
    states = status.snapshot.work_packages.values()
    if not place.meta.get("accepted_at") or any(state["lane"] not in (*SATISFIED, Lane.CANCELED) for state in states):
        return False
    event = next((each for each in reversed(status.mission_events) if each.type == "accepted"), None)
    return event is None or not _approved_anew(status, event)


def _approved_anew(status: Status, accepted: MissionEvent) -> bool:
    tips = accepted.data.get("lanes")
    since = clock.sort_key(accepted.at)
    for event in status.events:
        if event.to_lane is Lane.APPROVED and event.workspace and clock.sort_key(event.at) > since:
            head, lane_id = event.workspace.get("head"), event.workspace.get("lane_id")
            if isinstance(tips, Mapping) and lane_id in tips and head and tips[lane_id] != head:
                return True
    return False
