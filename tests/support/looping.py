"""Commands in a loop that is killed from outside at any moment, and what they had acknowledged until then.

The loop runs them one after another in one process, so that a kill meets their work and not the start of Python.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specify_cli.status.models import Lane
from tests.support.cli import run_here
from tests.support.git import Repo
from tests.support.missions import Mission
from tests.support.project import Project, Task, write_documents

ROOT = Path(__file__).parents[2]
_PATIENCE = 30.0  # seconds until a command must have been acknowledged


@dataclass(frozen=True, slots=True)
class Ended:
    """A command of the loop that had ended before the kill."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def said(self) -> dict[str, Any]:
        """Its answer, after making sure that it succeeded."""
        assert self.code == 0, f"{self.words}\n{self.out}\n{self.err}"
        document: dict[str, Any] = json.loads(self.out)
        return document


def killed(story: str, mission: Mission, delay: float, *, children: bool, scratch: Path) -> list[Ended]:
    """Run a story in a loop, kill it a moment after its first answer, and give all its answers.

    Args:
        story: a key of `STORIES`.
        mission: whose commands they are.
        delay: seconds from the first answer to the kill.
        children: kill the git processes it started too; their lock files, which git asks people to remove, are
            removed.
        scratch: a folder outside the project.
    """
    heard = scratch / "heard"
    with heard.open("wb") as sink:
        loop = subprocess.Popen(
            [sys.executable, "-m", "tests.support.looping", story, mission.slug],
            cwd=mission.project.path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    _wait(lambda: b"\n" in heard.read_bytes() or loop.poll() is not None)
    time.sleep(delay)
    (os.killpg if children else os.kill)(loop.pid, signal.SIGKILL)
    assert loop.wait() == -signal.SIGKILL, heard.read_text(encoding="utf-8")
    _quiet(mission.project.path / ".git", loop.pid, children=children)
    whole, _, _ = heard.read_text(encoding="utf-8").rpartition("\n")
    return [Ended(tuple(words), code, out, err) for words, code, out, err in map(json.loads, whole.splitlines())]


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not until() and time.monotonic() < end:
        time.sleep(0.002)


def _quiet(git_dir: Path, group: int, *, children: bool) -> None:
    """Wait for a git that survived; remove what one that did not has left."""
    locks = [path for path in git_dir.rglob("*.lock") if "spec-kitty" not in path.parts]
    if children:
        for lock in locks:
            lock.unlink(missing_ok=True)
    else:
        _wait(lambda: not any(lock.exists() for lock in locks))


def moves(mission: Mission) -> Iterator[tuple[str, ...]]:
    """One work package to and fro, by moves that need no force."""
    after: dict[Lane, tuple[str, ...]] = {
        Lane.PLANNED: ("agent", "tasks", "move-task", "WP01", "--to", "claimed", "--agent", "claude"),
        Lane.CLAIMED: (
            "agent", "status", "emit", "WP01", "--to", "in_progress", "--actor", "claude",
            "--workspace-context", "here",
        ),
        Lane.IN_PROGRESS: ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude"),
        Lane.BLOCKED: (
            "agent", "tasks", "move-task", "WP01", "--to", "planned", "--agent", "claude", "--force", "--note", "again",
        ),
    }  # fmt: skip
    while True:
        yield after[mission.lane("WP01")]


def ticks(mission: Mission) -> Iterator[tuple[str, ...]]:
    """A subtask done and not done."""
    while True:
        for state in ("done", "pending"):
            yield "agent", "tasks", "mark-status", "T001", "T002", "--status", state, "--agent", "claude"


def plans(mission: Mission) -> Iterator[tuple[str, ...]]:
    """A plan that grows by a work package each time it is finalized."""
    while True:
        count = len(mission.status.snapshot.work_packages) + 1
        write_documents(mission.folder, tuple(Task(f"WP{number:02d}") for number in range(1, count + 1)))
        yield "agent", "mission", "finalize-tasks"


STORIES = {"moves": moves, "ticks": ticks, "plans": plans}


def main(story: str, slug: str) -> None:
    """Say each command that has ended in one line; whatever was said has been acknowledged."""
    path = Path.cwd()
    for words in STORIES[story](Mission(Project(path, Repo(path)), slug)):
        done = run_here(*words, "--mission", slug, "--json")
        sys.stdout.write(json.dumps([words, done.code, done.out, done.err]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
