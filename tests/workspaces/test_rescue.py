"""What is uncommitted is kept to the last byte before anything is put away, and nothing else is touched."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specify_cli.home import MissionPlace
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.paths import discover
from specify_cli.workspaces.rescue import Rescue, put_away, save
from tests.support.git import Repo, make_repo

State = dict[str, tuple[int, bytes]]
REF = "refs/spec-kitty/rescue/001-tea/WP01"
_KINDS = {"120000": stat.S_IFLNK | stat.S_IXUSR, "100755": stat.S_IFREG | stat.S_IXUSR, "100644": stat.S_IFREG}


def filled(repo: Repo) -> Repo:
    repo.write("a.txt", "one\n")
    repo.write("src/b.txt", "two\n")
    repo.write(".gitignore", "*.log\n")
    repo.write("run.sh", "echo\n").chmod(0o755)
    repo.commit("files")
    return repo


@pytest.fixture
def repo(git: Repo) -> Repo:
    """A repository with some files, one of them executable, and a rule about what is ignored."""
    return filled(git)


def place(repo: Repo) -> MissionPlace:
    return MissionPlace(discover(repo.path), "001-tea", None, "main", None)


def kept(repo: Repo, *scope: str) -> Rescue:
    found = save(place(repo), "WP01", repo.path, scope=scope)
    assert found is not None
    return found


def state(folder: Path) -> State:
    """Every file of a working tree: kind and mode, and what is in it."""
    found: State = {}
    for path in folder.rglob("*"):
        if ".git" in path.relative_to(folder).parts or (path.is_dir() and not path.is_symlink()):
            continue
        link = path.is_symlink()
        content = os.fsencode(path.readlink()) if link else path.read_bytes()
        found[str(path.relative_to(folder))] = (path.lstat().st_mode & (0o170000 | stat.S_IXUSR), content)
    return found


def held(repo: Repo, commit: str) -> State:
    """What a commit holds, with no filter of git's."""
    told = Git(repo.path).run("ls-tree", "-r", "-z", commit)
    rows = [line.partition("\t") for line in told.split("\0") if line]
    blobs = [Git(repo.path).show_bytes(told.split(" ")[2]) for told, _, _ in rows]
    return {path: (_KINDS[told.split(" ")[0]], blob or b"") for (told, _, path), blob in zip(rows, blobs, strict=True)}


def untouched(repo: Repo) -> tuple[State, bytes, str]:
    """What saving must not touch: the files, the index, the branch."""
    return state(repo.path), (repo.path / ".git" / "index").read_bytes(), repo.head("main")


def test_a_clean_worktree_has_nothing_to_save(repo: Repo) -> None:
    repo.write("debug.log", "ignored\n")
    assert save(place(repo), "WP01", repo.path) is None
    assert repo("for-each-ref", "refs/spec-kitty") == ""


def test_changed_new_deleted_renamed_and_linked_files_are_kept_byte_for_byte(repo: Repo) -> None:
    repo.write("a.txt", "changed\r\nmixed\n")
    repo.write("src/new/deep.bin", "\x00\x01")
    (repo.path / "src" / "b.txt").unlink()
    (repo.path / "run.sh").chmod(0o644)
    (repo.path / "link").symlink_to("nowhere/at all")
    repo.write("debug.log", "ignored\n")
    before = untouched(repo)
    found = kept(repo)
    assert untouched(repo) == before
    assert found.ref == f"{REF}/1"
    assert repo.head(found.ref) == found.commit
    assert repo.head(f"{found.ref}^") == repo.head()
    assert found.files == ("a.txt", "link", "run.sh", "src/b.txt", "src/new/deep.bin")
    expected = {path: content for path, content in state(repo.path).items() if path != "debug.log"}
    assert held(repo, found.commit) == expected


def test_putting_away_leaves_a_clean_worktree_and_ignored_files(repo: Repo) -> None:
    clean = state(repo.path)
    repo.write("a.txt", "changed\n")
    repo.write("src/new/deep.txt", "new\n")
    (repo.path / "src" / "b.txt").unlink()
    repo.write("staged.txt", "staged\n")
    repo("add", "staged.txt")
    repo("rm", "-q", "--cached", "run.sh")
    repo.write("noted.txt", "noted\n")
    repo("add", "--intent-to-add", "noted.txt")
    repo.write("debug.log", "ignored\n")
    found = kept(repo)
    assert put_away(repo.path, found) == []
    assert repo.status() == ""
    assert state(repo.path) == {**clean, "debug.log": (stat.S_IFREG, b"ignored\n")}
    assert not (repo.path / "src" / "new").exists()
    repo("restore", f"--source={found.ref}", "--worktree", "--", ".")
    assert (repo.path / "src" / "new" / "deep.txt").read_text() == "new\n"
    assert not (repo.path / "src" / "b.txt").exists()


