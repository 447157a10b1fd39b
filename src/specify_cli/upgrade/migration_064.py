"""Names of missions and build identity (seed 064): keys of meta.json, and the columns of the queue files.

The keys are a pure function on data. The queue files are SQLite, shared with other processes: they are brought to
today's tables where they are, in one transaction of their own (see `sync/schema.py`), after a copy was kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.kernel import database
from specify_cli.kernel.database import Connection
from specify_cli.kernel.legacy import current_meta
from specify_cli.kernel.values import as_dict, frozen
from specify_cli.sync.config import state_home
from specify_cli.sync.schema import SCHEMA

# Table -> how its rows are counted.
_TABLES = {"queue": "SELECT COUNT(*) FROM queue", "body_upload_queue": "SELECT COUNT(*) FROM body_upload_queue"}


@frozen
class Queue:
    """A queue file of the user.

    Args:
        path: the file.
        events, bodies: rows that wait; the same number before and after.
        outdated: whether its tables are those of an older version.
    """

    path: Path
    events: int
    bodies: int
    outdated: bool

    to_dict = as_dict


def migrate_meta(meta: Mapping[str, object], folder: str, *, target_branch: str, created_at: str) -> dict[str, object]:
    """A meta.json under today's keys, with what every mission has.

    Args:
        meta: as any version wrote it; empty where it wrote none.
        folder: name of the mission's folder.
        target_branch: the branch that the mission is on, for a meta.json that names none.
        created_at: for one that does not say.
    """
    found = current_meta(meta)
    number, _, name = folder.partition("-")
    name = name if number.isdigit() else folder
    defaults: dict[str, object] = {
        "created_at": created_at,
        "friendly_name": name.replace("-", " "),
        "mission_number": number if number.isdigit() else "",
        "mission_slug": folder,
        "mission_type": DEFAULT_TYPE,
        "slug": name,
        "target_branch": target_branch,
    }
    lacking = {key: value for key, value in defaults.items() if value and not found.get(key)}
    found.update(lacking)
    if isinstance(found.get("mission_number"), int):
        found["mission_number"] = f"{found['mission_number']:03d}"
    return found


def queue_files() -> list[Path]:
    """The queue files of this user, that of before there were accounts included."""
    home = state_home()
    return [path for path in (home / "queue.db", *sorted((home / "queues").glob("*.db"))) if path.is_file()]


def queue_at(path: Path) -> Queue:
    """How a queue file is; it is only read.

    Raises:
        Conflict, Refused, Unavailable: it cannot be.
    """
    with database.peek(path) as db:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        events, bodies = (_count(db, table) for table in _TABLES)
    return Queue(path, events, bodies, version < len(SCHEMA))


def migrate_queue(path: Path, *, dry_run: bool = False) -> Queue:
    """Bring a queue file to today's tables, with every row (seed 064, C2); again it changes nothing.

    Raises:
        Conflict, Refused, Unavailable: it cannot be; then it is as it was.
    """
    if not dry_run:
        with database.open(path, SCHEMA):
            pass
    return queue_at(path)


def _count(db: Connection, table: str) -> int:
    there = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return int(db.execute(_TABLES[table]).fetchone()[0]) if there else 0
