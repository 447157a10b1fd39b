"""A mission of every type, and a tiny one, driven to its end by agents that do only what the prompts say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.core.mission_types import load_mission_type
from specify_cli.kernel.paths import discover
from tests.support.cli import run_script
from tests.support.following import drive
from tests.support.git import Repo, make_repo
from tests.support.trades import START, TINY, TRADES, Trade

pytestmark = pytest.mark.e2e
PROMPTS = ".kittify/runtime/prompts"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = make_repo(tmp_path / "guests")
    run_script("init", "--ai", "claude,codex", "--non-interactive", "--json", cwd=repo.path).ok()
    for name, text in START.items():
        repo.write(name, text)
    repo.commit("Set up spec-kitty")
    return repo


@pytest.mark.parametrize("trade", [*TRADES, TINY], ids=lambda trade: trade.slug)
def test_a_mission_is_driven_to_its_end_by_its_prompts(repo: Repo, trade: Trade) -> None:
    maker, judge = drive(repo.path, trade)

    folder = repo.path / "kitty-specs" / maker.mission
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert (meta["mission_type"], meta["merged_into"]) == (trade.type, "main")
    assert meta["accepted_by"] == "claude"
    for name, text in trade.files.items():
        assert (repo.path / name).read_text(encoding="utf-8") == text
    for name in trade.documents:
        assert (folder / name).is_file()
    board = run_script("status", "--mission", maker.mission, "--json", cwd=repo.path).ok().json()
    assert {each["id"]: each["lane"] for each in board["work_packages"]} == dict.fromkeys(trade.work, "done")
    assert repo.status() == ""
    kind = load_mission_type(trade.type, discover(repo.path))
    prompts = [path.read_text(encoding="utf-8") for path in (repo.path / PROMPTS / maker.mission).iterdir()]
    for step in kind.steps if trade.size == "normal" else ():
        assert any(step.goal in prompt for prompt in prompts), f"no prompt says what {step.name} is about"
    reviewed = [line for line in judge.ran if "move-task" in line]
    assert len(reviewed) == len(trade.work)
    after = run_script("next", "--agent", "claude", "--mission", maker.mission, "--json", cwd=repo.path).ok().json()
    assert (after["kind"], after["mission_state"]) == ("terminal", "merged")


LETTER = """key: letter
title: Letters
description: From an occasion to a letter.
required_artifacts: [letter.md]
steps:
  - name: write
    kind: document
    title: Write the letter
    goal: Say one thing.
    command: write
    document: letter.md
    template: form.md
    headings: [Text]
    needs: [headings]
  - {name: accept, kind: accept, title: Accept, goal: Show that it can be sent., command: accept}
"""


def test_a_type_of_the_projects_own_is_driven_to_its_end(repo: Repo) -> None:
    """With a document, a form of another name and a command that only this project has."""
    repo.write(".kittify/missions/letter/mission.yaml", LETTER)
    repo.write(".kittify/missions/letter/templates/form.md", "# {{title}}\n\n## Text\n\n[FILL: the letter]\n")
    repo.write(
        ".kittify/overrides/command-templates/write.md",
        "---\ndescription: Write.\n---\n# Write\n\n## Steps\n\n"
        "1. See that it is yours:\n\n       spec-kitty next --agent {{agent}} --mission {{mission}} --json\n",
    )
    repo.commit("A type of our own")
    trade = Trade("letter", {"letter.md": "# Thanks\n\n## Text\n\nThank you.\n"})

    maker, _ = drive(repo.path, trade)

    assert (repo.path / "kitty-specs" / maker.mission / "letter.md").read_text(encoding="utf-8").endswith("you.\n")
    assert repo.status() == ""
