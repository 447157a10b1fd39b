from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.doctor.findings import Severity
from specify_cli.doctor.setup import agents_of
from specify_cli.kernel.config import Config
from tests.support.examining import codes, findings_in, only
from tests.support.git import make_repo
from tests.support.project import Project


def test_a_fresh_project_has_no_error_and_no_warning(project: Project) -> None:
    found = findings_in(project.path, "setup")
    assert codes(found, least=Severity.WARNING) == []
    assert {"PYTHON", "GIT", "IDENTITY", "CONFIG"} <= {each.code for each in found}
    assert "Ada" in only(found, "IDENTITY").message


def test_a_folder_that_is_nothing_lacks_git_and_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    found = findings_in(folder, "setup")
    assert codes(found, least=Severity.ERROR) == ["NOT_A_GIT_REPOSITORY", "NOT_INITIALIZED"]
    assert only(found, "NOT_INITIALIZED").fix == "spec-kitty init --ai claude"
    assert list(folder.iterdir()) == []


def test_a_repository_without_commits_is_warned_about(tmp_path: Path) -> None:
    make_repo(tmp_path / "young", commit=False)
    assert only(findings_in(tmp_path / "young", "setup"), "NO_COMMITS").severity is Severity.WARNING


def test_commits_without_a_name_are_an_error(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "nobody"
    settings.write_text("[init]\n\tdefaultBranch = main\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    found = only(findings_in(project.path, "setup"), "NO_GIT_IDENTITY")
    assert found.severity is Severity.ERROR
    assert "git config --global user.name" in (found.fix or "")


def test_a_missing_git_is_said_and_nothing_else_asks_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert codes(findings_in(project.path, "setup"), least=Severity.ERROR) == ["GIT_MISSING"]


@pytest.mark.parametrize("version", ["git version 2.20.1", "git version 1.9", "no git at all"])
def test_an_old_git_is_an_error(
    version: str, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:/bin:/usr/bin")
    found = findings_in(project.path, "setup")
    assert version in only(found, "GIT_TOO_OLD").message


def test_a_config_that_cannot_be_read_is_an_error_with_its_place(project: Project) -> None:
    project.git.write(".kittify/config.yaml", "agents: {available: [claude\n")
    found = findings_in(project.path, "setup")
    assert only(found, "MALFORMED_YAML").severity is Severity.ERROR
    project.git.write(".kittify/config.yaml", "agents: {available: 7}\n")
    assert "agents.available" in only(findings_in(project.path, "setup"), "CONFIG_INVALID").message


def test_missing_files_of_the_set_up_are_named(project: Project) -> None:
    (project.path / "kitty-specs" / ".gitignore").unlink()
    assert "kitty-specs/.gitignore" in only(findings_in(project.path, "setup"), "SETUP_INCOMPLETE").message
    (project.path / ".kittify" / "manifest.json").unlink()
    assert only(findings_in(project.path, "setup"), "UPGRADE_NEEDED").fix == "spec-kitty upgrade"
    (project.path / ".kittify" / "config.yaml").unlink()
    assert only(findings_in(project.path, "setup"), "CONFIG_MISSING").severity is Severity.ERROR


def test_files_that_nobody_committed_are_a_note(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "new")
    Project(repo.path, repo).run("init", "--ai", "claude", "--json").ok()
    found = only(findings_in(repo.path, "setup"), "SETUP_UNCOMMITTED")
    assert found.severity is Severity.NOTE
    assert found.fix is not None
    assert found.fix.startswith(f"git -C {repo.path} add")


def test_a_detached_head_and_a_merge_of_the_users_own_are_notes(project: Project) -> None:
    project.git("switch", "-q", "--detach")
    assert only(findings_in(project.path, "setup"), "DETACHED_HEAD").severity is Severity.NOTE
    project.git("switch", "-q", "main")
    project.git.write(".git/MERGE_HEAD", project.git.head() + "\n")
    assert "merge" in only(findings_in(project.path, "setup"), "BUSY").message


def test_agents_are_known_and_on_the_path() -> None:
    assert [each.code for each in agents_of(Config(agents=("claude",)), lambda: ("claude",))] == ["AGENTS"]
    assert [each.severity for each in agents_of(Config(agents=("claude",)), tuple)] == [Severity.NOTE]
    assert [each.code for each in agents_of(Config(agents=("hal",)), tuple)] == ["UNKNOWN_AGENT"]
    assert [each.code for each in agents_of(Config(), tuple)] == ["NO_AGENTS"]
