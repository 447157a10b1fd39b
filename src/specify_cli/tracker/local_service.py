"""Trackers that are programs here: what they know is merged into a cache, and lanes go back to them (contract 7.8)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError, Unavailable
from specify_cli.tracker.cache import TrackerCache, cache_path
from specify_cli.tracker.config import GITHUB_CLI, TrackerProjectConfig, require_binding
from specify_cli.tracker.providers.beads import Beads
from specify_cli.tracker.providers.command import Connector, Program
from specify_cli.tracker.providers.fp import Fp
from specify_cli.tracker.providers.github_cli import GitHubIssues
from specify_cli.tracker.settings import provider_settings

PROGRAMS = {"beads": "bd", "fp": "fp", GITHUB_CLI: "gh"}
STATUS_OF_LANE = {
    "planned": "todo", "claimed": "in_progress", "in_progress": "in_progress", "for_review": "in_review",
    "in_review": "in_review", "approved": "in_review", "done": "done", "blocked": "blocked", "canceled": "canceled",
}  # fmt: skip
_TRIES = 3


@dataclass(slots=True)
class SyncResult:
    """What a pull or push did."""

    provider: str
    stats: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("pulled_created", "pulled_updated", "pushed_created", "pushed_updated", "skipped"), 0
        )
    )
    conflicts: list[dict[str, object]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {"provider": self.provider, "stats": self.stats, "conflicts": self.conflicts, "errors": self.errors}


class LocalTrackerService:
    """A project and its local tracker.

    Args:
        repo_root: a folder of the project.
        config: its binding.
    """

    def __init__(self, repo_root: Path, config: TrackerProjectConfig) -> None:
        self.config = config
        self.provider, self.workspace = require_binding(config), str(config.workspace)
        self.settings = provider_settings(self.provider)
        self._cwd = Path(self.settings["cwd"]) if "cwd" in self.settings else paths.discover(repo_root).root
        where = cache_path(self.provider, self.workspace, self.settings)
        self.cache = TrackerCache(where, self.provider, self.workspace)

    @property
    def connector(self) -> Connector:
        """The program."""
        if self.provider == GITHUB_CLI:
            return GitHubIssues(self.workspace)
        given = self.settings.get("command", "")
        try:
            command = shlex.split(given) or [PROGRAMS[self.provider]]
        except ValueError as error:
            again = spec_kitty("tracker bind", "--provider", self.provider, "--workspace", self.workspace)
            hint = again.adding("--credential", f"command={PROGRAMS[self.provider]}")
            raise Refused(f"command={given!r} cannot be run: {error}", "PROGRAM_UNUSABLE", hint=hint) from error
        program = Program(tuple(command), self._cwd)
        return Beads(program) if self.provider == "beads" else Fp(program)

    def status(self) -> dict[str, object]:
        """How it stands; nothing is run and nothing written."""
        return {
            "provider": self.provider,
            "workspace": self.workspace,
            "doctrine_mode": self.config.doctrine_mode,
            "db_path": str(self.cache.path),
            "issue_count": len(self.cache.issues()),
            "mapping_count": len(self.cache.mappings()),
            "credentials_present": bool(self.settings),
        }

    def pull(self, limit: int) -> SyncResult:
        """Take over what the tracker knows, field by field as the doctrine says."""
        done, known = SyncResult(self.provider), self.cache.issues()
        changed: dict[str, dict[str, Any]] = {}
        for issue in self.connector.issues(limit):
            before, theirs = known.get(issue.id), issue.to_dict()
            merged, conflicts = merged_fields(before, theirs, self.config)
            done.conflicts += [{"issue": issue.id, **each} for each in conflicts]
            if merged == before:
                done.stats["skipped"] += 1
                continue
            done.stats["pulled_created" if before is None else "pulled_updated"] += 1
            changed[issue.id] = merged
        self.cache.save(changed)
        return done

    def push(self, lanes: Mapping[str, str], limit: int) -> SyncResult:
        """Give the tracker the lanes of mapped work packages, where the doctrine lets us decide about states."""
        done, known = SyncResult(self.provider), self.cache.issues()
        for row in self.cache.mappings()[:limit]:
            issue_id = str(row["external_id"])
            wanted = STATUS_OF_LANE.get(lanes.get(row["wp_id"], ""))
            before = known.get(issue_id, {"id": issue_id})
            if wanted in {None, before.get("status")} or owner_of("status", self.config) == "external":
                done.stats["skipped"] += 1
                continue
            try:
                _retried(self.connector, issue_id, str(wanted))
            except SpecKittyError as error:
                done.errors.append(error.message)
                continue
            self.cache.save({issue_id: {**before, "status": wanted}})
            done.stats["pushed_updated"] += 1
        return done


def owner_of(name: str, config: TrackerProjectConfig) -> str:
    """Whose word counts for a field: external, local or shared."""
    by_mode = {"external_authoritative": "external", "spec_kitty_authoritative": "local"}
    return by_mode.get(config.doctrine_mode) or config.doctrine_field_owners.get(name, "shared")


def merged_fields(
    before: Mapping[str, Any] | None, theirs: Mapping[str, Any], config: TrackerProjectConfig
) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """What becomes of an issue that both sides know, and the fields about which they disagree. Pure."""
    if before is None:
        return dict(theirs), []
    merged, conflicts = {**before, **theirs}, list[dict[str, object]]()
    for name, value in theirs.items():
        mine = before.get(name)
        owner = owner_of(name, config)
        if name in {"id", "updated_at"} or name not in before or mine == value or owner == "external":
            continue
        newer = str(theirs.get("updated_at") or "") > str(before.get("updated_at") or "")
        if owner == "local" or not newer:
            merged[name] = mine
        if owner == "shared":
            strategy = "newer_timestamp"
            conflicts.append({"field_name": name, "strategy": strategy, "manual_review_required": not newer})
    return merged, conflicts


def _retried(connector: Connector, issue_id: str, status: str) -> None:
    for left in reversed(range(_TRIES)):
        try:
            connector.set_status(issue_id, status)
        except Unavailable:
            if not left:
                raise
        else:
            return
