"""The command that brings a work package on, by where it is; pure."""

from __future__ import annotations

from specify_cli.status.models import Lane


def way_on(wp_id: str, lane: Lane | None, slug: str) -> str:
    """What a person runs next so that a work package comes nearer to being approved.

    Args:
        lane: where it is; None where the mission has no such work package.
        slug: the mission.
    """
    at = f"--mission {slug}"
    ways = {
        Lane.IN_PROGRESS: f"spec-kitty agent tasks move-task {wp_id} --to for_review {at}",
        Lane.FOR_REVIEW: f"spec-kitty agent action review {wp_id} --agent NAME {at}",
        Lane.IN_REVIEW: f"spec-kitty agent tasks move-task {wp_id} --to approved --reviewer NAME {at}",
        Lane.BLOCKED: f"spec-kitty why {wp_id} {at}",
        Lane.CANCELED: f"spec-kitty agent mission finalize-tasks {at}  # after taking {wp_id} out of the dependencies",
        None: f"spec-kitty agent mission finalize-tasks {at}",
    }
    return ways.get(lane, f"spec-kitty agent action implement {wp_id} --agent NAME {at}")
