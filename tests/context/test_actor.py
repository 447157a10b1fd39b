"""Who acts, and in which session."""

from __future__ import annotations

import pytest

from specify_cli.context.actor import given_session, session_here, who
from specify_cli.context.models import Actor
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.paths import discover
from tests.support.missions import finalized_mission
from tests.support.project import Project


def test_the_flag_then_the_environment_then_the_git_user(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = discover(project.path)
    assert who(None, repo) == Actor("user:Ada")
    monkeypatch.setenv("SPEC_KITTY_AGENT", "codex")
    assert who(None, repo) == Actor("codex")
    assert who("claude", repo) == Actor("claude")


def test_the_session_is_ours_then_the_agents_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert session_here() is None
    monkeypatch.setenv("CODEX_THREAD_ID", "thread")
    assert session_here() == "thread"
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "theirs")
    assert session_here() == "theirs"
    monkeypatch.setenv("SPEC_KITTY_SESSION", "ours")
    assert session_here() == "ours"
    monkeypatch.setenv("SPEC_KITTY_SESSION", "")
    assert session_here() == "theirs"


def test_in_a_lanes_worktree_its_holder_acts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    mission = finalized_mission(project)
    worktree = mission.claim("WP01", actor="codex", session="c1").workspace.path
    inside = discover(worktree / "kitty-specs")
    assert who(None, inside, mission.place) == Actor("codex", "c1", by_flag=True)
    assert who("claude", inside, mission.place) == Actor("claude")
    assert who(None, discover(project.path), mission.place) == Actor("user:Ada")
    monkeypatch.setenv("SPEC_KITTY_SESSION", "mine")
    assert who(None, inside, mission.place) == Actor("codex", "mine", session_source="given")


def test_without_a_name_in_git_somebody_acts(project: Project) -> None:
    project.git("config", "--global", "--unset", "user.name")
    assert who(None, discover(project.path)) == Actor("user")


def test_an_id_that_is_given_is_told_from_one_that_the_program_set(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = discover(project.path)
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "theirs")
    assert who("claude", repo).session_source == "agent"
    monkeypatch.setenv("SPEC_KITTY_SESSION", "ours")
    assert who("claude", repo).session_source == "given"
    flag = who("claude", repo, session="mine")
    assert (flag.session, flag.session_source, flag.words) == ("mine", "given", "--agent claude --session mine")
    assert who(None, repo, session="mine").session == "mine"
    assert who("claude", repo).words == "--agent claude"


@pytest.mark.parametrize("session", ["", " ", "a\nb", "x" * 201])
def test_a_session_flag_that_says_nothing_is_a_usage_error(session: str) -> None:
    with pytest.raises(UsageError, match="--session"):
        given_session(session)
