"""The whole flow through the installed command: the sequence of seed 039, and from every place one can stand in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cli import run_script
from tests.support.git import Repo, make_repo
from tests.support.journey import JUDGE, MAKER, Journey
from tests.support.project import Task

pytestmark = pytest.mark.e2e

MINIMAL_SPEC = """# Specification

## Goal

Smoke is seen.

## Functional requirements

- **FR-001**: The program says smoke.
"""
TASKS = """# Work packages

## WP01 Smoke

**Dependencies**: None

- [ ] T001 Say it
"""
PROMPT = """---
work_package_id: WP01
title: Smoke
dependencies: []
requirement_refs: [FR-001]
subtasks: [T001]
execution_mode: code_change
owned_files: ["smoke.py"]
authoritative_surface: ./
tags: []
history: []
---
# WP01 Smoke

Print smoke.
"""
TWO = (Task("WP01", owns=("src/one.py",)), Task("WP02", needs=("WP01",), owns=("src/two.py",)))
FILES = {"WP01": {"src/one.py": "one = 1\n"}, "WP02": {"src/two.py": "two = 2\n"}}


def new_project(path: Path) -> Repo:
    """A repository with one commit, set up by the installed command."""
    repo = make_repo(path)
    run_script("init", "--ai", "claude,codex", "--non-interactive", "--json", cwd=path).ok()
    repo.commit("Set up spec-kitty")
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return new_project(tmp_path / "a project")


def test_from_create_to_review_as_the_seed_has_it(repo: Repo) -> None:
    """Seed 039, WP09, steps a to h, in today's names."""
    created = run_script("agent", "mission", "create", "smoke-test", "--json", cwd=repo.path).ok().json()
    slug, folder = created["mission_slug"], Path(created["feature_dir"])
    assert (slug, folder) == ("001-smoke-test", repo.path / "kitty-specs" / "001-smoke-test")
    assert len(created["mission_id"]) == 26
    mission = ("--mission", slug, "--json")

    (folder / "spec.md").write_text(MINIMAL_SPEC, encoding="utf-8")
    planned = run_script("agent", "mission", "setup-plan", *mission, cwd=repo.path).ok().json()
    assert planned["plan_written"] is True
    assert Path(planned["plan_file"]).is_file()

    (folder / "tasks.md").write_text(TASKS, encoding="utf-8")
    (folder / "tasks").mkdir(exist_ok=True)
    (folder / "tasks" / "WP01-smoke.md").write_text(PROMPT, encoding="utf-8")
    finalized = run_script("agent", "mission", "finalize-tasks", *mission, cwd=repo.path).ok().json()
    assert finalized["result"] == "success"
    assert finalized["lanes"]["lane_ids"] == ["lane-a"]

    made = run_script("implement", "WP01", "--agent", "claude", *mission, cwd=repo.path).ok().json()
    workspace = Path(made["workspace_path"])
    assert workspace == repo.path / ".worktrees" / f"{slug}-lane-a"
    worktree = Repo(workspace)
    assert worktree("branch", "--show-current") == f"kitty/mission-{slug}-lane-a"

    worktree.write("smoke.py", 'print("smoke")\n')
    worktree.commit("WP01: say smoke")
    move = ("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude")
    refused = run_script(*move, *mission, cwd=repo.path).failed("TRANSITION_REJECTED").json()
    assert "T001" in refused["error"]
    mark = ("agent", "tasks", "mark-status", "T001", "--status", "done", "--agent", "claude")
    run_script(*mark, *mission, cwd=repo.path).ok()
    moved = run_script(*move, *mission, cwd=repo.path).ok().json()
    assert moved["to_lane"] == "for_review"

    board = run_script("agent", "tasks", "status", *mission, cwd=repo.path).ok().json()
    assert [(one["id"], one["lane"]) for one in board["work_packages"]] == [("WP01", "for_review")]
    for name in ("meta.json", "spec.md", "plan.md", "tasks.md", "lanes.json", "tasks/WP01-smoke.md"):
        assert (folder / name).is_file(), name
    assert repo.status() == ""


def test_the_whole_flow_from_a_subfolder(repo: Repo) -> None:
    deep = repo.path / "src" / "deep" / "ünter"
    deep.mkdir(parents=True)
    journey = Journey(repo.path, deep).create("from-below")
    journey.to_the_end(TWO, FILES)


def test_the_whole_flow_from_a_lane_worktree(repo: Repo) -> None:
    """Of another mission, and of its own."""
    other = Journey(repo.path, repo.path).create("other")
    other.plan(Task("WP01"))
    lane = Path(other.ok("agent", "action", "implement", "WP01")["workspace_path"])
    refused = run_script("agent", "mission", "create", "from-lane", "--json", cwd=lane)
    refused.failed("TARGET_IS_A_LANE")
    journey = Journey(repo.path, lane).create("from-lane", "--target-branch", "main")
    journey.to_the_end(TWO, FILES)

    own = Journey(repo.path, repo.path).create("own-lane")
    own.plan(Task("WP01", owns=("src/three.py",)))
    inside = own.standing_in(own.implement("WP01", {"src/three.py": "three = 3\n"}))
    assert inside.lanes() == {"WP01": "for_review"}
    inside.approve("WP01")
    # Nothing is said of the mission: the lane one stands in tells.
    told = run_script("status", "--json", cwd=inside.stand).ok().json()
    assert told["mission_slug"] == own.slug
    inside.accept()
    merged = inside.merge()
    assert merged["result"] == "success"
    assert own.lanes() == {"WP01": "done"}
    own.clean()


