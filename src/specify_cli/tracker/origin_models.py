"""Tickets as values (contract 7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specify_cli.kernel.values import frozen


@frozen
class OriginCandidate:
    """A ticket that a mission may begin with; `match_type` is `exact` or `text`."""

    external_issue_id: str
    external_issue_key: str
    title: str
    status: str
    url: str
    match_type: str

    def to_dict(self) -> dict[str, str]:
        """The shape in JSON answers."""
        return {name: getattr(self, name) for name in self.__match_args__}


@frozen
class SearchOriginResult:
    """What a search found; no candidates is an answer too."""

    candidates: list[OriginCandidate]
    provider: str
    resource_type: str
    resource_id: str
    query_used: str


@dataclass(slots=True)
class MissionFromTicketResult:
    """A mission that began with a ticket."""

    feature_dir: Path
    mission_slug: str
    origin_ticket: dict[str, str]
    event_emitted: bool
