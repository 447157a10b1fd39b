"""Whoever runs a hint literally, in a new shell at the root of the project, is understood and gets on."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.loop import FULL_PLAN
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task, write_documents

MOVE = ("agent", "tasks", "move-task", "WP01", "--to")
ANN, BOB = "ann", "bob"


@pytest.fixture
def mission(project: Project, monkeypatch: pytest.MonkeyPatch) -> Mission:
    """Ann has WP01, with two subtasks; WP02 is for whoever comes."""
    monkeypatch.setenv("SPEC_KITTY_SESSION", "s1")
    mission = finalized_mission(project, Task("WP01", subtasks=("T001", "T002")), Task("WP02"))
    mission.claim("WP01", actor=ANN, session="s1")
    return mission


def run(mission: Mission, *words: str, agent: str = ANN) -> Result:
    return mission.project.run(*words, "--agent", agent, "--mission", mission.slug, "--json")


def hand_over(mission: Mission, **files: str) -> None:
    """Ann does her work and hands it to review."""
    Repo(mission.claim("WP01", actor=ANN, session="s1").workspace.path).commit("work", **files)
    run(mission, "agent", "tasks", "mark-status", "T001", "T002", "--status", "done").ok()
    run(mission, *MOVE, "for_review").ok()


def follow(mission: Mission, command: str) -> Result:
    """Run a command of ours as it was told."""
    program, *words = shlex.split(command, comments=True)
    assert program == "spec-kitty", command
    return mission.project.run(*words, "--json")


@pytest.mark.parametrize("words", [(*MOVE, "for_review"), ("next", "--result", "success")], ids=lambda words: words[0])
def test_the_fixes_of_a_refused_hand_over_hand_it_over(mission: Mission, words: tuple[str, ...]) -> None:
    Repo(mission.claim("WP01", actor=ANN, session="s1").workspace.path).write("src/wp01/a.py", "x = 1\n")
    run(mission, "next").ok()
    told = run(mission, *words).json()
    if words[0] == "next":
        fixes = [each.partition(" (fix: ")[2].removesuffix(")") for each in told["guard_failures"]]
    else:
        fixes = [each["fix"] for each in told["details"]["unmet"]]
    assert len(fixes) == 2
    for fix in reversed(fixes):
        follow(mission, fix).ok()
    assert mission.lane("WP01") is Lane.FOR_REVIEW
    assert {event.actor for event in mission.status.mission_events if event.type == "subtask"} == {ANN}


def test_the_commands_of_why_are_those_of_the_holder(mission: Mission) -> None:
    Repo(mission.claim("WP01", actor=ANN, session="s1").workspace.path).write("src/wp01/a.py", "x = 1\n")
    told = mission.project.run("why", "WP01", "--json").ok().json()
    for fix in reversed([each["fix"] for each in told["unmet"]]):
        follow(mission, fix).ok()
    assert mission.lane("WP01") is Lane.FOR_REVIEW


def test_what_a_claim_says_to_do_when_done_is_done_by_the_claimant(mission: Mission) -> None:
    said = mission.project.run("agent", "action", "implement", "WP01", "--agent", ANN, "--mission", mission.slug).ok()
    assert said.out.splitlines()[-1].endswith(f"--to for_review --agent {ANN} --mission {mission.slug}")


def test_nobody_is_told_to_go_around_the_review(mission: Mission) -> None:
    for lane in ("done", "claimed", "in_review"):
        for agent in (ANN, BOB):
            hint = run(mission, *MOVE, lane, agent=agent).failed(exit_code=1).json()["hint"]
            follow(mission, hint)
            assert mission.lane("WP01") is Lane.IN_PROGRESS, hint


def test_who_is_too_early_finishes_what_is_his_and_waits_for_others(mission: Mission) -> None:
    write_documents(mission.folder, (Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01",))))
    mission.project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json").ok()
    hand = ("agent", "action", "implement", "WP03")
    early = run(mission, *hand).failed("DEPENDENCIES_NOT_SATISFIED", 1).json()["hint"]
    assert early == f"spec-kitty agent tasks move-task WP01 --to for_review --mission {mission.slug} --agent {ANN}"
    early = run(mission, *hand, agent=BOB).failed("DEPENDENCIES_NOT_SATISFIED", 1).json()["hint"]
    assert early == f"spec-kitty next --agent {BOB} --wait 60 --mission {mission.slug}"


def test_what_is_over_is_not_begun_anew_by_an_agent(mission: Mission) -> None:
    mission.force("WP01", Lane.APPROVED)
    hint = run(mission, "agent", "action", "implement", "WP01", agent=BOB).failed("WP_NOT_CLAIMABLE", 1).json()["hint"]
    assert hint == f"spec-kitty next --agent {BOB} --mission {mission.slug}"


def test_who_reports_twice_is_sent_on(mission: Mission) -> None:
    hand_over(mission, a_py="x = 1\n")
    again = run(mission, *MOVE, "for_review").failed("TRANSITION_REJECTED", 1).json()
    assert again["hint"] == f"spec-kitty next --agent {ANN} --mission {mission.slug}"
    assert follow(mission, again["hint"]).json()["agent"] == ANN


@pytest.mark.parametrize(
    "words",
    [
        ("agent", "action", "implement", "WP01"),
        (*MOVE, "for_review"),
        ("next", "--result", "success", "--step-id", "01M7ZNBDQ00ZWF92B60MHFGKEQ"),
    ],
    ids=lambda words: words[-1],
)
def test_who_has_the_wrong_work_package_or_step_is_led_back_to_the_loop(
    mission: Mission, words: tuple[str, ...]
) -> None:
    hint = run(mission, *words, agent="bob the 2nd").failed(exit_code=1).json()["hint"]
    assert follow(mission, hint.replace("--wait 60", "")).json()["agent"] == "bob the 2nd"


def test_an_agent_whose_own_work_waits_is_not_made_another(mission: Mission) -> None:
    run(mission, "next", agent=BOB).ok()
    hand_over(mission, a_py="x = 1\n")
    hint = run(mission, *MOVE, "approved").failed("SELF_REVIEW", 1).json()["hint"]
    assert follow(mission, hint).json()["agent"] == ANN


def test_a_review_names_the_files_that_the_work_package_does_not_own(mission: Mission) -> None:
    hand_over(mission, README_md="mine now\n")
    prompt = Path(run(mission, "next", agent=BOB).ok().json()["prompt_file"]).read_text(encoding="utf-8")
    assert "Owned files: src/wp01/**\nChanged although it does not own them: README.md\n" in prompt


@pytest.mark.parametrize("name", ["NAME", "ANOTHER"])
def test_nobody_is_called_as_a_hint_calls_everybody(mission: Mission, name: str) -> None:
    told = run(mission, "next", agent=name).failed("USAGE_ERROR", 2).json()
    follow(mission, told["hint"]).ok()
    run(mission, *MOVE, "approved", "--reviewer", name, agent=BOB).failed("USAGE_ERROR", 2)


@pytest.mark.parametrize("step", ["plan", "finalize"])
def test_a_step_that_a_command_of_ours_begins_names_it(project: Project, step: str) -> None:
    mission = created_mission(project, Task("WP01"))
    (mission.folder / "plan.md").write_text(FULL_PLAN, encoding="utf-8")
    if step == "plan":
        (mission.folder / "plan.md").unlink()
    project.git.commit("a person wrote it")
    told = run(mission, "next").ok().json()
    assert told["action"] == {"plan": "plan", "finalize": "tasks_finalize"}[step]
    (missing,) = told["guard_failures"]
    follow(mission, missing.partition(" (fix: ")[2].removesuffix(")")).ok()
    assert missing not in run(mission, "next").ok().json()["guard_failures"]
