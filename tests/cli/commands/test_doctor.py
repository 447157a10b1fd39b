from __future__ import annotations

import shutil
from pathlib import Path

from specify_cli.doctor.sections import SECTIONS
from specify_cli.status.models import Lane
from tests.support.missions import finalized_mission
from tests.support.project import Project

KEYS = {"section", "severity", "code", "message", "fix"}


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_healthy_project_exits_with_zero_and_tells_every_section(project: Project) -> None:
    finalized_mission(project)
    found = project.run("doctor", "--json").ok().json()
    assert found["result"] == "healthy"
    assert list(found["sections"]) == list(SECTIONS)
    assert all(set(each) == KEYS for each in found["findings"])
    assert found["counts"]["error"] == 0
    told = project.run("doctor").ok().out
    assert all(name in told for name in SECTIONS)
    assert "Next: spec-kitty" in told


def test_an_error_exits_with_one_and_the_fix_is_shown(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    log.write_text(log.read_text(encoding="utf-8") + "garbage\n", encoding="utf-8")
    found = project.run("doctor", "log", "--json").failed(exit_code=1).json()
    assert (found["result"], found["sections"]) == ("unhealthy", {"log": "error"})
    told = project.run("doctor").failed(exit_code=1)
    assert "fix: spec-kitty doctor log --fix" in told.out
    assert "Next: spec-kitty doctor log --fix" in told.out


def test_it_writes_nothing_unless_told_to(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    shutil.rmtree(tree.path)
    before = snapshot(project.path)
    project.run("doctor").ok()
    project.run("doctor", "--json").ok()
    assert snapshot(project.path) == before


def test_a_fix_is_told_and_what_is_left_is_examined_again(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    shutil.rmtree(mission.work("WP01", "src/wp01/a.py").path)
    found = project.run("doctor", "--fix", "--json").ok().json()
    assert {each["section"] for each in found["fixed"]} == {"log", "worktrees"}
    assert "UNPUBLISHED" not in {each["code"] for each in found["findings"]}
    assert project.git.status() == ""
    again = project.run("doctor", "--fix", "--json").ok().json()
    assert again["fixed"] == []


def test_one_mission_may_be_named(project: Project) -> None:
    one, two = finalized_mission(project, name="one"), finalized_mission(project, name="two")
    two.walk("WP01", Lane.CLAIMED)
    found = project.run("doctor", "log", "--mission", one.slug, "--json").ok().json()
    assert found["sections"]["log"] == "ok"
    project.run("doctor", "--mission", "nine", "--json").failed("MISSION_NOT_FOUND", 1)


def test_a_section_that_does_not_exist_is_a_usage_error(project: Project) -> None:
    found = project.run("doctor", "heart", "--json").failed("UNKNOWN_SECTION", 2).json()
    assert found["details"]["sections"] == list(SECTIONS)


def test_verify_setup_is_the_section_setup(project: Project) -> None:
    assert project.run("verify-setup", "--json").ok().json() == project.run("doctor", "setup", "--json").ok().json()
    assert "Python" in project.run("verify-setup").ok().out


def test_text_fits_the_terminal(project: Project) -> None:
    finalized_mission(project).work("WP01", "src/wp01/a.py")
    for line in project.run("doctor").ok().out.splitlines():
        assert len(line) <= 80 or str(project.path) in line or "fix:" in line
