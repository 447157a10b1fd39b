"""The tracker's side of the server (contract 7.2 to 7.4): one method for each call, and what its failures mean."""

from __future__ import annotations

import json as jsons
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from specify_cli.core.contract_gate import validate_outbound_payload
from specify_cli.kernel import clock, ids
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.sync.answers import LONGEST_WAIT
from specify_cli.sync.client import SaasClient
from specify_cli.sync.config import SyncConfig, require_enabled, require_server
from specify_cli.sync.credentials import CredentialStore
from specify_cli.tracker.saas_errors import (
    Body,
    SaaSTrackerClientError,
    object_of,
    pause,
    refusal,
    session_expired,
    told,
    unusable,
)

if TYPE_CHECKING:
    from specify_cli.kernel.http import HttpAnswer

OPERATION_LIMIT = 300.0
SEARCH_TIMEOUT = 10.0
_API = "/api/v1/tracker"


class SaaSTrackerClient:
    """Requests about a tracker, in the name of who is logged in.

    Args:
        credential_store: the credentials; None for the user's own.
        sync_config: names the server; None for the user's own.
        timeout: seconds for one request.
    """

    def __init__(
        self,
        credential_store: CredentialStore | None = None,
        sync_config: SyncConfig | None = None,
        *,
        timeout: float = 30.0,
    ) -> None:
        self._store = credential_store
        self._server = sync_config.server_url if sync_config else None
        self.timeout = timeout

    def status(
        self,
        provider: str,
        project_slug: str | None = None,
        *,
        binding_ref: str | None = None,
        installation_wide: bool = False,
    ) -> Body:
        """How a binding stands; `installation_wide`: all bindings of the provider."""
        routing = {} if installation_wide else _routing(project_slug, binding_ref)
        return self._get("status", {"provider": provider, **routing})

    def mappings(self, provider: str, project_slug: str | None = None, *, binding_ref: str | None = None) -> Body:
        """Which work packages stand for which issues."""
        return self._get("mappings", {"provider": provider, **_routing(project_slug, binding_ref)})

    def pull(
        self,
        provider: str,
        project_slug: str | None = None,
        *,
        binding_ref: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        filters: dict[str, Any] | None = None,
    ) -> Body:
        """Have the server read issues from the provider."""
        more = {**({"cursor": cursor} if cursor else {}), **({"filters": filters} if filters else {})}
        return self._post("pull", {"provider": provider, **_routing(project_slug, binding_ref), "limit": limit, **more})

    def push(
        self,
        provider: str,
        project_slug: str | None = None,
        items: list[dict[str, Any]] | None = None,
        *,
        binding_ref: str | None = None,
        idempotency_key: str | None = None,
    ) -> Body:
        """Have the server write issues to the provider; waits for an operation that takes longer."""
        body = {"provider": provider, **_routing(project_slug, binding_ref), "items": items or []}
        return self._post("push", body, idempotency_key or ids.new_uuid())

    def run(
        self,
        provider: str,
        project_slug: str | None = None,
        *,
        binding_ref: str | None = None,
        pull_first: bool = True,
        limit: int = 100,
        idempotency_key: str | None = None,
    ) -> Body:
        """Pull and push; waits as `push`."""
        routing = _routing(project_slug, binding_ref)
        body = {"provider": provider, **routing, "pull_first": pull_first, "limit": limit}
        return self._post("run", body, idempotency_key or ids.new_uuid())

    def resources(self, provider: str) -> Body:
        """What a project can be bound to."""
        return self._get("resources", {"provider": provider})

    def bind_resolve(self, provider: str, project_identity: dict[str, Any]) -> Body:
        """Which resources fit a project."""
        return self._bind("bind-resolve", {"provider": provider}, project_identity)

    def bind_confirm(
        self,
        provider: str,
        candidate_token: str,
        project_identity: dict[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> Body:
        """Bind a project to a resource."""
        body = {"provider": provider, "candidate_token": candidate_token}
        return self._bind("bind-confirm", body, project_identity, idempotency_key or ids.new_uuid())

    def bind_validate(self, provider: str, binding_ref: str, project_identity: dict[str, Any]) -> Body:
        """Whether a binding is good for a project."""
        return self._bind("bind-validate", {"provider": provider, "binding_ref": binding_ref}, project_identity)

    def search_issues(
        self,
        provider: str,
        project_slug: str,
        *,
        query_text: str | None = None,
        query_key: str | None = None,
        limit: int = 10,
        binding_ref: str | None = None,
    ) -> Body:
        """Find tickets by key or words; the key counts where both are given."""
        asked = {"query_key": query_key, "query_text": query_text, "binding_ref": binding_ref}
        body = {"provider": provider, "project_slug": project_slug, "limit": limit, **_given(asked)}
        return self._post("issue-search", body, timeout=SEARCH_TIMEOUT)

    def bind_mission_origin(
        self,
        provider: str,
        project_slug: str,
        *,
        mission_slug: str,
        external_issue_id: str,
        external_issue_key: str,
        external_issue_url: str,
        title: str,
        external_status: str = "",
        idempotency_key: str | None = None,
        binding_ref: str | None = None,
        mission_ulid: str | None = None,
    ) -> Body:
        """Bind a mission to its ticket. The wire's `mission_id` is the slug (contract 7.3); the ULID goes beside it."""
        body = {
            "provider": provider,
            "project_slug": project_slug,
            "mission_id": mission_slug,
            "external_issue_id": external_issue_id,
            "external_issue_key": external_issue_key,
            "external_issue_url": external_issue_url,
            "external_title": title,
            "external_status": external_status,
            **_given({"binding_ref": binding_ref, "mission_ulid": mission_ulid}),
        }
        return self._post("mission-origin/bind", body, idempotency_key or ids.new_uuid())

    def _bind(self, call: str, body: Body, identity: dict[str, Any], idempotency_key: str | None = None) -> Body:
        validate_outbound_payload(identity, "tracker_bind")
        return self._post(call, {**body, "project_identity": identity}, idempotency_key)

    def _get(self, call: str, params: dict[str, Any]) -> Body:
        return object_of(self._request_with_retry("GET", f"{_API}/{call}/", params=params))

    def _post(self, call: str, body: Body, idempotency_key: str | None = None, *, timeout: float | None = None) -> Body:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = self._request_with_retry("POST", f"{_API}/{call}/", json=body, headers=headers, timeout=timeout)
        found = object_of(answer)
        return self._outcome(found) if answer.status == 202 else found

    def _outcome(self, accepted: Body) -> Body:
        """What an operation that takes longer came to (contract 7.4)."""
        operation = accepted.get("operation_id")
        if not isinstance(operation, str | int) or not str(operation).strip():
            raise unusable("it began an operation and did not say which", 202)
        path, delay, end = (
            f"{_API}/operations/{quote(str(operation), safe='')}/",
            1.0,
            clock.monotonic() + OPERATION_LIMIT,
        )
        while clock.monotonic() < end:
            found = object_of(self._request_with_retry("GET", path))
            if found.get("status") == "completed":
                result = found.get("result")
                return result if isinstance(result, dict) else found
            if found.get("status") == "failed":
                raise self._failed(found.get("error"))
            clock.sleep(delay * (0.8 + 0.4 * os.urandom(1)[0] / 255))
            delay = min(delay * 2, LONGEST_WAIT)
        raise SaaSTrackerClientError(
            f"the operation {operation} did not end within {OPERATION_LIMIT:g} s; it may still end at the server",
            error_code="operation_timeout",
            called=("TRACKER_OPERATION_TIMEOUT", spec_kitty("tracker status")),
        )

    def _failed(self, error: object) -> SaaSTrackerClientError:
        envelope = error if isinstance(error, dict) else {"message": error}
        found = told(envelope, 200, self.server, "the operation failed")
        if not found.user_action_required:
            found.code, found.hint = "TRACKER_OPERATION_FAILED", spec_kitty("tracker status")
        return found

    @property
    def server(self) -> str:
        """Who is asked.

        Raises:
            Refused: `SERVER_NOT_SET`.
        """
        return self._server or require_server()

    def _request_with_retry(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer:
        """Ask; once more after a refresh of the login, and once after the pause that a busy server wants.

        Raises:
            Refused: `SYNC_DISABLED`, `SERVER_NOT_SET`, `NOT_LOGGED_IN`, `TEAM_MISSING`; then nothing was sent.
            SaaSTrackerClientError: the answer is none that was asked for.
            Unavailable: no answer; see `HttpClient.request`.
        """
        require_enabled()
        target = f"{path}?{urlencode(params)}" if params else path
        content = jsons.dumps(json).encode() if json is not None else b""
        with SaasClient(self.server, self._store, timeout=timeout or self.timeout) as client:
            sent = {"X-Team-Slug": self._team(client), "Content-Type": "application/json", **(headers or {})}
            try:
                answer = client.request(method, target, content, sent)
                if answer.status == 429:
                    clock.sleep(pause(answer))
                    answer = client.request(method, target, content, sent)
            except Refused as error:
                if error.code != "SESSION_EXPIRED":
                    raise
                raise session_expired(error.message) from error
        if answer.status >= 300:
            raise refusal(answer, self.server)
        return answer

    def _team(self, client: SaasClient) -> str:
        account = client.auth.credentials().account
        if not account.team_slug:
            raise Refused(
                f"the login of {account} names no team, and trackers belong to teams",
                "TEAM_MISSING",
                hint=spec_kitty("auth login", "--force"),
            )
        return account.team_slug


def _routing(project_slug: str | None, binding_ref: str | None) -> dict[str, str]:
    if binding_ref:
        return {"binding_ref": binding_ref}
    if project_slug:
        return {"project_slug": project_slug}
    raise Refused("no tracker is bound", "TRACKER_NOT_BOUND", hint=spec_kitty("tracker bind", "--provider", "linear"))


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
