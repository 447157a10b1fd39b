"""Worktrees as crashes, moves and hands leave them, and what the installed command makes of each."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from specify_cli.kernel import git as kernel_git
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.workspaces import removal
from specify_cli.workspaces.records import Making, note_making
from tests.support.cli import SCRIPT, Result, run_here
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task, make_project
from tests.support.stories import story


def claim(mission: Mission, wp_id: str = "WP01", *more: str, cwd: Path | None = None) -> Result:
    """Claim a work package, or come back to it."""
    words = ("agent", "action", "implement", wp_id, "--agent", "claude", "--mission", mission.slug, "--json", *more)
    return mission.project.run_installed(*words, cwd=cwd)


def claimed(mission: Mission, wp_id: str = "WP01", *, cwd: Path | None = None) -> Repo:
    """The worktree of a claim that must succeed."""
    return Repo(Path(claim(mission, wp_id, cwd=cwd).ok().json()["workspace_path"]))


def do(hint: object) -> None:
    """Run the command of a hint."""
    subprocess.run(["sh", "-c", str(hint)], check=True, capture_output=True)


def half_done(mission: Mission, wp_id: str = "WP01") -> Repo:
    """A worktree with a commit and something uncommitted."""
    repo = mission.work(wp_id, f"src/{wp_id.lower()}/a.txt")
    repo.write("half.txt", "half\n")
    return repo


def names(project: Project) -> set[str]:
    return {line[9:] for line in project.git("worktree", "list", "--porcelain").splitlines() if line[:9] == "worktree "}


def test_a_vanished_worktree_is_made_again_with_its_commits(project: Project) -> None:
    mission = finalized_mission(project)
    repo = mission.work("WP01", "a.txt")
    head = repo.head()
    shutil.rmtree(repo.path)
    again = claimed(mission)
    assert (again.path, again.head(), again.status()) == (repo.path, head, "")


def test_a_worktree_that_git_moved_is_used_where_it_is(project: Project) -> None:
    mission = finalized_mission(project)
    repo = half_done(mission)
    elsewhere = project.path.parent / "else where"
    project.git("worktree", "move", str(repo.path), str(elsewhere))
    assert claimed(mission).path == elsewhere
    assert Repo(elsewhere).status() == "?? half.txt"


def test_a_worktree_that_was_renamed_by_hand_is_joined_again(project: Project) -> None:
    mission = finalized_mission(project)
    repo = half_done(mission)
    renamed = repo.path.rename(repo.path.with_name("my timer"))
    assert claimed(mission).path == renamed
    assert Repo(renamed).status() == "?? half.txt"


def test_a_worktree_that_was_moved_away_by_hand_is_joined_again_from_within(project: Project) -> None:
    mission = finalized_mission(project)
    repo = half_done(mission)
    away = repo.path.rename(project.path.parent / "away")
    assert claimed(mission, cwd=away).path == away
    assert Repo(away).status() == "?? half.txt"


def test_a_worktree_that_was_moved_away_by_hand_is_made_anew_and_its_files_stay(project: Project) -> None:
    mission = finalized_mission(project)
    repo = half_done(mission)
    away = repo.path.rename(project.path.parent / "away")
    again = claimed(mission)
    assert (again.path, again.status()) == (repo.path, "")
    assert (away / "half.txt").read_text(encoding="utf-8") == "half\n"


def test_a_copy_beside_a_worktree_never_takes_its_place(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    repo = half_done(mission)
    shutil.copytree(repo.path, repo.path.with_name("copy"))
    claimed(mission, "WP02")
    assert claimed(mission).path == repo.path
    assert str(repo.path) in names(project)


def test_worktrees_move_with_their_repository(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    for wp_id in ("WP01", "WP02"):
        half_done(mission, wp_id)
    place = project.path.rename(project.path.parent / "new place")
    moved = Mission(Project(place, Repo(place)), mission.slug)
    for wp_id, lane in (("WP01", "a"), ("WP02", "b")):
        repo = claimed(moved, wp_id)
        assert repo.path == place / ".worktrees" / f"{mission.slug}-lane-{lane}"
        assert repo.status() == "?? half.txt"


def test_no_worktree_is_made_in_another_whoever_asks_from_there(project: Project, tmp_path: Path) -> None:
    """In a bare repository there is no main one to make it below; what stands in a worktree goes with it."""
    home = tmp_path / "home-of-main"
    project.git("clone", "-q", "--bare", str(project.path), str(tmp_path / "bare.git"))
    Repo(tmp_path / "bare.git")("worktree", "add", "-q", str(home), "main")
    mission = finalized_mission(Project(home, Repo(home)), Task("WP01"), Task("WP02"))
    first = claimed(mission, cwd=home)
    assert claimed(mission, "WP02", cwd=first.path).path.parent == first.path.parent == home / ".worktrees"


def test_a_worktree_with_another_one_in_it_stays(project: Project) -> None:
    mission = finalized_mission(project)
    repo = claimed(mission)
    inner = repo.path / ".worktrees" / "own"
    project.git("worktree", "add", "-q", "--detach", str(inner))
    (inner.parent / ".gitignore").write_text("*\n")
    (inner / "mine.txt").write_text("mine\n")
    kept = removal.remove_worktree(mission.place.repo, repo.path, repo("branch", "--show-current"))
    assert str(inner) in kept
    assert (inner / "mine.txt").exists()


def test_a_locked_worktree_is_used_and_never_removed(project: Project) -> None:
    mission = finalized_mission(project)
    repo = mission.work("WP01", "a.txt")
    project.git("worktree", "lock", "--reason", "on a stick", str(repo.path))
    assert claimed(mission).path == repo.path
    project.git("merge", "-q", "--no-edit", f"kitty/mission-{mission.slug}-lane-a")
    kept = project.run_installed("context", "cleanup", "--json").ok().json()["kept"]
    assert [each["reason"] for each in kept] == ["it is locked: on a stick"]


def test_a_locked_worktree_that_is_away_is_waited_for_or_given_up(project: Project) -> None:
    mission = finalized_mission(project)
    repo = mission.work("WP01", "a.txt")
    project.git("worktree", "lock", "--reason", "on a stick", str(repo.path))
    stick = repo.path.rename(project.path.parent / "stick")
    refusal = claim(mission).failed("WORKSPACE_BLOCKED", 1).json()
    assert "is locked and not there (on a stick)" in refusal["error"]
    assert "is locked and not there (on a stick)" in project.run_installed("doctor", "worktrees").ok().out
    stick.rename(repo.path)
    assert claimed(mission).path == repo.path
    shutil.rmtree(repo.path)
    do(claim(mission).failed("WORKSPACE_BLOCKED", 1).json()["hint"])
    assert claimed(mission).status() == ""


def test_a_locked_worktree_that_is_away_keeps_its_branch(project: Project) -> None:
    mission = finalized_mission(project)
    repo = mission.work("WP01", "a.txt")
    project.git("merge", "-q", "--no-edit", f"kitty/mission-{mission.slug}-lane-a")
    mission.force("WP01", mission.lane("WP01").DONE)
    project.git("worktree", "lock", str(repo.path))
    repo.path.rename(project.path.parent / "stick")
    kept = project.run_installed("context", "cleanup", "--json").ok().json()["kept"]
    assert [each["reason"] for each in kept] == ["it is locked and not there"]
    assert project.git("branch", "--list", "kitty/*lane-a")


def test_another_branch_stops_a_new_claim_and_is_told_to_the_holder(project: Project) -> None:
    mission = finalized_mission(project)
    repo = claimed(mission)
    repo("switch", "-q", "-c", "sideways")
    prompt = Path(claim(mission).ok().json()["prompt_file"]).read_text(encoding="utf-8")
    assert f"it has sideways checked out, not kitty/mission-{mission.slug}-lane-a" in prompt
    mission.force("WP01", mission.lane("WP01").PLANNED)
    do(claim(mission).failed("WORKTREE_WRONG_BRANCH", 1).json()["hint"])
    assert claimed(mission).path == repo.path


def test_whoever_stands_in_a_worktree_is_told_commands_that_name_its_session(project: Project) -> None:
    mission = finalized_mission(project)
    project.run("agent", "action", "implement", "WP01", "--agent", "claude", "--session", "c1").ok()
    worktree = project.path / ".worktrees" / f"{mission.slug}-lane-a"
    refused = run_here("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--json", cwd=worktree).failed()
    assert "--agent claude --session c1" in refused.json()["hint"]
    assert "--agent claude --session c1" in project.run("why", "WP01", "--json").json()["next_step"]


def test_an_unfinished_rebase_stops_a_new_claim_and_is_told_to_the_holder(project: Project) -> None:
    mission = finalized_mission(project)
    repo = mission.work("WP01", "a.txt")
    repo.commit("second", b_txt="b\n")
    env = {**os.environ, "GIT_SEQUENCE_EDITOR": "sed -i 1s/pick/edit/"}
    subprocess.run(["git", "rebase", "-qi", "HEAD~2"], cwd=repo.path, env=env, check=True, capture_output=True)
    prompt = Path(claim(mission).ok().json()["prompt_file"]).read_text(encoding="utf-8")
    assert "it is in the middle of a rebase" in prompt
    mission.force("WP01", mission.lane("WP01").PLANNED)
    assert "in the middle of a rebase" in claim(mission).failed("WORKTREE_BUSY", 1).json()["error"]
    repo("rebase", "--continue")
    assert claimed(mission).path == repo.path


def test_the_holder_comes_back_to_uncommitted_work_by_name(project: Project) -> None:
    mission = finalized_mission(project)
    repo = half_done(mission)
    repo.write("src/wp01/a.txt", "changed\n")
    answer = claim(mission).ok().json()
    prompt = Path(answer["prompt_file"]).read_text(encoding="utf-8")
    assert "- uncommitted: `half.txt`" in prompt
    assert "- uncommitted: `src/wp01/a.txt`" in prompt
    assert repo.status() == " M src/wp01/a.txt\n?? half.txt"
    mission.force("WP01", mission.lane("WP01").PLANNED)
    repo.write("src/wp01/new.txt", "new\n")
    refusal = claim(mission).failed("WORKTREE_DIRTY", 1).json()
    assert refusal["details"]["files"] == ["src/wp01/a.txt", "src/wp01/new.txt"], "half.txt is nobody's: it stays"
    do(refusal["hint"])
    assert repo.status() == "?? half.txt"
    assert claimed(mission).path == repo.path


def _folder(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "mine.txt").write_text("mine\n", encoding="utf-8")


def _file(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine\n", encoding="utf-8")


def _link(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path.parent.parent / "src")


def _repository(path: Path) -> None:
    path.mkdir(parents=True)
    Repo(path)("init", "-q")


@pytest.mark.parametrize("put", [_folder, _file, _link, _repository])
def test_what_somebody_put_in_the_place_of_a_worktree_is_left_alone(
    put: Callable[[Path], None], project: Project
) -> None:
    mission = finalized_mission(project)
    path = project.path / ".worktrees" / f"{mission.slug}-lane-a"
    put(path)
    refs = project.git("for-each-ref")
    why = project.run_installed("why", "WP01", "--mission", mission.slug, "--json").json()
    assert "WORKSPACE_BLOCKED" in str(why)
    refusal = claim(mission).failed("WORKSPACE_BLOCKED", 1).json()
    assert project.git("for-each-ref") == refs
    do(refusal["hint"])
    assert claimed(mission).path == path
    assert os.path.lexists(f"{path}.kept")


@pytest.mark.parametrize("made", [[], [".git"]])
def test_an_empty_or_half_made_folder_is_no_obstacle(made: list[str], project: Project) -> None:
    mission = finalized_mission(project)
    path = project.path / ".worktrees" / f"{mission.slug}-lane-a"
    path.mkdir(parents=True)
    for name in made:
        (path / name).write_text("gitdir: /nowhere\n", encoding="utf-8")
    assert claimed(mission).status() == ""


def test_a_crash_between_branch_and_worktree_is_no_obstacle(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("branch", f"kitty/mission-{mission.slug}")
    project.git("branch", f"kitty/mission-{mission.slug}-lane-a")
    assert claimed(mission).status() == ""


def test_the_main_checkout_is_never_a_lanes_worktree(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", f"kitty/mission-{mission.slug}-lane-a")
    do(claim(mission).failed("LANE_BRANCH_IN_USE", 1).json()["hint"])
    assert claimed(mission).path != project.path


def test_a_worktree_of_somebodys_own_is_never_worked_in_and_never_removed(project: Project) -> None:
    mission = finalized_mission(project)
    branch, own = f"kitty/mission-{mission.slug}-lane-a", project.path.parent / "look"
    project.git("worktree", "add", "-q", "-b", branch, str(own))
    refusal = claim(mission).failed("LANE_BRANCH_IN_USE", 1).json()
    assert refusal["details"]["path"] == str(own)
    do(refusal["hint"])
    assert claimed(mission).path != own
    assert own.is_dir()


def test_a_branch_that_this_clone_lacks_is_fetched_by_the_hint(project: Project, tmp_path: Path) -> None:
    told = story(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    told.do("WP01", a_txt="a\n")
    project.run_installed("materialize", "--mission", told.slug).ok()
    clone = tmp_path / "clone"
    project.git("clone", "-q", str(project.path), str(clone))
    mission = Mission(Project(clone, Repo(clone)), told.slug)
    do(claim(mission, "WP02").failed("LANE_BRANCH_MISSING", 1).json()["hint"])
    assert (claimed(mission, "WP02").path / "a.txt").is_file()


def test_a_conflict_names_files_and_work_packages_and_its_command_begins_anyway(project: Project) -> None:
    told = story(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    told.do("WP01", shared_txt="one\n")
    told.do("WP02", shared_txt="two\n")
    refusal = claim(told.mission, "WP03").failed("DEPENDENCY_CONFLICT", 1).json()
    assert refusal["error"] == "WP03 builds on WP01 and WP02, whose changes of shared.txt conflict"
    assert (refusal["details"]["files"], refusal["details"]["wps"]) == (["shared.txt"], ["WP01", "WP02"])
    words = [word.replace("NAME", "claude") for word in refusal["hint"].split()]
    answer = project.run_installed(*words[1:], "--json").ok().json()
    assert f"    git merge {told.git.head(told.branch('WP02'))[:12]}" in Path(answer["prompt_file"]).read_text(
        encoding="utf-8"
    )


# -- git killed at work ------------------------------------------------------------------------------------------

_SLOW = "sh -c 'test -e {flag} || {{ touch {flag}; sleep 60; }}; cat'"


def _kill_while_checking_out(mission: Mission, wp_id: str, flag: Path) -> None:
    """Claim, and have command and git killed while git writes the file `slow.txt`."""
    mission.project.git("config", "filter.slow.smudge", _SLOW.format(flag=flag))
    words = ("agent", "action", "implement", wp_id, "--agent", "claude", "--mission", mission.slug)
    with subprocess.Popen(
        [SCRIPT, *words], cwd=mission.project.path, start_new_session=True, stdout=subprocess.DEVNULL
    ) as running:
        until = time.monotonic() + 30
        while not flag.exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGKILL)


def _refused_for_the_lock(mission: Mission, wp_id: str, patch: pytest.MonkeyPatch) -> str:
    """The command that a claim names while git's lock is left."""
    patch.setattr(kernel_git, "PATIENCE", 0.1)
    with pytest.raises(SpecKittyError) as refusal:
        mission.claim(wp_id)
    assert refusal.value.code == "INDEX_LOCKED"
    return str(refusal.value.hint)


