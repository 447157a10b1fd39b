from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support import today
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

KEYS = {
    "kind", "agent", "mission_slug", "mission_number", "mission_id", "mission_type", "mission", "mission_state",
    "timestamp", "action", "wp_id", "workspace_path", "prompt_file", "reason", "guard_failures", "progress", "origin",
    "run_id", "step_id", "decision_id", "input_key", "question", "options", "is_query", "preview_step", "session",
    "waiting_for", "retry_after", "warnings",
}  # fmt: skip


def ask(project: Project, *words: str, agent: str | None = "claude") -> Result:
    """Run `next` for an agent, asking for JSON."""
    return project.run("next", *(("--agent", agent) if agent else ()), *words, "--json")


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01, and WP02 that depends on it."""
    return finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))


def test_a_query_writes_nothing_and_shows_what_would_come(project: Project) -> None:
    slug = project.create()
    before = (project.path / ".git" / "spec-kitty").stat().st_mtime_ns, project.git.status()
    found = ask(project, agent=None).ok().json()
    assert found.keys() >= KEYS
    assert (found["kind"], found["is_query"], found["agent"]) == ("query", True, None)
    assert (found["mission_slug"], found["mission_state"], found["preview_step"]) == (slug, "not_started", "specify")
    assert (found["mission_type"], found["mission"]) == ("software-dev", "software-dev")
    assert (found["step_id"], found["prompt_file"]) == (None, None)
    assert ((project.path / ".git" / "spec-kitty").stat().st_mtime_ns, project.git.status()) == before
    told = project.run("next").ok().out
    assert told.startswith(f"{slug}: specify would come next\n")
    assert told.endswith(f"Next: spec-kitty next --agent NAME --mission {slug}\n")


def test_a_step_is_handed_out_with_its_prompt_and_stays_the_same(project: Project) -> None:
    slug = project.create()
    found = ask(project).ok().json()
    assert found.keys() >= KEYS
    assert (found["kind"], found["action"], found["is_query"], found["agent"]) == ("step", "specify", False, "claude")
    assert found["detection_method"] == "the only open mission"
    assert [each["code"] for each in found["warnings"]] == ["SESSION_UNKNOWN"]
    assert "spec.md" in Path(found["prompt_file"]).read_text()
    again = ask(project).ok().json()
    assert (again["step_id"], again["prompt_file"]) == (found["step_id"], found["prompt_file"])
    told = project.run("next", "--agent", "claude").ok()
    assert told.out.startswith(f"{slug}: specify\n")
    assert f"Next: spec-kitty next --agent claude --mission {slug} --result success" in told.out
    assert "Warning: claude gave no session id: several claude sessions share one identity" in told.err


def test_a_report_of_an_unfinished_step_says_what_is_missing(project: Project) -> None:
    project.create()
    step = ask(project).ok().json()
    found = ask(project, "--result", "success").ok().json()
    assert (found["action"], found["step_id"], found["reason"]) == ("specify", step["step_id"], "not finished yet")
    assert found["guard_failures"]
    told = project.run("next", "--agent", "claude", "--result", "success").ok().out
    assert "  missing   " in told
    assert "not finished yet" in told


def test_a_finished_step_leads_to_the_next_in_the_same_answer(project: Project) -> None:
    slug = project.create()
    ask(project).ok()
    (project.folder(slug) / "spec.md").write_text("# Spec\n\n- **FR-001**: It ticks.\n")
    found = ask(project, "--result", "success").ok().json()
    assert (found["action"], found["kind"]) == ("plan", "step")
    assert project.git("log", "-1", "--format=%s").startswith(f"spec-kitty({slug}): ")
    assert project.git.status() == ""


def test_work_is_claimed_by_handing_it_out(mission: Mission) -> None:
    found = ask(mission.project).ok().json()
    assert (found["action"], found["wp_id"]) == ("implement", "WP01")
    assert found["workspace_path"] == str(mission.project.path / ".worktrees" / f"{mission.slug}-lane-a")
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    told = mission.project.run("next", "--agent", "claude").ok().out
    assert f"{mission.slug}: implement WP01\n" in told
    assert "  work in   " in told
    assert "  prompt    " in told


def test_nothing_but_others_at_work_is_blocked_and_says_who(mission: Mission) -> None:
    ask(mission.project).ok()
    waiting = ask(mission.project, agent="codex")
    assert waiting.code == 1
    found = waiting.json()
    assert (found["kind"], found["reason"]) == ("blocked", "waiting")
    assert found["waiting_for"][0]["actor"] == "claude"
    assert found["retry_after"]
    told = mission.project.run("next", "--agent", "codex")
    assert told.code == 1
    assert "nothing to do right now" in told.out
    assert "waiting for WP01 implement: claude" in told.out
    assert told.out.endswith(f"Next: spec-kitty next --agent codex --mission {mission.slug} --wait 60\n")


def test_another_session_of_ones_own_name_is_told_apart_from_oneself(mission: Mission) -> None:
    ask(mission.project, "--session", "one").ok()
    told = mission.project.run("next", "--agent", "claude", "--session", "two")
    assert "waiting for WP01 implement: claude (one)" in told.out


def test_waiting_ends_when_there_is_something_to_do(mission: Mission) -> None:
    ask(mission.project).ok()
    before = time.monotonic()
    assert ask(mission.project, "--wait", "0.3", agent="codex").code == 1
    assert 0.3 <= time.monotonic() - before < 10
    timer = threading.Timer(0.2, mission.force, ["WP01", Lane.PLANNED])
    timer.start()
    found = ask(mission.project, "--wait", "20", agent="codex").ok().json()
    timer.join()
    assert (found["wp_id"], found["agent"]) == ("WP01", "codex")
    assert time.monotonic() - before < 15


def test_work_can_be_given_back(mission: Mission) -> None:
    ask(mission.project).ok()
    found = ask(mission.project, "--result", "failed", "--note", "no tea left").json()
    events = mission.status.events
    given = [event for event in events if event.to_lane is Lane.PLANNED and event.from_lane is Lane.IN_PROGRESS]
    assert [(event.reason, event.actor) for event in given] == [("no tea left", "claude")]
    assert mission.status.snapshot.work_packages["WP01"]["force_count"] == 0
    assert found["kind"] in ("step", "blocked")


def test_a_question_is_asked_and_answered(mission: Mission) -> None:
    ask(mission.project).ok()
    found = ask(mission.project, "--result", "blocked", "--note", "which tea?").json()
    assert found["kind"] == "decision_required"
    assert found["question"]
    told = mission.project.run("next", "--agent", "claude").out
    assert "a decision is needed" in told
    assert f"--decision-id {found['decision_id']}" in told
    assert [f"    - {option}" in told for option in found["options"]] == [True] * len(found["options"])
    ask(mission.project, "--answer", "resume", "--decision-id", "no-such").failed("DECISION_NOT_FOUND", 1)
    again = ask(mission.project, "--answer", "resume", "--decision-id", found["decision_id"]).ok().json()
    assert again["kind"] == "step"
    assert again["wp_id"] == "WP01"


def test_an_accepted_mission_is_at_its_end(mission: Mission) -> None:
    for wp_id in ("WP01", "WP02"):
        mission.force(wp_id, Lane.DONE)
    meta = mission.folder / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "merged_at": "2026-11-20T12:00:00+00:00"}))
    found = ask(mission.project, "--mission", mission.slug).ok().json()
    assert found["kind"] == "terminal"
    told = mission.project.run("next", "--agent", "claude", "--mission", mission.slug).ok().out
    assert "nothing left to do" in told


@pytest.mark.parametrize(
    "words",
    [
        ("--result", "done", "--agent", "claude"),
        ("--result", "success"),
        ("--note", "x"),
        ("--decision-id", "x"),
        ("--only", "review"),
        ("--only", ",", "--agent", "claude"),
        ("--only", "sleep", "--agent", "claude"),
        ("--no-next",),
        ("--no-next", "--agent", "claude"),
        ("--no-next", "--result", "success", "--wait", "5", "--agent", "claude"),
        ("--commit", "x"),
        ("--step-id", "x"),
        ("--wait", "5"),
        ("--wait", "-1", "--agent", "claude"),
        ("--wait", "soon", "--agent", "claude"),
        ("surplus",),
    ],
)
def test_a_line_that_makes_no_sense_is_a_usage_error(words: tuple[str, ...], project: Project) -> None:
    project.create()
    before = project.git.status()
    error = project.run("next", *words, "--json").failed("USAGE_ERROR", 2).json()
    assert error["hint"] == "spec-kitty next --help"
    assert project.git.status() == before


def test_a_report_without_an_open_step_judges_nothing(mission: Mission) -> None:
    found = ask(mission.project, "--result", "success").ok().json()
    assert (found["action"], found["wp_id"]) == ("implement", "WP01")
    ask(mission.project, "--result", "success", "--step-id", "no-such-step").failed("STEP_NOT_FOUND", 1)


def test_a_person_answers_without_an_agent_and_takes_nothing(mission: Mission) -> None:
    asked = ask(mission.project)
    found = ask(mission.project, "--result", "blocked", "--note", "which tea?").json()
    told = mission.project.run("next", "--decision-id", found["decision_id"], "--answer", "Assam").ok()
    assert told.out.startswith(f"{mission.slug}: ")
    assert "  answered\n" in told.out
    events = [each for each in mission.status.mission_events if each.type == "decision_answered"]
    assert [(each.actor, each.data["answer"]) for each in events] == [("user:Ada", "Assam")]
    assert mission.status.holders()["WP01"].actor == "claude", "it goes on with whoever asked"
    assert ask(mission.project).ok().json()["step_id"] != asked.json()["step_id"]


def test_a_person_who_answers_is_handed_no_work(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    ask(project)
    ask(project, "--result", "blocked", "--note", "which tea?", "--no-next")
    assert mission.lane("WP02") is Lane.PLANNED
    found = project.run("next", "--answer", "cancel", "--json").ok().json()
    assert (found["kind"], found["reason"], found["is_query"], found["preview_step"]) == (
        "query", "answered", True, "implement",
    )  # fmt: skip
    assert (mission.lane("WP01"), mission.lane("WP02")) == (Lane.CANCELED, Lane.PLANNED)
    assert [each.type for each in mission.status.mission_events].count("step_issued") == 1


@pytest.mark.parametrize("result", ["success", "failed", "blocked"])
def test_a_report_without_a_next_step_takes_none(project: Project, result: str) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    step = ask(project).ok().json()
    repo = Repo(Path(step["workspace_path"]))
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.commit("work")
    found = ask(project, "--result", result, "--note", "stopped", "--no-next").ok().json()
    assert (found["kind"], found["reason"], found["step_id"]) == ("query", "reported", None)
    assert mission.lane("WP01") is not Lane.IN_PROGRESS
    assert mission.lane("WP02") is Lane.PLANNED
    assert [each.type for each in mission.status.mission_events].count("step_issued") == 1


def test_a_worker_that_takes_only_some_steps_waits_for_the_others(mission: Mission) -> None:
    for wp_id in ("WP01", "WP02"):
        mission.walk(wp_id, Lane.APPROVED)
    found = ask(mission.project, "--only", "implement,review").failed(exit_code=1).json()
    assert [each["what"] for each in found["waiting_for"]] == ["accept"]
    told = mission.project.run("next", "--agent", "claude", "--only", "implement, review")
    assert "  waiting for accept\n" in told.out
    assert told.out.endswith(
        f"Next: spec-kitty next --agent claude --mission {mission.slug} --only implement,review --wait 60\n"
    )
    assert ask(mission.project, "--only", "accept").ok().json()["action"] == "accept"


def test_own_work_waits_for_a_reviewer(mission: Mission) -> None:
    mission.walk("WP01", Lane.FOR_REVIEW)
    ask(
        mission.project,
        agent="codex",
    )
    mission.force("WP01", Lane.FOR_REVIEW, actor="codex")
    found = ask(mission.project).failed(exit_code=1).json()
    assert found["waiting_for"] == [{"what": "review of WP01", "actor": None, "session": None}]
    told = mission.project.run("next", "--agent", "claude").failed(exit_code=1).out
    assert "nothing to do right now\n  waiting for review of WP01\n" in told
    assert told.endswith(f"Next: spec-kitty next --agent claude --mission {mission.slug} --wait 60\n")


def test_a_person_who_answers_is_sent_to_the_board_and_not_into_the_loop(mission: Mission) -> None:
    ask(mission.project).ok()
    asked = ask(mission.project, "--result", "blocked", "--note", "Which tea?").json()
    told = mission.project.run("next", "--decision-id", asked["decision_id"], "--answer", "green").ok()
    assert told.out.endswith(f"Next: spec-kitty status --mission {mission.slug}\n")


def test_an_answer_that_comes_too_late_says_so(mission: Mission) -> None:
    ask(mission.project).ok()
    asked = ask(mission.project, "--result", "blocked", "--note", "which tea?").json()["decision_id"]
    answer = ("next", "--decision-id", asked, "--answer")
    mission.project.run(*answer, "green").ok()
    again = mission.project.run(*answer, "green", "--json").ok().json()
    assert "DECISION_ANSWERED" in [each["code"] for each in again["warnings"]]
    late = mission.project.run(*answer, "cancel", "--json").failed("DECISION_ANSWERED", 1).json()
    assert "WP01 is in_progress by now" in late["error"]
    mission.project.run(*answer, "green, with milk").ok()
    given = [event.data["answer"] for event in mission.status.mission_events if event.type == "decision_answered"]
    assert (given, mission.lane("WP01")) == (["green", "green, with milk"], Lane.IN_PROGRESS)


def test_work_that_was_committed_beside_its_worktree_is_named(mission: Mission) -> None:
    ask(mission.project).ok()
    git = mission.project.git
    git.write("src/wp01/a.py", "a = 1\n")
    git("add", "-A")
    now = {**os.environ, **today.commit_dates()}
    subprocess.run(("git", "commit", "-q", "-m", "on main instead"), cwd=git.path, env=now, check=True)
    move = ("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude", "--json")
    unmet = mission.project.run(*move).failed().json()["details"]["unmet"]
    (missing,) = [each for each in unmet if each["code"] == "NO_NEW_COMMIT"]
    assert "on main instead" in missing["what"]
    assert missing["fix"].endswith(f" cherry-pick {git.head()}")


def test_the_text_of_the_prompt_comes_with_the_answer_where_it_is_asked_for(mission: Mission) -> None:
    plain = ask(mission.project).ok().json()
    assert plain["prompt"] is None
    asked = ask(mission.project, "--print-prompt").ok().json()
    prompt = Path(plain["prompt_file"]).read_text(encoding="utf-8")
    assert (asked["prompt_file"], asked["prompt"]) == (plain["prompt_file"], prompt)
    worktree = Path(plain["workspace_path"])
    told = mission.project.run("next", "--agent", "claude", "--print-prompt", cwd=worktree).ok()
    assert told.out.endswith(f"--result success\n\n{prompt.rstrip()}\n")
    for action in (("next", "--result", "success"), ("agent", "action", "implement", "WP01")):
        again = mission.project.run(*action, "--agent", "claude", "--print-prompt", "--json").json()
        assert again["prompt"].startswith("# Implement WP01"), action
    waiting = ask(mission.project, "--print-prompt", agent="codex").failed(exit_code=1).json()
    assert (waiting["kind"], waiting["prompt"]) == ("blocked", None)
    ask(mission.project, "--print-prompt", agent=None).failed("USAGE_ERROR", 2)


def test_an_empty_message_is_no_commit(mission: Mission) -> None:
    ask(mission.project).ok()
    for words in (("next", "--result", "success"), ("agent", "tasks", "move-task", "WP01", "--to", "for_review")):
        refused = mission.project.run(*words, "--agent", "claude", "--commit", " ", "--json").failed("USAGE_ERROR", 2)
        assert "--commit is empty" in refused.json()["error"]


def test_a_placeholder_is_no_answer(mission: Mission) -> None:
    ask(mission.project).ok()
    asked = ask(mission.project, "--result", "blocked", "--note", "which tea?").json()["decision_id"]
    for placeholder in ("ANSWER", "…", " "):
        mission.project.run("next", "--decision-id", asked, "--answer", placeholder, "--json").failed("USAGE_ERROR", 2)
    assert mission.lane("WP01") is Lane.BLOCKED
