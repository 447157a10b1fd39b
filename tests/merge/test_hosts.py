"""Work that a host has merged: recognised however it did, recorded as done, cleaned up, and never merged again."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.merge.verifying import Verdict, verify
from specify_cli.status.models import Lane
from specify_cli.workspaces.records import note_head
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, story

WAYS = ("merge", "squash", "rebase")


def lines(*changed: str) -> str:
    """A file of ten lines, the first ones as given."""
    return "".join(f"{line}\n" for line in (*changed, *(f"line {number}" for number in range(len(changed), 10))))


@pytest.fixture
def found(project: Project) -> Story:
    """Two lanes that each change a file of the target in two commits, accepted."""
    for name in ("one.txt", "two.txt"):
        project.git.write(name, lines())
    project.git.commit("files")
    made = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    for wp_id, name in (("WP01", "one.txt"), ("WP02", "two.txt")):
        lane = made.work(wp_id, {name: lines("begun")}, approve=False)
        lane.write(f"{wp_id}.txt", "new\n")
        lane.write(name, lines("done", wp_id))
        note_head(made.mission.place, made.lane(wp_id).lane_id, wp_id, lane.commit("more"))
        made.approve(wp_id)
    made.accept().ok()
    return made


def host(found: Story, way: str, *branches: str) -> None:
    """Merge pull requests as a host does, then delete nothing."""
    git = found.git
    for branch in branches:
        if way == "rebase":
            git("cherry-pick", f"main..{branch}")
        elif way == "squash":
            git("merge", "-q", "--squash", branch)
            git("commit", "-q", "-m", f"{branch} (#7)")
        else:
            git("merge", "-q", "--no-ff", "--no-edit", branch)


def whole(found: Story) -> None:
    """Everything is done, and nothing of the mission is left but what keeps its history."""
    assert {found.mission.lane(wp_id) for wp_id in ("WP01", "WP02")} == {Lane.DONE}
    assert not [name for name in found.refs() if name.startswith("refs/heads/kitty/")]
    assert not [path for path in (found.project.path / ".worktrees").iterdir() if path.is_dir()]
    assert found.git.status() == ""
    assert [each.verdict for each in verify(found.mission.place)] == [Verdict.RIGHT]


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("way", WAYS)
def test_all_lanes_and_the_target_has_moved_on_since(found: Story, way: str, strategy: str) -> None:
    host(found, way, found.branch("WP01"), found.branch("WP02"))
    found.git.write("one.txt", lines("done better"))
    found.git("rm", "-q", "WP02.txt")
    found.git.commit("meanwhile")
    before = found.files()
    assert found.merge("--dry-run").ok().json()["clean"] is True
    head = found.git.head()
    done = found.merge("--strategy", strategy).ok().json()
    assert done["merged_commit"] == head
    assert found.files() == before, "what the target changed since then stands"
    whole(found)


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("way", WAYS)
def test_one_lane_and_the_other_is_merged_here(found: Story, way: str, strategy: str) -> None:
    host(found, way, found.branch("WP01"))
    found.git.write("one.txt", lines("done better"))
    found.git("rm", "-q", "WP01.txt")
    found.git.commit("meanwhile")
    done = found.merge("--strategy", strategy).ok().json()
    assert [lane["outcome"] for lane in done["lanes"]] == ["contained", "merged"]
    files = found.files()
    assert files["one.txt"] == lines("done better").strip()
    assert files["two.txt"] == lines("done", "WP02").strip()
    assert "WP01.txt" not in files
    assert files["WP02.txt"] == "new"
    whole(found)


@pytest.mark.parametrize("way", WAYS)
def test_all_at_once_in_a_branch_that_somebody_made_for_it(found: Story, way: str) -> None:
    git = found.git
    base = git.head()
    git("switch", "-q", "-c", "pull", base)
    host(found, "merge", found.branch("WP01"), found.branch("WP02"))
    git("switch", "-q", "main")
    if way == "rebase":
        git("cherry-pick", *(tip for wp_id in ("WP01", "WP02") for tip in [f"{base}..{found.branch(wp_id)}"]))
    else:
        host(found, way, "pull")
    git.commit("meanwhile", one_txt=lines("done better"))
    head = git.head()
    assert found.merge().ok().json()["merged_commit"] == head
    whole(found)


@pytest.mark.parametrize("way", WAYS)
def test_branches_that_the_host_has_deleted(found: Story, way: str) -> None:
    branches = [found.branch(wp_id) for wp_id in ("WP01", "WP02")]
    host(found, way, *branches)
    for wp_id, branch in zip(("WP01", "WP02"), branches, strict=True):
        found.git("worktree", "remove", str(found.worktree(wp_id).path))
        found.git("branch", "-q", "-D", branch)
    found.merge().ok()
    whole(found)


def test_a_branch_that_is_gone_and_whose_work_has_not_arrived_is_missing(found: Story) -> None:
    found.git("worktree", "remove", str(found.worktree("WP01").path))
    found.git("branch", "-q", "-D", found.branch("WP01"))
    found.merge().failed("LANE_BRANCH_MISSING")


def test_another_clone_where_nobody_worked(found: Story, tmp_path: Path) -> None:
    found.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    found.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    found.run("materialize").ok()
    host(found, "merge", found.branch("WP01"), found.branch("WP02"))
    found.git("push", "-q", "-u", "origin", "main")
    found.git("clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / "clone"))
    other = found.project.run("merge", "--mission", found.slug, "--json", cwd=tmp_path / "clone").ok().json()
    assert other["merged_wps"] == ["WP01", "WP02"]
    assert Repo(tmp_path / "clone").status() == ""


def test_what_was_merged_here_with_branches_kept_is_known_again(found: Story) -> None:
    found.merge("--strategy", "squash", "--keep-branch").ok()
    found.git.commit("meanwhile", one_txt=lines("done better"))
    head = found.git.head()
    assert found.merge().ok().json()["already_merged"] is True
    assert found.git.head() == head
    whole(found)


def test_the_same_change_made_by_somebody_else_is_no_reason_to_leave_the_rest_out(found: Story) -> None:
    """A part of a lane that is in the target already does not make the lane arrive."""
    found.git.commit("the same", one_txt=lines("done", "WP01"))
    done = found.merge().ok().json()
    assert [lane["outcome"] for lane in done["lanes"]] == ["merged", "merged"]
    assert found.files()["WP01.txt"] == "new"
