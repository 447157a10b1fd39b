from __future__ import annotations

import json
from pathlib import Path

from specify_cli.status.models import Lane
from tests.support.missions import finalized_mission
from tests.support.project import Project

KEYS = {
    "result", "wp_id", "from_lane", "to_lane", "event_id", "actor", "session", "mission_slug", "commit", "warnings",
}  # fmt: skip
EVIDENCE = {"review": {"reviewer": "ada", "verdict": "approved", "reference": "R-1"}}
EMIT = ("agent", "status", "emit")


def test_a_whole_life_is_emitted(project: Project) -> None:
    mission = finalized_mission(project)
    steps: list[tuple[str, ...]] = [
        ("claimed",),
        ("in_progress", "--workspace-context", "worktree"),
        ("for_review", "--subtasks-complete", "--implementation-evidence-present"),
        ("in_review",),
        ("approved", "--evidence-json", json.dumps(EVIDENCE)),
        ("done", "--evidence-json", json.dumps(EVIDENCE)),
    ]
    before = "planned"
    for lane, *words in steps:
        if lane == "for_review":
            mission.work("WP01", "src/wp01/a.py")
        found = project.run(*EMIT, "WP01", "--to", lane, "--actor", "claude", *words, "--json").ok().json()
        assert set(found) >= KEYS
        assert (found["wp_id"], found["from_lane"], found["to_lane"]) == ("WP01", before, lane)
        assert (found["result"], found["actor"], found["mission_slug"]) == ("success", "claude", mission.slug)
        assert (found["commit"] is not None) == (lane in {"approved", "done"})
        before = lane
    assert mission.lane("WP01") is Lane.DONE
    assert project.git.status() == ""


def test_people_see_the_move_and_what_comes_next(project: Project) -> None:
    mission = finalized_mission(project)
    told = project.run(*EMIT, "wp1", "--to", "claimed", "--actor", "claude").ok()
    assert told.out.startswith("WP01: planned → claimed\n")
    assert f"Next: spec-kitty status --mission {mission.slug}" in told.out


def test_a_rejection_is_a_milestone(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_REVIEW)
    found = project.run(*EMIT, "WP01", "--to", "planned", "--actor", "claude", "--review-ref", "feedback://x", "--json")
    assert found.ok().json()["commit"] == project.git.head()


def test_force_wants_a_reason_and_is_recorded(project: Project) -> None:
    mission = finalized_mission(project)
    project.run(*EMIT, "WP01", "--to", "done", "--actor", "ada", "--force", "--json").failed("TRANSITION_REJECTED", 1)
    project.run(*EMIT, "WP01", "--to", "done", "--actor", "ada", "--force", "--reason", "done by hand").ok()
    event = mission.status.events[-1]
    assert (event.force, event.reason, event.execution_mode) == (True, "done by hand", "worktree")


def test_the_mode_is_recorded_and_another_is_a_usage_error(project: Project) -> None:
    mission = finalized_mission(project)
    project.run(*EMIT, "WP01", "--to", "claimed", "--actor", "ada", "--execution-mode", "direct_repo").ok()
    assert mission.status.events[-1].execution_mode == "direct_repo"
    words = ("--to", "blocked", "--actor", "ada", "--execution-mode", "cloud", "--json")
    project.run(*EMIT, "WP01", *words).failed("USAGE_ERROR", 2)


def test_json_comes_from_a_file_or_from_standard_input(project: Project, tmp_path: Path) -> None:
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    for lane in ("for_review", "in_review"):
        project.run(*EMIT, "WP01", "--to", lane, "--actor", "claude").ok()
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(EVIDENCE), encoding="utf-8")
    project.run(*EMIT, "WP01", "--to", "approved", "--actor", "claude", "--evidence-json", f"@{path}").ok()
    words = ("--to", "done", "--actor", "ada", "--evidence-json", "-")
    project.run(*EMIT, "WP01", *words, input=json.dumps(EVIDENCE)).ok()
    assert mission.lane("WP01") is Lane.DONE


def test_malformed_json_is_a_usage_error_with_its_place(project: Project, tmp_path: Path) -> None:
    finalized_mission(project)
    words = (*EMIT, "WP01", "--to", "approved", "--actor", "ada", "--json", "--evidence-json")
    found = project.run(*words, '{"review":\n oops}').failed("MALFORMED_JSON", 2).json()
    assert (found["details"]["line"], found["details"]["column"]) == (2, 2)
    assert "line 2, column 2" in found["error"]
    project.run(*words, "[]").failed("MALFORMED_JSON", 2)
    project.run(*words, f"@{tmp_path / 'none'}").failed("FILE_NOT_FOUND", 1)


def test_unknown_work_packages_and_lanes_are_told(project: Project) -> None:
    finalized_mission(project)
    project.run(*EMIT, "WP77", "--to", "claimed", "--actor", "a", "--json").failed("WP_NOT_FOUND", 1)
    found = project.run(*EMIT, "WP01", "--to", "cooled", "--actor", "a", "--json").failed("UNKNOWN_LANE", 2).json()
    assert "planned" in found["error"]


def test_the_actor_may_come_from_git(project: Project) -> None:
    finalized_mission(project)
    assert project.run(*EMIT, "WP01", "--to", "claimed", "--json").ok().json()["actor"] == "user:Ada"


def test_a_healthy_log_is_valid(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    found = project.run("agent", "status", "validate", "--json").ok().json()
    assert (found["result"], found["passed"], found["error_count"]) == ("valid", True, 0)
    assert [each["code"] for each in found["findings"]] == ["UNPUBLISHED"]
    assert "valid" in project.run("agent", "status", "validate").ok().out


def test_an_invalid_log_exits_with_one_and_names_file_and_line(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    log.write_text("garbage\n" + log.read_text(encoding="utf-8"), encoding="utf-8")
    found = project.run("agent", "status", "validate", "--json").failed(exit_code=1).json()
    assert (found["result"], found["error_count"]) == ("invalid", 1)
    assert (found["findings"][0]["file"], found["findings"][0]["line"]) == (str(log), 1)
    told = project.run("agent", "status", "validate").failed(exit_code=1).out
    assert "fix: spec-kitty doctor log --fix" in told


def test_a_work_package_that_the_plan_lost_is_an_error(project: Project) -> None:
    mission = finalized_mission(project)
    (mission.folder / "tasks" / "WP01-work.md").unlink()
    found = project.run("agent", "status", "validate", "--json").failed(exit_code=1).json()
    assert [each["code"] for each in found["findings"]] == ["UNKNOWN_WORK_PACKAGE"]
    project.run(*EMIT, "WP01", "--to", "canceled", "--actor", "ada").ok()
    project.run("agent", "status", "validate", "--json").ok()
