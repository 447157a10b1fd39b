"""A command that is refused, or warned, and what becomes of whoever runs the command that it prints.

Two missions stand in the project: the one in question, and another that no hint may touch.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status.models import Lane
from tests.support.cli import SCRIPT, Result, run_here
from tests.support.git import Repo
from tests.support.missions import Mission
from tests.support.project import Project

TEA, POT = "001-tea-timer", "002-pot"
# What a person fills in where a hint leaves a place; nobody waits a minute in a test.
PASSWORD = "secret"
FILLED = {"NAME": "codex", "ANOTHER": "codex", "TEXT": "because", "MISSION": TEA, "WP": "WP02", "60": "0"}


class Then(StrEnum):
    """What a printed command does for whoever runs it."""

    MENDS = "mends"  # the same call is not refused for this reason again
    INSTEAD = "instead"  # it is what to do in place of the call, such as waiting; it is not refused for this reason
    SHOWS = "shows"  # it shows what to choose from or to repair; then the call is not refused for this reason


@dataclass(frozen=True, slots=True)
class World:
    """A project in which something is made wrong.

    Args:
        patch: to change the environment.
        scratch: a folder for what else there is; the project is in it.
        stack: what ends with the scene, such as a server.
    """

    project: Project
    patch: pytest.MonkeyPatch
    scratch: Path
    stack: ExitStack

    @property
    def path(self) -> Path:
        """The project's folder."""
        return self.project.path

    @property
    def git(self) -> Repo:
        """Git in it."""
        return self.project.git

    @property
    def tea(self) -> Mission:
        """The mission in question: WP01 with T001 and T002, and WP02 that needs it."""
        return Mission(self.project, TEA)

    @property
    def pot(self) -> Mission:
        """The other mission: WP01 is approved."""
        return Mission(self.project, POT)

    def run(self, line: str, cwd: Path | None = None) -> Result:
        """Run one of our commands, asking for JSON."""
        return run_here(*shlex.split(line), "--json", cwd=cwd or self.path)


Setup = Callable[[World], object]
Call = str | Callable[[World], Result]


def nothing(_world: World) -> None:
    """The world as it is."""


@dataclass(frozen=True, slots=True)
class Scene:
    """How a code comes about, and how it goes away.

    Args:
        code: what is looked for, among errors, unmet conditions, warnings and findings.
        call: the command line that gives it; or what runs it, where something happens meanwhile.
        setup: what is wrong in the world.
        then: what the printed command does.
        corrected: for `SHOWS`, the call as somebody would make it who has seen what there is.
        after: what a person does then, having seen it, such as an edit.
        fill: what a person fills in, beside `FILLED`.
        before: what a person does first, as the message says, such as an edit.
        steps: how many commands are printed, each by the refusal after the one before.
        remains: whether a note under this code stays, which asks for nothing any more.
        stops: whether a program of the printed command ends with a failure, such as a conflict to be resolved.
        ticks: whether the fault is an open subtask, so that the mend is a tick.
        reviews: whether the fault is an approval that no longer counts, so that the mend takes it back.
        cwd: a folder below the project to stand in.
    """

    code: str
    call: Call
    setup: Setup = nothing
    then: Then = Then.MENDS
    corrected: Call = ""
    fill: Mapping[str, str] = field(default_factory=dict)
    before: Setup = nothing
    after: Setup = nothing
    steps: int = 1
    remains: bool = False
    stops: bool = False
    ticks: bool = False
    reviews: bool = False
    cwd: str = ""

    def __str__(self) -> str:
        return self.code


def play(scene: Scene, world: World) -> None:
    """Provoke the code, run the command that comes with it, and hold what the hint promises."""
    scene.setup(world)
    here = (world.path / scene.cwd).resolve()
    answer = _call(world, scene.call, here)
    hint = hint_in(document(answer), scene.code)
    assert hint, f"{scene.code} comes without a command:\n{_brief(answer)}"
    kept = _kept(world, scene)
    scene.before(world)
    shell = Shell(world, here, {**FILLED, **scene.fill}, stops=scene.stops)
    for turn in range(scene.steps):
        if turn:
            hint = hint_in(document(_call(world, scene.call, here)), scene.code)
            assert hint, f"{scene.code} was to come {scene.steps} times"
        for done in shell.follow(hint):
            told = document(done)
            went_on = "error_code" not in told if scene.then is Then.MENDS else scene.code not in codes_in(told)
            assert done.code == 0 or went_on, f"{hint}\nis refused as well:\n{_brief(done)}"
    left = {name: what for name, what in _kept(world, scene).items() if name in kept}
    assert left == kept, f"{hint}\nchanged another mission, an approval or a tick"
    scene.after(world)
    if scene.then is not Then.INSTEAD:
        again = _call(world, scene.corrected or scene.call, shell.cwd)
        gone = (
            hint_in(document(again), scene.code) is None
            if scene.remains
            else scene.code not in codes_in(document(again))
        )
        assert gone, f"after {hint}\n{_brief(again)}"


