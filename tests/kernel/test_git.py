from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from specify_cli.kernel import git_run
from specify_cli.kernel.errors import Conflict, Unavailable
from specify_cli.kernel.git import ZERO, Change, Git, GitFailed, RefUpdate
from specify_cli.kernel.process import Completed
from tests.support.elsewhere import needs_posix
from tests.support.git import Repo, make_repo

ODD = "th\u00e9 \u8336/[a]*b .md"


@pytest.fixture
def ours(git: Repo) -> Git:
    return Git(git.path)


# -- running -----------------------------------------------------------------------------------------------------


def test_what_a_caller_has_in_its_environment_bends_nothing(
    git: Repo, ours: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo(tmp_path / "other")
    head = git.head()
    for name, value in {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_COMMON_DIR": str(other.path / ".git"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_PREFIX": "src/",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Somebody Else",
        "LC_ALL": "de_DE.UTF-8",
    }.items():
        monkeypatch.setenv(name, value)
    assert ours.resolve("HEAD") == head
    assert ours.user_name() == "Ada"
    assert ours.changes() == []
    assert "not a git command" in ours.call("nonsense").err


def test_all_that_names_a_repository_is_dropped_and_nothing_else(ours: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    named = set(ours.run("rev-parse", "--local-env-vars").split())
    assert named <= set(git_run._LOCAL)
    kept = {"GIT_AUTHOR_NAME": "Ann", "GIT_COMMITTER_EMAIL": "a@b", "GIT_SSH_COMMAND": "ssh -i k", "GIT_ASKPASS": "ask"}
    for name in (*named, *kept):
        monkeypatch.setenv(name, kept.get(name, "x"))
    env = git_run._environment({"GIT_INDEX_FILE": "/mine"}, write=False)
    assert {name: env[name] for name in kept} == kept
    assert env["GIT_INDEX_FILE"] == "/mine"
    assert env["GIT_NO_REPLACE_OBJECTS"] == "1"  # ours, whatever the caller's says
    assert not Path(env["GIT_GRAFT_FILE"]).exists()
    assert not [name for name in named if env.get(name) == "x"]
    assert (env["LC_ALL"], env["GIT_TERMINAL_PROMPT"], env["GIT_OPTIONAL_LOCKS"]) == ("C", "0", "0")
    assert "GIT_OPTIONAL_LOCKS" not in git_run._environment(None, write=True)


def test_a_failure_names_the_verb_the_place_and_what_git_said(ours: Git) -> None:
    with pytest.raises(GitFailed, match=r"git rev-parse failed in .*/repo: fatal: ") as told:
        ours.run("-c", "a.b=c", "rev-parse", "--verify", "nobody")
    assert told.value.code == "GIT_FAILED"
    assert told.value.details["exit_code"] == 128
    assert told.value.hint == f"git -C {ours.root} status"
    assert isinstance(told.value, Unavailable)


@pytest.mark.parametrize(
    ("said", "code", "hint"),
    [
        ("fatal: write error: No space left on device", "DISK_FULL", "df -h "),
        ("error: file write error: File too large", "DISK_FULL", "df -h "),
        ("fatal: Unable to create '/r/.git/index.lock': Read-only file system", "STATE_READ_ONLY", "None"),
        ("error: insufficient permission for adding an object", "STATE_READ_ONLY", "chmod -R u+rwX "),
        ("fatal: bad object", "GIT_FAILED", "git -C "),
    ],
)
def test_a_failure_of_the_disk_is_told_as_one(said: str, code: str, hint: str, ours: Git) -> None:
    told = ours.failed(Completed(("git", "commit"), 128, "", said), "commit")
    assert told.code == code
    assert str(told.hint).startswith(hint)
    assert said in told.message


def test_a_git_that_was_stopped_says_so(ours: Git) -> None:
    assert ours.failed(Completed(("git", "gc"), -15, "", ""), "gc").message.endswith("it was stopped by a signal")


@needs_posix("a system without signals has none for a file that is too large")
def test_a_git_that_may_write_no_more_says_so(ours: Git) -> None:
    assert ours.failed(Completed(("git", "gc"), -25, "", ""), "gc").code == "DISK_FULL"


# -- asking ------------------------------------------------------------------------------------------------------


def test_names_of_commits(git: Repo, ours: Git) -> None:
    first = git.head()
    git("tag", "-a", "v1", "-m", "one")
    second = git.commit("second", a_txt="a\n")
    assert ours.resolve("HEAD") == ours.branch_tip("main") == second
    assert ours.resolve("v1") == ours.resolve(first[:10]) == first
    assert ours.tree_of("HEAD") == git.head("HEAD^{tree}")
    for nobody in ("nobody", "", "--all", "-x", "HEAD:a.txt", "a..b"):
        assert ours.resolve(nobody) is None
        assert ours.tree_of(nobody) is None
    assert ours.branch_tip("v1") is None
    assert ours.is_ancestor(first, second)
    assert not ours.is_ancestor(second, first)
    assert not ours.is_ancestor("nobody", second)
    assert ours.merge_base(first, second) == first
    git("switch", "-q", "--orphan", "island")
    git.commit("alone")
    assert ours.merge_base("island", "main") is None


def test_references_below_a_prefix(git: Repo, ours: Git) -> None:
    names = ["kitty/mission-001-tea", "th\u00e9/\u8336", "line\u2028break"]
    for name in names:
        git("branch", name)
    assert ours.branches("refs/heads/kitty") == {"refs/heads/kitty/mission-001-tea": git.head()}
    assert set(ours.branches()) == {f"refs/heads/{name}" for name in ["main", *names]}
    assert ours.branches("refs/nothing") == {}


def test_histories(git: Repo, ours: Git) -> None:
    first = git.head()
    git.write(ODD, "x\n")
    second = git.commit("a \x0b and \u2028 in it")
    third = git.commit("third", a_txt="a\n")
    assert ours.commits("HEAD") == [third, second, first]
    assert ours.commits(f"{first}..HEAD") == [third, second]
    assert ours.commits("HEAD", "a.txt") == [third]
    assert ours.log_lines(f"{first}..HEAD", format="%s") == ["third", "a \x0b and \u2028 in it"]
    assert ours.log_lines("HEAD", format="%s", limit=1) == ["third"]
    assert ours.log_lines("HEAD..HEAD") == []
    assert ours.log_lines("HEAD", "a.txt") == [f"{third[:7]} third"]
    assert ours.history("main", "th\u00e9 \u8336") == [("a \x0b and \u2028 in it", [ODD])]
    assert ours.history("nobody", "x") == []
    assert ours.last_commit_time("a.txt") == ours.last_commit_time() > 0
    assert ours.last_commit_time("nothing") == 0.0
    with pytest.raises(GitFailed):
        ours.commits("nobody..HEAD")


def test_contents_of_a_revision(git: Repo, ours: Git) -> None:
    (git.path / "raw").write_bytes(b"\xff\x00\r\nend")
    git.write(ODD, "odd\n")
    git.write("docs/deep/a.md", "a\n")
    git.write("docs/empty.md", "")
    git.commit("files")
    assert ours.show_bytes("HEAD:raw") == b"\xff\x00\r\nend"
    assert ours.show_bytes("HEAD:gone") is None
    assert ours.show_bytes("HEAD:docs") is None
    assert ours.show_bytes("nobody:raw") is None
    assert ours.names_in("HEAD", "docs") == ours.names_in("HEAD", "docs/") == ["deep/", "empty.md"]
    assert ours.names_in("HEAD", "th\u00e9 \u8336") == ["[a]*b .md"]
    assert ours.names_in("HEAD", "gone") == ours.names_in("nobody", "docs") == []


def test_many_files_come_in_one_process(git: Repo, ours: Git) -> None:
    (git.path / "raw").write_bytes(b"\xff\x00\n\n")
    git.write(ODD, "odd\n")
    git.write("empty", "")
    git.commit("files")
    asked = ["gone", "raw", "a blob 12", "th\u00e9 \u8336", "empty", "two\nlines", ODD, "raw", "gone blob missing"]
    found = ours.show_many([f"HEAD:{name}" for name in asked])
    assert found == [None, b"\xff\x00\n\n", None, None, b"", None, b"odd\n", b"\xff\x00\n\n", None]
    assert ours.show_many(["nobody:raw", "HEAD"]) == [None, None]
    assert ours.show_many([]) == []


def test_what_changed_in_the_working_tree(git: Repo, ours: Git) -> None:
    git.commit("base", a_txt="a\n", b_txt="b\n", _gitignore="*.log\n")
    git.write("new/deep.txt", "x")
    git.write(ODD, "x")
    git.write("noise.log", "x")
    git("mv", "b.txt", "c.txt")
    git.write("a.txt", "changed\n")
    found = {change.path: change.state for change in ours.changes()}
    assert found == {"a.txt": " M", "b.txt": "D ", "c.txt": "A ", "new/deep.txt": "??", ODD: "??"}
    assert ours.changes("new") == [Change("??", "new/deep.txt")]
    assert {change.path for change in ours.changes(untracked=False)} == {"a.txt", "b.txt", "c.txt"}


def test_asking_takes_no_lock_and_writes_no_index(git: Repo, ours: Git) -> None:
    index = git.path / ".git" / "index"
    os.utime(git.path / "README.md")  # a plain `git status` would refresh the index now
    before = index.stat().st_mtime_ns
    (git.path / ".git" / "index.lock").touch()
    assert ours.changes() == []
    assert index.stat().st_mtime_ns == before


def test_differences_between_commits(git: Repo, ours: Git) -> None:
    first = git.commit("base", a_txt="a\n", b_txt="b\n")
    git("config", "color.ui", "always")
    git("config", "diff.external", "false")
    git("mv", "a.txt", "moved.txt")
    second = git.commit("second", b_txt="changed\n")
    assert ours.changed_between(first, second) == ["a.txt", "b.txt", "moved.txt"]
    assert ours.changed_between(first, second, "b.txt") == ["b.txt"]
    assert ours.changed_between(first, first) == []
    patch = ours.patch(first, second, "b.txt")
    assert "-b\n+changed\n" in patch
    assert "\x1b" not in patch
    changes = ours.file_changes(first, second)
    assert [(each.state, each.old_path, each.path) for each in changes] == [
        ("M", None, "b.txt"),
        ("R100", "a.txt", "moved.txt"),
    ]
    blob = git("rev-parse", f"{second}:b.txt")
    assert ours.contents({blob, "0" * 40}, 100) == {blob: (8, b"changed\n")}
    assert ours.contents({blob}, 3) == {blob: (8, None)}


def test_an_identity_is_what_somebody_chose(git: Repo, ours: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ours.identity() == "Ada <ada@example.org>"
    assert ours.user_name() == "Ada"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git.path / "no settings"))
    assert ours.identity() is None
    assert ours.user_name() is None
    git("config", "user.name", "Only A Name")
    assert ours.identity() is None
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Grace <G>")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "grace@example.org")
    assert ours.identity() == "Grace G <grace@example.org>"


def test_settings(git: Repo, ours: Git) -> None:
    assert ours.setting("spec.kitty") is None
    git("config", "spec.kitty", " two words ")
    assert ours.setting("spec.kitty") == " two words "
    for value, is_on in (("true", True), ("yes", True), ("1", True), ("off", False), ("nonsense", False)):
        git("config", "commit.gpgsign", value)
        assert ours.flag("commit.gpgsign") is is_on
    assert not ours.flag("spec.nothing")


# -- objects -----------------------------------------------------------------------------------------------------


def diverge(git: Repo, theirs: dict[str, str], mine: dict[str, str]) -> None:
    """Two branches, `side` and `main`, that changed these files after their common commit."""
    git("switch", "-q", "-c", "side")
    for name, content in theirs.items():
        git.write(name, content)
    git.commit("theirs")
    git("switch", "-q", "main")
    for name, content in mine.items():
        git.write(name, content)
    git.commit("mine")


def everything(git: Repo) -> dict[str, bytes]:
    """All that a merge could touch by mistake: references, index, files."""
    found = {str(path.relative_to(git.path)): path.read_bytes() for path in git.path.glob("*") if path.is_file()}
    return {**found, "refs": git("for-each-ref").encode(), "index": (git.path / ".git" / "index").read_bytes()}


def test_a_merge_is_computed_without_touching_anything(git: Repo, ours: Git) -> None:
    diverge(git, {"one": "1\n"}, {"two": "2\n"})
    before = everything(git)
    merged = ours.merge_tree("main", "side")
    assert merged.conflicts == ()
    assert git("ls-tree", "--name-only", merged.tree).split() == ["README.md", "one", "two"]
    assert everything(git) == before


def test_conflicts_are_named_once_each_with_what_git_says(git: Repo, ours: Git) -> None:
    git.commit("base", gone_txt="x\n")
    diverge(git, {ODD: "theirs\n", "b": "theirs\n", "gone.txt": "changed\n"}, {ODD: "mine\n", "b": "mine\n"})
    git("rm", "-q", "gone.txt")
    git.commit("gone")
    before = everything(git)
    merged = ours.merge_tree("main", "side")
    assert sorted(merged.conflicts) == sorted([ODD, "b", "gone.txt"])
    assert f"CONFLICT (add/add): Merge conflict in {ODD}" in merged.messages
    assert "CONFLICT (modify/delete): gone.txt" in merged.messages
    assert "<<<<<<<" in git("show", f"{merged.tree}:b")
    assert everything(git) == before


def test_a_merge_takes_the_attributes_it_is_given(git: Repo, ours: Git, tmp_path: Path) -> None:
    git.commit("base", log_jsonl="0\n")
    diverge(git, {"log.jsonl": "0\n1\n"}, {"log.jsonl": "0\n2\n"})
    assert ours.merge_tree("main", "side").conflicts == ("log.jsonl",)
    rules = tmp_path / "attributes"
    rules.write_text("*.jsonl merge=union\n")
    merged = ours.merge_tree("main", "side", attributes=rules)
    assert merged.conflicts == ()
    assert sorted(git("show", f"{merged.tree}:log.jsonl").split()) == ["0", "1", "2"]


def test_what_cannot_be_merged_at_all_is_told(git: Repo, ours: Git) -> None:
    git("switch", "-q", "--orphan", "island")
    git.commit("alone")
    for other, code in (("island", "HISTORY_REWRITTEN"), ("nobody", "GIT_FAILED")):
        with pytest.raises(GitFailed, match="merge-tree failed") as told:
            ours.merge_tree("main", other)
        assert told.value.code == code


def test_a_commit_is_made_of_a_tree(git: Repo, ours: Git) -> None:
    tree, head = git.head("HEAD^{tree}"), git.head()
    made = ours.commit_tree(tree, [head], "caf\u00e9\n\nbody\n", env={"GIT_AUTHOR_DATE": "1700000000 +0000"})
    assert git("log", "-1", "--format=%T %P %at %s|%b", made) == f"{tree} {head} 1700000000 caf\u00e9|body\n"
    assert git.head() == head


@pytest.mark.parametrize("spelling", ["true", "yes"])
def test_a_commit_is_signed_where_the_user_signs(spelling: str, git: Repo, ours: Git, tmp_path: Path) -> None:
    signer = tmp_path / "signer"
    signer.write_text("#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho a signature\n")
    signer.chmod(0o755)
    git("config", "commit.gpgsign", spelling)
    git("config", "gpg.program", str(signer))
    made = ours.commit_tree(git.head("HEAD^{tree}"), [git.head()], "signed")
    assert "gpgsig a signature" in git("cat-file", "commit", made)


def test_a_tree_is_edited_apart_from_index_and_files(git: Repo, ours: Git, tmp_path: Path) -> None:
    git.commit("base", a_txt="a\n", b_txt="b\n", c_txt="c\n")
    git.write("staged", "x")
    git("add", "staged")
    before = everything(git)
    scratch = tmp_path / "scratch index"
    changes = {"a.txt": b"new\xff\n", "b.txt": None, "gone.txt": None, ODD: b"deep"}
    tree = ours.edit_tree(git.head("HEAD^{tree}"), changes, scratch=scratch)
    assert git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", tree).splitlines() == [
        "README.md",
        "a.txt",
        "c.txt",
        ODD,
    ]
    assert ours.show_bytes(f"{tree}:a.txt") == b"new\xff\n"
    assert everything(git) == before
    assert not scratch.exists()
    with pytest.raises(GitFailed):
        ours.edit_tree("nobody", {}, scratch=scratch)
    assert not scratch.exists()
    assert ours.edit_tree(tree, {}, scratch=scratch) == tree


