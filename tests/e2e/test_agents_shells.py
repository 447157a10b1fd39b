"""The shells that agents run us in: git kept from the user's settings (Gemini), a `.git` that is read-only (Codex)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from specify_cli.doctor.findings import Severity
from tests.support.cli import run_script
from tests.support.examining import codes, findings_in, only
from tests.support.git import Repo
from tests.support.limits import run_sealed, skip_unless_sealable
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.stories import story

WAYS = (".codex/rules/spec-kitty.rules", 'writable_roots = ["../.git"]')
CREATE = ("agent", "mission", "create", "tea-timer", "--json")


@pytest.fixture(params=[os.devnull, ""], ids=["device", "empty"])
def shut_out(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is told to read the user's settings from nowhere; they stand where they always do."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", request.param)


def nobody(project: Project) -> None:
    """The user's own settings name nobody either."""
    Path(os.environ["HOME"], ".gitconfig").unlink()
    project.git("config", "user.useConfigOnly", "true")


@pytest.mark.usefixtures("shut_out")
def test_commits_are_by_whom_the_users_own_settings_name(project: Project) -> None:
    run_script(*CREATE, cwd=project.path).ok()
    assert project.git("log", "-1", "--format=%an <%ae> %cn <%ce>") == "Ada <ada@example.org> Ada <ada@example.org>"
    mission = finalized_mission(project, Task("WP01"))
    step = run_script("next", "--agent", "gemini", "--mission", mission.slug, "--json", cwd=project.path).ok().json()
    worktree = Repo(Path(step["workspace_path"]))
    worktree.write("src/wp01/a.py", "a = 1\n")
    report = ("next", "--agent", "gemini", "--result", "success", "--commit", "the work", "--mission", mission.slug)
    run_script(*report, "--json", cwd=project.path).ok()
    assert worktree("log", "-1", "--format=%an %cn %s") == "Ada Ada the work"
    assert "IDENTITY" in codes(findings_in(project.path, "setup"), least=Severity.OK)


@pytest.mark.usefixtures("shut_out")
def test_what_the_repository_says_of_who_commits_counts_first(project: Project) -> None:
    project.git("config", "user.name", "Grace")
    run_script(*CREATE, cwd=project.path).ok()
    assert project.git("log", "-1", "--format=%an <%ae>") == "Grace <ada@example.org>"
    run_script("agent", "mission", "create", "pot", "--json", cwd=project.path, env={"GIT_AUTHOR_NAME": "Eve"}).ok()
    assert project.git("log", "-1", "--format=%an %cn") == "Eve Grace"


@pytest.mark.usefixtures("shut_out")
def test_no_printed_command_writes_settings_that_are_no_file(project: Project) -> None:
    other = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    refused = run_script(*CREATE, cwd=project.path, env=other).failed("REPOSITORY_NOT_YOURS", 1).json()
    assert refused["hint"].startswith("git config --system --add safe.directory ")
    nobody(project)
    here = f"git -C {project.path} config"
    refused = run_script(*CREATE, cwd=project.path).failed("NO_GIT_IDENTITY", 1).json()
    assert refused["hint"] == f"{here} user.name 'Your Name' && {here} user.email you@example.org"
    assert only(findings_in(project.path, "setup"), "NO_GIT_IDENTITY").fix == refused["hint"]


@pytest.fixture
def mission(project: Project) -> Mission:
    """One work package, and a file system on which its repository can be made read-only."""
    skip_unless_sealable(project.path / ".git")
    return finalized_mission(project, Task("WP01"))


def test_where_a_sandbox_makes_git_read_only_the_two_ways_that_work_are_named(mission: Mission) -> None:
    path, at = mission.project.path, ("--mission", mission.slug, "--json")
    moved = ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "codex")
    for words in (("next", "--agent", "codex", *at), CREATE, (*moved, *at)):
        error = run_sealed(path / ".git", *words, cwd=path).failed("STATE_READ_ONLY", 1).json()
        assert all(way in error["error"] for way in WAYS), words
        assert (error["hint"], error["details"]["edit"]) == (None, ".codex/config.toml")
    found = run_sealed(path / ".git", "doctor", "setup", "--json", cwd=path).failed(exit_code=1).json()["findings"]
    (finding,) = [each for each in found if each["code"] == "STATE_READ_ONLY"]
    assert all(way in finding["message"] for way in WAYS)
    assert "chmod" not in str(found)


def test_a_commit_that_a_sandbox_refuses_names_them_too(mission: Mission) -> None:
    path = mission.project.path
    worktree = mission.claim("WP01", actor="codex", session="x-1").workspace.path
    (worktree / "src/wp01").mkdir(parents=True)
    (worktree / "src/wp01/a.py").write_text("a = 1\n", encoding="utf-8")
    words = ("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "codex", "--session", "x-1")
    commit = ("--commit", "the work", "--mission", mission.slug, "--json")
    error = run_sealed(path / ".git", *words, *commit, cwd=worktree).failed("STATE_READ_ONLY", 1).json()
    assert all(way in error["error"] for way in WAYS)
    assert "chmod" not in str(error)
    # What is recorded can be written here, and no milestone be committed.
    made = run_sealed(path / ".git/objects", "agent", "mission", "create", "pot", "--json", cwd=path).ok().json()
    (warning,) = made["warnings"]
    assert warning["code"] == "COMMIT_FAILED"
    assert all(way in warning["message"] for way in WAYS)
    assert warning["hint"] == f"spec-kitty materialize --mission {made['mission_slug']}"


@pytest.mark.parametrize(
    ("words", "env", "who"),
    [
        ((), {"CODEX_THREAD_ID": "x-1"}, ("codex", "x-1")),
        (("--actor", "codex"), {"CODEX_THREAD_ID": "x-1"}, ("codex", "x-1")),
        (("--actor", "codex", "--session", "x-1"), {}, ("codex", "x-1")),
        ((), {"SPEC_KITTY_AGENT": "aider"}, ("aider", None)),
        ((), {}, ("user:Ada", None)),
    ],
)
def test_what_an_agent_accepts_and_merges_is_recorded_as_its_own(
    words: tuple[str, ...], env: dict[str, str], who: tuple[str, str | None], project: Project
) -> None:
    found = story(project, Task("WP01"))
    found.do("WP01", src__wp01__a_py="one = 1\n")
    at = (*words, "--mission", found.slug, "--json")
    accepted = run_script("accept", *at, cwd=project.path, env=env).ok().json()
    assert accepted["accepted_by"] == who[0]
    run_script("merge", *at, cwd=project.path, env=env).ok()
    events = found.mission.status.mission_events
    ends = [(each.type, each.actor, each.session) for each in events if each.type in ("accepted", "mission_closed")]
    assert ends == [("accepted", *who), ("mission_closed", *who)]
    assert json.loads((found.mission.folder / "merge-receipt.json").read_bytes())["merged_by"] == who[0]
    meta = json.loads((found.mission.folder / "meta.json").read_bytes())
    assert (meta["accepted_by"], meta["merged_by"]) == (who[0], who[0])
