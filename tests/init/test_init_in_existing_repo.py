"""`init` in a repository with a life of its own: git's state and other people's files stay as they are."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.support.cli import run_here
from tests.support.git import Repo, make_repo
from tests.support.limits import run_limited


def git_state(repo: Repo) -> dict[str, bytes]:
    """Every file of the git folder."""
    folder = repo.path / ".git"
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_index_head_and_branches_are_untouched(git: Repo) -> None:
    git("branch", "other")
    git.write("staged.py", "x = 1\n")
    git("add", "staged.py")
    git.write("staged.py", "x = 2\n")
    before = git_state(git)

    run_here("init", "--ai", "claude,codex", cwd=git.path).ok()

    assert git_state(git) == before
    assert "AM staged.py" in git.status()


def test_no_git_program_is_needed(git: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    run_here("init", "--ai", "claude", cwd=git.path).ok()


def test_files_of_a_person_are_kept_and_reported(git: Repo) -> None:
    mine = {
        ".claude/commands/spec-kitty.specify.md": "my own\r\n",
        ".claude/commands/deploy.md": "deploy\n",
        "kitty-specs/.gitignore": "*.tmp\n",
        ".kittify/charter/charter.md": "# Ours\n",
    }
    for name, content in mine.items():
        git.write(name, content)
        (git.path / name).write_bytes(content.encode())

    answer = run_here("init", "--ai", "claude", "--json", cwd=git.path).ok().json()

    assert {name: (git.path / name).read_bytes().decode() for name in mine} == mine
    kept = {str(git.path / name) for name in (".claude/commands/spec-kitty.specify.md", "kitty-specs/.gitignore")}
    assert set(answer["kept_files"]) == kept
    assert not kept & set(answer["created_files"])
    said = run_here("init", cwd=git.path).ok().out
    assert ".claude/commands/spec-kitty.specify.md" in said


def test_a_config_that_stands_there_is_completed_and_its_comments_stay(git: Repo) -> None:
    git.write(
        ".kittify/config.yaml", "# ours\nagents:\n  available: [codex]  # for now\n  auto_commit: false\nmine: 7\n"
    )

    answer = run_here("init", "--ai", "claude", "--json", cwd=git.path).ok().json()

    text = (git.path / ".kittify/config.yaml").read_text()
    assert answer["agents"] == ["codex", "claude"]
    assert str(git.path / ".kittify/config.yaml") in answer["updated_files"]
    assert text.startswith("# ours\n")
    assert "auto_commit: false" in text
    assert "mine: 7" in text
    assert "uuid:" in text


def test_below_the_root_it_refuses_and_names_the_root(git: Repo) -> None:
    below = git.path / "src" / "deep"
    below.mkdir(parents=True)

    for arguments, cwd in ((("init",), below), (("init", "new"), git.path)):
        failure = run_here(*arguments, "--ai", "claude", "--json", cwd=cwd).failed("NOT_REPOSITORY_ROOT", 1).json()
        assert str(git.path) in failure["error"]
        assert failure["details"]["root"] == str(git.path)
    assert git.status() == ""
    assert not (git.path / "new").exists()


def test_a_linked_worktree_is_a_root_of_its_own(git: Repo, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    run_here("init", "--ai", "claude", cwd=tmp_path / "side").ok()

    assert (tmp_path / "side" / ".kittify" / "config.yaml").exists()
    assert git.status() == ""


def test_a_bare_repository_and_a_git_folder_are_refused(git: Repo, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))

    run_here("init", "--ai", "claude", "--json", cwd=tmp_path / "bare.git").failed("BARE_REPOSITORY", 1)
    run_here("init", "--ai", "claude", "--json", cwd=git.path / ".git").failed("BARE_REPOSITORY", 1)
    run_here("init", "--ai", "claude", "--json", cwd=git.path / ".git" / "refs").failed("NOT_REPOSITORY_ROOT", 1)


def test_a_linked_folder_out_of_the_project_is_not_written_through(git: Repo, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (git.path / ".claude").symlink_to(elsewhere)

    run_here("init", "--ai", "claude", "--json", cwd=git.path).failed("SYMLINK_REFUSED", 1)

    assert list(elsewhere.iterdir()) == []
    assert not (git.path / ".kittify").exists()


def test_a_linked_file_is_somebody_elses(git: Repo, tmp_path: Path) -> None:
    target = tmp_path / "target.md"
    link = git.path / ".claude" / "commands" / "spec-kitty.plan.md"
    link.parent.mkdir(parents=True)
    link.symlink_to(target)

    answer = run_here("init", "--ai", "claude", "--json", cwd=git.path).ok().json()

    assert answer["kept_files"] == [str(link)]
    assert link.is_symlink()
    assert not target.exists()


def test_a_file_where_a_folder_must_be_leaves_nothing_behind(git: Repo) -> None:
    git.write(".codex", "not a folder\n")
    before = git.status()

    run_here("init", "--ai", "claude,codex", "--json", cwd=git.path).failed("FILE_UNUSABLE", 1)

    assert git.status() == before
    assert not (git.path / ".kittify").exists()
    assert not (git.path / ".claude").exists()


def test_a_read_only_folder_is_one_clear_error(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "locked")
    repo.path.chmod(0o555)
    failed = run_limited("init", "--ai", "claude", "--json", cwd=repo.path, mortal=True).failed("STATE_READ_ONLY", 1)
    repo.path.chmod(0o755)
    assert str(repo.path) in failed.json()["error"]
    assert repo.status() == ""


def test_a_read_only_file_system_is_one_clear_error(git: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", refuse)
        failure = run_here("init", "--ai", "claude", "--json", cwd=git.path).failed("STATE_READ_ONLY", 1).json()

    assert "Read-only file system" in failure["error"]
    assert git.status() == ""


def test_a_project_of_an_older_version_is_not_mixed_up(git: Repo) -> None:
    git.write(".kittify/metadata.yaml", "spec_kitty:\n  version: 0.13.28\n")
    before = git.status()

    run_here("init", "--ai", "claude", "--json", cwd=git.path).failed("UPGRADE_NEEDED", 1)

    assert git.status() == before


def test_a_malformed_config_is_named_with_its_line(git: Repo) -> None:
    git.write(".kittify/config.yaml", "agents:\n  available: [claude\n")

    failure = run_here("init", "--ai", "claude", "--json", cwd=git.path).failed("MALFORMED_YAML", 1).json()

    assert ".kittify/config.yaml" in failure["error"]
    assert failure["details"]["line"] >= 2
    assert not (git.path / "kitty-specs").exists()