def test_what_was_staged_and_then_changed_again_is_kept_twice(repo: Repo) -> None:
    repo.write("a.txt", "staged\n")
    repo("add", "a.txt")
    repo.write("a.txt", "and then this\n")
    found = kept(repo)
    assert held(repo, found.commit)["a.txt"][1] == b"and then this\n"
    assert held(repo, f"{found.commit}^2")["a.txt"][1] == b"staged\n"
    repo.write("b.txt", "only staged\n")
    repo("add", "b.txt")
    repo("restore", "--source=HEAD", "--staged", "--worktree", "a.txt")
    assert repo("rev-list", "--parents", "-n1", kept(repo).commit).count(" ") == 1, "the same as on disk: once"


def test_saving_again_is_the_same_rescue_until_something_changes(repo: Repo) -> None:
    repo.write("a.txt", "changed\n")
    first = kept(repo)
    assert kept(repo) == first
    repo.write("a.txt", "changed again\n")
    assert kept(repo).ref == f"{REF}/2"
    for number in range(3, 12):
        repo.write("a.txt", f"{number}\n")
        assert kept(repo).ref == f"{REF}/{number}"


def test_what_changed_since_it_was_saved_stays(repo: Repo) -> None:
    repo.write("a.txt", "changed\n")
    repo.write("new.txt", "new\n")
    found = kept(repo)
    repo.write("new.txt", "newer\n")
    repo.write("later.txt", "later\n")
    (repo.path / "run.sh").chmod(0o644)
    assert put_away(repo.path, found) == ["later.txt", "new.txt", "run.sh"]
    assert (repo.path / "a.txt").read_text() == "one\n"
    assert (repo.path / "new.txt").read_text() == "newer\n"


def test_without_the_saved_blobs_nothing_is_put_away(repo: Repo) -> None:
    repo.write("new.txt", "new\n")
    found = kept(repo)
    blob = repo("rev-parse", f"{found.ref}:new.txt")
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert put_away(repo.path, found) == ["new.txt"]
    assert (repo.path / "new.txt").read_text() == "new\n"


def test_filters_of_git_do_not_change_what_is_kept(repo: Repo) -> None:
    repo("config", "core.autocrlf", "true")
    (repo.path / "mixed.txt").write_bytes(b"one\r\ntwo\nthree\r\n")
    found = kept(repo)
    assert held(repo, found.commit)["mixed.txt"][1] == b"one\r\ntwo\nthree\r\n"
    assert put_away(repo.path, found) == []


@pytest.mark.parametrize(
    "name", ['"quoted".txt', "new\nline.txt", "end\r", "[a-z]*.txt", ":(top)x", "ümläut", "-n", " "]
)
def test_names_that_a_shell_or_git_would_bend(repo: Repo, name: str) -> None:
    repo.write(name, "strange\n")
    repo.write(f"src/{name}", "strange too\n")
    found = kept(repo)
    assert set(found.files) == {name, f"src/{name}"}
    assert put_away(repo.path, found) == []
    assert repo.status() == ""
    assert held(repo, found.commit)[name][1] == b"strange\n"


def test_a_repository_inside_is_neither_saved_nor_removed(repo: Repo) -> None:
    make_repo(repo.path / "vendor" / "inner")
    repo.write("a.txt", "changed\n")
    found = kept(repo)
    assert found.files == ("a.txt",)
    assert put_away(repo.path, found) == ["vendor/inner/"]
    assert (repo.path / "vendor" / "inner" / "README.md").exists()


def test_a_folder_in_place_of_a_file_and_a_file_in_place_of_a_folder(repo: Repo) -> None:
    (repo.path / "a.txt").unlink()
    repo.write("a.txt/inside", "now a folder\n")
    (repo.path / "src" / "b.txt").unlink()
    (repo.path / "src").rmdir()
    repo.write("src", "now a file\n")
    found = kept(repo)
    contents = held(repo, found.commit)
    assert (contents["a.txt/inside"][1], contents["src"][1]) == (b"now a folder\n", b"now a file\n")
    assert put_away(repo.path, found) == []
    assert repo.status() == ""


