"""What a lane took in from others is seen by its reviewer where the lane undoes it, whichever way it came in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, story
from tests.workspaces.test_reviewed_bases import act, approve, hand_over

FIX = "-v2 with a fix"


def keeps_its_own_side(lane: Repo, _: Story) -> None:
    lane("merge", "-q", "-s", "ours", "-m", "merge", "main")


def sets_it_back_afterwards(lane: Repo, _: Story) -> None:
    lane("merge", "-q", "--no-edit", "main")
    lane.commit("tidy up", f_txt="v1\n")


def is_rebased_and_sets_it_back(lane: Repo, _: Story) -> None:
    lane("rebase", "-q", "main")
    lane.commit("tidy up", f_txt="v1\n")


def turns_the_sides_round(lane: Repo, _: Story) -> None:
    own = lane.commit("a line of its own", mine_txt="mine\n")
    merged = lane("commit-tree", f"{own}^{{tree}}", "-p", "main", "-p", own, "-m", "merge")
    lane("reset", "-q", "--hard", merged)


def resolves_a_conflict(lane: Repo, _: Story) -> None:
    lane.commit("a line of its own", f_txt="v1 and mine\n")
    lane("merge", "-q", "main", check=False)
    lane.write("f.txt", "v1 and mine\n")
    lane.commit("merge")


def takes_it_in_through_another_lane(lane: Repo, found: Story) -> None:
    other = found.worktree("WP01")
    other("merge", "-q", "--no-edit", "main")
    lane("merge", "-q", "-s", "ours", "-m", "merge", found.branch("WP01"))
    other.commit("the other lane goes on", more_txt="more\n")


WAYS: tuple[Callable[[Repo, Story], None], ...] = (
    keeps_its_own_side,
    sets_it_back_afterwards,
    is_rebased_and_sets_it_back,
    turns_the_sides_round,
    resolves_a_conflict,
    takes_it_in_through_another_lane,
)


def begun(project: Project) -> tuple[Story, Repo]:
    """A mission whose WP02 is under way, and the target has a fix since."""
    project.git.commit("a file", f_txt="v1\n")
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    lane = Repo(Path(act(found, "implement", "WP02", "claude")["workspace_path"]))
    project.git.commit("a fix", f_txt="v2 with a fix\n")
    return found, lane


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_fix_on_the_target_that_a_lane_undoes_is_in_its_review(project: Project, way: Callable[..., None]) -> None:
    found, lane = begun(project)
    way(lane, found)
    lane.write("b/f.txt", "b\n")
    lane.commit("WP02: work")
    hand_over(found, "WP02")

    assert FIX in act(found, "review", "WP02", "codex")["prompt"]


@pytest.mark.parametrize("way", ["merged", "fast forward"])
def test_work_of_another_lane_that_is_taken_in_and_removed_is_in_the_review(project: Project, way: str) -> None:
    found, lane = begun(project)
    words = ("--no-ff", "--no-edit") if way == "merged" else ("--ff-only",)
    lane("merge", "-q", *words, found.branch("WP01"))
    lane("rm", "-q", "a/f.txt")
    lane.write("b/f.txt", "b\n")
    lane.commit("WP02: work")
    hand_over(found, "WP02")

    assert "D a/f.txt" in act(found, "review", "WP02", "codex")["prompt"]


def test_what_is_taken_in_as_git_merges_it_is_not_told(project: Project) -> None:
    found, lane = begun(project)
    lane("merge", "-q", "--no-edit", "main", found.branch("WP01"))
    lane.write("b/f.txt", "b\n")
    lane.commit("WP02: work")
    hand_over(found, "WP02")

    assert "of others" not in act(found, "review", "WP02", "codex")["prompt"]


def test_undoing_what_the_target_did_is_a_change_and_not_none(project: Project) -> None:
    """Both ends of its range are the same, and its merge changes the target."""
    found, lane = begun(project)
    sets_it_back_afterwards(lane, found)
    words = ("--to", "for_review", "--agent", "claude", "--mission", found.slug, "--json")
    told = project.run("agent", "tasks", "move-task", "WP02", *words, "--no-change", "nothing to do").failed().json()
    assert "CHANGES_THERE" in [each["code"] for each in told["details"]["unmet"]]
    hand_over(found, "WP02")
    prompt = act(found, "review", "WP02", "codex")["prompt"]
    assert FIX in prompt
    assert "The change is empty" not in prompt
    approve(found, "WP02")
    found.accept().ok()


@pytest.mark.parametrize("host", [False, True])
def test_what_others_did_on_the_target_is_no_change_of_the_work(project: Project, host: bool) -> None:
    """A lane that took the target in shows its own change; what a host has merged of it before is still shown."""
    found, lane = begun(project)
    lane.write("b/f.txt", "b\n")
    lane.commit("WP02: work")
    if host:
        project.git("merge", "-q", "--no-ff", "--no-edit", found.branch("WP02"))
    lane("merge", "-q", "--no-edit", "main")
    lane.commit("WP02: more", more_txt="more\n")
    hand_over(found, "WP02")
    prompt = act(found, "review", "WP02", "codex")["prompt"]
    assert "+more" in prompt
    assert "+b\n" in prompt
    assert ("v2 with a fix" in prompt) is host
    assert (f"`{project.git.head()[:12]}` of the target" in prompt) is not host


def test_logs_of_the_mission_that_come_in_with_the_target_are_no_change_of_the_work(project: Project) -> None:
    found, lane = begun(project)
    lane.write("b/f.txt", "b\n")
    lane.commit("WP02: work")
    hand_over(found, "WP02")
    act(found, "review", "WP02", "codex")
    approve(found, "WP02")
    approved = lane.head()
    lane("merge", "-q", "--no-edit", "main")
    lane.write("b/f.txt", "b and more\n")
    lane.commit("WP02: more")
    assert f"kitty-specs/{found.slug}/status.events.jsonl" in lane("diff", "--name-only", approved, "HEAD")
    words = ("agent", "tasks", "move-task", "WP02", "--to", "for_review", "--note", "more")
    found.run(*words).ok()

    prompt = act(found, "review", "WP02", "codex")["prompt"]

    assert "+b and more" in prompt
    assert "status.events.jsonl" not in prompt
