"""Which files go with a work package: its own, what is tracked, and what was written in the wrong place."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task


@pytest.fixture
def mission(project: Project) -> Mission:
    """Two work packages of one lane."""
    return finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",), owns=("src/wp02/**",)))


def worktree_of(mission: Mission, agent: str = "claude") -> Repo:
    """Where an agent was told to work on the next work package."""
    step = mission.project.run("next", "--agent", agent, "--mission", mission.slug, "--json").ok().json()
    return Repo(Path(step["workspace_path"]))


def hand_over(mission: Mission, *words: str) -> dict[str, Any]:
    """What `move-task WP01 --to for_review` answers."""
    move = ("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude")
    return mission.project.run(*move, "--mission", mission.slug, *words, "--json").json()


def warnings(answer: dict[str, Any]) -> dict[str, str]:
    """Code -> message of its warnings, but for what the short plan of a test lacks."""
    return {each["code"]: each["message"] for each in answer["warnings"] if each["code"] != "GUARD_BROKEN"}


def shell(command: str) -> None:
    """Run a printed command as a person would."""
    subprocess.run(["sh", "-c", command], check=True, cwd="/")


@pytest.mark.parametrize("door", ["move-task", "next"])
def test_commit_takes_owned_files_and_tracked_changes_and_leaves_the_rest(mission: Mission, door: str) -> None:
    repo = worktree_of(mission)
    repo.write("src/wp01/[new].py", "new = 1\n")
    repo.write("scratch.log", "noise\n")
    with (repo.path / "README.md").open("a") as readme:
        readme.write("more\n")
    if door == "next":
        words = ("--result", "success", "--commit", "the work", "--mission", mission.slug, "--json")
        found = mission.project.run("next", "--agent", "claude", *words).ok().json()
    else:
        found = hand_over(mission, "--commit", "the work")
    assert mission.lane("WP01") in (Lane.FOR_REVIEW, Lane.IN_REVIEW)
    assert repo("show", "--format=", "--name-only", "HEAD").splitlines() == ["README.md", "src/wp01/[new].py"]
    assert repo.status() == "?? scratch.log"
    told = warnings(found)
    assert "scratch.log" in told["FILES_LEFT"]
    assert "README.md" in told["OUTSIDE_OWNED_FILES"]


def test_an_untracked_file_that_is_ones_own_still_has_to_be_committed(mission: Mission) -> None:
    repo = worktree_of(mission)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.commit("work")
    repo.write("src/wp01/b.py", "b = 1\n")
    repo.write("notes.txt", "x\n")
    refused = hand_over(mission)
    assert "src/wp01/b.py" in refused["error"]
    assert "notes.txt" not in refused["error"]


def test_new_files_alone_that_are_not_ones_own_are_named_where_there_is_no_commit(mission: Mission) -> None:
    repo = worktree_of(mission)
    repo.write("tools/gen.py", "gen = 1\n")
    refused = hand_over(mission, "--commit", "the work")
    assert "tools/gen.py" in refused["error"]
    assert f"git -C {repo.path} add -- tools/gen.py" in refused["hint"]
    shell(refused["hint"].partition(" && ")[0])
    assert "OUTSIDE_OWNED_FILES" in warnings(hand_over(mission, "--commit", "the work"))


def test_a_file_that_was_left_keeps_nobody_from_the_next_work_in_the_lane(mission: Mission) -> None:
    repo = worktree_of(mission)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.write("scratch.log", "noise\n")
    hand_over(mission, "--commit", "the work")
    mission.project.run("next", "--agent", "codex", "--json").ok()
    approve = ("agent", "tasks", "move-task", "WP01", "--to", "approved", "--agent", "codex")
    mission.project.run(*approve, "--json").ok()
    step = mission.project.run("next", "--agent", "codex", "--json").ok().json()
    assert (step["wp_id"], Path(step["workspace_path"])) == ("WP02", repo.path)


def test_accept_offers_to_keep_or_to_remove_what_was_left(project: Project) -> None:
    mission = finalized_mission(project)
    repo = worktree_of(mission)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.write("scratch.log", "noise\n")
    hand_over(mission, "--commit", "the work")
    project.run("next", "--agent", "codex", "--json").ok()
    project.run("agent", "tasks", "move-task", "WP01", "--to", "approved", "--agent", "codex", "--json").ok()
    refused = project.run("accept", "--mission", mission.slug, "--json").failed().json()
    (unmet,) = refused["unmet"]
    assert unmet["code"] == "WORKTREE_DIRTY"
    drop = f"git -C {repo.path} clean -f -- scratch.log"
    assert drop in unmet["what"]
    assert unmet["fix"].startswith(f"git -C {repo.path} add -- scratch.log && ")
    shell(drop)
    project.run("accept", "--mission", mission.slug, "--json").ok()


def test_a_project_can_refuse_changes_outside_of_owned_files(mission: Mission) -> None:
    with (mission.project.path / ".kittify" / "config.yaml").open("a") as config:
        config.write("ownership: enforce\n")
    repo = worktree_of(mission)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.write("src/wp02/b.py", "b = 1\n")
    repo.commit("work")
    refused = hand_over(mission)
    assert (refused["error_code"], refused["details"]["reason"]) == ("TRANSITION_REJECTED", "OUTSIDE_OWNED_FILES")
    assert "src/wp02/b.py" in refused["error"]
    (unmet,) = mission.project.run("why", "WP01", "--json").ok().json()["unmet"]
    assert unmet["code"] == "OUTSIDE_OWNED_FILES"
    repo("rm", "--quiet", "src/wp02/b.py")
    repo.commit("take it back")
    assert warnings(hand_over(mission)) == {}


def test_what_a_merge_brought_in_is_not_ones_own_change(mission: Mission) -> None:
    repo = worktree_of(mission)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.commit("work")
    repo("switch", "--quiet", "--detach", "main")
    repo.write("docs/other.md", "other\n")
    repo.commit("other")
    other = repo.head()
    repo("switch", "--quiet", "-")
    repo("merge", "--quiet", "--no-edit", other)
    assert "OUTSIDE_OWNED_FILES" not in warnings(hand_over(mission))


def test_work_in_the_main_checkout_is_named_with_the_commands_that_bring_it_over(mission: Mission) -> None:
    main = mission.project.git
    main.write("src/wp01/old.py", "old = 1\n")
    main.commit("before the mission")
    main.write("src/wp02/mine.py", "a person's own\n")
    repo = worktree_of(mission)
    main.write("src/wp01/old.py", "old = 2\n")
    main.write("src/wp01/in it/new.py", "new = 1\n")
    main.write("src/wp01/staged.py", "staged = 1\n")
    main("add", "src/wp01/staged.py")
    again = mission.project.run("next", "--agent", "claude", "--mission", mission.slug, "--json").ok().json()
    told = warnings(again)["WORK_ASTRAY"]
    assert "src/wp01/old.py" in told
    assert "src/wp01/in it/new.py" in told
    assert "src/wp02" not in told
    board = mission.project.run("status", "--mission", mission.slug, "--json").ok().json()
    assert [each["wp_id"] for each in board["astray"]] == ["WP01"]
    shown = mission.project.run("status", "--mission", mission.slug).ok().out
    assert "Astray: files of WP01 were changed in" in " ".join(shown.split())
    refused = hand_over(mission)
    assert refused["hint"] == board["astray"][0]["fix"]
    shell(refused["hint"])
    assert (repo.path / "src/wp01/old.py").read_text() == "old = 2\n"
    assert (repo.path / "src/wp01/in it/new.py").read_text() == "new = 1\n"
    assert (repo.path / "src/wp01/staged.py").read_text() == "staged = 1\n"
    assert main.status() == "?? src/wp02/mine.py"
    assert warnings(hand_over(mission, "--commit", "brought over")) == {}


def test_what_was_changed_before_the_work_was_taken_is_somebody_elses(mission: Mission) -> None:
    mission.project.git.write("src/wp01/mine.py", "a person's own\n")
    repo = worktree_of(mission)
    repo.write("src/wp01/a.py", "a = 1\n")
    assert warnings(hand_over(mission, "--commit", "the work")) == {}
