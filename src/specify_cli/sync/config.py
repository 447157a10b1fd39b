"""What a user has decided about sync: the switch, the server, the size of the queue (`~/.spec-kitty/config.toml`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from specify_cli.kernel import files, toml
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import at_home
from specify_cli.kernel.text import some
from specify_cli.kernel.urls import server_url
from specify_cli.kernel.values import frozen

SAAS_SYNC_ENV_VAR = "SPEC_KITTY_ENABLE_SAAS_SYNC"
HOME_VARIABLE = "SPEC_KITTY_STATE_HOME"
DEFAULT_MAX_QUEUE_SIZE = 100_000
PROFILES = ("flat", "strict")


@frozen
class SyncConfig:
    """The `[sync]` table.

    Args:
        server_url: in its one spelling; None where none was chosen: there is no default server.
        max_queue_size: how many events may wait.
        profile: the shape in which the server takes events; see `sync.profiles`.
    """

    server_url: str | None
    max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE
    profile: str = PROFILES[0]


def is_enabled() -> bool:
    """Whether the switch in the environment is on; without it nothing of sync happens."""
    return os.environ.get(SAAS_SYNC_ENV_VAR, "").strip().lower() in {"1", "true", "yes", "on"}


def require_enabled() -> None:
    """Go on only with the switch on.

    Raises:
        Refused: `SYNC_DISABLED`.
    """
    if not is_enabled():
        raise Refused(
            f"sync is switched off: {SAAS_SYNC_ENV_VAR} is not set",
            "SYNC_DISABLED",
            hint=command("export", f"{SAAS_SYNC_ENV_VAR}=1"),
        )


def state_home() -> Path:
    """`SPEC_KITTY_STATE_HOME`, else `~/.spec-kitty`; nothing is made.

    Raises:
        Refused: `NO_HOME`, for a user without a home.
    """
    given = os.environ.get(HOME_VARIABLE)
    try:
        return at_home(given).absolute() if given else Path.home() / ".spec-kitty"
    except RuntimeError as error:
        raise Refused(
            "there is no home folder", "NO_HOME", hint=command("export", f"{HOME_VARIABLE}=FOLDER")
        ) from error


def private_home() -> Path:
    """The same folder, made where it is missing, and private in any case."""
    home = state_home()
    files.make_private(home)
    files.keep_private(home)
    return home


def config_path() -> Path:
    """Where the config is."""
    return state_home() / "config.toml"


def load_config() -> SyncConfig:
    """The config; a missing file gives the defaults, and so does a queue size that is none.

    Raises:
        Refused: `MALFORMED_TOML`, `SERVER_URL_INVALID`, or `CONFIG_INVALID` for a profile that does not exist.
    """
    whole = toml.loads(files.read_bytes(config_path()), str(config_path()))
    section = whole.get("sync")
    found = section if isinstance(section, Mapping) else {}
    if astray := sorted({"server_url", "max_queue_size", "profile"} & whole.keys()):
        raise Refused(
            f"{config_path()}: {some(astray)} outside of [sync], where nothing reads it: move it below the line [sync]",
            "CONFIG_INVALID",
            details={"edit": str(config_path())},
        )
    url = found.get("server_url")
    given = isinstance(url, str) and url.strip()
    profile = found.get("profile", PROFILES[0])
    if profile not in PROFILES:
        raise Refused(
            f"{config_path()}: sync.profile is {profile!r}, expected one of {', '.join(PROFILES)}",
            "CONFIG_INVALID",
            details={"edit": str(config_path())},
        )
    return SyncConfig(server_url(str(url)) if given else None, _queue_size(found.get("max_queue_size")), str(profile))


def save_server(url: str) -> str:
    """Choose the server; its address in its one spelling. Other keys, tables and comments stay.

    Raises:
        Refused: `SERVER_URL_INVALID`, `MALFORMED_TOML`.
    """
    chosen = server_url(url)
    path = private_home() / config_path().name
    data = toml.edit(files.read_bytes(path), {("sync", "server_url"): chosen}, str(path))
    files.atomic_write(path, data, private=True)
    return chosen


def require_server() -> str:
    """The chosen server.

    Raises:
        Refused: `SERVER_NOT_SET`.
    """
    chosen = load_config().server_url
    if chosen is None:
        raise Refused("no server is chosen", "SERVER_NOT_SET", hint=spec_kitty("sync server", "https://example.com"))
    return chosen


def _queue_size(value: object) -> int:
    try:
        size = int(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0
    except (ValueError, OverflowError):
        size = 0
    return size if size > 0 else DEFAULT_MAX_QUEUE_SIZE
