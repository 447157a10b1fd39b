"""What `init` tells a person to do next."""

from __future__ import annotations

import re
from pathlib import Path

from specify_cli.cli.commands import TABLE
from specify_cli.cli.lazy import every_command
from tests.support.cli import run_here
from tests.support.git import Repo


def test_it_says_to_commit_and_names_the_loop_and_the_verbs(git: Repo) -> None:
    said = run_here("init", "--ai", "codex", cwd=git.path).ok().out

    assert (
        "Commit these files: git add .kittify kitty-specs .codex/skills .codex/rules/spec-kitty.rules && git commit"
        in said
    )
    assert "spec-kitty next --agent codex --mission SLUG" in said
    assert "spec-kitty agent action implement WP --agent codex" in said
    assert "spec-kitty agent action review WP --agent codex" in said


def test_it_never_names_the_internal_command(git: Repo) -> None:
    said = run_here("init", "--ai", "claude,codex,opencode", cwd=git.path).ok().out

    assert not re.search(r"spec-kitty\s+implement", said)
    assert not re.search(r"/spec-kitty\.implement", said)


def test_every_command_it_names_exists(git: Repo) -> None:
    steps = run_here("init", "--ai", "claude", "--json", cwd=git.path).ok().json()["next_steps"]

    named = [match for step in steps for match in re.findall(r"spec-kitty(?: [a-z][a-z-]*)+", step)]
    known = every_command(TABLE, "spec-kitty")
    assert named
    for words in named:
        assert any(words == command or words.startswith(command + " ") for command in known), words


def test_the_suggested_commit_leaves_a_clean_tree(git: Repo) -> None:
    run_here("init", "--ai", "claude,codex,opencode", cwd=git.path).ok()

    git("add", ".kittify", "kitty-specs", ".claude/commands", ".codex/skills", ".codex/rules", ".opencode/commands")
    git("commit", "-q", "-m", "Set up spec-kitty")

    assert git.status() == ""


def test_it_says_what_to_type_for_each_agent(git: Repo) -> None:
    answer = run_here("init", "--ai", "codex", "--json", cwd=git.path).ok().json()

    assert any("$spec-kitty-specify in your agent" in step for step in answer["next_steps"])
    assert "that you trust" in answer["hints"][0]
    other = run_here("init", "other", "--ai", "claude", "--json", cwd=git.path.parent).ok().json()
    assert other["hints"] == []
    assert any("/spec-kitty.specify in your agent" in step for step in other["next_steps"])


def test_without_git_it_names_git_init_first(tmp_path: Path) -> None:
    answer = run_here("init", "--ai", "claude", "--json", cwd=tmp_path).ok().json()

    assert "git init" in answer["next_steps"][0]
    assert answer["next_steps"][1].startswith("Commit these files")
