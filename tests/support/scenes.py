"""A command that is refused, or warned, and what becomes of whoever runs the command that it prints.

Two missions stand in the project: the one in question, and another that no hint may touch.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
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
# What a person fills in where a hint leaves a place.
FILLED = {"NAME": "codex", "ANOTHER": "codex", "TEXT": "because", "MISSION": TEA, "WP": "WP02"}


class Then(StrEnum):
    """What a printed command does for whoever runs it."""

    MENDS = "mends"  # the same call is not refused for this reason again
    INSTEAD = "instead"  # it is what to do in place of the call, such as waiting; it is not refused for this reason
    SHOWS = "shows"  # it shows what to choose from or to repair; then the call is not refused for this reason


@dataclass(frozen=True, slots=True)
class World:
    """A project in which something is made wrong."""

    project: Project
    patch: pytest.MonkeyPatch
    scratch: Path

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


def nothing(_world: World) -> None:
    """The world as it is."""


@dataclass(frozen=True, slots=True)
class Scene:
    """How a code comes about, and how it goes away.

    Args:
        code: what is looked for, among errors, unmet conditions, warnings and findings.
        call: the command line that gives it.
        setup: what is wrong in the world.
        then: what the printed command does.
        corrected: for `SHOWS`, the call as somebody would make it who has seen what there is.
        after: what a person does then, having seen it, such as an edit.
        fill: what a person fills in, beside `FILLED`.
        before: what a person does first, as the message says, such as an edit.
        ticks: whether the fault is an open subtask, so that the mend is a tick.
        reviews: whether the fault is an approval that no longer counts, so that the mend takes it back.
        cwd: a folder below the project to stand in.
    """

    code: str
    call: str
    setup: Setup = nothing
    then: Then = Then.MENDS
    corrected: str = ""
    fill: Mapping[str, str] = field(default_factory=dict)
    before: Setup = nothing
    after: Setup = nothing
    ticks: bool = False
    reviews: bool = False
    cwd: str = ""

    def __str__(self) -> str:
        return self.code


def play(scene: Scene, world: World) -> None:
    """Provoke the code, run the command that comes with it, and hold what the hint promises."""
    scene.setup(world)
    here = world.path / scene.cwd
    answer = world.run(scene.call, cwd=here)
    hint = hint_in(document(answer), scene.code)
    assert hint, f"{scene.code} comes without a command:\n{answer}"
    kept = _kept(world, scene)
    scene.before(world)
    for done in follow(world, hint, {**FILLED, **scene.fill}):
        assert done.code == 0 or scene.code not in codes_in(document(done)), f"{hint}\nis refused as well:\n{done}"
    left = {name: what for name, what in _kept(world, scene).items() if name in kept}
    assert left == kept, f"{hint}\nchanged another mission, an approval or a tick"
    scene.after(world)
    if scene.then is not Then.INSTEAD:
        again = world.run(scene.corrected or scene.call, cwd=here)
        assert scene.code not in codes_in(document(again)), f"after {hint}\n{again}"


def follow(world: World, hint: str, fill: Mapping[str, str]) -> Iterator[Result]:
    """Run a printed command in a new shell at the root of the project; the answers of our own commands."""
    for step in hint.split(" && "):
        words = [fill.get(word, word) for word in shlex.split(step)]
        if words[0] == "spec-kitty":
            rest = words[1:] if "--help" in words or "--json" in words else [*words[1:], "--json"]
            yield run_here(*rest, cwd=world.path)
        elif words[0] in ("export", "unset", "cd"):
            _in_the_shell(world, words)
        else:
            env = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
            done = subprocess.run(words, cwd=world.path, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{hint}: {done.stdout}{done.stderr}"


def _in_the_shell(world: World, words: list[str]) -> None:
    if words[0] == "cd":
        assert Path(world.path, words[1]).is_dir(), words
    elif words[0] == "unset":
        world.patch.delenv(words[1], raising=False)
    else:
        name, _, value = words[1].partition("=")
        world.patch.setenv(name, value)


# -- what an answer holds --------------------------------------------------------------------------------------------


def document(answer: Result) -> dict[str, Any]:
    """The answer as data; help and the like are none."""
    return answer.json() if answer.out.startswith("{") else {}


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
