"""Where a work package is worked on. Nothing is written."""

from __future__ import annotations

from pathlib import Path

from specify_cli.context.models import Context
from specify_cli.context.resolution import resolution
from specify_cli.core.work_packages import load_work_packages, require_work_package
from specify_cli.home import MissionPlace
from specify_cli.lanes.persistence import read_lanes
from specify_cli.orchestrator_api.missions import Data, identity, opened
from specify_cli.workspaces.lookup import LANE, lane_of


def resolve_workspace(mission: str, wp: str) -> Data:
    """Where a work package is, or will be, worked on.

    Raises:
        NotFound: `WP_NOT_FOUND`.
        Refused: `LANES_MISSING`, `TARGET_NOT_CHECKED_OUT`.
    """
    with opened(mission) as context:
        require_work_package(load_work_packages(context.place), wp, context.place.slug)
        return identity(context.place) | workspace(context, wp)


def workspace(context: Context, wp: str) -> Data:
    """The keys that tell of a workspace; those of a lane only where it has one of its own. Raises as above."""
    place = context.place
    lane_of(read_lanes(place), place, wp)
    found = resolution(context, "implement", wp, None)
    prompt = Path(str(found["wp_file"]))
    if place.folder is None:
        prompt = prompt_copy(place, prompt.name)
    if found["workspace_path"] is None or not prompt.is_file():
        _ = place.feature_dir  # tells what is missing
    told: Data = {"wp_id": wp, "workspace_path": found["workspace_path"], "prompt_path": str(prompt)}
    if found["resolution_kind"] == LANE:
        told |= {
            "lane_id": found["lane_id"],
            "lane_branch": found["branch_name"],
            "lane_base_ref": found["resolved_base"],
        }
    return told


def prompt_copy(place: MissionPlace, name: str) -> Path:
    """Where the prompt of a work package can be read while no checkout has the mission's documents."""
    return place.runtime / "prompts" / place.slug / name