# -- references --------------------------------------------------------------------------------------------------


def test_references_move_together(git: Repo, ours: Git) -> None:
    first = git.head()
    second = git.commit("second")
    git("branch", "doomed")
    ours.update_refs(
        [
            RefUpdate("refs/heads/main", second, first),
            RefUpdate("refs/spec-kitty/merged/001", ZERO, second),
            RefUpdate("refs/heads/doomed", second, ZERO),
        ],
        "spec-kitty: a merge",
    )
    assert ours.branches("refs") == {"refs/heads/main": first, "refs/spec-kitty/merged/001": second}
    assert "spec-kitty: a merge" in git("reflog", "main", "-1")


@pytest.mark.parametrize("late", ["update", "create", "delete"])
def test_when_one_reference_has_moved_none_is(late: str, git: Repo, ours: Git) -> None:
    first = git.head()
    second = git.commit("second")
    git("branch", "side", first)
    before = ours.branches("refs")
    wrong = {
        "update": RefUpdate("refs/heads/side", second, first),
        "create": RefUpdate("refs/heads/side", ZERO, second),
        "delete": RefUpdate("refs/heads/side", second, ZERO),
    }[late]
    with pytest.raises(GitFailed, match="update-ref"):
        ours.update_refs([RefUpdate("refs/heads/main", second, first), wrong], "x")
    assert ours.branches("refs") == before


