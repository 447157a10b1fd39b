"""`spec-kitty import`: a small real-looking project of every tool becomes missions that can be worked on."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.importing import TOOLS, beside, picture
from tests.support.journey import Journey
from tests.support.project import Project, Task
from tests.support.source import ROOT


@pytest.mark.parametrize("tool", TOOLS)
def test_a_project_becomes_missions(project: Project, tool: str, snapshot: SnapshotAssertion) -> None:
    source = beside(project, tool)
    before, listed = source.files(), source.run("--dry-run")
    assert project.git.status() == ""
    assert not [path for path in (project.path / "kitty-specs").iterdir() if path.is_dir()], "a dry run writes nothing"
    done = source.run()
    assert source.files() == before, "nothing of the source is changed"
    assert project.git.status() == ""
    assert picture(project) == snapshot
    assert [each["slug"] for each in listed["missions"]] == [each["slug"] for each in done["missions"]]
    assert [each["work_packages"] for each in listed["missions"]] == [
        each["work_packages"] for each in done["missions"]
    ]
    assert {"documents": listed["missions"][0]["documents"]} == {"documents": done["missions"][0]["documents"]}
    assert [each["action"] for each in done["missions"]] == ["create"] * len(done["missions"])
    commits = project.git("rev-list", "--count", "HEAD")
    assert int(commits) == 2 + len(done["missions"]), "one commit a mission"
    again = source.run()
    assert {each["action"] for each in again["missions"]} == {"nothing"}
    assert project.git("rev-list", "--count", "HEAD") == commits
    assert [each["mission_slug"] for each in again["missions"]] == [each["mission_slug"] for each in done["missions"]]


@pytest.mark.parametrize("tool", TOOLS)
def test_an_agent_goes_on_from_there(project: Project, tool: str) -> None:
    """Every open mission hands something out, or asks; every closed one is over. Nothing is wrong with any."""
    done = beside(project, tool).run()
    for mission in done["missions"]:
        at = ("--mission", mission["mission_slug"], "--json")
        assert project.run("agent", "status", "validate", *at).ok().json()["result"] == "valid"
        answer = project.run("next", "--agent", "claude", *at).json()
        kinds = ("terminal",) if mission["closed"] else ("step", "decision_required")
        assert answer["kind"] in kinds, answer
        assert [each["code"] for each in answer["warnings"] if each["code"] != "SESSION_UNKNOWN"] == []
        if mission["work_packages"] and not mission["closed"]:
            again = project.run("agent", "mission", "finalize-tasks", *at).ok().json()
            assert again["modified_wps"] == []
    project.run("doctor", "log", "--json").ok()


@pytest.mark.parametrize("command", ["accept", "merge"])
def test_what_was_finished_before_it_came_is_neither_accepted_nor_merged_here(project: Project, command: str) -> None:
    closed = next(each["mission_slug"] for each in beside(project, "openspec").run()["missions"] if each["closed"])
    refused = project.run(command, "--mission", closed, "--json").failed("MISSION_CLOSED").json()
    assert refused["hint"] == f"spec-kitty status --mission {closed}"
    again = ("agent", "tasks", "move-task", "WP01", "--to", "planned", "--force", "--note", "not yet", "--json")
    project.run(*again, "--mission", closed).ok()
    assert project.run(command, "--mission", closed, "--json").failed().json()["error_code"] != "MISSION_CLOSED"


def test_the_rest_of_an_imported_mission_is_built_and_merged(project: Project) -> None:
    """What was done before the import has no branch here; what depends on it in another lane is begun all the same."""
    source = beside(project, "spec-kit")
    tasks = source.path / "specs/001-tea-timer/tasks.md"
    text = tasks.read_text(encoding="utf-8")
    for number in (4, 5, 6):
        text = text.replace(f"- [ ] T00{number}", f"- [x] T00{number}")
    tasks.write_text(text, encoding="utf-8")
    made = source.run()["missions"][0]
    journey = Journey(project.path, project.path, made["mission_slug"])
    assert journey.lanes() == {
        "WP01": "done", "WP02": "done", "WP03": "done", "WP04": "planned", "WP05": "planned",
    }  # fmt: skip
    # An approval is of the requirements that were known then.
    journey.ok("agent", "tasks", "map-requirements", "--wp", "WP04", "--refs", "FR-001,FR-002,FR-003")
    for subtasks, wp_id, name in ((("T007", "T008"), "WP04", "src/tea/stop.py"), (("T009",), "WP05", "README.md")):
        assert journey.ok("why", wp_id)["unmet"] == []
        claimed = journey.ok("agent", "action", "implement", wp_id)
        (Path(claimed["workspace_path"]) / name).parent.mkdir(parents=True, exist_ok=True)
        (Path(claimed["workspace_path"]) / name).write_text(f"work of {wp_id}\n", encoding="utf-8")
        journey.ok("agent", "tasks", "mark-status", *subtasks, "--status", "done")
        journey.ok("agent", "tasks", "move-task", wp_id, "--to", "for_review", "--commit", "work")
        journey.approve(wp_id)
    journey.accept()
    journey.merge()
    assert set(journey.lanes().values()) == {"done"}
    assert (project.path / "README.md").read_text(encoding="utf-8") == "work of WP05\n"
    assert source.run()["missions"][0]["action"] == "nothing"


def test_what_owns_everything_for_want_of_names_collides_with_nobody(project: Project) -> None:
    """The source does not name the files of these work packages, so nothing is known of what they share."""
    beside(project, "taskmaster").run()
    told = project.run("doctor", "merge", "--json").ok().json()
    assert "MISSIONS_COLLIDE" not in str(told)
    again = project.run("agent", "mission", "finalize-tasks", "--mission", "001-tea-house", "--json").ok().json()
    assert not {"MISSIONS_COLLIDE", "REQUIREMENT_UNMAPPED"} & {each["code"] for each in again["warnings"]}
    prompt = next((project.folder("002-second-cup") / "tasks").glob("WP01-*.md"))
    prompt.write_text(prompt.read_text(encoding="utf-8").replace('"**"', '"src/a.py"'), encoding="utf-8")
    project.run("agent", "mission", "finalize-tasks", "--mission", "002-second-cup", "--json").ok()
    slug = project.finalized(Task("WP01", owns=("src/**",)), name="more")
    assert f"002-second-cup WP01 and {slug} WP01 both write src/a.py ~ src/**" in str(
        project.run("doctor", "merge", "--json").json()
    )


def test_people_are_told_on_eighty_columns(project: Project) -> None:
    source = beside(project, "taskmaster")
    told = project.run("import", "--from", source.tool, str(source.path)).ok().out
    assert "001-tea-house   created  1 done, 1 for_review, 2 planned, 1 blocked, " in told
    assert told.endswith("  Next: spec-kitty next --agent NAME --mission 001-tea-house\n")
    lines = [line for line in told.splitlines()[1:] if not line.lstrip().startswith("fix:")]
    assert max(map(len, lines)) <= 80
    again = project.run("import", "--from", source.tool, str(source.path)).ok().out
    assert again.count("nothing to do") == 2


def test_a_large_import_stays_small(project: Project) -> None:
    """Finished tasks wait for nobody, and open ones that may write the same files each for one neighbour."""
    source = beside(project, "backlog", fixture=False)
    script = ROOT / "tests" / "fixtures" / "reports" / "27" / "many-tasks.py"
    subprocess.run([sys.executable, str(script), "300", str(source.path)], check=True)
    source.run()
    mission = next((project.path / "kitty-specs").glob("*-big"))
    lanes = json.loads((mission / "lanes.json").read_text(encoding="utf-8"))
    waiting = [f"WP{at:02d}" for at in range(10, 301, 10)]
    assert [(edge["before"], edge["after"]) for edge in lanes["ordering_edges"]] == list(pairwise(waiting))
    assert (mission / "lanes.json").stat().st_size < 300 * 400
    board = project.run("status", "--mission", mission.name, "--json").ok().json()
    assert board["ready_wps"] == ["WP10"]
    assert board["total_wps"] == 300
