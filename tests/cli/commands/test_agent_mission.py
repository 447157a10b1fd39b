from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.git import Repo
from tests.support.missions import created_mission, finalized_mission
from tests.support.project import SPEC, Project, Task, write_documents

BRANCH_KEYS = {"current_branch", "target_branch", "branch_matches_target", "branch_context"}


def test_create_answers_with_all_that_others_read(project: Project) -> None:
    made = project.run("agent", "mission", "create", "tea-timer", "--json").ok().json()
    assert made.keys() >= {
        "result", "mission_id", "mission_slug", "mission_number", "mission_type", "slug", "friendly_name",
        "feature_dir", "spec_file", "meta_file", "created_at", "created_files", "next_step", "commit", *BRANCH_KEYS,
    }  # fmt: skip
    folder = project.folder("001-tea-timer")
    assert made["result"] == "success"
    assert (made["mission_slug"], made["mission_number"], made["slug"]) == ("001-tea-timer", "001", "tea-timer")
    assert made["feature_dir"] == str(folder)
    assert made["created_files"] == [made["meta_file"], made["spec_file"]]
    assert all(Path(path).is_file() for path in made["created_files"])
    assert made["commit"] == project.git.head()
    assert made["next_step"] == "spec-kitty next --agent NAME --mission 001-tea-timer"
    assert (made["current_branch"], made["target_branch"], made["branch_matches_target"]) == ("main", "main", True)
    assert made["branch_context"] == {
        "current_branch": "main",
        "target_branch": "main",
        "planning_base_branch": "main",
        "merge_target_branch": "main",
        "branch_matches_target": True,
    }
    assert made["warnings"] == []


def test_create_tells_a_person_what_to_do_next(project: Project) -> None:
    told = project.run("agent", "mission", "create", "tea-timer").ok().out
    assert told.startswith("001-tea-timer created, to land on main\n")
    assert f"write     {project.folder('001-tea-timer') / 'spec.md'}\n" in told
    assert told.endswith("Next: spec-kitty next --agent NAME --mission 001-tea-timer\n")


def test_create_with_a_branch_of_its_own(project: Project) -> None:
    made = project.run("agent", "mission", "create", "tea", "--start-branch", "feature/tea", "--json").ok().json()
    assert (made["current_branch"], made["target_branch"]) == ("feature/tea", "feature/tea")
    refused = project.run(
        "agent", "mission", "create", "tea", "--start-branch", "a b", "--target-branch", "c", "--json"
    )
    error = refused.failed("USAGE_ERROR", 2).json()
    assert error["hint"] == "spec-kitty agent mission create tea --start-branch 'a b'"


def test_specify_plan_and_tasks_are_the_same_in_short(project: Project) -> None:
    slug = project.run("specify", "tea-timer", "--json").ok().json()["mission_slug"]
    (project.folder(slug) / "spec.md").write_text(SPEC)
    assert project.run("plan", "--json").ok().json()["plan_written"] is True
    write_documents(project.folder(slug), (Task("WP01"),))
    assert project.run("tasks", "--json").ok().json()["wp_count"] == 1


# -- branch-context ----------------------------------------------------------------------------------------------


def test_branch_context_tells_what_create_would_use(project: Project) -> None:
    found = project.run("agent", "mission", "branch-context", "--json").ok().json()
    assert found["branch_matches_target"] is True
    assert found.keys() >= BRANCH_KEYS
    other = project.run("agent", "mission", "branch-context", "--target-branch", "release", "--json").ok().json()
    assert (other["current_branch"], other["target_branch"], other["branch_matches_target"]) == (
        "main",
        "release",
        False,
    )
    told = project.run("agent", "mission", "branch-context", "--target-branch", "two words").ok().out
    assert told == "on main, missions land on two words\n  Next: git switch 'two words'\n"
    assert project.run("agent", "mission", "branch-context").ok().out == "on main, missions land on main\n"


