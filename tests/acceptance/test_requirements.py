"""A requirement is fulfilled by work that was reviewed for it."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from specify_cli.status.models import Lane
from tests.support.project import Project
from tests.support.stories import Story, one


@pytest.fixture
def widened(project: Project) -> Story:
    """An approved mission whose specification states one requirement more than anybody fulfils."""
    found = one(project, {"a/f.txt": "a\n"})
    spec = found.mission.folder / "spec.md"
    spec.write_text(spec.read_text(encoding="utf-8") + "- **FR-004**: It rings.\n", encoding="utf-8")
    return found


def unmet(found: Story, *command: str) -> dict[str, dict[str, Any]]:
    """What a refused command names, by code."""
    told = found.run(*command).failed().json()
    return {each["code"]: each for each in told["details"]["unmet"]}


def test_what_nobody_fulfils_is_not_settled_by_a_command_where_all_is_approved(widened: Story) -> None:
    missing = unmet(widened, "accept")["REQUIREMENT_UNMAPPED"]
    assert missing["fix"] is None
    assert re.search(r"plan one in \S+/tasks\.md", missing["what"])


def test_a_requirement_given_to_approved_work_makes_the_approval_outdated(widened: Story) -> None:
    widened.run("agent", "tasks", "map-requirements", "--wp", "WP01", "--refs", "FR-004").ok()
    refused = [unmet(widened, command)["REVIEW_OUTDATED"] for command in ("accept", "merge")]
    for outdated in refused:
        assert "WP01 was approved before it was to fulfil FR-004" in outdated["what"]
        assert outdated["fix"].startswith("spec-kitty agent tasks move-task WP01 --to for_review --note ")
    widened.run(*shlex.split(refused[0]["fix"])[1:-2]).ok()
    assert not widened.mission.status.events[-1].force
    widened.run("agent", "tasks", "move-task", "WP01", "--to", "approved", "--agent", "codex").ok()
    assert "REVIEW_OUTDATED" not in widened.accept().out


def test_a_requirement_that_is_mapped_before_the_approval_is_reviewed_with_it(widened: Story) -> None:
    widened.mission.force("WP01", Lane.IN_PROGRESS)
    widened.run("agent", "tasks", "map-requirements", "--wp", "WP01", "--refs", "FR-004").ok()
    widened.approve("WP01")
    widened.accept().ok()
