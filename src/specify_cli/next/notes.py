"""Notes on work packages: what somebody tells whoever comes next."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.next.steps import keep_awake
from specify_cli.status.emit import writing
from specify_cli.status.mission_log import MissionEvent


def add_note(context: Context, actor: Actor, wp_id: str, text: str) -> MissionEvent:
    """Record a note on a work package; that it exists is the caller's knowledge."""
    with writing(context.place, publish=publish_mode(context.config)) as log:
        event = log.record("note", actor=actor.name, session=actor.session, wp_id=wp_id, data={"text": text})
    keep_awake(context.place, actor.name, actor.session)
    return event
