"""The command that brings a work package on, by where it is; pure."""

from __future__ import annotations

from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.status.models import Lane


def way_on(wp_id: str, lane: Lane | None, slug: str) -> Command:
    """What a person runs next so that a work package comes nearer to being approved. It never is the approval itself.

    Args:
        lane: where it is; None where the mission has no such work package.
        slug: the mission.
    """
    at = ("--mission", slug)
    if lane is Lane.IN_PROGRESS:
        return spec_kitty("agent tasks move-task", wp_id, "--to", Lane.FOR_REVIEW, *at)
    if lane in (Lane.FOR_REVIEW, Lane.IN_REVIEW):
        return spec_kitty("agent action review", wp_id, "--agent", "NAME", *at)
    if lane is Lane.BLOCKED:
        return spec_kitty("why", wp_id, *at)
    if lane in (Lane.CANCELED, None):
        return spec_kitty("agent mission finalize-tasks", *at)
    return spec_kitty("agent action implement", wp_id, "--agent", "NAME", *at)


def verdicts(wp_id: str, slug: str, *flags: str) -> tuple[Command, Command]:
    """The two verdicts of a review: approve it, or send it back.

    Args:
        flags: how the reviewer names himself.
    """
    move, at = ("agent tasks move-task", wp_id, "--to"), ("--mission", slug)
    approve = spec_kitty(*move, Lane.APPROVED, *flags, *at)
    return approve, spec_kitty(*move, Lane.PLANNED, "--review-feedback-file", "FILE", *flags, *at)