def test_branches_are_made_once_and_go_at_their_value(git: Repo, ours: Git) -> None:
    first = git.head()
    second = git.commit("second")
    ours.create_branch("kitty/mission-001", first)
    for name in ("kitty/mission-001", "kitty/mission-001/lane-a"):
        with pytest.raises(Conflict, match="branch kitty/mission-001 is in the way") as told:
            ours.create_branch(name, second)
        assert told.value.code == "BRANCH_EXISTS"
        assert told.value.hint == "git branch -m kitty/mission-001 old-kitty-mission-001"
    with pytest.raises(GitFailed):
        ours.create_branch("kitty", second)
    with pytest.raises(GitFailed):
        ours.create_branch("new", "no such commit")
    assert ours.branch_tip("kitty/mission-001") == first
    assert "kitty/mission-001" in ours.delete_ref("refs/heads/kitty/mission-001", second)
    assert ours.delete_ref("refs/heads/kitty/mission-001", first) == ""
    assert ours.branch_tip("kitty/mission-001") is None
    ours.run("switch", "--quiet", "-c", "feature/\u8336", write=True)
    assert git("branch", "--show-current") == "feature/\u8336"


def test_a_working_tree_follows_and_leaves_other_changes_alone(git: Repo, ours: Git) -> None:
    old = git.commit("old", a_txt="a\n", mine_txt="m\n")
    new = git.commit("new", a_txt="b\n", b_txt="new\n")
    git("reset", "-q", "--hard", old)
    git.write("mine.txt", "my own change\n")
    git("update-ref", "refs/heads/main", new)
    assert ours.rehearse_checkout(old, new) == ""
    ours.move_checkout(old, new)
    ours.move_checkout(old, new)
    assert git.status() == " M mine.txt"
    assert (git.path / "b.txt").read_text() == "new\n"


