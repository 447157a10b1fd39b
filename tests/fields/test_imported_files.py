"""One bad value in a file of another tool: what can be read is imported, and no command falls over."""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.ruining import VALUES, Target

TASKMASTER = {
    "tasks": [
        {
            "id": 1, "title": "Clock", "description": "a", "details": "b", "testStrategy": "c", "status": "done",
            "priority": "high", "dependencies": [],
            "subtasks": [{"id": 1, "title": "Face", "description": "x", "status": "pending", "dependencies": [2]}],
        },
        {"id": 2, "title": "Hands", "status": "pending", "dependencies": [1], "subtasks": []},
    ]
}  # fmt: skip
BEADS = {
    "id": "bd-1", "title": "Alarm", "description": "d", "status": "open", "priority": 1, "issue_type": "epic",
    "created_at": "2026-01-01T00:00:00Z", "labels": ["a"],
    "dependencies": [{"issue_id": "bd-1", "depends_on_id": "bd-2", "type": "blocks"}],
}  # fmt: skip
BACKLOG = {
    "id": "task-1", "title": "Alarm", "status": "To Do", "assignee": ["sam"], "labels": ["x"],
    "dependencies": ["task-2"], "milestone": "m1", "priority": "high", "created_date": "2026-01-01",
}  # fmt: skip
HEADER = (
    "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in BACKLOG.items()) + "---\n## Description\n\nx\n"
)
FILES = {
    "taskmaster": (".taskmaster/tasks/tasks.json", json.dumps(TASKMASTER), "json"),
    "beads": (".beads/issues.jsonl", json.dumps(BEADS) + "\n", "lines"),
    "backlog": ("backlog/tasks/task-1 - Alarm.md", f"---\n{HEADER}---\n## Description\n\nx\n", "header"),
}


@pytest.mark.parametrize("tool", FILES)
def test_a_bad_value_in_any_field_of_another_tool_is_no_failure_of_ours(
    project: Project, tmp_path: Path, tool: str
) -> None:
    name, text, kind = FILES[tool]
    target = Target(tool, tmp_path / "other" / name, kind)
    target.path.parent.mkdir(parents=True)
    target.path.write_text(text)
    turn = cycle(VALUES.items())
    for field, write in list(target.cases()):
        value, bad = next(turn)
        target.path.write_text(write(bad))
        found = project.run("import", "--from", tool, str(tmp_path / "other"), "--dry-run", "--json")
        assert found.code in (0, 1), (field, value, found)
        assert "INTERNAL_ERROR" not in found.out, (field, value, found)
        assert found.json()