def test_a_conflict_left_in_the_index_is_cleared_with_its_markers_kept(repo: Repo) -> None:
    repo.write("a.txt", "mine\n")
    repo("stash", "push", "-q")
    repo.write("a.txt", "theirs\n")
    repo.commit("theirs")
    repo("stash", "pop", check=False)
    assert "UU a.txt" in repo.status()
    found = kept(repo)
    assert b"<<<<<<<" in held(repo, found.commit)["a.txt"][1]
    assert put_away(repo.path, found) == []
    assert repo.status() == ""


def test_only_what_lies_in_the_scope_is_saved_and_put_away(repo: Repo) -> None:
    repo.write("src/b.txt", "in\n")
    repo.write("src/own.jsonl", "ours\n")
    repo.write("a.txt", "out\n")
    repo("add", "a.txt")
    found = save(place(repo), "WP01", repo.path, scope=(":(glob)src/**",), spare=("src/own.jsonl",))
    assert found is not None
    assert found.files == ("src/b.txt",)
    assert put_away(repo.path, found, scope=(":(glob)src/**",), spare=("src/own.jsonl",)) == []
    assert repo.status() == "M  a.txt\n?? src/own.jsonl"


def test_a_linked_worktree_is_saved_into_the_one_repository(repo: Repo, tmp_path: Path) -> None:
    linked = Repo(tmp_path / "lane")
    repo("worktree", "add", "-q", "-b", "lane", str(linked.path))
    linked.write("half.txt", "half\n")
    found = save(place(repo), "WP01", linked.path)
    assert found is not None
    assert put_away(linked.path, found) == []
    assert repo("show", f"{found.ref}:half.txt") == "half"
    repo("gc", "-q", "--prune=now")
    assert repo("show", f"{found.ref}:half.txt") == "half"


def test_nobody_has_to_sign_or_have_a_name(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo("config", "commit.gpgsign", "true")
    repo("config", "user.useConfigOnly", "true")
    repo("config", "--unset", "user.name", check=False)
    repo("config", "--unset", "user.email", check=False)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{name}_EMAIL", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/no settings")
    repo.write("a.txt", "changed\n")
    assert "spec-kitty" in repo("log", "-1", "--format=%an", kept(repo).commit)


def test_what_cannot_be_stored_stops_it_with_nothing_changed(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("a.txt", "changed\n")
    (repo.path / ".git" / "HEAD.lock").touch()  # of no consequence
    objects = repo.path / ".git" / "objects"
    moved = repo.path / ".git" / "away"
    before = state(repo.path)
    objects.rename(moved)
    objects.write_text("no folder", encoding="utf-8")
    with pytest.raises(GitFailed):
        save(place(repo), "WP01", repo.path)
    objects.unlink()
    moved.rename(objects)
    assert state(repo.path) == before


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"ref": "refs/heads/main", "commit": "0" * 40},
        {"ref": f"{REF}/1; rm -rf ~", "commit": "0" * 40},
        {"ref": f"{REF}/1", "commit": "`boom`"},
    ],
)
def test_an_event_that_names_another_reference_is_no_rescue(data: object) -> None:
    assert Rescue.from_dict(data) is None
    good = Rescue(f"{REF}/1", "0" * 40, ("a",))
    assert Rescue.from_dict(good.to_dict()) == good


NAMES = st.sampled_from(["a.txt", "src/b.txt", "run.sh", "new.txt", "src/deep/new.txt", "x/y/z"])
CONTENT = st.binary(max_size=40)
CHANGE = st.one_of(
    st.tuples(st.just("write"), NAMES, CONTENT),
    st.tuples(st.just("remove"), NAMES, st.just(b"")),
    st.tuples(st.just("stage"), NAMES, st.just(b"")),
    st.tuples(st.just("run"), NAMES, st.just(b"")),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGE, max_size=10))
def test_whatever_was_done_is_kept_and_comes_back(changes: list[tuple[str, str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = filled(make_repo(Path(folder) / "repo"))
        clean = state(repo.path)
        for verb, name, content in changes:
            path = repo.path / name
            if verb == "write":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            elif verb == "remove":
                path.unlink(missing_ok=True)
            elif verb == "run" and path.exists():
                path.chmod(0o755)
            elif verb == "stage":
                repo("add", "--all", "--", name, check=False)
        left = state(repo.path)
        found = save(place(repo), "WP01", repo.path)
        assert state(repo.path) == left
        if found is None:
            assert repo.status() == ""
            return
        assert held(repo, found.commit) == left
        assert put_away(repo.path, found) == []
        assert repo.status() == ""
        assert state(repo.path) == clean