def test_an_overlap_is_told_before_anything_moves(git: Repo, ours: Git) -> None:
    old = git.commit("old", a_txt="a\n")
    new = git.commit("new", a_txt="b\n")
    git("reset", "-q", "--hard", old)
    git.write("a.txt", "my own change\n")
    assert "a.txt" in ours.rehearse_checkout(old, new)
    with pytest.raises(GitFailed):
        ours.move_checkout(old, new)
    assert (git.path / "a.txt").read_text() == "my own change\n"


# -- working trees -----------------------------------------------------------------------------------------------


def test_linked_working_trees_come_and_go(git: Repo, ours: Git, tmp_path: Path) -> None:
    git("branch", "side")
    side, detached = tmp_path / "th\u00e9 side", tmp_path / "apart"
    ours.add_worktree(side, "side")
    ours.add_detached_worktree(detached, git.head())
    assert Repo(side)("branch", "--show-current") == "side"
    assert Repo(detached)("branch", "--show-current") == ""
    second = git.commit("second", a_txt="a\n")
    Git(side).fast_forward(second)
    assert Repo(side).head() == second
    Repo(side).write("dirt", "x")
    ours.discard_worktree(side)
    ours.discard_worktree(side)
    assert not side.exists()
    detached.rename(tmp_path / "moved")
    ours.repair_worktrees(tmp_path / "moved")
    assert str(tmp_path / "moved") in git("worktree", "list")
    (tmp_path / "moved").rename(tmp_path / "hidden")
    ours.prune_worktrees()
    assert "moved" not in git("worktree", "list")


