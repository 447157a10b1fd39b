from __future__ import annotations

import shlex
from typing import Any

from specify_cli.cli.commands import TABLE
from specify_cli.cli.lazy import every_command
from specify_cli.status.models import Lane
from tests.support.missions import created_mission, finalized_mission
from tests.support.project import Project, Task

KEYS = {
    "success", "action", "mission_slug", "mission_id", "feature_dir", "target_branch", "detection_method", "wp_id",
    "wp_file", "lane", "lane_id", "branch_name", "execution_mode", "resolution_kind", "dependencies", "resolved_base",
    "workspace_path", "commands", "warnings",
}  # fmt: skip


def resolve(project: Project, *words: str) -> dict[str, Any]:
    return project.run("agent", "context", "resolve", *words, "--json").ok().json()


def test_all_keys_are_there_and_true(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    found = resolve(project, "--action", "implement", "--wp-id", "WP02", "--agent", "claude")
    assert set(found) >= KEYS
    assert (found["success"], found["action"], found["detection_method"]) == (
        True,
        "implement",
        "the only open mission",
    )
    assert (found["mission_slug"], found["mission_id"]) == (mission.slug, mission.place.mission_id)
    assert (found["lane"], found["lane_id"], found["dependencies"]) == ("planned", "lane-a", ["WP01"])
    assert found["branch_name"] == f"kitty/mission-{mission.slug}-lane-a"
    assert (found["resolution_kind"], found["execution_mode"]) == ("lane_workspace", "code_change")
    assert found["wp_file"] == str(mission.folder / "tasks" / "WP02-work.md")
    assert found["workspace_path"] == str(project.path / ".worktrees" / f"{mission.slug}-lane-a")
    assert not (project.path / ".worktrees").exists(), "nothing is made"


def test_a_claimed_work_package_has_the_base_it_began_from(project: Project) -> None:
    mission = finalized_mission(project)
    claim = mission.claim("WP01")
    found = resolve(project, "--action", "review", "--wp-id", "wp1")
    assert (found["resolved_base"], found["workspace_path"]) == (claim.workspace.base, str(claim.workspace.path))
    assert found["lane"] == "in_progress"


def test_planning_work_is_done_in_the_home(project: Project) -> None:
    finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    found = resolve(project, "--action", "implement", "--wp-id", "WP01")
    assert (found["resolution_kind"], found["branch_name"], found["resolved_base"]) == ("repo_root", "main", "main")
    assert found["workspace_path"] == str(project.path)


def test_without_a_work_package_the_first_that_is_ready_is_taken(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    mission.walk("WP01", Lane.FOR_REVIEW)
    assert resolve(project, "--action", "implement")["wp_id"] == "WP02"
    assert resolve(project, "--action", "review")["wp_id"] == "WP01"
    mission.force("WP02", Lane.BLOCKED)
    found = resolve(project, "--action", "implement")
    assert found["wp_id"] is None
    assert [each["code"] for each in found["warnings"]] == ["NOTHING_READY"]


def test_an_action_on_documents_wants_no_work_package(project: Project) -> None:
    finalized_mission(project)
    found = resolve(project, "--action", "plan")
    assert (found["wp_id"], found["resolution_kind"], found["warnings"]) == (None, "repo_root", [])


def test_the_commands_are_real_and_hold_the_names(project: Project) -> None:
    mission = finalized_mission(project)
    found = resolve(project, "--action", "implement", "--agent", "user:Ada Lovelace")
    known = [name.split() for name in every_command(TABLE, "spec-kitty")]
    assert {"implement", "review", "done"} <= set(found["commands"])
    for command in found["commands"].values():
        words = shlex.split(command)
        assert any(words[: len(name)] == name for name in known), command
        assert mission.slug in words
    assert "user:Ada Lovelace" in shlex.split(found["commands"]["done"])
    assert "--to for_review" in found["commands"]["done"]


def test_before_finalize_the_missing_lane_is_a_warning(project: Project) -> None:
    created_mission(project)
    found = resolve(project, "--action", "implement", "--wp-id", "WP01")
    assert (found["lane_id"], found["branch_name"]) == (None, None)
    assert [each["code"] for each in found["warnings"]] == ["LANES_MISSING"]


def test_without_a_home_it_answers_and_warns(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", "elsewhere")
    found = resolve(project, "--action", "implement", "--wp-id", "WP01", "--mission", mission.slug)
    assert found["lane_id"] == "lane-a"
    assert [each["code"] for each in found["warnings"]] == ["TARGET_NOT_CHECKED_OUT"]


def test_an_unknown_work_package_is_not_found(project: Project) -> None:
    finalized_mission(project)
    words = ("agent", "context", "resolve", "--action", "implement", "--wp-id", "WP77", "--json")
    project.run(*words).failed("WP_NOT_FOUND", 1)


def test_people_see_where_and_what_next(project: Project) -> None:
    mission = finalized_mission(project)
    told = project.run("agent", "context", "resolve", "--action", "implement", "--agent", "claude").ok().out
    assert f"Next: spec-kitty agent action implement WP01 --agent claude --mission {mission.slug}" in told
