"""The board of a mission: what `status` tells programs. How it looks to people: `board_text.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from specify_cli.context.models import Context
from specify_cli.context.overview import Overview, overview
from specify_cli.core.readiness import needs_of, ready
from specify_cli.core.work_packages import WorkPackage, problems_of, unwritten
from specify_cli.home import MissionPlace
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.lanes.models import LanesManifest
from specify_cli.mission_metadata import identity_of
from specify_cli.next.open_questions import open_questions
from specify_cli.status.course import Course, courses
from specify_cli.status.holders import HELD, Holder, implementers
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.astray import Astray, astray, held_in
from specify_cli.workspaces.lookup import LANE, ROOT
from specify_cli.workspaces.presence import presence


@frozen
class Board:
    """A mission's board.

    Args:
        data: the JSON that programs read.
        rows: its work packages.
        seen: what it was read from.
        astray: work that was written beside its worktree.
    """

    data: dict[str, object]
    rows: tuple[dict[str, object], ...]
    seen: Overview
    astray: tuple[Astray, ...] = ()

    @property
    def ready(self) -> list[str]:
        """Work packages that can be claimed now."""
        listed = self.data["ready_wps"]
        return [str(each) for each in listed] if isinstance(listed, list) else []

    @property
    def questions(self) -> list[dict[str, object]]:
        """Questions that nobody has answered yet."""
        listed = self.data["open_questions"]
        return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


@frozen
class _People:
    """Who holds, who built, how it was reviewed: by work package; and after how many minutes a holder is quiet."""

    held: Mapping[str, Holder]
    built: Mapping[str, Holder]
    courses: Mapping[str, Course]
    minutes: float


def read_board(context: Context, stale_minutes: float | None = None) -> Board:
    """The board of a mission. Nothing is written.

    Args:
        stale_minutes: take this instead of `leases.quiet_minutes`.
    """
    place = context.place
    seen = overview(place)
    minutes = context.config.quiet_minutes if stale_minutes is None else stale_minutes
    status = seen.status
    people = _People(
        status.holders(), implementers(status.events, status.mission_events), courses(status.events), minutes
    )
    known = {package.id: package for package in seen.packages}
    ids = sorted((wp_id for listed in seen.board.values() for wp_id in listed), key=natural_key)
    shown = place.shown
    rows = tuple(_row(place, shown, known.get(wp_id) or unwritten(wp_id), seen.lanes, status, people) for wp_id in ids)
    beside = tuple(astray(place, held_in(place, seen.packages, seen.lanes, status.snapshot)))
    return Board(_mission(context, seen, rows, beside), rows, seen, beside)


def _mission(
    context: Context, seen: Overview, rows: Sequence[Mapping[str, object]], beside: Sequence[Astray]
) -> dict[str, object]:
    place, status = context.place, seen.status
    asked = open_questions(seen)
    by_lane: dict[str, list[object]] = {lane.value: [] for lane in Lane}
    for row in rows:
        by_lane[str(row["lane"])].append(row["id"])
    return {
        "mission_slug": place.slug,
        "mission_id": place.mission_id,
        "mission_number": place.meta.get("mission_number"),
        "mission_type": identity_of(place.meta, place.slug).mission_type,
        "target_branch": place.target_branch,
        "total_wps": len(rows),
        "by_lane": by_lane,
        "work_packages": list(rows),
        "progress_percentage": seen.percentage,
        "stale_wps": [row["id"] for row in rows if row["stale"]],
        "ready_wps": ready_ids(seen.packages, status, seen.lanes) if seen.no_lanes is None else [],
        "lost_claims": [claim.to_dict() for claim in status.snapshot.lost_claims],
        "forced_moves": sum(state["force_count"] for state in status.snapshot.work_packages.values()),
        "unpublished_events": status.unpublished,
        "home": str(place.home.path) if place.home else None,
        "read_from": place.source.to_dict(),
        "auto_commit": context.config.auto_commit,
        "accepted_at": place.meta.get("accepted_at"),
        "merged_at": place.meta.get("merged_at"),
        "lands_on": seen.lands_on,
        "landed_into": place.meta.get("landed_into"),
        "open_questions": [each.to_dict() for each in asked],
        "astray": [each.to_dict() for each in beside],
        "problems": [
            *(problem.to_dict() for problem in status.problems),
            *({"severity": "error", **problem.to_dict()} for problem in problems_of(seen.packages)),
        ],
    }


def ready_ids(packages: Sequence[WorkPackage], status: Status, manifest: LanesManifest | None) -> list[str]:
    """Work packages that can be claimed now."""
    lanes = {package.id: status.snapshot.lane_of(package.id) for package in packages}
    execution_lanes = {
        package.id: lane.lane_id if manifest and (lane := manifest.lane_for_wp(package.id)) else None
        for package in packages
    }
    needs = {package.id: needs_of(package, manifest) for package in packages if not package.problems}
    return ready(needs, lanes, execution_lanes)


def _row(
    place: MissionPlace,
    shown: Path,
    package: WorkPackage,
    manifest: LanesManifest | None,
    status: Status,
    people: _People,
) -> dict[str, object]:
    lane = status.snapshot.lane_of(package.id)
    state = status.snapshot.work_packages.get(package.id)
    execution_lane = manifest.lane_for_wp(package.id) if manifest else None
    holder, course = people.held.get(package.id), people.courses.get(package.id, Course())
    built = people.built.get(package.id) if lane is not Lane.PLANNED else None
    seen = presence(place, package, manifest, holder, people.minutes) if lane in HELD else None
    planning = execution_lane is not None and execution_lane.lane_id == PLANNING_LANE_ID
    return {
        "id": package.id,
        "title": package.title,
        "lane": lane.value,
        "file": str(shown / package.file) if package.file else None,
        "agent": holder.actor if holder else state["actor"] if state and lane is not Lane.PLANNED else None,
        "session": holder.session if holder else None,
        "execution_mode": package.execution_mode.value,
        "workspace_kind": ROOT if planning else LANE,
        "lane_id": execution_lane.lane_id if execution_lane else None,
        "dependencies": list(package.dependencies),
        "since": state["last_transition_at"] if state else None,
        "lease": seen.lease.to_dict(quiet=seen.quiet) if seen else None,
        "stale": seen is not None and seen.quiet,
        "implementer": _named(built),
        "reviewer": _named(course.reviewer),
        "marks": course.marks,
        "no_change": course.no_change,
        "problems": [problem.message for problem in package.problems],
    }


def _named(who: Holder | None) -> dict[str, str | None] | None:
    return {"actor": who.actor, "session": who.session} if who is not None else None
