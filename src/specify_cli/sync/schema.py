"""The tables of a queue file, and how a file of an older version becomes one of today without losing a row.

One file for each account (contract 3.1) holds events and bodies that wait. `user_version` counts the steps of
`SCHEMA`; files of versions that did not count have tables already, which the first step completes.
"""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.kernel.database import Connection, Schema
from specify_cli.kernel.legacy import LEGACY_COLUMNS

Columns = Mapping[str, str]

# Contract 3.2, and `project`: whose events they are.
_QUEUE: Columns = {
    "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "event_id": "TEXT UNIQUE NOT NULL",
    "event_type": "TEXT NOT NULL",
    "data": "TEXT NOT NULL",
    "timestamp": "INTEGER NOT NULL",
    "retry_count": "INTEGER DEFAULT 0",
    "coalesce_key": "TEXT",
    "project": "TEXT NOT NULL DEFAULT ''",
}
# Contract 6.4, and `parked`: why a body is not sent again by itself.
_BODIES: Columns = {
    "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "project_uuid": "TEXT NOT NULL",
    "mission_slug": "TEXT NOT NULL",
    "target_branch": "TEXT NOT NULL",
    "mission_type": "TEXT NOT NULL",
    "manifest_version": "TEXT NOT NULL",
    "artifact_path": "TEXT NOT NULL",
    "content_hash": "TEXT NOT NULL",
    "hash_algorithm": "TEXT NOT NULL DEFAULT 'sha256'",
    "content_body": "TEXT NOT NULL",
    "size_bytes": "INTEGER NOT NULL",
    "retry_count": "INTEGER NOT NULL DEFAULT 0",
    "next_attempt_at": "REAL NOT NULL DEFAULT 0",
    "created_at": "REAL NOT NULL",
    "last_error": "TEXT",
    "parked": "TEXT",
}
_ONE_BODY = (
    "UNIQUE (project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, content_hash)"
)

# What only we keep: events that will not be sent again by themselves; ids taken from a journal, so that none is taken
# twice; how far each journal was read; one value by name; what the server was last told of a mission's documents.
_OURS = """
CREATE INDEX IF NOT EXISTS queue_of_project ON queue(project);
CREATE INDEX IF NOT EXISTS queue_health ON queue(project, event_type, retry_count, timestamp);
CREATE INDEX IF NOT EXISTS queue_coalesce ON queue(coalesce_key) WHERE coalesce_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS bodies_due ON body_upload_queue(next_attempt_at);
CREATE INDEX IF NOT EXISTS bodies_size ON body_upload_queue(size_bytes);
CREATE INDEX IF NOT EXISTS bodies_of_mission ON body_upload_queue(project_uuid, mission_slug, target_branch);
CREATE TABLE IF NOT EXISTS dead_letters (
    event_id TEXT PRIMARY KEY, event_type TEXT NOT NULL, data TEXT NOT NULL, project TEXT NOT NULL,
    category TEXT NOT NULL, reason TEXT NOT NULL, retry_count INTEGER NOT NULL, timestamp INTEGER NOT NULL,
    died_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS dead_of_project ON dead_letters(project);
CREATE TABLE IF NOT EXISTS collected (event_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (journal TEXT PRIMARY KEY, position INTEGER NOT NULL, mark TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dossier (namespace TEXT, artifact_key TEXT, state TEXT NOT NULL,
    PRIMARY KEY (namespace, artifact_key)) WITHOUT ROWID;
"""

# Rows of before there was a tag tell their project in the event; a row that is no event keeps an empty one.
_TAG = """
UPDATE queue SET project = COALESCE(json_extract(data, '$.project_uuid'), '') WHERE json_valid(data) AND project = '';
INSERT OR IGNORE INTO collected SELECT event_id FROM queue;
"""


def _first(db: Connection) -> None:
    _bring(db, "queue", _QUEUE)
    _bring(db, "body_upload_queue", _BODIES, _ONE_BODY)
    for statement in filter(str.strip, (_OURS + _TAG).split(";")):
        db.execute(statement)


def _bring(db: Connection, table: str, columns: Columns, *constraints: str) -> None:
    """Make a table, or move the rows of one that an older version made to one of today (seed 064, C2)."""
    have = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
    if have == set(columns):
        return
    before = f"{table}_before"
    if have:
        db.execute(f"ALTER TABLE {table} RENAME TO {before}")
    parts = [f"{name} {kind}" for name, kind in columns.items()]
    db.execute(f"CREATE TABLE {table} ({', '.join([*parts, *constraints])})")
    if have:
        known = {name: _source(name, have) for name in columns if _source(name, have)}
        names, sources = ", ".join(known), ", ".join(known.values())
        db.execute(" ".join(("INSERT OR IGNORE INTO", table, f"({names}) SELECT {sources} FROM", before)))
        db.execute(f"DROP TABLE {before}")


def _source(name: str, have: set[str]) -> str:
    """What fills a column: itself, under its name of today or else under an older one; empty where there is neither."""
    older = [old for old, new in LEGACY_COLUMNS.items() if new == name and old in have]
    if not older:
        return name if name in have else ""
    return f"COALESCE(NULLIF({name}, ''), {older[0]})" if name in have else older[0]


SCHEMA: Schema = (_first,)
