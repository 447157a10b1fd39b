"""A program that drives a mission through `spec-kitty orchestrator-api`: every answer held to the envelope."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.cli import Result, run_here
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

POLICY: dict[str, object] = {
    "orchestrator_id": "spec-kitty-orchestrator",
    "orchestrator_version": "0.1.2",
    "agent_family": "claude",
    "approval_mode": "full_auto",
    "sandbox_mode": "workspace_write",
    "network_mode": "none",
    "dangerous_flags": [],
    "tool_restrictions": None,
}
KEYS = {"contract_version", "command", "timestamp", "correlation_id", "success", "error_code", "data"}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
APPROVED = {"reviewer": "codex", "verdict": "approved", "reference": "review-1"}


def envelope(result: Result) -> dict[str, Any]:
    """What a command said, after making sure that it is the envelope and nothing else."""
    told = result.json()
    assert set(told) == KEYS, str(result)
    assert told["contract_version"] == "1.3.0"
    assert TIMESTAMP.fullmatch(told["timestamp"]), told["timestamp"]
    assert re.fullmatch(r"corr-[0-9a-f]{32}", told["correlation_id"]), told["correlation_id"]
    assert isinstance(told["data"], dict)
    assert told["success"] is (result.code == 0), str(result)
    assert (told["error_code"] is None) is told["success"], str(result)
    if not told["success"]:
        assert isinstance(told["data"]["message"], str), str(result)
        assert told["data"]["message"]
    return told


@dataclass(frozen=True, slots=True)
class Api:
    """One orchestrator at one mission, in this process.

    Args:
        policy: what it declares; None declares nothing.
    """

    mission: Mission
    actor: str = "orch"
    policy: str | None = json.dumps(POLICY)

    def named(self, actor: str) -> Api:
        """Another orchestrator at the same mission."""
        return replace(self, actor=actor)

    def call(self, command: str, *words: str, cwd: Path | None = None) -> Result:
        """A command of the contract with exactly these words."""
        return run_here("orchestrator-api", command, *words, cwd=cwd or self.mission.project.path)

    def ask(self, command: str, *words: str) -> Result:
        """A command about the mission."""
        return self.call(command, "--mission", self.mission.slug, *words)

    def act(self, command: str, wp: str, *words: str) -> Result:
        """A command about a work package, with actor and policy."""
        declared = ("--policy", self.policy) if self.policy is not None and command != "append-history" else ()
        return self.ask(command, "--wp", wp, "--actor", self.actor, *declared, *words)

    def move(self, wp: str, to: str, *words: str) -> Result:
        """A transition."""
        return self.act("transition", wp, "--to", to, *words)

    def start(self, wp: str, **files: str) -> Repo:
        """Start a work package and commit files in its worktree; the worktree."""
        tree = Repo(Path(ok(self.act("start-implementation", wp))["workspace_path"]))
        if files:
            tree.commit(f"{wp}: work", **files)
        return tree

    def bring(self, wp: str, to: str) -> Repo:
        """Bring a planned work package to for_review, in_review, approved or done, with a commit; its worktree."""
        tree = self.start(wp, **{f"{wp.lower()}_py": "done\n"})
        steps = ["for_review", "in_review", "approved", "done"]
        for step in steps[: steps.index(to) + 1]:
            if step == "for_review":
                ok(self.move(wp, step, "--subtasks-complete"))
            elif step == "in_review":
                ok(self.act("start-review", wp))
            else:
                ok(self.move(wp, step, "--review-result-json", json.dumps(APPROVED), *evidence()))
        return tree


def evidence() -> tuple[str, str]:
    """The option that says who approved."""
    return "--evidence-json", json.dumps({"review": APPROVED})


def ok(result: Result) -> dict[str, Any]:
    """The data of a success."""
    told = envelope(result)
    assert told["success"], str(result)
    data: dict[str, Any] = told["data"]
    return data


def failed(result: Result, code: str, exit_code: int = 1) -> dict[str, Any]:
    """The data of a failure with this code."""
    told = envelope(result)
    assert (told["error_code"], result.code) == (code, exit_code), str(result)
    data: dict[str, Any] = told["data"]
    return data


def orchestrated(project: Project, *tasks: Task) -> Api:
    """An orchestrator at a mission whose work packages can be started."""
    return Api(finalized_mission(project, *tasks))
