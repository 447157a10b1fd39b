"""A scripted agent: a process that asks for its next step, follows the prompt and reports, until nothing is left.

It knows the story by heart, as a good agent would know its trade; everything else (where to work, what to check, what
to run when done) it takes from the prompt it is given.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from specify_cli.demo import diary, documents
from specify_cli.demo.reading import Prompt
from specify_cli.demo.story import BY_ID, TEST_COMMAND, Criterion
from specify_cli.demo.tool import DemoFailed, Tool, interpreted, surroundings
from specify_cli.kernel import clock, files
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.values import frozen

MEETING_SECONDS = 30.0
LOOK_SECONDS = 0.01
WAIT_SECONDS = 3.0
GIVE_UP_SECONDS = 180.0
TRIES = 20
PAUSE_SECONDS = 0.05


@frozen
class Job:
    """Who an agent is and where it works.

    Args:
        agent: its name.
        mission: slug with number.
        scratch: folder of the demo.
        project: the repository in it.
        team: how many agents there are.
    """

    agent: str
    mission: str
    scratch: str
    project: str
    team: int

    @property
    def folder(self) -> Path:
        """What the agents tell and leave for each other."""
        return Path(self.scratch) / "agents"

    @property
    def stop(self) -> Path:
        """Once this file is there, an agent takes no further step."""
        return self.folder / "stop"

    @property
    def session(self) -> str:
        """What tells its claims from those of another process of the same name."""
        return f"demo-{self.agent}"


@dataclass(slots=True)
class Agent:
    """An agent at work."""

    job: Job
    tool: Tool
    met: bool = False
    actions: dict[str, Callable[[Prompt, str], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.actions = {
            "specify": lambda prompt, _: self._write(prompt, documents.specification()),
            "plan": lambda prompt, _: self._write(prompt, documents.plan()),
            "tasks_outline": lambda prompt, _: self._write(prompt, documents.outline()),
            "tasks_packages": self._write_prompts,
            "tasks_finalize": self._finalize,
            "implement": self._implement,
            "review": self._review,
            "accept": self._accept,
        }

    def work(self) -> None:
        """Take steps until the mission has none left.

        Raises:
            DemoFailed: a command failed, or nothing ends.
        """
        ask = ["next", "--agent", self.job.agent, "--mission", self.job.mission, "--wait", f"{WAIT_SECONDS:g}"]
        report: list[str] = []
        until = clock.monotonic() + GIVE_UP_SECONDS
        while clock.monotonic() < until and not self.job.stop.exists():
            step = self.tool.ask(*ask, *report, cwd=Path(self.job.project), codes=(0, 1))
            report = []
            kind = step.get("kind")
            if kind == "terminal":
                self.tell("left", text=str(step.get("reason")))
                return
            if kind == "step":
                self._take(step)
                report = ["--result", "success", "--step-id", str(step.get("step_id"))]
            elif kind != "blocked" or not step.get("waiting_for"):
                raise DemoFailed(f"{self.job.agent} was told: {json.dumps(step)}", "DEMO_FAILED")
        if clock.monotonic() >= until:
            raise DemoFailed(f"{self.job.agent} saw no end in {GIVE_UP_SECONDS:g} s", "DEMO_FAILED")

    def tell(self, what: str, wp_id: str = "", text: str = "", **more: object) -> None:
        """Add an entry to this agent's diary."""
        diary.tell(self.job.folder / f"{self.job.agent}.jsonl", self.job.agent, what, wp_id, text, **more)

    def _take(self, step: dict[str, object]) -> None:
        action, wp_id, file = str(step.get("action")), str(step.get("wp_id") or ""), str(step.get("prompt_file"))
        text = files.read_text(Path(file))
        if text is None or action not in self.actions:
            raise DemoFailed(f"{self.job.agent} cannot do {action}: {file}", "DEMO_FAILED", details=step)
        self.tell(action, wp_id, prompt_file=file)
        self.actions[action](Prompt(file, text), wp_id)

    # -- planning ----------------------------------------------------------------------------------------------------
    def _write(self, prompt: Prompt, text: str) -> None:
        files.atomic_write(Path(prompt.document), text, mkdir=True)

    def _write_prompts(self, prompt: Prompt, _: str) -> None:
        for name, text in documents.prompts().items():
            files.atomic_write(Path(prompt.document) / name, text, mkdir=True)

    def _finalize(self, prompt: Prompt, _: str) -> None:
        looked = self.tool.ask(*prompt.command("finalize-tasks", "--validate-only"), cwd=Path(self.job.project))
        command = [word for word in prompt.command("finalize-tasks") if word != "--validate-only"]
        done = self.tool.ask(*command, cwd=Path(self.job.project))
        self.tell("planned", text=str(looked.get("result")), lanes=done.get("lanes"))

    # -- work --------------------------------------------------------------------------------------------------------
    def _implement(self, prompt: Prompt, wp_id: str) -> None:
        self._meet()
        package, folder = BY_ID[wp_id], Path(prompt.workspace)
        written = package.attempt(after_review=prompt.asks_for_changes)
        for name, text in written.items():
            files.atomic_write(folder / name, text, mkdir=True)
        self._test(folder)
        verb = "Address the review" if prompt.asks_for_changes else "Add"
        self._commit(folder, f"{wp_id}: {verb}: {package.title.lower()}", *written)
        self.tool.ask(*prompt.command("mark-status"), cwd=folder)
        note = f"{package.title}: {', '.join(written)}; {TEST_COMMAND} passes"
        self.tool.ask(*prompt.command("move-task", "for_review", fill={"built": note}), cwd=folder)
        self.tell("handed over", wp_id, note)

    def _meet(self) -> None:
        """Begin together: wait, with the first work package in hand, until everybody has one."""
        if self.met:
            return
        self.met = True
        folder = self.job.folder
        files.atomic_write(folder / f"{self.job.agent}.ready", "")
        until = clock.monotonic() + MEETING_SECONDS
        while len(list(folder.glob("*.ready"))) < self.job.team and clock.monotonic() < until:
            clock.sleep(LOOK_SECONDS)

    def _test(self, folder: Path) -> None:
        done = self.tool.line(TEST_COMMAND, cwd=folder)
        if done.code != 0:
            raise DemoFailed(f"the tests fail in {folder}: {done.said}", "DEMO_FAILED")

    def _commit(self, folder: Path, message: str, *names: str) -> None:
        """Commit some files; in the main checkout somebody else may be committing at this very moment."""
        for attempt in range(TRIES):
            try:
                self.tool.git("add", "--", *names, cwd=folder)
                self.tool.git("commit", "--quiet", "--message", message, "--", *names, cwd=folder)
            except DemoFailed as error:
                if "index.lock" not in error.message or attempt + 1 == TRIES:
                    raise
                clock.sleep(PAUSE_SECONDS)
            else:
                return

    # -- judging -----------------------------------------------------------------------------------------------------
    def _review(self, prompt: Prompt, wp_id: str) -> None:
        folder = Path(prompt.workspace)
        self._test(folder)
        findings = [
            text for command, shows in prompt.criteria if (text := self._finding(wp_id, command, shows, folder))
        ]
        if not findings:
            fill = {"checked": f"{TEST_COMMAND} and {len(prompt.criteria)} acceptance criteria"}
            self.tool.ask(*prompt.command("move-task", "approved", fill=fill), cwd=folder)
            self.tell("approved", wp_id)
            return
        feedback = self.job.folder / f"{self.job.agent}-feedback-{wp_id}.md"
        text = "\n".join(f"{number}. {finding}" for number, finding in enumerate(findings, 1))
        files.atomic_write(feedback, text + "\n")
        self.tool.ask(*prompt.command("move-task", "planned", fill={"file": str(feedback)}), cwd=folder)
        self.tell("sent back", wp_id, text)

    def _finding(self, wp_id: str, command: str, shows: str, folder: Path) -> str:
        done = self.tool.line(command, cwd=folder)
        said = (done.out + done.err).strip()
        if said == shows:
            return ""
        known = next((each for each in BY_ID[wp_id].criteria if each.command == command), Criterion(command, shows))
        place = BY_ID[wp_id].owned[0]
        return f"`{place}`: it shows `{said}` and should show `{shows}`; run `{command}`. {known.advice}".rstrip()

    def _accept(self, prompt: Prompt, _: str) -> None:
        fill = {"test command": shlex.join(interpreted(TEST_COMMAND))}
        done = self.tool.ask(*prompt.command("accept", "--test", fill=fill), cwd=Path(self.job.project))
        self.tell("accepted", tests=done.get("tests"))


def main(words: list[str]) -> int:
    """Run one agent; its job is the only word, as JSON."""
    job = Job(**json.loads(words[0]))
    env = surroundings(Path(job.scratch)) | {"SPEC_KITTY_SESSION": job.session}
    agent = Agent(job, Tool(env))
    try:
        agent.work()
    except SpecKittyError as error:
        agent.tell("failed", text=error.message)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
