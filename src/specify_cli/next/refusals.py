"""Refusals that a claim, a hand-over and a verdict share; apart, so that a move loads nothing of claiming."""

from __future__ import annotations

from specify_cli.kernel.errors import Conflict, Refused
from specify_cli.status.holders import Holder


def already_claimed(wp_id: str, holder: Holder | None, slug: str) -> Conflict:
    """The refusal for a work package that somebody else holds."""
    return Conflict(
        f"{wp_id} is held by {holder or 'somebody else'}",
        "WP_ALREADY_CLAIMED",
        hint=f"spec-kitty next --agent NAME --wait 60 --mission {slug}",
        details={
            "wp_id": wp_id,
            "claimed_by": holder.actor if holder else None,
            "claimed_by_session": holder.session if holder else None,
            "retryable": True,
        },
    )


def self_review_refused(wp_id: str, slug: str) -> Refused:
    """The refusal for a review of one's own work while others could do it."""
    return Refused(
        f"{wp_id} is your own work, and somebody else has to review it",
        "SELF_REVIEW",
        hint=f"spec-kitty next --agent ANOTHER --mission {slug}  # or set review.self: true in .kittify/config.yaml",
        details={"wp_id": wp_id},
    )