def test_the_whole_flow_with_the_target_in_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    """The main checkout is on another branch; documents, commits and the merge go where main is."""
    repo("switch", "-q", "-c", "elsewhere")
    linked = tmp_path / "linked"
    repo("worktree", "add", "-q", str(linked), "main")
    before = repo.head("elsewhere")
    journey = Journey(linked, repo.path).create("at-home-elsewhere", "--target-branch", "main")
    journey.to_the_end(TWO, {wp_id: dict(files) for wp_id, files in FILES.items()})
    assert repo.head("elsewhere") == before
    assert repo("branch", "--show-current") == "elsewhere"
    assert repo.status() == ""
    assert not (repo.path / "kitty-specs" / journey.slug).exists()


def test_with_the_target_checked_out_nowhere_moves_go_on_and_documents_are_refused(repo: Repo) -> None:
    repo("branch", "elsewhere")
    journey = Journey(repo.path, repo.path).create("homeless")
    journey.plan(*TWO)
    repo("switch", "-q", "elsewhere")
    tip = repo.head("main")
    journey.implement("WP01", FILES["WP01"])
    approved = journey.approve("WP01")
    assert approved["commit"] is None
    assert [one["code"] for one in approved["warnings"]] == ["TARGET_NOT_CHECKED_OUT"]
    journey.implement("WP02", FILES["WP02"])
    journey.approve("WP02")
    assert journey.lanes() == {"WP01": "approved", "WP02": "approved"}
    board = journey.ok("status")
    assert board["home"] is None
    assert board["unpublished_events"] > 0
    for words in (("agent", "mission", "setup-plan"), ("agent", "mission", "finalize-tasks"), ("accept",)):
        refused = journey.run(*words).failed("TARGET_NOT_CHECKED_OUT").json()
        assert "switch main" in refused["hint"], words
    # A merge names everything that stands in its way at once.
    refused = journey.run("merge").failed("MERGE_REFUSED").json()
    assert [one["code"] for one in refused["details"]["unmet"]] == ["TARGET_NOT_CHECKED_OUT", "NOT_ACCEPTED"]
    assert repo.head("main") == tip
    assert repo.status() == ""
    assert not (repo.path / "kitty-specs" / journey.slug).exists()

    repo("switch", "-q", "main")
    journey.clean()
    journey.accept()
    journey.merge()
    assert journey.lanes() == {"WP01": "done", "WP02": "done"}
    journey.clean()


def test_a_second_clone_that_pulls_at_milestones(repo: Repo, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    repo("clone", "-q", "--bare", str(repo.path), str(remote))
    repo("remote", "add", "origin", str(remote))
    repo("fetch", "-q", "origin")
    repo("branch", "-q", "--set-upstream-to", "origin/main")
    there = tmp_path / "there"
    repo("clone", "-q", str(remote), str(there))
    clone = Repo(there)
    clone("config", "pull.rebase", "true")
    repo("config", "pull.rebase", "true")

    here = Journey(repo.path, repo.path).create("shared")
    here.plan(Task("WP01", owns=("src/one.py",)), Task("WP02", owns=("src/two.py",)))
    repo("push", "-q")
    clone("pull", "-q")
    away = Journey(there, there, here.slug)
    assert away.lanes() == here.lanes() == {"WP01": "planned", "WP02": "planned"}

    # Each does one work package in a clone of its own; approvals are milestones.
    here.implement("WP01", FILES["WP01"])
    here.approve("WP01")
    repo("push", "-q", "origin", "main", f"kitty/mission-{here.slug}-lane-a")
    away.implement("WP02", FILES["WP02"])
    clone("pull", "-q")
    assert away.lanes() == {"WP01": "approved", "WP02": "for_review"}
    away.approve("WP02")
    away.clean()
    clone("push", "-q", "origin", "main", f"kitty/mission-{here.slug}-lane-b")

    repo("pull", "-q")
    assert here.lanes() == {"WP01": "approved", "WP02": "approved"}
    missing = here.run("accept").failed().json()
    assert f"kitty/mission-{here.slug}-lane-b" in str(missing)
    repo("fetch", "-q", "origin", f"kitty/mission-{here.slug}-lane-b:kitty/mission-{here.slug}-lane-b")
    here.accept()
    merged = here.merge("--push")
    assert merged["pushed"] is True
    clone("pull", "-q")
    assert away.lanes() == here.lanes() == {"WP01": "done", "WP02": "done"}
    assert clone.head() == repo.head() == Repo(remote).head("main")
    assert (there / "src" / "one.py").is_file()
    assert away.ok("next", "--agent", MAKER)["kind"] == "terminal"
    assert here.ok("next", "--agent", JUDGE)["kind"] == "terminal"
    here.clean()
    away.clean()


def test_a_clone_made_after_the_merge_knows_everything(repo: Repo, tmp_path: Path) -> None:
    journey = Journey(repo.path, repo.path).create("told")
    journey.to_the_end(TWO, FILES)
    fresh = tmp_path / "fresh"
    repo("clone", "-q", str(repo.path), str(fresh))
    shutil.rmtree(repo.path / ".git" / "spec-kitty")
    for place in (fresh, repo.path):
        told = journey.standing_in(place)
        assert told.lanes() == {"WP01": "done", "WP02": "done"}
        assert told.ok("agent", "status", "validate")["result"] == "valid"
