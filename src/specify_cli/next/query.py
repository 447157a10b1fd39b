"""`next` without an agent: what would come now. It writes nothing."""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.next.answers import answer
from specify_cli.next.decision import Decision, decide
from specify_cli.next.observe import observe


def query(context: Context, actor: Actor | None = None) -> Decision:
    """The step that would be handed out now, as a preview."""
    seen = observe(context.place, context.config, None)
    return answer(context.place, seen, decide(seen.observation), actor, query=True)
