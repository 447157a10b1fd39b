"""What lies below a work package was reviewed, and what was not lies in its own range, where its reviewer sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, story

CHAIN = (Task("WP01", owns=("a/**",)), Task("WP02", needs=("WP01",), owns=("b/**",)))
# WP03 stands in a lane of its own; WP02 goes on in the lane of WP01, on which WP03 builds.
FORK = (*CHAIN, Task("WP03", needs=("WP01",), owns=("c/**",)))


def act(found: Story, action: str, wp_id: str, agent: str, *more: str) -> dict[str, Any]:
    """Claim a work package or its review with the command; its answer, with the prompt."""
    words = ("agent", "action", action, wp_id, "--agent", agent, "--mission", found.slug, "--json", *more)
    data: dict[str, Any] = found.project.run(*words).ok().json()
    return {**data, "prompt": Path(data["prompt_file"]).read_text(encoding="utf-8")}


def hand_over(found: Story, wp_id: str) -> None:
    words = ("agent", "tasks", "move-task", wp_id, "--to", "for_review", "--agent", "claude")
    found.project.run(*words, "--mission", found.slug, "--json").ok()


def approve(found: Story, wp_id: str) -> None:
    words = ("agent", "tasks", "move-task", wp_id, "--to", "approved", "--agent", "codex")
    found.project.run(*words, "--mission", found.slug, "--json").ok()


def test_a_dependant_gets_what_was_approved_and_not_what_came_after(project: Project) -> None:
    found = story(project, *FORK)
    assert found.lane("WP02").lane_id == found.lane("WP01").lane_id != found.lane("WP03").lane_id
    lane = found.do("WP01", a__f_txt="a\n")
    approved = lane.head()
    found.do("WP02", approve=False, b__f_txt="half done\n")
    workspace = found.mission.claim("WP03").workspace
    assert (workspace.path / "a/f.txt").is_file()
    assert not (workspace.path / "b").exists()
    assert workspace.base == approved


def test_a_commit_between_an_approval_and_the_next_claim_is_in_the_next_review(project: Project) -> None:
    found = story(project, *CHAIN)
    lane = found.do("WP01", a__f_txt="a\n")
    approved = lane.head()
    lane.commit("nobody read this", stray_txt="stray\n")
    claim = found.mission.claim("WP02")
    assert (claim.workspace.base, claim.workspace.start) == (approved, lane.head())
    words = ("agent", "tasks", "move-task", "WP02", "--to", "for_review", "--agent", "claude", "--mission", found.slug)
    refused = project.run(*words, "--json").failed().json()
    assert "NO_NEW_COMMIT" in [each["code"] for each in refused["details"]["unmet"]], "the stray commit is not its work"
    lane.commit("WP02: work", b__f_txt="b\n")
    hand_over(found, "WP02")
    prompt = act(found, "review", "WP02", "codex")["prompt"]
    assert "nobody read this (Ada <ada@example.org>)" in prompt
    assert "+stray" in prompt
    approve(found, "WP02")
    found.accept().ok()
    found.merge().ok()
    assert found.files()["stray.txt"] == "stray"


def test_what_was_approved_by_force_alone_is_in_the_next_review(project: Project) -> None:
    found = story(project, *CHAIN)
    lane = found.do("WP01", approve=False, a__f_txt="nobody read this\n")
    found.mission.force("WP01", Lane.APPROVED)
    workspace = found.mission.claim("WP02").workspace
    assert (workspace.path, workspace.start) == (lane.path, lane.head())
    assert workspace.base == found.git.head(f"kitty/mission-{found.slug}")


def test_a_named_base_hides_nothing_from_the_review(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    main = project.git.head()
    project.git("switch", "-q", "-c", "elsewhere")
    project.git.commit("from elsewhere", sneaked_txt="in\n")
    project.git("switch", "-q", "main")
    data = act(found, "implement", "WP01", "claude", "--base", "elsewhere")
    lane = Repo(Path(data["workspace_path"]))
    lane.commit("WP01: work", a__f_txt="a\n")
    hand_over(found, "WP01")
    prompt = act(found, "review", "WP01", "codex")["prompt"]
    assert f"{main[:12]} {lane.head()[:12]}" in prompt
    assert "from elsewhere (" in prompt
    assert "sneaked.txt" in prompt


def test_a_conflict_that_is_settled_by_hand_is_reviewed_with_the_work(project: Project) -> None:
    found = story(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    found.do("WP01", shared_txt="one\n")
    found.do("WP02", shared_txt="two\n")
    data = act(found, "implement", "WP03", "claude", "--settle")
    lane = Repo(Path(data["workspace_path"]))
    approved = found.git.head(found.branch("WP02"))[:12]
    missing = f"    git merge {approved}\n"
    assert missing in data["prompt"]
    assert missing in act(found, "implement", "WP03", "claude")["prompt"], "also to whoever goes on with it"
    lane("merge", approved, check=False)
    lane.write("shared.txt", "one and two\n")
    lane.commit("settle")
    assert missing not in act(found, "implement", "WP03", "claude")["prompt"]
    hand_over(found, "WP03")
    assert "+one and two" in act(found, "review", "WP03", "codex")["prompt"]
    approve(found, "WP03")
    found.accept().ok()
    found.merge().ok()
    assert found.files()["shared.txt"] == "one and two"


def test_a_reviewer_is_shown_the_lane_as_it_stands_and_told_what_was_added(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = found.do("WP01", approve=False, a__f_txt="a\n")
    hand_over(found, "WP01")
    lane.commit("after it was handed over", late_txt="late\n")
    data = act(found, "review", "WP01", "codex")
    assert "LANE_MOVED" in [each["code"] for each in data["warnings"]]
    assert "+late" in data["prompt"]
    event = found.mission.status.events[-1]
    assert (event.to_lane, (event.workspace or {})["head"]) == (Lane.IN_REVIEW, lane.head())
