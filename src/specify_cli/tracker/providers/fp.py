"""Issues of fp, through `fp issue`; its states are fewer, so blocked, in review and canceled lose something."""

from __future__ import annotations

import re

from specify_cli.tracker.providers.command import Issue, Program, plain

_LINE = re.compile(r"(?P<id>\S+) \[(?P<status>[\w -]+)\](?: \[(?P<priority>\w+)\])? (?P<title>.+)")
_STATUSES = {"todo": "todo", "in-progress": "in_progress", "in_progress": "in_progress", "done": "done"}
_BACK = {
    "todo": "todo", "in_progress": "in-progress", "in_review": "in-progress", "blocked": "todo", "done": "done",
    "canceled": "done",
}  # fmt: skip


class Fp:
    """The issues that one `fp` knows.

    Args:
        program: `fp`, and the folder of its project.
    """

    def __init__(self, program: Program) -> None:
        self._program = program

    def issues(self, limit: int) -> list[Issue]:
        """The issues there are; lines of another form are headings and the like."""
        lines = self._program.run(["issue", "list"]).splitlines()
        found = filter(None, (_LINE.fullmatch(line.strip()) for line in lines))
        return [
            Issue(
                match["id"],
                match["title"].strip(),
                _STATUSES.get(match["status"].lower(), "todo"),
                "",
                {"priority": match["priority"]} if match["priority"] else {},
            )
            for match, _ in zip(found, range(limit), strict=False)
        ]

    def set_status(self, issue_id: str, status: str) -> None:
        """Move an issue."""
        self._program.run(["issue", "update", f"--status={_BACK[status]}", plain(issue_id)])
