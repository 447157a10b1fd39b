from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import Repository, add_command, discover, loose_tip, starting_point
from tests.support.environment import standing_in
from tests.support.git import Repo, make_repo


def branches(repo: Repository) -> dict[str, str | None]:
    """Name of each working tree's folder -> its branch."""
    return {each.path.name: each.branch for each in repo.checkouts()}


def make_project_of(repo: Repo) -> None:
    repo.write(".kittify/config.yaml", "")
    repo.commit("project")


# -- ordinary repositories ---------------------------------------------------------------------------------------


def test_a_repository_and_a_folder_in_it(git: Repo) -> None:
    (git.path / "src" / "deep").mkdir(parents=True)
    for start in (git.path, git.path / "src" / "deep", git.path / ".git", git.path / ".git" / "objects"):
        found = discover(start)
        assert found == Repository(git.path, git.path / ".git", git.path / ".git", git.path)
    found = discover(git.path)
    assert found.root == git.path
    assert found.has_git
    assert found.require_git() == git.path / ".git"
    assert found.state == git.path / ".git" / "spec-kitty"
    assert branches(found) == {"repo": "main"}
    here = found.here()
    assert here is not None
    assert (here.branch, here.busy) == ("main", "")


def test_a_repository_without_commits(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "new", commit=False)
    assert branches(discover(repo.path)) == {"new": "main"}


def test_linked_working_trees(git: Repo, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "feature/tea", "../side")
    git("worktree", "add", "-q", "--detach", ".worktrees/inside")
    git("worktree", "add", "-q", "-b", "lost", "../gone")
    shutil.rmtree(tmp_path / "gone")
    for folder in (tmp_path / "side", git.path / ".worktrees" / "inside"):
        found = discover(folder)
        assert (found.checkout, found.main, found.root) == (folder, git.path, git.path)
        assert found.common_dir == git.path / ".git"
        assert found.git_dir == git.path / ".git" / "worktrees" / folder.name
        assert found.state == discover(git.path).state
        assert branches(found) == {"repo": "main", "side": "feature/tea", "inside": None}
    assert discover(git.path / ".worktrees").checkout == git.path


def test_a_working_tree_that_was_moved_is_found_once_repaired(git: Repo, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "side", "../side")
    (tmp_path / "side").rename(tmp_path / "elsewhere")
    assert branches(discover(git.path)) == {"repo": "main"}
    assert discover(tmp_path / "elsewhere").main == git.path
    git("worktree", "repair", "../elsewhere")
    assert branches(discover(git.path)) == {"repo": "main", "elsewhere": "side"}


def test_spaces_and_unicode_in_names(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "mes th\u00e9s \u8336" / "my repo")
    repo("worktree", "add", "-q", "-b", "feature/th\u00e9-\u8336", "../side tree \u8336")
    side = repo.path.parent / "side tree \u8336"
    assert branches(discover(repo.path)) == {"my repo": "main", "side tree \u8336": "feature/th\u00e9-\u8336"}
    assert discover(side).main == repo.path


def test_names_that_are_no_text(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / os.fsdecode(b"caf\xe9"))
    repo("worktree", "add", "-q", "-b", "side", os.fsdecode(b"../th\xe9"))
    assert branches(discover(repo.path)) == {os.fsdecode(b"caf\xe9"): "main", os.fsdecode(b"th\xe9"): "side"}


