"""Someone who works on a mission while git does what git does: every command must succeed, every answer is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.missions import Mission
from tests.support.status import REVIEW

_EVIDENCE = json.dumps({"review": REVIEW})
# By the lane a work package is in: the one it goes to next, and what that move wants.
_FORWARD: dict[Lane, tuple[str, ...]] = {
    Lane.PLANNED: ("claimed",),
    Lane.CLAIMED: ("in_progress", "--workspace-context", "here"),
    Lane.IN_PROGRESS: (
        "for_review",
        "--subtasks-complete",
        "--implementation-evidence-present",
        "--force",
        "--reason",
        "a test",
    ),
    Lane.FOR_REVIEW: ("in_review",),
    Lane.IN_REVIEW: ("approved", "--evidence-json", _EVIDENCE, "--force", "--reason", "a test"),
    Lane.APPROVED: ("in_progress", "--review-ref", "REF-2"),
}


@dataclass(slots=True)
class Worker:
    """Somebody with a clone, and all that was acknowledged there.

    Args:
        mission: in that clone.
        own: the work packages that nobody else moves.
        chance: decides what is done next.
    """

    mission: Mission
    own: tuple[str, ...]
    chance: Random
    moves: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lanes: dict[str, Lane] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=count)

    @property
    def git(self) -> Repo:
        """Git in the clone."""
        return self.mission.project.git

    def say(self, *words: str) -> dict[str, Any]:
        """Run a command about the mission, which must succeed."""
        return self.mission.project.run(*words, "--mission", self.mission.slug, "--json").ok().json()

    def move(self) -> None:
        """Move one of the own work packages forward; approvals and rejections are milestones and make a commit."""
        wp_id = self.chance.choice(self.own)
        target, *options = _FORWARD[self.lanes.get(wp_id, Lane.PLANNED)]
        done = self.say("agent", "status", "emit", wp_id, "--to", target, "--actor", "claude", *options)
        self.moves.append(str(done["event_id"]))
        self.lanes[wp_id] = Lane(target)

    def note(self) -> None:
        """Record a note."""
        said = f"note {next(self._numbers)}"
        done = self.say("agent", "tasks", "add-history", self.own[0], "--note", said, "--agent", "claude")
        self.notes.append(str(done["event_id"]))

    def act(self, times: int = 2) -> None:
        """Do something, and check after each command that nothing was lost."""
        for _ in range(times):
            self.chance.choice((self.move, self.move, self.note))()
            self.check()

    def milestone(self) -> str:
        """Do something and have it committed; the commit."""
        self.act(1)
        self.say("materialize")
        assert self.mission.status.unpublished == 0
        assert self.git.status() == ""
        return self.git.head()

    def check(self) -> None:
        """Nothing that was acknowledged is lost or undone."""
        status = self.mission.status
        assert [problem for problem in status.problems if problem.severity == "error"] == []
        assert status.snapshot.lost_claims == ()
        found = [event.event_id for event in status.events]
        assert [event_id for event_id in found if event_id in set(self.moves)] == self.moves
        assert set(self.notes) <= {event.event_id for event in status.mission_events}
        assert {wp_id: status.snapshot.lane_of(wp_id) for wp_id in self.lanes} == self.lanes

    def publish(self) -> None:
        """Commit what is recorded, take what others pushed and push."""
        self.say("materialize")
        self.git("pull", "-q", "--no-rebase", "--no-edit")
        self.git("push", "-q")
        self.check()
