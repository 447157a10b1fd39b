"""A tiny mission through the loop: one document, then the same work, review, accept and merge as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.loop import Agent
from tests.support.project import Project
from tests.support.stories import Story
from tests.support.tiny import TEXT, tiny_mission


def test_from_one_document_to_merged_code(project: Project) -> None:
    mission = tiny_mission(project)
    claude, codex = Agent(mission), Agent(mission, "codex", "s2")
    step = claude.next()
    assert (step.kind, step.action, step.guard_failures) == ("step", "specify", [])
    assert "mission.md" in claude.prompt(step)
    handed = claude.next(result="success")
    assert (handed.action, handed.wp_id) == ("implement", "WP01"), "its lane is computed at once"
    assert project.git("log", "-1", "--format=%s") == f"spec-kitty({mission.slug}): specify done"
    assert project.git.status() == ""
    prompt = claude.prompt(handed)
    assert "The clock is late" in prompt
    assert "`src/wp01/**`" in prompt
    claude.work(handed)
    claude.move("WP01", Lane.FOR_REVIEW)
    codex.reject("WP01")
    assert "Wrong: mend it." in claude.prompt(claude.next())
    claude.work(handed, "better\n")
    claude.move("WP01", Lane.FOR_REVIEW)
    codex.approve("WP01")
    assert (mission.folder / "tasks/WP01/review-cycle-1.md").is_file()
    story = Story(mission)
    story.accept().ok()
    story.merge().ok()
    assert story.files()["src/wp01/work.txt"] == "better"
    assert claude.next().kind == "terminal"
    assert not (mission.folder / "spec.md").exists()


def test_an_unfinished_document_is_not_handed_on(project: Project) -> None:
    mission = tiny_mission(project, None)
    agent = Agent(mission)
    agent.next()
    told = agent.next(result="success")
    assert told.action == "specify"
    assert len(told.guard_failures) == 4, told.guard_failures
    assert mission.place.read("lanes.json") is None


def test_what_keeps_the_lane_from_being_computed_is_told(project: Project) -> None:
    mission = tiny_mission(project, TEXT.replace('owned_files: ["src/wp01/**"]\n', ""))
    agent = Agent(mission)
    agent.next()
    told = agent.next(result="success")
    assert told.action == "specify"
    assert "WP01" in told.guard_failures[0]
    assert mission.place.read("lanes.json") is None


def test_a_question_in_the_document_is_asked(project: Project) -> None:
    mission = tiny_mission(project, TEXT.replace("the time", "[NEEDS CLARIFICATION: which time?]"))
    told = Agent(mission).next()
    assert (told.kind, told.question) == ("decision_required", "which time?")


def test_placeholders_put_in_after_finalize_are_asked_for_again(project: Project) -> None:
    mission = tiny_mission(project)
    project.run("agent", "mission", "finalize-tasks", "--json").ok()
    assert Agent(mission).next().action == "implement"
    other = tiny_mission(project, name="another")
    project.run("tasks", "--mission", other.slug, "--json").ok()
    path = other.folder / "mission.md"
    path.write_text(path.read_text().replace("Wind it up", "[FILL: what]"))
    assert Agent(other).next().action == "specify"


def test_a_document_that_a_person_committed_needs_no_report(project: Project) -> None:
    mission = tiny_mission(project)
    project.git.commit("the mission, by hand")
    step = Agent(mission).next()
    assert step.action == "tasks_finalize"
    project.run("tasks", "--json").ok()
    assert Agent(mission).next(result="success").action == "implement"


def test_commands_know_its_document(project: Project) -> None:
    made = project.run("agent", "mission", "create", "tea", "--size", "tiny", "--json").ok().json()
    assert made["size"] == "tiny"
    assert Path(made["spec_file"]).name == "mission.md"
    assert [Path(each).name for each in made["created_files"]] == ["meta.json", "mission.md"]
    found = project.run("agent", "mission", "check-prerequisites", "--json").ok().json()
    assert (found["missing"], Path(found["spec_file"]).name) == ([], "mission.md")
    refused = project.run("plan", "--json").failed("MISSION_IS_TINY")
    assert refused.json()["hint"] == "spec-kitty mission promote --mission 001-tea"
    project.run("agent", "mission", "create", "tea", "--size", "huge", "--json").failed(exit_code=2)
    project.run("agent", "mission", "create", "tea", "--size", "tiny", "--mission-type", "plan", "--json").failed(
        "SIZE_UNSUITABLE", 2
    )


def test_a_full_mission_begins_with_more_documents(project: Project) -> None:
    made = project.run("agent", "mission", "create", "tea", "--size", "full", "--json").ok().json()
    names = [Path(each).relative_to(made["feature_dir"]).as_posix() for each in made["created_files"]]
    assert names == [
        "meta.json", "spec.md", "research.md", "data-model.md", "contracts/README.md", "checklists/requirements.md",
    ]  # fmt: skip
    texts = [Path(each).read_text() for each in made["created_files"]]
    assert not [text for text in texts if "{{" in text]
    assert project.git.status() == ""


@pytest.mark.parametrize("kind", ["software-dev", "research", "documentation"])
def test_every_type_with_work_packages_has_tiny_missions(project: Project, kind: str) -> None:
    made = project.run("specify", "tea", "--size", "tiny", "--mission-type", kind, "--json").ok().json()
    (Path(made["feature_dir"]) / "mission.md").write_text(TEXT)
    project.run("next", "--agent", "claude", "--json").ok()
    step = project.run("next", "--agent", "claude", "--result", "success", "--json").ok().json()
    assert (step["action"], step["mission_type"]) == ("implement", kind)
