"""A clone that sends: a project with real missions, a login and consent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specify_cli.context.missions import all_places
from specify_cli.kernel.paths import Repository, discover
from specify_cli.sync import consent
from specify_cli.sync.collect import Collector
from specify_cli.sync.config import load_config
from specify_cli.sync.delivery import Delivery, Tell, deliver, origin_of
from specify_cli.sync.emitter import Origin
from specify_cli.sync.project_identity import ensure_identity
from specify_cli.sync.queue import OfflineQueue
from specify_cli.sync.runtime import runtime_of
from tests.support.cli import Result
from tests.support.project import Project
from tests.support.server_batch import Batch
from tests.support.syncing import World


@dataclass
class Clone:
    """A project in a repository of a user who is logged in; it has agreed to send, unless told otherwise.

    Args:
        at: the project; None for the one of the world.
    """

    world: World
    at: Project | None = None
    agreed: bool = True

    def __post_init__(self) -> None:
        self.world.log_in(minutes=600)
        if self.agreed:
            self.agree()

    @property
    def project(self) -> Project:
        """Where one stands."""
        return self.at or self.world.project

    @property
    def repo(self) -> Repository:
        """The repository, read anew."""
        return discover(self.project.path)

    @property
    def batch(self) -> Batch:
        """What the server has."""
        return self.world.server.part(Batch)

    def agree(self) -> None:
        """Agree to send what is recorded from now on."""
        consent.give(self.repo, self.world.server.url)

    def deliver(
        self, *, history: bool = False, timeout: float = 30, tell: Tell = lambda _done, _total: None
    ) -> Delivery:
        """Collect and send."""
        repo = self.repo
        return deliver(repo, lambda: all_places(repo)[0], timeout=timeout, history=history, tell=tell)

    @property
    def queue(self) -> OfflineQueue:
        """Its events that wait."""
        account = runtime_of(self.repo).require()
        return OfflineQueue(account.queue_path, ensure_identity(self.repo).project_uuid, load_config().max_queue_size)

    def collector(self) -> Collector:
        """What takes in its journals."""
        known = {place.slug: place for place in all_places(self.repo)[0]}
        return Collector(self.queue, self.repo, known.get, runtime_of(self.repo).since or "")

    def origin(self) -> Origin:
        """Who tells its events."""
        return origin_of(self.repo, runtime_of(self.repo).require(), ensure_identity(self.repo))

    def collect(self) -> None:
        """Take in what is new, and send nothing."""
        self.collector().collect(self.origin())

    def run(self, *words: str) -> Result:
        """Run a command, standing in the project."""
        return self.project.run(*words)

    def journals(self) -> list[Path]:
        """The files of its journals."""
        return sorted(path for path in (self.repo.state / "journal").glob("*.jsonl") if path.is_file())

    def recorded(self) -> list[dict[str, Any]]:
        """Every line of its journals."""
        texts = [path.read_text(encoding="utf-8") for path in self.journals()]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def moved(self) -> set[str]:
        """Ids of the moves in its journals."""
        return {line["event_id"] for line in self.recorded() if "to_lane" in line}

    def sent(self) -> set[str]:
        """Ids of the moves that the server has."""
        return {one for one, event in self.batch.stored.items() if event["event_type"] == "WPStatusChanged"}

    def move(self, slug: str, wp_id: str = "WP01", to: str = "blocked") -> str:
        """Move a work package by force; the id of the move."""
        words = ("agent", "tasks", "move-task", wp_id, "--to", to, "--mission", slug, "--force", "--note", "a test")
        return str(self.run(*words, "--agent", "claude", "--json").ok().json()["event_id"])
