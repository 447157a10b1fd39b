from __future__ import annotations

import json
import shutil

from specify_cli.doctor.mend import mend
from specify_cli.doctor.sections import SECTIONS
from specify_cli.status.models import Lane
from tests.support.examining import codes, findings_in, subject_in
from tests.support.missions import finalized_mission
from tests.support.project import Project


def test_with_nothing_to_mend_nothing_is_written(project: Project) -> None:
    mission = finalized_mission(project)
    head = project.git.head()
    before = (mission.place.journal.read_bytes(), project.git.status())
    assert mend(subject_in(project.path), tuple(SECTIONS)) == ([], [])
    assert (mission.place.journal.read_bytes(), project.git.status()) == before
    assert project.git.head() == head


def test_what_is_recorded_is_published_and_committed(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    done, warnings = mend(subject_in(project.path), ("log",))
    assert [each.what for each in done] == [f"2 events of {mission.slug} published"]
    assert warnings == []
    assert project.git.status() == ""
    assert mission.status.unpublished == 0


def test_both_sides_of_a_conflict_stay_and_garbage_is_kept_aside(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"<<<<<<< HEAD\n" + whole + b"=======\n" + whole + b"not one of ours\n>>>>>>> theirs\n")
    done, _ = mend(subject_in(project.path), ("log",))
    assert [each.section for each in done] == ["log"]
    assert log.read_bytes() == whole * 2
    kept = [path.read_bytes() for path in (mission.place.state / "quarantine").iterdir()]
    assert kept == [b"not one of ours\n"]
    assert codes(findings_in(project.path, "log")) == []


def test_a_broken_line_of_the_journal_is_set_aside_and_the_rest_is_untouched(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.CLAIMED)
    journal = mission.place.journal
    whole = journal.read_bytes()
    mode = journal.stat().st_mode
    journal.write_bytes(whole[:10] + b"\n" + whole)
    mend(subject_in(project.path), ("log",))
    assert journal.read_bytes() == whole
    assert journal.stat().st_mode == mode
    assert mission.lane("WP01") is Lane.CLAIMED


def test_lines_of_newer_versions_stay(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    with log.open("a", encoding="utf-8") as sink:
        sink.write('{"event_id": "01KNRK00000000000000000009", "to_lane": "cooled", "wp_id": "WP01"}\n')
    before = log.read_bytes()
    mend(subject_in(project.path), ("log",))
    assert log.read_bytes() == before


def test_an_event_whose_id_is_none_is_set_aside(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.place.journal
    before = log.read_bytes()
    last = json.loads(before.splitlines()[-1])
    bad = json.dumps(last | {"event_id": "x\0; rm -rf", "wp_id": ["WP01"]}).encode() + b"\n"
    log.write_bytes(before + bad)
    found = [each for each in findings_in(project.path, "log") if each.code == "INVALID_EVENT"]
    assert [each.fix for each in found] == ["spec-kitty doctor log --fix"]
    mend(subject_in(project.path), ("log",))
    assert log.read_bytes() == before
    assert [path.read_bytes() for path in (mission.place.state / "quarantine").iterdir()] == [bad]


def test_a_copy_that_the_user_is_merging_is_left_alone(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    log.write_bytes(b"<<<<<<< HEAD\n" + log.read_bytes())
    before = log.read_bytes()
    project.git.write(".git/MERGE_HEAD", project.git.head() + "\n")
    mend(subject_in(project.path), ("log",))
    assert log.read_bytes() == before


def test_what_hinders_is_a_warning_and_the_other_missions_are_mended(project: Project) -> None:
    first, second = finalized_mission(project, name="one"), finalized_mission(project, name="two")
    log = first.folder / "status.events.jsonl"
    log.unlink()
    log.mkdir()
    second.walk("WP01", Lane.CLAIMED)
    done, warnings = mend(subject_in(project.path), ("log",))
    assert [each.what for each in done] == [f"1 event of {second.slug} published"]
    assert [each.code for each in warnings] == ["LOG_NOT_A_FILE"]


def test_git_forgets_a_worktree_whose_folder_is_gone(project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "src/wp01/a.py")
    shutil.rmtree(tree.path)
    done, _ = mend(subject_in(project.path), ("worktrees",))
    assert [each.section for each in done] == ["worktrees"]
    assert str(tree.path) not in project.git("worktree", "list")
    assert project.git("branch", "--list", "kitty/mission-001-tea-timer-lane-a")


def test_only_the_sections_that_were_asked_for_are_mended(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.CLAIMED)
    assert mend(subject_in(project.path), ("setup", "files", "leases", "merge")) == ([], [])
    assert mission.status.unpublished == 1
