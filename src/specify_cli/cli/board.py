"""The board of a mission: what `status` tells programs, and how it looks to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.cli.text import clipped, padded, safe, style, table
from specify_cli.context.models import Context
from specify_cli.core.readiness import is_ready, needs_of
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.holders import HELD, Holder
from specify_cli.status.models import Lane
from specify_cli.status.progress import compute_weighted_progress
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces.leases import is_quiet, read_lease
from specify_cli.workspaces.lookup import LANE, ROOT, workspace_of
from specify_cli.workspaces.scope import scope_of

COLUMNS = 78
_COLOURS = {
    Lane.PLANNED: "dim",
    Lane.CLAIMED: "cyan",
    Lane.IN_PROGRESS: "cyan",
    Lane.FOR_REVIEW: "yellow",
    Lane.IN_REVIEW: "yellow",
    Lane.APPROVED: "green",
    Lane.DONE: "green",
    Lane.BLOCKED: "red",
    Lane.CANCELED: "dim",
}


@frozen
class Board:
    """A mission's board.

    Args:
        data: the JSON that programs read.
        problems: lines of the logs that were skipped.
    """

    data: dict[str, object]
    rows: tuple[dict[str, object], ...]
    status: Status


def read_board(context: Context, stale_minutes: float | None = None) -> Board:
    """The board of a mission. Nothing is written.

    Args:
        stale_minutes: take this instead of `leases.quiet_minutes`.
    """
    place = context.place
    status = read_status(place)
    packages = load_work_packages(place)
    manifest = read_lanes(place)
    minutes = context.config.quiet_minutes if stale_minutes is None else stale_minutes
    held = status.holders()
    rows = tuple(_row(place, package, manifest, status, held, minutes) for package in packages)
    data = _mission(context, status, packages, rows, manifest)
    return Board(data, rows, status)


def _mission(
    context: Context,
    status: Status,
    packages: Sequence[WorkPackage],
    rows: Sequence[Mapping[str, object]],
    manifest: LanesManifest | None,
) -> dict[str, object]:
    place = context.place
    by_lane: dict[str, list[object]] = {lane.value: [] for lane in Lane}
    for row in rows:
        by_lane[str(row["lane"])].append(row["id"])
    return {
        "mission_slug": place.slug,
        "mission_id": place.mission_id,
        "mission_number": place.meta.get("mission_number"),
        "mission_type": place.meta.get("mission_type"),
        "target_branch": place.target_branch,
        "total_wps": len(rows),
        "by_lane": by_lane,
        "work_packages": list(rows),
        "progress_percentage": round(compute_weighted_progress(status.snapshot).percentage, 1),
        "stale_wps": [row["id"] for row in rows if row["stale"]],
        "ready_wps": ready_ids(packages, status, manifest),
        "lost_claims": [claim.to_dict() for claim in status.snapshot.lost_claims],
        "forced_moves": sum(state["force_count"] for state in status.snapshot.work_packages.values()),
        "unpublished_events": status.unpublished,
        "home": str(place.home.path) if place.home else None,
        "auto_commit": context.config.auto_commit,
        "accepted_at": place.meta.get("accepted_at"),
        "merged_at": place.meta.get("merged_at"),
        "problems": [problem.to_dict() for problem in status.problems],
    }


def ready_ids(packages: Sequence[WorkPackage], status: Status, manifest: LanesManifest | None) -> list[str]:
    """Work packages that can be claimed now."""
    lanes = {package.id: status.snapshot.lane_of(package.id) for package in packages}
    execution_lanes = {
        package.id: lane.lane_id if manifest and (lane := manifest.lane_for_wp(package.id)) else None
        for package in packages
    }
    return [
        package.id for package in packages if is_ready(package.id, needs_of(package, manifest), lanes, execution_lanes)
    ]


def _row(
    place: MissionPlace,
    package: WorkPackage,
    manifest: LanesManifest | None,
    status: Status,
    held: Mapping[str, Holder],
    minutes: float,
) -> dict[str, object]:
    lane = status.snapshot.lane_of(package.id)
    state = status.snapshot.work_packages.get(package.id)
    execution_lane = manifest.lane_for_wp(package.id) if manifest else None
    holder = held.get(package.id)
    lease = read_lease(place, package.id) if lane in HELD else None
    quiet = False
    if lease is not None:
        workspace = workspace_of(place, manifest, package.id)
        scope = scope_of(package, workspace) if workspace else ()
        quiet = is_quiet(lease, workspace.path if workspace else None, minutes, scope)
    planning = execution_lane is not None and execution_lane.lane_id == PLANNING_LANE_ID
    return {
        "id": package.id,
        "title": package.title,
        "lane": lane.value,
        "file": f"{place.relative}/{package.file}",
        "agent": holder.actor if holder else state["actor"] if state and lane is not Lane.PLANNED else None,
        "session": holder.session if holder else None,
        "execution_mode": package.execution_mode.value,
        "workspace_kind": ROOT if planning else LANE,
        "lane_id": execution_lane.lane_id if execution_lane else None,
        "dependencies": list(package.dependencies),
        "since": state["last_transition_at"] if state else None,
        "lease": lease.to_dict(quiet=quiet) if lease else None,
        "stale": quiet,
    }


def board_text(board: Board) -> str:
    """The board for people, 80 columns wide."""
    data = board.data
    slug = safe(data["mission_slug"])
    percent = data["progress_percentage"]
    count = data["total_wps"]
    head = f"{style(slug, 'bold')}  {safe(data['mission_type'])} → {safe(data['target_branch'])}"
    lines = [head, _bar(percent if isinstance(percent, float) else 0.0, int(str(count)))]
    if board.rows:
        lines += ["", table([_cells(row) for row in board.rows], gap=2, indent=2)]
    lines += _remarks(board)
    return "\n".join([*lines, "", f"  Next: {style(_next(board), 'bold')}"])


def _bar(percent: float, count: int) -> str:
    filled = round(percent / 100 * 30)
    bar = style("█" * filled, "green") + style("░" * (30 - filled), "dim")
    return f"  {bar} {percent:g} % of {plural(count, 'work package')}"


def _cells(row: Mapping[str, object]) -> list[str]:
    lane = Lane(str(row["lane"]))
    agent = safe(row["agent"] or "")
    quiet = style(" quiet", "yellow") if row["stale"] else ""
    return [
        str(row["id"]),
        padded(style(lane.value, _COLOURS[lane]), 11),
        clipped(safe(row["title"]), 32),
        safe(row["lane_id"] or "-"),
        clipped(agent, 14) + quiet,
    ]


def _remarks(board: Board) -> list[str]:
    data = board.data
    lines: list[str] = []
    ready = data["ready_wps"]
    if isinstance(ready, list) and ready:
        lines.append(f"  Ready: {', '.join(str(each) for each in ready)}")
    if data["forced_moves"]:
        lines.append(f"  {plural(int(str(data['forced_moves'])), 'move')} forced")
    if data["home"] is None:
        branch = safe(data["target_branch"])
        lines.append(
            f"  {style('No checkout has ' + branch, 'yellow')}: moves are recorded, documents cannot be written"
        )
    if data["unpublished_events"]:
        count = plural(int(str(data["unpublished_events"])), "event")
        lines.append(f"  {count} not yet published (safe in this clone's journal)")
    lines += [
        f"  {style('Lost claim', 'yellow')} {safe(claim.message)}\n    {claim.fix}"
        for claim in board.status.snapshot.lost_claims
    ]
    lines += [f"  {style('Log', 'red')} {safe(problem.message)}" for problem in board.status.problems]
    return ["", *lines] if lines else []


def _next(board: Board) -> str:
    data = board.data
    slug = safe(data["mission_slug"])
    if data["merged_at"]:
        return "spec-kitty mission list"
    settled = all(row["lane"] in ("approved", "done", "canceled") for row in board.rows)
    if board.rows and settled:
        return f"spec-kitty {'merge' if data['accepted_at'] else 'accept'} --mission {slug}"
    return f"spec-kitty next --agent NAME --mission {slug}"
