from __future__ import annotations

import json

from specify_cli.status.models import Lane
from tests.support.missions import created_mission, finalized_mission
from tests.support.project import Project, Task


def test_every_mission_is_listed_with_type_state_and_board(project: Project) -> None:
    planned = created_mission(project, name="one")
    running = finalized_mission(project, Task("WP01"), Task("WP02"), name="two")
    running.walk("WP01", Lane.FOR_REVIEW)
    found = project.run("mission", "list", "--json").ok().json()
    assert [(each["mission_slug"], each["state"]) for each in found["missions"]] == [
        (planned.slug, "planning"),
        (running.slug, "implementing"),
    ]
    assert found["missions"][1]["mission_type"] == "software-dev"
    assert found["missions"][1]["by_lane"]["for_review"] == ["WP01"]
    assert (found["count"], found["broken"]) == (2, [])
    told = project.run("mission", "list").ok().out
    assert "1 planned, 1 for_review" in told
    assert f"Next: spec-kitty mission info --mission {planned.slug}" in told
    assert max(map(len, told.splitlines())) <= 80


def test_broken_missions_are_listed_with_their_error_and_hide_no_other(project: Project) -> None:
    good = finalized_mission(project, name="good")
    bad = finalized_mission(project, name="bad")
    (bad.folder / "meta.json").write_text("{", encoding="utf-8")
    project.git.write("kitty-specs/009-empty/spec.md", "# Nothing\n")
    found = project.run("mission", "list", "--json").ok().json()
    assert [each["mission_slug"] for each in found["missions"]] == [good.slug]
    assert {(each["mission_slug"], each["error_code"]) for each in found["broken"]} == {
        (bad.slug, "MALFORMED_JSON"),
        ("009-empty", "MISSION_META_MISSING"),
    }
    told = project.run("mission", "list").ok().out
    assert good.slug in told
    assert "line 1" in told


def test_a_project_without_missions_says_how_to_begin(project: Project) -> None:
    assert project.run("mission", "list", "--json").ok().json()["missions"] == []
    assert "Next: spec-kitty agent mission create SLUG" in project.run("mission", "list").ok().out


def test_info_tells_identity_target_home_documents_and_the_next_command(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", mode="planning_artifact", owns=("docs/**",)))
    found = project.run("mission", "info", "--json").ok().json()
    assert found["mission_slug"] == mission.slug
    assert found["mission_id"] == mission.place.mission_id
    assert (found["target_branch"], found["home"]) == ("main", str(project.path))
    assert found["feature_dir"] == str(mission.folder)
    assert found["origin"] is None
    assert {each["name"] for each in found["documents"] if each["present"]} >= {"spec.md", "plan.md", "tasks.md"}
    assert [(lane["lane_id"], lane["branch"]) for lane in found["lanes"]] == [
        ("lane-a", f"kitty/mission-{mission.slug}-lane-a"),
        ("lane-planning", "main"),
    ]
    assert found["next_command"] == f"spec-kitty next --agent NAME --mission {mission.slug}"
    assert found["detection_method"] == "the only open mission"
    told = project.run("mission", "info", "--mission", "1").ok().out
    assert f"Next: {found['next_command']}" in told


def test_info_shows_the_ticket_a_mission_came_from(project: Project) -> None:
    mission = finalized_mission(project)
    ticket = {"provider": "linear", "external_issue_key": "TEA-7", "title": "A timer"}
    meta = mission.folder / "meta.json"
    meta.write_text(
        json.dumps({**json.loads(meta.read_text(encoding="utf-8")), "origin_ticket": ticket}), encoding="utf-8"
    )
    assert project.run("mission", "info", "--json").ok().json()["origin"] == ticket
    assert "linear TEA-7 A timer" in project.run("mission", "info").ok().out


def test_info_without_a_home_reads_the_target_and_says_so(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", "elsewhere")
    found = project.run("mission", "info", "--mission", mission.slug, "--json").ok().json()
    assert (found["home"], found["feature_dir"]) == (None, None)
    assert found["total_wps"] == 1
    assert "no checkout has main" in project.run("mission", "info", "--mission", mission.slug).ok().out


def test_an_unknown_mission_is_not_found(project: Project) -> None:
    project.run("mission", "info", "--mission", "nine", "--json").failed("MISSION_NOT_FOUND", 1)


def test_types_are_listed_with_their_steps(project: Project) -> None:
    found = project.run("mission", "types", "--json").ok().json()
    kinds = {each["key"]: each for each in found["mission_types"]}
    assert [step["name"] for step in kinds["software-dev"]["steps"]][:2] == ["specify", "plan"]
    assert found["broken"] == []
    told = project.run("mission", "types").ok().out
    assert "specify → plan" in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_broken_type_of_the_project_hides_no_other(project: Project) -> None:
    project.git.write(".kittify/missions/odd/mission.yaml", "steps: [\n")
    found = project.run("mission", "types", "--json").ok().json()
    assert [each["key"] for each in found["broken"]] == ["odd"]
    assert "software-dev" in {each["key"] for each in found["mission_types"]}
