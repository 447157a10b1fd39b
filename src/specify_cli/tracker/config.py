"""Which tracker a project is bound to: `tracker:` in the committed config (contract 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from specify_cli.core import settings
from specify_cli.core.project_resolver import kittify_of
from specify_cli.kernel import files, paths, yaml
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound, Refused

GITHUB_CLI = "github-cli"
SAAS_PROVIDERS = frozenset({"github", "gitlab", "jira", "linear"})
LOCAL_PROVIDERS = frozenset({"beads", "fp", GITHUB_CLI})
# Whose tickets missions begin with.
TICKET_PROVIDERS = ("jira", "linear", GITHUB_CLI)
ALL_SUPPORTED_PROVIDERS = SAAS_PROVIDERS | LOCAL_PROVIDERS
REMOVED_PROVIDERS = frozenset({"azure_devops"})
DOCTRINE_MODES = ("external_authoritative", "spec_kitty_authoritative", "split_ownership")
OWNERS = ("external", "local", "shared")
_TEXTS = ("provider", "binding_ref", "project_slug", "display_label", "workspace")
_KNOWN = {*_TEXTS, "provider_context", "doctrine"}


@dataclass(slots=True)
class TrackerProjectConfig:
    """What a project is bound to.

    Args:
        binding_ref: the server's name of the binding, by which requests are routed.
        project_slug: the same of older bindings; routes where there is no `binding_ref`.
        workspace: of a provider that is a program here.
        doctrine_mode: whose word counts where both sides changed something.
    """

    provider: str | None = None
    binding_ref: str | None = None
    project_slug: str | None = None
    display_label: str | None = None
    provider_context: dict[str, str] | None = None
    workspace: str | None = None
    doctrine_mode: str = DOCTRINE_MODES[0]
    doctrine_field_owners: dict[str, str] = field(default_factory=dict)
    _extra: dict[str, object] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, object] | None) -> TrackerProjectConfig:
        """The config that a section holds; blank texts are none, keys it does not know are kept."""
        given = data or {}
        doctrine, context = given.get("doctrine"), given.get("provider_context")
        doctrine = doctrine if isinstance(doctrine, Mapping) else {}
        found = cls()
        for name in _TEXTS:
            setattr(found, name, _text(given.get(name)))
        found.provider = found.provider.lower() if found.provider else None
        if isinstance(context, Mapping):
            found.provider_context = {str(key): str(value) for key, value in context.items()} or None
        mode, owners = _text(doctrine.get("mode")), doctrine.get("field_owners")
        found.doctrine_mode = mode if mode in DOCTRINE_MODES else DOCTRINE_MODES[0]
        if isinstance(owners, Mapping):
            found.doctrine_field_owners = {str(key): str(value) for key, value in owners.items() if value in OWNERS}
        found._extra = {key: value for key, value in given.items() if key not in _KNOWN}
        return found

    def to_dict(self) -> dict[str, object]:
        """The section; known keys are always there."""
        doctrine = {"mode": self.doctrine_mode, "field_owners": dict(self.doctrine_field_owners)}
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {**self._extra, **texts, "provider_context": self.provider_context, "doctrine": doctrine}

    def for_provider(self, provider: str) -> TrackerProjectConfig:
        """A copy to bind anew: what is known stays where the provider is the same, keys of others in any case."""
        kept = self.to_dict() if provider == self.provider else self._extra
        return TrackerProjectConfig.from_dict({**kept, "provider": provider})

    @property
    def is_configured(self) -> bool:
        """Whether it names a provider that exists, and what there."""
        if self.provider in SAAS_PROVIDERS:
            return bool(self.binding_ref or self.project_slug)
        return self.provider in LOCAL_PROVIDERS and bool(self.workspace)


def load_tracker_config(repo_root: Path) -> TrackerProjectConfig:
    """The binding of a project; an empty one where it has none.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `MALFORMED_YAML`, or `CONFIG_INVALID` for a section that is no mapping.
    """
    return TrackerProjectConfig.from_dict(_section(config_path(repo_root)))


def save_tracker_config(repo_root: Path, config: TrackerProjectConfig) -> None:
    """Write a binding; all other lines of the config stay as they are. Raises as `load_tracker_config`."""
    _write(repo_root, config.to_dict())


def clear_tracker_config(repo_root: Path) -> None:
    """Take the binding out; raises as `load_tracker_config`."""
    _write(repo_root, None)


def config_path(repo_root: Path) -> Path:
    """The committed config of a project."""
    return kittify_of(paths.discover(repo_root)) / "config.yaml"


def provider_named(text: str) -> str:
    """A provider as people type it.

    Raises:
        Refused: `UNKNOWN_PROVIDER`.
    """
    name = text.strip().lower()
    if name not in ALL_SUPPORTED_PROVIDERS:
        gone = " any more" if name in REMOVED_PROVIDERS else ""
        raise Refused(
            f"there is no provider {name!r}{gone}; there are {', '.join(sorted(ALL_SUPPORTED_PROVIDERS))}",
            "UNKNOWN_PROVIDER",
            hint=spec_kitty("tracker providers"),
        )
    return name


def require_binding(config: TrackerProjectConfig) -> str:
    """The provider of a project that is bound.

    Raises:
        Refused: `TRACKER_NOT_BOUND`.
    """
    if config.provider is None or not config.is_configured:
        said = f"its provider {config.provider!r} names nothing" if config.provider else "this project has no tracker"
        raise Refused(
            f"no tracker is bound: {said}",
            "TRACKER_NOT_BOUND",
            hint=spec_kitty("tracker bind", "--provider", "github-cli"),
        )
    return config.provider


def _write(repo_root: Path, wanted: Mapping[str, object] | None) -> None:
    """Change the keys that differ; every other line stays as it is."""
    repo, path = paths.discover(repo_root), config_path(repo_root)
    doing = "write the tracker binding"
    with settings.locked(repo, doing):
        before = _section(path)
        changes: dict[tuple[str, ...], object] = {("tracker",): yaml.ABSENT} if wanted is None else {}
        for key, value in (wanted or {}).items():
            if key not in before or before[key] != value:
                changes["tracker", key] = value
        if changes:
            settings.change(repo, path.parent.parent, changes, doing)


def _section(path: Path) -> Mapping[str, object]:
    """What the section `tracker` of the config holds."""
    text = files.read_text(path)
    if text is None:
        raise NotFound(
            f"{path.parent.parent} is not a spec-kitty project yet",
            "NOT_INITIALIZED",
            hint=spec_kitty("init", "--ai", "claude"),
        )
    section = yaml.mapping(text, str(path)).get("tracker")
    if section is not None and not isinstance(section, dict):
        raise Refused(
            f"{path}: tracker is {section!r}, expected a mapping", "CONFIG_INVALID", details={"edit": str(path)}
        )
    return section or {}


def _text(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    return text or None
