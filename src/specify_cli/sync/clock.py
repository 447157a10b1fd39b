"""The Lamport clock of this user on this machine (contract 2.5): one file, one lock, and never backwards."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from specify_cli.kernel import clock, files, locks, system
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import Refused
from specify_cli.sync.config import private_home, state_home

_NODE = re.compile(r"[0-9a-f]{12}")
_GREATEST = 2**53 - 1  # what every reader of JSON can hold


class LamportClock:
    """A counter that all projects and processes of a user share.

    Args:
        path: its file; None for the user's own.
        known: the greatest value found elsewhere, in queue and logs; asked only where the file is lost or damaged.
    """

    def __init__(self, path: Path | None = None, known: Callable[[], int] = lambda: 0) -> None:
        self.path = path or state_home() / "clock.json"
        self.known = known

    @property
    def node_id(self) -> str:
        """The machine and user that the clock counts for; once written it stays, whatever the machine is called."""
        stored = self._stored().get("node_id")
        return stored if isinstance(stored, str) and _NODE.fullmatch(stored) else generate_node_id()

    def tick(self, count: int = 1) -> range:
        """The next values, for as many events of our own; they are this caller's alone, also after a crash.

        Raises:
            Conflict: `LOCKED`.
            Refused, Unavailable: the file cannot be written.
        """
        return self._advance(0, count)

    def receive(self, remote: object) -> int:
        """The value for having seen somebody else's; what is no clock value counts as 0. Raises as `tick`."""
        return self._advance(_value(remote) or 0, 1)[0]

    def _advance(self, seen: int, count: int) -> range:
        if self.path.parent == state_home():
            private_home()
        with locks.held(self.path.with_suffix(".lock"), doing="tick"):
            stored = _value(self._stored().get("value"))
            first = max(self.known() if stored is None else stored, seen) + 1
            content = {"value": first + count - 1, "node_id": self.node_id, "updated_at": clock.stamp()}
            files.atomic_write(self.path, files.dump_json(content), private=True)
            return range(first, first + count)

    def _stored(self) -> Mapping[str, object]:
        """What the file says; nothing where it is missing or damaged."""
        try:
            return files.read_json(self.path) or {}
        except Refused as error:
            if error.code != "MALFORMED_JSON":
                raise  # what cannot be read may be whole, and the clock must not go back
            return {}


def generate_node_id() -> str:
    """Twelve digits for host and user, the same every time."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"  # a container may run a user that has no name
    return sha256(f"{system.host()}:{user}".encode("utf-8", "surrogateescape"))[:12]


def _value(found: object) -> int | None:
    """A value of the clock, or None for anything else."""
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < _GREATEST:
        return found
    return None
