"""Whether sync is on here, and for whom: the switch, a server, a login at it, and consent of this clone for it.

Cheap to ask, and without network, HTTP or SQLite; with the switch off nothing else is even looked at.
"""

from __future__ import annotations

from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.sync.account import Account
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, is_enabled, load_config
from specify_cli.sync.consent import consented_at
from specify_cli.sync.credentials import CredentialStore


@frozen
class SyncRuntime:
    """How sync stands in one clone.

    Args:
        server: the chosen server.
        account: who is logged in at it, whether or not the tokens still hold.
        since: from when on this clone agrees to send to it.
        lacks: why sync is off, each with what mends it; empty where it is on.
    """

    server: str | None = None
    account: Account | None = None
    since: str | None = None
    lacks: tuple[Notice, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether anything may be collected, queued or sent."""
        return not self.lacks

    def require(self) -> Account:
        """Whose events are sent.

        Raises:
            Refused: `SYNC_OFF` with all reasons; with one alone, that.
        """
        if self.account is not None and not self.lacks:
            return self.account
        first = self.lacks[0]
        reasons = "; ".join(one.message for one in self.lacks)
        code = first.code if len(self.lacks) == 1 else "SYNC_OFF"
        details = {"reasons": [one.to_dict() for one in self.lacks]}
        raise Refused(f"sync is off here: {reasons}", code, hint=first.hint, details=details)


def runtime_of(repo: Repository) -> SyncRuntime:
    """How sync stands in a clone; what cannot be read is a reason why it is off."""
    if not is_enabled():
        message = f"{SAAS_SYNC_ENV_VAR} is not set"
        return SyncRuntime(lacks=(Notice("SYNC_DISABLED", message, command("export", f"{SAAS_SYNC_ENV_VAR}=1")),))
    try:
        server = load_config().server_url
        found = CredentialStore().load() if server else None
        account = found.account if found and found.account.server == server else None
        since = consented_at(repo, server) if server else None
    except SpecKittyError as error:
        return SyncRuntime(lacks=(Notice(error.code, error.message, error.hint),))
    return SyncRuntime(server, account, since, tuple(_lacks(server, account, since)))


def is_on(repo: Repository) -> bool:
    """Whether sync is on in a clone."""
    return runtime_of(repo).is_on


def _lacks(server: str | None, account: Account | None, since: str | None) -> list[Notice]:
    if server is None:
        return [Notice("SERVER_NOT_SET", "no server is chosen", spec_kitty("sync server", "https://example.com"))]
    lacks = []
    if account is None:
        lacks.append(Notice("NOT_LOGGED_IN", f"nobody is logged in at {server}", spec_kitty("auth login")))
    if since is None:
        message = f"this clone has not agreed to send anything to {server}"
        lacks.append(Notice("NO_CONSENT", message, spec_kitty("sync server", "--enable")))
    return lacks
