from __future__ import annotations

import shutil
import subprocess

from specify_cli.doctor.findings import Severity
from specify_cli.status.models import Lane
from tests.support.examining import codes, findings_in, only
from tests.support.missions import finalized_mission
from tests.support.project import Project


def test_a_project_without_missions_is_in_order(project: Project) -> None:
    assert [each.severity for each in findings_in(project.path, "log")] == [Severity.OK]


def test_a_finalized_mission_is_in_order(project: Project) -> None:
    finalized_mission(project)
    assert codes(findings_in(project.path, "log")) == []


def test_what_is_recorded_and_not_published_is_a_note_with_its_mission(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    found = only(findings_in(project.path, "log"), "UNPUBLISHED")
    assert (found.severity, found.fix) == (Severity.NOTE, f"spec-kitty materialize --mission {mission.slug}")


def test_broken_lines_are_errors_with_file_and_line(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    log.write_text("<<<<<<< HEAD\n" + log.read_text(encoding="utf-8") + "garbage\n", encoding="utf-8")
    found = findings_in(project.path, "log")
    assert codes(found, least=Severity.ERROR) == ["CONFLICT_MARKER", "CORRUPT_LINE"]
    assert f"{log}:1" in only(found, "CONFLICT_MARKER").message
    assert only(found, "CORRUPT_LINE").fix == "spec-kitty doctor log --fix"


def test_a_line_that_we_do_not_understand_is_not_offered_to_be_removed(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    with log.open("a", encoding="utf-8") as sink:
        sink.write('{"event_id": "01KNRK00000000000000000009", "to_lane": "cooled", "wp_id": "WP01"}\n')
    fixes = {each.fix for each in findings_in(project.path, "log") if each.code == "INVALID_EVENT"}
    assert fixes == {f"git log -p -- kitty-specs/{mission.slug}"}


def test_a_work_package_that_left_the_plan_is_an_error(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("rm", "-q", str(mission.folder / "tasks" / "WP01-work.md"))
    project.git("commit", "-qm", "Take WP01 out")
    found = only(findings_in(project.path, "log"), "UNKNOWN_WORK_PACKAGE")
    assert found.severity is Severity.ERROR
    assert (found.fix or "").endswith(f"--mission {mission.slug}")


def test_a_prompt_that_was_deleted_by_mistake_is_brought_back_and_not_canceled(project: Project) -> None:
    mission = finalized_mission(project)
    prompt = mission.folder / "tasks" / "WP01-work.md"
    prompt.unlink()
    found = only(findings_in(project.path, "log"), "UNKNOWN_WORK_PACKAGE")
    assert found.message.endswith("its prompt was deleted")
    done = subprocess.run(["/bin/sh", "-c", found.fix or "false"], cwd=project.path, check=False)
    assert (done.returncode, prompt.exists()) == (0, True)
    assert codes(findings_in(project.path, "log"), least=Severity.ERROR) == []


def test_a_malformed_prompt_is_an_error_and_its_work_package_is_known(project: Project) -> None:
    mission = finalized_mission(project)
    (mission.folder / "tasks" / "WP01-work.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    assert codes(findings_in(project.path, "log"), least=Severity.ERROR) == ["MALFORMED_YAML"]


def test_a_folder_that_is_no_mission_is_an_error_and_hides_no_other(project: Project) -> None:
    mission = finalized_mission(project)
    project.git.write("kitty-specs/007-nothing/spec.md", "# Nothing\n")
    mission.walk("WP01", Lane.CLAIMED)
    assert codes(findings_in(project.path, "log")) == ["MISSION_META_MISSING", "UNPUBLISHED"]


def test_two_folders_with_one_identity_are_named(project: Project) -> None:
    mission = finalized_mission(project)
    shutil.copytree(mission.folder, mission.folder.with_name("002-copy"))
    found = only(findings_in(project.path, "log"), "MISSION_ID_TWICE")
    assert found.severity is Severity.ERROR
    assert "001-tea-timer and 002-copy" in found.message


def test_something_else_in_a_logs_place_is_a_finding_of_its_mission(project: Project) -> None:
    mission = finalized_mission(project)
    log = mission.folder / "status.events.jsonl"
    log.unlink()
    log.mkdir()
    assert mission.slug in only(findings_in(project.path, "log"), "LOG_NOT_A_FILE").message


def test_a_journal_that_was_lost_is_named_where_work_was_begun(project: Project) -> None:
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    assert "JOURNAL_LOST" not in codes(findings_in(project.path, "log"))
    for path in mission.place.journal.parent.glob(f"{mission.place.key}.*"):
        path.unlink()
    found = only(findings_in(project.path, "log"), "JOURNAL_LOST")
    project.run(*(found.fix or "").replace("NAME", "codex").split()[1:], "--json").ok()
    assert "JOURNAL_LOST" not in codes(findings_in(project.path, "log"))
