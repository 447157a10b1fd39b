from __future__ import annotations

from specify_cli.status.models import Lane
from tests.support.missions import finalized_mission
from tests.support.project import Project, Task

KEYS = {"mission_slug", "lane_id", "path", "branch", "state", "work_packages", "dirty_files"}


def test_without_workspaces_the_list_is_empty(project: Project) -> None:
    finalized_mission(project)
    assert project.run("context", "list", "--json").ok().json()["workspaces"] == []
    assert "no lane workspace" in project.run("context", "list").ok().out


def test_the_workspaces_of_all_missions_are_listed(project: Project) -> None:
    one = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)), name="one")
    two = finalized_mission(project, Task("WP01", owns=("two/**",)), name="two")
    one.work("WP01", "src/wp01/a.py")
    tree = two.work("WP01", "two/a.py", actor="codex")
    tree.write("two/b.py", "more\n")
    found = project.run("context", "list", "--json").ok().json()
    assert found["count"] == 2
    first, second = found["workspaces"]
    assert set(first) >= KEYS
    assert (first["mission_slug"], first["lane_id"], first["state"]) == (one.slug, "lane-a", "clean")
    assert first["work_packages"] == [{"id": "WP01", "lane": "in_progress"}, {"id": "WP02", "lane": "planned"}]
    assert (second["state"], second["dirty_files"]) == ("dirty", ["two/b.py"])
    assert second["path"] == str(tree.path)
    assert second["kept_because"] == "it has uncommitted files: two/b.py"
    told = project.run("context", "list").ok().out
    assert one.slug in told
    assert "WP01 in_progress, WP02 planned" in told


def test_planning_work_packages_have_no_workspace_of_their_own(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    mission.claim("WP01")
    assert project.run("context", "list", "--json").ok().json()["workspaces"] == []


def test_info_tells_of_the_workspace_one_stands_in(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    folder = tree.path / "src"
    found = project.run("context", "info", "--json", cwd=folder).ok().json()
    assert (found["mission_slug"], found["lane_id"], found["path"]) == (mission.slug, "lane-a", str(tree.path))
    assert [(span["id"], span["commits"]) for span in found["spans"]] == [("WP01", 1)]
    tree.write("notes.txt", "mine\n")
    assert "notes.txt" in project.run("context", "info", cwd=folder).ok().out


def test_info_elsewhere_is_refused_with_the_list(project: Project) -> None:
    found = project.run("context", "info", "--json").failed("NOT_A_WORKSPACE", 1).json()
    assert found["hint"] == "spec-kitty context list"


def test_cleanup_removes_what_is_merged_and_says_why_the_rest_stays(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"), Task("WP03"))
    gone = mission.work("WP01", "src/wp01/a.py")
    project.git("merge", "-q", "--no-edit", f"kitty/mission-{mission.slug}-lane-a")
    mission.force("WP01", Lane.DONE)
    kept = mission.work("WP02", "src/wp02/a.py", actor="codex")
    dirty = mission.work("WP03", "src/wp03/a.py", actor="third")
    dirty.write("notes.txt", "mine\n")
    found = project.run("context", "cleanup", "--json").ok().json()
    assert [(each["lane_id"], each["branch_removed"]) for each in found["removed"]] == [("lane-a", True)]
    assert {each["lane_id"]: each["reason"] for each in found["kept"]} == {
        "lane-b": "its work is not in main yet",
        "lane-c": "it has uncommitted files: notes.txt",
    }
    assert (gone.path.exists(), kept.path.exists(), dirty.path.exists()) == (False, True, True)
    told = project.run("context", "cleanup").ok().out
    assert "its work is not in main yet" in told


def test_a_mission_that_cannot_be_read_is_named_and_the_rest_is_listed(project: Project) -> None:
    finalized_mission(project).work("WP01", "src/wp01/a.py")
    project.git.write("kitty-specs/009-empty/spec.md", "# Nothing\n")
    found = project.run("context", "list", "--json").ok().json()
    assert found["count"] == 1
    assert [each["mission_slug"] for each in found["broken"]] == ["009-empty"]
