"""The lane workspaces of this clone as they are: what was recorded, what git knows, what stands on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import (
    PLANNING_LANE_ID,
    lane_branch_name,
    lane_order,
    parse_lane_id_from_branch,
    parse_mission_slug_from_branch,
)
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.models import Lane, StatusSnapshot
from specify_cli.status.reading import read_status
from specify_cli.workspaces.records import LaneRecord, workspace_records
from specify_cli.workspaces.removal import is_lanes_own, reason_to_stay

KEPT_TIPS = "refs/spec-kitty/"
RESCUED = "refs/spec-kitty/rescue"
RECEIPT = "merge-receipt.json"
GIVEN_UP = "given_up"


class TreeState(StrEnum):
    """What a worktree looks like."""

    CLEAN = "clean"
    DIRTY = "dirty"
    BUSY = "busy"
    WRONG_BRANCH = "wrong_branch"
    VANISHED = "vanished"


@frozen
class LaneWorkspace:
    """One lane of a mission in this clone.

    Args:
        place: the mission.
        path: its worktree, as recorded or found.
        branch: the branch that belongs there.
        tip: that branch's commit; None where there is no such branch.
        state: of the worktree.
        checked_out: what it has checked out; None when detached or vanished.
        busy: the user's unfinished operation there, or empty.
        dirty: uncommitted files.
        record: what this clone remembers of it; None for a worktree that nobody recorded.
        wps: work package -> lane of the board, in the order of the work.
        contained: the target branch has everything that is on the branch.
        kept: a merge has kept the branch's commit, so that deleting the branch loses nothing.
        own: made for the lane; not somebody's own checkout that has the branch.
        stays: why it cannot be removed as it stands, or empty.
    """

    place: MissionPlace
    lane_id: str
    path: Path
    branch: str
    tip: str | None
    state: TreeState
    checked_out: str | None = None
    busy: str = ""
    dirty: tuple[str, ...] = ()
    record: LaneRecord | None = None
    wps: Mapping[str, Lane] = field(default_factory=dict)
    contained: bool = False
    kept: bool = False
    own: bool = True
    stays: str = ""

    @property
    def merged(self) -> bool:
        """Whether the mission was merged."""
        return bool(self.place.meta.get("merged_at"))

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {
            "mission_slug": self.place.slug,
            "mission_id": self.place.mission_id,
            "lane_id": self.lane_id,
            "path": str(self.path),
            "branch": self.branch,
            "checked_out": self.checked_out,
            "tip": self.tip,
            "state": self.state.value,
            "dirty_files": list(self.dirty),
            "recorded": self.record is not None,
            "work_packages": [{"id": wp_id, "lane": lane.value} for wp_id, lane in self.wps.items()],
            "mission_merged": self.merged,
            "in_target": self.contained,
        }


def survey(repo: Repository, places: Sequence[MissionPlace]) -> list[LaneWorkspace]:
    """The lane workspaces of some missions, by mission and lane. Nothing is written.

    Args:
        repo: the repository.
        places: the missions.

    Raises:
        Refused: what reading a mission's logs refuses.
    """
    if not repo.has_git or not places:
        return []
    checkouts = repo.checkouts()
    refs = Git(repo.checkout).branches("refs/heads")
    kept = Git(repo.checkout).branches(KEPT_TIPS)
    found: list[LaneWorkspace] = []
    for place in places:
        found += _of_mission(place, checkouts, refs, kept)
    return found


def of_mission(place: MissionPlace) -> list[LaneWorkspace]:
    """As `survey`, of one mission."""
    return survey(place.repo, [place])


def _of_mission(
    place: MissionPlace, checkouts: Sequence[Checkout], refs: Mapping[str, str], kept: Mapping[str, str]
) -> list[LaneWorkspace]:
    records = {record.lane_id: record for record in workspace_records(place) if record.lane_id != PLANNING_LANE_ID}
    trees = {
        lane_id: checkout
        for checkout in checkouts
        if (lane_id := parse_lane_id_from_branch(checkout.branch or ""))
        and parse_mission_slug_from_branch(checkout.branch or "") == place.slug
    }
    lanes = sorted({*records, *trees}, key=lane_order)
    if not lanes:
        return []
    snapshot = read_status(place).snapshot
    at = {checkout.path: checkout for checkout in checkouts}
    safe = _merged_tips(place, kept)
    found = []
    for lane_id in lanes:
        record = records.get(lane_id)
        checkout = trees.get(lane_id) or (at.get(record.path) if record else None)
        wps = _wps(place, lane_id, record, snapshot)
        found.append(_workspace(place, lane_id, record, checkout, refs, safe, wps))
    return found


def _workspace(
    place: MissionPlace,
    lane_id: str,
    record: LaneRecord | None,
    checkout: Checkout | None,
    refs: Mapping[str, str],
    safe: set[str],
    wps: Mapping[str, Lane],
) -> LaneWorkspace:
    branch = record.branch if record else lane_branch_name(place.slug, lane_id)
    path = checkout.path if checkout else record.path if record else Path()
    tip, target = refs.get(f"refs/heads/{branch}"), refs.get(f"refs/heads/{place.target_branch}")
    dirty = tuple(change.path for change in Git(path).changes()) if checkout else ()
    return LaneWorkspace(
        place,
        lane_id,
        path,
        branch,
        tip,
        _state(checkout, branch, dirty),
        checkout.branch if checkout else None,
        checkout.busy if checkout else "",
        dirty,
        record,
        wps,
        contained=_holds(place, target, tip),
        kept=any(_holds(place, each, tip) for each in safe),
        own=checkout is None or is_lanes_own(place.repo, checkout, record.path if record else None),
        stays=reason_to_stay(checkout, branch) if checkout else "",
    )


def _state(checkout: Checkout | None, branch: str, dirty: tuple[str, ...]) -> TreeState:
    if checkout is None:
        return TreeState.VANISHED
    if checkout.branch != branch:
        return TreeState.WRONG_BRANCH
    if checkout.busy:
        return TreeState.BUSY
    return TreeState.DIRTY if dirty else TreeState.CLEAN


def _holds(place: MissionPlace, newer: str | None, older: str | None) -> bool:
    return newer is not None and older is not None and (newer == older or place.git.is_ancestor(older, newer))


def _merged_tips(place: MissionPlace, kept: Mapping[str, str]) -> set[str]:
    """Commits of lanes that a merge took in: kept by this clone's references, or named by the mission's receipt."""
    # What was rescued from a worktree is kept there too, and nobody has merged it.
    found = {
        commit
        for ref, commit in kept.items()
        if ref.split("/")[3:4] == [place.slug] and not ref.startswith(f"{RESCUED}/")
    }
    with suppress(Refused):
        text = place.read(RECEIPT)
        listed = files.parse_json(text, place.where(RECEIPT)).get("lanes") if text else None
        for lane in listed if isinstance(listed, list) else ():
            if isinstance(lane, dict) and isinstance(lane.get("tip"), str) and lane.get("outcome") != GIVEN_UP:
                found.add(lane["tip"])
    return found


def _wps(place: MissionPlace, lane_id: str, record: LaneRecord | None, snapshot: StatusSnapshot) -> dict[str, Lane]:
    """The work packages of a lane, as lanes.json has them; where that cannot be read, those of the record."""
    planned: tuple[str, ...] = ()
    with suppress(Refused):
        manifest = read_lanes(place)
        lane = manifest.lane(lane_id) if manifest else None
        planned = lane.wp_ids if lane else ()
    return {wp_id: snapshot.lane_of(wp_id) for wp_id in dict.fromkeys([*planned, *(record.wps if record else ())])}
