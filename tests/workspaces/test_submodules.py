"""What is uncommitted inside of a submodule is no commit of the lane: each refusal prints what really puts it away."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.git import Repo, make_repo
from tests.support.project import Project, Task
from tests.support.stories import Story, story
from tests.workspaces.test_reviewed_bases import act, approve, hand_over

LIBRARY = "libs/sub"
FROM_DISK = ("-c", "protocol.file.allow=always", "submodule")


def refused(found: Story, *words: str) -> dict[str, Any]:
    """What a command says of an unclean worktree."""
    told = found.run(*words).failed().json()
    assert "WORKTREE_DIRTY" in [each["code"] for each in told["details"]["unmet"]]
    return dict(told)


def move(wp_id: str, to: str, agent: str) -> tuple[str, ...]:
    return "agent", "tasks", "move-task", wp_id, "--to", to, "--agent", agent


def mend(told: dict[str, Any]) -> None:
    """Run the git commands of a hint as they stand."""
    for part in told["hint"].split(" && "):
        words = shlex.split(part)
        assert words[0] == "git"
        subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def lane(project: Project, tmp_path: Path) -> tuple[Story, Repo, Repo]:
    """The worktree of a work package under way, with a commit, and the submodule in it."""
    library = make_repo(tmp_path / "library")
    library.commit("first", s_txt="1\n")
    project.git(*FROM_DISK, "add", "-q", str(library.path), LIBRARY)
    project.git.commit("a library")
    found = story(project, Task("WP01", owns=("libs/**", "a/**")), Task("WP02", needs=("WP01",), owns=("b/**",)))
    tree = Repo(Path(act(found, "implement", "WP01", "claude")["workspace_path"]))
    tree(*FROM_DISK, "update", "--init", "-q")
    tree.write("a/f.txt", "a\n")
    tree.commit("WP01: work")
    return found, tree, Repo(tree.path / LIBRARY)


def test_at_the_hand_over_it_is_committed_there_first(lane: tuple[Story, Repo, Repo]) -> None:
    found, tree, inner = lane
    inner.write("s.txt", "2\n")
    mend(refused(found, *move("WP01", "for_review", "claude")))
    assert "--commit" in refused(found, *move("WP01", "for_review", "claude"))["hint"]
    found.run(*move("WP01", "for_review", "claude"), "--commit", "the library too").ok()
    assert tree("rev-parse", f"HEAD:{LIBRARY}") == inner.head()


def test_in_a_review_it_is_put_aside_there(lane: tuple[Story, Repo, Repo]) -> None:
    found, _, inner = lane
    hand_over(found, "WP01")
    act(found, "review", "WP01", "codex")
    inner.write("s.txt", "2\n")
    mend(refused(found, *move("WP01", "approved", "codex")))
    approve(found, "WP01")
    assert "left over when WP01 was reviewed" in inner("stash", "list")


def test_accept_and_the_next_claim_name_the_commit_there(lane: tuple[Story, Repo, Repo]) -> None:
    found, tree, inner = lane
    hand_over(found, "WP01")
    act(found, "review", "WP01", "codex")
    approve(found, "WP01")
    inner.write("s.txt", "2\n")
    there = f"git -C {inner.path} add --all"
    unmet = found.accept().failed().json()["details"]["unmet"]
    assert [each["fix"].partition(" && ")[0] for each in unmet if each["code"] == "WORKTREE_DIRTY"] == [there]
    claim = found.run("agent", "action", "implement", "WP02", "--agent", "claude").failed().json()
    assert claim["hint"].startswith(there)
    mend(claim)
    assert inner.status() == ""
    assert tree.status() == f" M {LIBRARY}"
