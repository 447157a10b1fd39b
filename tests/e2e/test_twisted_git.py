"""What git ignores, hides or twists: named with the rule or the setting, and never worked on by mistake."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from specify_cli.kernel import notices
from tests.support.cli import run_script
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.scripts import script
from tests.support.stories import story

OF_A_MISSION = ("meta.json", "mission-events.jsonl", "spec.md")


def create(project: Project, name: str = "tea-timer") -> list[dict[str, str]]:
    """Create a mission; the warnings."""
    warnings: list[dict[str, str]] = project.run("agent", "mission", "create", name, "--json").ok().json()["warnings"]
    return warnings


def committed(project: Project) -> list[str]:
    """Names of the files of missions in the last commit of `main`."""
    return [
        Path(name).name
        for name in project.git("ls-tree", "-r", "--name-only", "main", "kitty-specs/001-tea-timer").split()
    ]


@pytest.mark.parametrize("ignore", [".gitignore", ".git/info/exclude"])
def test_what_is_recorded_is_published_whatever_else_is_ignored(project: Project, ignore: str) -> None:
    project.git.write(ignore, "*.jsonl\n*.json\n*.md\n*.yaml\n")
    assert create(project) == []
    assert sorted(committed(project)) == sorted(OF_A_MISSION)


def test_a_rule_that_hides_the_log_is_named(project: Project) -> None:
    project.git.write("kitty-specs/.gitignore", "status.json\n")
    project.git.write(".git/info/exclude", "*.jsonl\n")
    (warning,) = create(project)
    assert warning["code"] == "LOG_IGNORED"
    assert ".git/info/exclude line 1: *.jsonl" in warning["message"]
    assert "LOG_IGNORED" in project.run("doctor", "setup", "--json").failed(exit_code=1).out
    # What it says mends it.
    project.git.write("kitty-specs/.gitignore", "status.json\n!*.jsonl\n")
    assert "LOG_IGNORED" not in project.run("doctor", "setup", "--json").out


def test_missions_that_git_ignores_stay_private_and_work(project: Project) -> None:
    project.git("rm", "-rq", "--cached", "kitty-specs")
    project.git("commit", "-qm", "keep missions private")
    project.git.write(".git/info/exclude", "kitty-specs/\n")
    head = project.git.head()
    (warning,) = create(project)
    assert warning["code"] == "MISSION_IGNORED"
    assert ".git/info/exclude line 1: kitty-specs/" in warning["message"]
    assert "MISSION_IGNORED" in project.run("doctor", "setup", "--json").out
    project.run("materialize", "--mission", "001-tea-timer", "--json").ok()
    assert project.git.head() == head
    assert (project.folder("001-tea-timer") / "mission-events.jsonl").exists()


def test_a_mission_that_git_ignores_is_merged_and_stays_private(project: Project) -> None:
    project.git("rm", "-rq", "--cached", "kitty-specs")
    project.git("commit", "-qm", "keep missions private")
    project.git.write(".git/info/exclude", "kitty-specs/\n")
    found = story(project, Task("WP01"))
    log = project.folder(found.slug) / "mission-events.jsonl"
    found.do("WP01", src__wp01__a_py="one = 1\n")
    project.run("agent", "tasks", "add-history", "WP01", "--note", "private", "--mission", found.slug).ok()
    assert "private" in log.read_text(), "what is recorded is in the file at once"
    found.accept().ok()
    found.merge().ok()
    assert (project.path / "src/wp01/a.py").exists()
    assert project.git("log", "--all", "--format=%H", "--", "kitty-specs/001-*") == ""
    assert project.git.status() == ""
    # Shown again, it is committed like any other, from the command after the next milestone on.
    project.git.write(".git/info/exclude", "")
    for _ in range(2):
        project.run("materialize", "--mission", found.slug, "--json").ok()
    assert "status.events.jsonl" in project.git("ls-tree", "-r", "--name-only", "main", f"kitty-specs/{found.slug}")


def test_a_target_that_stands_for_another_branch_is_that_one(project: Project) -> None:
    found = story(project, Task("WP01"))
    found.do("WP01", src__wp01__a_py="one = 1\n")
    found.accept().ok()
    project.git("branch", "-m", "main", "trunk")
    project.git("symbolic-ref", "refs/heads/main", "refs/heads/trunk")
    found.merge("--target", "main", "--into", "main").ok()
    assert (project.path / "src/wp01/a.py").exists()
    assert project.git.status() == ""
    project.git.commit("more", more_md="# More\n")
    assert project.git("show", "trunk:src/wp01/a.py") == "one = 1"
    assert (
        project.run("agent", "mission", "create", "next-one", "--target-branch", "main", "--json")
        .ok()
        .json()["target_branch"]
        == "trunk"
    )


def test_a_repository_of_somebody_else_is_named_as_that(project: Project) -> None:
    settings = project.git.write("../gitconfig", "[user]\n\tname = Ada\n\temail = ada@example.org\n")
    twisted = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_GLOBAL": str(settings)}
    words = ("agent", "mission", "create", "tea-timer", "--json")
    error = run_script(*words, cwd=project.path, env=twisted).failed("REPOSITORY_NOT_YOURS", 1).json()
    assert str(error["hint"]).startswith("git config --global --add safe.directory ")
    told = run_script("doctor", "--json", cwd=project.path, env=twisted).failed(exit_code=1).out
    assert "REPOSITORY_NOT_YOURS" in told
    assert "NO_GIT_IDENTITY" not in told


def test_a_checkout_that_says_it_is_bare_is_named_as_that(project: Project) -> None:
    project.git("config", "core.bare", "true")
    words = ("agent", "mission", "create", "tea-timer", "--json")
    error = project.run(*words).failed("REPOSITORY_BARE", 1).json()
    assert "REPOSITORY_BARE" in project.run("doctor", "setup", "--json").failed(exit_code=1).out
    subprocess.run(["sh", "-c", error["hint"]], check=True, cwd=project.path)
    project.run(*words).ok()


def test_a_hook_that_fails_without_a_word_is_named(project: Project) -> None:
    hook = script(project.path / ".git" / "hooks" / "pre-commit", "exit 3")
    (warning,) = create(project)
    assert warning["code"] == "COMMIT_FAILED"
    assert str(hook) in warning["message"]


def test_a_signer_that_waits_is_waited_for_aloud_and_not_for_ever(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_MOMENT", 0.1)
    signer = script(project.path.parent / "signer", "sleep 0.5", "exit 1")
    project.git("config", "gpg.program", str(signer))
    project.git("config", "commit.gpgsign", "true")
    done = project.run("agent", "mission", "create", "tea-timer", "--json").ok()
    assert "git commit is still at work" in done.err
    assert "600 s" in done.err
    assert [warning["code"] for warning in done.json()["warnings"]] == ["COMMIT_FAILED"]


def has_reftable(folder: Path) -> bool:
    """Whether the git here knows the format."""
    done = subprocess.run(["git", "init", "-q", "--ref-format=reftable", str(folder)], capture_output=True, check=False)
    return done.returncode == 0


def test_references_in_a_table_are_read(tmp_path: Path) -> None:
    if not has_reftable(tmp_path / "p"):
        pytest.skip("this git knows no reftable")
    git = Repo(tmp_path / "p")
    git("symbolic-ref", "HEAD", "refs/heads/main")
    git.commit("start", readme_md="# Tea\n")
    project = Project(git.path, git)
    project.run("init", "--ai", "claude").ok()
    git.commit("set up")
    slug = project.finalized(Task("WP01"))
    project.run("agent", "action", "implement", "WP01", "--agent", "claude", "--mission", slug, "--json").ok()
    assert project.run("status", "--mission", slug, "--json").ok().json()["home"] == str(git.path)
