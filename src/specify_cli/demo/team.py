"""The agents of the demo, as processes that work at the same time."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from specify_cli.demo import diary, picture
from specify_cli.demo.agents import GIVE_UP_SECONDS, WAIT_SECONDS, Job
from specify_cli.demo.diary import Entry
from specify_cli.demo.story import AGENTS
from specify_cli.demo.tool import DemoFailed, Tool
from specify_cli.kernel import clock, files, process
from specify_cli.kernel.process import Running

LOOK_SECONDS = 0.1
BOARD_SECONDS = 1.0
LEAVING_SECONDS = WAIT_SECONDS + 5.0
_LAST_WORDS = 2000


class Stage(Protocol):
    """Where the demo shows what it does."""

    live: bool

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines in place of the last ones."""

    def say(self, line: str) -> None:
        """Show a line that stays."""


@dataclass(slots=True)
class Telling:
    """Lines that say when something happened, and a board below them where there is a terminal."""

    stage: Stage
    since: float
    board: Sequence[str] = ()

    def say(self, line: str) -> None:
        """Show a line with the seconds since the beginning; the board stays below it."""
        self.stage.say(f"{clock.monotonic() - self.since:5.1f} s  {line}")
        if self.board:
            self.stage.draw(self.board)

    def look(self, tool: Tool, project: Path, mission: str) -> None:
        """Ask for the board and show it, where there is a terminal."""
        if self.stage.live:
            self.board = picture.board(tool.ask("status", "--mission", mission, cwd=project))
            self.stage.draw(self.board)


@dataclass(slots=True)
class Team:
    """All agents of one mission.

    Args:
        told: what they told so far, in order.
    """

    scratch: Path
    project: Path
    mission: str
    tool: Tool
    telling: Telling
    told: list[Entry] = field(default_factory=list)
    _read: dict[str, int] = field(default_factory=dict)

    def work(self) -> list[Entry]:
        """Start the agents, watch them until all have left, and give what they told.

        Raises:
            DemoFailed: one of them failed, or they never end.
        """
        jobs = [Job(name, self.mission, str(self.scratch), str(self.project), len(AGENTS)) for name in AGENTS]
        running = {job.agent: self._start(job) for job in jobs}
        try:
            self._watch(running)
        finally:
            self._see_off(running, jobs[0].stop)
        self._listen()
        self._check(running)
        return self.told

    def _start(self, job: Job) -> Running:
        argv = (sys.executable, "-P", "-m", "specify_cli.demo.agents", json.dumps(asdict(job)))
        return process.start(argv, cwd=self.project, env=self.tool.env, output=self._output(job.agent))

    def _output(self, agent: str) -> Path:
        return self.scratch / "agents" / f"{agent}.out"

    def _watch(self, running: dict[str, Running]) -> None:
        until, drawn = clock.monotonic() + GIVE_UP_SECONDS, 0.0
        while clock.monotonic() < until:
            clock.sleep(LOOK_SECONDS)
            self._listen()
            codes = [one.poll() for one in running.values()]
            if None not in codes or any(codes):
                return
            if clock.monotonic() - drawn > BOARD_SECONDS:
                drawn = clock.monotonic()
                self.telling.look(self.tool, self.project, self.mission)

    def _see_off(self, running: dict[str, Running], stop: Path) -> None:
        """Leave nobody behind: who is still at work ends with the command it runs, and is ended when it does not."""
        if all(one.poll() is not None for one in running.values()):
            return
        files.atomic_write(stop, "")
        until = clock.monotonic() + LEAVING_SECONDS
        for one in running.values():
            one.wait(max(0.0, until - clock.monotonic()))

    def _listen(self) -> None:
        """Read what the agents told since the last time, and show it."""
        fresh: list[Entry] = []
        for name in AGENTS:
            found = diary.entries(self.scratch / "agents" / f"{name}.jsonl", self._read.get(name, 0))
            self._read[name] = self._read.get(name, 0) + len(found)
            fresh += found
        for entry in sorted(fresh, key=lambda each: each.at):
            self.told.append(entry)
            if entry.sentence:
                self.telling.say(entry.sentence)

    def _check(self, running: dict[str, Running]) -> None:
        failed = [entry for entry in self.told if entry.what == "failed"]
        if failed:
            raise DemoFailed(f"agent {failed[0].agent} failed: {failed[0].text}", "DEMO_FAILED")
        for name, one in running.items():
            if one.poll() != 0:
                said = (files.read_text(self._output(name)) or "").strip()[-_LAST_WORDS:]
                raise DemoFailed(f"agent {name} ended with {one.poll()}: {said or 'no word'}", "DEMO_FAILED")
