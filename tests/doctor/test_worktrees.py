from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from specify_cli.doctor.findings import Severity
from specify_cli.status.models import Lane
from specify_cli.workspaces.records import forget_record
from tests.support.examining import codes, findings_in, only
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.stories import story
from tests.support.trusting import trust_all

SECTION = "worktrees"
LANE = "kitty/mission-001-tea-timer-lane-a"


def test_without_git_there_are_no_worktrees(tmp_path: Path) -> None:
    assert findings_in(tmp_path, SECTION) == []


def test_a_worktree_as_it_was_recorded_is_in_order(project: Project) -> None:
    finalized_mission(project).work("WP01", "src/wp01/a.py")
    assert [each.severity for each in findings_in(project.path, SECTION)] == [Severity.OK]


def test_a_vanished_worktree_is_a_warning_that_a_fix_mends(project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "src/wp01/a.py")
    shutil.rmtree(tree.path)
    found = only(findings_in(project.path, SECTION), "WORKTREE_VANISHED")
    assert (found.severity, found.fix) == (Severity.WARNING, "spec-kitty doctor worktrees --fix")
    project.git("worktree", "prune")
    assert only(findings_in(project.path, SECTION), "WORKTREE_ABSENT").severity is Severity.WARNING


def test_a_lane_without_work_under_way_may_lack_its_worktree(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    mission.force("WP01", Lane.APPROVED)
    project.git("worktree", "remove", str(tree.path))
    assert only(findings_in(project.path, SECTION), "WORKTREE_ABSENT").severity is Severity.NOTE


def test_another_branch_in_a_lanes_worktree_is_named_with_the_way_back(project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "src/wp01/a.py")
    tree("switch", "-q", "-c", "elsewhere")
    found = only(findings_in(project.path, SECTION), "WORKTREE_WRONG_BRANCH")
    assert found.fix == f"git -C {tree.path} switch {LANE}"


def test_uncommitted_files_are_a_note_while_somebody_works_and_a_warning_after(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    tree.write("src/wp01/b.py", "more\n")
    assert only(findings_in(project.path, SECTION), "WORKTREE_DIRTY").severity is Severity.NOTE
    mission.force("WP01", Lane.APPROVED)
    assert only(findings_in(project.path, SECTION), "WORKTREE_DIRTY").severity is Severity.WARNING


def test_a_lane_whose_branch_is_gone_is_an_error(project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "src/wp01/a.py")
    project.git("worktree", "remove", "--force", str(tree.path))
    project.git("branch", "-q", "-D", LANE)
    found = only(findings_in(project.path, SECTION), "LANE_BRANCH_MISSING")
    assert found.severity is Severity.ERROR
    assert f"fetch origin {LANE}:{LANE}" in (found.fix or "")


def test_a_worktree_that_nobody_recorded_is_a_note(project: Project) -> None:
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    forget_record(mission.place, "lane-a")
    assert "WORKTREE_UNRECORDED" in codes(findings_in(project.path, SECTION))


def test_merged_work_may_be_put_away(project: Project) -> None:
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    mission.force("WP01", Lane.DONE)
    project.git("merge", "-q", "--no-edit", LANE)
    assert only(findings_in(project.path, SECTION), "WORKTREE_NOT_NEEDED").fix == "spec-kitty context cleanup"


def test_lanes_of_missions_that_nobody_knows_are_orphans(project: Project, tmp_path: Path) -> None:
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    project.git("branch", "kitty/mission-009-gone")
    project.git("worktree", "add", "-q", "-b", "kitty/mission-009-gone-lane-b", str(tmp_path / "lost"))
    found = findings_in(project.path, SECTION)
    assert codes(found) == ["BRANCH_ORPHAN", "WORKTREE_ORPHAN"]
    assert str(tmp_path / "lost") in (only(found, "WORKTREE_ORPHAN").fix or "")


def test_a_folder_among_the_worktrees_that_is_none_is_in_the_way(project: Project) -> None:
    finalized_mission(project)
    project.git.write(".worktrees/.gitignore", "*\n")
    project.git.write(".worktrees/001-tea-timer-lane-a/notes.txt", "mine\n")
    found = only(findings_in(project.path, SECTION), "WORKTREE_STRAY")
    assert (found.fix or "").startswith("mv ")


def test_a_worktree_of_the_user_that_vanished_is_found_too(project: Project, tmp_path: Path) -> None:
    own = Repo(tmp_path / "own")
    project.git("worktree", "add", "-q", "-b", "own", str(own.path))
    shutil.rmtree(own.path)
    assert str(own.path) in only(findings_in(project.path, SECTION), "WORKTREE_VANISHED").message


def test_a_record_that_is_none_is_a_finding(project: Project) -> None:
    mission: Mission = finalized_mission(project, Task("WP01"))
    mission.work("WP01", "src/wp01/a.py")
    record = mission.place.state / "workspaces" / mission.place.key / "lane-a.json"
    record.write_text('{"lane_id": "lane-a"}', encoding="utf-8")
    assert only(findings_in(project.path, SECTION), "RECORD_INVALID").severity is Severity.ERROR


@pytest.mark.parametrize("text", ["{", '{"lane_id": "lane-a", "path": 7, "branch": ["x"]}'])
def test_a_broken_record_stops_nothing(project: Project, text: str) -> None:
    found = story(project, Task("WP01"), Task("WP02"))
    for wp_id in ("WP01", "WP02"):
        found.work(wp_id, {f"src/{wp_id.lower()}/a.py": "x = 1\n"})
    place = found.mission.place
    for record in (place.state / "workspaces" / place.key).glob("*.json"):
        record.write_text(text, encoding="utf-8")
    found.run("why", "--mission", found.slug).ok()
    found.accept().ok()
    found.merge().ok()
    assert "src/wp01/a.py" in found.files()


@pytest.mark.parametrize("name", ["{key}.json", "{key}.conflict.json"])
def test_a_broken_record_of_a_merge_stops_only_that_merge(project: Project, name: str) -> None:
    found = story(project, Task("WP01"))
    found.do("WP01", src__wp01__a_py="x = 1\n")
    found.accept().ok()
    other = project.finalized(Task("WP01"), name="other")
    place = found.mission.place
    record = place.state / "merge" / name.format(key=place.key)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{", encoding="utf-8")
    project.run("agent", "action", "implement", "WP01", "--agent", "ada", "--mission", other).ok()
    found.run("agent", "tasks", "add-history", "WP01", "--note", "x", "--mission", found.slug).ok()
    found.run("status", "--mission", found.slug).ok()
    error = found.merge().failed(exit_code=1).json()
    assert error["error_code"] in ("MERGE_INTENT_INVALID", "MERGE_STATE_INVALID")
    assert any(each.code == error["error_code"] for each in findings_in(project.path, "merge"))
    subprocess.run(["/bin/sh", "-c", error["hint"]], check=True, cwd=project.path)
    found.merge().ok()


def test_what_new_worktrees_do_without_is_a_note(project: Project) -> None:
    project.git.write(".kittify/hooks/worktree-setup", "#!/bin/sh\n").chmod(0o755)
    found = only(findings_in(project.path, SECTION), "HOOK_UNTRUSTED")
    assert (found.severity, found.fix) == (Severity.NOTE, "spec-kitty hooks trust")
    trust_all(project.path)
    assert codes(findings_in(project.path, SECTION)) == []
