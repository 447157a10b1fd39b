"""The loop as agents run it: many processes at once, killed, waiting, shut out of `.git`."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specify_cli.status.models import Lane
from tests.support.cli import SCRIPT
from tests.support.git import Repo
from tests.support.loop import FULL_PLAN, Agent, tree_of
from tests.support.missions import Mission, finalized_mission
from tests.support.project import SPEC, Project, Task, write_documents

SESSIONS = (("claude", "s1"), ("claude", "s2"), ("codex", "c1"))


def start(mission: Mission, agent: str, session: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(SCRIPT), "next", "--agent", agent, "--mission", mission.slug, "--json", *words],
        cwd=mission.project.path,
        env={**os.environ, "SPEC_KITTY_SESSION": session},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=60)
    assert out, err
    answer = json.loads(out)
    assert isinstance(answer, dict)
    return answer


def all_at_once(mission: Mission) -> list[dict[str, Any]]:
    return [said(each) for each in [start(mission, *who) for who in SESSIONS]]


def test_three_sessions_never_hold_the_same_step(project: Project) -> None:
    """From the first planning step to acceptance, each turn asked for by all three at once."""
    mission = Mission(project, project.create())
    planning = 0
    steps: list[dict[str, Any]] = []
    for _ in range(20):
        answers = all_at_once(mission)
        steps = [each for each in answers if each["kind"] == "step"]
        counted = Counter((each["action"], each["wp_id"]) for each in steps)
        assert steps, answers
        assert max(counted.values()) == 1, answers
        assert len({each["step_id"] for each in steps}) == len(steps)
        for each in steps:
            planning += each["wp_id"] is None
            _do(mission, each)
        if steps[0]["action"] == "accept":
            break
    assert steps[0]["action"] == "accept"
    assert len(steps) == 1
    assert planning >= 6
    assert {mission.lane(wp_id) for wp_id in ("WP01", "WP02", "WP03")} == {Lane.APPROVED}


def _do(mission: Mission, step: Mapping[str, Any]) -> None:
    agent = Agent(mission, step["agent"], step["session"])
    tasks = (Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01",)))
    action = step["action"]
    if action == "implement":
        repo = Repo(Path(step["workspace_path"]))
        repo.write(f"src/{step['wp_id'].lower()}/work.txt", "work\n")
        repo.commit("work")
        agent.move(step["wp_id"], Lane.FOR_REVIEW)
    elif action == "review":
        agent.move(step["wp_id"], Lane.APPROVED)
    elif action != "accept":
        _plan(mission, action, tasks)
        result = said(
            start(mission, step["agent"], step["session"], "--result", "success", "--step-id", step["step_id"])
        )
        assert result["guard_failures"] == [] or result["step_id"] != step["step_id"], result


def _plan(mission: Mission, action: str, tasks: tuple[Task, ...]) -> None:
    if action == "specify":
        (mission.folder / "spec.md").write_text(SPEC, encoding="utf-8")
    elif action == "plan":
        (mission.folder / "plan.md").write_text(FULL_PLAN, encoding="utf-8")
    elif action == "tasks_finalize":
        mission.project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug, "--json").ok()
    else:
        write_documents(mission.folder, tasks)
        (mission.folder / "plan.md").write_text(FULL_PLAN, encoding="utf-8")


def test_as_many_sessions_as_there_are_work_packages_each_get_one(project: Project) -> None:
    mission = finalized_mission(project, *(Task(f"WP{number:02d}") for number in range(1, 9)))
    answers = [said(each) for each in [start(mission, "claude", f"s{number}") for number in range(9)]]
    assert sorted(str(each["wp_id"]) for each in answers if each["kind"] == "step") == [
        f"WP{number:02d}" for number in range(1, 9)
    ]
    assert [each["reason"] for each in answers if each["kind"] != "step"] == ["waiting"]


def test_a_killed_sessions_work_is_offered_again_once_it_is_quiet(project: Project) -> None:
    mission = finalized_mission(project)
    held = said(start(mission, "claude", "s1"))
    worktree = Repo(Path(held["workspace_path"]))
    worktree.write("half.txt", "half\n")
    waiting = start(mission, "claude", "s2")
    assert said(waiting)["reason"] == "waiting"
    assert waiting.returncode == 1
    assert said(start(mission, "claude", "s1"))["step_id"] == held["step_id"], "the same session comes back at once"
    _quiet_minutes(mission, 0)
    taken = said(start(mission, "claude", "s2"))
    assert (taken["wp_id"], taken["workspace_path"]) == ("WP01", held["workspace_path"])
    assert worktree.status() == "?? half.txt"
    assert [each.type for each in mission.status.mission_events].count("lease_taken_over") == 1


def test_one_who_waits_goes_on_as_soon_as_there_is_something(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    Agent(mission).next()
    waiting = start(mission, "codex", "c1", "--wait", "50")
    time.sleep(1.0)
    assert waiting.poll() is None
    agent = Agent(mission)
    agent.work(agent.next())
    began = time.monotonic()
    agent.move("WP01", Lane.FOR_REVIEW)
    answer = said(waiting)
    assert (answer["action"], answer["wp_id"]) == ("review", "WP01")
    assert time.monotonic() - began < 20


def test_waiting_in_vain_ends_after_its_time(project: Project) -> None:
    mission = finalized_mission(project)
    Agent(mission).next()
    began = time.monotonic()
    assert said(start(mission, "codex", "c1", "--wait", "1"))["kind"] == "blocked"
    assert time.monotonic() - began >= 1.0


def test_an_unknown_mission_is_refused(project: Project) -> None:
    for words in (("next",), ("next", "--agent", "claude")):
        project.run(*words, "--mission", "no-such", "--json").failed("MISSION_NOT_FOUND", 1)


def test_a_query_writes_nothing_at_all(project: Project) -> None:
    mission = finalized_mission(project)
    before = tree_of(project.path)
    answer = project.run_installed("next", "--mission", mission.slug, "--json").ok().json()
    assert (answer["kind"], answer["preview_step"], answer["is_query"]) == ("query", "implement", True)
    assert tree_of(project.path) == before


def test_next_ends_with_one_only_when_blocked(project: Project) -> None:
    mission = finalized_mission(project)
    run = project.run("next", "--agent", "claude", "--mission", mission.slug, "--json")
    assert run.code == 0
    blocked = project.run("next", "--agent", "codex", "--mission", mission.slug, "--json")
    assert (blocked.code, blocked.json()["kind"]) == (1, "blocked")


def test_without_write_access_to_the_git_folder_the_path_and_the_mend_are_named(project: Project) -> None:
    mission = finalized_mission(project)
    state = project.path / ".git" / "spec-kitty"
    for folder in (state, *(each for each in state.rglob("*") if each.is_dir())):
        folder.chmod(0o555)
    for file in state.rglob("*.lock"):
        file.chmod(0o444)
    # Root writes wherever it likes, unless that power is taken away.
    words = [str(SCRIPT), "next", "--agent", "claude", "--mission", mission.slug, "--json"]
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *words]
    done = subprocess.run(words, cwd=project.path, capture_output=True, text=True, check=False)
    for folder in (state, *(each for each in state.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["error_code"]) == (1, "STATE_READ_ONLY"), done.stderr
    assert str(state) in answer["details"]["path"]
    assert answer["hint"].startswith("chmod u+rwx ")
    assert answer["hint"].endswith(f" && chmod u+rw {answer['details']['path']}")


def _quiet_minutes(mission: Mission, minutes: int) -> None:
    path = mission.project.path / ".kittify" / "config.yaml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("leases:")]
    path.write_text("\n".join([*lines, f"leases: {{quiet_minutes: {minutes}}}"]) + "\n", encoding="utf-8")
