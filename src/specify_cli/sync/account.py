"""Whose events these are: a user and team on a server; each has a queue of its own."""

from __future__ import annotations

from pathlib import Path

from specify_cli.kernel.digests import sha256
from specify_cli.kernel.values import frozen
from specify_cli.sync.config import state_home


@frozen
class Account:
    """A user on a server.

    Args:
        server: address in its one spelling.
        username: as typed at login.
        team_slug: None where the server named none.
    """

    server: str
    username: str
    team_slug: str | None = None

    @property
    def scope(self) -> str:
        """What makes two accounts one (contract 3.1)."""
        parts = (self.server.strip().rstrip("/"), self.username.strip(), (self.team_slug or "no-team").strip())
        return "|".join(parts).lower()

    @property
    def queue_path(self) -> Path:
        """The file in which its events wait."""
        return state_home() / "queues" / f"queue-{sha256(self.scope.encode())[:16]}.db"

    def __str__(self) -> str:
        team = f" (team {self.team_slug})" if self.team_slug else ""
        return f"{self.username}{team} at {self.server}"
