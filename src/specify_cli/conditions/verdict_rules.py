"""What a work package that was handed over still wants before it is approved; pure."""

from __future__ import annotations

from specify_cli.conditions.ways import way_on
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane


@frozen
class ReviewFacts:
    """What is known of a work package in review, or waiting for one.

    Args:
        lane: for_review or in_review.
        implementer: who built it, in words; None where nobody knows.
        own_allowed: whether its implementer may review it too.
        reviewer: the actor who reviews it; None while nobody does.
        holder: the same with the session, in words.
    """

    wp_id: str
    slug: str
    lane: Lane
    implementer: str | None = None
    own_allowed: bool = True
    reviewer: str | None = None
    holder: str | None = None


def to_review(facts: ReviewFacts) -> list[Unmet]:
    """A reviewer where there is none, else the verdict; with the command that gives it."""
    wp_id = facts.wp_id
    if facts.lane is Lane.FOR_REVIEW:
        said = f"nobody reviews {wp_id} yet; {_who_may(facts)}"
        return [Unmet("REVIEW_MISSING", said, way_on(wp_id, facts.lane, facts.slug), wp_id)]
    said = f"{facts.holder or 'somebody'} reviews {wp_id} and has given no verdict"
    fix = f"spec-kitty agent tasks move-task {wp_id} --to approved --agent {facts.reviewer or 'NAME'}"
    return [Unmet("REVIEW_VERDICT_MISSING", said, f"{fix} --mission {facts.slug}", wp_id)]


def _who_may(facts: ReviewFacts) -> str:
    if facts.implementer is None:
        return "anybody may"
    if facts.own_allowed:
        return f"anybody may, {facts.implementer}, who built it, too"
    return f"anybody may but {facts.implementer}, who built it"
