"""A mission in a few words: how far it is, and the command that brings it on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from specify_cli.core.mission_target import started_from
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.mission_metadata import PULL_REQUEST, identity_of
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane
from specify_cli.status.progress import compute_weighted_progress
from specify_cli.status.reading import Status, read_status
from specify_cli.status.views import by_lane

SETTLED = frozenset({Lane.APPROVED, Lane.DONE, Lane.CANCELED})


class MissionState(StrEnum):
    """How far a mission is."""

    PLANNING = "planning"
    IMPLEMENTING = "implementing"
    ACCEPTED = "accepted"
    MERGED = "merged"


@frozen
class Overview:
    """One mission at a glance.

    Args:
        place: the mission.
        state: how far it is.
        lanes: its lanes; None before finalize-tasks.
        status: its logs.
        board: lane of the board -> work packages, all nine lanes.
        percentage: weighted progress, 0 to 100.
        packages: the work packages that have a prompt file.
    """

    place: MissionPlace
    state: MissionState
    lanes: LanesManifest | None
    status: Status
    board: Mapping[str, list[str]]
    percentage: float
    packages: tuple[WorkPackage, ...] = ()

    @property
    def total(self) -> int:
        """How many work packages it has."""
        return sum(map(len, self.board.values()))

    @property
    def next_command(self) -> str:
        """What brings the mission on."""
        slug = self.place.slug
        if self.state is MissionState.MERGED:
            return "spec-kitty mission list"
        if self.state is MissionState.ACCEPTED:
            return merge_command(self.place, self.status)
        if self.lanes is not None and self.total and _settled(self.board):
            return f"spec-kitty accept --mission {slug}"
        return f"spec-kitty next --agent NAME --mission {slug}"

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        place = self.place
        identity = identity_of(place.meta, place.slug)
        return {
            "mission_slug": place.slug,
            "mission_id": place.mission_id,
            "mission_number": identity.mission_number,
            "mission_type": identity.mission_type,
            "friendly_name": place.meta.get("friendly_name"),
            "target_branch": place.target_branch,
            "state": self.state.value,
            "total_wps": self.total,
            "by_lane": dict(self.board),
            "progress_percentage": self.percentage,
            "home": str(place.home.path) if place.home else None,
        }


def overview(place: MissionPlace) -> Overview:
    """A mission at a glance. Nothing is written.

    Raises:
        Refused: a document or a log of it cannot be read.
    """
    packages = load_work_packages(place)
    manifest = read_lanes(place)
    status = read_status(place)
    board = by_lane(status.snapshot, (package.id for package in packages))
    percentage = round(compute_weighted_progress(status.snapshot).percentage, 1)
    return Overview(place, _state(place, manifest, board, status), manifest, status, board, percentage, tuple(packages))


def _state(
    place: MissionPlace, manifest: LanesManifest | None, board: Mapping[str, list[str]], status: Status
) -> MissionState:
    if place.meta.get("merged_at"):
        return MissionState.MERGED
    if _settled(board) and is_accepted(place, status):
        return MissionState.ACCEPTED
    return MissionState.PLANNING if manifest is None else MissionState.IMPLEMENTING


def is_merged_by_host(place: MissionPlace, status: Status) -> bool:
    """Whether an accepted mission is delivered by a pull request from a shared branch, so that the host merges it."""
    by_request = place.meta.get("acceptance_mode") == PULL_REQUEST
    return by_request and started_from(status.mission_events) is None


def merge_command(place: MissionPlace, status: Status) -> str:
    """What a person runs once a mission is accepted; where the host merges it, once that has happened."""
    return merging(place.slug, by_host=is_merged_by_host(place, status))


def merging(slug: str, *, by_host: bool) -> str:
    """The command that merges a mission, or records what a host has merged."""
    merge = f"spec-kitty merge --mission {slug}"
    return f"git pull --no-rebase && {merge}" if by_host else merge


def _settled(board: Mapping[str, list[str]]) -> bool:
    return not any(ids for lane, ids in board.items() if Lane(lane) not in SETTLED)


def is_accepted(place: MissionPlace, status: Status) -> bool:
    """Accepted, and no work package was moved back or approved with another commit since."""
    states = status.snapshot.work_packages.values()
    if not place.meta.get("accepted_at") or any(state["lane"] not in SETTLED for state in states):
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
