from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.core.finalize import finalize
from specify_cli.core.finalize_result import FinalizeResult
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.paths import discover
from specify_cli.lanes.persistence import require_lanes
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status
from tests.support.git import Repo
from tests.support.plan import Plan, plan_in
from tests.support.status import META, MISSION_ID, SLUG

TASKS = """# Tasks

## WP01: Clock

Requirements: FR-001
- [ ] T001 Write it
- [x] T002 Test it

## WP02: Bell

Requirements: FR-002
Depends on WP01
- [ ] T003 Ring

## WP03: Notes

Dependencies: None
"""
BARE = 'owned_files: ["src/{name}/**"]\ncustom: kept  # a remark'


@pytest.fixture
def plan(git: Repo) -> Plan:
    plan = plan_in(git)
    plan.write("tasks.md", TASKS)
    plan.prompt("WP01", BARE.format(name="clock"), "WP01-clock.md")
    plan.prompt("WP02", BARE.format(name="bell"), "WP02-bell.md")
    plan.prompt("WP03", "title: Notes\nexecution_mode: planning_artifact\nowned_files: [docs/**]", "WP03-notes.md")
    return plan


def run(plan: Plan, **options: bool) -> FinalizeResult:
    return finalize(plan.place, Config(), actor="ada", **options)


def refused(plan: Plan, **options: bool) -> Refused:
    """Finalize and be refused; nothing may have been written."""
    before = plan.bytes(), plan.git.head(), read_status(plan.place).events
    with pytest.raises(Refused) as caught:
        run(plan, **options)
    assert (plan.bytes(), plan.git.head(), read_status(plan.place).events) == before
    return caught.value


def codes(error: Refused) -> list[tuple[object, object]]:
    problems = error.details["problems"]
    assert isinstance(problems, list)
    return [(problem["code"], problem.get("wp_id")) for problem in problems]


def notices(result: FinalizeResult) -> dict[str, str]:
    return {notice.code: notice.message for notice in result.warnings}


def lanes(plan: Plan) -> dict[str, list[str]]:
    return {lane.lane_id: list(lane.wp_ids) for lane in require_lanes(plan.place).lanes}


# -- the ordinary case -----------------------------------------------------------------------------------------------


def test_headers_lanes_log_and_commit_come_about_in_one_go(plan: Plan) -> None:
    result = run(plan).to_dict()
    assert result == result | {
        "result": "success",
        "mission_slug": SLUG,
        "wp_count": 3,
        "modified_wps": ["WP01", "WP02", "WP03"],
        "unchanged_wps": [],
        "preserved_wps": [],
        "would_modify": [],
        "dependencies_parsed": {"WP01": [], "WP02": ["WP01"], "WP03": []},
        "requirement_refs_parsed": {"WP01": ["FR-001"], "WP02": ["FR-002"], "WP03": []},
        "bootstrap": {"total_wps": 3, "newly_seeded": 3, "already_initialized": 0},
        "changes": {"added": ["WP01", "WP02", "WP03"], "removed": [], "moved": [], "under_way": []},
        "ownership_warnings": [],
        "warnings": [],
        "commit_hash": plan.git.head(),
    }
    assert result["lanes"] == {
        "computed": True,
        "count": 2,
        "lane_ids": ["lane-a", "lane-planning"],
        "lanes": [
            {"lane_id": "lane-a", "wp_ids": ["WP01", "WP02"], "depends_on_lanes": []},
            {"lane_id": "lane-planning", "wp_ids": ["WP03"], "depends_on_lanes": []},
        ],
        "ordering_edges": [],
        "parallel_width": 2,
        "planning_artifact_wps": ["WP03"],
        "collapse_report": {
            "events": [{"wp_a": "WP02", "wp_b": "WP01", "rule": "dependency", "evidence": "WP02 depends on WP01"}],
            "total_merges": 1,
            "independent_wps_collapsed": 0,
            "by_rule": {"dependency": 1},
        },
    }
    json.dumps(result)
    assert plan.git.status() == ""
    assert plan.git("log", "-1", "--format=%s") == f"spec-kitty({SLUG}): finalize tasks"
    committed = result["files_committed"]
    assert isinstance(committed, list)
    assert str(plan.folder / "lanes.json") in committed
    assert lanes(plan) == {"lane-a": ["WP01", "WP02"], "lane-planning": ["WP03"]}


