"""The charter: written once, shown, and told in the prompts of the actions it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import SCRIPT
from tests.support.loop import Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project
from tests.support.terminal import at_a_terminal


def written(project: Project) -> Path:
    return project.path / ".kittify/charter/charter.md"


def test_the_defaults_are_written_and_never_over_anything(project: Project) -> None:
    made = project.run("charter", "init", "--defaults", "--json").ok().json()
    path = written(project)
    assert made["path"] == str(path)
    text = path.read_text()
    assert text.startswith(f"# Charter of {project.path.name}\n")
    assert "{{" not in text
    assert project.git.status() == "?? .kittify/charter/charter.md"
    path.write_text("# Ours\n")
    refused = project.run("charter", "init", "--defaults", "--json").failed("CHARTER_EXISTS", 1).json()
    assert refused["hint"] == "spec-kitty charter show"
    assert path.read_text() == "# Ours\n"


def test_at_a_terminal_it_is_an_interview(project: Project) -> None:
    shown = at_a_terminal(SCRIPT, "charter", "init", cwd=project.path, typed="Tea for all\n\nmake test\n\n\n\n")
    assert "6 questions" in shown
    text = written(project).read_text()
    assert "## Purpose\n\nTea for all\n" in text
    assert "\nmake test\n" in text
    assert "What the repository uses already." in text


def test_nobody_is_asked_where_nobody_can_answer(project: Project) -> None:
    for words in ((), ("--json",)):
        refused = project.run("charter", "init", *words).failed(exit_code=2)
        assert "charter init --defaults" in refused.out + refused.err
    assert not written(project).exists()


def test_a_folder_that_is_no_project_gets_none(project: Project) -> None:
    (project.path / ".kittify/config.yaml").unlink()
    project.run("charter", "init", "--defaults", "--json").failed("NOT_INITIALIZED")


def test_a_link_out_of_the_project_is_not_written_through(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    written(project).parent.symlink_to(tmp_path / "elsewhere")
    project.run("charter", "init", "--defaults", "--json").failed("SYMLINK_REFUSED")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_it_is_shown_with_who_reads_what(project: Project) -> None:
    project.run("charter", "show", "--json").failed("CHARTER_MISSING")
    project.run("charter", "init", "--defaults").ok()
    found = project.run("charter", "show", "--json").ok().json()
    assert found["text"] == written(project).read_text().strip()
    readers = {each["title"]: each["actions"] for each in found["sections"]}
    assert (readers["Purpose"], readers["Reviews"]) == ([], ["review", "accept"])
    assert "## Reviews" in project.run("charter", "show").ok().out


def test_the_context_of_an_action(project: Project) -> None:
    empty = project.run("charter", "context", "--action", "plan", "--json").ok().json()
    assert (empty["present"], empty["text"]) == (False, "")
    project.run("charter", "init", "--defaults").ok()
    found = project.run("charter", "context", "--action", "tasks_outline", "--json").ok().json()
    assert found["sections"] == ["Purpose", "Languages and tools", "Tests", "Boundaries"]
    assert found["left_out"] == ["Quality", "Reviews"]
    assert found["characters"] == len(found["text"]) <= found["limit"]
    project.git.write(".kittify/missions/broken/mission.yaml", "key: [")
    project.run("charter", "context", "--action", "challenge", "--json").ok()
    refused = project.run("charter", "context", "--action", "dance", "--json").failed("UNKNOWN_ACTION", 2)
    assert "implement" in refused.json()["details"]["known"]
    told = project.run("charter", "context", "--action", "review").ok().out
    assert "## Reviews" in told


@pytest.mark.parametrize("action", ["specify", "implement", "review"])
def test_prompts_hold_what_their_action_is_told(action: str, project: Project) -> None:
    path = written(project)
    path.parent.mkdir()
    path.write_text(
        "# Rules\n\n## Drafts\n\n<!-- for: specify -->\n\nDraft.\n\n## Work\n\n<!-- for: implement -->\n\nBuild.\n\n"
        "## Checks\n\n<!-- for: review -->\n\nJudge.\n"
    )
    mission = Mission(project, project.create()) if action == "specify" else finalized_mission(project)
    agent = Agent(mission)
    step = agent.next()
    if action == "review":
        agent.work(step)
        agent.move("WP01", Lane.FOR_REVIEW)
        agent = Agent(mission, "codex", "s2")
        step = agent.next()
    assert step.action == action
    told = {"specify": "Draft.", "implement": "Build.", "review": "Judge."}
    assert [word for word in told.values() if word in agent.prompt(step)] == [told[action]]
