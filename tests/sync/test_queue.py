"""Events that wait: in order, each once, and none lost to what happens around it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.sync.account import Account
from specify_cli.sync.emitter import Problem, problems
from specify_cli.sync.queue import MAX_REJECTIONS, BatchEventResult, OfflineQueue, pending_events
from tests.support.desk import PROJECT
from tests.support.outbox import id_of, indexed, made, moved

OTHER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def queue(tmp_path: Path) -> OfflineQueue:
    return OfflineQueue(tmp_path / "queue.db", PROJECT, 100)


def put(queue: OfflineQueue, *events: dict[str, object]) -> None:
    with queue.visit() as db:
        for event in events:
            queue.add(db, event, problems(event))


def ids(queue: OfflineQueue) -> list[str]:
    return [row.event_id for row in queue.page()]


def rejected(number: int, *, final: bool = False) -> BatchEventResult:
    return BatchEventResult(id_of(number), "rejected", "no such lane", "schema_mismatch", final)


def test_the_file_is_named_by_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEC_KITTY_STATE_HOME", str(tmp_path))
    account = Account("https://localhost:18443", "a@b.c", "acme")
    assert account.scope == "https://localhost:18443|a@b.c|acme"
    assert account.queue_path == tmp_path / "queues" / "queue-bc3c207619f7cb1c.db"
    assert Account("https://LOCALHOST:18443/", " A@b.c ", " Acme ").queue_path == account.queue_path
    assert Account("https://x", "a").scope.endswith("|a|no-team")


def test_what_waits_comes_in_the_order_in_which_it_came(queue: OfflineQueue) -> None:
    put(queue, moved(3), moved(1), moved(2))
    assert ids(queue) == [id_of(3), id_of(1), id_of(2)]
    first = queue.page(limit=1)
    assert [row.event_id for row in queue.page(first[0].row_id)] == [id_of(1), id_of(2)]


def test_projects_share_a_file_and_nothing_else(queue: OfflineQueue) -> None:
    other = OfflineQueue(queue.path, OTHER, 100)
    put(queue, moved(1))
    put(other, moved(2), moved(3))
    assert (ids(queue), ids(other)) == ([id_of(1)], [id_of(2), id_of(3)])
    assert (queue.size(), queue.get_queue_stats().of_others) == (1, 2)


def test_the_newest_of_its_kind_takes_the_place_of_the_older_one(queue: OfflineQueue) -> None:
    put(queue, indexed(1, "a"), moved(2), indexed(3, "a", "1"), indexed(4, "b"))
    assert ids(queue) == [id_of(3), id_of(2), id_of(4)]
    assert queue.page()[0].event() == indexed(3, "a", "1")


def test_what_was_rejected_is_counted_and_set_aside_in_the_end(queue: OfflineQueue) -> None:
    put(queue, moved(1), moved(2))
    for _ in range(MAX_REJECTIONS - 1):
        queue.process_batch_results([rejected(1)])
    assert {row.event_id: row.retry_count for row in queue.page()} == {id_of(1): MAX_REJECTIONS - 1, id_of(2): 0}
    queue.process_batch_results([rejected(1), rejected(2, final=True)])
    assert ids(queue) == []
    assert [(one.event_id, one.category, one.reason, one.retry_count) for one in queue.dead_letters()] == [
        (id_of(1), "schema_mismatch", "no such lane", 5),
        (id_of(2), "schema_mismatch", "no such lane", 1),
    ]


def test_a_verdict_that_is_none_changes_nothing(queue: OfflineQueue) -> None:
    put(queue, moved(1))
    queue.process_batch_results([BatchEventResult(id_of(1), "pending"), BatchEventResult(id_of(2), "success")])
    assert [(row.event_id, row.retry_count) for row in queue.page()] == [(id_of(1), 0)]


def test_a_dead_letter_can_be_sent_again_or_given_up(queue: OfflineQueue) -> None:
    put(queue, moved(1), moved(2), moved(3))
    queue.process_batch_results([rejected(number, final=True) for number in (1, 2, 3)])
    assert queue.revive(id_of(1)) == 1
    assert queue.drop(id_of(2)) == 1
    assert queue.revive(id_of(9)) == 0
    assert ([one.event_id for one in queue.dead_letters()], ids(queue)) == ([id_of(3)], [id_of(1)])
    assert queue.page()[0].retry_count == 0
    assert queue.page()[0].event() == moved(1)
    assert queue.revive() == 1
    assert ids(queue) == [id_of(1), id_of(3)]


def test_another_project_s_dead_letters_are_not_touched(queue: OfflineQueue) -> None:
    put(queue, moved(1))
    queue.process_batch_results([rejected(1, final=True)])
    other = OfflineQueue(queue.path, OTHER, 100)
    assert (other.dead_letters(), other.drop(), other.revive()) == ([], 0, 0)


def test_an_event_with_problems_is_set_aside_with_them(queue: OfflineQueue) -> None:
    with queue.visit() as db:
        assert not queue.add(db, moved(1), [Problem("payload.wp_id", "WP and digits", "'x'")])
    (one,) = queue.dead_letters()
    assert (one.category, one.reason) == ("schema_mismatch", "payload.wp_id: expected WP and digits; found 'x'")
    assert one.content() == moved(1)


def test_how_the_queue_is(queue: OfflineQueue) -> None:
    empty = queue.get_queue_stats()
    assert (empty.total_queued, empty.oldest_event_age, empty.top_event_types, empty.last_sync) == (0, None, (), None)
    assert empty.retry_distribution == {"0 retries": 0, "1-3 retries": 0, "4+ retries": 0}
    created = {"target_branch": "main", "wp_count": 0}
    put(queue, *(moved(number) for number in range(1, 6)), made("MissionCreated", "012-demo", created, number=6))
    for count, number in ((1, 1), (3, 2), (4, 3)):
        for _ in range(count):
            queue.process_batch_results([rejected(number)])
    queue.process_batch_results([BatchEventResult(id_of(5), "success")])
    stats = queue.get_queue_stats()
    assert (stats.total_queued, stats.max_queue_size, stats.total_retried) == (5, 100, 3)
    assert stats.retry_distribution == {"0 retries": 2, "1-3 retries": 2, "4+ retries": 1}
    assert stats.top_event_types == (("WPStatusChanged", 4), ("MissionCreated", 1))
    assert stats.oldest_event_age is not None
    assert 0 <= stats.oldest_event_age < 60
    assert stats.last_sync is not None


def test_looking_makes_no_file(queue: OfflineQueue) -> None:
    assert (queue.size(), queue.page(), queue.dead_letters()) == (0, [], [])
    assert not queue.path.exists()


def test_the_file_is_private(queue: OfflineQueue) -> None:
    put(queue, moved(1))
    assert queue.path.stat().st_mode & 0o777 == 0o600


def test_what_waits_for_an_account_is_counted_over_all_projects() -> None:
    account = Account("https://x", "ada")
    assert pending_events(account) == 0
    put(OfflineQueue(account.queue_path, PROJECT), moved(1))
    put(OfflineQueue(account.queue_path, OTHER), moved(2))
    assert pending_events(account) == 2


def test_many_writers_at_once_lose_nothing(queue: OfflineQueue) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 20):
            put(queue, moved(number), indexed(10_000 + number, "same"))

    threads = [threading.Thread(target=write, args=(1 + 20 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = ids(queue)
    assert sorted(found)[:160] == [id_of(number) for number in range(1, 161)]
    assert len(found) == 161  # of the documents only the newest waits


VERDICTS = st.sampled_from(["success", "duplicate", "pending", "rejected", "final", "none"])


@given(st.lists(st.tuples(st.integers(1, 6), VERDICTS), max_size=10))
@settings(max_examples=25, deadline=None)
def test_every_event_is_waiting_delivered_or_set_aside(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, str]]
) -> None:
    queue = OfflineQueue(tmp_path_factory.mktemp("queue") / "queue.db", PROJECT)
    put(queue, *(moved(number) for number in range(1, 7)))
    delivered = set()
    for number, verdict in told:
        before = set(ids(queue))
        queue.process_batch_results(
            [BatchEventResult(id_of(number), verdict)]
            if verdict not in {"final", "rejected"}
            else [rejected(number, final=verdict == "final")]
        )
        if verdict in {"success", "duplicate"} and id_of(number) in before:
            delivered.add(id_of(number))
    dead = {one.event_id for one in queue.dead_letters()}
    places = [set(ids(queue)), delivered, dead]
    assert set.union(*places) == {id_of(number) for number in range(1, 7)}
    assert sum(map(len, places)) == 6