def test_only_absent_fields_are_filled_and_the_rest_stays_byte_for_byte(plan: Plan) -> None:
    run(plan)
    assert plan.read("tasks/WP02-bell.md") == (
        "---\nwork_package_id: WP02\n"
        'owned_files: ["src/bell/**"]\ncustom: kept  # a remark\n'
        "title: Bell\ndependencies:\n- WP01\nexecution_mode: code_change\n"
        "requirement_refs:\n- FR-002\nsubtasks:\n- T003\n"
        "authoritative_surface: src/bell/\n"
        "---\n# WP02\n\nDo it.  \n"
    )
    assert plan.read("tasks.md") == TASKS


def test_the_log_meets_each_work_package_once(plan: Plan) -> None:
    run(plan)
    status = read_status(plan.place)
    assert [(event.wp_id, event.actor, event.reason, event.force) for event in status.events] == [
        (wp_id, "finalize-tasks", "canonical bootstrap", True) for wp_id in ("WP01", "WP02", "WP03")
    ]
    created = [event for event in status.mission_events if event.type == "wp_created"]
    assert [(event.wp_id, event.actor) for event in created] == [("WP01", "ada"), ("WP02", "ada"), ("WP03", "ada")]
    assert created[1].data == {"title": "Bell", "dependencies": ["WP01"], "execution_mode": "code_change"}
    assert status.unpublished == 0


def test_the_second_time_changes_nothing(plan: Plan) -> None:
    run(plan)
    before, head = plan.bytes(), plan.git.head()
    again = run(plan).to_dict()
    assert (plan.bytes(), plan.git.head()) == (before, head)
    assert (again["modified_wps"], again["commit_hash"], again["files_committed"]) == ([], None, [])
    assert again["unchanged_wps"] == again["preserved_wps"] == ["WP01", "WP02", "WP03"]
    assert again["bootstrap"] == {"total_wps": 3, "newly_seeded": 0, "already_initialized": 3}
    assert len(read_status(plan.place).events) == 3


def test_checking_alone_writes_nothing_and_says_what_would_be(plan: Plan) -> None:
    before, status = plan.bytes(), plan.git.status()
    result = run(plan, validate_only=True).to_dict()
    assert result["result"] == "validation_passed"
    assert result["would_modify"] == ["WP01", "WP02", "WP03"]
    assert result["modified_wps"] == []
    assert result["bootstrap"] == {"total_wps": 3, "newly_seeded": 3, "already_initialized": 0}
    assert (plan.bytes(), plan.git.status()) == (before, status)
    assert not plan.place.state.exists()


def test_a_crlf_document_that_needs_nothing_is_left_alone(plan: Plan) -> None:
    run(plan)
    path = plan.folder / "tasks/WP02-bell.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    assert run(plan).to_dict()["modified_wps"] == []
    assert path.read_bytes() == before


def test_a_plan_may_be_in_prompts_alone(plan: Plan) -> None:
    (plan.folder / "tasks.md").unlink()
    assert run(plan).to_dict()["dependencies_parsed"] == {"WP01": [], "WP02": [], "WP03": []}


def test_with_commits_switched_off_the_log_in_the_tree_is_live(plan: Plan) -> None:
    result = finalize(plan.place, Config(auto_commit=False))
    assert result.commit_hash is None
    assert plan.git("log", "-1", "--format=%s") == "mission"
    assert (plan.folder / "status.events.jsonl").read_text().count("\n") == 3


