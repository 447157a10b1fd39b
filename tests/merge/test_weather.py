"""Git weather: what else goes on in a repository while a mission is merged into it, and what comes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import FunctionType

import pytest

from specify_cli.merge import intent
from specify_cli.status.models import Lane
from tests.support.cli import SCRIPT
from tests.support.git import Repo
from tests.support.project import Project
from tests.support.scripts import script
from tests.support.stories import Story, one


def unmoved(found: Story, before: dict[str, str]) -> None:
    assert found.refs() == before
    assert intent.pending(found.mission.place.repo) == []
    assert found.mission.lane("WP01") is Lane.APPROVED


def test_missions_that_are_merged_at_once_come_one_after_the_other(project: Project) -> None:
    names = ("first", "second", "third")
    found = [one(project, {f"a/{name}.txt": f"{name}\n"}, name) for name in names]
    argv = [[str(SCRIPT), "merge", "--mission", each.slug, "--json"] for each in found]
    running = [subprocess.Popen(words, cwd=project.path, stdout=subprocess.PIPE, text=True) for words in argv]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert {f"a/{name}.txt": name for name in names}.items() <= found[0].files().items()
    assert {each.mission.lane("WP01") for each in found} == {Lane.DONE}
    assert project.git.status() == ""
    log = project.git("log", "--format=%s", "main").splitlines()
    assert len([line for line in log if line.endswith("): merge")]) == 3


def _rebase(git: Repo) -> None:
    git("rebase", "main", check=False)


def _cherry_pick(git: Repo) -> None:
    git("switch", "-q", "main")
    git("cherry-pick", "side", check=False)


def _revert(git: Repo) -> None:
    git("switch", "-q", "main")
    git.commit("later", README_md="# Later\n")
    git("revert", "--no-edit", "HEAD~1", check=False)


def _merge(git: Repo) -> None:
    git("switch", "-q", "main")
    git("merge", "side", check=False)


def _am(git: Repo) -> None:
    (git.path.parent / "side.patch").write_text(git("format-patch", "-1", "--stdout", "side") + "\n")
    git("switch", "-q", "main")
    git("am", str(git.path.parent / "side.patch"), check=False)


@pytest.mark.parametrize("act", [_cherry_pick, _revert, _merge, _am])
def test_what_the_user_has_begun_in_the_home_is_not_touched(project: Project, act: FunctionType) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    git = found.git
    git("switch", "-q", "-c", "side")
    git.commit("side", README_md="# Side\n")
    git("switch", "-q", "main")
    git.commit("main", README_md="# Main\n")
    git("switch", "-q", "side")
    act(git)
    before, status = found.refs(), git.status()
    error = found.merge().failed("CHECKOUT_BUSY").json()
    unmoved(found, before)
    assert git.status() == status
    assert error["hint"].endswith(f" {act.__name__.strip('_').replace('_', '-')} --continue")


def test_a_target_that_is_being_rebased_or_bisected_waits(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    git = found.git
    git("branch", "side", "HEAD~1")
    git.commit("main", README_md="# Main\n")
    git("switch", "-q", "side")
    git.commit("side", README_md="# Side\n")
    git("switch", "-q", "main")
    git("rebase", "side", check=False)
    before = found.refs()
    found.merge().failed("CHECKOUT_BUSY")
    git("rebase", "--abort")
    git("bisect", "start", "HEAD", "HEAD~2")
    found.merge().failed("TARGET_NOT_CHECKED_OUT")
    git("bisect", "reset")
    unmoved(found, {name: tip for name, tip in before.items() if name in found.refs()})
    found.merge().ok()


def test_a_stash_stays_and_can_be_popped_afterwards(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.git.write("README.md", "# Put aside\n")
    found.git("stash", "-q")
    found.merge().ok()
    found.git("stash", "pop", "-q")
    assert (project.path / "README.md").read_text() == "# Put aside\n"


def test_a_stash_that_was_popped_into_a_conflict_is_named(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.git.write("README.md", "# Put aside\n")
    found.git("stash", "-q")
    found.git.write("README.md", "# Meanwhile\n")
    found.git("commit", "-q", "-a", "-m", "meanwhile")
    found.git("stash", "pop", "-q", check=False)
    before = found.refs()
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["README.md"]
    unmoved(found, before)


def test_a_lane_in_the_middle_of_the_users_own_merge_is_named(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.git.commit("meanwhile", b_txt="b\n")
    found.worktree("WP01")("merge", "--no-commit", "--no-ff", "main")
    before = found.refs()
    found.merge().failed("WORKTREE_BUSY")
    unmoved(found, before)


def test_client_hooks_of_commits_and_checkouts_are_not_asked(project: Project, tmp_path: Path) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-checkout", "post-merge", "post-commit"):
        script(project.path / ".git/hooks" / name, f"echo {name} >> '{tmp_path}/ran'", "exit 1")
    found.merge("--strategy", "merge").ok()
    assert not (tmp_path / "ran").exists()


def test_a_conflict_is_laid_out_whatever_hooks_say(project: Project) -> None:
    found = one(project, {"shared.txt": "lane\n"})
    found.git.commit("meanwhile", shared_txt="target\n")
    for name in ("post-checkout", "post-index-change", "pre-merge-commit", "post-merge"):
        script(project.path / ".git/hooks" / name, "exit 1")
    found.merge().failed("MERGE_CONFLICT")
    found.merge("--abort").ok()
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    assert "<<<<<<<" in (tree.path / "shared.txt").read_text()
    tree.write("shared.txt", "both\n")
    tree("add", "shared.txt")
    found.merge("--resume").ok()
    assert found.files()["shared.txt"] == "both"


def test_a_hook_that_forbids_references_to_move_is_heard(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    hook = script(
        project.path / ".git/hooks/reference-transaction",
        'grep -q refs/heads/main && test "$1" = prepared && echo "nobody moves main" >&2 && exit 1',
        "exit 0",
    )
    before = found.refs()
    error = found.merge().failed("REFS_MOVED").json()
    assert ("nobody moves main" in error["error"], error["hint"]) == (True, None)
    unmoved(found, before)
    hook.unlink()
    found.merge().ok()


def test_a_pre_push_hook_that_fails_is_a_refused_push(project: Project, tmp_path: Path) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    found.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    hook = script(project.path / ".git/hooks/pre-push", "echo 'not on a Friday' >&2", "exit 1")
    error = found.merge("--push").failed("PUSH_REJECTED").json()
    assert "not on a Friday" in error["error"]
    hook.unlink()
    assert found.merge("--push").ok().json()["pushed"] is True
    assert Repo(tmp_path / "remote.git").head("main") == found.git.head("main")


def test_a_signer_that_fails_stops_the_merge_before_anything_moves(project: Project, tmp_path: Path) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.git("config", "gpg.program", str(script(tmp_path / "signer", "echo 'no secret key' >&2", "exit 1")))
    found.git("config", "commit.gpgSign", "true")
    before = found.refs()
    error = found.merge().failed("SIGNING_FAILED").json()
    assert "gpg" in error["error"]
    unmoved(found, before)
    found.git("config", "commit.gpgSign", "false")
    found.merge().ok()


def test_a_git_that_is_killed_amid_the_checkout_is_gone_on_with(project: Project, tmp_path: Path) -> None:
    """Some files are there, one in part, the index is locked and old."""
    names = [f"f{number}.txt" for number in range(6)]
    for name in names:
        project.git.write(name, f"{name} as it was\n")
    project.git.commit("files")
    found = one(project, {**{name: f"{name} as it is now, and longer\n" for name in names}, "a/new.txt": "new\n"})
    # A filter that runs for the fourth file ends the git that asked it.
    killer = script(tmp_path / "killer", 'case "$1" in f3.txt) kill -9 "$PPID" ;; esac', "cat")
    (project.path / ".git/info/attributes").write_text("*.txt filter=deadly\n")
    found.git("config", "filter.deadly.smudge", f"exec {killer} %f")

    error = found.merge().failed("MERGE_INCOMPLETE").json()

    assert "index.lock" in error["error"]
    lock = project.path / ".git/index.lock"
    assert lock.exists()
    found.git("config", "--unset", "filter.deadly.smudge")
    there = [name for name in names if (project.path / name).exists()]
    changed = [name for name in there if "now" in (project.path / name).read_text()]
    assert changed
    assert len(changed) < len(names)
    (project.path / "f4.txt").write_text("f4.txt as it is")
    found.merge("--resume").failed("MERGE_INCOMPLETE")
    assert lock.exists()
    lock.unlink()
    found.merge("--resume").ok()
    assert found.git.status() == ""
    assert [(project.path / name).read_text() for name in names] == [
        f"{name} as it is now, and longer\n" for name in names
    ]


def test_a_file_that_the_user_changes_in_the_last_moment_is_put_aside(project: Project, tmp_path: Path) -> None:
    found = one(project, {"README.md": "# By the lane\n"})
    hook = script(
        project.path / ".git/hooks/reference-transaction",
        f"grep -q refs/heads/main && test \"$1\" = committed && echo '# By the user' > '{project.path}/README.md'",
        "exit 0",
    )
    error = found.merge().failed("MERGE_INCOMPLETE").json()
    assert error["details"]["files"] == ["README.md"]
    hook.unlink()
    subprocess.run(["/bin/sh", "-c", error["hint"].partition(" && spec-kitty")[0]], check=True)
    found.merge("--resume").ok()
    assert (project.path / "README.md").read_text() == "# By the lane\n"
    assert (project.path / "README.md.mine").read_text() == "# By the user\n"


@pytest.mark.parametrize("only", [True, False])
def test_a_checkout_that_could_not_follow_is_brought_along_after_a_commit_of_the_users(
    project: Project, only: bool
) -> None:
    project.git.write("old.txt", "old\n")
    project.git.commit("old")
    found = one(project, {"a/f.txt": "a\n", "old.txt": "new\n", "README.md": "# By the lane\n"})
    lock = project.path / ".git/index.lock"
    hook = script(
        project.path / ".git/hooks/reference-transaction",
        f"grep -q refs/heads/main && test \"$1\" = committed && touch '{lock}'",
        "exit 0",
    )
    error = found.merge().failed("MERGE_INCOMPLETE").json()
    hook.unlink()
    subprocess.run(["/bin/sh", "-c", error["hint"].partition(" && spec-kitty")[0]], check=True)
    assert not lock.exists()
    found.git.write("mine.txt", "the user's own\n")
    found.git.write("README.md", "# By the user\n")
    found.git("add", "mine.txt", "README.md")
    found.git("commit", "-q", "-m", "mine", *(["--", "mine.txt", "README.md"] if only else []))

    found.merge("--resume").ok()

    assert (project.path / "a/f.txt").read_text() == "a\n"
    assert (project.path / "old.txt").read_text() == "new\n"
    assert (project.path / "README.md").read_text() == "# By the user\n"
    assert (project.path / "mine.txt").read_text() == "the user's own\n"
    staged = found.git("diff", "--cached", "--name-only", "HEAD", "--", "a", "old.txt", "README.md").splitlines()
    assert staged == ([] if only else ["a/f.txt", "old.txt"])
    assert only is (found.git.status() == "")


@pytest.mark.parametrize(("moment", "done"), [("prepared", False), ("committed", True)])
def test_a_git_that_is_killed_amid_the_transaction_leaves_locks_that_are_explained(
    project: Project, moment: str, done: bool
) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    before = found.refs()
    hook = script(
        project.path / ".git/hooks/reference-transaction",
        f'grep -q refs/heads/main && test "$1" = {moment} && kill -9 "$PPID"',
        "exit 0",
    )
    said = found.merge()
    hook.unlink()
    locks = [
        path
        for path in (project.path / ".git").rglob("*.lock")
        if "spec-kitty" not in path.relative_to(project.path / ".git").parts[0]
    ]
    if locks:
        assert not done
        said.failed("REFS_LOCKED")
        assert found.merge().failed("REFS_LOCKED").json()["hint"].startswith("find ")
        listed = subprocess.run(["/bin/sh", "-c", said.json()["hint"]], stdout=subprocess.PIPE, text=True, check=True)
        assert {Path(line) for line in listed.stdout.splitlines()} >= set(locks)
        for lock in locks:
            lock.unlink()
        found.merge("--resume").failed("NO_MERGE_UNDER_WAY")
        unmoved(found, before)
    found.merge().ok()
    assert found.mission.lane("WP01") is Lane.DONE
    assert found.git.status() == ""
