"""Missions that begin with a ticket (seed 061, contract 7.6): search, create, bind.

The server hears of a binding first; what is written here follows. So this side is never ahead, and a retry heals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from specify_cli.context.actor import session_here, who
from specify_cli.context.missions import all_places, place_of
from specify_cli.core.commits import publish_mode
from specify_cli.core.mission_creation import create_mission_core
from specify_cli.core.mission_sizes import Size
from specify_cli.home import MissionPlace
from specify_cli.kernel import files, locks, paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.paths import KITTIFY
from specify_cli.kernel.text import digest, slugify
from specify_cli.mission_metadata import load_meta, set_origin_ticket
from specify_cli.status.emit import writing
from specify_cli.sync.project_identity import ensure_identity
from specify_cli.tracker.config import (
    GITHUB_CLI,
    TICKET_PROVIDERS,
    TrackerProjectConfig,
    load_tracker_config,
    require_binding,
)
from specify_cli.tracker.origin_models import MissionFromTicketResult, OriginCandidate, SearchOriginResult
from specify_cli.tracker.providers import github_cli
from specify_cli.tracker.saas_client import SaaSTrackerClient
from specify_cli.tracker.saas_errors import unusable
from specify_cli.tracker.saas_service import checked

# Key of meta.json: the ticket for which a mission was made, there before the binding is.
FROM_TICKET = "from_ticket"
_LONGEST_SLUG = 60
_MATCHES = {"exact", "text"}


class OriginBindingError(Refused, RuntimeError):
    """A ticket cannot be found, or a mission not be bound to it; what happened is its cause."""


def search_origin_candidates(
    repo_root: Path,
    query_text: str | None = None,
    query_key: str | None = None,
    limit: int = 10,
    *,
    client: SaaSTrackerClient | None = None,
) -> SearchOriginResult:
    """Find tickets by key or words.

    Raises:
        OriginBindingError: no tracker is bound, none that has tickets, or it did not answer as it should.
    """
    with _explained():
        config, provider = _ticket_tracker(repo_root)
        query = query_key or query_text or ""
        if provider == GITHUB_CLI:
            tracker = github_cli.GitHubIssues(str(config.workspace))
            return tracker.search(query_text=query_text, query_key=query_key, limit=limit)
        found = checked(
            config,
            (client or SaaSTrackerClient()).search_issues,
            provider=provider,
            **_route(repo_root, config),
            query_text=query_text,
            query_key=query_key,
            limit=limit,
        )
        rows = found.get("candidates")
        if not isinstance(rows, list):
            raise unusable("it lists no candidates")
        candidates = [_candidate(row, number) for number, row in enumerate(rows[:limit], 1)]
        return SearchOriginResult(
            candidates, provider, _text(found.get("resource_type")), _text(found.get("resource_id")), query
        )


def bind_mission_origin(
    feature_dir: Path,
    candidate: OriginCandidate,
    provider: str,
    resource_type: str,
    resource_id: str,
    *,
    client: SaaSTrackerClient | None = None,
) -> tuple[dict[str, object], bool]:
    """Bind a mission to its ticket: at the tracker, then in meta.json, then in the mission's log.

    That a person has confirmed it is the caller's duty.

    Returns:
        The meta.json, and whether the log tells of it.

    Raises:
        OriginBindingError: nothing was written here, or (a disk that fails) the tracker alone knows: try again.
    """
    with _explained():
        meta = load_meta(feature_dir)
        if meta is None or not _text(meta.get("mission_slug")):
            raise Refused(
                f"{feature_dir.name} has no meta.json that names the mission",
                "MISSION_META_MISSING",
                hint=spec_kitty("doctor"),
            )
        config, bound = _ticket_tracker(feature_dir)
        if bound != provider:
            raise _wrong_provider(f"the ticket is of {provider}, and this project is bound to {bound}")
        ticket = _ticket(candidate, provider, resource_type, resource_id)
        if provider == GITHUB_CLI:
            github_cli.GitHubIssues(str(config.workspace)).bind(candidate, meta, feature_dir)
        else:
            _tell_server(client or SaaSTrackerClient(), feature_dir, config, candidate, meta)
        meta = set_origin_ticket(feature_dir, ticket)
        return meta, _record(feature_dir, ticket)


def start_mission_from_ticket(
    repo_root: Path,
    candidate: OriginCandidate,
    provider: str,
    resource_type: str,
    resource_id: str,
    mission_type: str = "software-dev",
    *,
    client: SaaSTrackerClient | None = None,
    start_branch: str | None = None,
    size: Size = Size.NORMAL,
) -> MissionFromTicketResult:
    """Create the mission of a ticket, or find the one that was made for it, and bind it.

    Raises:
        OriginBindingError: it cannot be created, or not be bound; a mission that was created stays, and is found again.
    """
    with _explained():
        repo = paths.discover(repo_root)
        about = digest(f"{provider} {candidate.external_issue_id}")
        with locks.held(repo.state / "locks" / f"ticket-{about}.lock", timeout=90, doing="begin with a ticket"):
            found = mission_of(repo_root, candidate, provider)
            if found is None:
                made = create_mission_core(
                    repo_root,
                    slug_of(candidate),
                    mission=mission_type,
                    size=size,
                    start_branch=start_branch,
                    session=session_here(),
                    facts={
                        "friendly_name": ticket_name(candidate),
                        FROM_TICKET: {"provider": provider, "external_issue_id": candidate.external_issue_id},
                    },
                )
                found = made.place
            meta, told = bind_mission_origin(
                found.feature_dir, candidate, provider, resource_type, resource_id, client=client
            )
        ticket = _ticket(candidate, provider, resource_type, resource_id)
        return MissionFromTicketResult(found.feature_dir, str(meta["mission_slug"]), ticket, told)


def mission_of(repo_root: Path, candidate: OriginCandidate, provider: str) -> MissionPlace | None:
    """The mission that was made for a ticket or is bound to it, and is not merged yet."""
    wanted = (provider, candidate.external_issue_id)
    for place in all_places(paths.discover(repo_root))[0]:
        for key in ("origin_ticket", FROM_TICKET):
            ticket = place.meta.get(key)
            if isinstance(ticket, Mapping) and not place.meta.get("merged_at"):
                if (ticket.get("provider"), ticket.get("external_issue_id")) == wanted:
                    return place
                break
    return None


def slug_of(candidate: OriginCandidate) -> str:
    """The slug of a ticket's mission: its key, else the first five words of its title."""
    words = " ".join(re.findall(r"\S+", candidate.title)[:5])
    slug = slugify(candidate.external_issue_key) or slugify(words) or "untitled"
    return slug[:_LONGEST_SLUG].strip("-")


