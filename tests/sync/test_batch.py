"""A run sends each event at most once, cuts by count and bytes, and always ends."""

from __future__ import annotations

import gzip
import json
import threading
import time
from pathlib import Path

import pytest

from specify_cli.kernel.errors import Conflict
from specify_cli.sync.batch import MAX_BYTES, sending, write_failure_report
from specify_cli.sync.profiles import Profile
from specify_cli.sync.queue import MAX_REJECTIONS
from tests.support.outbox import Outbox, id_of, indexed, made, moved
from tests.support.server_batch import BATCH
from tests.support.serving import Answer
from tests.support.syncing import World


@pytest.fixture
def outbox(world: World) -> Outbox:
    return Outbox(world)


def test_a_batch_is_sent_as_the_contract_says(outbox: Outbox) -> None:
    outbox.put(moved(1))
    outbox.send()
    (request,) = outbox.world.server.sent_to(BATCH)
    assert (request.method, request.headers["content-encoding"]) == ("POST", "gzip")
    assert request.headers["content-type"] == "application/json"
    assert request.bearer == outbox.world.stored().access
    event = {name: value for name, value in moved(1).items() if name != "detail"}
    assert json.loads(gzip.decompress(request.body)) == {"events": [event]}


def test_everything_that_waits_is_sent_in_order(outbox: Outbox) -> None:
    sent = outbox.fill(2500)
    done = outbox.send()
    assert (done.total_events, done.counts, done.is_complete) == (2500, {"success": 2500}, True)
    assert list(outbox.batch.stored) == sent
    assert outbox.waiting() == []


def test_batches_are_cut_by_count_and_by_bytes(outbox: Outbox) -> None:
    outbox.put(*(moved(number, actor="x" * 20_000) for number in range(1, 31)))
    outbox.send()
    sizes = [len(gzip.decompress(request.body)) for request in outbox.world.server.sent_to(BATCH)]
    assert max(sizes) <= MAX_BYTES + len(b'{"events":[]}')
    assert [len(batch) for batch in outbox.batch.batches] == [12, 12, 6]


def test_an_event_that_is_larger_than_a_batch_goes_alone(outbox: Outbox) -> None:
    outbox.put(moved(1), moved(2, actor="x" * MAX_BYTES), moved(3))
    assert outbox.send().is_complete
    assert outbox.batch.batches == [[id_of(1)], [id_of(2)], [id_of(3)]]


def test_limits_of_the_server_are_learned(outbox: Outbox) -> None:
    outbox.batch.most = 100
    outbox.fill(600)
    assert outbox.send().is_complete
    # Halved until it fits, and not tried larger again.
    assert len(outbox.world.server.sent_to(BATCH)) - len(outbox.batch.batches) <= 4
    assert max(map(len, outbox.batch.batches)) <= 100


def test_one_poisoned_event_is_found_and_the_others_are_delivered(outbox: Outbox) -> None:
    sent = outbox.fill(300)
    outbox.batch.poisons = {sent[170]}
    done = outbox.send()
    assert set(done.failed) == {sent[170]}
    assert set(outbox.batch.stored) == set(sent) - {sent[170]}
    assert outbox.retries() == {sent[170]: 1}
    assert len(outbox.world.server.sent_to(BATCH)) < 2 * (300).bit_length() + 10


def test_a_server_that_refuses_everything_is_not_asked_for_each_event(outbox: Outbox) -> None:
    sent = outbox.fill(500)
    outbox.batch.poisons = set(sent)
    done = outbox.send()
    assert done.stopped is not None
    assert "one by one" in done.stopped.problem
    assert len(outbox.world.server.sent_to(BATCH)) < 50
    assert sum(outbox.retries().values()) == 16
    assert len(outbox.waiting()) == 500


def test_a_rejected_event_is_not_sent_twice_in_a_run(outbox: Outbox) -> None:
    sent = outbox.fill(1500)
    outbox.batch.rejects = dict.fromkeys(sent[:3], "invalid lane: limbo")
    done = outbox.send()
    assert [sum(one in batch for batch in outbox.batch.batches) for one in sent[:3]] == [1, 1, 1]
    assert done.category_counts == {"schema_mismatch": 3}
    assert outbox.retries() == dict.fromkeys(sent[:3], 1)


def test_rejected_events_do_not_block_those_behind_them(outbox: Outbox) -> None:
    sent = outbox.fill(1200)
    outbox.batch.rejects = dict.fromkeys(sent[:1100], "invalid")
    outbox.send()
    assert set(outbox.batch.stored) == set(sent[1100:])


def test_an_event_is_set_aside_after_some_runs(outbox: Outbox) -> None:
    (sent,) = outbox.put(moved(1))
    outbox.batch.rejects = {sent: "invalid lane: limbo"}
    for _ in range(MAX_REJECTIONS):
        outbox.send()
    assert outbox.buried() == {sent: ("schema_mismatch", "invalid lane: limbo")}
    assert outbox.send().total_events == 0


