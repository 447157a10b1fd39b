"""The intent of a merge, and settling one that was met."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from specify_cli.kernel import git as kernel_git
from specify_cli.kernel.errors import Conflict, Refused, Unavailable
from specify_cli.kernel.git import ZERO, Git, RefUpdate
from specify_cli.kernel.paths import Repository, discover
from specify_cli.merge import intent, settling
from specify_cli.merge.intent import Doomed, Intent, Push
from tests.support.git import Repo
from tests.support.process import modules_after

GUARD = "refs/spec-kitty/merging/001-x"


@contextmanager
def _running(code: str, sign: Path) -> Iterator[None]:
    """Another process at work, from the moment it has given its sign."""
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        while not sign.exists():
            time.sleep(0.02)
        yield
    finally:
        process.kill()
        process.wait()


def _intent(repo: Repo, new: str) -> Intent:
    old = repo.head()
    refs = (
        RefUpdate("refs/heads/main", old, new),
        RefUpdate("refs/heads/lane", old, old),
        RefUpdate("refs/spec-kitty/merged/001-x/lane-a", ZERO, old),
        RefUpdate(GUARD, new, ZERO),
    )
    return Intent("KEY", "001-x", None, "main", str(repo.path), old, new, GUARD, refs)


@pytest.fixture
def begun(git: Repo) -> tuple[Repository, Intent]:
    """A merge whose intent and guard are there and whose references have not moved."""
    git("branch", "lane")
    git.write("new.txt", "new\n")
    git("add", "new.txt")
    new = git("commit-tree", git("write-tree"), "-p", "HEAD", "-m", "merged")
    git("rm", "-q", "--cached", "new.txt")
    (git.path / "new.txt").unlink()
    made = _intent(git, new)
    repo = discover(git.path)
    intent.write(repo, made)
    git("update-ref", GUARD, new)
    return repo, made


def test_what_is_written_is_read_again(git: Repo) -> None:
    made = replace(
        _intent(git, "n"), folder=("k/a",), events=({"event_id": "1"},), loose={"meta.json": "{}"},
        push=Push("origin", "a:b"),
        worktrees=(Doomed("lane-a", "/w", "kitty/a"),), branches=(RefUpdate("refs/heads/x", "1", ZERO),),
        summary={"strategy": "squash"},
    )  # fmt: skip
    repo = discover(git.path)
    intent.write(repo, made)
    assert intent.read(intent.path_of(repo, "KEY")) == made
    assert intent.mark(repo, made).awaits_push


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1}', '{"version": 1, "refs": 3}'])
def test_an_intent_of_another_version_is_refused_and_left_alone(git: Repo, content: str) -> None:
    repo = discover(git.path)
    path = intent.path_of(repo, "KEY")
    path.parent.mkdir(parents=True)
    path.write_text(content)
    intent.settle(repo)
    assert settling.settle_all(repo) == {}
    with pytest.raises(Refused, match="not a merge intent"):
        intent.read(path)
    assert [each.code for each in intent.damaged(repo)] == ["MERGE_INTENT_INVALID"]
    assert path.read_text() == content


def test_without_an_intent_nothing_is_done_and_nothing_heavy_is_loaded(git: Repo) -> None:
    repo = discover(git.path)
    intent.settle(repo)
    assert not repo.state.exists()
    loaded = modules_after("from specify_cli.merge import intent")
    assert not {"filelock", "ulid", "specify_cli.merge.settling", "specify_cli.merge.engine"} & loaded


def test_references_that_did_not_move_drop_the_intent(git: Repo, begun: tuple[Repository, Intent]) -> None:
    repo, made = begun
    intent.settle(repo)
    assert git.head() == made.old
    assert intent.intents(repo) == []
    assert git("for-each-ref", "refs/spec-kitty") == ""
    # The git process of the dead command wakes up now: its transaction fails as a whole.
    with pytest.raises(Unavailable):
        Git(git.path).update_refs(made.refs, "late")
    assert git.head() == made.old
    assert git.status() == ""


def test_references_that_moved_are_followed(git: Repo, begun: tuple[Repository, Intent]) -> None:
    repo, made = begun
    Git(git.path).update_refs(made.refs, "merge")
    intent.settle(repo)
    assert git.head() == made.new
    assert (git.path / "new.txt").read_text() == "new\n"
    assert git.status() == ""
    assert intent.intents(repo) == []


def test_a_transaction_that_was_cut_in_the_middle_is_completed(git: Repo, begun: tuple[Repository, Intent]) -> None:
    repo, made = begun
    git("update-ref", "refs/heads/main", made.new)
    intent.settle(repo)
    assert git("for-each-ref", "--format=%(refname)", "refs/spec-kitty") == "refs/spec-kitty/merged/001-x/lane-a"
    assert git.status() == ""


def test_one_cut_before_the_target_moved_is_taken_back(git: Repo, begun: tuple[Repository, Intent]) -> None:
    repo, made = begun
    git("update-ref", "refs/spec-kitty/merged/001-x/lane-a", made.old)
    intent.settle(repo)
    assert git("for-each-ref", "refs/spec-kitty") == ""
    assert git.head() == made.old


def test_a_commit_of_the_users_on_top_is_left_alone(git: Repo, begun: tuple[Repository, Intent]) -> None:
    repo, made = begun
    Git(git.path).update_refs(made.refs, "merge")
    git("reset", "-q", "--hard")
    top = git.commit("mine", mine_txt="mine\n")
    intent.settle(repo)
    assert git.head() == top
    assert git.status() == ""


def test_a_lock_on_the_guard_is_explained(
    git: Repo, begun: tuple[Repository, Intent], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, _ = begun
    monkeypatch.setattr(settling, "_PATIENCE", 0.1)
    lock = git.path / ".git" / f"{GUARD}.lock"
    lock.touch()
    with pytest.raises(Unavailable, match="cannot lock ref") as told:
        intent.settle(repo)
    assert told.value.code == "REFS_LOCKED"
    assert lock.exists()
    assert [each.kind for each in intent.pending(repo)] == ["intent"]
    assert intent.pending(repo)[0].fix == "spec-kitty merge --resume --mission 001-x"


def test_a_lock_on_the_index_is_explained(
    git: Repo, begun: tuple[Repository, Intent], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, made = begun
    Git(git.path).update_refs(made.refs, "merge")
    monkeypatch.setattr(kernel_git, "PATIENCE", 0.1)
    lock = git.path / ".git/index.lock"
    lock.touch()
    with pytest.raises(Unavailable, match="could not follow"):
        intent.settle(repo)
    lock.unlink()
    intent.settle(repo)
    assert git.status() == ""


def test_a_merge_at_work_is_waited_for_and_named(
    begun: tuple[Repository, Intent], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repo, _ = begun
    monkeypatch.setattr(settling, "LOCK_TIMEOUT", 0.1)
    code = (
        "import sys, time; from pathlib import Path; from specify_cli.kernel import locks\n"
        f"with locks.held(Path({str(settling.merge_lock(repo))!r}), doing='merge'):\n"
        f"    Path({str(tmp_path / 'there')!r}).touch(); time.sleep(30)\n"
    )
    with _running(code, tmp_path / "there"), pytest.raises(Conflict, match="merge"):
        intent.settle(repo)


def test_a_stopped_merge_is_reported(git: Repo) -> None:
    repo = discover(git.path)
    folder = intent.folder(repo)
    folder.mkdir(parents=True)
    (folder / "KEY.conflict.json").write_text(json.dumps({"mission_slug": "001-x"}))
    assert [(each.slug, each.kind) for each in intent.pending(repo)] == [("001-x", "conflict")]
    intent.settle(repo)
