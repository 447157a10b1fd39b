"""Events that wait in a queue file, and the server they go to; nothing of git, and no commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specify_cli.kernel import clock, database
from specify_cli.sync.batch import BATCH, BatchRun, BatchSyncResult
from specify_cli.sync.client import SaasClient
from specify_cli.sync.emitter import Fact, Origin, envelope, problems
from specify_cli.sync.profiles import Profile
from specify_cli.sync.queue import OfflineQueue
from specify_cli.sync.schema import SCHEMA
from tests.support.desk import IDENTITY, PROJECT
from tests.support.server_batch import Batch
from tests.support.syncing import World

MISSION = {
    "mission_slug": "012-demo",
    "mission_number": "012",
    "mission_type": "software-dev",
    "mission_id": "01KNRQK1234567890ABCDEFGHJ",
}
ORIGIN = Origin(
    project_uuid=IDENTITY.project_uuid,
    project_slug=IDENTITY.project_slug,
    repo_slug=IDENTITY.repo_slug,
    node_id=IDENTITY.node_id,
    build_id=IDENTITY.build_id,
    correlation_id="01KNRQK0000000000000000000",
    team_slug="acme",
    git_branch="main",
    head_commit_sha="6551ccb" + "0" * 33,
)
AT = "2026-11-20T17:00:00.000000+00:00"


def id_of(number: int) -> str:
    """The id of the n-th event of a test."""
    return f"01KNRQ{number:020d}"


def moved(number: int = 1, **payload: object) -> dict[str, Any]:
    """The n-th event of a test: a work package is claimed."""
    given = {"wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed", "actor": "claude", "policy_metadata": None}
    detail = {"force": False, "reason": None, "execution_mode": "worktree", "review_ref": None, "evidence": None}
    return made("WPStatusChanged", "WP01", {**given, **payload}, number=number, detail=detail)


def indexed(number: int, key: str, content: str = "0") -> dict[str, Any]:
    """The n-th event of a test: a document is there; of one document only the newest such event counts."""
    payload = {
        "artifact_key": key, "artifact_class": "input", "relative_path": "spec.md",
        "content_hash_sha256": content * 64, "size_bytes": 7, "required_status": "required",
    }  # fmt: skip
    return made("MissionDossierArtifactIndexed", f"012-demo:{key}", payload, number=number)


def made(
    kind: str, about: str, payload: Mapping[str, object], *, number: int = 1, detail: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """The n-th event of a test, of any type."""
    return envelope(Fact(id_of(number), kind, about, {**payload, **MISSION}, AT, detail=detail or {}), ORIGIN, number)


@dataclass
class Outbox:
    """A queue and a login.

    Args:
        limit: how many events may wait.
    """

    world: World
    limit: int = 100_000

    def __post_init__(self) -> None:
        self.world.log_in(minutes=600)

    @property
    def queue(self) -> OfflineQueue:
        """The queue."""
        return OfflineQueue(self.world.path / "queue.db", PROJECT, self.limit)

    @property
    def batch(self) -> Batch:
        """What the server has."""
        return self.world.server.part(Batch)

    def put(self, *events: dict[str, Any]) -> list[str]:
        """Have events wait, checked as ever; their ids."""
        with self.queue.visit() as db:
            for event in events:
                self.queue.add(db, event, problems(event))
        return [event["event_id"] for event in events]

    def fill(self, count: int) -> list[str]:
        """Have that many events wait; their ids."""
        return self.put(*(moved(number) for number in range(1, count + 1)))

    def raw(self, *rows: Sequence[object]) -> None:
        """Put rows into the file as they are: event id, type, data."""
        with database.open(self.queue.path, SCHEMA) as db:
            db.executemany(
                "INSERT INTO queue (event_id, event_type, data, timestamp, project) VALUES (?, ?, ?, 0, ?)",
                [(*row, PROJECT) for row in rows],
            )

    def send(
        self, *, seconds: float = 30, profile: Profile = Profile.FLAT, server: str | None = None
    ) -> BatchSyncResult:
        """Send what waits; to another server than the world's where one is named."""
        with SaasClient(server or self.world.server.url) as client:
            run = BatchRun(
                self.queue,
                lambda body, headers, timeout: client.post(BATCH, body, headers, timeout=timeout),
                profile=profile,
                deadline=clock.monotonic() + seconds,
            )
            return run.run()

    def waiting(self) -> list[str]:
        """Ids of the events that wait, in order."""
        found: list[str] = []
        after = 0
        while rows := self.queue.page(after):
            found += [row.event_id for row in rows]
            after = rows[-1].row_id
        return found

    def retries(self) -> dict[str, int]:
        """Id of each event that waits -> how often it was rejected."""
        return {row.event_id: row.retry_count for row in self.queue.page()}

    def buried(self) -> dict[str, tuple[str, str]]:
        """Id of each dead letter -> its category and reason."""
        return {one.event_id: (one.category, one.reason) for one in self.queue.dead_letters()}
