"""The session of an agent's own program: what it sets, and else the process that it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core.agent_programs import PROCESS_VARIABLE, PROGRAMS, own_session
from specify_cli.kernel import ancestors
from tests.support.missions import Mission, finalized_mission
from tests.support.programs import Running, needs_proc, start
from tests.support.project import Project, Task

BY_VARIABLE = [program for program in PROGRAMS if program.variable and not program.is_number]


@pytest.fixture
def mission(project: Project) -> Mission:
    """Three work packages side by side."""
    return finalized_mission(project, Task("WP01"), Task("WP02"), Task("WP03"))


@pytest.fixture
def programs() -> Iterator[dict[str, Running]]:
    """Programs that a test starts, by any name; ended with it."""
    running: dict[str, Running] = {}
    yield running
    for program in running.values():
        program.end()


def asked(program: Running, agent: str, *words: str) -> dict[str, Any]:
    """What `next` answers an agent in its program's shell."""
    found: dict[str, Any] = json.loads(program.does(f"spec-kitty next --agent {agent} {' '.join(words)} --json"))
    return found


@pytest.mark.parametrize("program", BY_VARIABLE, ids=lambda program: program.agent)
def test_two_sessions_of_a_program_that_sets_an_id_hold_different_steps(
    program: Any, mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for session in ("one", "two", "one"):
        monkeypatch.setenv(program.variable, session)
        seen.append(mission.project.run("next", "--agent", program.agent, "--json").ok().json())
    assert [each["session"] for each in seen] == ["one", "two", "one"]
    assert [each["wp_id"] for each in seen] == ["WP01", "WP02", "WP01"]
    assert "SESSION_UNKNOWN" not in [notice["code"] for each in seen for notice in each["warnings"]]


@needs_proc
@pytest.mark.parametrize("name", [program.agent for program in PROGRAMS if program.variable is None])
def test_two_sessions_of_a_program_that_sets_none_are_told_apart_by_their_processes(
    name: str, mission: Mission, programs: dict[str, Running], tmp_path: Path
) -> None:
    for key in ("one", "two"):
        programs[key] = start(tmp_path / "bin", name, mission.project.path)
    seen = [asked(programs[key], name) for key in ("one", "two", "one")]
    assert [each["wp_id"] for each in seen] == ["WP01", "WP02", "WP01"]
    assert seen[0]["session"] == seen[2]["session"]
    assert seen[0]["session"].startswith(f"{name}-{programs['one'].handle.pid}-")


@needs_proc
def test_the_number_of_a_process_is_a_session_only_together_with_what_tells_it_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENCODE_PID", str(os.getpid()))
    first = own_session()
    assert first is not None
    assert first[1].startswith(f"opencode-{os.getpid()}-")
    assert own_session() == first
    here = ancestors.process_of(os.getpid())
    assert here is not None
    monkeypatch.setattr(ancestors, "process_of", lambda pid: ancestors.Process(pid, here.boot_id, "pid:[1]", 7))
    assert own_session() != first  # the same number in another container
    for odd in ("", "abc", "12345678901234567890", "-1"):
        monkeypatch.setenv("OPENCODE_PID", odd)
        assert own_session() is None


@needs_proc
def test_a_shell_an_editor_or_a_terminal_is_no_session(
    mission: Mission, programs: dict[str, Running], tmp_path: Path
) -> None:
    for name in ("tmux", "code", "bash", "codex-linux-sandbox"):
        programs[name] = start(tmp_path / "bin", name, mission.project.path)
        found = asked(programs[name], "aider")
        assert (found["session"], found["wp_id"]) == (None, "WP01"), name


def test_the_id_of_the_program_that_is_meant_counts_before_one_that_was_inherited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "parent")
    monkeypatch.setenv("CODEX_THREAD_ID", "child")
    assert [own_session(agent) for agent in ("codex", "claude", "aider", None)] == [
        (PROGRAMS[1], "child"), (PROGRAMS[0], "parent"), (PROGRAMS[0], "parent"), (PROGRAMS[0], "parent"),
    ]  # fmt: skip


def test_an_older_opencode_below_a_claude_is_a_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "parent")
    monkeypatch.setenv("OPENCODE_PID", str(os.getpid()))
    found = own_session("opencode")
    assert found is not None
    assert (found[0].agent, found[1].partition(f"-{os.getpid()}-")[0]) == ("opencode", "opencode")


@needs_proc
def test_a_gemini_that_claude_started_is_a_session_of_its_own(
    mission: Mission, programs: dict[str, Running], tmp_path: Path
) -> None:
    inherited = {"CLAUDE_CODE_SESSION_ID": "parent"}
    for key in ("one", "two"):
        programs[key] = start(tmp_path / "bin", "gemini", mission.project.path, inherited)
    seen = [asked(programs[key], "gemini") for key in ("one", "two")]
    assert [each["wp_id"] for each in seen] == ["WP01", "WP02"]


def test_without_proc_nothing_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ancestors, "PROC", tmp_path)
    monkeypatch.delenv(PROCESS_VARIABLE)
    assert list(ancestors.ancestors()) == []
    assert own_session("gemini") is None
    monkeypatch.setenv("OPENCODE_PID", "4711")
    found = own_session()
    assert found is not None
    assert found[1].startswith("opencode-4711-")


def test_two_sub_agents_of_one_claude_hold_different_steps_by_the_session_they_give(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "parent")
    seen = [
        mission.project.run("next", "--agent", "claude", *words, "--json").ok().json()
        for words in ((), ("--session", "part-1"), ("--session", "part-2"), ("--session", "part-1"))
    ]
    assert [each["wp_id"] for each in seen] == ["WP01", "WP02", "WP03", "WP02"]


def test_who_acts_without_a_name_is_the_agent_whose_program_runs_the_command(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_AGENT_SESSION_ID", "c-1")
    mission.project.run("agent", "tasks", "add-history", "WP01", "--note", "seen").ok()
    assert [(each.actor, each.session) for each in mission.status.mission_events if each.type == "note"] == [
        ("copilot", "c-1")
    ]
