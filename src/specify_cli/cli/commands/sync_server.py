"""`spec-kitty sync server`: which server this user talks to, and whether this clone agrees to send to it."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import table
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.sync import consent
from specify_cli.sync.config import config_path, load_config, require_server, save_server
from specify_cli.sync.runtime import SyncRuntime, runtime_of


def server(
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="Server to talk to from now on, in every project.")
    ] = None,
    enable: Annotated[
        bool | None,
        typer.Option("--enable/--disable", help="Agree, or no longer agree, that this clone sends to the server."),
    ] = None,
) -> Reply:
    """Show or choose the server, and say whether this clone sends to it.

    The server is yours, for all projects. Consent is this clone's alone: it is kept in its git folder, never in a
    committed file, so that no repository you clone can make you send anything. It holds from now on; what was recorded
    earlier is not sent unless it is asked for.
    """
    repo = paths.discover(paths.starting_point())
    before = load_config().server_url if url is None else None
    if enable is not None:
        repo.require_git()
    chosen = save_server(url) if url is not None else before
    if enable is not None:
        if enable:
            consent.give(repo, require_server())
        else:
            consent.withdraw(repo, require_server())
    since = consent.consented_at(repo, chosen) if chosen else None
    found = runtime_of(repo)
    data = {
        "result": "success",
        "server": chosen,
        "config_file": config_path(),
        "changed": url is not None or enable is not None,
        "consent_since": since,
        "is_on": found.is_on,
        "reasons_off": found.lacks,
    }
    rows = [
        ["server", style(safe(chosen or "none chosen"), "bold")],
        ["config", safe(config_path())],
        ["this clone", "sends to it" if since else "sends nothing"],
        ["sync", style("on", "green") if found.is_on else f"{style('off', 'yellow')}: {safe(_why_off(found))}"],
    ]
    hint = next((one.hint for one in found.lacks), None) or spec_kitty("sync now")
    return Reply(data, "\n".join([table(rows, indent=2), "", f"  Next: {style(hint, 'bold')}"]))


def _why_off(found: SyncRuntime) -> str:
    return "; ".join(one.message for one in found.lacks)