@pytest.fixture
def slow(tmp_path: Path) -> Project:
    """A project in which git takes its time to check out `slow.txt`, once."""
    project = make_project(tmp_path / "project")
    project.git.write(".gitattributes", "slow.txt filter=slow\n")
    project.git.commit("attributes")
    return project


def test_a_worktree_half_checked_out_is_made_anew(
    slow: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.git.commit("slow", slow_txt="slow\n", z_txt="z\n")
    mission = finalized_mission(slow)
    _kill_while_checking_out(mission, "WP01", tmp_path / "flag")
    do(_refused_for_the_lock(mission, "WP01", monkeypatch))
    repo = claimed(mission)
    assert (repo.status(), (repo.path / "z.txt").read_text(encoding="utf-8")) == ("", "z\n")
    assert not list((slow.path / ".git/spec-kitty/workspaces").rglob("*.making"))
    assert len(names(slow)) == 2


@pytest.mark.parametrize("name", ["a.txt", "b.txt"])
def test_what_somebody_wrote_after_a_crash_is_not_taken_for_what_it_left(project: Project, name: str) -> None:
    told = story(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    first = told.do("WP01", a_txt="a\n", b_txt="of the first\n")
    told.do("WP02", c_txt="c\n")
    first("merge", "-q", "--no-edit", told.branch("WP02"))
    new = first.commit("what it is brought forward to", b_txt="of both\n", new_txt="new\n")
    first("reset", "-q", "--hard", "HEAD~2")
    making = Making(first.path, first.head(), new)
    note_making(told.mission.place, told.lane("WP03").lane_id, making)
    first.write(name, "by somebody\n")
    refusal = claim(told.mission, "WP03").failed("WORKTREE_DIRTY").json()
    assert refusal["details"]["files"] == [name]
    assert (first.path / name).read_text() == "by somebody\n"
    assert first.head() == making.old


def test_a_new_file_that_is_in_the_way_of_what_a_worktree_takes_is_never_overwritten(project: Project) -> None:
    told = story(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    first = told.do("WP01", a_txt="a\n")
    told.do("WP02", b_txt="b\n")
    first.write("left.txt", "by somebody\n")
    first.write("b.txt", "by somebody\n")
    refusal = claim(told.mission, "WP03").failed("WORKTREE_DIRTY").json()
    assert refusal["details"]["files"] == ["b.txt"]
    (first.path / "b.txt").unlink()
    claim(told.mission, "WP03").ok()
    assert first.status() == "?? left.txt"


def test_a_worktree_half_brought_forward_is_finished(
    slow: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = story(slow, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    first = told.do("WP01", a_txt="a\n")
    told.do("WP02", b_txt="b\n", slow_txt="slow\n", z_txt="z\n")
    before = first.head()
    _kill_while_checking_out(told.mission, "WP03", tmp_path / "flag")
    do(_refused_for_the_lock(told.mission, "WP03", monkeypatch))
    assert first.head() == before
    repo = claimed(told.mission, "WP03")
    assert (repo.path, repo.status()) == (first.path, "")
    assert {"a.txt", "b.txt", "slow.txt", "z.txt"} <= {each.name for each in repo.path.iterdir()}
