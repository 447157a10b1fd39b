"""Taking work through the contract: readiness, real worktrees, reviews, and who holds what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from specify_cli.status import emit
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.missions import created_mission
from tests.support.orchestrator import Api, failed, ok, orchestrated
from tests.support.project import Project, Task
from tests.support.source import ROOT

HOLDER = """
import sys
from pathlib import Path
from specify_cli.kernel import locks
with locks.held(Path(sys.argv[1]), doing="a test"):
    print("held", flush=True)
    sys.stdin.readline()
"""
DIAMOND = (
    Task("WP01"),
    Task("WP02", needs=("WP01",)),
    Task("WP03", needs=("WP01",)),
    Task("WP04", needs=("WP02", "WP03")),
    Task("WP05"),
)


def ready(api: Api) -> list[str]:
    return [each["wp_id"] for each in ok(api.ask("list-ready"))["ready_work_packages"]]


def states(api: Api) -> dict[str, dict[str, object]]:
    return {each["wp_id"]: each for each in ok(api.ask("mission-state"))["work_packages"]}


def test_what_is_ready_can_be_started_and_nothing_else(project: Project) -> None:
    api = orchestrated(project, *DIAMOND)
    assert ready(api) == ["WP01", "WP05"]
    for wp in ("WP02", "WP03", "WP04"):
        failed(api.act("start-implementation", wp), "DEPENDENCIES_NOT_SATISFIED")
    api.start("WP01", a_py="x\n")
    assert ready(api) == ["WP05"]
    ok(api.move("WP01", "approved", "--evidence-json", '{"review": {"reviewer":"a","verdict":"b","reference":"c"}}'))
    assert ready(api) == ["WP02", "WP03", "WP05"]
    ok(api.move("WP02", "canceled"))
    assert ready(api) == ["WP03", "WP05"]
    api.mission.force("WP03", Lane.DONE)
    failed(api.act("start-implementation", "WP04"), "DEPENDENCIES_NOT_SATISFIED")
    assert ready(api) == ["WP05"]


def test_an_open_question_keeps_a_work_package_off_the_list(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    for _ in range(3):
        api.mission.walk("WP01", Lane.IN_REVIEW, actor="orch")
        ok(api.move("WP01", "planned", "--review-ref", "feedback"))
    assert ready(api) == []
    told = failed(api.act("start-implementation", "WP01"), "TRANSITION_REJECTED")
    assert told["reason"] == "DECISION_OPEN"


def test_a_plan_that_is_not_final_has_nothing_ready_and_says_why(project: Project) -> None:
    api = Api(created_mission(project))
    assert ok(api.ask("mission-state"))["summary"]["planned"] == 1
    told = failed(api.ask("list-ready"), "MISSION_NOT_READY")
    assert told["reason"] == "LANES_MISSING"
    assert "finalize-tasks" in told["hint"]
    empty = project.create("tea-pot")
    assert ok(api.call("list-ready", "--mission", empty))["ready_work_packages"] == []


def test_the_state_of_a_mission(project: Project) -> None:
    api = orchestrated(project, *DIAMOND)
    api.start("WP01")
    api.mission.force("WP77", Lane.BLOCKED, actor="ada")
    told = ok(api.ask("mission-state"))
    assert told["mission_slug"] == api.mission.slug == "001-tea-timer"
    assert (told["mission_number"], told["mission_type"]) == ("001", "software-dev")
    assert told["mission_id"] == api.mission.place.mission_id
    assert (told["summary"]["planned"], told["summary"]["in_progress"], told["summary"]["blocked"]) == (4, 1, 1)
    assert list(states(api)) == ["WP01", "WP02", "WP03", "WP04", "WP05", "WP77"]
    found = states(api)
    assert found["WP01"] == {"wp_id": "WP01", "lane": "in_progress", "dependencies": [], "last_actor": "orch"}
    assert (found["WP02"]["dependencies"], found["WP02"]["last_actor"]) == (["WP01"], "finalize-tasks")
    assert (found["WP77"]["lane"], found["WP77"]["dependencies"]) == ("blocked", [])


def test_a_start_makes_a_worktree_with_what_it_builds_on(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    api.bring("WP01", "approved")
    api.bring("WP02", "approved")
    told = ok(api.act("start-implementation", "WP03"))
    assert (told["from_lane"], told["to_lane"], told["no_op"]) == ("planned", "in_progress", False)
    tree = Repo(Path(told["workspace_path"]))
    assert {"wp01.py", "wp02.py"} <= {path.name for path in tree.path.iterdir()}
    assert tree("branch", "--show-current") == told["lane_branch"] == f"kitty/mission-{api.mission.slug}-lane-a"
    assert (told["lane_id"], told["lane_base_ref"]) == ("lane-a", tree.head())
    prompt = Path(told["prompt_path"])
    assert prompt == api.mission.folder / "tasks" / "WP03-work.md"
    assert "# WP03" in prompt.read_text(encoding="utf-8")
    again = ok(api.act("start-implementation", "WP03"))
    assert again == told | {"from_lane": "in_progress", "no_op": True}
    asked = ok(api.ask("resolve-workspace", "--wp", "WP03"))
    assert asked.items() <= told.items()


def test_a_claim_made_by_a_move_is_gone_on_with_under_the_same_rules(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    refused = failed(api.move("WP03", "claimed"), "TRANSITION_REJECTED")
    assert (refused["reason"], api.mission.lane("WP03")) == ("DEPENDENCIES_NOT_SATISFIED", Lane.PLANNED)
    ok(api.move("WP03", "claimed", "--force", "--note", "reserve it"))
    failed(api.act("start-implementation", "WP03"), "DEPENDENCIES_NOT_SATISFIED")
    failed(api.named("other").act("start-implementation", "WP03"), "WP_ALREADY_CLAIMED")
    ok(api.move("WP03", "planned", "--force", "--note", "too early"))
    api.bring("WP01", "approved")
    api.bring("WP02", "approved")
    ok(api.move("WP03", "claimed"))
    told = ok(api.act("start-implementation", "WP03"))
    assert (told["from_lane"], told["no_op"]) == ("claimed", False)
    assert (Path(told["workspace_path"]) / "wp02.py").is_file()


def test_where_a_work_package_will_be_is_told_before_anybody_starts(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02", mode="planning_artifact", owns=("docs/**",)))
    told = ok(api.ask("resolve-workspace", "--wp", "WP01"))
    assert told["workspace_path"] == str(project.path / ".worktrees" / f"{api.mission.slug}-lane-a")
    assert told["lane_base_ref"] == f"kitty/mission-{api.mission.slug}"
    assert not Path(told["workspace_path"]).exists()
    planning = ok(api.act("start-implementation", "WP02"))
    assert planning["workspace_path"] == str(project.path)
    assert "lane_branch" not in planning
    assert "lane_branch" not in ok(api.ask("resolve-workspace", "--wp", "WP02"))


def test_a_busy_lane_is_told_with_its_holder_and_may_be_tried_again(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02", needs=("WP01",)), Task("WP03", needs=("WP02",)))
    api.bring("WP01", "approved")
    api.mission.force("WP02", Lane.DONE)
    ok(api.move("WP01", "in_progress", "--review-ref", "again"))
    api.mission.force("WP03", Lane.PLANNED)
    assert ready(api) == []
    told = failed(api.named("other").act("start-implementation", "WP03"), "TRANSITION_REJECTED")
    assert (told["reason"], told["retryable"], told["holder"]) == ("LANE_BUSY", True, "orch")


def test_what_stands_in_the_way_of_a_worktree_is_told(project: Project) -> None:
    api = orchestrated(project)
    blocked = project.path / ".worktrees" / f"{api.mission.slug}-lane-a"
    blocked.mkdir(parents=True)
    (blocked / "mine.txt").write_text("mine", encoding="utf-8")
    told = failed(api.act("start-implementation", "WP01"), "LANE_ALLOCATION_FAILED")
    assert told["reason"] == "WORKSPACE_BLOCKED"
    assert api.mission.lane("WP01") is Lane.PLANNED
    (blocked / "mine.txt").unlink()
    ok(api.act("start-implementation", "WP01"))


def test_a_start_from_any_other_lane_is_rejected(project: Project) -> None:
    api = orchestrated(project)
    for lane in (Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED, Lane.DONE, Lane.BLOCKED, Lane.CANCELED):
        api.mission.force("WP01", lane, actor="orch")
        failed(api.act("start-implementation", "WP01"), "TRANSITION_REJECTED")


def test_a_review_is_claimed_once_and_by_one(project: Project) -> None:
    api = orchestrated(project)
    failed(api.act("start-review", "WP01"), "TRANSITION_REJECTED")
    api.bring("WP01", "for_review")
    told = ok(api.act("start-review", "WP01", "--review-ref", "R-1"))
    assert (told["from_lane"], told["to_lane"], told["no_op"]) == ("for_review", "in_review", False)
    again = ok(api.act("start-review", "WP01", "--review-ref", "R-2"))
    assert again == told | {"from_lane": "in_review", "no_op": True}
    events = [event for event in api.mission.status.events if event.to_lane is Lane.IN_REVIEW]
    assert [event.review_ref for event in events] == ["R-1"]
    assert (events[0].policy_metadata is not None, events[0].self_review) == (True, False)
    denied = failed(api.named("other").act("start-review", "WP01"), "WP_ALREADY_CLAIMED")
    assert (denied["claimed_by"], denied["requesting_actor"]) == ("orch", "other")


def test_a_project_that_wants_another_reviewer_gets_one(project: Project) -> None:
    config = project.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("by: any", "by: other"), encoding="utf-8")
    api = orchestrated(project)
    api.bring("WP01", "for_review")
    told = failed(api.act("start-review", "WP01"), "TRANSITION_REJECTED")
    assert told["reason"] == "SELF_REVIEW"
    ok(api.named("judge").act("start-review", "WP01"))


def test_the_session_of_whoever_started_the_orchestrator_does_not_count(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = orchestrated(project)
    for variable, value in (("CLAUDE_CODE_SESSION_ID", "a"), ("CODEX_THREAD_ID", "b"), ("SPEC_KITTY_SESSION", "c")):
        monkeypatch.setenv(variable, value)
        ok(api.act("start-implementation", "WP01"))
    assert [event.session for event in api.mission.status.events if event.actor == "orch"] == [None, None]


def test_people_and_orchestrators_see_one_truth(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"))
    claimed = project.run("agent", "action", "implement", "WP01", "--agent", "ada", "--json").ok().json()
    assert ready(api) == ["WP02"]
    assert failed(api.act("start-implementation", "WP01"), "WP_ALREADY_CLAIMED")["claimed_by"] == "ada"
    assert ok(api.ask("resolve-workspace", "--wp", "WP01"))["workspace_path"] == claimed["workspace_path"]
    api.start("WP02", b_py="x\n")
    ok(api.move("WP02", "for_review"))
    reviewed = project.run("next", "--agent", "codex", "--mission", api.mission.slug, "--json").ok().json()
    assert (reviewed["action"], reviewed["wp_id"]) == ("review", "WP02")


# -- places --------------------------------------------------------------------------------------------------------


def test_every_folder_of_the_project_will_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    api = orchestrated(project)
    project.git("worktree", "add", "-q", "-B", "spec-kitty/orchestrator/x", ".worktrees/001-tea-timer-orchestrator")
    theirs = project.path / ".worktrees" / "001-tea-timer-orchestrator"
    (theirs / ".kittify").mkdir(exist_ok=True)
    tree = api.start("WP01")
    want = ok(api.ask("mission-state"))
    slug = ("--mission", api.mission.slug)
    for folder in (project.path / "kitty-specs", theirs, tree.path):
        assert ok(api.call("mission-state", *slug, cwd=folder)) == want
        monkeypatch.setenv("SPECIFY_REPO_ROOT", str(folder))
        assert ok(api.call("mission-state", *slug, cwd=project.path.parent)) == want
        note = ("--wp", "WP01", "--actor", "orch", "--note", "from there")
        ok(api.call("append-history", *slug, *note, cwd=folder))
        monkeypatch.delenv("SPECIFY_REPO_ROOT")
    assert Repo(theirs).status() == ""
    failed(api.call("mission-state", *slug, cwd=project.path.parent), "MISSION_NOT_FOUND")
    monkeypatch.setenv("SPECIFY_REPO_ROOT", str(project.path / "gone"))
    assert failed(api.ask("mission-state"), "MISSION_NOT_FOUND")["reason"] == "FOLDER_MISSING"


def test_every_selector_names_the_mission(project: Project) -> None:
    api = orchestrated(project)
    mission_id = str(api.mission.place.mission_id)
    for name in (api.mission.slug, "tea-timer", "001", "1", mission_id, mission_id[:12].lower()):
        assert ok(api.call("list-ready", "--mission", name))["mission_id"] == mission_id


def test_a_mission_older_than_mission_ids_is_not_ready(project: Project) -> None:
    api = orchestrated(project)
    meta = api.mission.folder / "meta.json"
    lines = meta.read_text(encoding="utf-8").splitlines(keepends=True)
    meta.write_text("".join(line for line in lines if "mission_id" not in line), encoding="utf-8")
    for result in (api.ask("mission-state"), api.ask("list-ready"), api.act("start-implementation", "WP01")):
        told = failed(result, "MISSION_NOT_READY")
        assert (told["reason"], told["mission_slug"]) == ("MISSION_ID_MISSING", api.mission.slug)


def test_a_prompt_that_cannot_be_read_is_named_and_its_work_package_is_not_ready(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"))
    (api.mission.folder / "tasks" / "WP01-work.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    first, second = ok(api.ask("mission-state"))["work_packages"]
    assert "WP01-work.md line 3" in first["problems"][0]
    assert "problems" not in second
    assert ready(api) == ["WP02"]
    note = ("--note", "x")
    for result in (
        api.act("start-implementation", "WP01"),
        api.move("WP01", "blocked"),
        api.act("append-history", "WP01", *note),
    ):
        assert failed(result, "MISSION_NOT_READY")["problems"][0]["wp_id"] == "WP01"


def test_while_no_checkout_has_the_target_the_work_goes_on(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"))
    project.git("switch", "-q", "-c", "elsewhere")
    assert ready(api) == ["WP01", "WP02"]
    assert failed(api.ask("resolve-workspace", "--wp", "WP01"), "LANE_ALLOCATION_FAILED")["reason"] == (
        "TARGET_NOT_CHECKED_OUT"
    )
    told = ok(api.act("start-implementation", "WP01"))
    assert "# WP01" in Path(told["prompt_path"]).read_text(encoding="utf-8")
    assert ok(api.ask("resolve-workspace", "--wp", "WP01"))["prompt_path"] == told["prompt_path"]
    Repo(Path(told["workspace_path"])).commit("work", a_py="x\n")
    ok(api.move("WP01", "for_review"))
    ok(api.act("start-review", "WP01"))
    moved = ok(
        api.move("WP01", "approved", "--evidence-json", '{"review": {"reviewer":"a","verdict":"b","reference":"c"}}')
    )
    assert [each["code"] for each in moved["warnings"]] == ["TARGET_NOT_CHECKED_OUT"]
    assert project.git.status() == ""


def test_a_lock_is_told_with_its_holder(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    api = orchestrated(project)
    monkeypatch.setattr(emit, "LOCK_TIMEOUT", 0.1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(api.mission.place.lock)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told = failed(api.act("start-implementation", "WP01"), "TRANSITION_REJECTED")
    holder.communicate("enough\n")
    assert (told["reason"], told["retryable"]) == ("LOCKED", True)
    assert told["holder"]["command"] == "a test"
    ok(api.act("start-implementation", "WP01"))
