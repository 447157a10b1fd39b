"""What a refused merge tells to do, done word for word, leads to the merge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.git import Repo
from tests.support.project import Project, make_project
from tests.support.stories import Story, obey, one


def _changed(git: Repo) -> None:
    git.write("old.txt", "mine\n")


def _staged(git: Repo) -> None:
    git.write("old.txt", "mine\n")
    git("add", "old.txt")


def _untracked(git: Repo) -> None:
    git.write("a/[new] file.txt", "mine\n")


def _ignored(git: Repo) -> None:
    (git.path / ".git/info/exclude").write_text("a/\n")
    git.write("a/[new] file.txt", "mine\n")


def _folder(git: Repo) -> None:
    (git.path / ".git/info/exclude").write_text("*.o\n")
    git.write("a/[new] file.txt/inner.o", "mine\n")


def _file(git: Repo) -> None:
    git.write("a", "mine\n")


def _assumed(git: Repo) -> None:
    git("update-index", "--assume-unchanged", "old.txt")
    git.write("old.txt", "mine\n")


def _skipped(git: Repo) -> None:
    git("update-index", "--skip-worktree", "old.txt")
    git.write("old.txt", "mine\n")


def _unmerged(git: Repo) -> None:
    git.write("README.md", "# Put aside\n")
    git("stash", "-q")
    git.write("README.md", "# Meanwhile\n")
    git("commit", "-q", "-a", "-m", "meanwhile")
    git("stash", "pop", "-q", check=False)
    git("stash", "drop", "-q")


@pytest.mark.parametrize(
    "act", [_changed, _staged, _untracked, _ignored, _folder, _file, _assumed, _skipped, _unmerged]
)
def test_files_in_the_way_are_put_aside_and_nothing_else(project: Project, act: object) -> None:
    project.git.write("old.txt", "old\n")
    project.git.commit("old")
    found = one(project, {"old.txt": "by the lane\n", "a/[new] file.txt": "new\n"})
    found.git.write("notes.txt", "the user's own\n")
    assert callable(act)
    act(found.git)

    obey(found.merge().failed("DIRTY_OVERLAP"), project.path)

    found.merge().ok()
    assert (project.path / "old.txt").read_text() == "by the lane\n"
    assert (project.path / "a/[new] file.txt").read_text() == "new\n"
    assert (project.path / "notes.txt").read_text() == "the user's own\n"
    assert found.git.status() == "?? notes.txt"
    kept = found.git("stash", "show", "-p", "--include-untracked", "stash@{0}")
    assert ("+# Put aside" if act is _unmerged else "+mine") in kept.replace("++", "+")


def _with_remote(found: Story, folder: Path, *, follows: bool) -> Repo:
    """A remote, and a clone of somebody else's."""
    git, remote = found.git, folder / "remote.git"
    git("init", "-q", "--bare", "-b", "main", str(remote))
    git("remote", "add", "origin", str(remote))
    git("push", "-q", *(["-u"] if follows else []), "origin", "main")
    git("clone", "-q", str(remote), str(folder / "other"))
    return Repo(folder / "other")


@pytest.mark.parametrize("follows", [True, False])
def test_a_target_that_went_another_way_than_its_remote_takes_it_in(
    project: Project, tmp_path: Path, follows: bool
) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    other = _with_remote(found, tmp_path, follows=follows)
    other.commit("theirs", theirs_txt="theirs\n")
    other("push", "-q")
    found.git.commit("mine", mine_txt="mine\n")
    found.git("fetch", "-q")
    obey(found.merge().failed("TARGET_BEHIND_REMOTE"), project.path)
    found.merge("--push").ok()
    assert {"a/f.txt", "theirs.txt", "mine.txt"} <= found.files("refs/remotes/origin/main").keys()


@pytest.mark.parametrize("follows", [True, False])
def test_a_push_that_came_too_late_is_made_good(project: Project, tmp_path: Path, follows: bool) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    other = _with_remote(found, tmp_path, follows=follows)
    other.commit("theirs", theirs_txt="theirs\n")
    other("push", "-q")
    obey(found.merge("--push").failed("PUSH_REJECTED"), project.path)
    assert not found.worktree("WP01").path.exists()
    assert {"a/f.txt", "theirs.txt"} <= found.files("refs/remotes/origin/main").keys()


def test_a_lock_in_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    project = make_project(tmp_path / "a 'folder' of mine")
    found = one(project, {"a/f.txt": "a\n"})
    lock = found.git.write(".git/index.lock", "")
    obey(found.merge().failed("INDEX_LOCKED"), project.path)
    assert not lock.exists()
    found.merge().ok()


@pytest.mark.parametrize("way", [("reset", "-q", "--hard", "HEAD~1"), ("commit", "-q", "--amend", "-m", "again")])
def test_a_lane_that_lost_what_was_approved_takes_it_in_again(project: Project, way: tuple[str, ...]) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.worktree("WP01")(*way)
    told = {each["code"]: each["fix"] for each in found.merge().failed().json()["details"]["unmet"]}
    subprocess.run(["/bin/sh", "-c", told["APPROVED_COMMIT_MISSING"]], cwd=project.path, check=True)
    found.accept().ok()
    found.merge().ok()
    assert found.files()["a/f.txt"] == "a"


@pytest.mark.parametrize("text", ["", "{", '{"version": 99}'])
@pytest.mark.parametrize("name", ["{key}.json", "{key}.conflict.json"])
def test_a_damaged_record_of_ours_is_put_aside(project: Project, name: str, text: str) -> None:
    found = one(project, {"shared.txt": "from the lane\n"})
    found.git.commit("meanwhile", shared_txt="from the target\n")
    stopped = found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]
    path = project.path / ".git/spec-kitty/merge" / name.format(key=found.mission.place.key)
    path.write_text(text)
    said = found.merge("--resume")
    assert said.json()["error_code"] in ("MERGE_INTENT_INVALID", "MERGE_STATE_INVALID")
    obey(said, project.path)
    if "conflict" in name:
        obey(found.merge().failed("WORKSPACE_BLOCKED"), project.path)
        assert "<<<<<<<" in (Path(f"{stopped}.kept") / "shared.txt").read_text()
        found.merge().failed("MERGE_CONFLICT")
    tree = Repo(Path(stopped))
    tree.write("shared.txt", "from both\n")
    tree("add", "shared.txt")
    found.merge("--resume").ok()


@pytest.mark.parametrize("words", [("merge",), ("merge", "--dry-run"), ("accept",)])
def test_a_target_that_was_renamed_gets_its_name_back(project: Project, words: tuple[str, ...]) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.git("branch", "-m", "main", "trunk")
    told = [each for each in project.run("doctor", "log", "--json").json()["findings"] if each["severity"] == "error"]
    assert [each["code"] for each in told] == ["TARGET_GONE"]
    obey(found.run(*words).failed("TARGET_GONE"), project.path)
    found.merge().ok()


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("renamed", [True, False])
def test_a_lane_whose_branch_is_gone_gets_it_back(project: Project, renamed: bool, accepted: bool) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    branch = found.branch("WP01")
    if renamed:
        found.git("branch", "-m", branch, "mine")
    else:
        found.worktree("WP01")("switch", "-q", "--detach")
        found.git("branch", "-q", "-D", branch)
    obey((found.merge() if accepted else found.accept()).failed(), project.path)
    found.accept().ok()
    found.merge().ok()
    assert found.files()["a/f.txt"] == "a"
