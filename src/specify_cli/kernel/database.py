"""The only door to SQLite: one transaction a visit, a schema that grows, and errors that can be acted on.

SQLite itself is loaded when a database is opened: who only names the types does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.kernel import files, lazy
from specify_cli.kernel.commands import Command, command
from specify_cli.kernel.errors import Conflict, Refused, SpecKittyError, Unavailable

if TYPE_CHECKING:
    import sqlite3

    Connection = sqlite3.Connection
else:
    Connection = object

# One step from a version to the next: statements, or a function where they depend on what is there.
Step = str | Callable[[Connection], None]
Schema = Sequence[Step]


@contextmanager
def open(path: Path, schema: Schema, *, patience: float = 5.0) -> Iterator[Connection]:
    """A database for one transaction: committed when the block ends, rolled back when it fails, then closed.

    Args:
        path: the file; made with mode 0600, which is restored where it was lost.
        schema: the steps that lead from an empty file to today's tables; `user_version` counts those taken. One
            list for each file, to which steps are only ever added.
        patience: seconds to wait for other writers.

    Raises:
        Conflict: `DATABASE_LOCKED`, another process writes for too long.
        Refused: `DATABASE_NEWER`, `STATE_READ_ONLY`.
        Unavailable: `DATABASE_BROKEN`, `DISK_FULL`, `DATABASE_FAILED`.
    """
    if not path.exists():
        files.append(path, b"")  # SQLite would make it for everybody to read
    files.keep_private(path)
    with _explained(path, patience, schema), _connected(path, patience) as db:
        if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            db.execute("PRAGMA journal_mode = WAL")
        if _version(db, path, schema) < len(schema):
            with _transaction(db, "IMMEDIATE"):
                for number in range(_version(db, path, schema), len(schema)):
                    _take(db, schema[number])
                db.execute(f"PRAGMA user_version = {len(schema)}")
        with _transaction(db, "IMMEDIATE"):
            yield db


@contextmanager
def look(path: Path, schema: Schema, *, patience: float = 5.0) -> Iterator[Connection]:
    """A database to read, as it is at one moment; writers are not kept waiting. Args and errors as of `open`.

    A file of an older version is brought up to date first; one that does not exist reads as empty and is not made.
    """
    if not path.exists():
        with _connected(None, patience) as db:
            for step in schema:
                _take(db, step)
            yield db
        return
    with _explained(path, patience, schema), _connected(path, patience) as db:
        behind = _version(db, path, schema) < len(schema)
    if behind:
        with open(path, schema, patience=patience):
            pass
    with _explained(path, patience, schema), _connected(path, patience) as db:
        db.execute("PRAGMA query_only = ON")
        with _transaction(db, "DEFERRED"):
            yield db


@contextmanager
def peek(path: Path, *, patience: float = 5.0) -> Iterator[Connection]:
    """A database to read as it is, whatever version made it; nothing is brought up to date. Errors as of `open`."""
    with _explained(path, patience, ()), _connected(path, patience) as db:
        db.execute("PRAGMA query_only = ON")
        with _transaction(db, "DEFERRED"):
            yield db


@contextmanager
def _connected(path: Path | None, patience: float) -> Iterator[Connection]:
    connect = lazy.load("sqlite3:connect")
    db: Connection = connect(":memory:" if path is None else path, timeout=patience, isolation_level=None)
    try:
        db.row_factory = lazy.load("sqlite3:Row")
        yield db
    finally:
        db.close()


@contextmanager
def _transaction(db: Connection, kind: str) -> Iterator[None]:
    db.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: Connection, path: Path, schema: Schema) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(schema):
        raise Refused(
            f"{path} was written by a newer version of spec-kitty",
            "DATABASE_NEWER",
            hint=command("pip", "install", "--upgrade", "spec-kitty-cli"),
            details={"path": str(path), "version": version, "known": len(schema)},
        )
    return version


def _take(db: Connection, step: Step) -> None:
    if callable(step):
        step(db)
        return
    is_whole, statement = lazy.load("sqlite3:complete_statement"), ""
    for piece in step.split(";"):  # not `executescript`, which would commit what was done so far
        statement += piece + ";"
        if is_whole(statement):
            db.execute(statement)
            statement = ""


@contextmanager
def _explained(path: Path, patience: float, schema: Schema) -> Iterator[None]:
    try:
        yield
    except lazy.load("sqlite3:DatabaseError") as error:
        name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
        if name == "ERROR" and _lacks_tables(path, schema):
            raise _broken(path, "it lacks tables that were made with it") from error
        if not name or name.startswith(("CONSTRAINT", "ERROR", "MISUSE")):
            raise  # a statement of ours is wrong: a bug
        raise _failure(path, patience, name, error) from error


def _lacks_tables(path: Path, schema: Schema) -> bool:
    """Whether somebody else made a file, or took out of it what the schema makes."""
    with suppress(lazy.load("sqlite3:DatabaseError")), _connected(None, 0) as made, _connected(path, 0) as db:
        for step in schema:
            _take(made, step)
        return not _columns(made) <= _columns(db)
    return False


def _columns(db: Connection) -> set[tuple[str, str]]:
    rows = db.execute("SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'")
    return {(str(table), str(column)) for table, column in rows}


def _failure(path: Path, patience: float, name: str, error: Exception) -> SpecKittyError:
    where = {"path": str(path)}
    if name.startswith(("BUSY", "LOCKED")):
        return Conflict(
            f"{path} is in use by another process; waited {patience:g} s; run it again in a moment",
            "DATABASE_LOCKED",
            details={**where, "retryable": True},
        )
    if name.startswith("FULL"):
        return Unavailable(f"no room left to write {path}", "DISK_FULL", hint=command("df", "-h", path.parent))
    if name.startswith(("READONLY", "CANTOPEN", "PERM")):
        return Refused(
            f"{path} cannot be written: {error}",
            "STATE_READ_ONLY",
            hint=command("chmod", "u+rwX", path.parent, path),
            details=where,
        )
    if name.startswith(("NOTADB", "CORRUPT")):
        return _broken(path, str(error))
    return Unavailable(f"{path}: {error}", "DATABASE_FAILED", hint=command("ls", "-l", path), details=where)


def _broken(path: Path, reason: str) -> Unavailable:
    # What was committed last may stand beside it; beside another file it would be taken for that one's.
    sides = [side for side in ("", "-wal", "-shm") if Path(f"{path}{side}").exists()]
    mend = Command(*(("mv", f"{path}{side}", f"{path}.broken{side}") for side in sides))
    return Unavailable(
        f"{path} is damaged, or no database: {reason}",
        "DATABASE_BROKEN",
        hint=mend,
        details={"path": str(path)},
    )
