"""What a merge leaves behind: pushes, clean-up, missions without code, work that a host merged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.merge import intent
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, one, ready, story


def _remote(found: Story, tmp_path: Path) -> Path:
    path = tmp_path / "remote.git"
    found.git("init", "-q", "--bare", "-b", "main", str(path))
    found.git("remote", "add", "origin", str(path))
    found.git("push", "-q", "-u", "origin", "main")
    return path


def test_push(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    remote = _remote(found, tmp_path)
    assert found.merge("--push").ok().json()["pushed"] is True
    assert Repo(remote).head("main") == found.git.head("main")


def _bare(project: Project, folder: Path) -> Project:
    """The project as a worktree of a bare repository, which has no other."""
    home = folder / "home-of-main"
    project.git("clone", "-q", "--bare", str(project.path), str(folder / "bare.git"))
    Repo(folder / "bare.git")("worktree", "add", "-q", str(home), "main")
    Repo(folder / "bare.git")("remote", "remove", "origin")
    return Project(home, Repo(home))


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("conflict", [False, True])
def test_whoever_stands_in_a_worktree_that_goes_is_served_to_the_end(
    project: Project, tmp_path: Path, bare: bool, conflict: bool
) -> None:
    found = one(_bare(project, tmp_path) if bare else project, {"shared.txt": "from the lane\n"})
    remote = _remote(found, tmp_path)
    here = found.worktree("WP01")
    words: tuple[str, ...] = ("merge", "--mission", found.slug, "--json", "--push")
    if conflict:
        found.git.commit("meanwhile", shared_txt="from the target\n")
        stopped = found.project.run_installed(*words, cwd=here.path).failed("MERGE_CONFLICT").json()
        here = Repo(Path(stopped["details"]["worktree"]))
        here.write("shared.txt", "from both\n")
        here("add", "shared.txt")
        words = (*words, "--resume")

    done = found.project.run_installed(*words, cwd=here.path).ok().json()

    assert done["pushed"] is True
    assert [each["code"] for each in done["warnings"]] == (["RESOLUTION_UNREVIEWED"] if conflict else [])
    assert Repo(remote).head("main") == found.git.head("main")
    assert not here.path.exists()
    assert not found.worktree("WP01").path.exists()
    assert found.git("branch", "--list", "kitty/*") == ""


def test_push_without_a_remote(project: Project) -> None:
    found = ready(project)
    before = found.refs()
    found.merge("--push").failed("NO_REMOTE")
    assert found.refs() == before


def test_a_refused_push_keeps_everything_and_is_resumed(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    remote = _remote(found, tmp_path)
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)

    error = found.merge("--push").failed("PUSH_REJECTED").json()

    assert "protected" in error["error"]
    assert found.worktree("WP01").path.is_dir()
    assert f"refs/heads/{found.branch('WP01')}" in found.refs()
    assert found.mission.lane("WP01") is Lane.DONE
    assert [each.kind for each in intent.pending(found.mission.place.repo)] == ["push"]
    intent.settle(found.mission.place.repo)
    assert [each.kind for each in intent.pending(found.mission.place.repo)] == ["push"]
    found.merge().failed("MERGE_UNDER_WAY")
    found.merge("--abort").failed("MERGE_ALREADY_MADE")
    hook.unlink()

    done = found.merge("--resume").ok().json()

    assert done["pushed"] is True
    assert done["merged_wps"] == ["WP01", "WP02", "WP03", "WP04", "WP05"]
    assert Repo(remote).head("main") == found.git.head("main")
    assert not found.worktree("WP01").path.exists()
    assert intent.pending(found.mission.place.repo) == []


def test_merging_again_changes_nothing(project: Project) -> None:
    found = ready(project)
    found.merge().ok()
    before = found.refs()
    for words in ((), ("--resume",)):
        data = found.merge(*words).ok().json()
        assert data["already_merged"] is True
        assert found.refs() == before


@pytest.mark.parametrize("strategy", ["merge", "squash"])
def test_what_was_kept_goes_with_the_next_merge(project: Project, strategy: str) -> None:
    found = ready(project)
    done = found.merge("--strategy", strategy, "--keep-branch", "--keep-worktree").ok().json()
    assert (done["worktrees_removed"], done["branches_removed"]) == ([], [])
    assert found.worktree("WP01").path.is_dir()
    head = found.git.head("main")
    again = found.merge().ok().json()
    assert again["already_merged"] is True
    assert len(again["worktrees_removed"]) == len({found.lane(wp_id).lane_id for wp_id in ("WP01", "WP02", "WP05")})
    assert found.git.head("main") == head


def test_a_mission_of_planning_work_alone(project: Project) -> None:
    found = story(project, Task("WP01", owns=("docs/**",), mode="planning_artifact"))
    found.mission.claim("WP01")
    found.git.commit("docs", guide_md="# Guide\n")
    found.approve("WP01")
    found.accept().ok()
    before = found.git.head("main")
    done = found.merge().ok().json()
    assert done["merged_wps"] == ["WP01"]
    assert done["merged_commit"] == before
    assert found.mission.lane("WP01") is Lane.DONE
    assert found.git.status() == ""


@pytest.mark.parametrize("way", ["--squash", "--no-ff"])
def test_work_that_a_host_merged_is_recognised(project: Project, way: str) -> None:
    found = ready(project)
    for wp_id in ("WP03", "WP02", "WP05"):
        found.git("merge", "-q", "--no-edit", way, found.branch(wp_id))
        if way == "--squash" and found.git.status():
            found.git("commit", "-q", "-m", f"pull request of {wp_id}")
    before = found.git.head("main")
    done = found.merge().ok().json()
    assert done["merged_commit"] == before
    assert found.mission.lane("WP03") is Lane.DONE
    assert not [name for name in found.refs() if name.startswith("refs/heads/kitty/")]


def test_a_worktree_with_new_files_is_kept_and_named(project: Project) -> None:
    found = ready(project)
    keep = found.worktree("WP05")
    keep.write(f"kitty-specs/{found.slug}/mine.md", "a note in the copy\n")
    done = found.merge().ok().json()
    assert sorted(notice["code"] for notice in done["warnings"]) == ["BRANCH_KEPT", "WORKTREE_KEPT"]
    assert (keep.path / f"kitty-specs/{found.slug}/mine.md").exists()


def test_a_reopened_work_package_is_merged_again(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", a__f_txt="first\n")
    found.accept().ok()
    found.merge().ok()
    found.mission.force("WP01", Lane.PLANNED)
    found.do("WP01", a__f_txt="second\n")
    found.accept().ok()
    done = found.merge().ok().json()
    assert done["already_merged"] is False
    assert found.files()["a/f.txt"] == "second"
    assert found.mission.lane("WP01") is Lane.DONE


def test_without_commits_of_the_tool_only_the_code_is_committed(project: Project) -> None:
    config = project.path / ".kittify/config.yaml"
    config.write_text(config.read_text().replace("auto_commit: true", "auto_commit: false"))
    project.git.commit("no commits of the tool")
    found = ready(project)
    done = found.merge().ok().json()
    assert done["commit"] is None
    assert found.git.head("main") == done["merged_commit"]
    assert json.loads((found.mission.folder / "meta.json").read_text())["merged_commit"] == done["merged_commit"]
    assert (found.mission.folder / "merge-receipt.json").exists()
    assert found.mission.status.unpublished == 0
    assert found.mission.lane("WP01") is Lane.DONE


def test_done_events_name_the_merge_and_its_evidence(project: Project) -> None:
    found = ready(project, accepted=False)
    found.accept("--test", "true").ok()
    done = found.merge().ok().json()
    event = next(each for each in found.mission.status.events if each.wp_id == "WP01" and each.to_lane is Lane.DONE)
    assert event.evidence is not None
    assert event.evidence.repos[0].commit == done["merged_commit"]
    assert event.evidence.repos[0].files_touched == ("src/one/a.py",)
    assert event.evidence.verification[0].result == "passed"
    closed = found.mission.status.mission_events[-1]
    assert closed.type == "mission_closed"
    assert closed.data["merged_commit"] == done["merged_commit"]


def test_a_receipt_lets_anybody_compute_the_merge_again(project: Project) -> None:
    found = ready(project)
    found.merge("--strategy", "merge").ok()
    receipt = json.loads((found.mission.folder / "merge-receipt.json").read_text())
    current = receipt["mission"]["before"]
    for lane in receipt["lanes"]:
        if lane["outcome"] == "merged":
            assert found.git("rev-parse", f"{lane['tip']}^{{tree}}") == lane["tree"]
            assert found.git("merge-tree", "--write-tree", current, lane["tip"]) == lane["merged_tree"]
            current = lane["merged_commit"]
    assert found.git("merge-tree", "--write-tree", receipt["target"]["before"], current) == receipt["result"]["tree"]


def test_a_target_that_moved_since_its_tests_ran_is_a_warning(project: Project) -> None:
    found = ready(project, accepted=False)
    found.accept("--test", "true").ok()
    found.git.commit("meanwhile", other_txt="other\n")
    done = found.merge().ok().json()
    assert [notice["code"] for notice in done["warnings"]] == ["TESTED_TREE_DIFFERS"]


def test_people_are_told_what_happened(project: Project) -> None:
    found = ready(project)
    said = project.run("merge", "--mission", found.slug)
    assert said.code == 0
    assert "Merged:" in said.out
    assert "WP01, WP02, WP03, WP04, WP05" in said.out
