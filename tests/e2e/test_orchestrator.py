"""The published client, installed beside the tool, and a client of our own (the example of the manual)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.agents import make_agents, turns
from tests.support.cli import run_script
from tests.support.git import Repo, make_repo
from tests.support.journey import Journey
from tests.support.process import wait_for
from tests.support.project import Task
from tests.support.replay import parts
from tests.support.source import ROOT

pytestmark = pytest.mark.e2e

CLIENT = str(Path(sys.executable).parent / "spec-kitty-orchestrator")
# The client polls every two seconds; tests of ours that need no such patience poll faster.
HASTY = """
import spec_kitty_orchestrator.loop as loop
from spec_kitty_orchestrator.cli.main import main
loop.LOOP_POLL_INTERVAL = 0.3
main()
"""
LIBRARY = """
import json, sys
from pathlib import Path
from spec_kitty_orchestrator.host.client import HostClient
host, mission = HostClient(Path(sys.argv[1]), "spec-kitty-orchestrator"), sys.argv[2]
state = host.mission_state(mission)
accepted = host.accept_mission(mission)
merged = host.merge_mission(mission, target="main", strategy="squash")
print(json.dumps([state.model_dump(), accepted.model_dump(), merged.model_dump()]))
"""
FIVE = (
    Task("WP01", subtasks=("T001",)),
    Task("WP02", needs=("WP01",), subtasks=("T002", "T003")),
    Task("WP03", needs=("WP01",)),
    Task("WP04", needs=("WP02", "WP03"), subtasks=("T004",)),
    Task("WP05"),
)
APART, CHAIN = (Task("WP01"), Task("WP02")), (Task("WP01"), Task("WP02", needs=("WP01",)))


@dataclass(frozen=True, slots=True)
class Site:
    """A mission ready to be orchestrated.

    Args:
        agents: the folder of the scripted agents.
        env: under which they are found.
    """

    mission: Journey
    agents: Path
    env: Mapping[str, str]

    @property
    def root(self) -> Path:
        """The user's checkout."""
        return self.mission.home

    @property
    def slug(self) -> str:
        """The mission's slug."""
        return self.mission.slug

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a program in a process group of its own, so that it can be killed with all it started."""
        return subprocess.Popen(
            words, cwd=self.root, env={**os.environ, **self.env}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """Run a program that must succeed; what it printed."""
        started = self.begin(*words)
        told, _ = started.communicate(timeout=120)
        assert started.returncode == 0, told
        return told

    def lanes(self) -> dict[str, str]:
        """Work package -> lane."""
        return self.mission.lanes()


def site(folder: Path, *tasks: Task, careless: str = "", slow: str = "") -> Site:
    """A repository, a project and a mission in it, made with documented commands."""
    repo = make_repo(folder / "tea")
    run_script("init", "--ai", "claude,codex", "--non-interactive", "--json", cwd=repo.path).ok()
    repo.commit("Set up spec-kitty")
    mission = Journey(repo.path, repo.path).create("tea-timer")
    mission.plan(*tasks)
    return Site(mission, folder / "bin", make_agents(folder / "bin", careless=careless, slow=slow))


def accept_and_merge(where: Site) -> list[dict[str, Any]]:
    """With the client's own library: the state before, the acceptance, the merge."""
    told: list[dict[str, Any]] = json.loads(where.run(sys.executable, "-c", LIBRARY, str(where.root), where.slug))
    return told


