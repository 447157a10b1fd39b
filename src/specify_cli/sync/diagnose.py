"""Every event that waits, looked at before a server does: which field is wrong, what was expected, what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from specify_cli.kernel.values import frozen
from specify_cli.sync.body_queue import OfflineBodyUploadQueue
from specify_cli.sync.emitter import Fact, Problem, payload_problems, problems
from specify_cli.sync.queue import SCHEMA_MISMATCH, DeadLetter, OfflineQueue, Row

_NO_EVENT = Problem("row", "an event as JSON", "something else")


@frozen
class DiagnoseResult:
    """What is to be said of one event.

    Args:
        where: `queue`, `journal` (not collected yet) or `dead_letters`.
        errors: every problem in words; none for an event that is well.
        problems: the same as values, where this program found them.
    """

    event_id: str
    event_type: str
    where: str
    errors: tuple[str, ...] = ()
    error_category: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether a server may be expected to take it."""
        return not self.errors

    def to_dict(self) -> dict[str, object]:
        """The shape of contract 3.7."""
        return {
            "event_id": self.event_id,
            "event_type": self.event_type,
            "where": self.where,
            "valid": self.valid,
            "errors": list(self.errors),
            "error_category": self.error_category,
            "problems": [
                {"field": each.field, "expected": each.expected, "actual": each.actual} for each in self.problems
            ],
        }


def diagnose(queue: OfflineQueue, ahead: Iterable[Fact] = ()) -> Iterator[DiagnoseResult]:
    """Look at every event of a project: those that wait, those not collected yet, and the dead letters.

    Args:
        ahead: what would be collected next.
    """
    after = 0
    while rows := queue.page(after):
        yield from map(_of_row, rows)
        after = rows[-1].row_id
    for fact in ahead:
        yield _judged(fact.event_id, fact.event_type, "journal", payload_problems(fact.event_type, fact.payload))
    yield from map(_of_letter, queue.dead_letters())


def diagnose_body_queue(bodies: OfflineBodyUploadQueue) -> dict[str, object]:
    """How the texts of documents are, and why some are not sent any more (contract 3.7)."""
    stats = bodies.get_stats()
    parked = [
        {"id": each.row_id, "mission_slug": each.mission_slug, "path": each.artifact_path, "reason": each.parked}
        for each in bodies.parked()
    ]
    return {
        "total": stats.total_count,
        "ready": stats.ready_count,
        "backoff": stats.backoff_count,
        "parked": parked,
        "bytes": stats.total_bytes,
        "max_retry_count": stats.max_retry_count,
        "oldest_created_at": stats.oldest_created_at,
        "retry_distribution": {str(count): number for count, number in stats.retry_histogram.items()},
    }


def _of_row(row: Row) -> DiagnoseResult:
    event = row.event()
    if event is None:
        return _judged(row.event_id or "unknown", row.event_type or "unknown", "queue", [_NO_EVENT])
    return _judged(_text(event, "event_id"), _text(event, "event_type"), "queue", problems(event))


def _of_letter(letter: DeadLetter) -> DiagnoseResult:
    return DiagnoseResult(letter.event_id, letter.event_type, "dead_letters", (letter.reason,), letter.category)


def _judged(event_id: str, event_type: str, where: str, found: Iterable[Problem]) -> DiagnoseResult:
    wrong = tuple(found)
    category = SCHEMA_MISMATCH if wrong else ""
    return DiagnoseResult(event_id, event_type, where, tuple(map(str, wrong)), category, wrong)


def _text(event: Mapping[str, object], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) and value else "unknown"
