"""A tiny mission becomes a normal one: nothing is done anew, and nothing is lost."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.documents import functional_requirements
from specify_cli.core.promotion import requirements
from specify_cli.status.models import Lane
from tests.support import killing, soak
from tests.support.loop import Agent
from tests.support.missions import Mission
from tests.support.project import Project
from tests.support.stories import Story
from tests.support.tiny import TEXT, tiny_mission

WRITTEN = ["spec.md", "plan.md", "tasks.md", "tasks/WP01-mend-the-clock.md"]


def under_way(project: Project) -> Mission:
    """A tiny mission whose work package claude has begun."""
    mission = tiny_mission(project)
    agent = Agent(mission)
    agent.next()
    agent.next(result="success")
    return mission


def promote(mission: Mission) -> dict[str, object]:
    return mission.project.run("mission", "promote", "--mission", mission.slug, "--json").ok().json()


def test_work_under_way_goes_on_as_it_was(project: Project) -> None:
    mission = under_way(project)
    agent = Agent(mission)
    step, events, lanes = agent.next(), mission.status.events, (mission.folder / "lanes.json").read_bytes()
    commits = int(project.git("rev-list", "--count", "HEAD"))
    done = promote(mission)
    assert done["promoted"] is True
    assert sorted(str(done["written"]).count(name) for name in WRITTEN) == [1, 1, 1, 1]
    assert int(project.git("rev-list", "--count", "HEAD")) == commits + 1
    assert project.git.head() == done["commit"]
    assert project.git.status() == ""
    assert (mission.status.events, (mission.folder / "lanes.json").read_bytes()) == (events, lanes)
    after = agent.next()
    assert (after.action, after.wp_id, after.step_id, after.workspace_path) == (
        "implement", "WP01", step.step_id, step.workspace_path,
    )  # fmt: skip
    assert {each["code"] for each in after.warnings} == {"STEP_ALREADY_OPEN"}, "no planning step is missed"
    agent.work(after)
    agent.move("WP01", Lane.FOR_REVIEW)
    Agent(mission, "codex", "s2").approve("WP01")
    story = Story(mission)
    story.accept().ok()
    story.merge().ok()
    assert story.files()["src/wp01/work.txt"] == "work"


def test_the_documents_say_what_the_one_said(project: Project) -> None:
    mission = under_way(project)
    body = (mission.folder / "mission.md").read_text().partition("---\n\n")[2]
    promote(mission)
    texts = {name: (mission.folder / name).read_text() for name in WRITTEN}
    assert not (mission.folder / "mission.md").exists()
    assert texts[WRITTEN[3]].partition("---\n\n")[2] == body, "the prompt is kept byte for byte"
    spec = texts["spec.md"]
    assert functional_requirements(spec) == ["FR-001", "FR-007", "FR-002"]
    assert "The clock is late, and people miss their trains." in spec
    assert "- **FR-001**: The clock shows the time (`make clock`)\n  to the second\n" in spec
    assert "## Out of bounds\n\n- The bells" in spec
    assert "Wind it up" not in spec
    assert "## WP01 Mend the clock" in texts["tasks.md"]
    found = project.run("agent", "mission", "finalize-tasks", "--json").ok().json()
    assert found["requirement_refs_parsed"] == {"WP01": ["FR-001", "FR-007", "FR-002"]}
    assert (found["modified_wps"], found["commit_hash"], found["warnings"]) == ([], None, [])


def test_a_second_promotion_and_one_of_a_normal_mission_change_nothing(project: Project) -> None:
    mission = under_way(project)
    promote(mission)
    head = project.git.head()
    assert promote(mission)["promoted"] is False
    normal = Mission(project, project.create("normal"))
    (normal.folder / "mission.md").write_text("mine")
    project.git.commit("a document of my own")
    assert promote(normal)["promoted"] is False
    assert (normal.folder / "mission.md").read_text() == "mine"
    told = project.run("mission", "promote", "--mission", mission.slug).ok().out
    assert "is not tiny" in told
    assert head in project.git("rev-list", "HEAD")


def test_a_mission_that_is_not_written_yet_is_asked_for_as_a_normal_one(project: Project) -> None:
    mission = tiny_mission(project, None)
    told = project.run("mission", "promote").ok().out
    assert "spec.md" in told
    assert max(map(len, told.splitlines())) <= 80 or str(mission.folder) in told
    step = Agent(mission).next()
    assert step.action == "specify"
    assert "spec.md" in Agent(mission).prompt(step)


def test_documents_of_people_are_not_overwritten(project: Project) -> None:
    mission = under_way(project)
    (mission.folder / "spec.md").write_text("mine")
    (mission.folder / "tasks").mkdir()
    (mission.folder / "tasks/WP01-other.md").write_text("mine too")
    before = {path: path.read_bytes() for path in mission.folder.rglob("*") if path.is_file()}
    refused = project.run("mission", "promote", "--json").failed("DOCUMENT_IN_THE_WAY").json()
    assert refused["details"]["files"] == ["spec.md", "tasks/WP01-other.md"]
    assert refused["hint"].startswith(f"rm kitty-specs/{mission.slug}/spec.md ")
    assert {path: path.read_bytes() for path in mission.folder.rglob("*") if path.is_file()} == before


def test_without_its_document_there_is_nothing_to_promote(project: Project) -> None:
    mission = tiny_mission(project)
    (mission.folder / "mission.md").unlink()
    project.run("mission", "promote", "--json").failed("DOCUMENT_MISSING")


@pytest.mark.parametrize("kind", ["software-dev", "research", "documentation"])
def test_the_documents_are_those_of_the_type_and_lack_nothing(kind: str, project: Project) -> None:
    made = project.run("specify", "tea", "--size", "tiny", "--mission-type", kind, "--json").ok().json()
    mission = Mission(project, made["mission_slug"])
    (mission.folder / "mission.md").write_text(TEXT)
    project.run("tasks", "--json").ok()
    promote(mission)
    assert project.run("analyze", "--json").ok().json()["findings"] == []
    step = Agent(mission).next()
    assert (step.action, step.warnings) == ("implement", [])


@pytest.mark.soak
def test_killed_at_any_point_it_is_the_one_or_the_other_and_can_be_repeated(project: Project, tmp_path: Path) -> None:
    mission = under_way(project)
    template = tmp_path / "template"
    shutil.copytree(project.path, template, symlinks=True)
    words = ("mission", "promote", "--mission", mission.slug, "--json")
    whole = killing.run(*words, cwd=project.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    after = documents(mission.folder)
    points = [point for point in whole.points if point.kind.startswith(("replace", "unlink", "git"))]
    if not soak.FULL:
        points = [point for point in points if re.search(r"meta\.json|mission\.md|plan\.md|git commit", point.kind)]
    assert points
    for point in points:
        shutil.rmtree(project.path)
        shutil.copytree(template, project.path, symlinks=True)
        ended = killing.run(*words, cwd=project.path, scratch=tmp_path, at=point.number, how="before")
        assert ended.killed, f"{point}: {ended.said}"
        for lock in (project.path / ".git").glob("*.lock"):
            lock.unlink()
        assert Agent(mission).next().wp_id == "WP01", point
        project.run(*words).ok()
        assert documents(mission.folder) == after, point
        assert project.git.status() == "", point


def documents(folder: Path) -> dict[str, str]:
    """The documents of a mission, and nothing of a log."""
    names = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".md", ".json")]
    return {str(path.relative_to(folder)): path.read_text() for path in names}


# -- criteria ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("It works.\nReally.", {"FR-001": "It works.\n  Really."}),
        ("- a\n- b", {"FR-001": "a", "FR-002": "b"}),
        ("1. a\n   - inner\n2) [x] b", {"FR-001": "a\n  - inner", "FR-002": "b"}),
        ("- **FR-001**: a\n- b\n* NFR-003 c", {"FR-001": "**FR-001**: a", "FR-002": "b", "NFR-003": "NFR-003 c"}),
        ("- FR-001 a\n- FR-001 b", {"FR-001": "FR-001 a", "FR-002": "FR-001 b"}),
    ],
)
def test_every_criterion_becomes_a_requirement(text: str, found: dict[str, str]) -> None:
    assert requirements(text) == found


@given(st.lists(st.text(alphabet="ab FR-01\u00e9", min_size=1, max_size=12).map(str.strip).filter(bool)))
def test_no_criterion_is_lost(items: list[str]) -> None:
    found = requirements("\n".join(f"- {item}" for item in items))
    assert list(found.values()) == items
