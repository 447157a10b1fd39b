"""What the merge of a mission would give, as values."""

from __future__ import annotations

from enum import StrEnum

from specify_cli.kernel.values import frozen
from specify_cli.workspaces.records import LaneRecord

TARGET_STEP = "target"


class Outcome(StrEnum):
    """What became of one step of a merge."""

    CONTAINED = "contained"
    MERGED = "merged"
    RESOLVED = "resolved"
    CONFLICT = "conflict"


@frozen
class LaneTip:
    """A lane as it stands in this clone.

    Args:
        branch: its branch; for lane-planning the target.
        tip: the branch's commit; None where this clone has no such branch.
        record: where its worktree is, and the commits of each work package.
        in_target: whether the target has it already, or had it as a whole.
        gone: this clone has the commit and no branch of that name any more.
        given_up: all its work packages are canceled; it is not merged.
    """

    lane_id: str
    branch: str
    wp_ids: tuple[str, ...]
    tip: str | None
    planning: bool = False
    record: LaneRecord | None = None
    in_target: bool = False
    given_up: bool = False
    gone: bool = False


@frozen
class Clash:
    """A file that two sides changed, and the work packages that did."""

    path: str
    wps: tuple[str, ...]
    others: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The JSON shape."""
        return {"path": self.path, "wps": list(self.wps), "others": list(self.others)}


@frozen
class Step:
    """One merge of the plan.

    Args:
        name: the lane that comes in, or `target` for mission -> target.
        ours: the commit that is merged into.
        theirs: the commit that comes in.
        result: the commit after it; with a conflict that of `ours`, so that the others can be forecast.
        tree: the tree after it.
        clashes: what is in conflict.
    """

    name: str
    ours: str
    theirs: str
    outcome: Outcome
    result: str
    tree: str
    wps: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()
    said: str = ""

    def to_dict(self) -> dict[str, object]:
        """The JSON shape."""
        return {
            "step": self.name,
            "wps": list(self.wps),
            "outcome": self.outcome.value,
            "conflicts": [clash.to_dict() for clash in self.clashes],
        }


@frozen
class Forecast:
    """What merging a mission now would give.

    Args:
        target: the target branch's commit.
        mission: the mission branch's commit; None where there is none yet (then the lanes start from the target).
        lanes: all lanes, in the order in which they are merged, lane-planning last.
        steps: one for each code lane with a branch, then one for the target.
        result: a passing commit with everything in it.
        tree: its tree.
    """

    target_branch: str
    target: str
    mission_branch: str
    mission: str | None
    lanes: tuple[LaneTip, ...]
    steps: tuple[Step, ...]
    result: str
    tree: str

    @property
    def conflicts(self) -> tuple[Step, ...]:
        """The steps that stop."""
        return tuple(step for step in self.steps if step.outcome is Outcome.CONFLICT)

    @property
    def is_contained(self) -> bool:
        """Whether the target has everything already."""
        last = (step.outcome is Outcome.CONTAINED for step in self.steps if step.name == TARGET_STEP)
        return not self.conflicts and all(last)

    @property
    def code_lanes(self) -> tuple[LaneTip, ...]:
        """The lanes that are merged: those with a branch of their own that were not given up."""
        return tuple(lane for lane in self.lanes if not lane.planning and not lane.given_up)

    @property
    def order(self) -> list[str]:
        """Lanes in the order of the merge."""
        return [lane.lane_id for lane in self.code_lanes]

    @property
    def tips(self) -> dict[str, str]:
        """Code lane -> commit."""
        return {lane.lane_id: lane.tip for lane in self.code_lanes if lane.tip is not None}

    @property
    def missing(self) -> tuple[LaneTip, ...]:
        """Code lanes whose branch this clone lacks."""
        return tuple(lane for lane in self.code_lanes if lane.tip is None)
