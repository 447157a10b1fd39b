"""A session whose program was killed: its step is free after a minute, and whoever waits is told what takes it over."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel import clock
from specify_cli.status.models import Lane
from specify_cli.workspaces import leases
from tests.support.cli import Result
from tests.support.loop import later
from tests.support.missions import Mission, finalized_mission
from tests.support.programs import Running, needs_proc, start
from tests.support.project import Project

pytestmark = needs_proc
NEXT = "spec-kitty next --agent claude --json"


@pytest.fixture
def mission(project: Project) -> Mission:
    """One work package."""
    return finalized_mission(project)


@pytest.fixture
def claude(mission: Mission, tmp_path: Path) -> Iterator[Running]:
    """A session of claude at work on it."""
    program = start(tmp_path / "bin", "claude", mission.project.path, {"CLAUDE_CODE_SESSION_ID": "c-1"})
    yield program
    program.end()


def asks(mission: Mission, *words: str) -> Result:
    """What codex is answered."""
    return mission.project.run("next", "--agent", "codex", "--session", "x-1", *words, "--json")


def told(found: Result) -> dict[str, Any]:
    """What a waiting answer says of a holder that has ended; empty where it says nothing."""
    return next((each for each in found.json()["warnings"] if each["code"] == "HOLDER_ENDED"), {})


def test_the_step_of_a_killed_program_is_free_after_a_minute(mission: Mission, claude: Running) -> None:
    held = json.loads(claude.does(NEXT))
    assert told(asks(mission).failed()) == {}
    with later(2):
        assert told(asks(mission).failed()) == {}, "it lives"
    claude.end()
    notice = told(asks(mission).failed())
    assert "WP01 implement is held by claude (c-1), whose program has ended" in notice["message"]
    with later(2):
        take_over = notice["hint"].replace("--wait 60", "--wait 0")
        taken = mission.project.run(*shlex.split(take_over)[1:], "--json").ok().json()
    assert (taken["wp_id"], taken["workspace_path"], taken["session"]) == ("WP01", held["workspace_path"], "x-1")
    assert [each.type for each in mission.status.mission_events].count("lease_taken_over") == 1


def test_a_file_that_changes_meanwhile_keeps_it(mission: Mission, claude: Running) -> None:
    held = json.loads(claude.does(NEXT))
    claude.end()
    with later(2):
        path = Path(held["workspace_path"]) / "half.txt"
        path.write_text("half\n", encoding="utf-8")
        os.utime(path, (clock.epoch(), clock.epoch()))
        assert told(asks(mission).failed())
        refused = mission.project.run("doctor", "--reap", "WP01", "--json").failed("LEASE_ACTIVE", 1).json()
    assert "has not been quiet for a minute" in refused["error"]
    assert "its program has ended, and files changed there since" in refused["error"]


def test_a_step_on_the_documents_is_free_after_a_minute_too(project: Project, tmp_path: Path) -> None:
    mission = Mission(project, project.create())
    program = start(tmp_path / "bin", "gemini", project.path)
    step = json.loads(program.does("spec-kitty next --agent gemini --json"))
    program.end()
    assert "specify is held by gemini" in told(asks(mission).failed())["message"]
    with later(2):
        taken = asks(mission).ok().json()
    assert (taken["action"], taken["step_id"]) == ("specify", step["step_id"])


def test_a_program_that_sets_the_number_of_its_process_is_known_by_that(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        monkeypatch.setenv("OPENCODE_PID", str(program.pid))
        mission.project.run("next", "--agent", "opencode", "--json").ok()
        monkeypatch.delenv("OPENCODE_PID")
        assert told(asks(mission).failed()) == {}
        program.kill()
    assert told(asks(mission).failed())["message"].startswith("WP01 implement is held by opencode (opencode-")


def test_doctor_says_that_the_program_has_ended_and_takes_the_work_back(mission: Mission, claude: Running) -> None:
    claude.does(NEXT)
    claude.end()
    with later(2):
        found = mission.project.run("doctor", "leases", "--json").json()["findings"]
        assert [each["code"] for each in found] == ["LEASE_QUIET"]
        assert "its program has ended" in found[0]["message"]
        mission.project.run("doctor", "--reap", "WP01", "--json").ok()
    assert mission.lane("WP01") is Lane.PLANNED


def test_a_lease_names_the_program_only_where_its_holder_runs_in_it(mission: Mission, claude: Running) -> None:
    claude.does(NEXT)
    lease = leases.read_lease(mission.place, "WP01")
    assert lease is not None
    assert lease.process is not None
    assert lease.process.pid == claude.handle.pid
    claude.does("spec-kitty agent tasks move-task WP01 --to planned --force --note no --agent claude")
    claude.does("spec-kitty next --agent codex --session x-2 --json")
    lease = leases.read_lease(mission.place, "WP01")
    assert lease is not None
    assert (lease.actor, lease.process) == ("codex", None)
