"""Logging in, and keeping the tokens fresh (contract 1.2 to 1.4; seed 079, track 5).

A refresh is one transaction: the lock of the credentials is held over read, network and write, so that of many
processes one asks the server and the others find what it got. Nothing but the server's plain refusal of the very
token on disk ends a login.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from specify_cli.kernel import clock, lazy
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Conflict, Refused, SpecKittyError, Unavailable
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import replace
from specify_cli.sync.account import Account
from specify_cli.sync.config import require_enabled
from specify_cli.sync.credentials import MARGIN, Credentials, CredentialStore

if TYPE_CHECKING:
    from specify_cli.kernel.http import HttpAnswer

LOGIN = "/api/v1/token/"
REFRESH = "/api/v1/token/refresh/"
LOGIN_TIMEOUT = 10.0
REFRESH_TIMEOUT = 8.0
ACCESS_LIFETIME = 900
REFRESH_LIFETIME = 604_800
_LONGEST = 10 * 365 * 86_400
_FINAL = {"invalid_grant", "session_invalid"}


class AuthClient:
    """The tokens of one server.

    Args:
        server: address in its one spelling; tokens that another server issued are never used.
        store: the credentials; None for the user's own.
        timeout: seconds for a refresh; below the patience of those who wait for the lock, so that a server that hangs
            cannot starve them.
    """

    def __init__(self, server: str, store: CredentialStore | None = None, *, timeout: float = REFRESH_TIMEOUT) -> None:
        self.server = server
        self.store = store or CredentialStore()
        self.timeout = timeout

    def credentials(self) -> Credentials:
        """The login at this server, whether or not its tokens still hold.

        Raises:
            Refused: `NOT_LOGGED_IN`, `SERVER_MISMATCH`, `CREDENTIALS_INVALID` or `MALFORMED_TOML`.
        """
        found = self.store.load()
        if found is None:
            raise Refused(f"nobody is logged in at {self.server}", "NOT_LOGGED_IN", hint=spec_kitty("auth login"))
        if found.account.server != self.server:
            raise Refused(
                f"the login is for {found.account.server}; its tokens are not sent to {self.server}",
                "SERVER_MISMATCH",
                hint=spec_kitty("auth login", "--force"),
                details={"issued_by": found.account.server, "server": self.server},
            )
        return found

    def usable(self) -> Credentials:
        """A login whose access token can be sent now; refreshed first where it is about to end.

        Raises:
            Refused, Conflict, Unavailable: as `credentials` and `refresh_tokens`.
        """
        found = self.credentials()
        return found if found.access_is_valid(MARGIN) else self.refresh_tokens(found)

    def refresh_tokens(self, stale: Credentials | None = None) -> Credentials:
        """A login with a new access token: the one another process got meanwhile, else one from the server.

        Args:
            stale: the login whose access token was found wanting; None asks the server in any case.

        Raises:
            Refused: `SYNC_DISABLED`, `SESSION_EXPIRED` (logged out now), `ACCOUNT_CHANGED`, or as `credentials`.
            Conflict: `LOCKED`; worth trying again.
            Unavailable: the server did not answer, or not as agreed; still logged in.
        """
        require_enabled()
        with self.store.held("refresh the login"):
            entry = self.credentials()
            require_account(stale.account if stale else None, entry)
            if stale is not None and entry.access != stale.access and entry.access_is_valid():
                return entry
            if not entry.refresh_is_valid():
                raise _expired(entry.account)
            self.store.rehearse()
            answer = _post(self.server + REFRESH, {"refresh": entry.refresh}, self.timeout)
            if answer.status == 200:
                fresh = _login_of(answer, entry.account, keep=entry)
                self.store.save(fresh)
                return fresh
            return self._refused(answer, entry)

    def _refused(self, answer: HttpAnswer, entry: Credentials) -> Credentials:
        """What a refusal means: stale where the file has moved on, final where the server says so, else nothing."""
        final = answer.status == 401 or (answer.status == 400 and _error_of(answer) in _FINAL)
        if not final and answer.status != 409:
            raise _unexpected(answer, self.server)
        now = self.store.load()
        if now is not None and now.refresh != entry.refresh:
            require_account(entry.account, now)
            return now
        if not final:
            raise _unexpected(answer, self.server)
        self.store.clear()
        raise _expired(entry.account)

    def login(
        self, username: str, password: str, *, force: bool = False, pending: Callable[[Account], int] = lambda _: 0
    ) -> Credentials:
        """Log in and store the tokens.

        Args:
            force: also where events of another account wait here; they go on waiting for it.
            pending: how many events of an account wait.

        Raises:
            Refused: `SYNC_DISABLED`, `LOGIN_REJECTED` (wrong user name or password), `ACCOUNT_SWITCH`.
            Unavailable: the server did not answer, or not as agreed. The old login is untouched in every case.
        """
        require_enabled()
        with self.store.held("log in"):
            before = self._account_before()
            # Whoever would be refused for sure does not send a password first. The team is not known yet.
            wanted = Account(self.server, username, before.team_slug if before else None)
            _guard(before, wanted, pending, force=force)
            self.store.rehearse()
        answer = _post(self.server + LOGIN, {"username": username, "password": password}, LOGIN_TIMEOUT)
        if answer.status == 401:
            raise Refused(
                f"{self.server} does not know this user name and password",
                "LOGIN_REJECTED",
                hint=spec_kitty("auth login"),
            )
        if answer.status != 200:
            raise _unexpected(answer, self.server)
        fresh = _login_of(answer, Account(self.server, username))
        with self.store.held("log in"):
            _guard(self._account_before(), fresh.account, pending, force=force)
            self.store.save(fresh)
        return fresh

    def _account_before(self) -> Account | None:
        found = self.store.peek()
        return found.account if found else None


def require_account(wanted: Account | None, found: Credentials) -> None:
    """Go on only with the login of an account; None takes any.

    Raises:
        Conflict: `ACCOUNT_CHANGED`.
    """
    if wanted is not None and wanted.scope != found.account.scope:
        raise Conflict(
            f"somebody logged in as {found.account} meanwhile; this was begun as {wanted}",
            "ACCOUNT_CHANGED",
            hint=spec_kitty("auth status"),
        )


def _guard(before: Account | None, after: Account, pending: Callable[[Account], int], *, force: bool) -> None:
    """Hold a change of account where events of the old one wait: they would wait until it logs in again."""
    waiting = 0 if before is None or force or before.scope == after.scope else pending(before)
    if before is not None and waiting:
        raise Refused(
            f"{plural(waiting, 'event')} of {before} {'waits' if waiting == 1 else 'wait'} to be sent; "
            "send them first, or log in with --force: they then wait until that account logs in again",
            "ACCOUNT_SWITCH",
            hint=spec_kitty("sync now"),
            details={"account": str(before), "pending": waiting},
        )


def _post(url: str, body: Mapping[str, str], timeout: float) -> HttpAnswer:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = lazy.load("specify_cli.kernel.http:request")
    answer: HttpAnswer = request("POST", url, headers=headers, content=json.dumps(body).encode(), timeout=timeout)
    return answer


def _login_of(answer: HttpAnswer, account: Account, keep: Credentials | None = None) -> Credentials:
    """The login that an answer holds; lifetimes count from now.

    Args:
        keep: the login that was refreshed; what the answer leaves out stays as it was.

    Raises:
        Unavailable: `ANSWER_INVALID`.
    """
    found = _object_of(answer)
    access, refresh = found.get("access"), found.get("refresh")
    if refresh is None and keep is not None:
        refresh, refresh_end = keep.refresh, keep.refresh_expires_at
    else:
        refresh_end = _end(found, "refresh_lifetime", "refresh_expires_in", default=REFRESH_LIFETIME)
    team = found.get("team_slug")
    if not (_is_token(access) and _is_token(refresh)) or not _is_text(team):
        raise Unavailable(
            f"{account.server} answered without a login that can be used; nothing was changed",
            "ANSWER_INVALID",
            hint=spec_kitty("sync status", "--check"),
            details={"server": account.server, "retryable": True},
        )
    if isinstance(team, str) and team.strip():
        account = replace(account, team_slug=team.strip())
    access_end = _end(found, "access_lifetime", "expires_in", default=ACCESS_LIFETIME)
    return Credentials(account, str(access), str(refresh), access_end, refresh_end)


def _is_token(value: object) -> bool:
    """Whether it can stand in a header: printable ASCII without blanks."""
    return isinstance(value, str) and bool(re.fullmatch(r"[!-~]{1,16384}", value))


def _is_text(value: object) -> bool:
    """Whether a file can hold it: no half of a character."""
    return not isinstance(value, str) or value.encode("utf-8", "replace").decode() == value


def _end(found: Mapping[str, object], *names: str, default: int) -> datetime:
    """When something ends whose lifetime in seconds one of some keys holds."""
    for name in names:
        value = found.get(name)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            with suppress(ValueError, OverflowError):
                if (seconds := int(value)) > 0:
                    return clock.now() + timedelta(seconds=min(seconds, _LONGEST))
    return clock.now() + timedelta(seconds=default)


def _object_of(answer: HttpAnswer) -> Mapping[str, object]:
    with suppress(ValueError, RecursionError):
        found = json.loads(answer.body)
        if isinstance(found, dict):
            return found
    return {}


def _error_of(answer: HttpAnswer) -> object:
    found = _object_of(answer)
    return found.get("error_code") or found.get("code") or found.get("error")


def _unexpected(answer: HttpAnswer, server: str) -> SpecKittyError:
    return Unavailable(
        f"{server} answered with status {answer.status}; the login is as it was",
        "SERVER_ERROR",
        hint=spec_kitty("sync status", "--check"),
        details={"server": server, "status": answer.status, "retryable": True},
    )


def _expired(account: Account) -> Refused:
    return Refused(f"the session of {account} has ended", "SESSION_EXPIRED", hint=spec_kitty("auth login"))
