"""From what is on disk to an `Observation`: documents, logs, leases and git, read once."""

from __future__ import annotations

from specify_cli.context.overview import (
    is_accepted,
    is_merged_by_host,
    landing_command,
    lands_on,
    merge_command,
    to_land,
)
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.mission_types import MissionType
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel.config import Config
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.moves.questions import answered
from specify_cli.next.observation import Observation
from specify_cli.next.packages import package_views
from specify_cli.next.planning import planning_views
from specify_cli.next.steps import open_steps, stuck_questions
from specify_cli.status.holders import Holder
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


def observe(place: MissionPlace, config: Config, me: Holder | None, source: str | None = None) -> Seen:
    """Read a mission for one who asks what to do.

    Args:
        source: who gave the session its id.
    """
    mission_type = mission_type_of(place)
    status = read_status(place)
    packages = tuple(load_work_packages(place))
    manifest = read_lanes(place)
    views = package_views(place, config, me, packages, manifest, status, source=source)
    started = any(view.lane is not Lane.PLANNED for view in views)
    accepted = is_accepted(place, status)
    stuck = stuck_questions(status.mission_events, answered(status.mission_events))
    observation = Observation(
        me,
        planning_views(place, mission_type, packages, manifest, status, stuck, started=started),
        views,
        open_steps(place, config, status.mission_events),
        accepted=accepted,
        merged=bool(place.meta.get("merged_at")) and not (config.merge_auto and to_land(place, status)),
        merge_auto=config.merge_auto and not is_merged_by_host(place, status),
        mission_slug=place.slug,
        merge_command=merge_command(place, status),
        lands_by=_lands_by(place, status),
        ending=stuck.get("merge" if accepted else "accept"),
        has_packages=mission_type.has_packages,
    )
    return Seen(observation, mission_type, packages, manifest, status)


def _lands_by(place: MissionPlace, status: Status) -> str:
    base = lands_on(place, status.mission_events)
    return f" into {place.target_branch}; it lands on {base} by: {landing_command(place, base)}" if base else ""
