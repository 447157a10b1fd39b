"""What a command of the contract that changes something begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from specify_cli.context.models import Actor, Context
from specify_cli.kernel import paths
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.notices import Notice
from specify_cli.merge.intent import settle
from specify_cli.orchestrator_api.missions import Data, opened
from specify_cli.orchestrator_api.policy import PolicyMetadata, policy_to_dict


@contextmanager
def acting(mission: str) -> Iterator[Context]:
    """As `opened`, a merge that was cut short finished or dropped first."""
    settle(paths.discover(paths.starting_point()))
    with opened(mission) as context:
        context.place.require_writable()
        context.config.require_sound()
        yield context


def orchestrator(name: str, declared: PolicyMetadata | None = None) -> Actor:
    """Who acts. There is no session: what a run of the program began, the next run of it may go on with.

    Raises:
        Refused: `TRANSITION_REJECTED`: nobody acts.
    """
    if not name.strip():
        raise Refused("--actor is empty: who acts?", "TRANSITION_REJECTED")
    return Actor(name, None, policy_to_dict(declared) if declared else None)


def warned(notices: Sequence[Notice]) -> Data:
    """The key for warnings, where there are any."""
    return {"warnings": [notice.to_dict() for notice in notices]} if notices else {}
