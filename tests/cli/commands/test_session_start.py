"""`agent session-start`: what Claude Code runs as a hook when a session starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import run_here
from tests.support.git import Repo
from tests.support.project import Project, Task

HOOK = json.dumps({"session_id": "0b1c-22", "source": "startup", "hook_event_name": "SessionStart"})


def test_a_session_is_told_where_the_missions_stand_and_who_it_is(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = project.finalized(Task("WP01"))
    variables = tmp_path / "session-env/hook-0.sh"
    monkeypatch.setenv("CLAUDE_ENV_FILE", str(variables))
    for _ in range(2):
        said = run_here("agent", "session-start", cwd=project.path, input=HOOK).ok()
        assert slug in said.out
        assert variables.read_text() == "export CLAUDE_CODE_SESSION_ID=0b1c-22\n"


@pytest.mark.parametrize(
    "given", ["", "no json", "[]", '{"session_id": "x; rm -rf ~"}', '{"session_id": 3}', "[" * 9999]
)
def test_what_is_no_session_sets_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("CLAUDE_ENV_FILE", str(tmp_path / "env.sh"))
    said = run_here("agent", "session-start", "--json", cwd=project.path, input=given).ok().json()
    assert (said["session"], said["exported"]) == (None, False)
    assert not (tmp_path / "env.sh").exists()


def test_where_the_id_cannot_be_set_the_state_is_told_all_the_same(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = project.finalized(Task("WP01"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLAUDE_ENV_FILE", str(tmp_path / "file" / "env.sh"))
    said = run_here("agent", "session-start", cwd=project.path, input=HOOK).ok()
    assert slug in said.out
    assert "The session's id could not be set" in said.out


def test_outside_of_a_project_nothing_is_said(git: Repo) -> None:
    said = run_here("agent", "session-start", cwd=git.path, input=HOOK).ok()
    assert not said.out.strip()


def test_what_cannot_be_read_is_told_and_the_session_starts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECIFY_REPO_ROOT", str(project.path / "nowhere"))
    said = run_here("agent", "session-start", cwd=project.path, input=HOOK).ok()
    assert "cannot be read" in said.out
