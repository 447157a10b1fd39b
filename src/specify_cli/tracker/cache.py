"""What was last seen of a local tracker, and which work package stands for which issue (contract 7.8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from specify_cli.kernel import clock, database
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.database import Connection
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import Conflict
from specify_cli.sync.config import private_home, state_home

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS tracker_issues (identity TEXT PRIMARY KEY, system TEXT NOT NULL, workspace TEXT NOT NULL,
  issue_id TEXT NOT NULL, payload TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tracker_checkpoints (checkpoint_key TEXT PRIMARY KEY, cursor TEXT, updated_since TEXT);
CREATE TABLE IF NOT EXISTS tracker_mappings (wp_id TEXT NOT NULL, system TEXT NOT NULL, workspace TEXT NOT NULL,
  external_id TEXT NOT NULL, external_key TEXT, external_url TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  PRIMARY KEY (wp_id, system), UNIQUE (system, workspace, external_id));
""",
)


def cache_path(provider: str, workspace: str, settings: Mapping[str, str]) -> Path:
    """The cache of a workspace, one for each account there."""
    names = (("server_url", "base_url"), ("username", "email"), ("team_slug",))
    parts = [
        next((settings[key] for key in keys if settings.get(key)), default)
        for keys, default in zip(names, ("local", "anonymous", "no-team"), strict=True)
    ]
    scope = "|".join((provider, workspace, *parts)).lower()
    return state_home() / "trackers" / f"{sha256(scope.encode())[:16]}.db"


class TrackerCache:
    """The cache of one workspace.

    Args:
        path: its file; reading makes none.
    """

    def __init__(self, path: Path, system: str, workspace: str) -> None:
        self.path = path
        self._where = (system, workspace)

    def issues(self) -> dict[str, dict[str, Any]]:
        """Id -> the issue as it was last agreed on."""
        with database.look(self.path, SCHEMA) as db:
            rows = db.execute(
                "SELECT issue_id, payload FROM tracker_issues WHERE system = ? AND workspace = ?", self._where
            )
            return {str(row["issue_id"]): json.loads(row["payload"]) for row in rows}

    def save(self, issues: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep some issues."""
        system, workspace = self._where
        with self._open() as db:
            for issue_id, payload in issues.items():
                row = (f"{system}:{workspace}:{issue_id}", *self._where, issue_id, json.dumps(payload), clock.stamp())
                db.execute("INSERT OR REPLACE INTO tracker_issues VALUES (?, ?, ?, ?, ?, ?)", row)
            key = f"{system}:{workspace}"
            db.execute("INSERT OR REPLACE INTO tracker_checkpoints VALUES (?, NULL, ?)", (key, clock.stamp()))

    def mappings(self) -> list[dict[str, Any]]:
        """Which work package stands for which issue, in order."""
        with database.look(self.path, SCHEMA) as db:
            rows = db.execute(
                "SELECT wp_id, system, external_id, external_key, external_url FROM tracker_mappings "
                "WHERE system = ? AND workspace = ? ORDER BY wp_id",
                self._where,
            )
            return [dict(row) for row in rows]

    def map(self, wp_id: str, external_id: str, external_key: str | None, external_url: str | None) -> None:
        """Let a work package stand for an issue, in place of the one it stood for.

        Raises:
            Conflict: `ISSUE_MAPPED`, the issue belongs to another work package.
        """
        now = clock.stamp()
        with self._open() as db:
            query = "SELECT wp_id FROM tracker_mappings WHERE system = ? AND workspace = ? AND external_id = ?"
            other = db.execute(query, (*self._where, external_id)).fetchone()
            if other is not None and other["wp_id"] != wp_id:
                said = f"{external_id} stands for {other['wp_id']} already"
                raise Conflict(said, "ISSUE_MAPPED", hint=spec_kitty("tracker map list"))
            made = db.execute(
                "SELECT created_at FROM tracker_mappings WHERE wp_id = ? AND system = ?", (wp_id, self._where[0])
            ).fetchone()
            row = (
                wp_id,
                *self._where,
                external_id,
                external_key,
                external_url,
                made["created_at"] if made else now,
                now,
            )
            db.execute("INSERT OR REPLACE INTO tracker_mappings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _open(self) -> AbstractContextManager[Connection]:
        private_home()
        return database.open(self.path, SCHEMA)
