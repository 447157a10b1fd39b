"""Everything about one action in one answer: mission, work package, branch, workspace and commands."""

from __future__ import annotations

from specify_cli.context.models import Context
from specify_cli.core.work_packages import WorkPackage, load_work_packages, require_work_package
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.notices import Notice
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID, lane_branch_name, mission_branch_name
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.reading import read_status
from specify_cli.workspaces.lookup import LANE, ROOT, workspace_of
from specify_cli.workspaces.records import lane_path


def resolution(context: Context, action: str, wp_id: str | None, agent: str | None) -> dict[str, object]:
    """The keys of `agent context resolve`. Nothing is written.

    Args:
        action: what is to be done, such as implement, review or plan.
        wp_id: the work package, where the action has one.
        agent: for the commands.
    """
    place = context.place
    folder = place.shown
    found: dict[str, object] = {
        "success": True,
        "action": action,
        "mission_slug": place.slug,
        "mission_id": place.mission_id,
        "feature_dir": str(folder),
        "target_branch": place.target_branch,
        "read_from": place.source.to_dict(),
        "detection_method": context.how,
        "wp_id": wp_id,
        "wp_file": None,
        "lane": None,
        "lane_id": None,
        "branch_name": place.target_branch,
        "execution_mode": None,
        "resolution_kind": ROOT,
        "dependencies": [],
        "resolved_base": None,
        "workspace_path": str(place.home.path) if place.home else None,
        "commands": _commands(place, wp_id, agent),
        "warnings": [],
    }
    if wp_id is not None:
        package = require_work_package(load_work_packages(place), wp_id, place.slug)
        found |= _of_package(place, package, read_lanes(place), str(folder))
    return found


def _of_package(
    place: MissionPlace, package: WorkPackage, manifest: LanesManifest | None, folder: str
) -> dict[str, object]:
    lane = manifest.lane_for_wp(package.id) if manifest else None
    workspace = workspace_of(place, manifest, package.id)
    planning = lane is not None and lane.lane_id == PLANNING_LANE_ID
    home = str(place.home.path) if place.home else None
    start = place.target_branch if planning else mission_branch_name(place.slug)
    path = home if planning else str(lane_path(place, lane.lane_id)) if lane else None
    return {
        "wp_id": package.id,
        "wp_file": f"{folder}/{package.file}",
        "lane": read_status(place).snapshot.lane_of(package.id).value,
        "lane_id": lane.lane_id if lane else None,
        "branch_name": lane_branch_name(place.slug, lane.lane_id, place.target_branch) if lane else None,
        "execution_mode": package.execution_mode.value,
        "resolution_kind": ROOT if planning else LANE,
        "dependencies": list(package.dependencies),
        "resolved_base": workspace.base if workspace else start,
        "workspace_path": str(workspace.path) if workspace else path,
        "warnings": [] if lane else [_lanes_missing(place, package.id).to_dict()],
    }


def _lanes_missing(place: MissionPlace, wp_id: str) -> Notice:
    finalize = spec_kitty("agent mission finalize-tasks", "--mission", place.slug)
    return Notice("LANES_MISSING", f"{wp_id} has no lane yet, so neither branch nor workspace", finalize)


def _commands(place: MissionPlace, wp_id: str | None, agent: str | None) -> dict[str, str]:
    flags = ("--agent", agent or "NAME", "--mission", place.slug)
    commands: dict[str, str] = {
        "next": spec_kitty("next", *flags),
        "status": spec_kitty("status", "--mission", place.slug),
    }
    if wp_id is None:
        return commands
    move = spec_kitty("agent tasks move-task", wp_id)
    return commands | {
        "implement": spec_kitty("agent action implement", wp_id, *flags),
        "review": spec_kitty("agent action review", wp_id, *flags),
        "done": move.adding("--to", "for_review", *flags),
        "approve": move.adding("--to", "approved", *flags),
        "reject": move.adding("--to", "planned", "--review-feedback-file", "FILE", *flags),
    }
