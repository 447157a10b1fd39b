"""Consent of this clone to send to a server: beside the journals in the git folder, where no commit can put it.

It is given for a clone at its place, so that a copy of it is not one that anybody agreed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.paths import Repository

CONSENT = "consent.json"


def consent_path(repo: Repository) -> Path | None:
    """Where consent is recorded; None where there is no clone to give it for."""
    return None if repo.git_dir is None else repo.state / CONSENT


def consented_at(repo: Repository, server: str) -> str | None:
    """Since when this clone agrees to send to a server; None while it does not.

    Raises:
        Refused: `MALFORMED_JSON`.
    """
    path = consent_path(repo)
    since = _servers(repo, path).get(server) if path is not None else None
    return since if isinstance(since, str) else None


def give(repo: Repository, server: str) -> str:
    """Agree to send what this clone records from now on to a server; since when that holds.

    Raises:
        Refused: `NOT_A_GIT_REPOSITORY`, `MALFORMED_JSON`.
    """
    return _change(repo, server, clock.stamp()) or ""


def withdraw(repo: Repository, server: str) -> None:
    """Take consent back; raises as `give`."""
    _change(repo, server, None)


def _change(repo: Repository, server: str, since: str | None) -> str | None:
    repo.require_git()
    path = repo.state / CONSENT
    with locks.held(path.with_suffix(".lock"), doing="change the consent to sync"):
        servers = dict(_servers(repo, path))
        if since is None:
            servers.pop(server, None)
        else:
            servers.setdefault(server, since)
        content = files.dump_json({**(files.read_json(path) or {}), str(repo.state): servers})
        files.atomic_write(path, content, private=True)
        return str(servers[server]) if server in servers else None


def _servers(repo: Repository, path: Path) -> Mapping[str, object]:
    """Since when this clone, at this place, agrees to send to which servers."""
    found = (files.read_json(path) or {}).get(str(repo.state))
    return found if isinstance(found, dict) else {}