# -- what the documents disagree on -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "ids"), [("[]", []), ("[WP03]", ["WP03"])])
def test_an_explicit_list_is_kept_and_the_difference_is_told(plan: Plan, own: str, ids: list[str]) -> None:
    plan.prompt("WP02", f"dependencies: {own}\n" + BARE.format(name="bell"), "WP02-bell.md")
    result = run(plan)
    assert result.to_dict()["dependencies_parsed"] == {"WP01": [], "WP02": ids, "WP03": []}
    assert result.to_dict()["preserved_wps"] == ["WP02"]
    assert f"dependencies: {own}\n" in plan.read("tasks/WP02-bell.md")
    assert notices(result)["DEPENDENCY_DISAGREEMENT"].startswith("Dependency disagreement: WP02 depends on ")


def test_an_explicit_list_that_says_the_same_is_no_disagreement(plan: Plan) -> None:
    plan.prompt("WP02", "dependencies: [WP01]\n" + BARE.format(name="bell"), "WP02-bell.md")
    assert notices(run(plan)) == {}


def test_an_empty_field_counts_as_absent(plan: Plan) -> None:
    plan.prompt("WP02", "dependencies:\n" + BARE.format(name="bell"), "WP02-bell.md")
    assert run(plan).to_dict()["dependencies_parsed"] == {"WP01": [], "WP02": ["WP01"], "WP03": []}


def test_a_prompt_without_a_section_is_told(plan: Plan) -> None:
    plan.write("tasks.md", TASKS.replace("## WP03: Notes", "#### WP03: Notes"))
    message = "tasks.md has no section of WP03 (a heading such as `## WP03: Notes`)"
    assert message in notices(run(plan))["SECTION_MISSING"]


def test_a_dependency_in_running_text_is_told_and_not_taken(plan: Plan) -> None:
    plan.write("tasks.md", TASKS + "\nThis one depends on WP02 a little.\n")
    result = run(plan)
    assert result.to_dict()["dependencies_parsed"] == {"WP01": [], "WP02": ["WP01"], "WP03": []}
    assert "line 19 speaks of depending on WP02" in notices(result)["DEPENDENCY_UNREAD"]


def test_requirements_without_work_and_work_without_requirements_are_told(plan: Plan) -> None:
    plan.write("tasks.md", TASKS.replace("FR-002", "FR-009"))
    found = notices(run(plan))
    assert "WP02 refers to FR-009" in found["REQUIREMENT_UNKNOWN"]
    assert found["REQUIREMENT_UNMAPPED"] == "no work package serves FR-002"


def test_shared_files_are_told(plan: Plan) -> None:
    plan.write("tasks.md", TASKS.replace("Depends on WP01\n", ""))
    plan.prompt("WP02", "title: Bell\nowned_files: [src/clock/bell.py, docs/bell.md, kitty-specs/x.md]", "WP02-bell.md")
    warnings = run(plan).plan.ownership_warnings
    assert warnings == (
        "WP02 comes after WP01: both write the same files (src/clock/** ~ src/clock/bell.py)",
        "WP02 changes code and owns kitty-specs/x.md: what a lane holds of kitty-specs/ is a copy that nobody reads",
        "WP03 writes on the target branch what WP02 writes in a lane (docs/** ~ docs/bell.md), and nothing orders them",
    )


# -- refusals --------------------------------------------------------------------------------------------------------


def test_everything_wrong_is_said_at_once(plan: Plan) -> None:
    plan.write("tasks.md", TASKS + "\n## WP04: Stop button!\n\n## WP05\n")
    plan.prompt("WP01", "dependencies: [WP02, WP04, WP08]\nowned_files: [/etc]", "WP01-clock.md")
    plan.prompt("WP02", 'title: "[FILL: title]"\ndependencies: [WP01]', "WP02-bell.md")
    plan.write("tasks/WP06-x.md", "---\ntitle: [x\n---\n")
    error = refused(plan)
    assert codes(error) == [
        ("MALFORMED_YAML", "WP06"),
        ("PLACEHOLDER_LEFT", "WP02"),
        ("PROMPT_MISSING", "WP04"),
        ("PROMPT_MISSING", "WP05"),
        ("OWNERSHIP_INVALID", "WP01"),
        ("OWNERSHIP_MISSING", "WP02"),
        ("UNKNOWN_DEPENDENCY", "WP01"),
        ("DEPENDENCY_CYCLE", "WP01"),
    ]
    for part in (
        f"write kitty-specs/{SLUG}/tasks/WP04-stop-button.md",
        f"write kitty-specs/{SLUG}/tasks/WP05.md",
        "WP01 depends on WP08",
        "WP01 -> WP02 -> WP01",
        "tasks/WP06-x.md line 3, column 1",
        "tasks/WP02-bell.md line 3: title still holds a placeholder",
    ):
        assert part in error.message
    assert refused(plan, validate_only=True).message == error.message