def test_a_git_folder_that_lies_apart(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    repo = Repo(tmp_path / "work")
    repo("init", "-q", "-b", "main", "--separate-git-dir", str(tmp_path / "apart"))
    repo.commit("first")
    found = discover(repo.path)
    assert (found.checkout, found.common_dir, found.main) == (repo.path, tmp_path / "apart", repo.path)


def test_a_repository_in_a_repository_is_its_own(git: Repo, tmp_path: Path) -> None:
    make_project_of(git)
    nested = make_repo(git.path / "vendor" / "nested")
    assert discover(nested.path).checkout == nested.path


def test_a_repository_below_a_folder_named_modules_is_no_submodule(tmp_path: Path) -> None:
    outer = make_repo(tmp_path / "outer")
    make_project_of(outer)
    nested = make_repo(outer.path / "modules" / "nested")
    assert discover(nested.path).checkout == nested.path


# -- what the user is in the middle of ---------------------------------------------------------------------------


def in_conflict(git: Repo) -> None:
    git("switch", "-q", "-c", "side")
    git.commit("theirs", README_md="theirs\n")
    git("switch", "-q", "main")
    git.commit("ours", README_md="ours\n")


def test_a_detached_head_is_on_no_branch(git: Repo) -> None:
    git("switch", "-q", "--detach")
    here = discover(git.path).here()
    assert here is not None
    assert (here.branch, here.busy) == (None, "")


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_while_rebasing_the_branch_is_the_one_that_is_rebased(git: Repo, backend: str) -> None:
    in_conflict(git)
    git("rebase", "-q", backend, "side", check=False)
    here = discover(git.path).here()
    assert here is not None
    assert (here.branch, here.busy) == ("main", "rebase")
    git("rebase", "--abort")
    again = discover(git.path).here()
    assert again is not None
    assert (again.branch, again.busy) == ("main", "")


def test_rebasing_a_detached_head_is_on_no_branch(git: Repo) -> None:
    in_conflict(git)
    git("switch", "-q", "--detach")
    git("rebase", "-q", "side", check=False)
    here = discover(git.path).here()
    assert here is not None
    assert (here.branch, here.busy) == (None, "rebase")


@pytest.mark.parametrize(
    ("command", "busy"),
    [("merge side", "merge"), ("cherry-pick side", "cherry-pick"), ("revert --no-edit HEAD~1", "revert")],
)
def test_a_merge_a_cherry_pick_and_a_revert_are_seen(git: Repo, command: str, busy: str) -> None:
    in_conflict(git)
    git(*command.split(), check=False)
    here = discover(git.path).here()
    assert here is not None
    assert (here.branch, here.busy) == ("main", busy)


def test_what_is_under_way_in_one_working_tree_is_not_in_another(git: Repo) -> None:
    in_conflict(git)
    git("worktree", "add", "-q", "-b", "other", "../side")
    git("merge", "side", check=False)
    assert {each.path.name: each.busy for each in discover(git.path).checkouts()} == {"repo": "merge", "side": ""}


# -- bare repositories -------------------------------------------------------------------------------------------


@pytest.fixture
def bare(git: Repo, tmp_path: Path) -> Repo:
    """A bare repository beside its working tree `main`, in the layout where `.git` is a file that names it."""
    (tmp_path / "layout").mkdir()
    git("clone", "-q", "--bare", str(git.path), str(tmp_path / "layout" / ".bare"))
    (tmp_path / "layout" / ".git").write_text("gitdir: ./.bare\n")
    return Repo(tmp_path / "layout")


def test_a_bare_repository_with_working_trees(bare: Repo) -> None:
    bare("worktree", "add", "-q", "main")
    bare("worktree", "add", "-q", "-b", "side", "other")
    common = bare.path / ".bare"
    for start in (bare.path / "main", bare.path, common, common / "refs"):
        found = discover(start)
        assert (found.checkout, found.common_dir, found.main) == (bare.path / "main", common, None)
        assert found.root == bare.path / "main"
        assert branches(found) == {"main": "main", "other": "side"}
    assert discover(bare.path / "other").checkout == bare.path / "other"


def test_a_bare_repository_whose_working_trees_have_their_own_settings(bare: Repo) -> None:
    bare("worktree", "add", "-q", "main")
    bare("config", "extensions.worktreeConfig", "true")
    bare("config", "--unset", "core.bare")
    (bare.path / ".bare" / "config.worktree").write_text("[core]\n\tbare = true\n")
    assert discover(bare.path / "main").main is None
    assert discover(bare.path).checkout == bare.path / "main"


def test_a_bare_repository_without_working_trees(bare: Repo) -> None:
    for start, stand in ((bare.path, bare.path), (bare.path / ".bare" / "refs", bare.path / ".bare")):
        found = discover(start)
        assert (found.checkout, found.git_dir, found.main) == (stand, None, None)
        assert found.common_dir == bare.path / ".bare"
        assert found.has_git
        assert found.here() is None
        assert found.checkouts() == ()


# -- submodules --------------------------------------------------------------------------------------------------


@pytest.fixture
def superproject(git: Repo, tmp_path: Path) -> Repo:
    """A repository with a submodule `lib`, which has one of its own, `lib/deep`."""
    deep, lib = make_repo(tmp_path / "deep"), make_repo(tmp_path / "lib")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    lib(*add, str(deep.path), "deep")
    lib.commit("deep")
    git(*add, str(lib.path), "lib")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    git.commit("lib")
    return git


def test_a_submodule_of_a_project_means_the_project(superproject: Repo) -> None:
    make_project_of(superproject)
    for name in ("lib", "lib/deep"):
        assert discover(superproject.path / name) == discover(superproject.path)


def test_a_submodule_that_is_a_project_is_meant_itself(superproject: Repo) -> None:
    make_project_of(superproject)
    make_project_of(Repo(superproject.path / "lib"))
    for name in ("lib", "lib/deep"):
        found = discover(superproject.path / name)
        assert (found.checkout, found.main) == (superproject.path / "lib", superproject.path / "lib")
        assert found.common_dir == superproject.path / ".git" / "modules" / "lib"


def test_a_submodule_where_nothing_is_a_project_is_meant_itself(superproject: Repo) -> None:
    assert discover(superproject.path / "lib").checkout == superproject.path / "lib"
    assert discover(superproject.path / "lib" / "deep").checkout == superproject.path / "lib" / "deep"


def test_a_submodule_in_a_linked_working_tree_means_that_tree(superproject: Repo, tmp_path: Path) -> None:
    make_project_of(superproject)
    superproject("worktree", "add", "-q", "-b", "side", "../side")
    side = Repo(tmp_path / "side")
    side("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    assert discover(side.path / "lib").checkout == side.path


def test_a_working_tree_of_a_submodule_knows_its_main_one(superproject: Repo, tmp_path: Path) -> None:
    lib = Repo(superproject.path / "lib")
    lib("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    found = discover(tmp_path / "side")
    assert found.main == lib.path
    assert set(branches(found).values()) >= {"side"}


# -- no git at all -----------------------------------------------------------------------------------------------


def test_without_git_the_config_marks_the_project(tmp_path: Path) -> None:
    (tmp_path / "p" / ".kittify").mkdir(parents=True)
    (tmp_path / "p" / "src").mkdir()
    # ~/.kittify holds templates, no config.
    assert discover(tmp_path / "p" / "src").checkout == tmp_path / "p" / "src"
    (tmp_path / "p" / ".kittify" / "config.yaml").touch()
    found = discover(tmp_path / "p" / "src")
    assert found == Repository(tmp_path / "p", None, None, None)
    assert not found.has_git
    assert found.root == tmp_path / "p"
    assert found.state == tmp_path / "p" / ".kittify" / "runtime" / "state"
    assert (found.here(), found.checkouts()) == (None, ())
    with pytest.raises(Refused, match="not in a git repository") as told:
        found.require_git()
    assert told.value.code == "NOT_A_GIT_REPOSITORY"
    assert told.value.hint == f"git -C {tmp_path / 'p'} init"


@pytest.mark.parametrize("content", [None, "", "gitdir: nowhere", "something else"])
def test_what_only_looks_like_git_is_none(content: str | None, tmp_path: Path) -> None:
    if content is None:
        (tmp_path / ".git").mkdir()
    else:
        (tmp_path / ".git").write_text(content)
    assert not discover(tmp_path).has_git


# -- the rest ----------------------------------------------------------------------------------------------------


def test_a_tip_is_read_from_its_file_while_it_has_one(git: Repo) -> None:
    common = git.path / ".git"
    assert loose_tip(common, "main") == git.head()
    git("pack-refs", "--all")
    assert loose_tip(common, "main") is None
    assert loose_tip(common, "nobody") is None


def test_the_starting_point_is_the_variable_or_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert starting_point() == tmp_path
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("SPECIFY_REPO_ROOT", "there")
    assert starting_point() == tmp_path / "there"
    monkeypatch.setenv("SPECIFY_REPO_ROOT", str(tmp_path / "gone"))
    with pytest.raises(NotFound, match="gone") as told:
        starting_point()
    assert (told.value.code, told.value.hint) == ("FOLDER_MISSING", "unset SPECIFY_REPO_ROOT")


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    with standing_in(tmp_path / "gone"):
        (tmp_path / "gone").rmdir()
        with pytest.raises(NotFound, match="no longer exists") as told:
            starting_point()
    assert told.value.code == "FOLDER_MISSING"


def test_files_outside_of_a_sparse_checkout_are_staged_by_the_printed_command(git: Repo) -> None:
    git.commit("more", src__a_py="a = 1\n", docs__a_md="# A\n")
    git("sparse-checkout", "set", "--cone", "src")
    git("worktree", "add", "-q", "../lane", "-b", "lane")
    for root in (git.path, git.path.parent / "lane"):
        Repo(root).write("docs/new.md", "# New\n")
        made = add_command(root, "docs/new.md")
        assert "--sparse" in str(made)
        subprocess.run(["/bin/sh", "-c", str(made)], check=True)
        assert Repo(root)("diff", "--cached", "--name-only") == "docs/new.md"
    git("sparse-checkout", "disable")
    plain = make_repo(git.path.parent / "plain")
    assert str(add_command(plain.path, "a")) == f"git -C {plain.path} add -- a"
