"""A mission in a few words: how far it is, and the command that brings it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from specify_cli.core.mission_target import begun_at, started_from
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace, fetch_command, home_of
from specify_cli.kernel import clock
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.models import MALFORMED, LanesManifest
from specify_cli.lanes.persistence import LANES, read_lanes
from specify_cli.mission_metadata import META, PULL_REQUEST, identity_of, parse_meta
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane
from specify_cli.status.problems import Problem, Severity
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
        lands_on: the branch on which it has still to land, once it is merged into its own.
        no_lanes: why its lanes cannot be read; nothing can be claimed until they can.
    """

    place: MissionPlace
    state: MissionState
    lanes: LanesManifest | None
    status: Status
    board: Mapping[str, list[str]]
    percentage: float
    packages: tuple[WorkPackage, ...] = ()
    lands_on: str | None = None
    no_lanes: Refused | None = None

    @property
    def total(self) -> int:
        """How many work packages it has."""
        return sum(map(len, self.board.values()))

    @property
    def next_command(self) -> Command:
        """What brings the mission on."""
        slug = self.place.slug
        if self.place.elsewhere is not None:
            return self.place.refusal().hint or spec_kitty("why", "--mission", slug)
        if self.no_lanes is not None:
            return spec_kitty("doctor log", "--fix")
        if self.state is MissionState.MERGED and not _is_under_way(self.place):
            return landing_command(self.place, self.lands_on) if self.lands_on else spec_kitty("mission list")
        if self.state in (MissionState.MERGED, MissionState.ACCEPTED):
            return merge_command(self.place, self.status)
        if self.lanes is not None and self.total and _settled(self.board):
            return spec_kitty("accept", "--mission", slug)
        return spec_kitty("next", "--agent", "NAME", "--mission", slug)

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
            "lands_on": self.lands_on,
            "total_wps": self.total,
            "by_lane": dict(self.board),
            "progress_percentage": self.percentage,
            "home": str(place.home.path) if place.home else None,
            "read_from": place.source.to_dict(),
        }


def overview(place: MissionPlace) -> Overview:
    """A mission at a glance. Nothing is written.

    Raises:
        Refused: a document or a log of it cannot be read.
    """
    packages = load_work_packages(place)
    manifest, no_lanes = None, None
    try:
        manifest = read_lanes(place)
    except Refused as error:
        if error.code not in (MALFORMED, "MALFORMED_JSON"):
            raise
        no_lanes = error
    status = read_status(place)
    if no_lanes is not None:
        said = Problem(Severity.ERROR, no_lanes.code, no_lanes.message, place.where(LANES), None, no_lanes.hint)
        status = replace(status, problems=(*status.problems, said))
    known = [package.id for package in packages]
    board = by_lane(status.snapshot, known)
    percentage = round(compute_weighted_progress(status.snapshot, known=known).percentage, 1)
    return Overview(
        place,
        _state(place, board, status, planned=manifest is not None or no_lanes is not None),
        manifest,
        status,
        board,
        percentage,
        tuple(packages),
        lands_on(place, status.mission_events),
        no_lanes,
    )


def _state(place: MissionPlace, board: Mapping[str, list[str]], status: Status, *, planned: bool) -> MissionState:
    if place.meta.get("merged_at"):
        return MissionState.MERGED
    if _settled(board) and is_accepted(place, status):
        return MissionState.ACCEPTED
    return MissionState.IMPLEMENTING if planned else MissionState.PLANNING


def is_landed(place: MissionPlace, base: str) -> bool:
    """Whether a merged mission is on the branch that its own began at, whoever brought it there."""
    if place.home is not None and place.home.branch != place.target_branch:
        return True  # its own branch is gone, and this is where it was found
    data = place.git.show_bytes(f"refs/heads/{base}:{place.where(META)}")
    if data is None:
        return False
    return parse_meta(data, f"{base}:{place.where(META)}").get("merged_at") == place.meta.get("merged_at")


def lands_on(place: MissionPlace, events: Sequence[MissionEvent] = ()) -> str | None:
    """The branch on which a merged mission has still to land; None where it landed, or began at none.

    Args:
        events: the mission log, for missions whose meta.json does not say where they began.
    """
    base = begun_at(place.meta, events) if place.meta.get("merged_at") and place.repo.has_git else None
    return base if base and base != place.target_branch and not is_landed(place, base) else None


def to_land(place: MissionPlace, status: Status) -> str | None:
    """As `lands_on`, where a command of ours lands it; None also where the host of a pull request does."""
    by_request = place.meta.get("acceptance_mode") == PULL_REQUEST
    return None if by_request else lands_on(place, status.mission_events)


def landing_command(place: MissionPlace, base: str) -> Command:
    """What a person runs to land a merged mission; where a host merges its pull request, once that has happened."""
    land = spec_kitty("merge", "--into", base, "--mission", place.slug)
    if place.meta.get("acceptance_mode") != PULL_REQUEST:
        return land
    home = home_of(place.repo, base)
    pull = git_command(home.path, "pull", "--no-rebase") if home else fetch_command(place.repo, base)
    return Command(*pull.steps, *land.steps)


def is_merged_by_host(place: MissionPlace, status: Status) -> bool:
    """Whether an accepted mission is delivered by a pull request from a shared branch, so that the host merges it."""
    by_request = place.meta.get("acceptance_mode") == PULL_REQUEST
    return by_request and started_from(status.mission_events) is None


def merge_command(place: MissionPlace, status: Status, *, mode: str | None = None) -> Command:
    """What a person runs once a mission is accepted; where the host merges it, once that has happened.

    One that has a branch of its own lands with the same command on the branch that it began at. A merge that stopped
    is gone on with.

    Args:
        mode: of an acceptance that is not in meta.json yet.
    """
    if _is_under_way(place):
        return spec_kitty("merge", "--resume", "--mission", place.slug)
    base = begun_at(place.meta, status.mission_events)
    if base and base != place.target_branch and (mode or place.meta.get("acceptance_mode")) != PULL_REQUEST:
        return spec_kitty("merge", "--into", base, "--mission", place.slug)
    return merging(place.slug, by_host=is_merged_by_host(place, status))


def _is_under_way(place: MissionPlace) -> bool:
    """Whether a merge of the mission waits: for its conflict to be resolved or, once it is made, for its push."""
    if not place.repo.has_git:
        return False
    stopped, made = (place.repo.state / "merge" / f"{place.key}{end}" for end in (".conflict.json", ".json"))
    return stopped.is_file() or (bool(place.meta.get("merged_at")) and made.is_file())


def merging(slug: str, *, by_host: bool) -> Command:
    """The command that merges a mission, or records what a host has merged."""
    merge = spec_kitty("merge", "--mission", slug)
    return Command(("git", "pull", "--no-rebase"), *merge.steps) if by_host else merge


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