def test_branch_context_of_a_mission_from_another_branch(project: Project) -> None:
    slug = project.create()
    project.git("switch", "-q", "-c", "elsewhere")
    found = project.run("agent", "mission", "branch-context", "--mission", slug, "--json").ok().json()
    assert (found["mission_slug"], found["current_branch"], found["target_branch"]) == (slug, "elsewhere", "main")


def test_branch_context_on_a_detached_head(project: Project) -> None:
    project.git("switch", "-q", "--detach")
    found = project.run("agent", "mission", "branch-context", "--json").ok().json()
    assert (found["current_branch"], found["target_branch"], found["branch_matches_target"]) == (None, None, False)
    told = project.run("agent", "mission", "branch-context").ok().out
    assert told == "on no branch, so a mission has nowhere to land\n  Next: git switch main\n"


# -- check-prerequisites -----------------------------------------------------------------------------------------


def test_prerequisites_list_documents_and_paths(project: Project) -> None:
    mission = created_mission(project, Task("WP01"), Task("WP02"))
    found = project.run("agent", "mission", "check-prerequisites", "--include-tasks", "--json").ok().json()
    folder = mission.folder
    assert found["feature_dir"] == str(folder)
    assert [found[name] for name in ("spec_file", "plan_file", "tasks_file", "tasks_dir")] == [
        str(folder / name) for name in ("spec.md", "plan.md", "tasks.md", "tasks")
    ]
    assert {"spec.md", "plan.md", "tasks.md", "tasks/"} <= set(found["available_docs"])
    assert found["missing"] == []
    assert found["tasks"] == ["WP01-work.md", "WP02-work.md"]
    assert found.keys() >= BRANCH_KEYS
    (folder / "plan.md").unlink()
    again = project.run("agent", "mission", "check-prerequisites", "--json").ok().json()
    assert again["missing"] == ["plan.md"]
    assert "tasks" not in again


def test_prerequisites_for_people_and_for_scripts(project: Project) -> None:
    mission = finalized_mission(project)
    told = project.run("agent", "mission", "check-prerequisites").ok().out
    assert "✓ spec.md" in told
    assert "· research.md" in told
    paths = project.run("agent", "mission", "check-prerequisites", "--paths-only").ok().out
    assert f"spec_file    {mission.folder / 'spec.md'}\n" in paths
    only = project.run("agent", "mission", "check-prerequisites", "--paths-only", "--json").ok().json()
    assert set(only) == {
        "result", "mission_slug", "feature_dir", "spec_file", "plan_file", "tasks_file", "tasks_dir",
    }  # fmt: skip


def test_prerequisites_without_a_home_are_those_of_the_tip(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", "elsewhere")
    project.git("rm", "-q", "-r", "kitty-specs")
    found = project.run("agent", "mission", "check-prerequisites", "--mission", mission.slug, "--json").ok().json()
    assert found["missing"] == []
    assert found["feature_dir"] == str(mission.folder)


# -- setup-plan --------------------------------------------------------------------------------------------------


def test_setup_plan_scaffolds_once(project: Project) -> None:
    slug = project.create()
    folder = project.folder(slug)
    (folder / "spec.md").write_text(SPEC)
    found = project.run("agent", "mission", "setup-plan", "--json").ok().json()
    assert found.keys() >= {"result", "mission_slug", "plan_file", "feature_dir", "spec_file", *BRANCH_KEYS}
    assert (found["plan_written"], found["plan_file"]) == (True, str(folder / "plan.md"))
    assert found["commit"] == project.git.head()
    assert found["detection_method"] == "the only open mission"
    written = (folder / "plan.md").read_bytes()
    again = project.run("agent", "mission", "setup-plan", "--json").ok().json()
    assert (again["plan_written"], again["commit"]) == (False, None)
    assert (folder / "plan.md").read_bytes() == written
    assert "was there already and is left as it is" in project.run("agent", "mission", "setup-plan").ok().out


def test_setup_plan_refuses_by_name(project: Project) -> None:
    slug = project.create()
    (project.folder(slug) / "spec.md").write_text(" \n")
    assert project.run("agent", "mission", "setup-plan", "--json").failed("SPEC_MISSING", 1).json()["hint"]
    project.create("cup")
    ambiguous = project.run("agent", "mission", "setup-plan", "--json").failed("MISSION_AMBIGUOUS", 1).json()
    assert ambiguous["details"]["candidates"] == [slug, "002-cup"]


# -- finalize-tasks ----------------------------------------------------------------------------------------------


def test_finalize_answers_with_all_that_others_read(project: Project) -> None:
    mission = created_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)), Task("WP03"))
    dry = project.run("agent", "mission", "finalize-tasks", "--validate-only", "--json").ok().json()
    assert dry["result"] == "validation_passed"
    assert not (mission.folder / "lanes.json").exists()
    found = project.run("agent", "mission", "finalize-tasks", "--json").ok().json()
    assert found.keys() >= {
        "result", "mission_slug", "wp_count", "modified_wps", "unchanged_wps", "preserved_wps", "would_modify",
        "dependencies_parsed", "requirement_refs_parsed", "bootstrap", "lanes", "ownership_warnings",
        "files_committed", "commit_hash",
    }  # fmt: skip
    assert (found["result"], found["wp_count"]) == ("success", 3)
    assert found["commit_hash"] == project.git.head()
    assert found["lanes"]["parallel_width"] == 2
    head = project.git.head()
    again = project.run("agent", "mission", "finalize-tasks", "--json").ok().json()
    assert again["commit_hash"] is None
    assert project.git.head() == head
    assert project.git.status() == ""


