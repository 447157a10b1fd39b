"""What a merge refuses, all reasons at once; and what of the user's it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.project import Project, Task
from tests.support.stories import Story, ready, story


def _codes(found: dict[str, object]) -> list[str]:
    details = found["details"]
    assert isinstance(details, dict)
    return sorted({each["code"] for each in details["unmet"]})


def _unchanged(found: Story, before: dict[str, str]) -> None:
    assert found.refs() == before
    assert not list((found.mission.place.state / "merge").glob("*"))


def test_a_mission_that_is_not_accepted(project: Project) -> None:
    found = ready(project, accepted=False)
    before = found.refs()
    error = found.merge().failed("NOT_ACCEPTED", 1).json()
    assert error["hint"] == f"spec-kitty accept --mission {found.slug}"
    _unchanged(found, before)


def test_all_reasons_at_once(project: Project) -> None:
    found = ready(project, accepted=False)
    found.worktree("WP01").write("left.txt", "left\n")
    found.mission.force("WP05", Lane.IN_PROGRESS)
    before = found.refs()
    error = found.merge().failed("MERGE_REFUSED").json()
    assert _codes(error) == ["NOT_ACCEPTED", "WORKTREE_DIRTY", "WP_NOT_APPROVED"]
    assert all(each["what"] in error["error"] for each in error["details"]["unmet"])
    _unchanged(found, before)


def test_a_commit_on_a_lane_after_the_acceptance(project: Project) -> None:
    found = ready(project, accepted=False)
    first = found.accept("--test", "true").ok().json()
    found.worktree("WP05").commit("late", late_txt="late\n")
    assert _codes(found.merge().failed("MERGE_REFUSED").json()) == ["ACCEPTANCE_STALE", "UNREVIEWED_COMMITS"]
    found.review_again("WP05")
    found.merge().failed("ACCEPTANCE_STALE")
    again = found.accept().ok().json()
    assert again["tree"] != first["tree"]
    assert [each["code"] for each in again["warnings"]] == ["TESTS_NOT_REPEATED"]
    found.merge().ok()
    assert found.files()["late.txt"] == "late"


def test_a_lane_that_lost_its_approved_commit(project: Project) -> None:
    found = ready(project)
    found.worktree("WP05")("reset", "-q", "--hard", "HEAD~1")
    error = found.merge().failed().json()
    assert "APPROVED_COMMIT_MISSING" in _codes(error)


def test_a_target_that_is_not_checked_out(project: Project) -> None:
    found = ready(project)
    found.git("switch", "-q", "-c", "elsewhere")
    found.merge().failed("TARGET_NOT_CHECKED_OUT")
    found.git("switch", "-q", "main")
    found.merge().ok()


def test_a_target_in_a_linked_worktree(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    found.git("switch", "-q", "-c", "elsewhere")
    found.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    found.merge().ok()
    assert (tmp_path / "linked/src/one/a.py").exists()
    assert not (project.path / "src/one/a.py").exists()


def test_from_a_lane_worktree(project: Project) -> None:
    found = ready(project)
    found.run("merge", cwd=found.worktree("WP01").path).ok()
    assert found.git.status() == ""


def test_the_users_own_merge_is_left_alone(project: Project) -> None:
    found = ready(project)
    found.git("switch", "-q", "-c", "side", "HEAD~1")
    found.git.commit("side", readme_txt="side\n")
    found.git("switch", "-q", "main")
    found.git("merge", "--no-commit", "--no-ff", "side")
    before = found.refs()
    found.merge().failed("CHECKOUT_BUSY")
    assert found.refs() == before
    assert (project.path / ".git/MERGE_HEAD").exists()


def test_an_index_lock_is_explained_and_not_removed(project: Project) -> None:
    found = ready(project)
    lock = project.path / ".git/index.lock"
    lock.touch()
    found.merge().failed("INDEX_LOCKED")
    assert lock.exists()
    lock.unlink()
    found.merge().ok()


def test_no_identity(project: Project) -> None:
    found = ready(project)
    found.git("config", "--global", "--unset", "user.email")
    found.merge().failed("NO_GIT_IDENTITY")


def test_a_target_behind_its_remote_as_of_the_last_fetch(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    found.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    found.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    found.git("push", "-q", "-u", "origin", "main")
    found.git("clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / "clone"))
    other = type(found.git)(tmp_path / "clone")
    other.commit("theirs", theirs_txt="theirs\n")
    other("push", "-q")
    found.git("fetch", "-q")
    error = found.merge().failed("TARGET_BEHIND_REMOTE").json()
    assert "1 commit" in error["error"]
    found.git("pull", "-q", "--ff-only")
    found.merge().ok()
    assert found.files()["theirs.txt"] == "theirs"


def test_another_target_than_the_missions(project: Project) -> None:
    found = ready(project)
    found.merge("--target", "develop").failed("TARGET_DIFFERS")
    found.merge("--target", "main").ok()


@pytest.mark.parametrize("words", [("--strategy", "octopus"), ("--resume", "--abort")])
def test_bad_usage(project: Project, words: tuple[str, ...]) -> None:
    ready(project, accepted=False).merge(*words).failed("USAGE_ERROR", 2)


@pytest.mark.parametrize("ignored", [False, True])
def test_files_of_the_user_where_the_merge_adds_some(project: Project, ignored: bool) -> None:
    found = ready(project)
    if ignored:
        (project.path / ".git/info/exclude").write_text("src/\n")
    found.git.write("src/one/a.py", "the user's own\n")
    before = found.refs()
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["src/one/a.py"]
    _unchanged(found, before)
    assert (project.path / "src/one/a.py").read_text() == "the user's own\n"


def test_a_file_of_the_user_where_the_merge_needs_a_folder(project: Project) -> None:
    found = ready(project)
    (project.path / ".git/info/exclude").write_text("src\n")
    found.git.write("src", "a file\n")
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["src"]


@pytest.mark.parametrize("staged", [False, True])
def test_a_changed_file_that_the_merge_changes_too(project: Project, staged: bool) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", README_md="# By the lane\n")
    found.accept().ok()
    found.git.write("README.md", "# By the user\n")
    if staged:
        found.git("add", "README.md")
    before = found.refs()
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["README.md"]
    assert found.refs() == before
    assert (project.path / "README.md").read_text() == "# By the user\n"


def test_a_file_that_was_only_touched_is_no_change(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", README_md="# By the lane\n")
    found.accept().ok()
    (project.path / "README.md").touch()
    found.merge().ok()
    assert (project.path / "README.md").read_text() == "# By the lane\n"
    assert found.git.status() == ""


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_changed_file_that_git_was_told_not_to_look_at(project: Project, flag: str) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", README_md="# By the lane\n")
    found.accept().ok()
    found.git("update-index", flag, "README.md")
    found.git.write("README.md", "# By the user\n")
    error = found.merge().failed("DIRTY_OVERLAP").json()
    assert error["details"]["files"] == ["README.md"]
    assert (project.path / "README.md").read_text() == "# By the user\n"


def test_changes_elsewhere_stay_as_they_are(project: Project) -> None:
    found = ready(project)
    found.git.write("README.md", "# Changed\n")
    found.git.write("staged.txt", "staged\n")
    found.git("add", "staged.txt")
    found.git.write("untracked.txt", "untracked\n")
    before = found.git.status()
    found.merge().ok()
    assert found.git.status() == before
    assert (project.path / "src/one/a.py").exists()


def test_documents_of_the_mission_that_were_not_committed_go_into_the_status_commit(project: Project) -> None:
    found = ready(project)
    spec = found.mission.folder / "spec.md"
    spec.write_text(spec.read_text() + "\nA late word.\n")
    found.merge().ok()
    assert found.git.status() == ""
    assert "A late word." in found.git("show", f"main:kitty-specs/{found.slug}/spec.md")


def test_what_a_lane_says_of_the_missions_own_folder_is_never_taken(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    repo = found.do("WP01", approve=False, a__f_txt="a\n")
    for name in ("status.events.jsonl", "spec.md", "lanes.json"):
        repo.write(f"kitty-specs/{found.slug}/{name}", "nonsense\n")
    repo.write(f"kitty-specs/{found.slug}/new.md", "nonsense\n")
    repo.commit("meddling")
    found.approve("WP01")
    found.accept().ok()
    found.merge().ok()
    assert "nonsense" not in found.git("grep", "-h", "", "main", "--", "kitty-specs")
    assert found.mission.lane("WP01") is Lane.DONE