def _call(world: World, call: Call, cwd: Path) -> Result:
    return world.run(call, cwd=cwd) if isinstance(call, str) else call(world)


@dataclass(slots=True)
class Shell:
    """A person's shell: printed commands are run in it as they are.

    Args:
        cwd: the folder that it stands in.
        fill: what is put in for places that a hint leaves.
        stops: whether a program may fail.
    """

    world: World
    cwd: Path
    fill: Mapping[str, str]
    stops: bool = False

    def follow(self, hint: str) -> Iterator[Result]:
        """Run a printed command; the answers of our own commands."""
        for step in hint.split(" && "):
            words = [self.fill.get(word, word) for word in shlex.split(step)]
            if words[:3] == ["spec-kitty", "auth", "login"]:
                # What a person types when asked.
                yield run_here(*words[1:], "-u", "ada", "--password-stdin", "--json", cwd=self.cwd, input=PASSWORD)
            elif words[0] == "spec-kitty":
                rest = words[1:] if "--help" in words or "--json" in words else [*words[1:], "--json"]
                yield run_here(*rest, cwd=self.cwd)
            elif words[0] == "cd":
                self.cwd = (self.cwd / words[1]).resolve(strict=True)
            elif words[0] == "unset":
                self.world.patch.delenv(words[1], raising=False)
            elif words[0] == "export":
                name, _, value = words[1].partition("=")
                self.world.patch.setenv(name, value)
            else:
                self._program(words)

    def _program(self, words: list[str]) -> None:
        line = " ".join(word if word == "|" else shlex.quote(word) for word in words)
        env = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.cwd, env=env, capture_output=True, text=True, check=False
        )
        assert self.stops or done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


# -- what an answer holds --------------------------------------------------------------------------------------------


def document(answer: Result) -> dict[str, Any]:
    """The answer as data; help and the like are none."""
    return answer.json() if answer.out.startswith("{") else {}


def _brief(answer: Result) -> str:
    """What an answer says, as far as a failure needs it."""
    said = [
        f"{each.get('error_code') or each['code']}: {each.get('error') or each.get('message') or each.get('what')}"
        f"\n    -> {each.get('fix') or each.get('hint')}"
        for each in _shapes(document(answer))
    ]
    return "\n".join([f"spec-kitty {shlex.join(answer.argv)} -> {answer.code}", *(said or [answer.out]), answer.err])


def codes_in(found: object) -> set[str]:
    """Every code that an answer holds."""
    return {str(each.get("error_code") or each.get("code")) for each in _shapes(found)}


def hint_in(found: object, code: str) -> str | None:
    """The command that comes with a code: that of a condition before that of the whole refusal."""
    given = [each for each in _shapes(found) if code in (each.get("error_code"), each.get("code"))]
    return next((hint for each in reversed(given) if (hint := each.get("fix") or each.get("hint"))), None)


def _shapes(found: object) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if isinstance(found.get("error_code") or found.get("code"), str):
            yield found
        told = found.get("data")
        if isinstance(told, dict) and isinstance(found.get("error_code"), str):
            # The envelope of the contract: our own code is the reason, and the command stands with it.
            yield {"error_code": told.get("reason") or found["error_code"], "hint": told.get("hint")}
        for value in found.values():
            yield from _shapes(value)
    elif isinstance(found, list):
        for value in found:
            yield from _shapes(value)


def _kept(world: World, scene: Scene) -> dict[str, object]:
    """What no hint may change: another mission, approvals, and ticks."""
    kept: dict[str, object] = {}
    for folder in (world.path / "kitty-specs").glob("*/"):
        try:
            status = Mission(world.project, folder.name).status
        except SpecKittyError:
            continue
        found: list[object] = []
        if folder.name == POT:
            found += [[each.event_id for each in status.events], [each.event_id for each in status.mission_events]]
        lanes = {wp_id: status.snapshot.lane_of(wp_id) for wp_id in status.snapshot.work_packages}
        if not scene.reviews:
            found.append(sorted(wp_id for wp_id, lane in lanes.items() if lane in (Lane.APPROVED, Lane.DONE)))
        if not scene.ticks:
            found.append([each.data for each in status.mission_events if each.type == "subtask"])
        kept[folder.name] = found
    return kept
