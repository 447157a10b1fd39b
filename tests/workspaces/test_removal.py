"""Worktrees are removed where nothing of anybody is lost; submodules count, and git itself would not look into them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import discover
from specify_cli.status.models import Lane
from specify_cli.workspaces.removal import delete_branch, remove_worktree
from tests.support.git import Repo, make_repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.stories import ready, story

LANE = "kitty/mission-001-tea-timer-lane-a"


def library(folder: Path, name: str) -> Repo:
    """A repository that can be a submodule, and takes pushes."""
    repo = make_repo(folder / name)
    repo("config", "--global", "protocol.file.allow", "always")
    repo("config", "receive.denyCurrentBranch", "ignore")
    return repo


def worktree_with(project: Project, tmp_path: Path) -> tuple[Mission, Repo, Repo]:
    """A worktree whose work is in the target, and a submodule `lib` there that has a submodule `deep` of its own."""
    lib = library(tmp_path, "lib")
    lib("submodule", "-q", "add", str(library(tmp_path, "deep").path), "deep")
    lib.commit("deep")
    project.git("submodule", "-q", "add", str(lib.path), "lib")
    project.git("config", "-f", ".gitmodules", "submodule.lib.ignore", "all")
    project.git.commit("a submodule")
    mission = finalized_mission(project)
    tree = mission.work("WP01", "a.txt")
    tree("submodule", "-q", "update", "--init", "--recursive")
    project.git("merge", "-q", "--no-edit", LANE)
    mission.force("WP01", Lane.DONE)
    return mission, tree, Repo(tree.path / "lib")


def reason(project: Project) -> str | None:
    """Why the one worktree stays; None where it went."""
    done = project.run_installed("context", "cleanup", "--json").ok().json()
    return str(done["kept"][0]["reason"]) if done["kept"] else None


def test_the_prompt_says_how_submodules_are_fetched(project: Project, tmp_path: Path) -> None:
    project.git("submodule", "-q", "add", str(library(tmp_path, "lib").path), "lib")
    project.git.commit("a submodule")
    mission = finalized_mission(project, Task("WP01"))
    words = ("agent", "action", "implement", "WP01", "--agent", "claude", "--mission", mission.slug, "--json")
    prompt = Path(project.run(*words).ok().json()["prompt_file"]).read_text(encoding="utf-8")
    assert "`git submodule update --init --recursive`" in prompt


def test_a_clean_worktree_with_submodules_is_removed(project: Project, tmp_path: Path) -> None:
    _, tree, _ = worktree_with(project, tmp_path)
    assert reason(project) is None
    assert not tree.path.exists()
    assert not list((project.path / ".git/worktrees").glob("*"))


@pytest.mark.parametrize("depth", ["lib", "lib/deep"])
def test_uncommitted_files_of_a_submodule_keep_it_whatever_the_settings_say(
    depth: str, project: Project, tmp_path: Path
) -> None:
    _, tree, _ = worktree_with(project, tmp_path)
    Repo(tree.path / depth).write("mine.txt", "mine\n")
    assert str(reason(project)).startswith("it has")
    assert (tree.path / depth / "mine.txt").is_file()
    (tree.path / depth / "mine.txt").unlink()
    assert reason(project) is None


def test_commits_of_a_submodule_that_are_nowhere_else_keep_it(project: Project, tmp_path: Path) -> None:
    _, tree, lib = worktree_with(project, tmp_path)
    lib.commit("mine", b_txt="b\n")
    tree("add", "lib")
    tree("commit", "-qm", "the new lib")
    project.git("merge", "-q", "--no-edit", LANE)
    assert reason(project) == "it has a submodule lib that has commits that are on no remote"
    listed = project.run("context", "list", "--json").ok().json()["workspaces"]
    assert listed[0]["kept_because"] == reason(project)
    lib("push", "-q", "origin", "HEAD:refs/heads/main")
    assert reason(project) is None


def test_a_stash_of_a_submodule_keeps_it(project: Project, tmp_path: Path) -> None:
    _, tree, lib = worktree_with(project, tmp_path)
    lib.write("README.md", "changed\n")
    lib("stash", "-q")
    assert reason(project) == "it has a submodule lib that has commits that are on no remote"
    assert tree.path.is_dir()


def test_a_merge_keeps_such_a_worktree_and_says_why(project: Project, tmp_path: Path) -> None:
    project.git("submodule", "-q", "add", str(library(tmp_path, "lib").path), "lib")
    project.git.commit("a submodule")
    told = story(project)
    tree = told.do("WP01", a_txt="a\n")
    tree("submodule", "-q", "update", "--init")
    Repo(tree.path / "lib")("commit", "-q", "--allow-empty", "-m", "mine")
    Repo(tree.path / "lib")("switch", "-q", "-c", "kept")
    Repo(tree.path / "lib")("switch", "-q", "--detach", "origin/main")
    told.accept().ok()
    kept = [each for each in told.merge().ok().json()["warnings"] if each["code"] == "WORKTREE_KEPT"]
    assert len(kept) == 1
    assert "a submodule lib that has commits that are on no remote" in kept[0]["message"]
    assert tree.path.is_dir()


def test_a_merge_removes_clean_worktrees_and_keeps_locked_ones(project: Project) -> None:
    told = ready(project)
    project.git("worktree", "lock", str(told.worktree("WP05").path))
    answer = told.merge().ok().json()
    assert len(answer["worktrees_removed"]) == 2
    assert ["is locked" in each["message"] for each in answer["warnings"] if each["code"] == "WORKTREE_KEPT"] == [True]
    assert told.worktree("WP05").path.is_dir()


def test_a_worktree_of_another_branch_or_at_work_stays(project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "a.txt")
    repo = discover(project.path)
    assert remove_worktree(repo, tree.path, "other") == f"it has {LANE} checked out, not other"
    tree.commit("second", b_txt="b\n")
    tree("revert", "--no-commit", "HEAD")
    assert remove_worktree(repo, tree.path, LANE) == "it is in the middle of a revert"
    tree("revert", "--abort")
    tree.write("c.txt", "c\n")
    assert remove_worktree(repo, tree.path, LANE) == "it has uncommitted files: c.txt"
    (tree.path / "c.txt").unlink()
    (tree.path / "link").symlink_to("a.txt")
    tree("add", "link")
    tree("commit", "-qm", "a link")
    tree("update-index", "--assume-unchanged", "a.txt", "link")
    tree.write("a.txt", "mine\n")
    assert remove_worktree(repo, tree.path, LANE) == "it has uncommitted files: a.txt"
    tree.write("a.txt", "work\n")
    assert [remove_worktree(repo, tree.path, LANE) for _ in range(2)] == ["", ""]


@pytest.mark.parametrize("already", ["its files", "its .git too", "all but what git knows of it"])
def test_a_removal_that_a_killed_command_left_behind_is_waited_for(already: str, project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "a.txt").path
    repo = discover(project.path)
    found = repo.checkout_at(tree)
    assert found is not None
    # As git does it: what is in the folder in any order, the folder, and last its own folder about it.
    for each in tree.iterdir():
        if each.name not in {"a.txt", ".git"}:
            remove(each)
    remove(tree / "a.txt" if already == "its files" else tree / ".git")
    if already == "all but what git knows of it":
        remove(tree)
    script = "import shutil, sys, time; [time.sleep(0.3) or shutil.rmtree(each, True) for each in sys.argv[1:]]"
    with subprocess.Popen([sys.executable, "-c", script, str(tree), str(found.git_dir)]):
        assert remove_worktree(repo, tree, LANE) == ""
        assert delete_branch(repo, LANE, str(Git(project.path).branch_tip(LANE))) == ""
    assert not tree.exists()


def test_a_removal_by_git_at_the_same_time_is_no_reason_to_stay(project: Project) -> None:
    repo, git = discover(project.path), Git(project.path)
    for number in range(5):
        tree, branch = project.path / ".worktrees" / f"tea-{number}", f"tea-{number}"
        project.git("worktree", "add", "-q", str(tree), "-b", branch)
        # Files that git ignores go with a worktree; many make its removal last.
        for count in range(800):
            (tree / f"{count}.pyc").touch()
        (tree / ".gitignore").write_text("*.pyc\n.gitignore\n")
        with subprocess.Popen(["git", "-C", str(project.path), "worktree", "remove", str(tree)]):
            time.sleep(number * 0.01)
            assert remove_worktree(repo, tree, branch) == ""
            assert delete_branch(repo, branch, str(git.branch_tip(branch))) == ""
        assert not tree.exists()


def test_a_folder_whose_git_link_is_gone_stays_after_a_short_wait(project: Project) -> None:
    tree = finalized_mission(project).work("WP01", "a.txt").path
    (tree / ".git").unlink()
    (tree / "mine.txt").write_text("mine\n")
    assert remove_worktree(discover(project.path), tree, LANE) == "it has lost its .git"
    assert (tree / "mine.txt").is_file()


def remove(path: Path) -> None:
    """A file or a folder with all in it."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("name", ["vendor/inner", "build"])
def test_a_repository_in_what_git_ignores_keeps_its_worktree(project: Project, name: str) -> None:
    project.git.write(".gitignore", "vendor/\nbuild/\n")
    project.git.commit("ignore")
    mission = finalized_mission(project)
    tree = mission.work("WP01", "a.txt")
    make_repo(tree.path / name)
    project.git("merge", "-q", "--no-edit", LANE)
    mission.force("WP01", Lane.DONE)
    assert reason(project) == f"it holds another repository, {name}"
    assert (tree.path / name / ".git").is_dir()
