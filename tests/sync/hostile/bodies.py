"""Hostile documents, and hostile answers to their texts. Unless an outcome says otherwise nothing is deleted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import pytest

from specify_cli.core.contract_gate import ContractViolationError
from specify_cli.kernel.values import replace
from specify_cli.sync import documents
from specify_cli.sync.namespace import NamespaceRef, reason_to_skip
from tests.support.desk import META, PROJECT, Desk
from tests.support.server_bodies import BODIES
from tests.support.serving import Answer
from tests.support.syncing import World
from tests.sync.hostile.row import Row

_NAMESPACE = NamespaceRef(PROJECT, "012-demo", "main", "software-dev", "1")


def _answer(status: int, body: object, reason: str, then: str) -> Callable[[World], None]:
    """One document and one answer; `then`: `gone`, `later`, `parked` or `stays`."""

    def check(world: World) -> None:
        desk = Desk(world)
        outcome = desk.answered(status, body)
        assert outcome.reason.startswith(reason)
        stats = desk.queue.get_stats()
        assert (stats.total_count, stats.backoff_count, stats.parked_count, stats.ready_count) == {
            "gone": (0, 0, 0, 0),
            "later": (1, 1, 0, 0),
            "parked": (1, 0, 1, 0),
            "stays": (1, 0, 0, 1),
        }[then]
        assert outcome.retryable is (then in {"later", "stays"})
        if then == "parked":
            (parked,) = desk.queue.parked()
            assert parked.parked == parked.last_error == outcome.reason
            assert desk.queue.get_stats().total_bytes == len("# Text\n")

    return check


def _unreachable(world: World) -> None:
    desk = Desk(world)
    desk.write("spec.md")
    desk.told()
    world.server.fault(BODIES, nth=0, reset="before")
    (outcome,) = desk.sent().outcomes
    assert outcome.reason.startswith("server_error")
    assert desk.queue.get_stats().backoff_count == 1
    world.server.faults.clear()
    # It had come through; only the answer was lost.
    assert desk.sent(later=2).counts == {"already_exists": 1}


def _rate_limited(world: World) -> None:
    desk = Desk(world)
    for name in ("spec.md", "plan.md"):
        desk.write(name)
    desk.told()
    world.server.fault(BODIES, answer=Answer(429, {"retry_after": 20}))
    assert desk.sent().stopped.startswith("rate_limited")
    assert desk.sent(later=15).counts == {}
    assert len(world.server.sent_to(BODIES)) == 1
    assert desk.sent(later=31).counts == {"uploaded": 2}


def _changed_in_between(world: World) -> None:
    desk = Desk(world)
    desk.write("spec.md", "old")
    desk.write("plan.md", "old")
    seen = documents.survey(desk.place)
    desk.write("spec.md", "new")
    (desk.folder / "plan.md").unlink()
    told = desk.told_of(seen)
    assert {each.artifact_path: each.reason for each in told.outcomes} == {
        "spec.md": "content_hash_mismatch",
        "plan.md": "deleted_after_scan",
    }
    assert "MissionDossierArtifactIndexed" not in {fact.event_type for fact in told.facts}
    assert desk.reasons() == {"spec.md": "enqueued"}


def _of_size(size: int, fits: bool) -> Callable[[World], None]:
    def check(world: World) -> None:
        desk = Desk(world)
        desk.write("spec.md", "x" * size)
        told = desk.told()
        assert {fact.payload.get("size_bytes") for fact in told.facts} == {size, None}
        assert desk.sent().counts == ({"uploaded": 1} if fits else {})
        assert fits or told.outcomes[0].reason == "oversized:524289 of 524288 bytes"

    return check


def _bytes(content: bytes) -> Callable[[World], None]:
    """What the server gets is the file byte for byte, and so is its hash."""

    def check(world: World) -> None:
        desk = Desk(world)
        desk.write("spec.md", content)
        desk.told()
        assert desk.sent().counts == {"uploaded": 1}
        ((key, text),) = desk.bodies.stored.items()
        assert text.encode() == content
        assert key[-1] == hashlib.sha256(content).hexdigest()

    return check


def _not_utf8(world: World) -> None:
    desk = Desk(world)
    desk.write("plan.md")
    desk.write("spec.md", b"caf\xe9")
    told = desk.told()
    assert ("spec.md", "not_valid_utf8") in {(each.artifact_path, each.reason) for each in told.outcomes}
    missing = [fact.payload for fact in told.facts if fact.event_type == "MissionDossierArtifactMissing"]
    assert [(each["artifact_key"], each["reason_code"]) for each in missing] == [("input.spec.main", "invalid_format")]
    assert list(desk.sent().counts) == ["uploaded"]
    assert list(desk.bodies.texts()) == ["plan.md"]


def _linked(world: World) -> None:
    desk = Desk(world)
    secret = world.path / "id_rsa"
    secret.write_text("secret")
    (world.path / "keys").mkdir()
    (world.path / "keys" / "key.md").write_text("secret")
    (desk.folder / "spec.md").symlink_to(secret)
    (desk.folder / "contracts").symlink_to(world.path / "keys")
    assert desk.reasons() == {}
    assert desk.sent().counts == {}


def _unfit(name: str) -> Callable[[World], None]:
    def check(world: World) -> None:
        desk = Desk(world)
        folder = desk.folder / "contracts"
        folder.mkdir()
        (folder / name).write_text("x")
        assert desk.reasons() == {f"contracts/{name}": "unsupported_surface"}
        assert not documents.survey(desk.place).artifacts

    return check


def _climbing(world: World) -> None:
    desk = Desk(world)
    desk.write("contracts/..md")
    assert desk.reasons() == {}
    assert reason_to_skip("contracts/../../x.md") == "unsupported_surface"


def _unauthorized(world: World) -> None:
    desk = Desk(world)
    for number in range(5):
        desk.write(f"contracts/{number}.md", str(number))
    desk.told()
    world.server.fault(BODIES, nth=0, answer=Answer(401, {"error": "token"}))
    for _ in range(3):
        assert desk.sent().stopped.startswith("unauthorized")
    stats = desk.queue.get_stats()
    assert (stats.ready_count, stats.max_retry_count) == (5, 0)
    # One refresh and one more try in each run, and no second document.
    assert len(world.server.sent_to(BODIES)) == 6
    world.server.faults.clear()
    assert desk.sent().counts == {"uploaded": 5}


def _never_indexed(world: World) -> None:
    desk = Desk(world)
    desk.write("spec.md")
    desk.told()
    desk.bodies.late = 1000
    for number in range(25):
        desk.sent(later=301 * number)
    assert len(world.server.sent_to(BODIES)) == 21
    (parked,) = desk.queue.parked()
    assert parked.retry_count == 20
    assert "index_entry_not_found" in str(parked.parked)
    desk.bodies.late = 0
    assert desk.queue.retry() == 1
    assert desk.sent().counts == {"uploaded": 1}


def _other_manifest(world: World) -> None:
    desk = Desk(world)
    hashed = hashlib.sha256(b"x").hexdigest()
    for version in ("1", "2", "2"):
        desk.queue.enqueue(replace(_NAMESPACE, manifest_version=version), "spec.md", hashed, "x", 1)
    assert desk.queue.get_stats().total_count == 2
    assert desk.sent().counts == {"uploaded": 2}


def _full(world: World) -> None:
    desk = Desk(world, limit=1)
    desk.write("spec.md", "s")
    desk.write("plan.md", "p")
    told = desk.told()
    assert sorted(each.reason for each in told.outcomes) == ["enqueued", "queue_full"]
    indexed = [fact for fact in told.facts if fact.event_type == "MissionDossierArtifactIndexed"]
    assert len(indexed) == 1
    assert desk.sent().counts == {"uploaded": 1}
    assert "enqueued" in desk.reasons().values()
    assert desk.sent().counts == {"uploaded": 1}
    assert sorted(desk.bodies.texts()) == ["plan.md", "spec.md"]


def _blank(world: World) -> None:
    desk = Desk(world, {**META, "mission_type": " "})
    with pytest.raises(ContractViolationError) as refused:
        desk.queue.enqueue(replace(_NAMESPACE, target_branch=" "), "spec.md", "0" * 64, "x", 1)
    assert refused.value.field == "target_branch"
    (parked,) = desk.queue.parked()
    assert parked.parked == str(refused.value)
    assert desk.sent().counts == {}
    assert world.server.sent_to(BODIES) == []


_ROW = "each row of 6.5"

ROWS = (
    Row(_ROW, "201", "uploaded, leaves the queue", _answer(201, {"status": "stored"}, "stored", "gone")),
    Row(_ROW, "200", "known already, leaves the queue", _answer(200, {"status": "x"}, "already_exists", "gone")),
    Row(_ROW, "200 of something else", "tried again", _answer(200, "<html>", "server_error", "later")),
    Row(_ROW, "400", "parked with its words", _answer(400, {"error": "no"}, "bad_request: HTTP 400: no", "parked")),
    Row(_ROW, "401", "nothing more is sent; not counted", _answer(401, {}, "unauthorized", "stays")),
    Row(
        _ROW, "404 index_entry_not_found", "tried again",
        _answer(404, {"error": "index_entry_not_found"}, "index_entry_not_found", "later"),
    ),
    Row(
        _ROW, "404 namespace_not_found", "parked",
        _answer(404, {"error": "namespace_not_found"}, "namespace_not_found", "parked"),
    ),
    Row(_ROW, "404 without JSON", "tried again", _answer(404, "<html>", "not_found", "later")),
    Row(_ROW, "429", "the whole queue waits as long as the server asks", _rate_limited),
    Row(_ROW, "503", "tried again", _answer(503, "busy", "server_error: HTTP 503", "later")),
    Row(_ROW, "connection reset", "tried again; the server has it already", _unreachable),
    Row(_ROW, "403", "nothing more is sent; not counted", _answer(403, {"error": "team"}, "permission", "stays")),
    Row(_ROW, "409", "parked", _answer(409, {}, "unexpected_status: HTTP 409", "parked")),
    Row(_ROW, "413", "parked", _answer(413, {}, "too_large", "parked")),
    Row(_ROW, "301", "not followed, nothing more is sent", _answer(301, b"", "unexpected_status: HTTP 301", "stays")),
    Row("file changes/deleted between scan and read", "both", "told next time, as it is then", _changed_in_between),
    Row("exactly 524288 and 524289 bytes", "524288", "uploaded", _of_size(524_288, True)),
    Row("exactly 524288 and 524289 bytes", "524289", "told, its text is not uploaded", _of_size(524_289, False)),
    Row("BOM", "at the beginning", "kept", _bytes(b"\xef\xbb\xbf# Text\n")),
    Row("CRLF (hash on raw bytes)", "all lines", "kept", _bytes(b"# Text\r\nmore\r\n")),
    Row("invalid UTF-8", "in spec.md", "told as missing: invalid_format", _not_utf8),
    Row("empty file", "spec.md", "uploaded", _bytes(b"")),
    Row("symlink outside mission", "a file and a folder", "passed over", _linked),
    Row("path with `..`/backslash/newline", "..", "passed over", _climbing),
    Row("path with `..`/backslash/newline", "backslash", "passed over", _unfit("a\\b.md")),
    Row("path with `..`/backslash/newline", "newline", "passed over", _unfit("a\nb.md")),
    Row("path with `..`/backslash/newline", "not UTF-8", "passed over", _unfit(os.fsdecode(b"a\xff.md"))),
    Row("401 storms", "three runs", "one document and one refresh a run, nothing counted", _unauthorized),
    Row("server says index_entry_not_found 25 times", "every 5 minutes", "parked after 21 tries", _never_indexed),
    Row("same content different manifest_version", "1, 2, 2", "two documents", _other_manifest),
    Row("queue_full", "room for one", "the other is told next time", _full),
    Row("namespace blank", "target_branch", "refused, parked with the reason, never sent", _blank),
)  # fmt: skip
