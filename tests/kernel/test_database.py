"""The door to SQLite."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from specify_cli.kernel import database
from specify_cli.kernel.database import Connection, Schema
from specify_cli.kernel.errors import SpecKittyError
from tests.support.limits import run_python

_FIRST = "CREATE TABLE tea (kind TEXT PRIMARY KEY); INSERT INTO tea VALUES ('a;b');"


def _second(db: Connection) -> None:
    db.execute("ALTER TABLE tea ADD COLUMN cups INTEGER DEFAULT 0")


SCHEMA: Schema = (_FIRST, _second)


def _kinds(path: Path, schema: Schema = SCHEMA) -> list[str]:
    with database.look(path, schema) as db:
        return [str(row["kind"]) for row in db.execute("SELECT kind FROM tea ORDER BY kind")]


def _add(path: Path, kind: str) -> None:
    with database.open(path, SCHEMA) as db:
        db.execute("INSERT INTO tea (kind) VALUES (?)", (kind,))


def test_a_visit_is_one_transaction(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tea.db"
    _add(path, "assam")
    with pytest.raises(KeyError), database.open(path, SCHEMA) as db:
        _add_and_fail(db)
    assert _kinds(path) == ["a;b", "assam"]


def _add_and_fail(db: Connection) -> None:
    db.execute("INSERT INTO tea (kind) VALUES ('lost')")
    raise KeyError


def test_it_is_private_and_made_so_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tea.db"
    _add(path, "assam")
    path.chmod(0o644)
    with database.open(path, SCHEMA):
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_of_an_older_version_is_brought_up_to_date_once(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    with database.open(path, SCHEMA[:1]):
        pass
    with database.look(path, SCHEMA) as db:
        assert [row["cups"] for row in db.execute("SELECT cups FROM tea")] == [0]
    _add(path, "assam")
    assert _kinds(path) == ["a;b", "assam"]


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    with database.open(path, SCHEMA[:1]):
        pass
    with pytest.raises(sqlite3.OperationalError), database.open(path, (*SCHEMA, "CREATE TABLE x (y); nonsense;")):
        pass
    assert _kinds(path) == ["a;b"]
    _add(path, "assam")


def test_looking_makes_no_file_and_changes_none(tmp_path: Path) -> None:
    assert _kinds(tmp_path / "none" / "tea.db") == ["a;b"]
    assert not (tmp_path / "none").exists()
    _add(tmp_path / "tea.db", "assam")
    with pytest.raises(SpecKittyError), database.look(tmp_path / "tea.db", SCHEMA) as db:
        db.execute("DELETE FROM tea")
    assert _kinds(tmp_path / "tea.db") == ["a;b", "assam"]


def test_looking_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    _add(path, "assam")
    with database.open(path, SCHEMA) as db:
        db.execute("DELETE FROM tea")
        assert _kinds(path) == ["a;b", "assam"]


@pytest.mark.parametrize(
    "content", [b"this is no database at all, and never was one", b"SQLite format 3\0" + b"x" * 200]
)
def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tea.db"
    path.write_bytes(content)
    assert _code(path) == "DATABASE_BROKEN"
    assert path.read_bytes() == content


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    _add(path, "assam")
    assert _code(path, SCHEMA[:1]) == "DATABASE_NEWER"
    with pytest.raises(SpecKittyError, match="newer version"):
        _kinds(path, SCHEMA[:1])


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tea.db").mkdir()
    assert _code(tmp_path / "tea.db") in {"STATE_READ_ONLY", "FILE_UNUSABLE"}


def test_a_writer_that_holds_it_too_long_is_a_conflict(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    _add(path, "assam")
    first = database.open(path, SCHEMA)
    with first, pytest.raises(SpecKittyError) as caught, database.open(path, SCHEMA, patience=0.1):
        pass
    assert (caught.value.code, caught.value.details["retryable"]) == ("DATABASE_LOCKED", True)


def test_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    threads = [threading.Thread(target=_add, args=(path, f"kind {number}")) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_kinds(path)) == 21


_FILL = """
import sys
from pathlib import Path
from specify_cli.kernel import database
from specify_cli.kernel.errors import SpecKittyError
try:
    with database.open(Path(sys.argv[1]), ("CREATE TABLE tea (leaves BLOB);",)) as db:
        for _ in range(100):
            db.execute("INSERT INTO tea VALUES (?)", (b"x" * 100_000,))
except SpecKittyError as error:
    print(error.code)
"""


def test_a_full_disk_takes_the_visit_back(tmp_path: Path) -> None:
    path = tmp_path / "full.db"
    assert run_python(_FILL, str(path), cwd=tmp_path, room=1_000_000).stdout.strip() in {"DISK_FULL", "DATABASE_FAILED"}
    with database.look(path, ("CREATE TABLE tea (leaves BLOB);",)) as db:
        assert db.execute("SELECT COUNT(*) FROM tea").fetchone()[0] == 0


def _code(path: Path, schema: Schema = SCHEMA) -> str:
    with pytest.raises(SpecKittyError) as caught, database.open(path, schema):
        pass
    return caught.value.code


def test_a_file_of_somebody_else_is_named_and_a_bug_of_ours_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    _add(path, "assam")
    with pytest.raises(sqlite3.OperationalError), database.open(path, SCHEMA) as db:
        db.execute("SELECT nonsense FROM tea")
    with database.open(path, SCHEMA) as db:
        db.execute("ALTER TABLE tea DROP COLUMN cups")
    with pytest.raises(SpecKittyError) as told, database.look(path, SCHEMA) as db:
        db.execute("SELECT cups FROM tea")
    assert told.value.code == "DATABASE_BROKEN"
    assert told.value.hint == f"mv {path} {path}.broken"