def test_an_event_that_comes_while_a_run_is_under_way_is_sent_too(outbox: Outbox) -> None:
    gate = threading.Event()
    outbox.fill(3)
    outbox.world.server.fault(BATCH, gate=gate)
    runner = threading.Thread(target=outbox.send)
    runner.start()
    while not outbox.world.server.sent_to(BATCH):
        time.sleep(0.01)
    outbox.put(moved(4))
    gate.set()
    runner.join()
    assert outbox.waiting() == []
    assert len(outbox.batch.stored) == 4


def test_time_is_up_for_a_server_that_hangs(outbox: Outbox) -> None:
    outbox.fill(3)
    outbox.world.server.fault(BATCH, nth=0, delay=5)
    begun = time.monotonic()
    done = outbox.send(seconds=0.5)
    assert time.monotonic() - begun < 2
    assert done.stopped is not None
    assert len(outbox.waiting()) == 3
    assert set(outbox.retries().values()) == {0}


def test_passing_trouble_is_waited_out(outbox: Outbox) -> None:
    outbox.fill(3)
    outbox.world.server.fault(BATCH, nth=1, answer=Answer(503, {"error": "busy"}, {"Retry-After": "0"}))
    outbox.world.server.fault(BATCH, nth=2, reset="before")
    assert outbox.send().is_complete


def test_what_the_strict_shape_has_no_room_for_is_set_aside_or_not_needed(outbox: Outbox) -> None:
    outbox.put(
        moved(1, from_lane="for_review", to_lane="in_review"),
        moved(2, from_lane="approved", to_lane="done"),
        moved(3),
    )
    done = outbox.send(profile=Profile.STRICT)
    assert done.counts == {"unneeded": 1, "rejected": 1, "success": 1}
    assert list(outbox.buried()) == [id_of(2)]
    assert outbox.batch.stored[id_of(3)]["payload"]["execution_mode"] == "worktree"


def test_a_nonconforming_event_of_an_older_version_is_set_aside(outbox: Outbox) -> None:
    event = made("MissionCreated", "012-demo", {"target_branch": "main", "wp_count": 0})
    del event["payload"]["mission_type"]
    outbox.raw((event["event_id"], event["event_type"], json.dumps(event)))
    outbox.send()
    assert outbox.world.server.requests == []
    assert outbox.buried()[event["event_id"]][1].endswith("payload.mission_type: is missing")


def test_the_lease_has_one_holder(outbox: Outbox) -> None:
    with sending(outbox.queue, 1):
        said: list[Conflict] = []

        def other() -> None:
            try:
                with sending(outbox.queue, 0.1):
                    raise AssertionError
            except Conflict as error:
                said.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert [error.code for error in said] == ["LOCKED"]


def test_a_replaced_event_is_not_taken_for_the_one_that_was_sent(outbox: Outbox) -> None:
    gate = threading.Event()
    outbox.put(indexed(1, "a"))
    outbox.world.server.fault(BATCH, gate=gate)
    runner = threading.Thread(target=outbox.send)
    runner.start()
    while not outbox.world.server.sent_to(BATCH):
        time.sleep(0.01)
    outbox.put(indexed(2, "a", "1"))
    gate.set()
    runner.join()
    assert outbox.waiting() == [id_of(2)]
    outbox.send()
    assert list(outbox.batch.stored) == [id_of(1), id_of(2)]


def test_the_report_tells_what_was_not_taken(outbox: Outbox, tmp_path: Path) -> None:
    sent = outbox.fill(3)
    path = tmp_path / "report.json"
    outbox.batch.rejects = {sent[1]: "Token expired"}
    assert write_failure_report(path, outbox.send())
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["failures"] == [{"event_id": sent[1], "error": "Token expired", "category": "auth_expired"}]
    assert report["summary"]["categories"] == {"auth_expired": 1}
    assert (report["summary"]["total_events"], report["summary"]["synced"], report["summary"]["failed"]) == (3, 2, 1)
    assert report["generated_at"].endswith("+00:00")


def test_no_report_is_written_where_all_went_well(outbox: Outbox, tmp_path: Path) -> None:
    outbox.fill(1)
    assert not write_failure_report(tmp_path / "report.json", outbox.send())
    assert not (tmp_path / "report.json").exists()


def test_a_server_that_repeats_the_token_does_not_get_it_written_down(outbox: Outbox, tmp_path: Path) -> None:
    outbox.fill(1)
    token = outbox.world.stored().access
    outbox.world.server.fault(BATCH, nth=0, answer=Answer(403, {"error": f"not with Bearer {token}"}))
    done = outbox.send()
    assert done.stopped is not None
    assert done.stopped.problem == "HTTP 403: not with Bearer (token)"
    assert write_failure_report(tmp_path / "report.json", done)
    assert token not in (tmp_path / "report.json").read_text(encoding="utf-8")
