"""Hostile answers to batches. No event is lost, none is judged that was not, and every run ends."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from specify_cli.kernel import clock
from specify_cli.sync import batch
from specify_cli.sync.batch import BatchSyncResult, write_failure_report
from tests.support.outbox import Outbox, id_of, moved
from tests.support.server import REFRESH
from tests.support.server_batch import BATCH
from tests.support.serving import Answer
from tests.support.syncing import World
from tests.sync.hostile.row import Row

Check = Callable[[World], None]
Entries = Callable[[Sequence[str]], object]


def _all_stay(outbox: Outbox, count: int = 3) -> None:
    """Everything waits as before, and nothing was held against any event."""
    assert outbox.waiting() == [id_of(number) for number in range(1, count + 1)]
    assert set(outbox.retries().values()) == {0}
    assert outbox.buried() == {}


def _stopped(category: str, requests: int = 1, *, words: str = "", **answer: Any) -> Check:
    """An answer that ends the run and costs no event anything."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        outbox.fill(3)
        world.server.fault(BATCH, nth=0, answer=Answer(**answer))
        done = outbox.send(seconds=20)
        assert done.stopped is not None
        assert done.stopped.category == category
        assert words in done.stopped.problem
        assert len(world.server.sent_to(BATCH)) == requests
        assert done.counts == {}
        _all_stay(outbox)

    return check


def _says(entries: Entries, check: Callable[[Outbox, BatchSyncResult], None]) -> Check:
    """200 with some results; three events were sent and a fourth waits for another project's run."""

    def run(world: World) -> None:
        outbox = Outbox(world)
        sent = outbox.fill(3)
        world.server.fault(BATCH, nth=0, answer=Answer(200, {"results": entries(sent)}))
        check(outbox, outbox.send())

    return run


def _unacknowledged(outbox: Outbox, done: BatchSyncResult) -> None:
    assert done.stopped is not None
    assert "acknowledged none of 3 events" in done.stopped.problem
    assert len(outbox.world.server.sent_to(BATCH)) == 1
    _all_stay(outbox)


def _first_delivered(outbox: Outbox, done: BatchSyncResult) -> None:
    """What is said of the first event counts; the others are not acknowledged, and not sent again in this run."""
    assert (done.counts, done.unacknowledged, done.is_complete) == ({"success": 1}, 2, False)
    assert outbox.waiting() == [id_of(2), id_of(3)]
    assert set(outbox.retries().values()) == {0}
    assert len(outbox.world.server.sent_to(BATCH)) == 1


def _verdict(status: str, counted: str, *, stays: bool, retries: int = 0) -> Check:
    def check(outbox: Outbox, done: BatchSyncResult) -> None:
        assert done.counts == {counted: 3}
        assert outbox.waiting() == ([id_of(1), id_of(2), id_of(3)] if stays else [])
        assert set(outbox.retries().values()) == ({retries} if stays else set())

    return _says(lambda sent: [{"event_id": one, "status": status} for one in sent], check)


def _success(event_id: object, **more: object) -> dict[str, object]:
    return {"event_id": event_id, "status": "success", **more}


def _rows_of_others(world: World) -> None:
    """A server that acknowledges what it was not sent deletes nothing of it."""
    outbox = Outbox(world)
    outbox.fill(2)
    outbox.batch.most_bytes = 900  # one event a batch
    outbox.batch.result = lambda event: _success(id_of(2) if event["event_id"] == id_of(1) else "x")
    done = outbox.send()
    assert (done.counts, outbox.waiting()) == ({}, [id_of(1), id_of(2)])


def _conflicting(outbox: Outbox, done: BatchSyncResult) -> None:
    assert done.counts == {"success": 1}
    assert (done.unacknowledged, outbox.waiting()) == (2, [id_of(2), id_of(3)])


def _rejected(text: object, shown: str, key: str = "error") -> Check:
    """What the server says of a rejection is kept whole but bounded, and shown without what a terminal obeys."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        outbox.fill(1)
        entry = {"status": "rejected"} if text is None else {"status": "rejected", key: text}
        outbox.batch.result = lambda event: {"event_id": event["event_id"], **entry}
        done = [outbox.send() for _ in range(5)][-1]
        ((category, reason),) = outbox.buried().values()
        assert shown in reason
        assert len(reason) <= 1000
        assert category in {"schema_mismatch", "unknown"}
        report = world.path / "report.json"
        assert write_failure_report(report, done)
        assert "\x1b" not in report.read_text(encoding="utf-8")

    return check


def _refused(details: Callable[[Sequence[str]], object], status: int = 400) -> Check:
    """Those that a refusal names are to blame; the others are delivered in the same run."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        sent = outbox.fill(3)
        body = {"error": "invalid batch", "details": details(sent)}
        world.server.fault(BATCH, nth=1, answer=Answer(status, body))
        done = outbox.send()
        assert set(done.failed) == {sent[1]}
        assert done.failed[sent[1]].error == "no such lane"
        assert set(outbox.batch.stored) == {sent[0], sent[2]}
        assert outbox.retries() == {sent[1]: 1}

    return check


