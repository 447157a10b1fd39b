"""The credentials file (contract 1.1): read, kept private, changed without touching what belongs to others.

The tokens in it are bound to the server that issued them. What else stands in the file (credentials of trackers,
comments) stays byte for byte, whoever logs in or out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from specify_cli.kernel import clock, files, locks, toml
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.urls import server_url
from specify_cli.kernel.values import frozen
from specify_cli.sync.account import Account
from specify_cli.sync.config import private_home, state_home

LOCK_TIMEOUT = 10.0
# A token this close to its end is not sent any more: it would be refused on arrival.
MARGIN = timedelta(seconds=30)

_TEXTS = (("tokens", "access"), ("tokens", "refresh"), ("user", "username"), ("server", "url"))
_EXPIRIES = (("tokens", "access_expires_at"), ("tokens", "refresh_expires_at"))
_OURS = (*_TEXTS, *_EXPIRIES, ("user", "team_slug"))


@frozen
class Credentials:
    """A login.

    Args:
        access_expires_at: None where the file says nothing that is a time; the same for `refresh_expires_at`.
    """

    account: Account
    access: str
    refresh: str
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None

    def access_is_valid(self, margin: timedelta = timedelta(0)) -> bool:
        """Whether the access token can still be used, with some time left."""
        return _is_ahead(self.access_expires_at, margin)

    def refresh_is_valid(self) -> bool:
        """Whether a new access token can be had."""
        return _is_ahead(self.refresh_expires_at, timedelta(0))

    def is_authenticated(self) -> bool:
        """Whether either token is good for anything."""
        return self.access_is_valid() or self.refresh_is_valid()

    def __repr__(self) -> str:
        return f"Credentials({self.account})"


class CredentialStore:
    """The file and its lock.

    Args:
        path: the file; None for the user's own.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_home() / "credentials"

    @contextmanager
    def held(self, doing: str = "use the credentials", timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Hold the lock that all who write the file take; the same process may take it again inside.

        Raises:
            Conflict: `LOCKED`, somebody else holds it for too long; worth trying again.
        """
        if self.path.parent == state_home():
            private_home()
        with locks.held(self.path.with_name("credentials.lock"), timeout=timeout, doing=doing):
            yield

    def load(self) -> Credentials | None:
        """The login that the file holds; None where it holds none.

        Raises:
            Refused: `MALFORMED_TOML`, or `CREDENTIALS_INVALID` naming what is missing.
        """
        with suppress(SpecKittyError):  # on a read-only disk it is as it is
            files.keep_private(self.path.parent)
            files.keep_private(self.path)
        found = toml.loads(files.read_bytes(self.path), str(self.path))
        if not any(name in found for name, _ in _TEXTS):
            return None
        texts = {key: _text(found, *key) for key in _TEXTS}
        missing = [".".join(key) for key, value in texts.items() if not value]
        if missing:
            raise _invalid(self.path, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
        account = Account(
            server_url(texts["server", "url"]), texts["user", "username"], _text(found, "user", "team_slug") or None
        )
        access_end, refresh_end = (_moment(_text(found, *key)) for key in _EXPIRIES)
        return Credentials(account, texts["tokens", "access"], texts["tokens", "refresh"], access_end, refresh_end)

    def peek(self) -> Credentials | None:
        """As `load`; None also where the file holds half a login, which a new one mends."""
        try:
            return self.load()
        except Refused as error:
            if error.code != "CREDENTIALS_INVALID":
                raise
            return None

    def save(self, credentials: Credentials) -> None:
        """Put a login into the file, in place of the one there.

        Raises:
            Refused: `MALFORMED_TOML`, `SYMLINK_REFUSED`, `STATE_READ_ONLY`.
            Unavailable: `DISK_FULL`; what the file held is still there.
        """
        account = credentials.account
        values = (
            credentials.access,
            credentials.refresh,
            account.username,
            account.server,
            _stamp(credentials.access_expires_at),
            _stamp(credentials.refresh_expires_at),
            account.team_slug,
        )
        changes = dict(zip(_OURS, values, strict=True))
        with self.held():
            data = toml.edit(files.read_bytes(self.path), changes, str(self.path))
            files.atomic_write(self.path, data, private=True)

    def clear(self) -> bool:
        """Take the login out of the file, and remove a file that then says nothing; whether there was one."""
        if files.read_bytes(self.path) is None:
            return False
        with self.held("log out"):
            before = files.read_bytes(self.path) or b""
            after = toml.edit(before, dict.fromkeys(_OURS), str(self.path))
            if after.strip():
                files.atomic_write(self.path, after, private=True)
            else:
                files.remove(self.path)
            return after != before

    def rehearse(self) -> None:
        """Make sure that a new login will find its place, before a server is asked for one; raises as `save`."""
        data = files.read_bytes(self.path)
        toml.edit(data, dict.fromkeys(_OURS, "x"), str(self.path))
        if data is not None:
            files.atomic_write(self.path, data, private=True)


def _text(found: Mapping[str, object], table: str, key: str) -> str:
    section = found.get(table)
    value = section.get(key) if isinstance(section, Mapping) else None
    return value.strip() if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    with suppress(ValueError):
        return clock.parse(text)
    return None


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else clock.stamp(moment)


def _is_ahead(moment: datetime | None, margin: timedelta) -> bool:
    return moment is not None and moment > clock.now() + margin


def _invalid(path: Path, reason: str) -> Refused:
    return Refused(
        f"{path} holds no login that can be used: {reason}",
        "CREDENTIALS_INVALID",
        hint=spec_kitty("auth login", "--force"),
        details={"path": str(path)},
    )
