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


def ready(
    needs: Mapping[str, Sequence[str]], lanes: Mapping[str, Lane], execution_lanes: Mapping[str, str | None]
) -> list[str]:
    """The work packages that can be claimed: planned, what they need is approved or done, their lane is free.

    Args:
        needs: of each that may be claimed at all, in the order of the answer; see `needs_of`.
        lanes: status of every work package.
        execution_lanes: execution lane of every work package; None before finalize-tasks.
    """
    busy = {execution_lanes.get(wp_id) for wp_id, lane in lanes.items() if lane in BUSY} | {None}
    return [
        wp_id
        for wp_id, before in needs.items()
        if lanes.get(wp_id) is Lane.PLANNED
        and execution_lanes.get(wp_id) not in busy
        and all(lanes.get(need) in SATISFIED for need in before)
    ]
