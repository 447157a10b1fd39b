"""Refusals that a claim, a hand-over and a verdict share; apart, so that a move loads nothing of claiming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specify_cli.context.models import Actor
from specify_cli.kernel import clock
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, Refused, Unmet
from specify_cli.kernel.values import replace
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane, StatusSnapshot
from specify_cli.workspaces.leases import Lease, is_quiet, seen


def already_claimed(wp_id: str, holder: Holder | None, slug: str, actor: Actor) -> Conflict:
    """The refusal for a work package that somebody else holds."""
    return Conflict(
        f"{wp_id} is held by {holder or 'somebody else'}",
        "WP_ALREADY_CLAIMED",
        hint=actor.own(spec_kitty("next", "--agent", "NAME", "--wait", "60", "--mission", slug)),
        details={
            "wp_id": wp_id,
            "claimed_by": holder.actor if holder else None,
            "claimed_by_session": holder.session if holder else None,
            "retryable": True,
        },
    )


def self_review_refused(wp_id: str, slug: str, actor: Actor, config: Config) -> Refused:
    """The refusal for a review of one's own work while others could do it.

    Args:
        config: as it counts for this work package.
    """
    why = (
        "two sessions of one name count as one unless the agents' own programs gave both ids"
        if config.review_by == "other"
        else "review.self: true in .kittify/config.yaml lets everybody review their own"
    )
    return Refused(
        f"{wp_id} is your own work, and somebody else has to review it ({why})",
        "SELF_REVIEW",
        hint=actor.own(spec_kitty("next", "--agent", "NAME", "--mission", slug)),
        details={"wp_id": wp_id},
    )


def not_quiet(
    snapshot: StatusSnapshot, wp_id: str, holder: Holder | None, lease: Lease | None, minutes: float
) -> Refused:
    """The refusal to take back what a holder has, who is at work.

    Args:
        lease: when the holder was last seen in this clone; None where that was never.
        minutes: the length of silence that counts as quiet while nothing more is known of the holder.
    """
    state, minutes = snapshot.work_packages[wp_id], lease.patience(minutes) if lease else minutes
    since = state["holder_since"] or state["last_transition_at"]
    back = Lane.FOR_REVIEW if state["lane"] is Lane.IN_REVIEW else Lane.PLANNED
    at = ("--force", "--note", "TEXT", "--mission", snapshot.mission_slug)
    hint = spec_kitty("agent tasks move-task", wp_id, "--to", back, *at)
    details: dict[str, object] = {
        "wp_id": wp_id,
        "claimed_by": holder.actor if holder else None,
        "claimed_by_session": holder.session if holder else None,
        "since": since,
        "last_seen": lease.last_seen if lease else None,
        "quiet_minutes": minutes,
    }
    about = f"{wp_id} is held by {holder} since {clock.minute(since)}"
    if lease is None:
        said = f"{about}, who was never seen at work in this clone"
        return Refused(said, "LEASE_ELSEWHERE", hint=hint, details=details)
    # If the holder's last command is long ago, something in the worktree is younger.
    files = ", and files changed there since" if is_quiet(lease, None, minutes) else ""
    silence = "a minute" if minutes == 1 else f"{minutes:g} minutes"
    said = f"{about} and has not been quiet for {silence}: {seen(lease)}{files}"
    return Refused(said, "LEASE_ACTIVE", hint=hint, details=details)


def of_claim(unmet: Iterable[Unmet], held: Mapping[str, Holder], slug: str, actor: Actor) -> tuple[Unmet, ...]:
    """What a claim wants, with commands that this actor can run: what another one holds is waited for."""
    wait = spec_kitty("next", "--agent", "NAME", "--wait", "60", "--mission", slug)
    me = Holder(actor.name, actor.session)
    found = []
    for each in unmet:
        others = each.code == "DEPENDENCIES_NOT_SATISFIED" and held.get(each.subject or "", me) != me
        found.append(replace(each, fix=actor.own(wait) if others else _fix(each, slug, actor)))
    return tuple(found)


def of_own_work(unmet: Iterable[Unmet], slug: str, actor: Actor) -> tuple[Unmet, ...]:
    """What the hand-over of an agent's own work wants, with commands that it can run as they are, from anywhere."""
    return tuple(replace(each, fix=_fix(each, slug, actor)) for each in unmet)


def _fix(each: Unmet, slug: str, actor: Actor) -> Command | None:
    if actor.is_person or each.fix is None:
        return each.fix
    if each.code == "WP_NOT_CLAIMABLE" or (each.code == "NOT_IN_PROGRESS" and " implement " not in each.fix):
        return actor.own(
            spec_kitty("next", "--agent", "NAME", "--mission", slug)
        )  # out of its hands; force is for people
    if each.fix.startswith("spec-kitty agent tasks ") and " --agent " not in each.fix:
        return each.fix.adding(*actor.flags)
    return actor.own(each.fix)
