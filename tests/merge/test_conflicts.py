"""A merge that conflicts: forecast, laid out in a worktree, resumed or given up."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from specify_cli.kernel import clock
from specify_cli.merge import intent
from specify_cli.status.models import Lane
from tests.support import today
from tests.support.git import Repo
from tests.support.limits import run_limited
from tests.support.project import Project, Task
from tests.support.stories import Story, ready, story


def _moved_target(project: Project) -> Story:
    """An accepted mission, and a target that has changed the same line since."""
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", shared_txt="from the lane\n", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    found.accept().ok()
    found.git.commit("meanwhile", shared_txt="from the target\n")
    return found


def _snapshot(found: Story) -> tuple[dict[str, str], str, list[str]]:
    folder = found.project.path
    return found.refs(), found.git.status(), sorted(entry.name for entry in (folder / ".worktrees").iterdir())


def test_the_forecast_names_files_and_work_packages_and_writes_nothing(project: Project) -> None:
    found = _moved_target(project)
    before, objects = _snapshot(found), found.git("count-objects")
    data = found.merge("--dry-run").failed("MERGE_CONFLICT", 1).json()
    assert data["conflicts"] == [{"step": "target", "path": "shared.txt", "wps": ["WP01"], "others": ["main"]}]
    assert (_snapshot(found), found.git("count-objects")) == (before, objects)
    said = project.run("merge", "--dry-run", "--mission", found.slug)
    assert said.code == 1
    assert "shared.txt" in said.out


def test_the_forecast_is_made_where_nothing_can_be_written(project: Project) -> None:
    found = _moved_target(project)
    folders = [path for path in [project.path, *project.path.rglob("*")] if path.is_dir() and not path.is_symlink()]
    for path in folders:
        path.chmod(0o555)
    try:
        said = run_limited("merge", "--dry-run", "--mission", found.slug, "--json", cwd=project.path, mortal=True)
        why = run_limited("why", "--mission", found.slug, "--json", cwd=project.path, mortal=True)
    finally:
        for path in folders:
            path.chmod(0o755)
    assert said.failed("MERGE_CONFLICT").json()["conflicts"][0]["path"] == "shared.txt"
    assert "MERGE_CONFLICT" in why.ok().out


def test_a_clean_forecast_exits_with_0(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", a__f_txt="a\n")
    data = found.merge("--dry-run").ok().json()
    assert data["clean"] is True
    assert [each["code"] for each in data["unmet"]] == ["NOT_ACCEPTED"]


def test_a_forecast_names_the_files_that_would_block_the_merge(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    project.git.commit("there", shared_txt="old\n", kept_txt="old\n")
    found.do("WP01", a__f_txt="a\n", shared_txt="new\n")
    found.do("WP02", b__f_txt="b\n")
    found.accept().ok()
    found.worktree("WP02").write("b/f.txt", "later\n")
    project.git.write("shared.txt", "mine\n")
    project.git.write("kept.txt", "mine\n")
    project.git.write("a/f.txt", "mine too\n")
    before = project.git.status(), found.refs()
    unmet = found.merge("--dry-run").ok().json()["unmet"]
    assert [each["code"] for each in unmet] == ["WORKTREE_DIRTY", "DIRTY_OVERLAP"]
    assert "b/f.txt" in unmet[0]["what"]
    assert unmet[1]["what"].endswith(f"{project.path}: a/f.txt, shared.txt")
    told = project.run("merge", "--dry-run", "--mission", found.slug).ok().out
    assert "a/f.txt, shared.txt" in " ".join(told.split())
    assert (project.git.status(), found.refs()) == before
    found.worktree("WP02")("checkout", "-q", "b/f.txt")
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["a/f.txt", "shared.txt"]


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("strategy", ["merge", "squash"])
def test_a_conflict_is_resolved_in_its_worktree_and_resumed(project: Project, strategy: str, committed: bool) -> None:
    found = _moved_target(project)
    refs = found.refs()

    error = found.merge("--strategy", strategy).failed("MERGE_CONFLICT").json()

    kept = f"refs/spec-kitty/merging/stopped-{found.slug}"
    assert {name: tip for name, tip in found.refs().items() if name != kept} == refs
    assert found.git.status() == ""
    tree = Repo(Path(error["details"]["worktree"]))
    assert "<<<<<<<" in (tree.path / "shared.txt").read_text()
    assert [each.kind for each in intent.pending(found.mission.place.repo)] == ["conflict"]
    found.merge("--resume").failed("MERGE_UNRESOLVED")
    found.merge().failed("MERGE_UNDER_WAY")

    tree.write("shared.txt", "from both\n")
    tree("add", "shared.txt")
    if committed:
        tree("commit", "-q", "--no-edit")
    done = found.merge("--resume").ok().json()

    assert done["strategy"] == strategy
    assert found.files()["shared.txt"] == "from both"
    assert found.files()["b/f.txt"] == "b"
    assert found.mission.lane("WP01") is Lane.DONE
    assert not tree.path.exists()
    assert found.git.status() == ""
    assert intent.pending(found.mission.place.repo) == []
    assert (project.path / "shared.txt").read_text() == "from both\n"


def test_markers_that_were_left_are_no_resolution(project: Project) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree("add", "shared.txt")
    assert found.merge("--resume").failed("MERGE_UNRESOLVED").json()["details"]["files"] == ["shared.txt"]


def test_a_new_file_that_was_not_added_is_not_thrown_away(project: Project) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "from both\n")
    tree.write("helper.txt", "what both need\n")
    tree("add", "shared.txt")
    assert found.merge("--resume").failed("MERGE_UNRESOLVED").json()["details"]["files"] == ["helper.txt"]
    tree("add", "helper.txt")
    found.merge("--resume").ok()
    assert found.files()["helper.txt"] == "what both need"


def test_lines_that_are_meant_to_look_like_markers_are_content_where_the_targets_attributes_say_so(
    project: Project,
) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    text = "How a conflict looks:\n<<<<<<< HEAD\none\n=======\nother\n>>>>>>> branch\n"
    tree.write("shared.txt", text)
    tree("add", "shared.txt")
    found.merge("--resume").failed("MERGE_UNRESOLVED")
    tree.write(".gitattributes", "shared.txt conflict-marker-size=32\n")
    tree("add", ".gitattributes")
    found.merge("--resume").failed("MERGE_UNRESOLVED")
    tree("rm", "-q", "-f", ".gitattributes")
    found.git.write(".gitattributes", "shared.txt conflict-marker-size=32\n")
    found.git.commit("it is an example")
    found.merge("--resume").ok()
    assert (project.path / "shared.txt").read_text() == text


def test_a_target_that_moves_on_keeps_the_resolution(project: Project) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "from both\n")
    tree("add", "shared.txt")
    found.git.write("other.txt", "other\n")
    found.git("add", "other.txt")
    later = {**os.environ, "GIT_COMMITTER_DATE": today.git_date(clock.system() + timedelta(days=366))}
    subprocess.run(["git", "commit", "-q", "-m", "later than all others"], cwd=project.path, env=later, check=True)

    found.merge("--resume").ok()

    assert found.files()["shared.txt"] == "from both"
    assert found.files()["other.txt"] == "other"


def test_a_second_conflict_stops_again(project: Project) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "from both\n")
    tree("add", "shared.txt")
    found.git.commit("meanwhile again", shared_txt="from the target, again\n")

    found.merge("--resume").failed("MERGE_CONFLICT")
    tree.write("shared.txt", "from all three\n")
    tree("add", "shared.txt")
    found.merge("--resume").ok()

    assert found.files()["shared.txt"] == "from all three"


def test_only_what_the_target_changed_again_is_resolved_again(project: Project) -> None:
    found = _moved_target(project)
    found.git.write("a/f.txt", "the target's a\n")
    found.git.commit("meanwhile")
    tree = Repo(Path(found.merge("--strategy", "merge").failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "from both\n")
    tree.write("a/f.txt", "a of both\n")
    tree("add", "--all")
    for turn in ("second", "third"):
        found.git.write("a/f.txt", f"the target's {turn} a\n")
        found.git.commit("meanwhile again")
        error = found.merge("--resume").failed("MERGE_CONFLICT").json()
        assert error["details"]["files"] == ["a/f.txt"]
        assert (tree.path / "shared.txt").read_text() == "from both\n"
        assert "a of" in (tree.path / "a/f.txt").read_text()
        tree.write("a/f.txt", f"a of {turn}\n")
        tree("add", "--all")

    found.merge("--resume").ok()

    assert (found.files()["shared.txt"], found.files()["a/f.txt"]) == ("from both", "a of third")


def test_a_resolution_outlives_a_clean_up_by_git(project: Project) -> None:
    found = _moved_target(project)
    refs = found.refs()
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    for text in ("from both\n", "from all three\n"):
        tree.write("shared.txt", text)
        tree("add", "shared.txt")
        found.git("reflog", "expire", "--expire=now", "--all")
        found.git("gc", "-q", "--prune=now")
        if text == "from both\n":
            found.git.commit("meanwhile again", shared_txt="from the target, again\n")
            found.merge("--resume").failed("MERGE_CONFLICT")
    found.merge("--resume").ok()
    assert found.files()["shared.txt"] == "from all three"
    left = {ref for ref in found.refs().keys() - refs.keys() if "/merged/" not in ref}
    assert left == set()


def test_in_the_worktree_of_a_stopped_merge_its_mission_is_meant(project: Project) -> None:
    found = _moved_target(project)
    project.create("second")
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "from both\n")
    tree("add", "shared.txt")
    assert project.run("merge", "--resume", "--json", cwd=tree.path).ok().json()["mission_slug"] == found.slug


def test_abort_leaves_no_trace(project: Project) -> None:
    found = _moved_target(project)
    found.git.write("notes.txt", "the user's own\n")
    before = _snapshot(found)
    found.merge().failed("MERGE_CONFLICT")

    assert found.merge("--abort").ok().json()["aborted"] is True

    assert _snapshot(found) == before
    found.merge("--abort").failed("NO_MERGE_UNDER_WAY")
    found.merge("--resume").failed("NO_MERGE_UNDER_WAY")


def test_a_worktree_that_vanished_is_laid_out_again(project: Project) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    found.git("worktree", "remove", "--force", str(tree.path))
    found.merge("--resume").failed("MERGE_CONFLICT")
    tree.write("shared.txt", "from both\n")
    tree("add", "shared.txt")
    found.merge("--resume").ok()


def test_a_folder_of_the_users_in_place_of_the_worktree_stays(project: Project) -> None:
    found = _moved_target(project)
    path = Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"])
    found.git("worktree", "remove", "--force", str(path))
    path.mkdir()
    (path / "mine.txt").write_text("the user's own\n")
    found.merge("--resume").failed("WORKSPACE_BLOCKED")
    found.merge("--abort").ok()
    assert (path / "mine.txt").read_text() == "the user's own\n"
    found.merge().failed("WORKSPACE_BLOCKED")


def test_where_merged_commits_must_be_signed_a_conflict_is_laid_out_all_the_same(project: Project) -> None:
    project.git("config", "merge.verifySignatures", "true")
    found = ready(project)
    found.git.write("src/one/a.py", "one = 'the target'\n")
    found.git.commit("meanwhile")
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    assert "<<<<<<<" in (tree.path / "src/one/a.py").read_text()


def test_a_merge_given_up_by_git_itself_is_laid_out_again(project: Project) -> None:
    found = _moved_target(project)
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree("merge", "--abort")
    found.merge("--resume").failed("MERGE_CONFLICT")
    assert "<<<<<<<" in (tree.path / "shared.txt").read_text()


def test_rebase_does_not_hide_a_conflict(project: Project) -> None:
    found = _moved_target(project)
    found.merge("--strategy", "rebase").failed("REBASE_NOT_LINEAR")
    assert intent.pending(found.mission.place.repo) == []


def test_a_stopped_merge_of_another_mission_is_under_way(project: Project) -> None:
    found = _moved_target(project)
    found.merge().failed("MERGE_CONFLICT")
    other = story(project, Task("WP01", owns=("c/**",)), name="second")
    other.do("WP01", c__f_txt="c\n")
    other.accept().ok()
    error = other.merge().failed("MERGE_UNDER_WAY").json()
    assert found.slug in error["hint"]
    found.merge("--abort").ok()
    other.merge().ok()
