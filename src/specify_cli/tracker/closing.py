"""Closing the issue of a mission that was merged: only where this clone was told that it may write there."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.sync import consent
from specify_cli.tracker.config import GITHUB_CLI
from specify_cli.tracker.providers.github_cli import GitHubIssues


def consent_key(repository: str) -> str:
    """What this clone agrees to when it is bound to a repository's issues: beside servers, and never committed."""
    return f"{GITHUB_CLI}:{repository}"


def may_write(repo: Repository, repository: str) -> None:
    """Note that somebody here bound to these issues, or confirmed a ticket of them."""
    consent.give(repo, consent_key(repository))


def close_origin(place: MissionPlace, merged_commit: str) -> tuple[Notice, ...]:
    """Close the GitHub issue that a merged mission began with; what hinders it is a warning."""
    ticket = place.meta.get("origin_ticket")
    if not isinstance(ticket, Mapping) or ticket.get("provider") != GITHUB_CLI:
        return ()
    repository, key = str(ticket.get("resource_id")), str(ticket.get("external_issue_key"))
    by_hand = command("gh", "issue", "close", key.removeprefix("GH-"), f"--repo={repository}")
    try:
        if consent.consented_at(place.repo, consent_key(repository)) is None:
            said = f"issue {key} of {repository} stays open: nobody bound this clone to its issues"
            return (Notice("ISSUE_LEFT_OPEN", said, by_hand),)
        GitHubIssues(repository).close(key, f"Merged: mission {place.slug}, commit {merged_commit}.")
    except SpecKittyError as error:
        return (Notice("ISSUE_LEFT_OPEN", f"issue {key} of {repository} stays open: {error.message}", by_hand),)
    return ()
