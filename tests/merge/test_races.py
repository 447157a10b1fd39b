"""What happens to a merge when something else happens at the same time, or when it was interrupted."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from specify_cli.home import MissionPlace
from specify_cli.merge import engine, intent, preparing
from specify_cli.merge.case import Case
from specify_cli.merge.conflict import Stopped
from specify_cli.merge.engine import Examined
from specify_cli.merge.intent import Intent
from specify_cli.status.emit import Writer, writing
from specify_cli.status.models import Lane
from tests.support import killing
from tests.support.cli import SCRIPT
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, one, ready, story

_SIGNER = """#!/bin/sh
cat > /dev/null
echo '[GNUPG:] SIG_CREATED x' >&2
echo '-----BEGIN PGP SIGNATURE-----'
"""


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, after all is computed and before the references move."""
    real = preparing.prepare

    def prepare(case: Case, log: Writer) -> Intent:
        made = real(case, log)
        act()
        return made

    monkeypatch.setattr(preparing, "prepare", prepare)


@pytest.mark.parametrize("what", ["target", "lane"])
def test_a_branch_that_moves_in_the_last_moment(project: Project, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    found = ready(project)
    repo = found.git if what == "target" else found.worktree("WP05")
    with monkeypatch.context() as patch:
        _meanwhile(patch, lambda: repo.commit("in between", between_txt="between\n"))
        error = found.merge().failed("REFS_MOVED").json()
    assert error["hint"] == f"spec-kitty why --mission {found.slug}"
    assert (found.branch("WP05") if what == "lane" else "main") in error["error"]
    assert found.mission.lane("WP01") is Lane.APPROVED
    assert intent.pending(found.mission.place.repo) == []
    assert found.git.status() == ""
    if what == "lane":
        found.review_again("WP05")
        found.merge().failed("ACCEPTANCE_STALE")
        found.accept().ok()
    found.merge().ok()
    assert found.files()["between.txt"] == "between"


def test_a_work_package_that_moves_while_the_merge_is_computed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ready(project)
    real = engine.examine

    def examine(place: MissionPlace, stopped: Stopped | None = None) -> Examined:
        seen = real(place, stopped)
        found.mission.force("WP05", Lane.PLANNED)
        return seen

    monkeypatch.setattr(engine, "examine", examine)
    before = found.refs()
    error = found.merge().failed("MISSION_MOVED").json()
    assert error["hint"] == f"spec-kitty why --mission {found.slug}"
    assert found.refs() == before


def _interrupted(found: Story, scratch: Path, how: str) -> None:
    """A merge that was killed right before or after its one transaction, which follows that of the guard."""
    words = ("merge", "--mission", found.slug, "--strategy", "merge", "--json")
    ended = killing.run(*words, cwd=found.project.path, scratch=scratch, at=2, how=how, matching="git update-ref")
    assert ended.killed, ended.said


@pytest.fixture
def small(project: Project) -> Story:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", a__f_txt="a\n")
    found.accept().ok()
    return found


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("word", ["--resume", None])
def test_an_interrupted_merge_is_gone_on_with(small: Story, tmp_path: Path, how: str, word: str | None) -> None:
    _interrupted(small, tmp_path, how)
    assert [each.kind for each in intent.pending(small.mission.place.repo)] == ["intent"]
    if (how, word) == ("before", "--resume"):
        small.merge("--resume").failed("NO_MERGE_UNDER_WAY")
        small.merge().ok()
    else:
        done = small.merge(*filter(None, (word,))).ok().json()
        assert done["merged_wps"] == ["WP01"]
    assert small.mission.lane("WP01") is Lane.DONE
    assert small.git.status() == ""
    assert intent.pending(small.mission.place.repo) == []


def test_an_interrupted_merge_is_given_up_as_long_as_nothing_moved(small: Story, tmp_path: Path) -> None:
    before = small.refs()
    _interrupted(small, tmp_path, "before")
    small.merge("--abort").ok()
    assert small.refs() == before
    _interrupted(small, tmp_path, "after")
    small.merge("--abort").failed("MERGE_ALREADY_MADE")
    small.merge("--resume").ok()
    assert small.mission.lane("WP01") is Lane.DONE


def test_any_command_that_changes_state_settles_first(small: Story, tmp_path: Path) -> None:
    _interrupted(small, tmp_path, "after")
    small.run("status").ok()
    assert [each.kind for each in intent.pending(small.mission.place.repo)] == ["intent"]
    small.run("agent", "tasks", "add-history", "WP01", "--note", "done", "--agent", "ada").ok()
    assert intent.pending(small.mission.place.repo) == []
    assert small.mission.lane("WP01") is Lane.DONE
    assert small.git.status() == ""


def test_work_that_does_not_come_apart_is_not_rebased(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    repo = found.do("WP02", b__f_txt="b\n")
    repo.commit("after the review", late_txt="late\n")
    # Another clone asked for the second review, so this one does not know where the commits of WP02 end.
    found.review_again("WP02", known=False)
    found.accept().ok()
    before = found.refs()
    error = found.merge("--strategy", "rebase").failed("REBASE_NOT_LINEAR").json()
    assert error["hint"] == f"spec-kitty merge --strategy squash --mission {found.slug}"
    assert found.refs() == before
    found.merge("--strategy", "squash").ok()
    assert found.files()["late.txt"] == "late"


def test_a_conflict_between_lanes_after_the_acceptance(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    found.accept().ok()
    for wp_id in ("WP01", "WP02"):
        found.worktree(wp_id).commit("late", x_txt=f"{wp_id}\n")
        found.review_again(wp_id)
    # Such lanes are never accepted; here somebody writes the acceptance by hand.
    data = {lane.lane_id: found.git.head(found.branch(lane.wp_ids[0])) for lane in found.mission.lanes.lanes}
    _accept_by_hand(found, data)
    error = found.merge().failed("MERGE_CONFLICT").json()
    tree = Repo(Path(error["details"]["worktree"]))
    assert error["details"]["conflicts"][0]["path"] == "x.txt"
    tree.write("x.txt", "both\n")
    tree("add", "x.txt")
    found.merge("--resume").ok()
    assert found.files()["x.txt"] == "both"
    assert found.files()["a/f.txt"] == "a"


def test_a_stopped_merge_is_gone_on_with_whoever_asks_what_comes_next(project: Project) -> None:
    found = one(project, {"shared.txt": "lane\n"})
    found.git.commit("meanwhile", shared_txt="target\n")
    merge = f"spec-kitty merge --mission {found.slug}"
    assert f"Next: {merge}\n" in project.run("status", "--mission", found.slug).ok().out
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    resume = f"spec-kitty merge --resume --mission {found.slug}"
    assert f"Next: {resume}\n" in project.run("status", "--mission", found.slug).ok().out
    assert resume in found.run("next").ok().json()["reason"]
    tree.write("shared.txt", "both\n")
    tree("add", "shared.txt")
    found.merge("--resume").ok()
    assert resume not in project.run("status", "--mission", found.slug).ok().out


def _accept_by_hand(found: Story, lanes: dict[str, str]) -> None:
    with writing(found.mission.place) as log:
        log.record("accepted", actor="ada", data={"mode": "local", "lanes": lanes})


def _signs(found: Story, signer: Path, first: str = "") -> None:
    """Have commits signed by a program that does something first."""
    signer.write_text(_SIGNER.replace("cat", f"{first}\ncat", 1))
    signer.chmod(0o755)
    found.git("config", "gpg.program", str(signer))
    found.git("config", "commit.gpgsign", "true")


@pytest.mark.parametrize("recorded", ["note", "move"])
def test_agents_go_on_while_a_merge_waits_for_a_signature(small: Story, tmp_path: Path, recorded: str) -> None:
    words = {
        "note": ("agent", "tasks", "add-history", "WP01", "--note", "meanwhile"),
        "move": ("agent", "tasks", "move-task", "WP01", "--to", "in_progress", "--note", "again", "--force"),
    }[recorded]
    ours = shlex.join([str(SCRIPT), *words, "--agent", "ada", "--mission", small.slug])
    once = tmp_path / "once"
    _signs(small, tmp_path / "signer", f"test -e {once} || {{ touch {once}; {ours} > {tmp_path}/log 2>&1; }}")
    done = small.merge()
    if recorded == "move":
        done.failed("MISSION_MOVED")
        assert small.mission.lane("WP01") is Lane.IN_PROGRESS
        assert not {"a/f.txt"} & small.files().keys()
        return
    done.ok()
    assert small.mission.lane("WP01") is Lane.DONE
    assert "meanwhile" in small.git("show", f"main:kitty-specs/{small.slug}/mission-events.jsonl")
    assert small.git.status() == ""


def test_signed_where_the_user_signs(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    _signs(found, tmp_path / "signer")
    done = found.merge("--strategy", "merge").ok().json()
    for commit in (done["commit"], done["merged_commit"], f"{done['merged_commit']}^2"):
        assert "gpgsig" in found.git("cat-file", "commit", commit)
