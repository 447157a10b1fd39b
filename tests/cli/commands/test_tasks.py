from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

MOVE_KEYS = {
    "result", "wp_id", "from_lane", "to_lane", "event_id", "actor", "session", "mission_slug", "commit", "warnings",
}  # fmt: skip


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01 with two subtasks, and WP02 that depends on it."""
    return finalized_mission(project, Task("WP01", subtasks=("T001", "T002")), Task("WP02", needs=("WP01",)))


def tasks(mission: Mission, *words: str, agent: str | None = "claude", input: str = "") -> Result:
    """Run `agent tasks …` about the mission, asking for JSON."""
    who = ("--agent", agent) if agent else ()
    return mission.project.run("agent", "tasks", *words, *who, "--mission", mission.slug, "--json", input=input)


def read(mission: Mission, *words: str) -> Result:
    """As `tasks`, of a reading command."""
    return tasks(mission, *words, agent=None)


def handed_in(mission: Mission) -> Repo:
    """WP01 worked on by claude and handed to review; its worktree."""
    tree = mission.work("WP01", "src/wp01/a.py")
    tasks(mission, "mark-status", "T001", "T002", "--status", "done").ok()
    tasks(mission, "move-task", "WP01", "--to", "for_review").ok()
    return tree


# -- move-task ---------------------------------------------------------------------------------------------------


def test_a_move_answers_with_all_that_others_read(mission: Mission) -> None:
    found = tasks(mission, "move-task", "WP01", "--to", "claimed").ok().json()
    assert found.keys() >= MOVE_KEYS
    assert (found["result"], found["wp_id"], found["from_lane"], found["to_lane"]) == (
        "success",
        "WP01",
        "planned",
        "claimed",
    )
    assert (found["actor"], found["session"], found["commit"], found["warnings"]) == ("claude", None, None, [])
    assert found["event_id"] == mission.status.events[-1].event_id
    assert mission.project.git.status() == ""


@pytest.mark.parametrize("name", ["WP01", "wp01", "wp1", "1", "01", "WP-01", " wp_1 "])
def test_a_work_package_is_named_as_people_type_it(name: str, mission: Mission) -> None:
    assert tasks(mission, "move-task", name, "--to", "blocked").ok().json()["wp_id"] == "WP01"


def test_an_unknown_work_package_and_an_unknown_lane_are_told_with_the_known_ones(mission: Mission) -> None:
    error = tasks(mission, "move-task", "WP77", "--to", "claimed").failed("WP_NOT_FOUND", 1).json()
    assert error["details"] == {"wp_id": "WP77", "known": ["WP01", "WP02"]}
    lane = tasks(mission, "move-task", "WP01", "--to", "somewhere").failed("UNKNOWN_LANE", 2).json()
    assert "planned, claimed, in_progress" in lane["error"]
    assert mission.lane("WP01") is Lane.PLANNED


def test_all_that_is_missing_is_told_at_once_each_with_its_fix(mission: Mission) -> None:
    mission.claim("WP01")
    error = tasks(mission, "move-task", "WP01", "--to", "for_review").failed("TRANSITION_REJECTED", 1).json()
    unmet = error["details"]["unmet"]
    assert {each["code"] for each in unmet} == {"NO_NEW_COMMIT", "SUBTASKS_OPEN"}
    assert all(each["fix"].startswith("spec-kitty ") for each in unmet)
    assert error["hint"] == unmet[0]["fix"]
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_the_work_can_be_committed_in_the_same_call(mission: Mission) -> None:
    tree = Repo(mission.claim("WP01").workspace.path)
    tree.write("src/wp01/a.py", "a = 1\n")
    tasks(mission, "mark-status", "T001,T002", "--status", "done").ok()
    dirty = tasks(mission, "move-task", "WP01", "--to", "for_review").failed("TRANSITION_REJECTED").json()
    assert [each["code"] for each in dirty["details"]["unmet"]] == ["WORKTREE_DIRTY"]
    tasks(mission, "move-task", "WP01", "--to", "for_review", "--commit", "the clock ticks").ok()
    assert tree("log", "-1", "--format=%s") == "the clock ticks"
    assert tree.status() == ""


def test_an_approval_is_a_milestone(mission: Mission) -> None:
    tree = handed_in(mission)
    found = tasks(mission, "move-task", "WP01", "--to", "approved", agent="codex").ok().json()
    assert (found["from_lane"], found["to_lane"], found["self_review"]) == ("for_review", "approved", False)
    assert found["commit"] == mission.project.git.head()
    event = mission.status.events[-1]
    assert event.review_ref == tree.head()
    assert "- [x] T001" in (mission.folder / "tasks.md").read_text()
    assert mission.project.git.status() == ""


def test_a_rejection_keeps_its_feedback(mission: Mission) -> None:
    handed_in(mission)
    bare = tasks(mission, "move-task", "WP01", "--to", "planned", agent="codex").failed("FEEDBACK_REQUIRED", 2).json()
    assert "--review-feedback-file FILE" in bare["hint"]
    for name, code in (("/no/such/file", "FILE_NOT_FOUND"), ("-", "FEEDBACK_REQUIRED")):
        words = ("move-task", "WP01", "--to", "planned", "--review-feedback-file", name)
        tasks(mission, *words, agent="codex", input=" \n").failed(code)
    assert mission.lane("WP01") is Lane.FOR_REVIEW
    words = ("move-task", "WP01", "--to", "planned", "--review-feedback-file", "-")
    found = tasks(mission, *words, agent="codex", input="Th\u00e9 hands are missing.").ok().json()
    assert (found["to_lane"], found["commit"]) == ("planned", mission.project.git.head())
    assert Path(found["feedback_file"]).read_text() == "Th\u00e9 hands are missing.\n"
    assert found["feedback_file"] == str(mission.folder / "tasks" / "WP01-work" / "review-cycle-1.md")
    assert mission.status.events[-1].review_ref == f"feedback://{mission.slug}/WP01/review-cycle-1.md"


def test_a_move_that_no_rule_allows_needs_force_and_a_reason(mission: Mission) -> None:
    words = ("move-task", "WP01", "--to", "done")
    tasks(mission, *words).failed("TRANSITION_REJECTED", 1)
    tasks(mission, *words, "--force").failed("TRANSITION_REJECTED", 1)
    found = tasks(mission, *words, "--done-override-reason", "merged by hand").ok().json()
    assert found["to_lane"] == "done"
    assert mission.status.events[-1].reason == "merged by hand"
    assert mission.status.snapshot.work_packages["WP01"]["force_count"] == 1


def test_why_it_is_done_moves_to_nothing_else(mission: Mission) -> None:
    words = ("move-task", "WP01", "--to", "approved", "--done-override-reason", "x")
    error = tasks(mission, *words).failed("USAGE_ERROR", 2).json()
    hint = "spec-kitty agent tasks move-task WP01 --to done --done-override-reason TEXT"
    assert error["hint"] == f"{hint} --agent claude --mission {mission.slug}"
    assert mission.lane("WP01") is Lane.PLANNED


def test_what_another_holds_is_not_taken(mission: Mission) -> None:
    tasks(mission, "move-task", "WP01", "--to", "claimed").ok()
    error = tasks(mission, "move-task", "WP01", "--to", "in_progress", agent="codex").failed(exit_code=1).json()
    assert error["error_code"] == "WP_ALREADY_CLAIMED"
    assert error["details"]["claimed_by"] == "claude"
    assert "claude" in error["error"]


def test_a_person_moves_under_the_git_name(mission: Mission) -> None:
    found = read(mission, "move-task", "WP01", "--to", "blocked").ok().json()
    assert found["actor"] == "user:Ada"
    told = mission.project.run("agent", "tasks", "move-task", "WP01", "--to", "canceled").ok().out
    assert told == f"WP01: blocked → canceled\n\n  Next: spec-kitty status --mission {mission.slug}\n"
    agent = mission.project.run("agent", "tasks", "move-task", "WP02", "--to", "blocked", "--agent", "codex").ok().out
    assert agent.endswith(f"Next: spec-kitty next --agent codex --mission {mission.slug}\n")


def test_moves_go_on_while_the_target_is_checked_out_nowhere(mission: Mission) -> None:
    handed_in(mission)
    mission.project.git("switch", "-q", "-c", "elsewhere")
    assert tasks(mission, "move-task", "WP02", "--to", "blocked").ok().json()["warnings"] == []
    found = tasks(mission, "move-task", "WP01", "--to", "approved", agent="codex").ok().json()
    assert [each["code"] for each in found["warnings"]] == ["TARGET_NOT_CHECKED_OUT"]
    assert found["commit"] is None
    assert mission.project.git.status() == ""
    mission.project.git("switch", "-q", "main")
    assert mission.lane("WP01") is Lane.APPROVED


def test_a_note_too_long_for_the_log_is_refused_before_anything_is_recorded(mission: Mission) -> None:
    for words in (
        ("add-history", "WP01", "--note", "-"),
        ("move-task", "WP01", "--to", "blocked", "--note", "-"),
    ):
        error = tasks(mission, *words, input="x" * 1_100_000).failed("EVENT_TOO_LONG", 1).json()
        assert "shorten the text, or commit it as a file" in error["error"]
    assert mission.lane("WP01") is Lane.PLANNED
    handed_in(mission)
    words = ("move-task", "WP01", "--to", "planned", "--review-feedback-file", "-")
    tasks(mission, *words, agent="codex", input="x" * 1_100_000).failed("EVENT_TOO_LONG", 1)
    assert mission.lane("WP01") is Lane.FOR_REVIEW
    assert mission.status.problems == ()


# -- mark-status -------------------------------------------------------------------------------------------------


def test_ticks_are_recorded_and_told(mission: Mission) -> None:
    found = tasks(mission, "mark-status", "t001", "T002", "--status", "done").ok().json()
    assert (found["changed"], found["unchanged"], found["commit"]) == (["T001", "T002"], [], None)
    again = tasks(mission, "mark-status", "T001", "--status", "done").ok().json()
    assert (again["changed"], again["unchanged"]) == ([], ["T001"])
    assert mission.project.git.status() == ""
    told = mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done").ok().out
    assert told.startswith("nothing to change: already done\n")


def test_a_subtask_reopened_in_the_document_is_committed(mission: Mission) -> None:
    tasks_file = mission.folder / "tasks.md"
    tasks_file.write_text(tasks_file.read_text().replace("- [ ] T001", "- [x] T001"))
    found = tasks(mission, "mark-status", "T001", "--status", "pending").ok().json()
    assert found["changed"] == ["T001"]
    assert "- [ ] T001" in tasks_file.read_text()
    assert mission.project.git.status() == ""


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("T001", "--status", "maybe"), "USAGE_ERROR", 2),
        ((",", "--status", "done"), "USAGE_ERROR", 2),
        (("T001", "T777", "--status", "done"), "SUBTASK_NOT_FOUND", 1),
    ],
)
def test_a_tick_of_nothing_is_refused(words: tuple[str, ...], code: str, exit_code: int, mission: Mission) -> None:
    assert tasks(mission, "mark-status", *words).failed(code, exit_code).json()["hint"]
    assert not [event for event in mission.status.mission_events if event.type == "subtask"]


# -- reading -----------------------------------------------------------------------------------------------------


def test_tasks_are_listed_with_lane_and_file(mission: Mission) -> None:
    mission.walk("WP01", Lane.CLAIMED)
    found = read(mission, "list-tasks").ok().json()
    assert found["count"] == 2
    assert found["tasks"][0] == {
        "work_package_id": "WP01",
        "title": "Work of WP01",
        "lane": "claimed",
        "path": str(mission.folder / "tasks" / "WP01-work.md"),
    }
    assert [
        each["work_package_id"] for each in read(mission, "list-tasks", "--lane", "planned").ok().json()["tasks"]
    ] == ["WP02"]
    assert read(mission, "list-tasks", "--lane", "doing").ok().json()["tasks"] == []
    read(mission, "list-tasks", "--lane", "nowhere").failed("UNKNOWN_LANE", 2)
    told = mission.project.run("agent", "tasks", "list-tasks").ok().out
    assert told.splitlines()[0].split() == ["WP01", "claimed", "Work", "of", "WP01"]
    nothing = mission.project.run("agent", "tasks", "list-tasks", "--lane", "done").ok().out
    assert nothing == "  no work package in done\n"


def test_dependents_are_listed(mission: Mission) -> None:
    found = read(mission, "list-dependents", "wp1").ok().json()
    assert (found["wp_id"], found["depends_on"], found["dependents"]) == ("WP01", [], ["WP02"])
    told = mission.project.run("agent", "tasks", "list-dependents", "WP02").ok().out
    assert told == "WP02 depends on WP01\n  nothing depends on it\n"
    read(mission, "list-dependents", "WP77").failed("WP_NOT_FOUND", 1)


def test_one_work_package_is_checked(mission: Mission) -> None:
    found = read(mission, "validate-workflow", "WP01").ok().json()
    assert (found["result"], found["valid"], found["errors"]) == ("valid", True, [])
    prompt = mission.folder / "tasks" / "WP02-work.md"
    header = prompt.read_text().split("---\n")[1].replace("[WP01]", "[WP09]")
    prompt.write_text(f"---\n{header}---\n")
    (mission.folder / "lanes.json").unlink()
    bad = read(mission, "validate-workflow", "WP02")
    assert bad.code == 1
    assert (bad.json()["result"], bad.json()["valid"]) == ("invalid", False)
    assert bad.json()["errors"] == [
        "depends on WP09, which does not exist",
        "the prompt is empty",
        "no lane yet: run spec-kitty agent mission finalize-tasks",
    ]
    told = mission.project.run("agent", "tasks", "validate-workflow", "WP02")
    assert (told.code, told.out.count("✗")) == (1, 3)


# -- add-history, map-requirements -------------------------------------------------------------------------------


def test_a_note_is_kept(mission: Mission, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("From a file.\n")
    for given, kept, piped in (
        ("plain", "plain", ""),
        (f"@{tmp_path / 'note.md'}", "From a file.", ""),
        ("-", "From a pipe.", "From a pipe.\n"),
        ("@@home", "@home", ""),
    ):
        found = tasks(mission, "add-history", "WP01", "--note", given, input=piped).ok().json()
        event = mission.status.mission_events[-1]
        assert (event.event_id, event.type, event.wp_id, event.data) == (
            found["event_id"],
            "note",
            "WP01",
            {"text": kept},
        )
    tasks(mission, "add-history", "WP01", "--note", " ").failed("USAGE_ERROR", 2)
    tasks(mission, "add-history", "WP01", "--note", "@/no/such/file").failed("FILE_NOT_FOUND", 1)


def test_requirements_are_mapped_one_or_many(mission: Mission) -> None:
    (mission.folder / "spec.md").write_text("# Spec\n\n- **FR-001**: starts\n- **FR-002**: rings\n")
    one = tasks(mission, "map-requirements", "--wp", "1", "--refs", "FR-002, FR-001").ok().json()
    assert one["result"] == "success"
    many = json.dumps({"WP02": ["FR-002"]})
    tasks(mission, "map-requirements", "--batch", many, "--replace").ok()
    header = (mission.folder / "tasks" / "WP02-work.md").read_text()
    assert "requirement_refs: [FR-002]" in header


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "USAGE_ERROR"),
        (("--wp", "WP01"), "USAGE_ERROR"),
        (("--wp", "WP01", "--refs", "FR-001", "--batch", "{}"), "USAGE_ERROR"),
        (("--batch", '{"WP01": '), "MALFORMED_JSON"),
        (("--batch", "[]"), "MALFORMED_JSON"),
        (("--batch", '{"WP01": "FR-001"}'), "MALFORMED_JSON"),
        (("--batch", '{"WP01": ' + "9" * 5000 + "}"), "MALFORMED_JSON"),
        (("--batch", "[" * 100_000), "MALFORMED_JSON"),
        (("--batch", "-"), "MALFORMED_JSON"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_a_usage_error(words: tuple[str, ...], code: str, mission: Mission) -> None:
    error = tasks(mission, "map-requirements", *words).failed(code, 2).json()
    assert error["hint"]
    if code == "MALFORMED_JSON":
        assert "line 1, column" in error["error"]


def test_a_mapping_comes_from_a_file_too(mission: Mission, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('{"WP01": ["FR-001"]}')
    tasks(mission, "map-requirements", "--batch", f"@{tmp_path / 'map.json'}").ok()
    tasks(mission, "map-requirements", "--batch", "@/no/such/file").failed("FILE_NOT_FOUND", 1)


def test_a_reviewer_who_is_named_alone_is_who_acts(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.FOR_REVIEW)
    words = ("agent", "tasks", "move-task", "WP01", "--to", "approved", "--approval-ref", "PR 7", "--force")
    told = project.run(*words, "--note", "seen", "--reviewer", "gemini", "--session", "g1", "--json").ok().json()
    assert (told["actor"], told["session"]) == ("gemini", "g1")
