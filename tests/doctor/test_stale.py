"""`agent status doctor`: a board that stands still, and what is missing or left over."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from specify_cli.doctor.findings import Finding, Severity
from specify_cli.doctor.stale import Patience, examine
from specify_cli.status.models import Lane
from specify_cli.workspaces import leases
from tests.support.examining import codes, only, subject_in
from tests.support.git import Repo
from tests.support.loop import Agent, later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

DAY = 24 * 60


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(project, Task("WP01"), Task("WP02"))


def found(mission: Mission, patience: Patience | None = None) -> list[Finding]:
    return examine(subject_in(mission.project.path), patience or Patience())


def run(mission: Mission, *words: str, code: int = 0) -> dict[str, Any]:
    done = mission.project.run("agent", "status", "doctor", *words, "--json")
    assert done.code == code, str(done)
    return done.json()


def test_a_board_that_moves_is_well(mission: Mission) -> None:
    Agent(mission).next()
    assert [(each.code, each.severity) for each in found(mission)] == [("BOARD", Severity.OK)]
    told = run(mission)
    assert (told["result"], told["missions"], told["counts"]["ok"]) == ("healthy", [mission.slug], 1)


@pytest.mark.parametrize(
    ("lane", "days", "code"),
    [
        (Lane.CLAIMED, 7, "CLAIM_STALE"),
        (Lane.IN_PROGRESS, 14, "WORK_STALE"),
        (Lane.FOR_REVIEW, 14, "REVIEW_STALE"),
        (Lane.IN_REVIEW, 14, "REVIEW_STALE"),
    ],
)
def test_each_lane_has_its_days(mission: Mission, lane: Lane, days: int, code: str) -> None:
    mission.walk("WP01", lane, actor="codex")
    with later(days * DAY - 10):
        assert codes(found(mission)) == []
    with later(days * DAY + 10):
        stale = only(found(mission), code)
    assert stale.severity is Severity.WARNING
    assert f"{mission.slug} WP01" in stale.message
    assert f"for {days} days" in stale.message
    assert stale.fix is not None


def test_who_lost_the_work_to_another_clone_is_not_taken_for_its_holder(mission: Mission) -> None:
    mission.walk("WP01", Lane.IN_PROGRESS, actor="gemini")
    with later(15 * DAY):
        leases.touch(mission.place, "WP01", "claude", None)
        stale = only(found(mission), "WORK_STALE")
    assert "gemini for 15 days, never seen at work in this clone" in stale.message


@pytest.mark.parametrize("lane", [Lane.PLANNED, Lane.APPROVED, Lane.DONE, Lane.CANCELED, Lane.BLOCKED])
def test_what_waits_for_nobody_is_never_stale(mission: Mission, lane: Lane) -> None:
    mission.force("WP01", lane)
    with later(400 * DAY):
        assert codes(found(mission)) == []


def test_what_a_quiet_holder_has_is_reaped_by_the_fix(mission: Mission) -> None:
    Agent(mission, "codex", "c1").next()
    with later(15 * DAY):
        stale = only(found(mission), "WORK_STALE")
        assert stale.fix == f"spec-kitty doctor --reap WP01 --mission {mission.slug}"
        mission.project.run(*shlex.split(stale.fix)[1:], "--json").ok()
        assert codes(found(mission)) == []


def test_what_was_never_seen_here_is_given_back_by_force(mission: Mission) -> None:
    mission.walk("WP01", Lane.IN_REVIEW, actor="codex")
    with later(15 * DAY):
        stale = only(found(mission), "REVIEW_STALE")
        assert "never seen at work in this clone" in stale.message
        mission.project.run(*shlex.split(str(stale.fix))[1:], "--json").ok()
    assert mission.lane("WP01") is Lane.FOR_REVIEW


def test_long_work_of_somebody_at_work_is_only_a_note(mission: Mission) -> None:
    worktree = Path(str(Agent(mission).next().workspace_path))
    with later(15 * DAY):
        mission.project.run("agent", "tasks", "add-history", "WP01", "--note", "x", "--agent", "claude").ok()
        Agent(mission).next()
        stale = only(found(mission), "WORK_STALE")
    assert (stale.severity, stale.fix) == (Severity.NOTE, f"spec-kitty why WP01 --mission {mission.slug}")
    assert worktree.is_dir()


def test_the_days_can_be_chosen(mission: Mission) -> None:
    mission.walk("WP01", Lane.CLAIMED)
    mission.walk("WP02", Lane.IN_PROGRESS)
    with later(2 * DAY):
        told = run(mission, "--stale-claimed-days", "1", "--stale-in-progress-days", "1.5")
    assert sorted(each["code"] for each in told["findings"]) == ["CLAIM_STALE", "WORK_STALE"]
    assert told["result"] == "healthy", "a warning is no error"
    mission.project.run("agent", "status", "doctor", "--stale-claimed-days", "-1", "--json").failed("USAGE_ERROR", 2)


def test_a_missing_prompt_is_an_error_and_git_brings_it_back(mission: Mission) -> None:
    prompt = mission.folder / "tasks" / "WP02-work.md"
    prompt.unlink()
    told = run(mission, code=1)
    (missing,) = told["findings"]
    assert (missing["code"], missing["severity"], told["result"]) == ("PROMPT_MISSING", "error", "unhealthy")
    subprocess.run(shlex.split(missing["fix"]), check=True, cwd=mission.project.path.parent)
    assert prompt.exists()
    assert run(mission)["result"] == "healthy"


def test_a_prompt_whose_deletion_was_committed_comes_back_from_the_history(mission: Mission) -> None:
    prompt = mission.folder / "tasks" / "WP02-work.md"
    text = prompt.read_text(encoding="utf-8")
    prompt.unlink()
    mission.project.git.commit("gone")
    (missing,) = run(mission, code=1)["findings"]
    subprocess.run(shlex.split(missing["fix"]), check=True, capture_output=True)
    assert prompt.read_text(encoding="utf-8") == text


def test_the_prompt_of_what_was_given_up_is_not_missed(mission: Mission) -> None:
    mission.force("WP02", Lane.CANCELED)
    (mission.folder / "tasks" / "WP02-work.md").unlink()
    assert run(mission)["result"] == "healthy"


def test_a_worktree_of_no_mission_is_found(mission: Mission) -> None:
    path = mission.project.path.parent / "orphan"
    mission.project.git("worktree", "add", "-q", "-b", "kitty/mission-009-gone-lane-a", str(path))
    orphan = only(found(mission), "WORKTREE_ORPHAN")
    assert str(path) in orphan.message
    subprocess.run(shlex.split(str(orphan.fix)), check=True)
    assert "WORKTREE_ORPHAN" not in codes(found(mission))


def test_a_worktree_of_a_lane_that_the_plan_does_not_have_is_found(mission: Mission) -> None:
    path = mission.project.path.parent / "lane-z"
    mission.project.git("worktree", "add", "-q", "-b", f"kitty/mission-{mission.slug}-lane-z", str(path))
    assert "lane-z" in only(found(mission), "WORKTREE_ORPHAN").message


def test_a_malformed_header_is_an_error_and_hides_no_other(mission: Mission) -> None:
    (mission.folder / "tasks" / "WP02-work.md").write_text("---\nowned_files: [x\n---\n", encoding="utf-8")
    mission.walk("WP01", Lane.CLAIMED)
    with later(8 * DAY):
        assert {"MALFORMED_YAML", "CLAIM_STALE"} <= set(codes(found(mission)))


def test_one_mission_or_all(project: Project) -> None:
    first, second = finalized_mission(project), finalized_mission(project, name="other")
    (second.folder / "tasks" / "WP01-work.md").unlink()
    assert run(first, "--mission", first.slug)["missions"] == [first.slug]
    assert run(first, code=1)["missions"] == [first.slug, second.slug]


def test_people_see_each_fix(mission: Mission) -> None:
    mission.walk("WP01", Lane.CLAIMED)
    with later(8 * DAY):
        told = mission.project.run("agent", "status", "doctor").ok().out
    assert "fix: spec-kitty agent tasks move-task WP01 --to planned --force" in told
    assert told.rstrip().splitlines()[-1].startswith("  Next: spec-kitty")


def test_where_there_is_no_mission_nothing_is_called_healthy(project: Project, git: Repo) -> None:
    project.run("agent", "status", "doctor", "--json").failed("MISSION_NOT_FOUND", 1)


def test_nothing_is_written(mission: Mission) -> None:
    mission.work("WP01", "src/wp01/a.txt")

    def state() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in mission.project.path.rglob("*") if path.is_file()}

    before = state()
    run(mission)
    assert state() == before
