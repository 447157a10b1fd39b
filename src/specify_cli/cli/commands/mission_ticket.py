"""`spec-kitty mission from-ticket`: a mission that begins with a ticket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.asking import can_ask, chosen, confirmed
from specify_cli.cli.commands.agent.mission import SizeFlag
from specify_cli.cli.options import MissionTypeFlag
from specify_cli.cli.output import Reply, safe, say, style
from specify_cli.cli.text import clipped, table
from specify_cli.context.missions import place_of
from specify_cli.core.commits import Committed, milestone
from specify_cli.core.mission_sizes import Size, mission_type_of
from specify_cli.home import MissionPlace
from specify_cli.kernel import files, paths
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import NotFound, Refused, UsageError
from specify_cli.kernel.paths import KITTIFY
from specify_cli.merge.intent import settle
from specify_cli.tracker.closing import may_write
from specify_cli.tracker.config import GITHUB_CLI
from specify_cli.tracker.origin import mission_of, search_origin_candidates, start_mission_from_ticket
from specify_cli.tracker.origin_models import MissionFromTicketResult, OriginCandidate, SearchOriginResult

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+|#?\d+")
_COMMAND = "mission from-ticket"


def from_ticket(
    query: Annotated[
        str | None, typer.Argument(metavar="KEY|TEXT", help="Key of a ticket, or words to search for.")
    ] = None,
    select: Annotated[
        int | None, typer.Option("--select", metavar="N", min=1, help="Take number N of the tickets found.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; only with the exact key of a ticket.")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="Show at most N.")] = 10,
    mission_type: MissionTypeFlag = None,
    size: SizeFlag = Size.NORMAL,
    start_branch: Annotated[
        str | None, typer.Option("--start-branch", metavar="BRANCH", help="Make this branch and land there.")
    ] = None,
) -> Reply:
    """Create a mission from a ticket of the bound tracker, and bind the two.

    The ticket is searched for, shown and confirmed; then the mission is created and the tracker told of it. Run again
    after a failure, it finds the mission that it made.
    """
    repo = paths.discover(paths.starting_point())
    settle(repo)
    asked = (query or "").strip()
    is_key = bool(_KEY.fullmatch(asked))
    found = search_origin_candidates(repo.checkout, None if is_key else asked or None, asked if is_key else None, limit)
    if not found.candidates:
        raise NotFound(
            f"no ticket of {found.provider} fits {asked!r}" if asked else f"{found.provider} has no open ticket",
            "TICKET_NOT_FOUND",
            hint=spec_kitty(_COMMAND),
            details={"query_used": found.query_used, "candidates": []},
        )
    ticket = _choice(found, select, asked, yes=yes)
    if ticket is None:
        return Reply({"result": "canceled", "candidates": _listed(found)}, "Nothing was created.")
    if found.provider == GITHUB_CLI:
        may_write(repo, found.resource_id)
    before = mission_of(repo.checkout, ticket, found.provider)
    done = start_mission_from_ticket(
        repo.checkout,
        ticket,
        found.provider,
        found.resource_type,
        found.resource_id,
        mission_type or "software-dev",
        start_branch=start_branch,
        size=size,
    )
    place = place_of(repo, done.mission_slug)
    document = done.feature_dir / (mission_type_of(place).first_document if place else "spec.md")
    return _reply(done, document, _publish(place, ticket), created=before is None)


def _choice(found: SearchOriginResult, select: int | None, asked: str, *, yes: bool) -> OriginCandidate | None:
    """The ticket that a person confirmed; None where the answer was no.

    Raises:
        UsageError: `SELECT_OUT_OF_RANGE`, `CONFIRMATION_REQUIRED`.
    """
    tickets = found.candidates
    exact = [each for each in tickets if _is_exact(each, asked)]
    if select is not None and select > len(tickets):
        raise UsageError(
            f"--select {select}: there are tickets 1 to {len(tickets)}", "SELECT_OUT_OF_RANGE", hint=_again(asked)
        )
    ticket = tickets[select - 1] if select else exact[0] if len(exact) == 1 else None
    if yes and ticket is not None and ticket in exact:
        return ticket
    say(_table(found))
    if yes or not can_ask():
        only = ticket or (tickets[0] if len(tickets) == 1 else None)
        raise Refused(
            "a person must confirm the ticket: --yes is only for the exact key of one"
            + ("" if only else ", which `details.candidates` lists"),
            "CONFIRMATION_REQUIRED",
            hint=spec_kitty(_COMMAND, only.external_issue_key if only else "KEY", "--yes"),
            details={
                "candidates": _listed(found),
                "resource_type": found.resource_type,
                "resource_id": found.resource_id,
            },
        )
    if ticket is None:
        ticket = tickets[0] if len(tickets) == 1 else tickets[chosen(list(range(1, len(tickets) + 1))) - 1]
    return ticket if confirmed(f"Begin a mission with {ticket.external_issue_key}: {ticket.title}?") else None


def _is_exact(ticket: OriginCandidate, asked: str) -> bool:
    """Whether a ticket was asked for by its key; `12` and `#12` stand for `GH-12`."""
    key, given = ticket.external_issue_key.casefold(), asked.casefold().removeprefix("#")
    return bool(given) and ticket.match_type == "exact" and given in {key, key.removeprefix("gh-")}


def _again(asked: str) -> Command:
    return spec_kitty(_COMMAND, asked) if asked else spec_kitty(_COMMAND)


def _listed(found: SearchOriginResult) -> list[dict[str, object]]:
    return [{"number": number, **each.to_dict()} for number, each in enumerate(found.candidates, 1)]


def _table(found: SearchOriginResult) -> str:
    head = [style(name, "bold") for name in ("#", "ticket", "title", "status", "match")]
    rows = [
        [
            str(number),
            clipped(safe(each.external_issue_key), 16),
            clipped(safe(each.title), 36),
            clipped(safe(each.status), 12),
            each.match_type,
        ]
        for number, each in enumerate(found.candidates, 1)
    ]
    return table([head, *rows], indent=2)


def _publish(place: MissionPlace | None, ticket: OriginCandidate) -> Committed:
    """Commit what binding wrote."""
    if place is None:
        return Committed()
    config = parse_config(files.read_text(place.feature_dir.parent.parent / KITTIFY / "config.yaml"))
    return milestone(place, config, f"bind to {' '.join(ticket.external_issue_key.split())}")


def _reply(done: MissionFromTicketResult, document: Path, published: Committed, *, created: bool) -> Reply:
    ticket = done.origin_ticket
    step = spec_kitty("next", "--agent", "NAME", "--mission", done.mission_slug)
    data: dict[str, object] = {
        "result": "success",
        "created": created,
        "mission_slug": done.mission_slug,
        "feature_dir": str(done.feature_dir),
        "spec_file": str(document),
        "origin_ticket": ticket,
        "event_emitted": done.event_emitted,
        "next_step": step,
        "commit": published.commit,
        "warnings": notices(published.warnings),
    }
    said = "created from" if created else "was there already; bound to"
    lines = [
        f"{style(done.mission_slug, 'bold')} {said} {style(safe(ticket['external_issue_key']), 'bold')}",
        f"  ticket    {safe(ticket['title'])}",
        f"  link      {safe(ticket['external_issue_url'])}",
        f"  write     {safe(document)}",
        "",
        f"  Next: {style(step, 'bold')}",
    ]
    return Reply(data, "\n".join(lines))
