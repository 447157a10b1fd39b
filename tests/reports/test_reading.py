"""Missions that read as empty, or as finished, where they are neither; and two scripts that must stop."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT, run_here, run_script
from tests.support.git import Repo
from tests.support.project import Project
from tests.support.source import ROOT

REPORTS = ROOT / "tests" / "fixtures" / "reports"


def play(script: Path, folder: Path, code: int = 0) -> str:
    """Run a script of a report in a folder; what it said, on standard error where it had to fail."""
    env = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["/bin/sh", str(script)], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def test_what_nobody_did_is_not_approved(tmp_path: Path) -> None:
    assert "WP01 is held by claude (a)" in play(REPORTS / "23" / "approve-without-work.sh", tmp_path, 1)
    move = ("agent", "tasks", "move-task", "WP01", "--mission", "kettle", "--note", "ok", "--json")
    env = {"SPEC_KITTY_SESSION": "a"}
    for lane, reason in (("for_review", "NO_NEW_COMMIT"), ("approved", "NO_CHANGES")):
        words = (*move, "--to", lane, "--agent", "claude")
        refused = run_script(*words, cwd=tmp_path, env=env).failed("TRANSITION_REJECTED", 1).json()
        assert refused["details"]["reason"] == reason
    run_here("accept", "--mission", "kettle", "--json", cwd=tmp_path).failed(exit_code=1)
    run_here("merge", "--mission", "kettle", "--json", cwd=tmp_path).failed(exit_code=1)
    assert run_here("status", "--mission", "kettle", "--json", cwd=tmp_path).ok().json()["progress_percentage"] == 30.0


def test_a_worktree_that_is_the_main_checkout_stops_the_claim(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    assert "core.worktree is set for all worktrees" in play(REPORTS / "24" / "worktree-is-main.sh", folder, 1)
    project = folder / "p"
    assert Repo(project)("branch", "--list", "kitty/*") == ""
    claim = ("agent", "action", "implement", "WP01", "--agent", "claude", "--mission", "kettle", "--json")
    error = run_script(*claim, cwd=project).failed("WORKTREE_MISPLACED", 1).json()
    subprocess.run(["/bin/sh", "-c", error["hint"]], check=True, cwd=project)
    lane = Path(run_script(*claim, cwd=project).ok().json()["workspace_path"])
    assert Repo(lane)("rev-parse", "--show-toplevel") == str(lane)


def test_a_clone_reads_the_mission_whose_branch_a_pull_request_has_used_up(tmp_path: Path) -> None:
    said = play(REPORTS / "25" / "branch-gone.sh", tmp_path)
    assert "0 % of 1 work package\n" in said
    assert "  WP01  planned  Clock" in said
    words = ("agent", "action", "implement", "WP01", "--agent", "ada", "--json")
    assert run_here(*words, cwd=tmp_path / "b").failed("TARGET_GONE", 1).json()["hint"] is None


def test_a_sparse_checkout_has_its_missions_committed(tmp_path: Path) -> None:
    folder = tmp_path / "sparse"
    folder.mkdir()
    play(REPORTS / "26" / "sparse.sh", folder)
    git = Repo(folder)
    assert git("log", "-1", "--format=%s") == "spec-kitty(001-clock): create mission"
    assert "kitty-specs/001-clock/" not in git.status()
    git("add", "-A", "--sparse")
    git("commit", "-qm", "Set up spec-kitty")
    found = run_here("doctor", "setup", "--json", cwd=folder).ok().json()["findings"]
    assert [each["code"] for each in found if each["severity"] == "warning"] == ["SPARSE_CHECKOUT"]
    git("sparse-checkout", "reapply")  # as the next switch would
    assert not (folder / "kitty-specs" / "001-clock" / "meta.json").exists()
    for words in (("init", "--ai", "claude"), ("agent", "mission", "create", "two"), ("next", "--agent", "ada")):
        refused = run_here(*words, "--json", cwd=folder).failed("SPARSE_CHECKOUT", 1).json()
        assert refused["hint"] == f"git -C {folder} sparse-checkout add .kittify kitty-specs"
    found = run_here("doctor", "setup", "--json", cwd=folder).failed().json()["findings"]
    assert [each["code"] for each in found if each["severity"] == "error"] == ["SPARSE_CHECKOUT"]
    assert run_here("status", "--json", cwd=folder).ok().json()["total_wps"] == 1


def counts(project: Project) -> dict[str, object]:
    """How many work packages there are and how far they are, as each command says."""
    board = project.run("status", "--mission", "001-clock", "--json").ok().json()
    listed = project.run("mission", "list", "--json").ok().json()["missions"][0]
    progress = project.run("next", "--mission", "001-clock", "--json").ok().json()["progress"]
    tasks = project.run("agent", "tasks", "list-tasks", "--mission", "001-clock", "--json").ok().json()
    return {
        "status": (board["total_wps"], board["progress_percentage"], len(board["work_packages"])),
        "list": (listed["total_wps"], listed["progress_percentage"], sum(map(len, listed["by_lane"].values()))),
        "next": (progress["total_wps"], progress["percentage"], tasks["count"]),
    }


@pytest.fixture
def clock(project: Project) -> Project:
    """A project with the mission of the report, and nothing else."""
    shutil.copytree(REPORTS / "19" / "kitty-specs", project.path / "kitty-specs", dirs_exist_ok=True)
    project.git.commit("a mission of an older version")
    return project


def test_what_the_log_has_not_met_counts(clock: Project) -> None:
    assert counts(clock) == dict.fromkeys(("status", "list", "next"), (2, 50.0, 2))
    assert " 50 % of 2 work packages" in clock.run("status", "--mission", "001-clock").out


def test_what_has_no_prompt_counts_and_is_shown(clock: Project) -> None:
    (clock.path / "kitty-specs/001-clock/tasks/WP01-hands.md").unlink()
    assert counts(clock) == dict.fromkeys(("status", "list", "next"), (2, 50.0, 2))
    rows = clock.run("status", "--mission", "001-clock", "--json").ok().json()["work_packages"]
    assert [(row["id"], row["lane"], row["file"] is None) for row in rows] == [
        ("WP01", "done", True),
        ("WP02", "planned", False),
    ]
    assert "WP01  done         no prompt file" in clock.run("status", "--mission", "001-clock").out
    clock.run("agent", "tasks", "validate-workflow", "WP02", "--mission", "001-clock").failed()


def test_the_written_views_have_the_same_count(clock: Project) -> None:
    clock.run("materialize", "--mission", "001-clock", "--json").ok()
    for name in ("progress", "board-summary"):
        assert '"planned": 1' in (clock.path / f"kitty-specs/001-clock/{name}.json").read_text()
