"""`init` again: nothing changes, and it says so; with another agent, exactly that is added."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from specify_cli.kernel.config import parse_config
from tests.support.cli import run_here, run_script
from tests.support.elsewhere import needs_posix
from tests.support.git import Repo


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file outside the git folder."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.mark.parametrize("again", [(), ("--ai", "codex"), ("--ai", "claude,codex", "--yes"), ("--non-interactive",)])
def test_a_second_run_changes_nothing_and_says_so(git: Repo, again: tuple[str, ...]) -> None:
    run_here("init", "--ai", "claude,codex", cwd=git.path).ok()
    before = snapshot(git.path)

    said = run_here("init", *again, cwd=git.path).ok()
    answer = run_here("init", *again, "--json", cwd=git.path).ok().json()

    assert "nothing was changed" in said.out
    assert answer["changed"] is False
    assert answer["created_files"] == answer["updated_files"] == answer["kept_files"] == []
    assert snapshot(git.path) == before


def test_another_agent_is_added_to_files_and_config(git: Repo) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    before = snapshot(git.path)
    old = parse_config((git.path / ".kittify/config.yaml").read_text())

    answer = run_here("init", "--ai", "opencode", "--json", cwd=git.path).ok().json()

    after = snapshot(git.path)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {".kittify/config.yaml", ".kittify/manifest.json"}
    assert {name.rpartition("/")[0] for name in after.keys() - before.keys()} == {".opencode/commands"}
    new = parse_config((git.path / ".kittify/config.yaml").read_text())
    assert new.agents == ("claude", "opencode")
    assert new.project_uuid == old.project_uuid
    assert answer["agents"] == ["claude", "opencode"]
    assert run_here("init", "--json", cwd=git.path).ok().json()["changed"] is False


def test_an_edited_command_file_stays_edited(git: Repo) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    edited = git.write(".claude/commands/spec-kitty.plan.md", "ours now\n")

    answer = run_here("init", "--json", cwd=git.path).ok().json()

    assert answer["changed"] is False
    assert answer["kept_files"] == [str(edited)]
    assert edited.read_text() == "ours now\n"


def test_settings_of_a_person_survive_another_agent(git: Repo) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    config = git.path / ".kittify/config.yaml"
    config.write_text(config.read_text() + "protected: [main]   # always\n")

    run_here("init", "--ai", "codex", cwd=git.path).ok()

    assert "protected: [main]   # always" in config.read_text()
    assert "# merge, squash or rebase" in config.read_text()


def test_what_a_crash_left_out_is_completed(git: Repo) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    whole = snapshot(git.path)
    for name in (".kittify/metadata.yaml", "kitty-specs/.gitignore", ".claude/commands/spec-kitty.next.md"):
        (git.path / name).unlink()

    answer = run_here("init", "--json", cwd=git.path).ok().json()

    assert len(answer["created_files"]) == 3
    assert snapshot(git.path).keys() == whole.keys()
    assert run_here("init", "--json", cwd=git.path).ok().json()["changed"] is False


def test_line_endings_of_a_checkout_are_no_edit(git: Repo) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    for path in (git.path / ".claude").rglob("*.md"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert run_here("init", "--json", cwd=git.path).ok().json()["kept_files"] == []


def test_a_clone_is_a_project_already(git: Repo, tmp_path: Path) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    git.commit("Set up spec-kitty")
    clone = tmp_path / "clone"
    git("clone", "-q", ".", str(clone))

    assert run_here("init", "--json", cwd=clone).ok().json()["changed"] is False


def test_a_failure_in_mid_write_takes_everything_back(git: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = []

    def failing(source: str, target: Path) -> None:
        replaced.append(target)
        if len(replaced) == 9:
            raise OSError(28, "No space left on device")
        Path(source).rename(target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing)
        run_here("init", "--ai", "claude", "--json", cwd=git.path).failed("DISK_FULL", 1)

    assert len(replaced) == 9
    assert git.status() == ""
    assert sorted(path.name for path in git.path.iterdir()) == [".git", "README.md"]


def test_a_failure_while_adding_an_agent_leaves_the_old_state(git: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    run_here("init", "--ai", "claude", cwd=git.path).ok()
    before = {name: content for name, (content, _) in snapshot(git.path).items()}
    replaced = []

    def failing(source: str, target: Path) -> None:
        replaced.append(target)
        if len(replaced) == 5:
            raise OSError(28, "No space left on device")
        Path(source).rename(target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing)
        run_here("init", "--ai", "codex", "--json", cwd=git.path).failed("DISK_FULL", 1)

    assert {name: content for name, (content, _) in snapshot(git.path).items()} == before
    assert not (git.path / ".codex").exists()


@needs_posix("Windows holds no folder, so nobody waits where there is no lock file yet")
def test_many_at_once_lose_no_agent(git: Repo) -> None:
    """Also the first of all, when there is no lock file yet; and nothing is left behind for it."""
    keys = ("claude", "codex", "gemini", "cursor", "opencode", "qwen", "roo", "amp")
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda key: run_script("init", "--ai", key, "--json", cwd=git.path), keys))
    assert {each.ok().json()["result"] for each in done} == {"success"}
    config = parse_config((git.path / ".kittify" / "config.yaml").read_text(encoding="utf-8"))
    assert sorted(config.agents) == sorted(keys)
    assert run_here("init", "--json", cwd=git.path).ok().json()["changed"] is False
    assert not (git.path / ".git" / "spec-kitty").exists()