def test_no_fast_forward_leaves_the_working_tree(git: Repo, ours: Git) -> None:
    diverge(git, {"a": "1\n"}, {"b": "2\n"})
    head = git.head()
    with pytest.raises(GitFailed):
        ours.fast_forward(git.head("side"))
    assert git.head() == head
    assert git.status() == ""


def test_exactly_these_paths_are_committed(git: Repo, ours: Git) -> None:
    git.commit("base", other_txt="o\n")
    git.write("other.txt", "staged by the user\n")
    git("add", "other.txt")
    git.write("mission/[ab].md", "mine\n")
    git.write("mission/a.md", "a draft of somebody\n")
    ours.add_intent("mission/[ab].md")
    assert git.status() == " A mission/[ab].md\nM  other.txt\n?? mission/a.md"
    done = ours.commit_only("spec-kitty(x): caf\u00e9", "mission/[ab].md")
    assert done.code == 0, done.said
    assert git("show", "--name-only", "--format=%s") == "spec-kitty(x): caf\u00e9\n\nmission/[ab].md"
    assert git.status() == "M  other.txt\n?? mission/a.md"


def test_what_was_not_committed_is_not_known_to_git(git: Repo, ours: Git) -> None:
    """With an intent to add in the index, `git stash` refuses to work."""
    git.write("mission/[ab].md", "mine\n")
    git.write("staged.txt", "by the user\n")
    git("add", "staged.txt")
    hook = git.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 3\n")
    hook.chmod(0o755)
    before = git("ls-files", "--stage")
    assert ours.commit_only("no", "mission/[ab].md", new=["mission/[ab].md"]).code != 0
    assert git("ls-files", "--stage") == before
    assert git.status() == "A  staged.txt\n?? mission/[ab].md"


