"""Accepting a mission: every condition at once, evidence on what would be merged."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.cli.commands.test_hooks import copying, hook
from tests.support.project import Project, Task
from tests.support.stories import Story, one, ready, story
from tests.support.trusting import trust_all


def _codes(found: dict[str, object]) -> list[str]:
    unmet = found["unmet"]
    assert isinstance(unmet, list)
    return sorted({each["code"] for each in unmet})


def test_a_complete_mission_is_accepted_with_evidence(project: Project) -> None:
    found = ready(project, accepted=False)

    done = found.accept("--test", "test -f src/three/a.py && python3 -c 'import sys; sys.path.insert(0, \"src/one\")'")

    data = done.ok().json()
    assert data["accepted"] is True
    assert data["tests"][0]["exit_code"] == 0
    assert Path(data["tests"][0]["log"]).is_file()
    meta = json.loads((found.mission.folder / "meta.json").read_text())
    assert meta["accepted_by"] == "user:Ada"
    assert meta["acceptance_mode"] == "local"
    assert data["commit"] == found.git.head()
    assert found.git.status() == ""
    event = found.mission.status.mission_events[-1]
    assert event.type == "accepted"
    assert event.data["tree"] == data["tree"]
    assert event.data["lanes"] == {
        lane.lane_id: found.git.head(f"kitty/mission-{found.slug}-{lane.lane_id}")
        for lane in found.mission.lanes.lanes
        if not lane.is_planning
    }
    assert found.mission.lane("WP01") is Lane.APPROVED
    assert not (project.path / ".worktrees" / f"{found.slug}-accept").exists()


def test_accepting_twice_changes_nothing(project: Project) -> None:
    found = ready(project)
    before = found.refs()
    again = found.accept().ok().json()
    assert again["already_accepted"] is True
    assert found.refs() == before


def test_every_unmet_condition_is_named_at_once(project: Project) -> None:
    found = story(project, Task("WP01", owns=("src/one/**",), subtasks=("T001",)), Task("WP02", owns=("src/two/**",)))
    tree = found.do("WP01", approve=False, src__one__a_py="one\n")
    tree.write("src/one/left.py", "uncommitted\n")
    spec = found.mission.folder / "spec.md"
    spec.write_text(
        spec.read_text() + "- **FR-002**: Nobody does this.\n\nWhen? [NEEDS CLARIFICATION: before or after lunch?]\n"
    )
    (found.mission.folder / "plan.md").unlink()
    before = found.refs()

    result = found.accept().failed("NOT_ACCEPTABLE", 1).json()

    assert _codes(result) == [
        "ARTIFACT_MISSING",
        "NEEDS_CLARIFICATION",
        "REQUIREMENT_UNMAPPED",
        "SUBTASKS_OPEN",
        "WORKTREE_DIRTY",
        "WP_NOT_APPROVED",
    ]
    assert all(each["fix"] or each["code"] == "NEEDS_CLARIFICATION" for each in result["unmet"])
    assert found.refs() == before
    report = found.accept("--allow-fail").ok().json()
    assert (report["result"], report["ready"], report["accepted"]) == ("success", False, False)
    assert report["unmet"] == result["unmet"]
    assert not found.mission.status.mission_events or found.mission.status.mission_events[-1].type != "accepted"


def test_lenient_makes_documents_warnings(project: Project) -> None:
    found = ready(project, accepted=False)
    spec = found.mission.folder / "spec.md"
    spec.write_text(spec.read_text() + "- **FR-009**: Later.\n")
    assert _codes(found.accept().failed("NOT_ACCEPTABLE").json()) == ["REQUIREMENT_UNMAPPED"]
    data = found.accept("--lenient").ok().json()
    assert [notice["code"] for notice in data["warnings"]] == ["REQUIREMENT_UNMAPPED"]


def test_a_checklist_reports_and_writes_nothing(project: Project) -> None:
    found = ready(project, accepted=False)
    before = found.refs(), len(found.mission.status.mission_events)
    data = found.accept("--mode", "checklist").ok().json()
    assert (data["ready"], data["accepted"]) == (True, False)
    assert (found.refs(), len(found.mission.status.mission_events)) == before
    found.mission.force("WP01", Lane.PLANNED)
    assert found.accept("--mode", "checklist").code == 1


def test_a_canceled_work_package_is_excepted_and_listed(project: Project) -> None:
    found = story(project, Task("WP01", owns=("src/one/**",)), Task("WP02", owns=("src/two/**",), subtasks=("T009",)))
    found.do("WP01", src__one__a_py="one\n")
    found.do("WP02", approve=False, src__two__a_py="given up\n")
    found.mission.force("WP02", Lane.CANCELED)

    data = found.accept().ok().json()
    assert data["canceled"] == [{"wp_id": "WP02", "subtasks": ["T009"], "requirement_refs": ["FR-001"]}]
    branch = found.branch("WP02")
    tip = found.git.head(branch)
    found.merge().ok()

    assert "src/two/a.py" not in found.files()
    assert found.mission.lane("WP02") is Lane.CANCELED
    assert found.refs()[f"refs/spec-kitty/canceled/{found.slug}/{found.lane('WP02').lane_id}"] == tip


def test_a_test_that_fails_only_with_two_lanes_together_makes_accept_refuse(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="x\n")
    found.do("WP02", b__f_txt="x\n")

    data = found.accept("--test", "test ! -f a/f.txt || test ! -f b/f.txt").failed("NOT_ACCEPTABLE").json()

    assert _codes(data) == ["TEST_FAILED"]
    assert data["tests"][0]["exit_code"] == 1
    assert found.git.status() == ""


def test_an_acceptance_stands_when_a_later_test_fails(project: Project) -> None:
    found = one(project, {"a/f.txt": "x\n"})
    accepted = found.accept().ok().json()
    told = found.accept("--test", "false").failed("NOT_ACCEPTABLE", 1).json()
    assert (_codes(told), told["ready"], told["accepted"]) == (["TEST_FAILED"], False, True)
    assert (told["already_accepted"], told["accepted_at"]) == (True, accepted["accepted_at"])
    assert "that stands" in told["error"]
    text = project.run("accept", "--test", "false", "--mission", found.slug).failed().out
    assert "stands, and `merge` takes it" in text
    found.merge().ok()


def test_a_new_commit_ends_an_acceptance_whatever_the_tests_say(project: Project) -> None:
    found = one(project, {"a/f.txt": "x\n"})
    found.worktree("WP01").commit("more", a__g_txt="y\n")
    found.review_again("WP01")
    told = found.accept("--test", "false").failed("NOT_ACCEPTABLE", 1).json()
    assert (told["accepted"], told["already_accepted"]) == (False, False)
    found.merge().failed("ACCEPTANCE_STALE")


def test_a_subtask_that_is_unticked_after_the_acceptance_keeps_the_mission_from_being_merged(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",), subtasks=("T001",)))
    found.do("WP01", a__f_txt="x\n")
    tick = ("agent", "tasks", "mark-status", "T001", "--status")
    found.run(*tick, "done").ok()
    found.accept().ok()
    found.run(*tick, "pending").ok()
    assert _codes(found.accept().failed().json()) == ["SUBTASKS_OPEN"]
    found.merge().failed("SUBTASKS_OPEN")
    found.run(*tick, "done").ok()
    found.merge().ok()


def test_a_file_that_is_only_staged_and_gone_from_the_folder_is_unstaged(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    tree = found.do("WP01", a__f_txt="x\n")
    tree.write("a/draft.txt", "draft\n")
    tree("add", "a/draft.txt")
    (tree.path / "a/draft.txt").unlink()
    data = found.accept().failed("NOT_ACCEPTABLE").json()
    assert _codes(data) == ["WORKTREE_DIRTY"]
    tree(*shlex.split(data["hint"])[3:])
    found.accept().ok()


def test_a_forecast_conflict_is_a_condition(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", shared_txt="one\n")
    found.do("WP02", shared_txt="two\n")
    data = found.accept().failed("NOT_ACCEPTABLE").json()
    assert _codes(data) == ["MERGE_CONFLICT"]
    assert "WP01" in data["unmet"][0]["what"]
    assert "WP02" in data["unmet"][0]["what"]


def test_documents_that_were_written_in_a_lane_are_named_with_the_command_that_takes_them(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", needs=("WP01",), owns=("b/**",)))
    folder = f"kitty-specs/{found.slug}"
    ticked = (project.folder(found.slug) / "tasks.md").read_text() + "\n- [x] T009 ticked in the copy\n"
    found.work("WP01", {"a/f.txt": "a\n", f"{folder}/research/my notes.md": "notes\n", f"{folder}/tasks.md": ticked})
    found.work("WP02", {"b/f.txt": "b\n", f"{folder}/plan.md": "# Another plan\n"})
    told = [each for each in found.accept().ok().json()["warnings"] if each["code"] == "LEFT_IN_LANE"]
    assert "plan.md" in told[0]["message"]
    assert "tasks.md" not in told[0]["message"]
    for each in told:
        subprocess.run(["/bin/sh", "-c", each["hint"]], check=True)
    assert found.accept().ok().json()["warnings"] == []
    found.merge().ok()
    assert (project.folder(found.slug) / "research/my notes.md").read_text() == "notes\n"
    assert (project.folder(found.slug) / "plan.md").read_text() == "# Another plan\n"


def test_tests_run_in_a_worktree_that_was_set_up(project: Project) -> None:
    found = ready(project, accepted=False)
    hook(found.git, '#!/bin/sh\necho "$SPEC_KITTY_WP/$SPEC_KITTY_LANE/$SPEC_KITTY_LANE_INDEX" > set-up.log\n')
    copying(project, ".env")
    with (found.git.path / ".git/info/exclude").open("a") as excluded:
        excluded.write(".env\n*.log\n")
    found.git.write(".env", "TEA=green\n")
    words = ("--test", "grep -q green .env", "--test", "cat set-up.log", "--mode", "local", "--no-commit")
    refused = found.accept(*words).failed("NOT_ACCEPTABLE").json()
    assert [each["hint"] for each in refused["warnings"]] == ["spec-kitty hooks trust"] * 2
    trust_all(project.path)
    data = found.accept(*words).ok().json()
    assert data["warnings"] == []
    lanes = len(found.mission.lanes.lanes)
    assert Path(data["tests"][1]["log"]).read_text().endswith(f"/accept/{lanes}\n")


def test_without_lanes_nothing_is_green(project: Project) -> None:
    found = ready(project, accepted=False)
    (found.mission.folder / "lanes.json").unlink()
    assert "LANES_MISSING" in _codes(found.accept().failed("NOT_ACCEPTABLE").json())


def test_no_commit_records_without_a_commit(project: Project) -> None:
    found = ready(project, accepted=False)
    head = found.git.head()
    data = found.accept("--no-commit", "--mode", "local").ok().json()
    assert data["commit"] is None
    assert found.git.head() == head
    assert json.loads((found.mission.folder / "meta.json").read_text())["acceptance_mode"] == "local"


def test_an_unknown_mode_is_a_usage_error(project: Project) -> None:
    ready(project, accepted=False).accept("--mode", "later").failed("USAGE_ERROR", 2)


@pytest.mark.parametrize("words", [(), ("--mode", "checklist")])
def test_people_see_a_table(project: Project, words: tuple[str, ...]) -> None:
    found: Story = ready(project, accepted=False)
    found.mission.force("WP05", Lane.PLANNED)
    said = project.run("accept", "--mission", found.slug, *words)
    assert said.code == 1
    assert "WP_NOT_APPROVED" in said.out
    assert "spec-kitty agent action implement WP05" in said.out
