"""When a work package can be begun: pure, and the same for the loop, the board and other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.core.work_packages import WorkPackage
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.models import Lane

SATISFIED = frozenset({Lane.APPROVED, Lane.DONE})
BUSY = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS, Lane.IN_REVIEW})


def needs_of(package: WorkPackage, manifest: LanesManifest | None) -> tuple[str, ...]:
    """What must be approved or done before a work package: its dependencies and those ordered before it."""
    before = manifest.ordered_before(package.id) if manifest else ()
    return tuple(dict.fromkeys([*package.dependencies, *before]))


def is_ready(
    wp_id: str, needs: Sequence[str], lanes: Mapping[str, Lane], execution_lanes: Mapping[str, str | None]
) -> bool:
    """Whether a work package can be claimed: planned, what it needs is approved or done, its lane is free.

    Args:
        needs: see `needs_of`.
        lanes: status of every work package.
        execution_lanes: execution lane of every work package; None before finalize-tasks.
    """
    mine = execution_lanes.get(wp_id)
    if mine is None or lanes.get(wp_id) is not Lane.PLANNED:
        return False
    if any(lanes.get(need) not in SATISFIED for need in needs):
        return False
    return not any(
        lanes.get(other) in BUSY for other, lane_id in execution_lanes.items() if lane_id == mine and other != wp_id
    )
