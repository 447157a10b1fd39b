"""A mission's folder, the queue its documents wait in, and the server they go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, database
from specify_cli.kernel.paths import Repository
from specify_cli.sync import body_transport, documents, dossier
from specify_cli.sync.body_queue import OfflineBodyUploadQueue
from specify_cli.sync.body_transport import BodyReport
from specify_cli.sync.client import SaasClient
from specify_cli.sync.dossier import Recorded
from specify_cli.sync.namespace import UploadOutcome
from specify_cli.sync.project_identity import ProjectIdentity
from specify_cli.sync.schema import SCHEMA
from tests.support.server_bodies import BODIES, Bodies
from tests.support.serving import Answer
from tests.support.syncing import World

PROJECT = "8a4a4e0e-8b1c-4c7e-9d0d-5c2b1c5f0f10"
SLUG = "012-demo"
META = {"mission_slug": SLUG, "mission_number": "012", "mission_type": "software-dev", "target_branch": "main"}
IDENTITY = ProjectIdentity(PROJECT, "demo", "acme/demo", "5d4e0e8b-1c4c-4e9d-8d5c-2b1c5f0f108a", "0f1e2d3c4b5a")


@dataclass
class Desk:
    """Documents that are written, told and sent; nothing of git, and no commands.

    Args:
        meta: what meta.json says.
    """

    world: World
    meta: dict[str, object] = field(default_factory=lambda: dict(META))
    limit: int = 1000

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world.log_in(minutes=600)

    @property
    def folder(self) -> Path:
        """The mission's folder."""
        return self.world.path / "desk" / "kitty-specs" / SLUG

    @property
    def place(self) -> MissionPlace:
        """The mission."""
        repo = Repository(self.world.path / "desk", None, None, None)
        return MissionPlace(repo, SLUG, None, "main", None, self.meta)

    @property
    def queue(self) -> OfflineBodyUploadQueue:
        """Its bodies that wait."""
        return OfflineBodyUploadQueue(self.world.path / "queue.db", PROJECT, self.limit)

    @property
    def bodies(self) -> Bodies:
        """What the server has."""
        return self.world.server.part(Bodies)

    def write(self, path: str, content: str | bytes = "# Text\n") -> Path:
        """Write a document."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def told(self) -> Recorded:
        """Tell what is new."""
        return self.told_of(documents.survey(self.place))

    def told_of(self, seen: documents.Survey) -> Recorded:
        """Tell what was seen before."""
        with database.open(self.queue.path, SCHEMA) as db:
            return dossier.record(db, seen, IDENTITY, limit=self.limit)

    def reasons(self) -> dict[str, str]:
        """Path -> what became of its text when it was told."""
        return {each.artifact_path: each.reason for each in self.told().outcomes}

    def sent(self, *, seconds: float = 60, later: float = 0) -> BodyReport:
        """Send what waits.

        Args:
            seconds: for the whole run.
            later: seconds that have passed before it.
        """
        now = clock.now() + timedelta(seconds=later)
        with clock.use(lambda: now), SaasClient(self.world.server.url) as client:
            return body_transport.drain(self.queue, client.post, time_left=lambda: seconds)

    def answered(self, status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> UploadOutcome:
        """What becomes of one document when the server answers like this, always."""
        self.write("spec.md")
        self.told()
        self.world.server.fault(BODIES, nth=0, answer=Answer(status, body, headers or {}))
        (outcome,) = self.sent().outcomes
        return outcome
