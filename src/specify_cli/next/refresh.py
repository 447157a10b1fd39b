"""A lane's worktree that is under way, brought up to date with the lanes it builds on."""

from __future__ import annotations

from specify_cli.context.models import Context
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import git_command, spec_kitty
from specify_cli.kernel.errors import Conflict, NotFound
from specify_cli.lanes.branch_naming import parse_lane_id_from_branch
from specify_cli.lanes.persistence import require_lanes
from specify_cli.next.claims import needed_by
from specify_cli.status.holders import WORKING
from specify_cli.status.reading import read_status
from specify_cli.workspaces.allocate import ensure_workspace
from specify_cli.workspaces.lookup import Workspace
from specify_cli.workspaces.records import read_record


def refresh(context: Context) -> Workspace | None:
    """Bring what the work under way builds on into the worktree one stands in; None where nothing is under way.

    Raises:
        NotFound: `NOT_A_WORKSPACE`.
        Refused: as `ensure_workspace`.
        Conflict: `DEPENDENCY_CONFLICT`, with the merge to make by hand; nothing was changed.
    """
    place = context.place
    here = place.repo.here()
    lane_id = parse_lane_id_from_branch(here.branch or "") if here else None
    record = read_record(place, lane_id) if lane_id else None
    if lane_id is None or record is None:
        raise NotFound(
            f"{place.repo.checkout} is not the workspace of a lane", "NOT_A_WORKSPACE", hint=spec_kitty("context list")
        )
    manifest = require_lanes(place)
    packages = {package.id: package for package in load_work_packages(place)}
    status = read_status(place)
    under_way = [wp_id for wp_id in record.wps if wp_id in packages and status.snapshot.lane_of(wp_id) in WORKING]
    if not under_way:
        return None
    needed = [
        need for wp_id in under_way for need in needed_by(context, packages[wp_id], packages, manifest, lane_id, status)
    ]
    try:
        return ensure_workspace(place, manifest, under_way[-1], needed, again=True)
    except Conflict as error:
        if error.code != "DEPENDENCY_CONFLICT":
            raise
        wps = error.details.get("wps")
        names = [need.name for need in needed if isinstance(wps, list) and need.wp_id in wps]
        hint = git_command(record.path, "merge", names[-1]) if names else error.hint
        raise Conflict(error.message, error.code, hint=hint, details=error.details) from error
