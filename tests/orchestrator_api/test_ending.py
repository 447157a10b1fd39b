"""Accepting and merging through the contract."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.support.git import Repo, make_repo
from tests.support.missions import created_mission
from tests.support.orchestrator import Api, failed, ok, orchestrated
from tests.support.project import Project, Task

TWO = (Task("WP01", subtasks=("T001",)), Task("WP02"))


def finished(project: Project, *tasks: Task, accepted: bool = True) -> Api:
    """Every work package approved, by force done, or canceled; accepted unless told otherwise."""
    api = orchestrated(project, *(tasks or TWO))
    api.bring("WP01", "approved")
    if not tasks:
        api.bring("WP02", "in_review")
        ok(api.move("WP02", "done", "--force", "--note", "approved by codex", "--review-ref", "R-2"))
    if accepted:
        ok(api.ask("accept-mission", "--actor", "orch"))
    return api


def test_acceptance_wants_what_a_person_would_have_to_meet(project: Project) -> None:
    api = orchestrated(project, *TWO)
    tree = api.bring("WP01", "approved")
    tree.write("left.py", "x\n")
    told = failed(api.ask("accept-mission", "--actor", "orch"), "MISSION_NOT_READY")
    assert told["incomplete_wps"] == ["WP02"]
    assert {each["code"] for each in told["unmet"]} == {"WP_NOT_APPROVED", "WORKTREE_DIRTY"}
    why = project.run("why", "--mission", api.mission.slug, "--json").json()
    assert {each["code"] for each in told["unmet"]} <= {each["code"] for each in why["unmet"]}
    assert "accepted_at" not in json.loads((api.mission.folder / "meta.json").read_text(encoding="utf-8"))


def test_an_acceptance_is_recorded_once_with_one_moment(project: Project) -> None:
    api = finished(project, accepted=False)
    first = ok(api.ask("accept-mission", "--actor", "orch"))
    assert (first["accepted"], first["mode"]) == (True, "auto")
    meta = json.loads((api.mission.folder / "meta.json").read_text(encoding="utf-8"))
    assert (meta["accepted_at"], meta["accepted_by"]) == (first["accepted_at"], "orch")
    assert (meta["acceptance_mode"], len(meta["acceptance_history"])) == ("orchestrator", 1)
    assert ok(api.ask("accept-mission", "--actor", "orch2")) == first
    assert project.git.status() == ""


def test_a_merge_brings_the_code_and_leaves_nothing(project: Project) -> None:
    api = finished(project)
    told = ok(api.ask("merge-mission", "--target", "main", "--strategy", "merge"))
    assert (told["merged"], told["target_branch"], told["strategy"]) == (True, "main", "merge")
    assert (told["merged_wps"], told["worktree_removed"]) == (["WP01", "WP02"], True)
    assert {"wp01.py", "wp02.py"} <= {path.name for path in project.path.iterdir()}
    assert project.git.status() == ""
    assert project.git("branch", "--format=%(refname:short)") == "main"
    assert sorted(path.name for path in (project.path / ".worktrees").iterdir()) == [".gitignore"]
    again = failed(api.ask("merge-mission"), "PREFLIGHT_FAILED")
    assert again["reason"] == "ALREADY_MERGED"


def test_a_canceled_work_package_is_left_out(project: Project) -> None:
    api = finished(project, Task("WP01"), Task("WP02", needs=("WP01",)), accepted=False)
    ok(api.move("WP02", "canceled"))
    ok(api.ask("accept-mission", "--actor", "orch"))
    assert ok(api.ask("merge-mission"))["merged_wps"] == ["WP01"]


def test_what_speaks_against_a_merge_is_told_at_once(project: Project) -> None:
    api = finished(project, accepted=False)
    told = failed(api.ask("merge-mission", "--target", "main"), "PREFLIGHT_FAILED")
    assert (told["reason"], told["target_branch"]) == ("NOT_ACCEPTED", "main")
    assert told["errors"] == [f"mission {api.mission.slug} is not accepted"]
    wrong = failed(api.ask("merge-mission", "--target", "nobranch"), "PREFLIGHT_FAILED")
    assert (wrong["reason"], wrong["target_branch"]) == ("TARGET_DIFFERS", "nobranch")
    project.git("switch", "-q", "-c", "elsewhere")
    assert failed(api.ask("merge-mission"), "PREFLIGHT_FAILED")["reason"] == "MERGE_REFUSED"
    assert failed(api.ask("accept-mission", "--actor", "orch"), "MISSION_NOT_READY")["reason"] == (
        "TARGET_NOT_CHECKED_OUT"
    )


def test_a_conflict_and_the_users_own_changes_stop_a_merge(project: Project) -> None:
    api = finished(project)
    project.git.write("wp01.py", "mine, not committed\n")
    told = failed(api.ask("merge-mission"), "PREFLIGHT_FAILED")
    assert told["reason"] == "DIRTY_OVERLAP"
    project.git.commit("my own", wp01_py="mine\n")
    told = failed(api.ask("merge-mission"), "PREFLIGHT_FAILED")
    assert told["reason"] == "MERGE_CONFLICT"
    assert "wp01.py" in json.dumps(told)


def test_a_refused_push_is_tried_again(project: Project, tmp_path: Path) -> None:
    api = finished(project)
    project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    told = failed(api.ask("merge-mission", "--push"), "PREFLIGHT_FAILED")
    assert told["reason"] == "PUSH_REJECTED"
    origin = make_repo(tmp_path / "made", commit=False)
    shutil.move(origin.path / ".git", tmp_path / "origin.git")
    Repo(tmp_path / "origin.git")("config", "core.bare", "true")
    told = ok(api.ask("merge-mission", "--push"))
    assert told["merged_wps"] == ["WP01", "WP02"]
    assert Repo(tmp_path / "origin.git")("rev-parse", "main") == project.git.head()


def test_nobody_who_can_commit_is_told(project: Project, tmp_path: Path) -> None:
    api = finished(project)
    (tmp_path / "home" / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n", encoding="utf-8")
    assert failed(api.ask("merge-mission"), "PREFLIGHT_FAILED")["reason"] == "NO_GIT_IDENTITY"
    told = failed(api.ask("accept-mission", "--actor", "orch"), "MISSION_NOT_READY")
    assert told["reason"] == "NO_GIT_IDENTITY"


def test_the_strategy_is_looked_at_before_the_mission(project: Project) -> None:
    api = Api(created_mission(project))
    failed(api.call("merge-mission", "--mission", "nope", "--strategy", "octopus"), "UNSUPPORTED_STRATEGY")
    failed(api.call("merge-mission", "--mission", "nope", "--strategy", "squash"), "MISSION_NOT_FOUND")
