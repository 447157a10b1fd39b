"""What this clone recorded since it agreed to send is collected once, whatever happens to its journals."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from specify_cli.status import lines
from specify_cli.sync.config import config_path
from specify_cli.sync.journals import PIECE, all_in, every_line, piece
from tests.support.clone import Clone
from tests.support.git import Repo
from tests.support.probe import watch
from tests.support.project import Project, Task
from tests.support.syncing import World


def test_nothing_from_before_consent_is_sent_unless_it_is_asked_for(world: World) -> None:
    clone = Clone(world, agreed=False)
    slug = clone.project.finalized(Task("WP01"), Task("WP02"))
    before = clone.moved()
    clone.agree()
    after = {clone.move(slug)}
    clone.deliver()
    assert clone.sent() == after
    assert clone.batch.types()[0] == "WPStatusChanged"
    clone.deliver(history=True)
    assert clone.sent() == before | after
    assert clone.deliver(history=True).events.total_events == 0


def test_a_second_consent_begins_anew(world: World) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    clone.deliver()
    clone.run("sync", "server", "--disable").ok()
    between = clone.move(slug)
    clone.run("sync", "server", "--enable").ok()
    after = clone.move(slug, to="planned")
    clone.deliver()
    assert between not in clone.sent()
    assert after in clone.sent()


def test_the_ids_of_the_log_are_the_ids_on_the_wire(world: World) -> None:
    clone = Clone(world)
    clone.project.finalized(Task("WP01"), Task("WP02", needs=("WP01",)))
    clone.deliver()
    told = {one for one, event in clone.batch.stored.items() if "Dossier" not in event["event_type"]}
    assert told == {line["event_id"] for line in clone.recorded()}


def test_a_mission_is_told_before_its_packages_and_these_before_their_moves(world: World) -> None:
    clone = Clone(world)
    clone.project.finalized(Task("WP01"), Task("WP02"))
    clone.deliver()
    about = [event for event in clone.batch.stored.values() if "Dossier" not in event["event_type"]]
    assert [event["lamport_clock"] for event in about] == sorted(event["lamport_clock"] for event in about)
    assert [(event["event_type"], event["aggregate_id"]) for event in about] == [
        ("MissionCreated", "001-tea-timer"),
        ("WPCreated", "WP01"),
        ("WPStatusChanged", "WP01"),
        ("WPCreated", "WP02"),
        ("WPStatusChanged", "WP02"),
    ]


def test_a_queue_that_is_too_small_delays_and_loses_nothing(world: World) -> None:
    config_path().write_text(config_path().read_text(encoding="utf-8") + "max_queue_size = 3\n", encoding="utf-8")
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"), Task("WP02"), Task("WP03"))
    for number in range(5):
        clone.move(slug, to="blocked" if number % 2 == 0 else "planned")
    done = clone.deliver()
    assert done.is_complete
    assert clone.sent() == clone.moved()
    assert max(map(len, clone.batch.batches)) <= 3 + 8  # documents of one mission are taken in together


def test_a_full_queue_that_the_server_does_not_take_stops_the_run(world: World) -> None:
    config_path().write_text(config_path().read_text(encoding="utf-8") + "max_queue_size = 2\n", encoding="utf-8")
    clone = Clone(world)
    clone.project.finalized(Task("WP01"), Task("WP02"))
    clone.batch.rejects = {line["event_id"]: "invalid" for line in clone.recorded()}
    done = clone.deliver()
    assert done.events.stopped is not None
    assert done.events.stopped.code == "QUEUE_FULL"
    assert clone.queue.size() == 2


def test_what_came_by_pull_is_not_told_even_where_own_moves_build_on_it(world: World, tmp_path: Path) -> None:
    here = Clone(world, agreed=False)
    slug = here.project.finalized(Task("WP01"))
    here.run("materialize", "--mission", slug, "--json").ok()
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other("clone", "-q", str(here.project.path), ".")
    there = Clone(world, Project(other.path, other))
    theirs = here.moved()
    own = there.move(slug)
    assert theirs & there.moved(), "the move it builds on was recorded too"
    there.deliver()
    assert there.sent() == {own}


def test_a_journal_that_was_mended_gives_no_event_twice(world: World) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    clone.move(slug)
    clone.deliver()
    before = len(clone.batch.stored)
    for path in clone.journals():
        content = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(["not a line\n", *reversed(content)]), encoding="utf-8")
    assert clone.deliver().events.total_events == 0
    last = clone.move(slug, to="planned")
    clone.deliver()
    assert len(clone.batch.stored) == before + 1
    assert last in clone.batch.stored


def test_a_clone_that_was_moved_gives_no_event_twice(world: World, tmp_path: Path) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    clone.deliver()
    before = len(clone.batch.stored)
    clone.project.path.rename(tmp_path / "elsewhere")
    moved = Clone(world, Project(tmp_path / "elsewhere", Repo(tmp_path / "elsewhere")))
    last = moved.move(slug)
    moved.deliver()
    assert set(moved.batch.stored) - {last} == set(list(moved.batch.stored)[:before])


def test_a_line_that_is_under_way_is_left_for_the_next_time(world: World) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    (path,) = [one for one in clone.journals() if not one.name.endswith(".mission.jsonl")]
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    clone.deliver()
    assert clone.sent() == set()
    path.write_bytes(whole)
    clone.deliver()
    assert clone.sent() == clone.moved()
    assert slug in str(clone.batch.stored)


def test_two_that_collect_at_once_take_each_event_once(world: World) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(*(Task(f"WP{number:02d}") for number in range(1, 20)))
    clone.move(slug)
    threads = [threading.Thread(target=clone.collect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waiting = [row.event_id for row in clone.queue.page()]
    assert len(waiting) == len(set(waiting)) == len(clone.recorded())
    clocks = [json.loads(row.data)["lamport_clock"] for row in clone.queue.page()]
    assert len(clocks) == len(set(clocks))


def test_what_is_ahead_is_told_and_not_taken(world: World) -> None:
    clone = Clone(world)
    clone.project.finalized(Task("WP01"))
    before = sorted(os.listdir(clone.queue.path.parent)) if clone.queue.path.parent.exists() else []
    assert {fact.event_id for fact in clone.collector().ahead()} == {line["event_id"] for line in clone.recorded()}
    assert (sorted(os.listdir(clone.queue.path.parent)) if clone.queue.path.parent.exists() else []) == before
    clone.deliver()
    assert list(clone.collector().ahead()) == []


def test_a_mission_whose_documents_are_gone_is_told_from_its_journal(world: World) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    shutil.rmtree(clone.project.folder(slug))
    clone.project.git.commit("gone")
    clone.deliver()
    assert clone.sent() == clone.moved()
    payload = next(iter(clone.batch.stored.values()))["payload"]
    assert (payload["mission_slug"], payload["mission_number"], payload["mission_type"]) == (
        slug,
        "001",
        "software-dev",
    )


def test_a_move_of_a_command_costs_nothing_for_sync(world: World, tmp_path: Path) -> None:
    clone = Clone(world)
    slug = clone.project.finalized(Task("WP01"))
    words = ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude", "--mission", slug, "--json")
    seen = watch(*words, cwd=clone.project.path, scratch=tmp_path)
    assert seen.code == 0, seen.said
    assert not seen.loaded("httpx", "sqlite3", "tomllib", "specify_cli.sync")
    assert world.server.requests == []


@pytest.mark.parametrize("size", [lines.LIMIT + 1, PIECE, PIECE * 2 + 7])
def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"n": 1}\n' + b"x" * size + b'\n{"n": 2}\n')
    assert [line for line in every_line(path, 0) if line is not None] == [{"n": 1}, {"n": 2}]


def test_a_journal_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    line = json.dumps({"n": "x" * 1000}).encode() + b"\n"
    path.write_bytes(line * 5000)
    first = list(piece(path, 0))
    assert 0 < len(first) < 5000
    assert first[-1][1] <= PIECE
    assert len(list(every_line(path, 0))) == 5000


def test_journals_come_in_the_order_in_which_missions_were_made(tmp_path: Path) -> None:
    for name in (
        "01KB000000000000000000000A.jsonl",
        "01KA000000000000000000000A.mission.jsonl",
        "012-old.jsonl",
        "x.txt",
    ):
        (tmp_path / name).touch()
    assert [each.key for each in all_in(tmp_path)] == [
        "012-old",
        "01KA000000000000000000000A",
        "01KB000000000000000000000A",
    ]