def test_finalize_tells_a_person_how_wide_the_plan_is(project: Project) -> None:
    mission = created_mission(project, Task("WP01"), Task("WP02"))
    dry = project.run("agent", "mission", "finalize-tasks", "--validate-only").ok().out
    assert dry.startswith("2 work packages would be finalized in 2 lanes, 2 at once\n")
    told = project.run("agent", "tasks", "finalize-tasks").ok().out
    assert told.startswith("2 work packages finalized in 2 lanes, 2 at once\n")
    assert told.endswith(f"Next: spec-kitty next --agent NAME --mission {mission.slug}\n")


def test_finalize_shows_the_lanes_and_every_overlap(project: Project) -> None:
    created_mission(
        project,
        Task("WP01", owns=("src/**",)),
        Task("WP02", owns=("src/app/a.py", "tests/a.py")),
        Task("WP03", owns=("lib/**",)),
        Task("WP04", needs=("WP03",), owns=("docs/**",), mode="planning_artifact"),
    )
    told = project.run("agent", "mission", "finalize-tasks").ok().out
    assert "  lane-a         WP01, WP02\n" in told
    assert "  lane-b         WP03\n" in told
    assert "  lane-planning  WP04\n" in told
    assert "  WP02 comes after WP01: both write the same files (src/** ~ src/app/a.py)\n" in told
    assert max(map(len, told.splitlines())) <= 80
    found = project.run("agent", "mission", "finalize-tasks", "--json").ok().json()["lanes"]
    assert [(lane["lane_id"], lane["wp_ids"]) for lane in found["lanes"]][:2] == [
        ("lane-a", ["WP01", "WP02"]),
        ("lane-b", ["WP03"]),
    ]
    assert [(edge["before"], edge["after"], edge["evidence"]) for edge in found["ordering_edges"]] == [
        ("WP01", "WP02", "src/** ~ src/app/a.py")
    ]


@pytest.mark.parametrize("where", ["subfolder", "linked tree"])
def test_from_anywhere_in_the_repository_it_is_the_same(where: str, project: Project, tmp_path: Path) -> None:
    mission = created_mission(project)
    folder = project.path / "src" / "deep"
    folder.mkdir(parents=True)
    if where == "linked tree":
        project.git("worktree", "add", "-q", "-b", "side", "../side")
        folder = tmp_path / "side"
    found = project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json", cwd=folder)
    assert found.ok().json()["commit_hash"] == project.git.head("main")
    assert (mission.folder / "lanes.json").exists()
    assert Repo(folder).status() == ""
