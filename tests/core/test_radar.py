"""The collision radar: open missions on any branch that are to write the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.core.radar import notices, radar
from specify_cli.kernel.paths import discover
from specify_cli.lanes.collisions import Owner, collisions
from specify_cli.status.models import Lane
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task, write_documents
from tests.support.stories import story

SOURCES = Task("WP01", owns=("src/**",))
ONE_FILE = Task("WP02", owns=("docs/**", "src/a.py"))


def seen(project: Project, slug: str | None = None) -> list[str]:
    found = radar(discover(project.path), slug)
    return [f"{each.one}, {each.other}" for each in found]


def on_a_branch(project: Project, name: str, branch: str, *tasks: Task) -> Mission:
    """A finalized mission on a branch that no checkout has afterwards."""
    words = ("agent", "mission", "create", name, "--start-branch", branch, "--json")
    slug = str(project.run(*words).ok().json()["mission_slug"])
    write_documents(project.folder(slug), tasks)
    project.run("agent", "mission", "finalize-tasks", "--mission", slug, "--json").ok()
    project.git("switch", "-q", "main")
    return Mission(project, slug)


def test_missions_of_one_branch_and_of_others_are_held_against_each_other(project: Project) -> None:
    finalized_mission(project, SOURCES, name="one")
    on_a_branch(project, "two", "feature/two", ONE_FILE)
    on_a_branch(project, "three", "feature/three", Task("WP01", owns=("SRC/A.py", "lib/**")))
    finalized_mission(project, Task("WP01", owns=("lib/x/**",)), name="four")
    before = project.git("for-each-ref"), project.git.status()
    assert seen(project) == [
        "001-one WP01, 002-two WP02",
        "001-one WP01, 003-three WP01",
        "002-two WP02, 003-three WP01",
        "003-three WP01, 004-four WP01",
    ]
    assert seen(project, "004-four") == ["003-three WP01, 004-four WP01"]
    assert (project.git("for-each-ref"), project.git.status()) == before


@pytest.mark.parametrize("lane", [Lane.CANCELED, Lane.DONE])
def test_work_that_is_over_collides_with_nothing(project: Project, lane: Lane) -> None:
    finalized_mission(project, SOURCES, name="one")
    other = on_a_branch(project, "two", "feature/two", ONE_FILE)
    assert len(seen(project)) == 1
    other.force("WP02", lane)
    assert seen(project) == []


def test_a_merged_mission_collides_with_nothing(project: Project) -> None:
    found = story(project, SOURCES, name="one")
    finalized_mission(project, ONE_FILE, name="two")
    assert len(seen(project)) == 1
    found.do("WP01", src__a_py="a = 1\n")
    assert len(seen(project)) == 1, "approved is not merged"
    found.accept().ok()
    found.merge().ok()
    assert seen(project) == []


def test_the_copy_of_a_mission_on_another_branch_is_none(project: Project) -> None:
    finalized_mission(project, SOURCES, name="one")
    project.git("branch", "copy")
    project.git("switch", "-q", "-c", "elsewhere")
    assert seen(project) == []


def test_a_mission_without_lanes_or_with_broken_files_is_left_out(project: Project) -> None:
    finalized_mission(project, SOURCES, name="one")
    created_mission(project, ONE_FILE, name="two")
    broken = finalized_mission(project, ONE_FILE, name="three")
    odd = finalized_mission(project, ONE_FILE, name="four")
    (broken.folder / "lanes.json").write_text("{", encoding="utf-8")
    (odd.folder / "tasks/WP02-work.md").write_text("no header\n", encoding="utf-8")
    (project.path / "kitty-specs/notes").mkdir()
    assert seen(project) == []


def test_of_very_many_a_few_are_named() -> None:
    owners = [Owner(f"{number:03d}-m", "WP01", ("src/a.py",)) for number in range(8)]
    told = notices(collisions(owners))
    assert len(told) == 21
    assert told[-1].message == "8 more pairs of missions write the same files"


def test_outside_git_there_is_nothing_to_see(tmp_path: Path) -> None:
    assert radar(discover(tmp_path)) == []


@pytest.mark.parametrize("words", [(), ("--validate-only",)])
def test_finalize_tasks_warns(project: Project, words: tuple[str, ...]) -> None:
    on_a_branch(project, "one", "feature/one", SOURCES)
    mission = created_mission(project, ONE_FILE, Task("WP03", owns=("src/b.py",)), name="two")
    done = project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, *words, "--json").ok().json()
    (told,) = (each for each in done["warnings"] if each["code"] == "MISSIONS_COLLIDE")
    assert told["message"] == (
        "001-one WP01 and 002-two WP02 both write src/** ~ src/a.py; "
        "001-one WP01 and 002-two WP03 both write src/** ~ src/b.py"
    )
    assert told["hint"] == "spec-kitty status --mission 001-one"


def test_what_was_planned_before_does_not_count_once_it_is_planned_anew(project: Project) -> None:
    finalized_mission(project, SOURCES, name="one")
    mission = finalized_mission(project, Task("WP02", owns=("lib/**",)), name="two")
    prompt = mission.folder / "tasks/WP02-work.md"
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("lib/**", "src/a.py"), encoding="utf-8")
    done = project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json").ok().json()
    assert "MISSIONS_COLLIDE" in [each["code"] for each in done["warnings"]]


def test_doctor_finds_it(project: Project) -> None:
    many = tuple(Task(f"WP{number:02d}", owns=(f"src/{number}.py",)) for number in range(1, 8))
    finalized_mission(project, SOURCES, name="one")
    finalized_mission(project, *many, name="two")
    answer = project.run("doctor", "merge", "--json").ok().json()
    (told,) = answer["findings"]
    assert (told["code"], told["severity"]) == ("MISSIONS_COLLIDE", "warning")
    assert told["message"].startswith("001-one WP01 and 002-two WP01 both write src/** ~ src/1.py; ")
    assert told["message"].endswith(" and 2 pairs more")
    of_one = project.run("doctor", "merge", "--mission", "001-one", "--json").ok().json()["findings"]
    assert [each["fix"] for each in of_one] == ["spec-kitty status --mission 002-two"]