def test_hooks_and_signing_of_the_user_run_as_ever(git: Repo, ours: Git) -> None:
    hook = git.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nenv | grep -c GIT_LITERAL_PATHSPECS\necho no such luck >&2\nexit 3\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    git.write("a.txt", "a\n")
    ours.add_intent("a.txt")
    head = git.head()
    done = ours.commit_only("x", "a.txt")
    assert done.code != 0
    assert done.said == "0\nno such luck"
    assert git.head() == head
    assert git.status() == " A a.txt"


def test_everything_is_committed(git: Repo, ours: Git) -> None:
    git.write("deep/a.txt", "a\n")
    (git.path / "README.md").unlink()
    assert ours.commit_all("all").code == 0
    assert git("show", "--name-status", "--format=%s").split() == ["all", "D", "README.md", "A", "deep/a.txt"]
    assert ours.commit_all("nothing").code == 1


def test_a_push_is_answered_by_its_exit_code(git: Repo, ours: Git, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git("init", "-q", "--bare", str(remote))
    assert ours.push(str(remote), "main:main").code == 0
    assert Repo(remote)("rev-parse", "main") == git.head()
    git("commit", "-q", "--amend", "--allow-empty", "-m", "rewritten")
    refused = ours.push(str(remote), "main:main")
    assert refused.code != 0
    assert "rejected" in refused.out + refused.err