def moves(where: Site) -> list[dict[str, Any]]:
    """Every move of a merged mission."""
    text = (where.mission.folder / "status.events.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def nothing_left_over(where: Site, *, theirs: bool) -> None:
    """Only what the client made itself is left: its worktree and branch, its logs and its state."""
    git = Repo(where.root)
    branches = git("branch", "--format=%(refname:short)").splitlines()
    assert branches == ["main", *([f"spec-kitty/orchestrator/{where.slug}"] if theirs else [])]
    left = {path.name for path in (where.root / ".worktrees").iterdir()} - {".gitignore"}
    assert left == ({f"{where.slug}-orchestrator"} if theirs else set())
    own = (".kittify/logs/", ".kittify/orchestrator-run-state.json")
    assert not [line for line in git.status().splitlines() if not (theirs and line[3:].startswith(own))]


def the_code_is_there(where: Site, *tasks: Task) -> None:
    """Every work package's code is on the target, and runs."""
    for task in tasks:
        code = Repo(where.root)("show", f"main:src/{task.id.lower()}/code.py")
        assert (where.root / "src" / task.id.lower() / "code.py").read_text(encoding="utf-8") == code + "\n"
        program = f"{code}\nprint(main(), main.__doc__)"
        assert where.run(sys.executable, "-c", program) == f"{task.id} What {task.id} does.\n"


def test_the_published_client_brings_a_mission_home(tmp_path: Path) -> None:
    where = site(tmp_path, *FIVE, careless="WP03 --ticks")
    told = where.run(
        CLIENT, "orchestrate", "--mission", where.slug, "--impl-agent", "claude-code", "--review-agent", "codex"
    )
    assert "Orchestration completed successfully" in told
    assert set(where.lanes().values()) == {"done"}
    seen = turns(where.agents)
    assert seen.count("codex WP03 rejects") == 1
    assert [each for each in seen if each.startswith("claude WP03")].count("claude WP03 begins") == 2
    order = [each.split()[1] for each in seen if each.startswith("claude") and each.endswith("ends")]
    assert order.index("WP01") < min(order.index("WP02"), order.index("WP03"))
    assert order.index("WP04") > max(order.index("WP02"), order.index("WP03"))

    state, accepted, merged = accept_and_merge(where)
    assert {each["lane"] for each in state["work_packages"]} == {"done"}
    assert accepted["accepted"] is True
    assert (merged["merged"], merged["merged_wps"]) == (True, [task.id for task in FIVE])
    the_code_is_there(where, *FIVE)
    nothing_left_over(where, theirs=True)
    policies = [each["policy_metadata"] for each in moves(where) if each["actor"] == "spec-kitty-orchestrator"]
    assert {each["approval_mode"] for each in policies} == {"full_auto"}
    where.mission.ok("agent", "status", "validate")


def test_two_clients_at_once_share_a_mission_and_never_a_work_package(tmp_path: Path) -> None:
    where = site(tmp_path, *APART)
    words = ("orchestrate", "--mission", where.slug, "--impl-agent", "claude-code", "--review-agent", "codex")
    one = where.begin(sys.executable, "-c", HASTY, *words, "--actor", "one", "--max-concurrent", "1")
    wait_for((where.root / ".worktrees" / f"{where.slug}-orchestrator" / ".kittify").exists)
    two = where.begin(sys.executable, "-c", HASTY, *words, "--actor", "two", "--max-concurrent", "1")
    told = [client.communicate(timeout=120)[0] for client in (one, two)]
    # Who finds nothing to do for a while takes it for a deadlock and leaves; the other one goes on.
    assert 0 in (one.returncode, two.returncode), told
    assert set(where.lanes().values()) == {"done"}
    assert sorted(each for each in turns(where.agents) if each.startswith("claude") and "begins" in each) == [
        f"claude {task.id} begins" for task in APART
    ]
    accept_and_merge(where)
    claims = [each["wp_id"] for each in moves(where) if each["to_lane"] == "claimed"]
    assert sorted(claims) == [task.id for task in APART]
    the_code_is_there(where, *APART)


def test_a_client_that_was_killed_is_resumed(tmp_path: Path) -> None:
    where = site(tmp_path, *CHAIN, slow="WP02")
    words = ("--mission", where.slug, "--impl-agent", "claude-code", "--review-agent", "codex")
    client = where.begin(sys.executable, "-c", HASTY, "orchestrate", *words)
    wait_for(lambda: "claude WP02 begins" in turns(where.agents), seconds=60)
    os.killpg(client.pid, signal.SIGKILL)
    client.communicate()
    (where.agents / "slow").write_text("", encoding="utf-8")
    # The client takes up only what is planned: what it held when it died is given back by hand.
    give_back = ("--to", "planned", "--actor", "spec-kitty-orchestrator", "--force", "--note", "the client was killed")
    for wp, lane in where.lanes().items():
        if lane not in ("done", "planned"):
            about = ("--mission", where.slug, "--wp", wp)
            where.run("spec-kitty", "orchestrator-api", "transition", *about, *give_back)
    told = where.run(sys.executable, "-c", HASTY, "resume")
    assert "Resumed orchestration completed" in told
    assert set(where.lanes().values()) == {"done"}
    accept_and_merge(where)
    the_code_is_there(where, *CHAIN)
    nothing_left_over(where, theirs=True)


# -- a client of our own: the example of the manual ------------------------------------------------------------------

PAGE = ROOT / "docs" / "how-to" / "write-an-orchestrator.md"


def example(where: Site) -> tuple[str, ...]:
    """The program that the manual shows, as a command line."""
    source = next(part.content for part in parts(PAGE.read_text(encoding="utf-8")) if part.path == "~/orchestrate.py")
    assert len([line for line in source.splitlines() if line.strip()]) <= 40
    path = where.root.parent / "orchestrate.py"
    path.write_text(source, encoding="utf-8")
    return sys.executable, str(path), where.slug


def test_the_example_needs_neither_flags_nor_force_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    pair = (Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",), subtasks=("T002", "T003")))
    where = site(tmp_path, *pair, careless="WP01 --ticks", slow="WP02")
    client = where.begin(*example(where))
    wait_for(lambda: "claude WP02 begins" in turns(where.agents), seconds=60)
    os.killpg(client.pid, signal.SIGKILL)
    assert "WP01: changes_requested -> in_progress" in client.communicate()[0]
    (where.agents / "slow").write_text("", encoding="utf-8")
    told = where.run(*example(where))
    assert told.splitlines()[0] == f"WP02: claude works on kitty/mission-{where.slug}-lane-a"
    assert where.lanes() == {"WP01": "approved", "WP02": "approved"}
    api = ("spec-kitty", "orchestrator-api")
    where.run(*api, "accept-mission", "--mission", where.slug, "--actor", "small-orchestrator")
    where.run(*api, "merge-mission", "--mission", where.slug)
    the_code_is_there(where, *pair)
    nothing_left_over(where, theirs=False)
    own = [each for each in moves(where) if each["actor"] == "small-orchestrator"]
    assert not [each for each in own if each["force"]]
    assert [each["to_lane"] for each in own if each["wp_id"] == "WP02"] == [
        "claimed", "in_progress", "for_review", "in_review", "approved",
    ]  # fmt: skip
