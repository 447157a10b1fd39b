"""Sending what waits, in batches (contract 4): each event at most once a run, and an end always reached.

A run walks the queue once, from its head to its end. What the server says of an event is taken over at once; what it
does not mention stays and is not sent again in this run. Trouble that is not an event's own costs no event anything.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from specify_cli.core.contract_gate import ContractViolationError, validate_outbound_payload
from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Conflict, Refused, Unavailable
from specify_cli.kernel.http import HttpAnswer
from specify_cli.kernel.values import frozen
from specify_cli.sync.answers import Category, Meaning, Then, meaning, rejection
from specify_cli.sync.emitter import ENVELOPE_CONTEXT
from specify_cli.sync.profiles import Profile, Unmappable, wire
from specify_cli.sync.queue import REJECTED, UNNEEDED, BatchEventResult, OfflineQueue, Row

BATCH = "/api/v1/events/batch/"
MAX_EVENTS = 1000
MAX_BYTES = 256 * 1024  # uncompressed; a single event may be larger
REQUEST_SECONDS = 60.0
# Category -> the command that mends it, or tells more.
REMEDIES: Mapping[str, str] = {
    Category.SCHEMA_MISMATCH: spec_kitty("sync diagnose"),
    Category.AUTH_EXPIRED: spec_kitty("auth login", "--force"),
    Category.SERVER_ERROR: spec_kitty("sync status", "--check"),
    Category.UNKNOWN: spec_kitty("sync queue list"),
    Category.PERMISSION: spec_kitty("auth status"),
    Category.RATE_LIMITED: spec_kitty("sync now"),
    Category.TOO_LARGE: spec_kitty("sync queue list"),
    Category.PROTOCOL_SKEW: "pip install --upgrade spec-kitty-cli",
}
_TRIES = 3
_LONE_REFUSALS = 16
_FIRST_WAIT = 0.5
# Trouble on the way that the next try may not meet.
_PASSING = {"SERVER_TIMEOUT", "SERVER_RESET", "ANSWER_BROKEN", "LOCKED"}

Post = Callable[[bytes, Mapping[str, str], float], HttpAnswer]


@frozen
class Parcel:
    """An event as it is sent."""

    event_id: str
    data: bytes


@frozen
class Stop:
    """Why a run ended before the queue did.

    Args:
        code: of the error that ended it, where there was one.
        hint: a command that mends it.
    """

    category: str
    problem: str
    code: str | None = None
    hint: str | None = None


@dataclass(slots=True)
class BatchSyncResult:
    """What became of the events of a run.

    Args:
        total_events: how many the server was sent, or would have been.
        counts: how many by status.
        failed: by id, those that were rejected.
        unacknowledged: sent, and not mentioned in the answer.
        stopped: why it ended early; None where it came to the end of the queue.
    """

    total_events: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    failed: dict[str, BatchEventResult] = field(default_factory=dict)
    unacknowledged: int = 0
    stopped: Stop | None = None

    @property
    def success_count(self) -> int:
        """Events that the server has now."""
        return self.counts.get("success", 0) + self.counts.get("duplicate", 0)

    @property
    def category_counts(self) -> dict[str, int]:
        """How many were rejected, by category, the most frequent first."""
        found: dict[str, int] = {}
        for one in self.failed.values():
            found[str(one.error_category)] = found.get(str(one.error_category), 0) + 1
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def is_complete(self) -> bool:
        """Whether everything that waited was delivered."""
        return not (self.failed or self.unacknowledged or self.stopped)

    def summary(self) -> dict[str, object]:
        """The counts as reports tell them (contract 4.3)."""
        return {
            "total_events": self.total_events,
            "synced": self.counts.get("success", 0),
            "duplicates": self.counts.get("duplicate", 0),
            "pending": self.counts.get("pending", 0),
            "failed": len(self.failed),
            "unacknowledged": self.unacknowledged,
            "categories": self.category_counts,
        }


@contextmanager
def sending(queue: OfflineQueue, patience: float) -> Iterator[None]:
    """Be the only one who sends from a queue file; the lease ends with the block, and with the process.

    Raises:
        Conflict: `LOCKED`, naming who sends.
    """
    with locks.held(queue.path.with_suffix(".lock"), timeout=max(patience, 0.0), doing="send events"):
        yield


class BatchRun:
    """One walk through the queue; the caller holds the lease.

    Args:
        queue: what is sent.
        post: sends a body, with headers and within some seconds, to the batch endpoint in the name of the account.
        profile: the shape in which the server takes events.
        deadline: on the clock that never goes back; nothing is begun after it.
        tell: is told how many events were dealt with so far, and how many there are.
    """

    def __init__(
        self,
        queue: OfflineQueue,
        post: Post,
        *,
        profile: Profile = Profile.FLAT,
        deadline: float,
        tell: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self.result = BatchSyncResult()
        self._queue, self._post, self._profile, self._deadline, self._tell = queue, post, profile, deadline, tell
        self._after = self._total = 0
        self._most_events, self._most_bytes = MAX_EVENTS, MAX_BYTES
        self._packed = True
        self._lone_refusals = 0

    def run(self) -> BatchSyncResult:
        """Send what waits; called again, go on with what came since.

        Raises:
            Conflict, Refused, Unavailable: the queue file cannot be used.
        """
        self._total = self.result.total_events + self._queue.size()
        if self._total:
            self._tell(self.result.total_events, self._total)
        while rows := self._queue.page(self._after, MAX_EVENTS):
            for batch in self._batches(self._parcels(rows)):
                if not self._deliver(batch):
                    return self.result
            self._after = rows[-1].row_id
        return self.result

    def _parcels(self, rows: Sequence[Row]) -> list[Parcel]:
        """Rows as they are sent; what cannot be is judged here."""
        parcels, judged = [], []
        for row in rows:
            found = _parcel(row, self._queue.project, self._profile)
            if isinstance(found, Parcel):
                parcels.append(found)
            else:
                judged.append(found)
        self._settle(judged)
        return parcels

    def _batches(self, parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
        """Cut by count and by bytes, by the limits that hold when a batch is asked for."""
        at = 0
        while at < len(parcels):
            size, end = len(parcels[at].data), at + 1
            while end < len(parcels) and end - at < self._most_events:
                size += len(parcels[end].data) + 1
                if size > self._most_bytes:
                    break
                end += 1
            yield list(parcels[at:end])
            at = end

    def _deliver(self, batch: list[Parcel]) -> bool:
        """Send a batch until every event in it was judged or passed over; each round is smaller than the one before.

        Returns:
            Whether to go on.
        """
        waiting = [batch]
        while waiting:
            parcels = waiting.pop()
            found = self._exchange(parcels)
            judged = {one.event_id for one in found.results}
            self._settle(found.results)
            if found.then is Then.AGAIN:
                waiting.append([each for each in parcels if each.event_id not in judged])
            elif found.then in {Then.SPLIT, Then.SMALLER}:
                half = len(parcels) // 2
                waiting += [parcels[half:], parcels[:half]]
                if found.then is Then.SMALLER:
                    self._most_events = max(half, 1)
                    self._most_bytes = max(sum(len(each.data) for each in parcels) // 2, 1)
            elif found.then is Then.STOP:
                category = found.category or Category.UNKNOWN
                hint = found.hint or REMEDIES.get(category)
                self.result.stopped = Stop(category, found.problem, found.code, hint)
                return False
            else:
                passed = len(parcels) - len(judged)
                self.result.unacknowledged += passed
                self.result.total_events += passed
                if not self._makes_sense(parcels, found):
                    return False
        return True

    def _makes_sense(self, parcels: Sequence[Parcel], found: Meaning) -> bool:
        """A server that refuses one single event after the other, and has taken none, refuses something else."""
        alone = len(parcels) == 1 and any(one.status == REJECTED for one in found.results)
        self._lone_refusals = self._lone_refusals + 1 if alone and not self.result.success_count else 0
        if self._lone_refusals < _LONE_REFUSALS:
            return True
        problem = f"the server refused {_LONE_REFUSALS} events one by one and took none: {found.results[0].error}"
        self.result.stopped = Stop(Category.SERVER_ERROR, problem, hint=spec_kitty("sync queue list"))
        return False

    def _settle(self, results: Sequence[BatchEventResult]) -> None:
        if not results:
            return
        self._queue.process_batch_results(results)
        for one in results:
            self.result.counts[one.status] = self.result.counts.get(one.status, 0) + 1
            if one.status == REJECTED:
                self.result.failed[one.event_id] = one
        self.result.total_events += len(results)
        self._tell(self.result.total_events, max(self._total, self.result.total_events))

    def _exchange(self, parcels: Sequence[Parcel]) -> Meaning:
        """Send parcels until the server has said something that ends the matter; passing trouble is waited out."""
        tries = 0
        while True:
            left = self._deadline - clock.monotonic()
            if left <= 0:
                return Meaning(
                    (), Then.STOP, Category.UNKNOWN, "time is up; the rest waits", hint=spec_kitty("sync now")
                )
            found = self._send(parcels, min(left, REQUEST_SECONDS))
            if found.then is Then.PLAIN and self._packed:
                self._packed = False
                continue
            if found.then not in {Then.PLAIN, Then.WAIT}:
                return found
            tries += 1
            wait = found.wait if found.wait is not None else _back_off(tries)
            if found.then is Then.PLAIN or tries >= _TRIES or wait >= self._deadline - clock.monotonic():
                return Meaning((), Then.STOP, found.category, found.problem, code=found.code, hint=found.hint)
            clock.sleep(wait)

    def _send(self, parcels: Sequence[Parcel], seconds: float) -> Meaning:
        body = b'{"events":[' + b",".join(each.data for each in parcels) + b"]}"
        headers = {"Content-Type": "application/json"}
        if self._packed:
            body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
        try:
            answer = self._post(body, headers, seconds)
        except (Conflict, Unavailable) as error:
            then = Then.WAIT if error.code in _PASSING else Then.STOP
            return Meaning((), then, Category.SERVER_ERROR, error.message, code=error.code, hint=error.hint)
        except Refused as error:
            return Meaning((), Then.STOP, Category.AUTH_EXPIRED, error.message, code=error.code, hint=error.hint)
        return meaning(answer, [each.event_id for each in parcels], clock.now())


def _parcel(row: Row, project: str, profile: Profile) -> Parcel | BatchEventResult:
    """A row as it is sent, or why it is not: it holds no event of this project, or one that the contract forbids."""
    event = row.event()
    if event is None or event.get("event_id") != row.event_id:
        return rejection(row.event_id, "the row holds no event", Category.SCHEMA_MISMATCH, final=True)
    if event.get("project_uuid") != project:
        return rejection(row.event_id, "the event is not of this project", Category.SCHEMA_MISMATCH, final=True)
    try:
        sent = wire(event, profile)
        if sent is None:
            return BatchEventResult(row.event_id, UNNEEDED)
        validate_outbound_payload(sent, ENVELOPE_CONTEXT)
    except (Unmappable, ContractViolationError) as error:
        return rejection(row.event_id, str(error), Category.SCHEMA_MISMATCH, final=True)
    except KeyError as error:
        reason = f"payload.{error.args[0]}: is missing"
        return rejection(row.event_id, reason, Category.SCHEMA_MISMATCH, final=True)
    return Parcel(row.event_id, json.dumps(sent, separators=(",", ":")).encode())


def _back_off(tries: int) -> float:
    """Seconds before the next try: doubled each time, and spread, so that not all come back at once."""
    spread = 0.5 + os.urandom(1)[0] / 255
    return _FIRST_WAIT * float(2 ** (tries - 1)) * spread


def write_failure_report(path: Path, result: BatchSyncResult) -> bool:
    """Write what was rejected, and why the run ended early, as JSON (contract 4.3); False where there is neither.

    Raises:
        Refused, Unavailable: it cannot be written there.
    """
    if not result.failed and result.stopped is None:
        return False
    failures = [
        {"event_id": one.event_id, "error": one.error, "category": one.error_category} for one in result.failed.values()
    ]
    stopped = (
        None if result.stopped is None else {"category": result.stopped.category, "problem": result.stopped.problem}
    )
    report = {"generated_at": clock.stamp(), "summary": result.summary(), "stopped": stopped, "failures": failures}
    files.atomic_write(path, files.dump_json(report))
    return True
