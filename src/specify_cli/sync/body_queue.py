"""Bodies that wait: the text of documents, in the same file as the events (contract 6.4).

A body leaves the queue when the server has it, when a newer version of its document takes its place, or when a person
drops it. One that the server will not have is parked with the reason, never deleted.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from specify_cli.core.contract_gate import ContractViolationError, validate_outbound_payload
from specify_cli.kernel import clock, database
from specify_cli.kernel.database import Connection
from specify_cli.kernel.values import frozen
from specify_cli.sync.config import DEFAULT_MAX_QUEUE_SIZE
from specify_cli.sync.namespace import NamespaceRef
from specify_cli.sync.schema import SCHEMA

MAX_QUEUE_BYTES = 256 * 1024 * 1024
LONGEST_WAIT = 300.0


class BodyEnqueueResult(StrEnum):
    """What became of a body that was to wait."""

    ENQUEUED = "enqueued"
    ALREADY_EXISTS = "already_in_queue"
    QUEUE_FULL = "queue_full"


@frozen
class BodyUploadTask:
    """One document's text on its way.

    Args:
        content_hash: SHA-256 of the file's bytes, 64 hex digits.
        next_attempt_at: when it may be tried, in seconds since 1970; the same for `created_at`.
        parked: why it is not tried any more; None while it waits.
    """

    row_id: int
    project_uuid: str
    mission_slug: str
    target_branch: str
    mission_type: str
    manifest_version: str
    artifact_path: str
    content_hash: str
    hash_algorithm: str
    content_body: str
    size_bytes: int
    retry_count: int
    next_attempt_at: float
    created_at: float
    last_error: str | None
    parked: str | None = None


@frozen
class BodyQueueStats:
    """How the bodies are; the histogram counts bodies by their failed attempts."""

    total_count: int
    ready_count: int
    backoff_count: int
    parked_count: int
    total_bytes: int
    oldest_created_at: float | None
    newest_created_at: float | None
    max_retry_count: int
    retry_histogram: dict[int, int]


class OfflineBodyUploadQueue:
    """The bodies in a queue file.

    Args:
        db_path: the account's queue file.
        project: UUID of the project whose bodies are meant.
        max_queue_size: how many bodies may wait.
    """

    def __init__(self, db_path: Path, project: str, max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE) -> None:
        self.path = db_path
        self.project = project
        self.max_queue_size = max_queue_size

    def enqueue(
        self, namespace: NamespaceRef, artifact_path: str, content_hash: str, content_body: str, size_bytes: int
    ) -> BodyEnqueueResult:
        """Have a body wait.

        Raises:
            ContractViolationError: the server would not accept it; it is kept, parked with that reason.
        """
        with database.open(self.path, SCHEMA) as db:
            found = add_body(
                db, namespace, artifact_path, content_hash, content_body, size_bytes, limit=self.max_queue_size
            )
        if isinstance(found, ContractViolationError):
            raise found
        return found

    def drain(self, limit: int = 100, *, as_of: float | None = None) -> list[BodyUploadTask]:
        """Bodies whose time has come, oldest first; they stay in the queue.

        Args:
            as_of: the moment that counts, in seconds since 1970; None for now.
        """
        return self._tasks(limit, clock.epoch() if as_of is None else as_of, parked=False)

    def parked(self, limit: int = 1000) -> list[BodyUploadTask]:
        """Bodies that are not tried any more, with the reason and without their text, oldest first."""
        return self._tasks(limit, 0.0, parked=True)

    def mark_uploaded(self, row_id: int) -> None:
        """The server has it."""
        self._write("DELETE FROM body_upload_queue WHERE id = :row", row=row_id)

    def mark_failed_retryable(self, row_id: int, error: str, wait: float | None = None) -> None:
        """It is tried again after 1, 2, 4 … 300 seconds, or after those that the server asked for, 300 at most."""
        self._write(
            "UPDATE body_upload_queue SET retry_count = retry_count + 1, last_error = :error, next_attempt_at ="
            " :now + MIN(COALESCE(:wait, 1 << MIN(retry_count, 9)), :longest) WHERE id = :row",
            row=row_id,
            error=error,
            wait=wait,
        )

    def mark_failed_permanent(self, row_id: int, error: str) -> None:
        """It is kept, and not tried any more."""
        self._write(
            "UPDATE body_upload_queue SET parked = :error, last_error = :error WHERE id = :row", row=row_id, error=error
        )

    def hold(self, seconds: float, error: str) -> None:
        """Nothing of this project is tried for so long, 300 seconds at most."""
        self._write(
            "UPDATE body_upload_queue SET last_error = :error,"
            " next_attempt_at = MAX(next_attempt_at, :now + MIN(:wait, :longest))"
            " WHERE parked IS NULL AND project_uuid = :project",
            wait=seconds,
            error=error,
        )

    def retry(self, row_id: int | None = None) -> int:
        """Have a parked body, or all of them, tried again; how many there were."""
        return self._write(
            "UPDATE body_upload_queue SET parked = NULL, retry_count = 0, next_attempt_at = 0"
            " WHERE parked IS NOT NULL AND project_uuid = :project AND id = COALESCE(:row, id)",
            row=row_id,
        )

    def drop(self, row_id: int | None = None) -> int:
        """Give up a parked body, or all of them; how many there were."""
        return self._write(
            "DELETE FROM body_upload_queue"
            " WHERE parked IS NOT NULL AND project_uuid = :project AND id = COALESCE(:row, id)",
            row=row_id,
        )

    def get_stats(self) -> BodyQueueStats:
        """Counts and ages; nothing is written."""
        with database.look(self.path, SCHEMA) as db:
            # A wait longer than any we set means that the clock was put back.
            found = db.execute(
                "SELECT COUNT(*), COALESCE(SUM(parked IS NULL AND (next_attempt_at <= :now OR next_attempt_at >"
                " :now + :longest)), 0), COALESCE(SUM(parked IS NOT NULL), 0), COALESCE(SUM(size_bytes), 0),"
                " MIN(created_at), MAX(created_at) FROM body_upload_queue WHERE project_uuid = :project",
                self._given(),
            ).fetchone()
            retries = db.execute(
                "SELECT retry_count, COUNT(*) FROM body_upload_queue WHERE project_uuid = :project"
                " GROUP BY 1 ORDER BY 1",
                self._given(),
            ).fetchall()
        total, ready, parked, size, oldest, newest = found
        counts = dict(map(tuple, retries))
        return BodyQueueStats(
            total, ready, total - ready - parked, parked, size, oldest, newest, max(counts, default=0), counts
        )

    def _tasks(self, limit: int, now: float, *, parked: bool) -> list[BodyUploadTask]:
        with database.look(self.path, SCHEMA) as db:
            rows = db.execute(
                "SELECT id, project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path,"
                " content_hash, hash_algorithm, CASE WHEN :parked THEN '' ELSE content_body END, size_bytes,"
                " retry_count, next_attempt_at, created_at, last_error, parked FROM body_upload_queue"
                " WHERE project_uuid = :project AND"
                " CASE WHEN :parked THEN parked IS NOT NULL ELSE parked IS NULL AND"
                " (next_attempt_at <= :now OR next_attempt_at > :now + :longest) END"
                " ORDER BY created_at, id LIMIT :limit",
                {**self._given(), "now": now, "parked": parked, "limit": limit},
            ).fetchall()
        return [BodyUploadTask(*row) for row in rows]

    def _write(self, statement: str, **values: object) -> int:
        with database.open(self.path, SCHEMA) as db:
            return db.execute(statement, {**self._given(), **values}).rowcount

    def _given(self) -> dict[str, object]:
        return {"now": clock.epoch(), "longest": LONGEST_WAIT, "project": self.project}


def add_body(
    db: Connection,
    namespace: NamespaceRef,
    artifact_path: str,
    content_hash: str,
    content_body: str,
    size_bytes: int,
    *,
    limit: int = DEFAULT_MAX_QUEUE_SIZE,
) -> BodyEnqueueResult | ContractViolationError:
    """Have a body wait, as part of a transaction; an older version of the same document makes way.

    Args:
        limit: how many bodies may wait.

    Returns:
        What became of it; the violation where the server would not accept it: it is kept, parked with that reason.
    """
    payload = request_body(namespace, artifact_path, content_hash, content_body)
    refused = None
    try:
        validate_outbound_payload(payload, "body_sync")
    except ContractViolationError as violation:
        refused = violation
    reason = str(refused) if refused else None
    row = {**payload, "size": size_bytes, "now": clock.epoch(), "reason": reason}
    db.execute(
        "DELETE FROM body_upload_queue WHERE project_uuid = :project_uuid AND mission_slug = :mission_slug"
        " AND target_branch = :target_branch AND mission_type = :mission_type"
        " AND manifest_version = :manifest_version AND artifact_path = :artifact_path"
        " AND content_hash <> :content_hash",
        row,
    )
    made = db.execute(
        "INSERT OR IGNORE INTO body_upload_queue (project_uuid, mission_slug, target_branch, mission_type,"
        " manifest_version, artifact_path, content_hash, hash_algorithm, content_body, size_bytes, created_at,"
        " last_error, parked) VALUES (:project_uuid, :mission_slug, :target_branch, :mission_type, :manifest_version,"
        " :artifact_path, :content_hash, :hash_algorithm, :content_body, :size, :now, :reason, :reason)",
        row,
    )
    if made.rowcount == 0:
        return refused or BodyEnqueueResult.ALREADY_EXISTS
    count, size = db.execute("SELECT COUNT(*), SUM(size_bytes) FROM body_upload_queue").fetchone()
    if count > limit or size > MAX_QUEUE_BYTES:
        db.execute("DELETE FROM body_upload_queue WHERE id = ?", (made.lastrowid,))
        return refused or BodyEnqueueResult.QUEUE_FULL
    return refused or BodyEnqueueResult.ENQUEUED


def request_body(
    namespace: NamespaceRef, artifact_path: str, content_hash: str, content_body: str, hash_algorithm: str = "sha256"
) -> dict[str, object]:
    """The nine keys of an upload (contract 6.2)."""
    return {
        **namespace.to_dict(),
        "artifact_path": artifact_path,
        "content_hash": content_hash,
        "hash_algorithm": hash_algorithm,
        "content_body": content_body,
    }
