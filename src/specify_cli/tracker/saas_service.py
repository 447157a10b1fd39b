"""A project and its tracker behind the server: finding a binding, keeping it, asking through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.values import frozen
from specify_cli.sync.project_identity import ensure_identity
from specify_cli.tracker.config import (
    TrackerProjectConfig,
    load_tracker_config,
    require_binding,
    save_tracker_config,
)
from specify_cli.tracker.saas_client import SaaSTrackerClient
from specify_cli.tracker.saas_errors import Body, SaaSTrackerClientError, unusable

STALE = {"binding_not_found", "mapping_disabled", "project_mismatch"}
_CONFIDENCE = ("high", "medium", "low")


class StaleBindingError(SaaSTrackerClientError):
    """The server no longer knows the binding; the config is left as it is, and nothing else is tried (FR-018)."""

    def __init__(self, binding_ref: str, error_code: str, provider: str) -> None:
        super().__init__(
            f"the binding {binding_ref} is stale ({error_code}); bind the project again",
            error_code=error_code,
            details={"binding_ref": binding_ref},
            user_action_required=True,
            called=("TRACKER_BINDING_STALE", spec_kitty("tracker bind", "--provider", provider)),
        )
        self.binding_ref = binding_ref


@frozen
class Candidate:
    """A resource that a project may be bound to.

    Args:
        number: what a person types to choose it.
    """

    number: int
    token: str
    label: str
    confidence: str
    reason: str

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {
            "number": self.number,
            "display_label": self.label,
            "confidence": self.confidence,
            "match_reason": self.reason,
        }


@frozen
class Resolution:
    """What fits a project: a binding that exists, one sure candidate, several, or nothing."""

    binding_ref: str | None
    label: str | None
    candidates: tuple[Candidate, ...]
    is_exact: bool


class SaaSTrackerService:
    """What commands ask of a tracker behind the server.

    Args:
        repo_root: a folder of the project.
        client: None for one of who is logged in.
    """

    def __init__(self, repo_root: Path, client: SaaSTrackerClient | None = None) -> None:
        self.root = repo_root
        self.client = client or SaaSTrackerClient()
        self.config = load_tracker_config(repo_root)

    @property
    def identity(self) -> dict[str, Any]:
        """The five keys of the contract (7.3)."""
        return dict(ensure_identity(paths.discover(self.root)).to_dict())

    def routed(self, call: Callable[..., Body], **arguments: object) -> Body:
        """Ask through the project's binding; what the answer says of it is kept.

        Raises:
            Refused: `TRACKER_NOT_BOUND`.
            StaleBindingError: the server no longer knows the binding.
            SpecKittyError: see `SaaSTrackerClient`.
        """
        answer = checked(self.config, call, **routing(self.config), **arguments)
        self._upgrade(answer)
        return answer

    def resources(self, provider: str) -> list[Body]:
        """What projects can be bound to, numbered from 1."""
        found = self.client.resources(provider).get("resources")
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise unusable("it lists no resources")
        bound = ("binding_ref", "bound_project_slug")
        return [
            {**each, "number": number, "is_bound": any(each.get(name) for name in bound)}
            for number, each in enumerate(found, 1)
        ]

    def resolve(self, provider: str) -> Resolution:
        """Which resources fit this project."""
        found = self.client.bind_resolve(provider, self.identity)
        kind, ref, token = (_text(found.get(name)) for name in ("match_type", "binding_ref", "candidate_token"))
        label = _text(found.get("display_label")) or None
        if kind not in {"exact", "candidates", "none"}:
            raise unusable(f"it speaks of a match of kind {kind!r}")
        if kind == "exact" and not (ref or token):
            raise unusable("it names an exact match and not which")
        if kind == "exact":
            sure = (Candidate(1, token, label or token, _CONFIDENCE[0], "exact match"),) if token else ()
            return Resolution(ref or None, label, sure, is_exact=True)
        return Resolution(
            None, None, _candidates(found.get("candidates")) if kind == "candidates" else (), is_exact=False
        )

    def confirm(self, provider: str, chosen: Candidate) -> TrackerProjectConfig:
        """Bind to a candidate; where its token has just ended, to the one of the same name."""
        try:
            found = self.client.bind_confirm(provider, chosen.token, self.identity)
        except SaaSTrackerClientError as error:
            if error.error_code != "invalid_candidate_token":
                raise
            same = [each for each in self.resolve(provider).candidates if each.label == chosen.label]
            if len(same) != 1:
                raise
            found = self.client.bind_confirm(provider, same[0].token, self.identity)
        return self.keep(provider, found, chosen.label)

    def validate(self, provider: str, binding_ref: str) -> TrackerProjectConfig:
        """Bind to a binding that exists at the server.

        Raises:
            SaaSTrackerClientError: `TRACKER_BINDING_INVALID`, with the server's reason; the config is as it was.
        """
        found = self.client.bind_validate(provider, binding_ref, self.identity)
        if found.get("valid") is not True:
            reason, guidance = _text(found.get("reason")) or "no reason given", _text(found.get("guidance"))
            raise SaaSTrackerClientError(
                f"{binding_ref} is no binding for this project ({reason})" + (f": {guidance}" if guidance else ""),
                error_code=reason,
                details=found,
                called=("TRACKER_BINDING_INVALID", spec_kitty("tracker discover", "--provider", provider)),
            )
        if found.get("binding_ref") not in {None, binding_ref}:
            raise unusable(f"asked about {binding_ref}, it speaks of another binding")
        return self.keep(provider, {**found, "binding_ref": binding_ref}, None)

    def keep(self, provider: str, answer: Body, label: str | None) -> TrackerProjectConfig:
        """Write a new binding; what is known of the old one stays where the provider is the same."""
        ref = _text(answer.get("binding_ref"))
        if not ref:
            raise unusable("it names no binding")
        changed = self.config.for_provider(provider)
        changed.display_label = _text(answer.get("display_label")) or label or changed.display_label
        return self._save(changed, answer, ref)

    def _upgrade(self, answer: Body) -> None:
        """Take over the binding that an answer names; on a disk that cannot be written all is as it was."""
        ref = _text(answer.get("binding_ref"))
        if ref and ref != self.config.binding_ref:
            changed = self.config.for_provider(str(self.config.provider))
            changed.display_label = _text(answer.get("display_label")) or changed.display_label
            with suppress(SpecKittyError):
                self._save(changed, answer, ref)

    def _save(self, changed: TrackerProjectConfig, answer: Body, ref: str) -> TrackerProjectConfig:
        changed.binding_ref = ref
        context = answer.get("provider_context")
        if isinstance(context, Mapping):
            changed.provider_context = {str(key): str(value) for key, value in context.items()}
        save_tracker_config(self.root, changed)
        self.config = changed
        return changed


def routing(config: TrackerProjectConfig) -> dict[str, str | None]:
    """How a request finds the binding: by its reference, else by the project's slug.

    Raises:
        Refused: `TRACKER_NOT_BOUND`.
    """
    provider = require_binding(config)
    return {"provider": provider, "binding_ref": config.binding_ref, "project_slug": config.project_slug}


def checked(config: TrackerProjectConfig, call: Callable[..., Body], **arguments: object) -> Body:
    """Make a call, and say so where the server no longer knows the binding it is routed by; see `routed`."""
    try:
        return call(**arguments)
    except SaaSTrackerClientError as error:
        if config.binding_ref and error.error_code in STALE:
            raise StaleBindingError(config.binding_ref, error.error_code, str(config.provider)) from error
        raise


def _candidates(given: object) -> tuple[Candidate, ...]:
    """Candidates in the server's order, numbered by their positions where these are sound, else as they come."""
    rows = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    rows = [each for each in rows if _text(each.get("candidate_token"))]
    places = [each.get("sort_position") for each in rows]
    sound = all(type(place) is int and place >= 0 for place in places) and len(set(places)) == len(places)
    if sound:
        rows.sort(key=lambda each: int(each["sort_position"]))
    return tuple(
        Candidate(
            each["sort_position"] + 1 if sound else number,
            _text(each.get("candidate_token")),
            _text(each.get("display_label")) or _text(each.get("candidate_token")),
            _text(each.get("confidence")),
            _text(each.get("match_reason")),
        )
        for number, each in enumerate(rows, 1)
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
