"""Whether the server is there and knows us (contract 3.6), and what keeps sync from working (contract 3.8)."""

from __future__ import annotations

from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError, Unavailable
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen
from specify_cli.sync.account import Account
from specify_cli.sync.answers import json_of
from specify_cli.sync.batch import BATCH
from specify_cli.sync.body_queue import BodyQueueStats
from specify_cli.sync.client import SaasClient
from specify_cli.sync.queue import QueueStats

HEALTH = "/api/v1/sync/health/"
PROBE_SECONDS = 5.0
NEARLY_FULL = 0.8


@frozen
class Ping:
    """What a probe of the server with the user's own token came to.

    Args:
        word: the outcome in a word or two.
        note: what it means.
        hint: a command that mends it.
    """

    word: str
    note: str
    hint: Command | None = None

    @property
    def is_well(self) -> bool:
        """Whether events would be taken."""
        return self.word == "Connected"


def probe(account: Account, seconds: float = PROBE_SECONDS) -> Ping:
    """Ask the server how it is, in the name of the user."""
    try:
        with SaasClient(account.server, timeout=seconds, account=account) as client:
            answer = client.get(HEALTH)
            if answer.status in {404, 405}:  # an older server: it says that a batch without events is none
                answer = client.post(BATCH, b'{"events": []}', {"Content-Type": "application/json"})
                if answer.status == 400 and "no events" in str(json_of(answer.body)).lower():
                    return _STATUSES[_WELL]
    except Refused as error:
        return Ping("Session expired", error.message, error.hint)
    except Unavailable as error:
        return Ping("Unreachable", f"{error.message}; events stay queued", error.hint)
    except SpecKittyError as error:
        return Ping("Error", error.message, error.hint)
    if answer.status == _WELL and answer.body.lstrip()[:1] == b"<":
        return Ping("Unexpected", "a web page answered: a proxy or a login page stands in front of the server", _AGAIN)
    return _STATUSES.get(answer.status) or Ping("Unexpected", f"the server answered with HTTP {answer.status}", _AGAIN)


_AGAIN = spec_kitty("sync status", "--check")
_WELL = 200
_STATUSES = {
    _WELL: Ping("Connected", "the server is there and takes this login"),
    401: Ping("Authentication failed", "the server does not take this login", spec_kitty("auth login", "--force")),
    403: Ping("Permission denied", "the server knows you and does not let you in: check your team", None),
}


def issues(queue: QueueStats | None, bodies: BodyQueueStats | None, ping: Ping | None) -> list[Notice]:
    """What keeps events from being delivered."""
    found = []
    if queue is not None:
        share = queue.total_queued / queue.max_queue_size
        if share >= NEARLY_FULL:
            state = "full" if share >= 1 else f"{share:.0%} full"
            message = f"the queue is {state}; what finds no room stays in the journals"
            found.append(Notice("QUEUE_FULL", message, spec_kitty("sync now")))
        if queue.dead_letters:
            message = f"{plural(queue.dead_letters, 'event')} will not be sent again by itself"
            found.append(Notice("DEAD_LETTERS", message, spec_kitty("sync queue list")))
    if bodies is not None and bodies.parked_count:
        message = f"{plural(bodies.parked_count, 'document')} will not be sent again by itself"
        found.append(Notice("BODIES_PARKED", message, spec_kitty("sync queue list")))
    if ping is not None and not ping.is_well:
        found.append(Notice("SERVER_NOT_READY", f"{ping.word}: {ping.note}", ping.hint))
    return found
