"""Kinds of files and of repositories: what a merge makes of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.kernel.git import Git
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.project import Project, Task, make_project
from tests.support.scripts import script
from tests.support.stories import one, ready, story


@pytest.mark.parametrize("setting", ["true", "input"])
def test_line_ends_of_the_checkout(project: Project, setting: str) -> None:
    project.git.write("old.txt", "one\ntwo\n")
    project.git.commit("old")
    project.git("config", "core.autocrlf", setting)
    for name in ("old.txt", "README.md"):
        (project.path / name).unlink()
    project.git("checkout", "-q", ".")
    found = one(project, {"old.txt": "one\ntwo\nthree\n", "a/new.txt": "new\nfile\n"})
    found.merge().ok()
    assert found.git.status() == ""
    end = b"\r\n" if setting == "true" else b"\n"
    assert (project.path / "old.txt").read_bytes() == end.join([b"one", b"two", b"three", b""])
    assert (project.path / "a/new.txt").read_bytes() == end.join([b"new", b"file", b""])
    assert found.files()["old.txt"] == "one\ntwo\nthree"


@pytest.mark.parametrize("ignorecase", ["true", "false"])
def test_a_name_that_changes_only_its_case(project: Project, ignorecase: str) -> None:
    project.git.write("Read.txt", "read\n")
    project.git.commit("old")
    project.git("config", "core.ignorecase", ignorecase)
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = Repo(found.mission.claim("WP01").workspace.path)
    lane("mv", "-f", "Read.txt", "READ.txt")
    found.work("WP01", {})
    found.accept().ok()
    found.merge().ok()
    assert found.files()["READ.txt"] == "read"
    assert "Read.txt" not in found.files()
    assert {path.name for path in project.path.glob("*.txt")} == {"READ.txt"}
    assert found.git.status() == ""


@pytest.mark.parametrize("side", ["lane", "target"])
def test_a_file_removed_on_one_side_goes_and_one_also_changed_conflicts(project: Project, side: str) -> None:
    for name in ("gone.txt", "both.txt"):
        project.git.write(name, "".join(f"{name} {line}\n" for line in range(9)))
    project.git.commit("old")
    removed: dict[str, str | None] = {"gone.txt": None, "both.txt": None}
    found = one(project, removed if side == "lane" else {"both.txt": "changed\n"})
    if side == "lane":
        found.git.commit("meanwhile", both_txt="changed\n")
    else:
        found.git("rm", "-q", "gone.txt", "both.txt")
        found.git("commit", "-q", "-m", "meanwhile")
    forecast = found.merge("--dry-run").failed("MERGE_CONFLICT").json()
    assert [each["path"] for each in forecast["conflicts"]] == ["both.txt"]
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    found.merge("--resume").failed("MERGE_UNRESOLVED")
    tree("rm", "-q", "both.txt")
    found.merge("--resume").ok()
    assert not {"gone.txt", "both.txt"} & found.files().keys()
    assert found.git.status() == ""


def test_symlinks_come_change_and_take_the_place_of_files_and_folders(project: Project) -> None:
    for name in ("file", "folder/inner"):
        project.git.write(name, "old\n")
    (project.path / "link").symlink_to("file")
    project.git.commit("old")
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = Repo(found.mission.claim("WP01").workspace.path)
    for name, target in {"new": "file", "link": "folder", "file": "/etc/hostname", "folder": ".."}.items():
        path = lane.path / name
        if name == "folder":
            lane("rm", "-rq", "folder")
        else:
            path.unlink(missing_ok=True)
        path.symlink_to(target)
    found.work("WP01", {})
    found.accept().ok()
    found.merge().ok()
    links = {name: str((project.path / name).readlink()) for name in ("new", "link", "file", "folder")}
    assert links == {"new": "file", "link": "folder", "file": "/etc/hostname", "folder": ".."}
    assert found.git.status() == ""


def test_a_symlink_of_the_user_that_leads_out_is_not_written_through(project: Project, tmp_path: Path) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    (tmp_path / "outside").mkdir()
    (project.path / ".git/info/exclude").write_text("a\n")
    (project.path / "a").symlink_to(tmp_path / "outside")
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["a"]
    assert list((tmp_path / "outside").iterdir()) == []


def test_executable_bits_of_one_side_and_lines_of_the_other(project: Project) -> None:
    project.git.write("run.sh", "#!/bin/sh\nexit 0\n")
    project.git.commit("old")
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = Repo(found.mission.claim("WP01").workspace.path)
    (lane.path / "run.sh").chmod(0o755)
    found.work("WP01", {})
    found.accept().ok()
    found.git.commit("meanwhile", run_sh="#!/bin/sh\nexit 1\n")
    found.merge().ok()
    assert (project.path / "run.sh").stat().st_mode & 0o111
    assert found.files()["run.sh"] == "#!/bin/sh\nexit 1"
    assert found.git.status() == ""


@pytest.mark.parametrize("mine", [True, False])
def test_binary_files_changed_on_both_sides_are_a_choice(project: Project, mine: bool) -> None:
    def blob(mark: bytes) -> str:
        return (bytes(range(1, 128)) * 9 + b"\0" + mark).decode("latin-1")

    (project.path / "logo.bin").write_bytes(blob(b"old").encode("latin-1"))
    project.git.commit("old")
    found = one(project, {"logo.bin": blob(b"lane")})
    found.git.write("logo.bin", blob(b"target"))
    found.git.commit("meanwhile")
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    found.merge("--resume").failed("MERGE_UNRESOLVED")
    tree("checkout", "-q", "--theirs" if mine else "--ours", "logo.bin")
    tree("add", "logo.bin")
    found.merge("--resume").ok()
    assert (project.path / "logo.bin").read_text().endswith("lane" if mine else "target")


def test_large_files_by_pointer(project: Project, tmp_path: Path) -> None:
    """As git-lfs does it: the object database has pointers, a filter that is required brings the content."""
    store = tmp_path / "store"
    store.mkdir()
    clean = script(
        tmp_path / "clean",
        f"cat > '{store}/new'; oid=$(sha256sum < '{store}/new' | cut -d' ' -f1); mv '{store}/new' '{store}'/$oid",
        'printf "version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\n" "$oid"',
    )
    smudge = script(tmp_path / "smudge", f"cat '{store}'/$(sed -n 's/^oid sha256://p')")
    project.git.write(".gitattributes", "*.big filter=lfs diff=lfs merge=lfs -text\n")
    for name, value in {"clean": str(clean), "smudge": str(smudge), "required": "true"}.items():
        project.git("config", f"filter.lfs.{name}", value)
    project.git.write("old.big", "old content\n")
    project.git.commit("old")
    found = one(project, {"old.big": "new content\n", "a/new.big": "another\n"})
    assert "oid sha256" in found.git("show", f"{found.branch('WP01')}:old.big")
    project.git("config", "filter.lfs.smudge", "false")

    error = found.merge().failed("MERGE_INCOMPLETE").json()

    assert "smudge filter lfs failed" in error["error"]
    assert found.mission.lane("WP01") is Lane.APPROVED
    project.git("config", "filter.lfs.smudge", str(smudge))
    found.merge("--resume").ok()
    assert (project.path / "old.big").read_text() == "new content\n"
    assert (project.path / "a/new.big").read_text() == "another\n"
    assert "oid sha256" in found.git("show", "main:a/new.big")
    assert found.git.status() == ""


def test_a_file_becomes_a_folder_and_a_folder_a_file(project: Project) -> None:
    for name in ("file", "folder/inner"):
        project.git.write(name, "old\n")
    project.git.commit("old")
    (project.path / ".git/info/exclude").write_text("*.o\n")
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = Repo(found.mission.claim("WP01").workspace.path)
    lane("rm", "-rq", "file", "folder")
    found.work("WP01", {"file/inner": "new\n", "folder": "new\n"})
    found.accept().ok()
    kept = found.git.write("folder/mine.o", "ignored, and the user's own\n")
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["folder/mine.o"]
    kept.unlink()
    found.merge().ok()
    assert (project.path / "file/inner").read_text() == (project.path / "folder").read_text() == "new\n"


def test_odd_names(project: Project) -> None:
    names = ["-rf", 'a"b', "new\nline", "[draft]*.md", ":(top)x", "sp ace", "thé 茶", "tab\there", "back\\slash"]
    for name in names[:4]:
        project.git.write(name, "old\n")
    project.git.commit("old")
    found = one(project, dict.fromkeys(names, "new\n"))
    found.git.write(names[2], "the user's own\n")
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == [names[2]]
    found.git("checkout", "-q", "--", ".")
    found.merge().ok()
    assert [(project.path / name).read_text() for name in names] == ["new\n"] * len(names)
    assert found.git.status() == ""


def test_a_bare_repository_with_worktrees(tmp_path: Path) -> None:
    first = make_project(tmp_path / "first")
    first.git("clone", "-q", "--bare", str(first.path), str(tmp_path / "bare.git"))
    home = tmp_path / "home-of-main"
    Repo(tmp_path / "bare.git")("worktree", "add", "-q", str(home), "main")
    found = one(Project(home, Repo(home)), {"a/f.txt": "a\n"})
    found.merge("--strategy", "merge").ok()
    assert (home / "a/f.txt").read_text() == "a\n"
    assert found.git.status() == ""
    assert found.mission.lane("WP01") is Lane.DONE


def test_a_repository_with_long_ids(tmp_path: Path) -> None:
    git = Repo(tmp_path)
    git("init", "-q", "-b", "main", "--object-format=sha256", "project")
    project = Project(tmp_path / "project", Repo(tmp_path / "project"))
    project.git.commit("first", README_md="# A project\n", old_txt="old\n")
    project.run("init", "--ai", "claude", "--non-interactive", "--json").ok()
    project.git.commit("spec-kitty init")
    found = ready(project)
    found.git("rm", "-q", "old.txt")
    found.git("commit", "-q", "-m", "meanwhile")
    found.merge("--strategy", "merge").ok()
    assert found.files()["src/three/a.py"] == "three = 3"
    project.run("doctor", "merge", "--json").ok()


def test_a_sparse_checkout_stays_sparse(project: Project) -> None:
    for name in ("in/f.txt", "out/f.txt"):
        project.git.write(name, "old\n")
    project.git.commit("old")
    found = one(project, {"in/f.txt": "new\n", "out/f.txt": "new\n", "out/g.txt": "new\n"})
    found.git("sparse-checkout", "set", "--cone", "in", "kitty-specs", ".kittify")
    found.merge().ok()
    assert (project.path / "in/f.txt").read_text() == "new\n"
    assert not (project.path / "out").exists()
    assert found.git.status() == ""


@pytest.mark.parametrize("setting", ["core.splitIndex", "index.version", "core.untrackedCache", "index.sparse"])
def test_indexes_of_other_kinds(project: Project, setting: str) -> None:
    project.git("config", setting, "4" if setting == "index.version" else "true")
    project.git("update-index", *(["--split-index"] if setting == "core.splitIndex" else ["--refresh"]))
    found = one(project, {"README.md": "# New\n", "a/f.txt": "a\n"})
    found.merge().ok()
    assert found.git.status() == ""
    assert (project.path / "README.md").read_text() == "# New\n"


def test_settings_of_the_user_that_make_git_talk_otherwise(project: Project) -> None:
    for name, value in {
        "color.ui": "always", "diff.noprefix": "true", "diff.renames": "copies", "status.short": "true",
        "status.showUntrackedFiles": "no", "core.quotePath": "false", "merge.conflictStyle": "diff3",
        "merge.ff": "only", "push.default": "nothing", "log.showSignature": "true", "advice.addIgnoredFile": "false",
    }.items():  # fmt: skip
        project.git("config", name, value)
    found = one(project, {"README.md": "# New\n", "a/f.txt": "a\n"})
    found.merge("--strategy", "rebase").ok()
    assert found.files()["a/f.txt"] == "a"
    assert Git(project.path).changes() == []
