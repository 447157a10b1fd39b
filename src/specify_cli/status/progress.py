"""Weighted progress of a mission: how far its work packages are, not only how many are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specify_cli.kernel.values import as_dict, frozen
from specify_cli.status.models import Lane, StatusSnapshot

DEFAULT_LANE_WEIGHTS: Mapping[str, float] = {
    Lane.PLANNED: 0.0,
    Lane.CLAIMED: 0.05,
    Lane.IN_PROGRESS: 0.3,
    Lane.FOR_REVIEW: 0.6,
    Lane.IN_REVIEW: 0.7,
    Lane.APPROVED: 0.8,
    Lane.DONE: 1.0,
    Lane.BLOCKED: 0.0,
    Lane.CANCELED: 0.0,
}


@frozen
class WPProgress:
    """One work package's part: its lane, its weight in the mission and how far it is (0 to 1)."""

    wp_id: str
    lane: str
    weight: float
    fraction: float

    to_dict = as_dict


@frozen
class ProgressResult:
    """How far a mission is.

    Args:
        percentage: 0 to 100, two decimals.
        total_count: work packages, canceled ones left out.
        per_lane_counts: all nine lanes, canceled ones included.
    """

    mission_slug: str
    percentage: float
    done_count: int
    total_count: int
    per_lane_counts: Mapping[str, int]
    per_wp: tuple[WPProgress, ...]
    mission_number: str | None = None
    mission_type: str | None = None

    def to_dict(self) -> dict[str, object]:
        """The shape of `progress.json`."""
        return {**as_dict(self), "per_wp": [part.to_dict() for part in self.per_wp]}


def compute_weighted_progress(
    snapshot: StatusSnapshot,
    wp_weights: Mapping[str, float] | None = None,
    lane_weights: Mapping[str, float] | None = None,
    known: Iterable[str] = (),
) -> ProgressResult:
    """Progress of a snapshot.

    Args:
        snapshot: the fold of the mission's events.
        wp_weights: how much each work package counts; 1 where it is not named.
        lane_weights: how far each lane is, 0 to 1; `DEFAULT_LANE_WEIGHTS` where it is not named.
        known: ids of work packages that the log may not have met yet; they are planned.
    """
    unmet = sorted(set(known) - snapshot.work_packages.keys())
    told = {
        **{wp_id: state["lane"] for wp_id, state in snapshot.work_packages.items()},
        **dict.fromkeys(unmet, Lane.PLANNED),
    }
    lanes = {**DEFAULT_LANE_WEIGHTS, **(lane_weights or {})}
    parts = tuple(
        WPProgress(wp_id, lane.value, (wp_weights or {}).get(wp_id, 1.0), lanes[lane])
        for wp_id, lane in told.items()
        if lane is not Lane.CANCELED
    )
    whole = sum(part.weight for part in parts)
    reached = sum(part.weight * part.fraction for part in parts)
    return ProgressResult(
        mission_slug=snapshot.mission_slug,
        percentage=round(100 * reached / whole, 2) if whole else 0.0,
        done_count=sum(part.lane == Lane.DONE for part in parts),
        total_count=len(parts),
        per_lane_counts={**snapshot.summary, Lane.PLANNED: snapshot.summary[Lane.PLANNED] + len(unmet)},
        per_wp=parts,
        mission_number=snapshot.mission_number,
        mission_type=snapshot.mission_type,
    )
