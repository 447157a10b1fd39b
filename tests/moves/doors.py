"""The doors through which a work package is moved, each as its command."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.support.cli import Result
from tests.support.missions import Mission
from tests.support.orchestrator import POLICY

Door = Callable[..., Result]
REVIEW = {"reviewer": "codex", "verdict": "approved", "reference": "R-1"}
SENT_BACK = {**REVIEW, "verdict": "changes_requested"}


def move_task(mission: Mission, to: str, agent: str, *words: str, note: str | None = None, wp: str = "WP01") -> Result:
    """`agent tasks move-task`."""
    said: tuple[str, ...] = ("--note", note) if note else ()
    return mission.project.run(
        "agent",
        "tasks",
        "move-task",
        wp,
        "--to",
        to,
        "--agent",
        agent,
        "--mission",
        mission.slug,
        *said,
        *words,
        "--json",
    )


def emit(mission: Mission, to: str, agent: str, *words: str, note: str | None = None, wp: str = "WP01") -> Result:
    """`agent status emit`, with the evidence that a verdict wants."""
    said: tuple[str, ...] = ("--reason", note) if note else ()
    if to in ("approved", "done"):
        said += ("--evidence-json", json.dumps({"review": REVIEW}))
    return mission.project.run(
        "agent", "status", "emit", wp, "--to", to, "--actor", agent, "--mission", mission.slug, *said, *words, "--json"
    )


def orchestrator(
    mission: Mission, to: str, agent: str, *words: str, note: str | None = None, wp: str = "WP01"
) -> Result:
    """`orchestrator-api transition`, with the evidence that a verdict wants."""
    said: tuple[str, ...] = ("--note", note) if note else ()
    if to in ("approved", "done"):
        said += ("--evidence-json", json.dumps({"review": REVIEW}))
    return mission.project.run(
        "orchestrator-api", "transition", "--wp", wp, "--to", to, "--actor", agent, "--mission", mission.slug,
        "--policy", json.dumps(POLICY), *said, *words,
    )  # fmt: skip


DOORS: dict[str, Door] = {"move-task": move_task, "status emit": emit, "orchestrator-api": orchestrator}


def reasons(result: Result) -> set[str]:
    """Every code under which a door refused."""
    assert result.code != 0, str(result)
    told = result.json()
    details = told["data"] if "data" in told else told["details"]
    found = {told["error_code"], details.get("reason"), *(each["code"] for each in details.get("unmet", ()))}
    return {code for code in found if code}