def test_a_plan_without_work_packages_is_refused(git: Repo) -> None:
    plan = plan_in(git)
    assert refused(plan).code == "TASKS_MISSING"
    plan.write("tasks.md", "# Tasks\n\nNone yet.\n")
    error = refused(plan)
    assert error.code == "TASKS_MISSING"
    assert error.hint == f"spec-kitty next --mission {SLUG}"


def test_without_a_home_it_only_checks(plan: Plan, git: Repo) -> None:
    git.commit("plan")
    git("switch", "-q", "-c", "elsewhere")
    place = MissionPlace(discover(git.path), SLUG, MISSION_ID, "main", None, META)
    assert finalize(place, Config(), validate_only=True).to_dict()["wp_count"] == 3
    with pytest.raises(Refused) as caught:
        finalize(place, Config())
    assert caught.value.code == "TARGET_NOT_CHECKED_OUT"


def test_git_must_know_who_commits(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/no settings")
    assert refused(plan).code == "NO_GIT_IDENTITY"


def test_outside_git_there_are_no_lanes(tmp_path: Path) -> None:
    place = MissionPlace(discover(tmp_path), SLUG, MISSION_ID, "main", None, META)
    with pytest.raises(Refused) as caught:
        finalize(place, Config())
    assert caught.value.code == "NOT_A_GIT_REPOSITORY"


def test_nothing_is_written_through_a_link(plan: Plan, tmp_path: Path) -> None:
    (plan.folder / "tasks").rename(tmp_path / "outside")
    (plan.folder / "tasks").symlink_to(tmp_path / "outside")
    assert refused(plan).code == "SYMLINK_REFUSED"


def test_a_failed_write_leaves_whole_files_and_the_next_run_completes(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.atomic_write

    def full(path: Path, content: str | bytes, *, mkdir: bool = False) -> None:
        if path.name == "WP02-bell.md":
            raise Unavailable("no room left", "DISK_FULL")
        write(path, content, mkdir=mkdir)

    with monkeypatch.context() as patch:
        patch.setattr(files, "atomic_write", full)
        with pytest.raises(Unavailable):
            run(plan)
    assert read_status(plan.place).events == []
    assert run(plan).to_dict()["modified_wps"] == ["WP02", "WP03"]
    assert plan.git.status() == ""


# -- changing the plan -----------------------------------------------------------------------------------------------


def begin(plan: Plan, wp_id: str, lane_id: str) -> None:
    with writing(plan.place) as writer:
        writer.move(wp_id, Lane.CLAIMED, actor="claude", workspace={"lane_id": lane_id, "branch": "b", "base": "c"})


def test_added_removed_and_moved_work_is_told(plan: Plan) -> None:
    plan.write("tasks.md", TASKS.replace("Depends on WP01\n", ""))
    run(plan)
    assert lanes(plan) == {"lane-a": ["WP01"], "lane-b": ["WP02"], "lane-planning": ["WP03"]}
    begin(plan, "WP02", "lane-b")
    plan.cancel("WP01")
    (plan.folder / "tasks/WP01-clock.md").unlink()
    plan.write(
        "tasks.md", TASKS.replace("## WP01: Clock", "## Old").replace("Depends on WP01\n", "") + "\n## WP04: New\n"
    )
    plan.prompt("WP04", BARE.format(name="new"))
    checked = run(plan, validate_only=True).to_dict()
    assert checked["changes"] == {"added": ["WP04"], "removed": ["WP01"], "moved": [], "under_way": ["WP02"]}
    assert run(plan).to_dict()["changes"] == checked["changes"]
    assert lanes(plan) == {"lane-a": ["WP04"], "lane-b": ["WP02"], "lane-planning": ["WP03"]}


def test_work_under_way_keeps_its_lane_and_others_may_move(plan: Plan) -> None:
    plan.prompt("WP02", "dependencies: []\n" + BARE.format(name="bell"), "WP02-bell.md")
    plan.prompt("WP04", "dependencies: [WP02]\n" + BARE.format(name="more"))
    run(plan)
    assert lanes(plan) == {"lane-a": ["WP01"], "lane-b": ["WP02", "WP04"], "lane-planning": ["WP03"]}
    begin(plan, "WP02", "lane-b")
    for wp_id, name in (("WP02", "WP02-bell.md"), ("WP04", "WP04-work.md")):
        text = plan.read(f"tasks/{name}")
        plan.write(f"tasks/{name}", text.replace("dependencies: [WP02]", "dependencies: [WP01]"))
        assert wp_id in text
    result = run(plan)
    assert result.changes.moved == (("WP04", "lane-b", "lane-a"),)
    assert result.changes.under_way == ("WP02",)
    assert lanes(plan) == {"lane-a": ["WP01", "WP04"], "lane-b": ["WP02"], "lane-planning": ["WP03"]}


def test_the_lane_of_begun_work_is_known_without_lanes_json(plan: Plan) -> None:
    run(plan)
    begin(plan, "WP01", "lane-q")
    plan.write("lanes.json", "{ broken")
    result = run(plan)
    assert lanes(plan) == {"lane-q": ["WP01", "WP02"], "lane-planning": ["WP03"]}
    assert "written anew" in notices(result)["MALFORMED_JSON"]


def test_the_name_of_a_given_up_lane_is_not_taken_again(plan: Plan) -> None:
    run(plan)
    begin(plan, "WP01", "lane-a")
    plan.cancel("WP01")
    plan.prompt("WP02", "dependencies: []\n" + BARE.format(name="bell"), "WP02-bell.md")
    run(plan)
    assert lanes(plan) == {"lane-b": ["WP02"], "lane-planning": ["WP03"]}
    assert run(plan).commit_hash is None


def test_a_prompt_that_vanished_must_be_canceled_first(plan: Plan) -> None:
    run(plan)
    (plan.folder / "tasks/WP03-notes.md").unlink()
    plan.write("tasks.md", TASKS.partition("## WP03")[0])
    error = refused(plan)
    assert codes(error) == [("WP_REMOVED", "WP03")]
    assert error.hint == "spec-kitty agent tasks move-task WP03 --to canceled --agent NAME"
    plan.cancel("WP03")
    assert run(plan).changes.removed == ("WP03",)


def test_nothing_may_depend_on_canceled_work(plan: Plan) -> None:
    run(plan)
    plan.cancel("WP01")
    assert codes(refused(plan)) == [("DEPENDENCY_CANCELED", "WP02")]


def test_a_canceled_section_needs_no_prompt(plan: Plan) -> None:
    run(plan)
    plan.cancel("WP03")
    (plan.folder / "tasks/WP03-notes.md").unlink()
    assert run(plan).changes.removed == ("WP03",)


def test_a_new_edge_between_running_work_is_told_and_not_enforced(plan: Plan) -> None:
    plan.prompt("WP02", "dependencies: []\n" + BARE.format(name="bell"), "WP02-bell.md")
    run(plan)
    begin(plan, "WP01", "lane-a")
    begin(plan, "WP02", "lane-b")
    text = plan.read("tasks/WP02-bell.md")
    plan.write("tasks/WP02-bell.md", text.replace("dependencies: []", "dependencies: [WP01]"))
    result = run(plan)
    assert notices(result)["EDGE_NOT_ENFORCED"].startswith("WP02 is under way and does not wait for WP01")
    assert lanes(plan) == {"lane-a": ["WP01"], "lane-b": ["WP02"], "lane-planning": ["WP03"]}


def test_a_dependency_on_approved_work_that_a_lane_does_not_have_is_told(plan: Plan) -> None:
    plan.prompt("WP02", "dependencies: []\n" + BARE.format(name="bell"), "WP02-bell.md")
    run(plan)
    begin(plan, "WP01", "lane-a")
    with writing(plan.place) as writer:
        writer.move("WP01", Lane.APPROVED, actor="codex", force=True, reason="a test")
    begin(plan, "WP02", "lane-b")
    text = plan.read("tasks/WP02-bell.md")
    plan.write("tasks/WP02-bell.md", text.replace("dependencies: []", "dependencies: [WP01]"))
    result = run(plan)
    told = "WP02 is under way and was begun without the work of WP01, which it now builds on"
    assert notices(result)["EDGE_NOT_ENFORCED"] == told
    assert "EDGE_NOT_ENFORCED" not in notices(run(plan)), "it is news only once"


# -- wps.yaml --------------------------------------------------------------------------------------------------------

WPS = """work_packages:
- {id: WP01, title: Clock, dependencies: [], subtasks: [T001 Write it, T002], prompt_file: tasks/WP01-clock.md}
- {id: WP02, title: The bell, dependencies: [WP01], requirement_refs: [FR-002]}
- {id: WP03, title: Notes}
"""


def test_with_a_manifest_tasks_md_is_its_view(plan: Plan) -> None:
    plan.write("wps.yaml", WPS)
    plan.prompt("WP02", "title: Bell\ndependencies: []\n" + BARE.format(name="bell"), "WP02-bell.md")
    result = run(plan)
    assert result.to_dict()["dependencies_parsed"] == {"WP01": [], "WP02": ["WP01"], "WP03": []}
    found = notices(result)
    assert "has dependencies [], wps.yaml [WP01]; wps.yaml stands" in found["DEPENDENCY_DISAGREEMENT"]
    assert "title 'Bell', wps.yaml 'The bell'" in found["HEADER_OUTWEIGHED"]
    text = plan.read("tasks.md")
    assert "## WP02: The bell\n\n**Prompt**: `tasks/WP02-bell.md`" in text
    # The ticks of the tasks.md before are kept, and its texts where the manifest has none.
    assert "- [ ] T001 Write it\n- [x] T002 Test it\n" in text
    assert "- [ ] T003 Ring" in text
    copy = Path(found["TASKS_REGENERATED"].rpartition(" ")[2])
    assert copy.read_text(encoding="utf-8") == TASKS
    assert plan.git.status() == ""


def test_a_manifest_is_finalized_twice_and_ticks_stay(plan: Plan) -> None:
    plan.write("wps.yaml", WPS)
    run(plan)
    plan.write("tasks.md", plan.read("tasks.md").replace("[ ] T001", "[x] T001"))
    assert notices(run(plan)) == {"REQUIREMENT_UNMAPPED": "no work package serves FR-001"}
    assert "- [x] T001 Write it" in plan.read("tasks.md")
    before, head = plan.bytes(), plan.git.head()
    run(plan)
    assert (plan.bytes(), plan.git.head()) == (before, head)


def test_a_manifest_and_the_prompts_name_the_same_work(plan: Plan) -> None:
    changed = WPS.replace("tasks/WP01-clock.md", "tasks/WP01-other.md").replace(
        "WP03, title: Notes", "WP04, title: New"
    )
    plan.write("wps.yaml", changed)
    error = refused(plan)
    assert codes(error) == [("PROMPT_FILE_MISMATCH", "WP01"), ("PROMPT_MISSING", "WP04"), ("WP_NOT_LISTED", "WP03")]
    assert "write kitty-specs/001-tea-timer/tasks/WP04-new.md" in error.message


def test_a_broken_manifest_is_explained(plan: Plan) -> None:
    plan.write("wps.yaml", WPS.replace("WP02", "two"))
    error = refused(plan)
    assert codes(error) == [("WPS_INVALID", None)]
    assert "wps.yaml line 3: work_packages[1].id is 'two', expected an id such as WP01" in error.message
