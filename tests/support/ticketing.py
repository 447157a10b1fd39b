"""A user who is logged in, and a project bound to a tracker, for tests of tickets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specify_cli.kernel import clock
from specify_cli.mission_metadata import load_meta
from specify_cli.tracker.config import TrackerProjectConfig, load_tracker_config, save_tracker_config
from specify_cli.tracker.origin_models import OriginCandidate
from specify_cli.tracker.saas_client import SaaSTrackerClient
from tests.support.cli import Result
from tests.support.server_tracker import Tracker
from tests.support.syncing import World

WEB = OriginCandidate("id-WEB-123", "WEB-123", "Fix the login", "Todo", "https://tracker.example/WEB-123", "exact")
PLACE = ("linear", "linear_team", "team-1")


@dataclass
class Bound:
    """A project bound to Linear by a reference that the server knows.

    Args:
        slept: the pauses that were taken; none takes any time.
    """

    world: World
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.log_in()
        self.world.patch.setattr(clock, "sleep", self.slept.append)
        self.bind(binding_ref=self.tracker.bound())

    @property
    def root(self) -> Path:
        return self.world.project.path

    @property
    def tracker(self) -> Tracker:
        return self.world.server.part(Tracker)

    @property
    def client(self) -> SaaSTrackerClient:
        return SaaSTrackerClient()

    @property
    def config(self) -> TrackerProjectConfig:
        return load_tracker_config(self.root)

    def bind(self, provider: str = "linear", **more: Any) -> None:
        """Write a binding in place of the one there."""
        save_tracker_config(self.root, TrackerProjectConfig(provider=provider, **more))

    def run(self, *words: str, input: str = "") -> Result:
        return self.world.project.run(*words, input=input)

    def missions(self) -> list[Path]:
        """The folders of the missions there are."""
        return sorted(path for path in (self.root / "kitty-specs").iterdir() if path.is_dir())

    def ticket_of(self, folder: Path) -> object:
        """The ticket that a mission is bound to."""
        return (load_meta(folder) or {}).get("origin_ticket")

    def events(self, folder: Path) -> int:
        """How often the mission's log tells of a ticket."""
        return (folder / "mission-events.jsonl").read_text(encoding="utf-8").count('"origin_bound"')
