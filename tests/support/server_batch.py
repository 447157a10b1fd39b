"""The part of the server that takes events in batches."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.serving import Answer, Request, Server

BATCH = "/api/v1/events/batch/"
LANES = {
    "planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done", "blocked", "canceled",
}  # fmt: skip

Event = Mapping[str, Any]


@dataclass
class Batch:
    """Keeps each event once, and says of each what became of it.

    Args:
        stored: event id -> event, in the order in which they came.
        batches: the ids of each batch that was judged.
        rejects: event id -> why it is rejected.
        poisons: ids for which a whole batch is refused, without a word on which it was.
        most: how many events a batch may have.
        most_bytes: how long it may be, uncompressed.
        packed: whether compressed batches are understood.
        result: what is said of an event, in place of what became of it; None is as ever.
    """

    server: Server
    stored: dict[str, Event] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)
    rejects: dict[str, str] = field(default_factory=dict)
    poisons: set[str] = field(default_factory=set)
    most: int = 1000
    most_bytes: int = 512 * 1024
    packed: bool = True
    result: Callable[[Event], object] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server.route("POST", BATCH, self.server.bearer(self.ingest))

    def ingest(self, request: Request) -> Answer:
        """Take a batch, or refuse it as a whole."""
        data = request.body
        if request.headers.get("content-encoding") == "gzip":
            if not self.packed:
                return Answer(415, {"error": "unsupported content encoding"})
            data = gzip.decompress(data)
        events = json.loads(data).get("events")
        if not isinstance(events, list) or not events:
            return Answer(400, {"error": "No events provided"})
        if len(events) > self.most or len(data) > self.most_bytes:
            return Answer(413, {"error": "payload too large"})
        if self.poisons & {event["event_id"] for event in events}:
            return Answer(400, {"error": "invalid batch"})
        with self.lock:
            self.batches.append([event["event_id"] for event in events])
            return Answer(200, {"results": [self._result(event) for event in events]})

    def _result(self, event: Event) -> object:
        told = self.judge(event)
        return told if self.result is None else self.result(event)

    def judge(self, event: Event) -> dict[str, object]:
        """Keep an event, or say why not."""
        event_id, payload = event["event_id"], event["payload"]
        wrong = self.rejects.get(event_id)
        if wrong is None and event["event_type"] == "ErrorLogged" and "error_type" not in payload:
            wrong = "missing required field: error_type"
        if wrong is None and event["event_type"] == "WPStatusChanged":
            unknown = {payload["from_lane"], payload["to_lane"]} - LANES
            wrong = f"invalid lane: {unknown.pop()}" if unknown else None
        if wrong is not None:
            return {"event_id": event_id, "status": "rejected", "error": wrong}
        if event_id in self.stored:
            return {"event_id": event_id, "status": "duplicate"}
        self.stored[event_id] = event
        return {"event_id": event_id, "status": "success"}

    def types(self) -> list[str]:
        """The types of the events that were kept, in the order in which they came."""
        return [event["event_type"] for event in self.stored.values()]
