"""docs/reference/json.md names the keys that the commands answer with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Result
from tests.support.clone import Clone
from tests.support.importing import FIXTURES
from tests.support.loop import later
from tests.support.project import Project, Task
from tests.support.serving import Server
from tests.support.source import ROOT
from tests.support.syncing import World

PAGE = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (?P<command>.+)\n\n(?P<keys>(?:`\w+`,?\s*)+)\n", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    return {found["command"]: set(re.findall(r"`(\w+)`", found["keys"])) for found in SECTION.finditer(PAGE)}


def answers(project: Project) -> Iterator[tuple[str, Result]]:
    """Every command of the page, run in an order in which each succeeds."""

    def run(words: str, *more: str) -> tuple[str, Result]:
        return words, project.run(*words.split(), *more, "--json")

    yield run("init")
    yield run("agent config list")
    yield run("agent config add", "gemini")
    yield run("agent config integrate")
    yield run("agent config sync")
    yield run("agent config status")
    yield run("footprint")
    yield run("uninstall --dry-run")
    yield run("config")
    yield run("config --show-origin")
    yield run("migrate")
    yield run("agent mission create", "tea-timer")
    yield run("agent mission setup-plan")
    slug = project.planned(Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",)), name="second")
    mission = ("--mission", slug)
    yield run("agent mission finalize-tasks", *mission)
    yield run("mission promote", *mission)
    yield run("research", *mission)
    yield run("analyze", *mission)
    yield run("validate-encoding", *mission)
    yield run("charter context", "--action", "implement")
    yield run("next", *mission)
    yield run("agent context resolve", "--action", "implement", *mission)
    yield run("agent action implement", "WP01", "--agent", "claude", *mission)
    yield run("agent tasks mark-status", "T001", "--status", "done", *mission)
    yield run("agent tasks map-requirements", "--wp", "WP01", "--refs", "FR-001", *mission)
    yield run("context list")
    yield run("hooks list")
    yield run("hooks trust")
    yield run("agent tasks move-task", "WP01", "--to", "blocked", "--agent", "claude", *mission)
    yield run("agent status emit", "WP01", "--to", "in_progress", "--actor", "claude", *mission)
    yield run("status", *mission)
    yield run("why", *mission)
    yield run("agent tasks list-tasks", *mission)
    yield run("agent tasks list-dependents", "WP01", *mission)
    yield run("agent status validate", *mission)
    yield run("mission list")
    yield run("mission info", *mission)
    yield run("accept", "--mode", "checklist", *mission)
    yield run("merge --dry-run", *mission)
    yield run("materialize", *mission)
    yield run("agent status doctor", *mission)
    with later(20):
        yield run("doctor --reap", "WP01", *mission)
    yield run("doctor")
    meta = project.folder(slug) / "meta.json"
    text = meta.read_text(encoding="utf-8")
    meta.write_text(text.replace('"friendly_name"', '"other_name"'), encoding="utf-8")
    yield run("upgrade")
    yield run("upgrade --rollback")
    meta.write_text(text, encoding="utf-8")
    yield run("sync now")
    yield run("sync status")
    yield run("sync diagnose")
    yield run("sync queue list")
    yield run("sync server")
    yield run("tracker providers")
    yield run("tracker bind", "--provider", "linear", "--select", "1")
    yield run("tracker status")
    yield run("tracker map list")
    yield run("tracker sync pull")
    yield run("mission from-ticket", "WEB-123", "--yes")
    yield run("tracker unbind")
    yield run("import", "--from", "kiro", str(FIXTURES / "kiro"))
    yield run("auth status")
    yield run("auth logout")


def test_every_answer_has_the_keys_that_the_page_names(
    project: Project, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clone(World(tmp_path, server, monkeypatch), project)
    given = {command: set(result.json()) for command, result in answers(project)}
    pages = documented()
    assert given.keys() == pages.keys()
    differing = {command: keys ^ pages[command] for command, keys in given.items() if keys != pages[command]}
    assert differing == {}


@pytest.mark.parametrize("command", ["agent action review", "agent tasks status"])
def test_a_command_without_a_section_of_its_own_is_mentioned(command: str) -> None:
    assert f"`{command}` has the same" in PAGE
