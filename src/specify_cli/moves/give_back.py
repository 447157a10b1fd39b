"""Work or a review that its own holder lets go of: given back for others, or blocked."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.status.emit import writing
from specify_cli.status.holders import HELD, Holder
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces import leases

_TO_OTHERS = {Lane.CLAIMED: Lane.PLANNED, Lane.IN_PROGRESS: Lane.PLANNED, Lane.IN_REVIEW: Lane.FOR_REVIEW}


def give_back(context: Context, actor: Actor, wp_id: str, note: str) -> StatusEvent | None:
    """Give work or a review back: a forced move that is not counted as an override; None where nothing is held."""
    return _let_go(context, actor, wp_id, note, _TO_OTHERS)


def block(context: Context, actor: Actor, wp_id: str, note: str) -> StatusEvent | None:
    """Block work or a review, with the question as the note; None where nothing is held."""
    return _let_go(context, actor, wp_id, note, dict.fromkeys(HELD, Lane.BLOCKED))


def _let_go(context: Context, actor: Actor, wp_id: str, note: str, targets: dict[Lane, Lane]) -> StatusEvent | None:
    with writing(context.place, publish=publish_mode(context.config)) as log:
        lane = log.snapshot.lane_of(wp_id)
        if lane not in targets or log.holders().get(wp_id) != Holder(actor.name, actor.session):
            return None
        target = targets[lane]
        forced = target is not Lane.BLOCKED or lane is Lane.IN_REVIEW
        event = log.move(wp_id, target, actor=actor.name, session=actor.session, force=forced, reason=note)
    leases.release(context.place, wp_id)
    return event
