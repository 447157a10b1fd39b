"""Notes of an orchestrator about its work packages."""

from __future__ import annotations

from specify_cli.kernel.errors import Refused
from specify_cli.kernel.ids import hex_of
from specify_cli.moves.lookup import require_known
from specify_cli.next.notes import add_note
from specify_cli.orchestrator_api.acting import acting, orchestrator
from specify_cli.orchestrator_api.missions import Data, identity


def append_history(mission: str, wp: str, actor: str, note: str) -> Data:
    """Record a note on a work package.

    Raises:
        NotFound: `WP_NOT_FOUND`.
        Refused, Unavailable: `USAGE_ERROR`; the journal cannot be written.
    """
    with acting(mission) as context:
        require_known(context, wp)
        who = orchestrator(actor)
        if not note.strip():
            raise Refused("--note is empty", "USAGE_ERROR")
        event = add_note(context, who, wp, note)
        return identity(context.place) | {"wp_id": wp, "history_entry_id": f"hist-{hex_of(event.event_id)}"}
