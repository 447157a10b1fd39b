"""A queue file of any version becomes one of today, and no row is lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from string import Template

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import database
from specify_cli.sync.queue import OfflineQueue
from specify_cli.sync.schema import SCHEMA
from tests.support.desk import PROJECT
from tests.support.outbox import moved

EVENTS_BEFORE = """
CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE NOT NULL, event_type TEXT NOT NULL, data TEXT NOT NULL,
    timestamp INTEGER NOT NULL, retry_count INTEGER DEFAULT 0{more});
CREATE INDEX idx_timestamp ON queue(timestamp);
CREATE INDEX idx_retry ON queue(retry_count);
"""
BODIES_BEFORE = """
CREATE TABLE body_upload_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, project_uuid TEXT NOT NULL, {slug} TEXT NOT NULL, target_branch TEXT NOT NULL,
    {kind} TEXT NOT NULL, manifest_version TEXT NOT NULL, artifact_path TEXT NOT NULL, content_hash TEXT NOT NULL,
    hash_algorithm TEXT NOT NULL DEFAULT 'sha256', content_body TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    retry_count INTEGER NOT NULL DEFAULT 0, next_attempt_at REAL NOT NULL DEFAULT 0, created_at REAL NOT NULL,
    last_error TEXT{more},
    UNIQUE (project_uuid, {slug}, target_branch, {kind}, manifest_version, artifact_path, content_hash));
CREATE INDEX idx_body_next ON body_upload_queue(next_attempt_at);
"""
ALL = {
    "queue": "SELECT * FROM queue ORDER BY id",
    "body_upload_queue": "SELECT * FROM body_upload_queue ORDER BY id",
}
OLD_NAMES = {"slug": "feature_slug", "kind": "mission_key"}
NEW_NAMES = {"slug": "mission_slug", "kind": "mission_type"}


@contextmanager
def before(path: Path, *tables: str) -> Iterator[sqlite3.Connection]:
    """A file as an older version left it."""
    with closing(sqlite3.connect(path)) as db:
        for table in tables:
            db.executescript(table)
        yield db
        db.commit()


def events(db: sqlite3.Connection, count: int) -> None:
    for number in range(1, count + 1):
        event = moved(number)
        row = (event["event_id"], event["event_type"], json.dumps(event), 1000 + number, number % 3)
        db.execute("INSERT INTO queue (event_id, event_type, data, timestamp, retry_count) VALUES (?, ?, ?, ?, ?)", row)


def bodies(db: sqlite3.Connection, names: dict[str, str], count: int) -> None:
    for number in range(count):
        statement = Template(
            "INSERT INTO body_upload_queue (project_uuid, $slug, target_branch, $kind, manifest_version, artifact_path,"
            " content_hash, content_body, size_bytes, retry_count, created_at)"
            " VALUES (?, '012-demo', 'main', 'software-dev', '1', 'spec.md', ?, 'text', 4, 2, 7.5)"
        )
        db.execute(statement.substitute(names), (PROJECT, f"{number:064x}"))


def rows(path: Path, table: str) -> list[dict[str, object]]:
    with database.open(path, SCHEMA) as db:
        return [dict(row) for row in db.execute(ALL[table])]


@pytest.mark.parametrize("more", ["", ", coalesce_key TEXT"], ids=["without coalesce_key", "3.1.1"])
def test_the_events_of_an_older_file_wait_on(tmp_path: Path, more: str) -> None:
    path = tmp_path / "queue.db"
    with before(path, EVENTS_BEFORE.format(more=more)) as db:
        events(db, 5)
    found = rows(path, "queue")
    assert [row["event_id"] for row in found] == [moved(number)["event_id"] for number in range(1, 6)]
    assert [row["retry_count"] for row in found] == [1, 2, 0, 1, 2]
    assert [row["timestamp"] for row in found] == [1001, 1002, 1003, 1004, 1005]
    assert {row["project"] for row in found} == {PROJECT}
    assert OfflineQueue(path, PROJECT).get_queue_stats().total_queued == 5


def test_an_event_of_an_older_file_is_not_collected_again(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with before(path, EVENTS_BEFORE.format(more="")) as db:
        events(db, 1)
    with database.open(path, SCHEMA) as found:
        assert [row[0] for row in found.execute("SELECT event_id FROM collected")] == [moved(1)["event_id"]]


@pytest.mark.parametrize("names", [OLD_NAMES, NEW_NAMES], ids=["old names", "3.1.1"])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_the_bodies_of_an_older_file_wait_on(tmp_path: Path, names: dict[str, str], count: int) -> None:
    path = tmp_path / "queue.db"
    with before(path, EVENTS_BEFORE.format(more=""), BODIES_BEFORE.format(**names, more="")) as db:
        bodies(db, names, count)
    found = rows(path, "body_upload_queue")
    assert len(found) == count
    assert {(row["mission_slug"], row["mission_type"], row["retry_count"]) for row in found} <= {
        ("012-demo", "software-dev", 2)
    }
    assert all("feature_slug" not in row and "mission_key" not in row for row in found)


def test_a_table_with_both_names_keeps_what_either_says(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    both = BODIES_BEFORE.format(**OLD_NAMES, more=", mission_slug TEXT DEFAULT '', mission_type TEXT")
    with before(path, both) as db:
        bodies(db, OLD_NAMES, 2)
        db.execute("UPDATE body_upload_queue SET mission_slug = '013-new' WHERE id = 2")
    found = rows(path, "body_upload_queue")
    assert [(row["mission_slug"], row["mission_type"]) for row in found] == [
        ("012-demo", "software-dev"),
        ("013-new", "software-dev"),
    ]


def test_a_new_file_and_one_opened_twice_are_the_same(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with before(old, EVENTS_BEFORE.format(more=""), BODIES_BEFORE.format(**OLD_NAMES, more="")):
        pass
    layouts = []
    for path in (old, old, new):
        with database.open(path, SCHEMA) as db:
            layouts.append(sorted(row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")))
    assert layouts[0] == layouts[1]
    assert [" ".join(sql.replace('"', "").split()) for sql in layouts[0]] == [
        " ".join(sql.replace('"', "").split()) for sql in layouts[2]
    ]


def test_the_number_of_a_row_is_never_given_again(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with before(path, EVENTS_BEFORE.format(more="")) as db:
        events(db, 3)
        db.execute("DELETE FROM queue WHERE id = 2")
    assert [row["id"] for row in rows(path, "queue")] == [1, 3]


@given(st.lists(st.one_of(st.text(), st.binary(), st.integers(-(2**63), 2**63 - 1)), max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_an_older_row_is_kept(
    tmp_path_factory: pytest.TempPathFactory, contents: list[object]
) -> None:
    path = tmp_path_factory.mktemp("queue") / "queue.db"
    with before(path, EVENTS_BEFORE.format(more="").replace("data TEXT NOT NULL", "data TEXT")) as db:
        for number, content in enumerate(contents):
            db.execute(
                "INSERT INTO queue (event_id, event_type, data, timestamp) VALUES (?, 'x', ?, 0)",
                (str(number), content),
            )
    with database.open(path, SCHEMA) as db:
        kept = [row[0] for row in db.execute("SELECT data FROM queue ORDER BY id")]
    assert [str(one) for one in kept] == [str(one) for one in contents]
