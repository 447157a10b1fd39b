"""What a user has told of a local tracker: `[tracker.providers.<name>]` of the credentials, never committed."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.kernel import files, toml
from specify_cli.sync.credentials import CredentialStore


def provider_settings(provider: str) -> dict[str, str]:
    """The settings of a provider; raises `MALFORMED_TOML`."""
    path = CredentialStore().path
    found: object = toml.loads(files.read_bytes(path), str(path))
    for name in ("tracker", "providers", provider):
        found = found.get(name) if isinstance(found, Mapping) else None
    given = found if isinstance(found, Mapping) else {}
    return {str(key): value.strip() for key, value in given.items() if isinstance(value, str) and value.strip()}


def change_settings(provider: str, changes: Mapping[str, str | None]) -> None:
    """Set keys of a provider, or take them out; under the lock of the credentials, all else stays as it is."""
    store = CredentialStore()
    if changes:
        with store.held("write the settings of a tracker"):
            wanted = {(f"tracker.providers.{provider}", key): value for key, value in changes.items()}
            data = toml.edit(files.read_bytes(store.path), wanted, str(store.path))
            files.atomic_write(store.path, data, private=True)
