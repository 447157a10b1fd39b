"""The tracker of a project, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.sync import consent
from specify_cli.tracker.closing import consent_key, may_write
from specify_cli.tracker.config import (
    DOCTRINE_MODES,
    GITHUB_CLI,
    LOCAL_PROVIDERS,
    OWNERS,
    TrackerProjectConfig,
    clear_tracker_config,
    load_tracker_config,
    require_binding,
    save_tracker_config,
)
from specify_cli.tracker.local_service import LocalTrackerService
from specify_cli.tracker.providers.github_cli import repository_here, repository_named
from specify_cli.tracker.saas_service import SaaSTrackerService
from specify_cli.tracker.settings import change_settings, provider_settings


def service_for(repo_root: Path) -> SaaSTrackerService | LocalTrackerService:
    """The tracker that a project is bound to.

    Raises:
        Refused: `TRACKER_NOT_BOUND`.
    """
    config = load_tracker_config(repo_root)
    local = require_binding(config) in LOCAL_PROVIDERS
    return LocalTrackerService(repo_root, config) if local else SaaSTrackerService(repo_root)


def local_service(repo_root: Path) -> LocalTrackerService:
    """The tracker of a project that is a program here.

    Raises:
        Refused: `TRACKER_NOT_BOUND`; `TRACKER_UNSUPPORTED`, a server keeps that of this project.
    """
    found = service_for(repo_root)
    if isinstance(found, LocalTrackerService):
        return found
    raise Refused(
        f"mappings of {found.config.provider} are managed at the dashboard of the server",
        "TRACKER_UNSUPPORTED",
        hint=spec_kitty("tracker map list"),
    )


def bind_local(
    repo_root: Path,
    provider: str,
    workspace: str | None,
    mode: str | None,
    owners: Mapping[str, str],
    settings: Mapping[str, str],
) -> TrackerProjectConfig:
    """Bind a project to a tracker that is a program here.

    Args:
        workspace: of GitHub the repository; None asks `gh`.

    Raises:
        Refused: `WORKSPACE_REQUIRED`, `WORKSPACE_INVALID`, `DOCTRINE_INVALID`.
    """
    if provider == GITHUB_CLI:
        root = paths.discover(repo_root).root
        workspace = repository_named(workspace) if workspace else repository_here(root)
    if not (workspace or "").strip():
        hint = spec_kitty("tracker bind", "--provider", provider, "--workspace", "NAME")
        raise Refused(f"{provider} needs a workspace", "WORKSPACE_REQUIRED", hint=hint)
    if (mode is not None and mode not in DOCTRINE_MODES) or not set(owners.values()) <= set(OWNERS):
        said = f"a doctrine is one of {', '.join(DOCTRINE_MODES)}, the owner of a field one of {', '.join(OWNERS)}"
        raise Refused(said, "DOCTRINE_INVALID", hint=spec_kitty("tracker bind", "--help"))
    config = load_tracker_config(repo_root).for_provider(provider)
    config.workspace = str(workspace).strip()
    config.doctrine_mode = mode or config.doctrine_mode
    config.doctrine_field_owners = {**config.doctrine_field_owners, **owners}
    change_settings(provider, settings)
    save_tracker_config(repo_root, config)
    if provider == GITHUB_CLI:
        may_write(paths.discover(repo_root), config.workspace)
    return config


def unbind(repo_root: Path) -> str | None:
    """Take the binding out, and what a local tracker was told; the provider that was bound."""
    config = load_tracker_config(repo_root)
    if config.provider in LOCAL_PROVIDERS:
        change_settings(config.provider, dict.fromkeys(provider_settings(config.provider)))
    if config.provider == GITHUB_CLI and config.workspace:
        repo = paths.discover(repo_root)
        if consent.consented_at(repo, consent_key(config.workspace)):
            consent.withdraw(repo, consent_key(config.workspace))
    if config.to_dict() != TrackerProjectConfig().to_dict():
        clear_tracker_config(repo_root)
    return config.provider
