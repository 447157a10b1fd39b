"""A planning work package is resolved through its lane like any other (seed 079, S-4)."""

from __future__ import annotations

import pytest

from specify_cli.context.resolution import resolution
from specify_cli.kernel.errors import NotFound
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(
        project, Task("WP01", mode="planning_artifact", owns=("docs/**",)), Task("WP02", needs=("WP01",))
    )


def test_a_planning_work_package_resolves_to_the_home_and_the_target(mission: Mission) -> None:
    found = resolution(mission.context, "implement", "WP01", "claude")
    assert found["lane_id"] == "lane-planning"
    assert found["branch_name"] == "main"
    assert found["resolved_base"] == "main"
    assert found["resolution_kind"] == "repo_root"
    assert found["execution_mode"] == "planning_artifact"
    assert found["workspace_path"] == str(mission.project.path)
    mission.claim("WP01")
    claimed = resolution(mission.context, "implement", "WP01", "claude")
    assert claimed["resolved_base"] == mission.project.git.head()
    assert claimed["lane"] == "in_progress"


def test_a_code_work_package_resolves_to_its_worktree(mission: Mission) -> None:
    found = resolution(mission.context, "implement", "WP02", None)
    assert found["branch_name"] == f"kitty/mission-{mission.slug}-lane-a"
    assert found["resolved_base"] == f"kitty/mission-{mission.slug}"
    assert found["resolution_kind"] == "lane_workspace"
    assert found["workspace_path"] == str(mission.project.path / ".worktrees" / f"{mission.slug}-lane-a")
    assert found["dependencies"] == ["WP01"]
    assert str(found["wp_file"]).endswith(f"kitty-specs/{mission.slug}/tasks/WP02-work.md")


def test_without_a_work_package_the_mission_is_resolved(mission: Mission) -> None:
    found = resolution(mission.context, "plan", None, None)
    assert (found["wp_id"], found["branch_name"], found["resolution_kind"]) == (None, "main", "repo_root")
    assert found["commands"] == {
        "next": f"spec-kitty next --agent NAME --mission {mission.slug}",
        "status": f"spec-kitty status --mission {mission.slug}",
    }
    with pytest.raises(NotFound):
        resolution(mission.context, "implement", "WP09", None)


def test_before_lanes_are_computed_the_answer_says_so(project: Project) -> None:
    found = resolution(created_mission(project).context, "implement", "WP01", None)
    assert (found["lane_id"], found["branch_name"], found["workspace_path"]) == (None, None, None)
    warnings = found["warnings"]
    assert isinstance(warnings, list)
    assert [each["code"] for each in warnings] == ["LANES_MISSING"]
