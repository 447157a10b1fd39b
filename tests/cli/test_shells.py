from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from specify_cli.cli import shells
from specify_cli.kernel.errors import NotFound, Refused
from tests.support.cli import SCRIPT, run_script
from tests.support.git import Repo


@pytest.fixture
def home() -> Path:
    return Path.home()


@pytest.fixture
def missions(git: Repo) -> Repo:
    """A repository with two missions and the settings of a project."""
    git.write(".kittify/config.yaml", "agents:\n  available: [claude, codex]\n")
    for slug, names in {"001-tea-timer": ("WP01-clock", "WP02-bell"), "002-cup": ("WP07-handle",)}.items():
        for name in names:
            git.write(f"kitty-specs/{slug}/tasks/{name}.md", "# x\n")
    git.write("kitty-specs/003-$(touch pwned) x/spec.md", "")
    return git


def bash(line: str, cwd: Path) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    env = {"_SPEC_KITTY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = run_script(cwd=cwd, env=env).ok()
    assert done.err == ""
    return done.out.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("spec-kitty ver", ["verify-setup"]),
        ("spec-kitty mis", ["mission"]),
        ("spec-kitty agent ta", ["tasks"]),
        ("spec-kitty agent tasks mo", ["move-task"]),
        ("spec-kitty spe", []),
        ("spec-kitty agent mission mer", []),
    ],
)
def test_commands_are_completed_from_the_table_without_the_hidden_ones(
    line: str, offered: list[str], tmp_path: Path
) -> None:
    assert bash(line, tmp_path) == offered


def test_values_are_live(missions: Repo) -> None:
    move = "spec-kitty agent tasks move-task"
    assert bash(f"{move} --mission 0", missions.path) == ["001-tea-timer", "002-cup"]
    assert bash(f"{move} WP", missions.path) == ["WP01", "WP02", "WP07"]
    assert bash(f"{move} --mission 002-cup WP", missions.path) == ["WP07"]
    assert bash(f"{move} WP", missions.path / "kitty-specs" / "001-tea-timer" / "tasks") == ["WP01", "WP02"]
    assert bash(f"{move} WP01 --to for_", missions.path) == ["for_review"]
    assert bash(f"{move} WP01 --agent c", missions.path) == ["claude", "codex"]


def test_agents_of_the_table_are_offered_one_after_another(tmp_path: Path) -> None:
    assert bash("spec-kitty init --ai cod", tmp_path) == ["codex", "codebuddy"]
    assert bash("spec-kitty agent config add claude,gem", tmp_path) == ["claude,gemini"]


def test_outside_a_project_nothing_is_offered(tmp_path: Path) -> None:
    for value in ("--mission", "--agent", ""):
        assert bash(f"spec-kitty agent tasks move-task {value} x", tmp_path) == []


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_every_shell_gets_an_answer_in_its_own_form(shell: str, missions: Repo) -> None:
    env = {
        "_SPEC_KITTY_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "spec-kitty agent tasks mov",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": "mov",
    }
    out = run_script(cwd=missions.path, env=env).ok().out
    assert "move-task" in out
    assert "Move a work package to another lane." in out


@pytest.mark.parametrize("shell", shells.SHELLS)
def test_every_shell_has_a_script_that_asks_the_program(shell: str) -> None:
    reply = shells.show(shell)
    assert "_SPEC_KITTY_COMPLETE" in str(reply.text)
    assert "spec-kitty" in str(reply.text)


@pytest.mark.parametrize(("shell", "start"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", None)])
def test_installing_adds_to_what_is_there_and_once_only(shell: str, start: str | None, home: Path) -> None:
    if start:
        (home / start).write_text("alias ll='ls -l'", encoding="utf-8")
    first = shells.install(shell)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    again = shells.install(shell)
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert isinstance(first.data, dict)
    assert isinstance(again.data, dict)
    assert (first.data["changed"], again.data["changed"]) == (True, False)
    if start:
        lines = (home / start).read_text(encoding="utf-8").splitlines()
        assert lines[0] == "alias ll='ls -l'"
        assert len(lines) == 2


def test_powershell_says_itself_where_its_profile_is(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = home / "PowerShell" / "profile.ps1"
    fake = tmp_path / "bin" / "pwsh"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho '{profile}'\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    shells.install("pwsh")
    assert profile.read_text(encoding="utf-8") == f". '{profile.parent / 'spec-kitty-completion.ps1'}'\n"
    fake.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    with pytest.raises(NotFound, match="does not say"):
        shells.install("pwsh")


def test_an_unknown_shell_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/ksh")
    monkeypatch.setattr(shells, "SHELLS", ("fish",))
    with pytest.raises(Refused, match="completion knows fish") as caught:
        shells.detect()
    assert caught.value.code == "SHELL_UNKNOWN"


def test_the_options_of_the_script_answer_in_both_forms(home: Path) -> None:
    env = {"SHELL": "/bin/bash"}
    shown = run_script("--show-completion", "--json", env=env).ok().json()
    assert shown["shell"] in shells.SHELLS
    installed = run_script("--install-completion", "--json", env=env).ok().json()
    assert all(Path(path).is_relative_to(home) for path in installed["files"])
    assert "Already installed" in run_script("--install-completion", env=env).out


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_the_installed_script(missions: Repo, home: Path) -> None:
    shells.install("bash")
    ask = (
        "COMP_WORDS=(spec-kitty agent tasks mov); COMP_CWORD=3; _spec_kitty_completion spec-kitty; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", f"source '{home}/.bashrc'; {ask}"],
        cwd=missions.path,
        env={**os.environ, "PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["move-task"], done.stderr
