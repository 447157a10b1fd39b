from __future__ import annotations

import os

from tests.release.seeded import CHANGES
from tests.support.cli import run_here
from tests.support.git import Repo

CHANGE = CHANGES[0]


def seeded(git: Repo) -> str:
    """A repository with one change, its test left as it was; the commit before."""
    git.write("src/app.py", CHANGE.before)
    git.write("tests/test_app.py", CHANGE.test)
    git.write("notes.txt", "old")
    before = git.commit("before")
    git.write("src/app.py", CHANGE.after)
    git.write("notes.txt", "new")
    return before


def test_the_working_tree_is_compared_and_nothing_is_written(git: Repo) -> None:
    before = seeded(git)
    status = git.status()
    answer = (
        run_here("agent", "tests", "stale-check", "--base", before, "--json", cwd=git.path).failed(exit_code=1).json()
    )
    assert [(each["file"], each["source"]) for each in answer["stale"]] == [("tests/test_app.py", "src/app.py")]
    assert "no tea without water" in answer["stale"][0]["code"]
    assert (answer["changed"], answer["not_examined"]) == (["src/app.py"], ["notes.txt"])
    assert git.status() == status


def test_a_file_that_was_only_touched_leaves_the_index_alone(git: Repo) -> None:
    git.commit("source", app_py="x = 1\n")
    os.utime(git.path / "app.py", (1, 1))
    before = (git.path / ".git" / "index").stat().st_mtime_ns
    run_here("agent", "tests", "stale-check", "--base", "HEAD", cwd=git.path).ok()
    assert (git.path / ".git" / "index").stat().st_mtime_ns == before


def test_two_commits_are_compared_whatever_the_tree_holds(git: Repo) -> None:
    before = seeded(git)
    assert run_here("agent", "tests", "stale-check", "--base", before, "--head", "HEAD", cwd=git.path).code == 0
    after = git.commit("after")
    git.write("tests/test_app.py", "")
    shown = run_here("agent", "tests", "stale-check", "--base", before, "--head", after, cwd=git.path)
    assert shown.code == 1
    assert "tests/test_app.py:6  no source says" in shown.out
    assert run_here("agent", "tests", "stale-check", "--base", before, cwd=git.path).code == 0


def test_what_cannot_be_compared_is_said(git: Repo) -> None:
    run_here("agent", "tests", "stale-check", "--base", "nowhere", "--json", cwd=git.path).failed("REVISION_UNKNOWN", 1)
    run_here("agent", "tests", "stale-check", "--head", "HEAD", cwd=git.path).failed(exit_code=2)


def test_outside_git_there_is_nothing_to_compare(git: Repo) -> None:
    run_here("agent", "tests", "stale-check", "--base", "HEAD", "--json", cwd=git.path.parent).failed(
        "NOT_A_GIT_REPOSITORY", 1
    )
