"""Requests to the server in the name of who is logged in."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from specify_cli.kernel import lazy
from specify_cli.kernel.values import replace
from specify_cli.sync.account import Account
from specify_cli.sync.auth import AuthClient, require_account
from specify_cli.sync.credentials import Credentials, CredentialStore
from specify_cli.version import VERSION

if TYPE_CHECKING:
    from specify_cli.kernel.http import HttpAnswer, HttpClient


class SaasClient:
    """One server, one login, one connection; a context manager, for one thread.

    The bearer token goes to the server that issued it and to no other. A 401 is answered by one refresh and one more
    try; the caller gets the second answer whatever it is.

    Args:
        server: address in its one spelling.
        store: the credentials; None for the user's own.
        timeout: seconds for one request, unless it names its own.
        account: in whose name alone requests are made; None for whoever is logged in.
    """

    def __init__(
        self,
        server: str,
        store: CredentialStore | None = None,
        *,
        timeout: float = 60.0,
        account: Account | None = None,
    ) -> None:
        self.auth = AuthClient(server, store)
        self.account = account
        self.timeout = timeout
        self._http: HttpClient = lazy.load("specify_cli.kernel.http:HttpClient")()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def post(
        self, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None, *, timeout: float | None = None
    ) -> HttpAnswer:
        """Post to a path of the server.

        Raises:
            Refused: nobody is logged in there, or no longer; see `AuthClient.refresh_tokens`.
            Conflict: `LOCKED`, worth trying again; `ACCOUNT_CHANGED`.
            Unavailable: the server did not answer; see `HttpClient.request`.
        """
        return self.request("POST", path, content, headers, timeout=timeout)

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, timeout: float | None = None) -> HttpAnswer:
        """Get a path of the server; raises as `post`."""
        return self.request("GET", path, b"", headers, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> HttpAnswer:
        """Send any request; `path` begins with a slash. Raises as `post`."""
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no path of a server")
        login = self.auth.usable()
        require_account(self.account, login)
        answer = self._send(login, method, path, content, headers, timeout)
        if answer.status != 401:
            return answer
        return self._send(self.auth.refresh_tokens(login), method, path, content, headers, timeout)

    def _send(
        self,
        login: Credentials,
        method: str,
        path: str,
        content: bytes,
        headers: Mapping[str, str] | None,
        timeout: float | None,
    ) -> HttpAnswer:
        sent = {"User-Agent": f"spec-kitty/{VERSION}", "Accept": "application/json", **(headers or {})}
        sent["Authorization"] = f"Bearer {login.access}"
        url = login.account.server + path
        answer = self._http.request(method, url, headers=sent, content=content, timeout=timeout or self.timeout)
        # What a server says is shown and kept; it must not bring the token along.
        body = answer.body.replace(login.access.encode(), b"(token)")
        return answer if body == answer.body else replace(answer, body=body)
