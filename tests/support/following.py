"""A scripted agent that does only what the prompts say: every command of ours it runs stands in one of them.

What it writes it knows by heart (`tests.support.trades`); how the tool is used it does not. In a list of steps it runs
the commands of every item in order; an item that begins with «If» is for another case.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specify_cli.core.agent_table import AGENTS
from specify_cli.demo.reading import Prompt, unfenced
from tests.support.cli import run_script
from tests.support.git import Repo
from tests.support.trades import CHECK, Trade

_COMMAND = re.compile(r"^ {4,}spec-kitty (.+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_TURNS = 60


def items(text: str) -> list[str]:
    """The numbered items below «Steps» of a prompt."""
    prose = "\n".join(unfenced(text.split("\n")))
    section = re.split(r"^## ", prose.partition("\n## Steps\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return re.split(r"^\d+\. ", section, flags=re.MULTILINE)[1:]


def commands(text: str) -> list[str]:
    """The command lines of ours that a text says to run, without the program's name."""
    return _COMMAND.findall("\n".join(unfenced(text.split("\n"))))


@dataclass(slots=True)
class Follower:
    """One agent in one project.

    Args:
        ran: every command it ran, without its options.
        given: the step that came with the last report.
    """

    name: str
    project: Path
    trade: Trade
    mission: str = ""
    known: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)

    def command_file(self, command: str) -> str:
        """What a person gets by typing that command in this agent."""
        return (self.project / AGENTS[self.name].path(command)).read_text(encoding="utf-8")

    def specify(self) -> str:
        """Create the mission as `/spec-kitty.specify` says; its slug."""
        line = next(line for line in commands(self.command_file("specify")) if " create " in line)
        made = self.run(line, slug=self.trade.slug, type=self.trade.type, size=self.trade.size)
        return str(made["mission_slug"])

    def turn(self) -> dict[str, Any]:
        """Take the next step and do it, as `/spec-kitty.next` says; the last answer."""
        take, *_ = (line for item in items(self.command_file("next")) for line in commands(item))
        answer, self.given = self.given or self.run(take), {}
        if answer["kind"] == "step":
            prompt = Path(answer["prompt_file"]).read_text(encoding="utf-8")
            self._follow(Prompt(answer["prompt_file"], prompt), answer["action"], answer["wp_id"])
        return answer

    def merge(self) -> dict[str, Any]:
        """Merge as `/spec-kitty.merge` says; the last answer."""
        return list(self._steps(self.command_file("merge")))[-1]

    def run(self, line: str, cwd: Path | None = None, **known: str) -> dict[str, Any]:
        """Run a command line of a prompt, its `<placeholders>` filled in; nothing is known but what was learnt."""
        told = {"mission": self.mission, **self.known, **known}
        line, _, document = line.partition(" <<")
        words = [_PLACEHOLDER.sub(lambda found: told[found[1]], word) for word in shlex.split(line)]
        json = () if "--json" in words else ("--json",)
        self.ran.append(" ".join(word for word in words if not word.startswith("-")))
        env = {"SPEC_KITTY_SESSION": f"{self.name}-1"}
        words_of_person = f"{self.trade.slug}, please\n" if document else ""
        done = run_script(*words, *json, cwd=cwd or self.project, env=env, input=words_of_person)
        answer = done.json()
        assert done.code == 0 or answer.get("kind") == "blocked", str(done)
        return answer

    def check(self, folder: Path) -> None:
        """Run the project's tests."""
        words = [sys.executable, *shlex.split(CHECK)[1:]]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _steps(self, text: str) -> Iterator[dict[str, Any]]:
        for item in items(text):
            for line in commands(item) if not item.startswith("If ") else ():
                if "--result" not in line:
                    yield self.run(line)

    def _follow(self, prompt: Prompt, action: str, wp_id: str) -> None:
        if action == "implement":
            self._implement(prompt, wp_id)
        elif action == "review":
            self._review(prompt)
        else:
            self._document(prompt, action)

    def _document(self, prompt: Prompt, action: str) -> None:
        """A step that writes documents, or none: write, run what the steps say, report."""
        if "The step's document" in prompt.text:
            target = Path(prompt.document)
            for name, text in self.trade.documents.items():
                place = target.parent / name
                if place == target or target in place.parents:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(text, encoding="utf-8")
        self.known["test command"] = shlex.join([sys.executable, *shlex.split(CHECK)[1:]])
        list(self._steps(prompt.text))
        self.given = self.run(self._report(prompt))
        assert self.given["action"] != action, self.given

    def _implement(self, prompt: Prompt, wp_id: str) -> None:
        folder = Path(prompt.workspace)
        worktree = Repo(folder)
        for name, text in self.trade.work[wp_id].items():
            worktree.write(name, text)
        self.check(folder)
        worktree.commit(f"{wp_id}: done")
        for line in commands(prompt.text):
            if "next" not in line.split():
                self.run(line, folder, **{"what was built; what ran, with its result": f"built; {CHECK} passes"})

    def _review(self, prompt: Prompt) -> None:
        folder = Path(prompt.workspace)
        self.check(folder)
        line = next(line for line in commands(prompt.text) if "--to approved" in line)
        self.run(line, folder, **{"what you checked": f"{CHECK} passes"})

    def _report(self, prompt: Prompt) -> str:
        done = prompt.text.rpartition("## When it is done")[2]
        return next(line for line in commands(done) if "--result success" in line)


def drive(project: Path, trade: Trade) -> tuple[Follower, Follower]:
    """Let two agents bring a mission to its end and merge it; both agents."""
    maker, judge = Follower("claude", project, trade), Follower("codex", project, trade)
    maker.mission = judge.mission = maker.specify()
    who = maker
    for _ in range(_TURNS):
        answer = who.turn()
        if answer["kind"] == "terminal":
            maker.merge()
            maker.check(project)
            return maker, judge
        # A mission goes on with whoever has something to do; work that one did, the other reviews.
        who = judge if answer.get("action") == "implement" else maker
        assert answer["kind"] == "step", answer
    raise AssertionError(f"no end after {_TURNS} turns: {maker.ran}")
