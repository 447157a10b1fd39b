"""Moves as people and agents ask for them: handing over, verdicts, and everything else."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from specify_cli.kernel.errors import Conflict, NotFound, Refused, SpecKittyError, UsageError
from specify_cli.kernel.git import Git
from specify_cli.moves.move import move
from specify_cli.moves.request import Moved, Request
from specify_cli.status.emit import TransitionError
from specify_cli.status.models import Lane
from specify_cli.workspaces.leases import read_lease
from specify_cli.workspaces.records import read_record
from tests.support.git import Repo
from tests.support.loop import Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task


def asks(agent: Agent, wp_id: str, asked: Request) -> Moved:
    return move(agent.mission.context, agent.actor, agent.package(wp_id), asked)


def refusal_of(agent: Agent, wp_id: str, asked: Request) -> SpecKittyError:
    with pytest.raises(SpecKittyError) as refusal:
        asks(agent, wp_id, asked)
    return refusal.value


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(project)


@pytest.fixture
def agent(mission: Mission) -> Agent:
    return Agent(mission)


@pytest.fixture
def reviewer(mission: Mission) -> Agent:
    return Agent(mission, "codex", "c1")


def test_everything_that_is_missing_is_named_at_once(project: Project) -> None:
    agent = Agent(finalized_mission(project, Task("WP01", subtasks=("T001", "T002"))))
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/half.txt", "half\n")
    refusal = refusal_of(agent, "WP01", Request(Lane.FOR_REVIEW))
    assert isinstance(refusal, TransitionError)
    unmet = refusal.details["unmet"]
    assert isinstance(unmet, list)
    assert [each["code"] for each in unmet] == ["WORKTREE_DIRTY", "SUBTASKS_OPEN"]
    assert refusal.hint == unmet[0]["fix"]
    forced = asks(agent, "WP01", Request(Lane.FOR_REVIEW, note="half of it is asked for", force=True))
    assert forced.to_lane is Lane.FOR_REVIEW
    assert agent.mission.status.events[-1].force


def test_a_tick_by_hand_counts_and_is_recorded_and_one_in_the_copy_is_named(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", subtasks=("T001",)))
    agent = Agent(mission)
    worktree = agent.work(agent.next())
    copy = worktree.path / "kitty-specs" / mission.slug / "tasks.md"
    copy.write_text(copy.read_text(encoding="utf-8").replace("[ ] T001", "[x] T001"), encoding="utf-8")
    refusal = refusal_of(agent, "WP01", Request(Lane.FOR_REVIEW))
    assert "T001 ticked only in the worktree's copy" in refusal.message
    tick = "spec-kitty agent tasks mark-status T001 --status done"
    assert refusal.hint == f"{tick} --mission {mission.slug} --agent claude"
    live = mission.folder / "tasks.md"
    live.write_text(live.read_text(encoding="utf-8").replace("[ ] T001", "[x] T001"), encoding="utf-8")
    asks(agent, "WP01", Request(Lane.FOR_REVIEW))
    ticks = [each.data for each in mission.status.mission_events if each.type == "subtask"]
    assert ticks == [{"subtask": "T001", "done": True}]


def test_the_hint_of_an_open_subtask_mends_it(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", subtasks=("T001",)))
    agent = Agent(mission)
    agent.work(agent.next())
    hint = str(refusal_of(agent, "WP01", Request(Lane.FOR_REVIEW)).hint)
    project.run(*hint.split()[1:], "--json").ok()
    asks(agent, "WP01", Request(Lane.FOR_REVIEW))


def test_with_commit_one_call_is_enough(agent: Agent) -> None:
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/a.txt", "a\n")
    asks(agent, "WP01", Request(Lane.FOR_REVIEW, commit="WP01: a"))
    assert worktree("log", "-1", "--format=%s") == "WP01: a"
    record = read_record(agent.mission.place, "lane-a")
    assert record is not None
    assert record.wps["WP01"].head == worktree.head()
    assert agent.mission.status.events[-1].workspace == {
        "lane_id": "lane-a",
        "branch": f"kitty/mission-{agent.mission.slug}-lane-a",
        "base": record.wps["WP01"].base,
        "head": worktree.head(),
    }
    assert read_lease(agent.mission.place, "WP01") is None


def test_a_commit_that_a_hook_stops_moves_nothing(agent: Agent, project: Project) -> None:
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/a.txt", "a\n")
    hook = project.path / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho no tabs here >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    refusal = refusal_of(agent, "WP01", Request(Lane.FOR_REVIEW, commit="WP01: a"))
    assert refusal.code == "COMMIT_FAILED"
    assert "no tabs here" in refusal.message
    assert agent.mission.lane("WP01") is Lane.IN_PROGRESS


@pytest.mark.parametrize("mode", ["code_change", "planning_artifact"])
def test_a_file_that_was_staged_and_removed_again_stops_no_hand_over(project: Project, mode: str) -> None:
    """As a hook leaves it that failed once, when the file is thought better of."""
    mission = finalized_mission(project, Task("WP01", mode=mode, owns=("docs/**",)))
    worktree = Repo(mission.claim("WP01", session="s1").workspace.path)
    worktree.write("docs/guide.md", "guide\n")
    worktree.commit("the guide")
    worktree.write("docs/draft.md", "draft\n")
    worktree("add", "docs/draft.md")
    (worktree.path / "docs/draft.md").unlink()
    asks(Agent(mission), "WP01", Request(Lane.FOR_REVIEW, commit="WP01: the rest"))
    assert (mission.lane("WP01"), worktree.status()) == (Lane.FOR_REVIEW, "")


def test_planning_work_is_judged_and_committed_by_its_own_files(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    agent = Agent(mission)
    agent.next()
    project.git.write("src/mine.txt", "mine\n")
    project.git("add", "src/mine.txt")
    project.git.write("docs/guide.md", "guide\n")
    refusal = refusal_of(agent, "WP01", Request(Lane.FOR_REVIEW))
    assert "docs/guide.md" in refusal.message
    assert "mine.txt" not in refusal.message
    asks(agent, "WP01", Request(Lane.FOR_REVIEW, commit="The guide"))
    assert project.git("show", "--name-only", "--format=%s") == "The guide\n\ndocs/guide.md"
    assert project.git.status() == "A  src/mine.txt"
    step = Agent(mission, "codex", "c1").next()
    assert "+guide" in Agent(mission).prompt(step)


def test_a_verdict_leaves_the_users_index_alone_and_the_rest_clean(
    project: Project, agent: Agent, reviewer: Agent
) -> None:
    agent.submit("WP01")
    project.git.write("mine.txt", "mine\n")
    project.git("add", "mine.txt")
    project.git.write("README.md", "changed\n")
    said = "A  mine.txt\n"
    before = sorted(project.git.status().splitlines())
    moved = reviewer.reject("WP01")
    assert moved.commit == project.git.head()
    assert moved.feedback_file == "tasks/WP01-work/review-cycle-1.md"
    assert sorted(project.git.status().splitlines()) == before
    assert said.strip() in project.git.status()
    names = project.git("show", "--name-only", "--format=").splitlines()
    assert names
    assert all(name.startswith(f"kitty-specs/{agent.mission.slug}/") for name in names)


def test_a_verdict_during_the_users_own_merge_is_recorded_and_caught_up(
    project: Project, agent: Agent, reviewer: Agent
) -> None:
    agent.submit("WP01")
    project.git("switch", "-q", "-c", "side")
    project.git.commit("side", README_md="side\n")
    project.git("switch", "-q", "main")
    project.git.commit("main", README_md="main\n")
    project.git("merge", "side", check=False)
    reviewer.next()
    moved = reviewer.move("WP01", Lane.APPROVED)
    assert (moved.commit, [each.code for each in moved.warnings]) == (None, ["COMMIT_FAILED"])
    assert agent.mission.lane("WP01") is Lane.APPROVED


def test_a_person_judges_from_for_review_in_one_go(agent: Agent) -> None:
    agent.submit("WP01")
    ada = Agent(agent.mission, "user:Ada", None)
    moved = asks(ada, "WP01", Request(Lane.APPROVED, reference="PR-7", note="read it"))
    assert (moved.from_lane, moved.to_lane) == (Lane.FOR_REVIEW, Lane.APPROVED)
    last = agent.mission.status.events[-2:]
    assert [event.to_lane for event in last] == [Lane.IN_REVIEW, Lane.APPROVED]
    evidence = last[-1].evidence
    assert evidence is not None
    assert (evidence.review.reviewer, evidence.review.reference) == ("user:Ada", "PR-7")


def test_an_approval_refers_to_the_reviewed_commit(agent: Agent, reviewer: Agent) -> None:
    worktree = agent.submit("WP01")
    head = Repo(Path(str(worktree.workspace_path))).head()
    reviewer.approve("WP01")
    assert agent.mission.status.events[-1].review_ref == head


def test_only_who_holds_the_review_gives_the_verdict(agent: Agent, reviewer: Agent) -> None:
    agent.submit("WP01")
    reviewer.next()
    third = Agent(agent.mission, "gemini", "g1")
    for asked in (Request(Lane.APPROVED), Request(Lane.PLANNED, feedback_file="-")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.StringIO("wrong"))
            refusal = refusal_of(third, "WP01", asked)
        assert isinstance(refusal, Conflict)
        assert refusal.code == "WP_ALREADY_CLAIMED"
    assert agent.mission.lane("WP01") is Lane.IN_REVIEW


def test_a_rejection_wants_words(agent: Agent, reviewer: Agent, tmp_path: Path) -> None:
    agent.submit("WP01")
    reviewer.next()
    (tmp_path / "empty.md").write_text(" \n", encoding="utf-8")
    for asked, code in (
        (Request(Lane.PLANNED), "FEEDBACK_REQUIRED"),
        (Request(Lane.PLANNED, feedback_file=str(tmp_path / "empty.md")), "FEEDBACK_REQUIRED"),
        (Request(Lane.PLANNED, feedback_file=str(tmp_path / "none.md")), "FILE_NOT_FOUND"),
    ):
        refusal = refusal_of(reviewer, "WP01", asked)
        assert isinstance(refusal, UsageError | NotFound)
        assert refusal.code == code
    assert agent.mission.lane("WP01") is Lane.IN_REVIEW


def test_feedback_of_a_forced_rejection_is_kept_too(agent: Agent, reviewer: Agent, tmp_path: Path) -> None:
    agent.submit("WP01")
    reviewer.next()
    (tmp_path / "f.md").write_text("Not like this.\n", encoding="utf-8")
    ada = Agent(agent.mission, "user:Ada", None)
    asks(ada, "WP01", Request(Lane.PLANNED, feedback_file=str(tmp_path / "f.md"), note="no time", force=True))
    assert "Not like this." in agent.prompt(agent.next())


def test_approved_work_can_be_sent_back(agent: Agent, reviewer: Agent) -> None:
    agent.submit("WP01")
    reviewer.approve("WP01")
    moved = reviewer.move("WP01", Lane.PLANNED, "It leaks.\n")
    assert moved.from_lane is Lane.APPROVED
    assert "It leaks." in agent.prompt(agent.next())


@pytest.mark.parametrize("target", [Lane.BLOCKED, Lane.CANCELED])
def test_a_review_can_end_in_a_block_or_a_cancellation(agent: Agent, reviewer: Agent, target: Lane) -> None:
    agent.submit("WP01")
    reviewer.next()
    assert isinstance(refusal_of(reviewer, "WP01", Request(target)), Refused)
    assert asks(reviewer, "WP01", Request(target, note="the customer left")).to_lane is target


def test_work_is_done_with_the_evidence_of_its_approval(agent: Agent, reviewer: Agent, project: Project) -> None:
    agent.submit("WP01")
    reviewer.approve("WP01")
    done = asks(reviewer, "WP01", Request(Lane.DONE))
    assert done.commit == project.git.head()
    evidence = agent.mission.status.events[-1].evidence
    assert evidence is not None
    assert evidence.review.reviewer == "codex"


def test_without_an_identity_moves_succeed_with_a_warning(
    project: Project, agent: Agent, reviewer: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.submit("WP01")
    project.git("config", "--global", "--unset", "user.name")
    project.git("config", "--global", "--unset", "user.email")
    project.git("config", "user.useConfigOnly", "true")
    reviewer.next()
    moved = reviewer.move("WP01", Lane.APPROVED)
    assert (moved.commit, [each.code for each in moved.warnings]) == (None, ["NO_GIT_IDENTITY"])
    assert Git(project.path).identity() is None


def test_another_session_cannot_hand_over_what_somebody_holds(mission: Mission, agent: Agent, reviewer: Agent) -> None:
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("half.txt", "half\n")
    before = worktree.head()

    refusal = refusal_of(reviewer, "WP01", Request(Lane.FOR_REVIEW, commit="not mine"))

    assert (refusal.code, worktree.head()) == ("WP_ALREADY_CLAIMED", before)
    assert agent.actor.name in refusal.message
    assert mission.lane("WP01") is Lane.IN_PROGRESS
