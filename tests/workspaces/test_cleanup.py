from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from specify_cli.home import MissionPlace
from specify_cli.kernel.paths import discover
from specify_cli.status.models import Lane
from specify_cli.workspaces.cleanup import CleanedUp, clean_up, reason_to_keep, reason_to_keep_branch
from specify_cli.workspaces.leases import read_lease
from specify_cli.workspaces.records import read_record
from specify_cli.workspaces.survey import LaneWorkspace, TreeState
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.status import bare_place

LANE = "kitty/mission-001-tea-timer-lane-a"


def cleaned(mission: Mission) -> CleanedUp:
    done = clean_up(discover(mission.project.path), [mission.place])
    assert len(done) == 1
    return done[0]


def merged(mission: Mission) -> None:
    """Say in meta.json that the mission was merged."""
    meta = mission.folder / "meta.json"
    data = json.loads(meta.read_text(encoding="utf-8"))
    meta.write_text(json.dumps({**data, "merged_at": "2026-11-20T12:00:00+00:00"}), encoding="utf-8")


def test_a_project_without_workspaces_has_nothing_to_put_away(project: Project) -> None:
    mission = finalized_mission(project)
    assert clean_up(discover(project.path), [mission.place]) == []


def test_work_that_is_not_merged_stays(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    mission.force("WP01", Lane.APPROVED)
    assert cleaned(mission).worktree_kept == "its work is not in main yet"
    assert tree.path.is_dir()


def test_what_the_target_contains_goes_with_branch_record_and_lease(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    project.git("merge", "-q", "--no-edit", LANE)
    mission.force("WP01", Lane.DONE)
    done = cleaned(mission)
    assert (done.worktree_kept, done.branch_kept) == ("", "")
    assert not tree.path.exists()
    assert project.git("branch", "--list", LANE) == ""
    assert read_record(mission.place, "lane-a") is None
    assert read_lease(mission.place, "WP01") is None


def test_a_fresh_claim_is_contained_and_stays(project: Project) -> None:
    mission = finalized_mission(project)
    claim = mission.claim("WP01")
    assert cleaned(mission).worktree_kept == "WP01 is in_progress"
    assert claim.workspace.path.is_dir()


def test_a_branch_that_a_merge_still_asks_for_stays_without_its_worktree(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    project.git("merge", "-q", "--no-edit", LANE)
    mission.force("WP01", Lane.APPROVED)
    done = cleaned(mission)
    assert done.branch_kept == "WP01 is approved, and a merge still asks for it"
    assert not tree.path.exists()
    assert read_record(mission.place, "lane-a") is not None
    mission.force("WP01", Lane.PLANNED)
    again = mission.work("WP01", "src/wp01/b.py")
    assert (again.path / "src/wp01/a.py").exists()


def test_uncommitted_files_stay_even_when_the_mission_is_merged(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    merged(mission)
    tree.write("notes.txt", "mine\n")
    assert cleaned(mission).worktree_kept == "it has uncommitted files: notes.txt"
    assert (tree.path / "notes.txt").exists()


def test_commits_that_a_squash_did_not_take_keep_their_branch(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    merged(mission)
    done = cleaned(mission)
    assert "neither in main nor kept by a merge" in done.branch_kept
    assert not tree.path.exists()
    assert project.git("branch", "--list", LANE)


@pytest.mark.parametrize("witness", ["ref", "receipt"])
def test_a_squashed_lane_goes_where_the_merge_kept_or_named_its_tip(witness: str, project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    merged(mission)
    tip = tree.head()
    if witness == "ref":
        project.git("update-ref", f"refs/spec-kitty/merged/{mission.slug}/lane-a", tip)
    else:
        receipt = {"lanes": [{"lane_id": "lane-a", "tip": tip, "outcome": "merged"}]}
        (mission.folder / "merge-receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    done = cleaned(mission)
    assert (done.worktree_kept, done.branch_kept) == ("", "")
    assert project.git("branch", "--list", LANE) == ""


def test_a_lane_that_was_given_up_is_not_taken_for_merged_by_the_receipt(project: Project) -> None:
    mission = finalized_mission(project)
    tip = mission.work("WP01", "src/wp01/a.py").head()
    merged(mission)
    receipt = {"lanes": [{"lane_id": "lane-a", "tip": tip, "outcome": "given_up"}]}
    (mission.folder / "merge-receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    assert cleaned(mission).branch_kept


def test_a_vanished_worktree_of_merged_work_is_forgotten(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    project.git("merge", "-q", "--no-edit", LANE)
    mission.force("WP01", Lane.DONE)
    shutil.rmtree(tree.path)
    assert cleaned(mission).worktree_kept == ""
    assert str(tree.path) not in project.git("worktree", "list")
    assert clean_up(discover(project.path), [mission.place]) == []


def test_the_users_own_checkout_of_a_lane_is_never_removed(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    project.git("worktree", "remove", str(tree.path))
    project.git("worktree", "add", "-q", str(project.path.with_name("main-here")), "-b", "other")
    project.git("switch", "-q", LANE)
    assert cleaned(mission).worktree_kept == "it is a checkout of your own, not made for the lane"
    assert project.git("branch", "--show-current") == LANE


def test_other_missions_are_not_touched(project: Project) -> None:
    one = finalized_mission(project, Task("WP01"), name="one")
    two = finalized_mission(project, Task("WP01", owns=("two/**",)), name="two")
    one.work("WP01", "src/wp01/a.py")
    tree = two.work("WP01", "two/a.py")
    merged(one)
    assert len(clean_up(discover(project.path), [one.place])) == 1
    assert tree.path.is_dir()


Change = Callable[[LaneWorkspace], LaneWorkspace]


def workspace(place: MissionPlace) -> LaneWorkspace:
    """A lane whose work is done and in the target, clean."""
    return LaneWorkspace(
        place, "lane-a", Path("/w"), LANE, "a" * 40, TreeState.CLEAN, LANE, wps={"WP01": Lane.DONE}, contained=True
    )


KEEP: list[tuple[Change, str]] = [
    (lambda each: each, ""),
    (lambda each: replace(each, own=False), "checkout of your own"),
    (lambda each: replace(each, stays="it is locked"), "it is locked"),
    (lambda each: replace(each, contained=False), "not in main yet"),
    (lambda each: replace(each, tip=None, contained=False), ""),
    (lambda each: replace(each, wps={"WP01": Lane.BLOCKED}), "WP01 is blocked"),
    (lambda each: replace(each, wps={"WP01": Lane.PLANNED, "WP02": Lane.APPROVED}), ""),
]


@pytest.mark.parametrize(("change", "reason"), KEEP)
def test_a_worktree_stays_for_a_reason(change: Change, reason: str, tmp_path: Path) -> None:
    told = reason_to_keep(change(workspace(bare_place(tmp_path))))
    assert reason in told
    assert bool(told) == bool(reason)


KEEP_BRANCH: list[tuple[Change, str]] = [
    (lambda each: each, ""),
    (lambda each: replace(each, tip=None, contained=False), ""),
    (lambda each: replace(each, contained=False), "neither in main nor kept by a merge"),
    (lambda each: replace(each, contained=False, kept=True), ""),
    (lambda each: replace(each, wps={"WP01": Lane.APPROVED}), "a merge still asks for it"),
    (lambda each: replace(each, wps={"WP01": Lane.PLANNED, "WP02": Lane.CANCELED}), ""),
]


@pytest.mark.parametrize(("change", "reason"), KEEP_BRANCH)
def test_a_branch_stays_for_a_reason(change: Change, reason: str, tmp_path: Path) -> None:
    told = reason_to_keep_branch(change(workspace(bare_place(tmp_path))))
    assert reason in told
    assert bool(told) == bool(reason)


def test_a_folder_in_the_place_of_a_worktree_is_left_alone(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    project.git("merge", "-q", "--no-edit", LANE)
    mission.force("WP01", Lane.DONE)
    project.git("worktree", "remove", str(tree.path))
    Repo(tree.path).write("mine.txt", "mine\n")
    assert cleaned(mission).worktree_kept == "a folder stands there that is no worktree of ours"
    assert (tree.path / "mine.txt").exists()
