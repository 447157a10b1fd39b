"""Derived views of a mission's status: written on request, ignored by git, never read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.status.models import StatusSnapshot
from specify_cli.status.progress import compute_weighted_progress
from specify_cli.status.reading import read_status
from specify_cli.status.reducer import SNAPSHOT_FILENAME
from specify_cli.status.transitions import CANONICAL_LANES

PROGRESS_FILENAME = "progress.json"
BOARD_SUMMARY_FILENAME = "board-summary.json"
DERIVED = frozenset({SNAPSHOT_FILENAME, PROGRESS_FILENAME, BOARD_SUMMARY_FILENAME})


def materialize(place: MissionPlace) -> StatusSnapshot:
    """The mission's snapshot as of now; raises as `reading.read_status`."""
    return read_status(place).snapshot


def generate_status_view(place: MissionPlace) -> dict[str, object]:
    """The content of `status.json`; raises as `reading.read_status`."""
    return materialize(place).to_dict()


def board_summary(snapshot: StatusSnapshot, known: Sequence[str] = ()) -> dict[str, object]:
    """The content of `board-summary.json`: which work packages are in which lane, and how far the mission is.

    Args:
        known: ids of work packages that the log may not have met yet; they are planned.
    """
    progress = compute_weighted_progress(snapshot, known=known)
    board = by_lane(snapshot, known)
    return {
        "mission_slug": snapshot.mission_slug,
        "mission_number": snapshot.mission_number,
        "mission_type": snapshot.mission_type,
        "materialized_at": snapshot.materialized_at,
        "total_wps": sum(map(len, board.values())),
        "done_count": progress.done_count,
        "progress_percentage": progress.percentage,
        "summary": {lane: len(ids) for lane, ids in board.items()},
        "by_lane": board,
        "forced_moves": sum(state["force_count"] for state in snapshot.work_packages.values()),
        "lost_claims": len(snapshot.lost_claims),
    }


def by_lane(snapshot: StatusSnapshot, known: Iterable[str] = ()) -> Mapping[str, list[str]]:
    """Lane -> work packages, all nine lanes.

    Args:
        snapshot: where the work packages are.
        known: ids of work packages that the log may not have met yet; they are planned.
    """
    board: dict[str, list[str]] = {lane: [] for lane in CANONICAL_LANES}
    for wp_id in sorted({*snapshot.work_packages, *known}, key=lambda name: (len(name), name)):
        board[snapshot.lane_of(wp_id).value].append(wp_id)
    return board


def write_derived_views(place: MissionPlace, derived_dir: Path | None = None, known: Sequence[str] = ()) -> list[Path]:
    """Write `status.json`, `progress.json` and `board-summary.json`.

    Args:
        place: the mission.
        derived_dir: the folder; the mission's own where None.
        known: ids of the work packages of the plan: those that the log has not met yet are planned.

    Returns:
        The files that changed.

    Raises:
        Refused: `TARGET_NOT_CHECKED_OUT` without a home and a folder; as `reading.read_status`.
    """
    folder = place.feature_dir if derived_dir is None else derived_dir
    snapshot = materialize(place)
    views = {
        SNAPSHOT_FILENAME: snapshot.to_dict(),
        PROGRESS_FILENAME: compute_weighted_progress(snapshot, known=known).to_dict(),
        BOARD_SUMMARY_FILENAME: board_summary(snapshot, known),
    }
    return [folder / name for name, view in views.items() if files.write_json(folder / name, view, mkdir=True)]
