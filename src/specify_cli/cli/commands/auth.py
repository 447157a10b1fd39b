"""`spec-kitty auth …`: who is logged in at the server that sync talks to."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.asking import can_ask, typed
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import table
from specify_cli.kernel import clock, paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.sync.account import Account
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, is_enabled, load_config, require_enabled, require_server
from specify_cli.sync.credentials import Credentials, CredentialStore
from specify_cli.sync.runtime import runtime_of

_PENDING = "specify_cli.sync.queue:pending_events"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def login(
    username: Annotated[
        str | None, typer.Option("--username", "-u", metavar="NAME", help="User name; asked for where it is not given.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Log in anew, also where events of another account wait.")
    ] = False,
) -> Reply:
    """Log in at the server that sync talks to.

    The password is asked for, read from standard input, or taken from SPEC_KITTY_PASSWORD; never from the command
    line, where others could see it. The tokens that the server gives are kept in a file that only you can read.
    """
    require_enabled()
    server = require_server()
    before = CredentialStore().peek()
    if before is not None and not force and _is_login(before, server, username):
        return _reply(before, changed=False)
    asked = username or _ask("User name", "--username", "USERNAME_REQUIRED")
    client = load("specify_cli.sync.auth:AuthClient")(server)
    password = _password(from_stdin=password_stdin)
    return _reply(client.login(asked, password, force=force, pending=load(_PENDING)), changed=True)


def logout() -> Reply:
    """Log out: forget the tokens; what waits to be sent goes on waiting."""
    found = CredentialStore().peek()
    account = found.account if found else None
    before = CredentialStore().clear()
    waiting, warnings = None, []
    try:
        waiting = load(_PENDING)(account) if account is not None and is_enabled() else None
    except SpecKittyError as error:  # the tokens are gone, whatever became of the queue
        warnings.append(Notice(error.code, error.message, error.hint))
    data = {
        "result": "success",
        "changed": before,
        "username": account.username if account else None,
        "server": account.server if account else None,
        "pending_events": waiting,
        "warnings": notices(warnings),
    }
    if not before:
        return Reply(data, "Nobody is logged in.")
    lines = [f"{style('Logged out', 'bold')} {safe(account or 'half a login')}."]
    if waiting:
        wait = "waits" if waiting == 1 else "wait"
        lines.append(f"  {plural(waiting, 'event')} {wait} until this account logs in again.")
    return Reply(data, "\n".join(lines))


def status() -> Reply:
    """Show who is logged in, where, and for how long the tokens hold."""
    warnings = []
    found, server = None, None
    try:
        found = CredentialStore().load()
        server = load_config().server_url
    except SpecKittyError as error:
        warnings.append(Notice(error.code, error.message, error.hint))
    if found is not None and server is not None and found.account.server != server:
        message = f"sync talks to {server}; this login is for another server and is not used there"
        warnings.append(Notice("SERVER_MISMATCH", message, spec_kitty("auth login", "--force")))
    data = {
        "result": "success",
        "authenticated": found is not None and found.is_authenticated(),
        "enabled": is_enabled(),
        "warnings": notices(warnings),
        **_facts(found),
    }
    if found is None:
        return Reply(data, f"Nobody is logged in.\n\n  Next: {style('spec-kitty auth login', 'bold')}")
    lines = [style(safe(found.account), "bold"), _tokens(found)]
    if not is_enabled():
        lines.append(f"  sync is switched off: {SAAS_SYNC_ENV_VAR} is not set")
    if not found.is_authenticated():
        lines += ["", f"  Next: {style('spec-kitty auth login', 'bold')}"]
    return Reply(data, "\n".join(lines))


def remaining(until: datetime) -> str:
    """The time until then in one unit: `45s`, `14m`, `6h`, `6d`."""
    seconds = max(int((until - clock.now()).total_seconds()), 0)
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{seconds // size}{unit}"


def _is_login(found: Credentials, server: str, username: str | None) -> bool:
    """Whether a login is good for something, and the one that was asked for."""
    account = found.account
    return account.server == server and username in {None, account.username} and found.is_authenticated()


def _reply(found: Credentials, *, changed: bool) -> Reply:
    data = {"result": "success", "changed": changed, "authenticated": True, **_facts(found)}
    said = "Logged in as" if changed else "Already logged in as"
    lacks = runtime_of(paths.discover(paths.starting_point())).lacks
    hint = (lacks[0].hint if lacks else None) or spec_kitty("sync now")
    lines = [f"{style(said, 'bold', 'green')} {safe(found.account)}.", _tokens(found)]
    if not changed:
        lines.append("  Another login: spec-kitty auth login --force")
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(hint, 'bold')}"]))


def _facts(found: Credentials | None) -> dict[str, object]:
    account = found.account if found else Account("", "")
    return {
        "username": account.username or None,
        "team_slug": account.team_slug,
        "server": account.server or None,
        "access": _token_facts(found.access_expires_at) if found else None,
        "refresh": _token_facts(found.refresh_expires_at) if found else None,
    }


def _token_facts(until: datetime | None) -> dict[str, str | None]:
    state = "unknown" if until is None else "valid" if until > clock.now() else "expired"
    return {
        "state": state,
        "expires_at": clock.stamp(until) if until else None,
        "remaining": remaining(until) if until and state == "valid" else None,
    }


def _tokens(found: Credentials) -> str:
    rows = []
    for name, until, after in (
        ("access token", found.access_expires_at, "renewed by itself" if found.refresh_is_valid() else "log in again"),
        ("refresh token", found.refresh_expires_at, "log in again"),
    ):
        facts = _token_facts(until)
        left = f"{facts['remaining']} left" if facts["remaining"] else f"{facts['state']}, {after}"
        rows.append([name, style(left, "green" if facts["remaining"] else "yellow")])
    return table(rows, indent=2)


def _password(*, from_stdin: bool) -> str:
    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else os.environ.get("SPEC_KITTY_PASSWORD", "")
    return given or _ask("Password", "--password-stdin", "PASSWORD_REQUIRED", hidden=True, given=from_stdin)


def _ask(what: str, option: str, code: str, *, hidden: bool = False, given: bool = False) -> str:
    """Ask a person at a terminal; programs must say it.

    Raises:
        UsageError: nobody can be asked.
    """
    if given or not can_ask():
        raise UsageError(
            f"{what.lower()} missing: give it with {option}; a password is read from standard input, or from "
            "SPEC_KITTY_PASSWORD",
            code,
            hint=spec_kitty("auth login", "--username", "NAME", "--password-stdin"),
        )
    return typed(what, hidden=hidden)