def _refused_in_words(details: object, status: int = 400) -> Check:
    """A refusal that names nobody: the search finds who is to blame, and the others are delivered."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        sent = outbox.fill(8)
        outbox.batch.poisons = {sent[4]}
        ingest = outbox.batch.ingest
        told = Answer(status, {"error": "invalid batch", "details": details})
        world.server.route("POST", BATCH, lambda request: told if ingest(request).status == 400 else ingest(request))
        done = outbox.send()
        assert set(done.failed) == {sent[4]}
        assert set(outbox.batch.stored) == set(sent) - {sent[4]}

    return check


def _named(sent: Sequence[str], key: str) -> list[dict[str, str]]:
    return [{"event_id": sent[1], key: "no such lane"}]


def _unauthorized_once(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(3)
    world.auth.expire()
    assert outbox.send().is_complete
    assert len(world.server.sent_to(REFRESH)) == 1
    assert len(world.server.sent_to(BATCH)) == 2


def _unauthorized_always(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(3)
    world.server.fault(BATCH, nth=0, answer=Answer(401, {"error": "token"}))
    done = outbox.send()
    assert done.stopped is not None
    assert (done.stopped.category, done.stopped.hint) == ("auth_expired", "spec-kitty auth login --force")
    assert (len(world.server.sent_to(REFRESH)), len(world.server.sent_to(BATCH))) == (1, 2)
    _all_stay(outbox)
    assert world.store.load() is not None, "still logged in: the tokens themselves are fresh"


def _too_large(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(40)
    outbox.put(moved(41, actor="x" * 20_000))
    outbox.batch.most_bytes = 8000
    done = outbox.send()
    assert list(done.failed) == [id_of(41)]
    assert outbox.buried() == {id_of(41): ("too_large", "the event is too large for the server")}
    assert outbox.waiting() == []
    assert len(outbox.batch.stored) == 40


def _no_gzip(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(1200)
    outbox.batch.packed = False
    assert outbox.send().is_complete
    packed = [request.headers.get("content-encoding") == "gzip" for request in world.server.sent_to(BATCH)]
    assert packed.count(True) == 1, "it is asked once"


def _waits(header: str | None, longest: float) -> Check:
    """The run waits as long as it is asked to, within bounds, and then delivers."""

    def check(world: World) -> None:
        outbox = Outbox(world)
        outbox.fill(3)
        headers = {} if header is None else {"Retry-After": header}
        world.server.fault(BATCH, nth=1, answer=Answer(429, {}, headers))
        slept: list[float] = []
        world.patch.setattr(clock, "sleep", slept.append)
        assert outbox.send(seconds=60).is_complete
        assert len(slept) == 1
        assert 0 <= slept[0] <= longest

    return check


def _waits_too_long(world: World) -> None:
    """A server that asks for more time than the run has is left alone."""
    outbox = Outbox(world)
    outbox.fill(3)
    world.server.fault(BATCH, nth=0, answer=Answer(429, {}, {"Retry-After": "86400"}))
    begun = time.monotonic()
    done = outbox.send(seconds=5)
    assert time.monotonic() - begun < 4
    assert done.stopped is not None
    assert done.stopped.category == "rate_limited"
    assert len(world.server.sent_to(BATCH)) == 1
    _all_stay(outbox)


def _failing(status: int, body: object) -> Check:
    def check(world: World) -> None:
        world.patch.setattr(batch, "_FIRST_WAIT", 0.01)
        _stopped("server_error", 3, words=f"HTTP {status}", status=status, body=body)(world)

    return check


def _truncated(world: World) -> None:
    """The server did it all and its answer breaks off: sent again, they are duplicates."""
    outbox = Outbox(world)
    outbox.fill(3)
    world.patch.setattr(batch, "_FIRST_WAIT", 0.01)
    packed = gzip.compress(json.dumps({"results": []}).encode())[:-6]
    world.server.fault(BATCH, nth=1, late=True, answer=Answer(200, packed, {"Content-Encoding": "gzip"}))
    assert outbox.send().counts == {"duplicate": 3}


def _late(world: World) -> None:
    """The server took them and the client cannot know: each is there once, and the next run sees duplicates."""
    outbox = Outbox(world)
    outbox.fill(3)
    world.server.fault(BATCH, nth=1, late=True, delay=3)
    done = outbox.send(seconds=0.5)
    assert done.stopped is not None
    _all_stay(outbox)
    world.server.faults.clear()
    until = time.monotonic() + 10
    while len(outbox.batch.stored) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    assert outbox.send().counts == {"duplicate": 3}
    assert outbox.waiting() == []


def _reset(world: World) -> None:
    outbox = Outbox(world)
    outbox.fill(3)
    world.patch.setattr(batch, "_FIRST_WAIT", 0.01)
    world.server.fault(BATCH, nth=1, reset="mid")
    assert outbox.send().success_count == 3


def _redirected(status: int) -> Check:
    def check(world: World) -> None:
        away = world.server.url.replace("127.0.0.1", "localhost") + "/elsewhere/"
        words = f"it points to {away}"
        _stopped("server_error", words=words, status=status, headers={"Location": away})(world)
        assert world.server.sent_to("/elsewhere/") == []

    return check


def _not_tls(world: World) -> None:
    """A server that speaks https is spoken to in https only; one that cannot be trusted gets nothing."""
    outbox = Outbox(world)
    outbox.fill(3)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        heard: list[bytes] = []

        def answer() -> None:
            with closing(listening.accept()[0]) as line:
                heard.append(line.recv(4096))
                line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        there = f"https://127.0.0.1:{listening.getsockname()[1]}"
        text = world.store.path.read_text(encoding="utf-8")
        world.store.path.write_text(text.replace(world.server.url, there), encoding="utf-8")
        done = outbox.send(server=there)
        thread.join()
    assert done.stopped is not None
    assert done.stopped.code == "TLS_FAILED"
    assert b"access-" not in heard[0]
    _all_stay(outbox)


_LONG = "too long " * 10_000

_STOPS = "nothing is acknowledged, nothing lost; the run ends"
_REST = "what it says counts; the rest waits and is not sent again in this run"
_KEPT = "kept with its reason, bounded and harmless"
_BLAMED = "those named are rejected, the others delivered in the same run"
_SEARCHED = "the one to blame is found, the others are delivered"
_NO_EVENT = "the run ends; no event is charged"
_STATUSES = "status pending/queued/accepted/unknown/upper-case"
_TEXTS = "error text huge, with control characters / terminal escapes / markup brackets"
_DETAILS = "400 details as list, JSON string, text, dict, `detail` key, entries for unknown ids"
_RETRY = "429 with Retry-After seconds/date/absent/negative/huge"

ROWS: tuple[Row, ...] = (
    Row("results empty", "[]", _STOPS, _says(lambda _: [], _unacknowledged)),
    Row("results not a list", "an object", _STOPS, _says(lambda _: {"a": 1}, _unacknowledged)),
    Row("entries not dicts", "texts and numbers", _STOPS, _says(lambda sent: [*sent, 7, None, []], _unacknowledged)),
    Row(
        "missing event_id/status", "no event_id", _REST,
        _says(lambda sent: [{"status": "success"}, _success(sent[0])], _first_delivered),
    ),
    Row(
        "missing event_id/status", "no status", _REST,
        _says(lambda sent: [{"event_id": sent[1]}, {"event_id": sent[2], "status": 1}, _success(sent[0])],
              _first_delivered),
    ),
    Row("null ids", "null", _STOPS, _says(lambda _: [_success(None)] * 3, _unacknowledged)),
    Row("unknown ids", "never sent", _STOPS, _says(lambda _: [_success(id_of(99)), _success("x")], _unacknowledged)),
    Row("ids of other queued rows", "of the next batch", "no row that was not sent is deleted", _rows_of_others),
    Row(
        "duplicate entries with conflicting statuses", "success and rejected", "no verdict; both that mean yes are yes",
        _says(
            lambda sent: [
                _success(sent[0]), {"event_id": sent[0], "status": "duplicate"},
                _success(sent[1]), {"event_id": sent[1], "status": "rejected", "error": "no"},
            ],
            _conflicting,
        ),
    ),
    Row(_STATUSES, "pending", "waits; asked again next time", _verdict("pending", "pending", stays=True)),
    Row(_STATUSES, "queued", "waits; asked again next time", _verdict("queued", "pending", stays=True)),
    Row(_STATUSES, "accepted", "waits; asked again next time", _verdict("accepted", "pending", stays=True)),
    Row(_STATUSES, "unknown", "rejected, once more counted", _verdict("limbo", "rejected", stays=True, retries=1)),
    Row(_STATUSES, "upper-case", "read as lower case", _verdict(" SUCCESS ", "success", stays=False)),
    Row("fewer/more results than sent", "fewer", _REST, _says(lambda sent: [_success(sent[0])], _first_delivered)),
    Row(
        "fewer/more results than sent", "more", "what was not sent is passed over",
        _says(lambda sent: [_success(sent[0]), *(_success(id_of(50 + n)) for n in range(9))], _first_delivered),
    ),
    Row("rejected without text", "no error", _KEPT, _rejected(None, "rejected without a reason")),
    Row(_TEXTS, "huge", _KEPT, _rejected("too long " * 10_000, "too long")),
    Row(_TEXTS, "control characters", _KEPT, _rejected("in\x00va\x08lid", "lid")),
    Row(_TEXTS, "terminal escapes", _KEPT, _rejected("\x1b]0;owned\x07\x1b[31m", "owned", "error_message")),
    Row(_TEXTS, "markup brackets", _KEPT, _rejected("[bold]field[/bold]", "[bold]field[/bold]")),
    Row(_DETAILS, "a list", _BLAMED, _refused(lambda sent: _named(sent, "error"))),
    Row(_DETAILS, "a JSON string", _BLAMED, _refused(lambda sent: json.dumps(_named(sent, "reason")))),
    Row(_DETAILS, "text", _SEARCHED, _refused_in_words("one of them is no event")),
    Row(_DETAILS, "an object", _BLAMED, _refused(lambda sent: _named(sent, "error")[0])),
    Row(_DETAILS, "under `detail`", _BLAMED, _refused(lambda sent: _named(sent, "detail"))),
    Row(
        _DETAILS, "of unknown ids", _SEARCHED,
        _refused_in_words([{"event_id": id_of(77), "error": "x"}, {"event_id": None}, 7]),
    ),
    Row("401 once then 200", "the access token ended early", "one refresh, then delivered", _unauthorized_once),
    Row("401 always", "a fresh token is refused too", "one refresh, then the run ends", _unauthorized_always),
    Row("403", "no permission", _NO_EVENT, _stopped("permission", status=403, body={"error": "not your team"})),
    Row("404", "no such endpoint", _NO_EVENT, _stopped("server_error", status=404, body="<html>")),
    Row("409", "a conflict", _NO_EVENT, _stopped("server_error", status=409, body={"error": "busy"}, words="busy")),
    Row(
        "412 with guidance", "the client is too old", "the run ends with the guidance",
        _stopped(
            "protocol_skew", status=412, words="upgrade to 9.9",
            body={"error_code": "client-too-old", "message": "upgrade to 9.9"},
        ),
    ),
    Row(
        "413 (then smaller ok; single event too large)", "both",
        "batches get smaller; the one that never fits is set aside", _too_large,
    ),
    Row("415 (no gzip support)", "plain is understood", "sent plain for the rest of the run", _no_gzip),
    Row("422", "as 400", _BLAMED, _refused(lambda sent: _named(sent, "error"), 422)),
    Row(_RETRY, "seconds", "waited for", _waits("2", 2.0)),
    Row(_RETRY, "a date in the past", "not waited for", _waits("Fri, 20 Nov 2020 17:00:10 GMT", 0.0)),
    Row(_RETRY, "absent", "a short wait of our own", _waits(None, 1.0)),
    Row(_RETRY, "negative", "not waited for", _waits("-3", 0.0)),
    Row(_RETRY, "huge", "the run ends; no event is charged", _waits_too_long),
    Row("500, 502 HTML, 503", "500", "three tries, then the run ends", _failing(500, {"error": "internal"})),
    Row("500, 502 HTML, 503", "502 HTML", "three tries, then the run ends", _failing(502, "<html>Bad gateway")),
    Row("500, 502 HTML, 503", "503", "three tries, then the run ends", _failing(503, b"")),
    Row("204", "no answer at all", _NO_EVENT, _stopped("server_error", status=204)),
    Row("200 non-JSON", "HTML", _STOPS, _stopped("server_error", status=200, body="<html>hello")),
    Row("truncated gzip response", "after the server took them", "sent again; each is there once", _truncated),
    Row("timeout after server committed (duplicates on resend)", "it is late", "each is there once", _late),
    Row("reset mid-request", "the connection breaks off", "sent again; delivered", _reset),
    Row("TLS failure", "no TLS behind https", "nothing is said to it; no event is charged", _not_tls),
    Row("redirect 301/307", "301", "not followed; no event is charged", _redirected(301)),
    Row("redirect 301/307", "307", "not followed; no event is charged", _redirected(307)),
    Row("proxy auth 407", "a proxy wants to know who", _NO_EVENT, _stopped("server_error", status=407, body="<html>")),
)  # fmt: skip