def ticket_name(candidate: OriginCandidate) -> str:
    """Title and key of a ticket on one line."""
    title = " ".join("".join(filter(lambda sign: sign.isprintable() or sign.isspace(), candidate.title)).split())
    key = candidate.external_issue_key.strip()
    return f"{title} ({key})" if title and key else title or key or "Untitled"


def _tell_server(
    client: SaaSTrackerClient,
    feature_dir: Path,
    config: TrackerProjectConfig,
    candidate: OriginCandidate,
    meta: Mapping[str, object],
) -> None:
    mission = _text(meta.get("mission_id")) or None
    found = checked(
        config,
        client.bind_mission_origin,
        provider=config.provider,
        **_route(feature_dir, config),
        mission_slug=_text(meta.get("mission_slug")),
        mission_ulid=mission,
        external_issue_id=candidate.external_issue_id,
        external_issue_key=candidate.external_issue_key,
        external_issue_url=candidate.url,
        title=candidate.title,
        external_status=candidate.status,
        # The same for every try of one binding, in whatever process.
        idempotency_key=str(uuid5(NAMESPACE_URL, f"{mission or meta['mission_slug']} {candidate.external_issue_id}")),
    )
    if not found.get("origin_link_id"):
        raise unusable("it does not name the link between mission and ticket")


def _record(feature_dir: Path, ticket: dict[str, str]) -> bool:
    """Tell of it in the mission's log, once, from which sync delivers it; whether the log has it."""
    with suppress(SpecKittyError):
        place = place_of(paths.discover(feature_dir), feature_dir.name)
        if place is None:
            return False
        config = parse_config(files.read_text(place.feature_dir.parent.parent / KITTIFY / "config.yaml"))
        actor = who(None, place.repo, place)
        with writing(place, publish=publish_mode(config), doing="bind a ticket") as log:
            last = next((each for each in reversed(log.mission_events) if each.type == "origin_bound"), None)
            if last is None or last.data != ticket:
                log.record("origin_bound", actor=actor.name, session=actor.session, data=ticket)
        return True
    return False


def _ticket_tracker(start: Path) -> tuple[TrackerProjectConfig, str]:
    """The binding of a project whose tracker has tickets that missions begin with."""
    config = load_tracker_config(start)
    provider = require_binding(config)
    if provider not in TICKET_PROVIDERS:
        raise _wrong_provider(
            f"missions begin with tickets of {', '.join(TICKET_PROVIDERS)}; this project has {provider}"
        )
    return config, provider


def _wrong_provider(message: str) -> Refused:
    return Refused(message, "ORIGIN_PROVIDER", hint=spec_kitty("tracker bind", "--provider", "github-cli"))


def _route(start: Path, config: TrackerProjectConfig) -> dict[str, str | None]:
    """Both names of the binding: `project_slug` is a required field of these two calls, `binding_ref` counts."""
    slug = config.project_slug or ensure_identity(paths.discover(start)).project_slug
    return {"project_slug": slug, "binding_ref": config.binding_ref}


def _ticket(candidate: OriginCandidate, provider: str, resource_type: str, resource_id: str) -> dict[str, str]:
    return {
        "provider": provider,
        "resource_type": resource_type,
        "resource_id": resource_id,
        "external_issue_id": candidate.external_issue_id,
        "external_issue_key": candidate.external_issue_key,
        "external_issue_url": candidate.url,
        "title": candidate.title,
    }


def _candidate(row: object, number: int) -> OriginCandidate:
    found = row if isinstance(row, dict) else {}
    issue, key = (_text(found.get(f"external_issue_{name}")) for name in ("id", "key"))
    title = _text(found.get("title"))
    if not issue or not (key or title):
        raise unusable(f"candidate {number} lacks its id, or has neither key nor title")
    match = _text(found.get("match_type"))
    url, status = _text(found.get("url")), _text(found.get("status"))
    return OriginCandidate(issue, key, title, status, url, match if match in _MATCHES else "text")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""


@contextmanager
def _explained() -> Iterator[None]:
    """Whatever goes wrong, as the one error that callers know."""
    try:
        yield
    except OriginBindingError:
        raise
    except SpecKittyError as error:
        raise OriginBindingError(error.message, error.code, error.hint, error.details) from error
    except (OSError, ValueError, KeyError) as error:
        raise OriginBindingError(
            f"the mission could not be bound: {error}", "ORIGIN_FAILED", hint=spec_kitty("doctor")
        ) from error
