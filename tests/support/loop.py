"""An agent at the loop, in this process: what it is handed, and what it reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypedDict, Unpack

from specify_cli.context.models import Actor
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.kernel import clock
from specify_cli.moves.move import move
from specify_cli.moves.request import Moved, Request
from specify_cli.next.decision import Decision
from specify_cli.next.step import Turn, decide_next
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.missions import Mission

FULL_PLAN = "# Plan\n\n" + "\n\n".join(
    f"## {heading}\n\nDecided." for heading in ("Summary", "Technical context", "Approach", "Testing")
)


class Words(TypedDict, total=False):
    """What may be said in a turn."""

    result: str | None
    step_id: str | None
    note: str | None
    answer: str | None
    decision_id: str | None
    wait: float
    commit: str | None
    only: frozenset[str]
    no_next: bool


@dataclass(frozen=True, slots=True)
class Agent:
    """One session of an agent, on one mission."""

    mission: Mission
    name: str = "claude"
    session: str | None = "s1"

    @property
    def actor(self) -> Actor:
        """Who it is."""
        return Actor(self.name, self.session)

    def next(self, **words: Unpack[Words]) -> Decision:
        """Take a turn."""
        return decide_next(self.mission.context, self.actor, Turn(**words))

    def prompt(self, decision: Decision) -> str:
        """The text of what it was handed."""
        assert decision.prompt_file, decision
        return Path(decision.prompt_file).read_text(encoding="utf-8")

    def package(self, wp_id: str) -> WorkPackage:
        """A work package."""
        return next(each for each in load_work_packages(self.mission.place) if each.id == wp_id)

    def move(self, wp_id: str, to: Lane, feedback: str | None = None, *, note: str | None = None) -> Moved:
        """Move a work package as `move-task` does; feedback is the text of a rejection."""
        path = None
        if feedback is not None:
            path = self.mission.project.path.parent / f"feedback-{wp_id}.md"
            path.write_text(feedback, encoding="utf-8")
        asked = Request(to, feedback_file=str(path) if path else None, note=note)
        return move(self.mission.context, self.actor, self.package(wp_id), asked)

    def work(self, decision: Decision, content: str = "work\n") -> Repo:
        """Commit a file in the workspace that was handed out; the workspace."""
        assert decision.workspace_path, decision
        repo = Repo(Path(decision.workspace_path))
        repo.write(f"src/{str(decision.wp_id).lower()}/work.txt", content)
        repo.commit(f"{decision.wp_id}: work")
        return repo

    def submit(self, wp_id: str | None = None, content: str = "work\n") -> Decision:
        """Take the next work package, do it and hand it to review; what was handed out for it."""
        decision = self.next()
        assert (decision.action, decision.kind) == ("implement", "step"), decision
        assert wp_id in (None, decision.wp_id), decision
        self.work(decision, content)
        self.move(str(decision.wp_id), Lane.FOR_REVIEW)
        return decision

    def reject(self, wp_id: str, feedback: str = "Wrong: mend it.\n") -> Moved:
        """Take the next review and send the work back."""
        decision = self.next()
        assert (decision.action, decision.wp_id) == ("review", wp_id), decision
        return self.move(wp_id, Lane.PLANNED, feedback)

    def approve(self, wp_id: str) -> Moved:
        """Take the next review and approve the work."""
        decision = self.next()
        assert (decision.action, decision.wp_id) == ("review", wp_id), decision
        return self.move(wp_id, Lane.APPROVED)


@contextmanager
def later(minutes: float) -> Iterator[None]:
    """Let that many minutes have passed for the length of the block."""
    with clock.use(lambda: clock.system() + timedelta(minutes=minutes)):
        yield


def tree_of(*folders: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file below some folders: mode, time of the last change and content."""
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for folder in folders
        for path in sorted(folder.rglob("*"))
    }
