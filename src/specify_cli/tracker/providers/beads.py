"""Issues of beads, through `bd --json`."""

from __future__ import annotations

from specify_cli.tracker.providers.command import Issue, Program, plain

_STATUSES = {
    "open": "todo", "deferred": "todo", "in_progress": "in_progress", "pinned": "in_progress", "blocked": "blocked",
    "closed": "done", "tombstone": "canceled",
}  # fmt: skip
_BACK = {
    "todo": "open", "in_progress": "in_progress", "in_review": "in_progress", "blocked": "blocked", "done": "closed",
    "canceled": "closed",
}  # fmt: skip
_FIELDS = {"description": "body", "issue_type": "issue_type", "priority": "priority", "labels": "labels"}


class Beads:
    """The issues that one `bd` knows.

    Args:
        program: `bd`, and the folder of its database.
    """

    def __init__(self, program: Program) -> None:
        self._program = program

    def issues(self, limit: int) -> list[Issue]:
        """The issues there are."""
        words = ["--json", "list", "--all", f"--limit={limit}"]
        found = []
        for row in self._program.rows(words):
            if not (isinstance(row.get("id"), str) and isinstance(row.get("title"), str)):
                raise self._program.unreadable(words)
            fields = {ours: row[theirs] for theirs, ours in _FIELDS.items() if row.get(theirs) is not None}
            fields["assignees"] = [row["assignee"]] if row.get("assignee") else []
            status = _STATUSES.get(str(row.get("status")), "todo")
            found.append(Issue(row["id"], row["title"], status, str(row.get("updated_at") or ""), fields))
        return found

    def set_status(self, issue_id: str, status: str) -> None:
        """Move an issue."""
        self._program.json(["--json", "update", plain(issue_id), f"--status={_BACK[status]}"])
