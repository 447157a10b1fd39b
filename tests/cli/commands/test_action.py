from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

RESOLVED_KEYS = {
    "success", "action", "mission_slug", "mission_id", "feature_dir", "target_branch", "detection_method", "wp_id",
    "wp_file", "lane", "lane_id", "branch_name", "execution_mode", "resolution_kind", "dependencies", "resolved_base",
    "workspace_path", "commands", "warnings", "prompt_file", "claimed", "event_ids",
}  # fmt: skip


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01 before WP02, WP03 for the documents."""
    return finalized_mission(
        project,
        Task("WP01"),
        Task("WP02", needs=("WP01",)),
        Task("WP03", owns=("docs/**",), mode="planning_artifact"),
    )


def action(mission: Mission, *words: str, agent: str = "claude") -> Result:
    """Run `agent action …` about the mission, asking for JSON."""
    return mission.project.run("agent", "action", *words, "--agent", agent, "--mission", mission.slug, "--json")


def test_implement_claims_prepares_and_tells(mission: Mission) -> None:
    found = action(mission, "implement", "WP01").ok().json()
    assert found.keys() >= RESOLVED_KEYS
    tree = mission.project.path / ".worktrees" / f"{mission.slug}-lane-a"
    assert (found["claimed"], found["lane"], found["lane_id"]) == (True, "in_progress", "lane-a")
    assert found["workspace_path"] == str(tree)
    assert found["branch_name"] == f"kitty/mission-{mission.slug}-lane-a"
    assert Repo(tree)("branch", "--show-current") == found["branch_name"]
    assert [event.event_id for event in mission.status.events[-2:]] == found["event_ids"]
    assert [each["code"] for each in found["warnings"]] == ["SESSION_UNKNOWN"]
    prompt = Path(found["prompt_file"]).read_text()
    assert str(tree) in prompt
    assert "Do the work of WP01." in prompt
    assert found["commands"]["done"] in prompt or "for_review" in prompt
    assert mission.project.git.status() == ""


def test_for_its_holder_it_changes_nothing(mission: Mission) -> None:
    first = action(mission, "implement", "WP01").ok().json()
    before = len(mission.status.events), len(mission.status.mission_events)
    again = action(mission, "implement", "wp1").ok().json()
    assert (again["claimed"], again["event_ids"]) == (False, [])
    assert (again["step_id"], again["prompt_file"]) == (first["step_id"], first["prompt_file"])
    assert (len(mission.status.events), len(mission.status.mission_events)) == before


def test_the_internal_command_does_the_same(mission: Mission) -> None:
    words = ("implement", "WP01", "--agent", "claude", "--mission", mission.slug, "--recover", "--json")
    found = mission.project.run(*words).ok().json()
    assert found["claimed"] is True
    assert action(mission, "implement", "WP01").ok().json()["claimed"] is False
    told = " ".join(mission.project.run("implement", "--help").ok().out.split())
    assert "Internal" in told
    assert "compatibility surface" in told
    assert "spec-kitty next --agent" in told


def test_without_a_name_the_next_one_is_taken(mission: Mission) -> None:
    assert action(mission, "implement").ok().json()["wp_id"] == "WP01"
    assert action(mission, "implement").ok().json()["wp_id"] == "WP01"
    assert action(mission, "implement", agent="codex").ok().json()["wp_id"] == "WP03"
    nothing = action(mission, "implement", agent="user:Grace Hopper").failed("NOTHING_READY", 1).json()
    assert nothing["hint"] == f"spec-kitty next --agent 'user:Grace Hopper' --mission {mission.slug}"
    assert action(mission, "review", agent="codex").failed("NOTHING_READY", 1).json()["details"]["next_action"]


def test_what_another_holds_is_not_handed_out_again(mission: Mission) -> None:
    action(mission, "implement", "WP01").ok()
    error = action(mission, "implement", "WP01", agent="codex").failed("WP_ALREADY_CLAIMED", 1).json()
    assert error["details"]["claimed_by"] == "claude"


def test_what_is_not_ready_is_not_begun(mission: Mission) -> None:
    error = action(mission, "implement", "WP02").failed(exit_code=1).json()
    assert "WP01" in error["error"]
    assert mission.lane("WP02") is Lane.PLANNED
    assert not (mission.project.path / ".worktrees").exists()
    action(mission, "implement", "WP77").failed("WP_NOT_FOUND", 1)


def test_planning_work_is_done_in_the_home(mission: Mission) -> None:
    found = action(mission, "implement", "WP03").ok().json()
    assert (found["workspace_path"], found["resolution_kind"]) == (str(mission.project.path), "repo_root")
    assert (found["branch_name"], found["lane_id"]) == ("main", "lane-planning")
    assert not (mission.project.path / ".worktrees").exists()


def test_review_claims_and_shows_the_diff(mission: Mission) -> None:
    tree = mission.work("WP01", "src/wp01/a.py", "a = 1\n")
    mission.project.run("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude").ok()
    found = action(mission, "review", "WP01", agent="codex").ok().json()
    assert (found["action"], found["lane"], found["claimed"], found["self_review"]) == (
        "review",
        "in_review",
        True,
        False,
    )
    prompt = Path(found["prompt_file"]).read_text()
    assert "+a = 1" in prompt
    assert "--to approved" in prompt
    assert str(tree.path) in prompt
    assert action(mission, "review", "WP01", agent="codex").ok().json()["claimed"] is False
    error = action(mission, "review", "WP01", agent="gemini").failed("WP_ALREADY_CLAIMED", 1).json()
    assert error["details"]["claimed_by"] == "codex"


def test_a_review_offers_both_verdicts(mission: Mission) -> None:
    mission.work("WP01", "src/wp01/a.py")
    mission.project.run("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude").ok()
    told = mission.project.run("agent", "action", "review", "WP01", "--agent", "codex").ok().out
    move = "spec-kitty agent tasks move-task WP01 --to"
    about = f"--agent codex --mission {mission.slug}"
    assert f"    approve  {move} approved {about}\n" in told
    assert f"    reject   {move} planned {about} --review-feedback-file FILE\n" in told


def test_what_waits_for_no_review_cannot_be_reviewed(mission: Mission) -> None:
    error = action(mission, "review", "WP01").failed("WP_NOT_FOR_REVIEW", 1).json()
    assert "planned" in error["error"]


def test_a_person_is_told_where_to_work_and_how_to_end(mission: Mission) -> None:
    words = ("agent", "action", "implement", "WP01", "--agent", "claude")
    told = mission.project.run(*words).ok()
    assert told.out.startswith("WP01 is yours now: implement Work of WP01\n")
    assert f"work in   {mission.project.path / '.worktrees'}" in told.out
    end = f"spec-kitty agent tasks move-task WP01 --to for_review --agent claude --mission {mission.slug}"
    assert f"When done: {end}" in told.out
    assert "share one identity" in told.err
    assert mission.project.run(*words).ok().out.startswith("WP01 is yours already")
