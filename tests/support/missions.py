"""Missions whose work packages are ready to be claimed, made quickly: the real use cases, without the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specify_cli.context.missions import config_of, place_of
from specify_cli.context.models import Actor, Context
from specify_cli.core.finalize import finalize
from specify_cli.core.mission_creation import create_mission_core
from specify_cli.core.work_packages import load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel.paths import discover
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import require_lanes
from specify_cli.next.claims import Claim, claim_work
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import MoveOptions
from specify_cli.status.reading import Status, read_status
from tests.support.git import Repo
from tests.support.project import Project, Task, write_documents
from tests.support.status import walk

PLANNER = "user:Ada"


@dataclass(frozen=True, slots=True)
class Mission:
    """A mission of a test project. What it tells is read anew each time."""

    project: Project
    slug: str

    @property
    def place(self) -> MissionPlace:
        """Where it is, seen from the project's folder."""
        place = place_of(discover(self.project.path), self.slug)
        assert place is not None
        return place

    @property
    def context(self) -> Context:
        """What a command that names it works on."""
        place = self.place
        return Context(place.repo, config_of(place.repo, place), place, "--mission")

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.project.folder(self.slug)

    @property
    def lanes(self) -> LanesManifest:
        """Its lanes."""
        return require_lanes(self.place)

    @property
    def status(self) -> Status:
        """Its logs."""
        return read_status(self.place)

    def lane(self, wp_id: str) -> Lane:
        """The lane a work package is in."""
        return self.status.snapshot.lane_of(wp_id)

    def walk(self, wp_id: str, to: Lane, *, actor: str = "claude") -> None:
        """Bring a planned work package forward to a lane by ordinary moves, in the log alone: no worktree is made."""
        with writing(self.place) as writer:
            walk(writer, wp_id, to, actor)

    def force(self, wp_id: str, to: Lane, *, actor: str = "claude", reason: str = "a test") -> StatusEvent:
        """Move a work package by force, in the log alone."""
        options: MoveOptions = {"force": True, "reason": reason}
        with writing(self.place) as writer:
            return writer.move(wp_id, to, actor=actor, **options)

    def claim(self, wp_id: str, *, actor: str = "claude", session: str | None = None) -> Claim:
        """Claim a work package for real, with its worktree; it is in progress afterwards."""
        packages = {package.id: package for package in load_work_packages(self.place)}
        return claim_work(self.context, Actor(actor, session), packages[wp_id], packages, self.lanes)

    def work(self, wp_id: str, name: str, content: str = "work\n", *, actor: str = "claude") -> Repo:
        """Claim a work package and commit a file in its worktree; the worktree."""
        repo = Repo(self.claim(wp_id, actor=actor).workspace.path)
        repo.write(name, content)
        repo.commit(f"{wp_id}: {name}")
        return repo


def created_mission(project: Project, *tasks: Task, name: str = "tea-timer") -> Mission:
    """A mission with all its documents written, and without lanes: finalize-tasks did not run.

    Args:
        project: where.
        tasks: its work packages; one, `WP01`, where none is given.
        name: its slug without the number.
    """
    created = create_mission_core(project.path, name, actor=PLANNER)
    write_documents(created.feature_dir, tasks or (Task("WP01"),))
    project.missions.append(created.mission_slug)
    return Mission(project, created.mission_slug)


def finalized_mission(project: Project, *tasks: Task, name: str = "tea-timer") -> Mission:
    """A mission whose work packages are ready to be claimed, all of it committed.

    Args:
        project: where.
        tasks: its work packages; one, `WP01`, where none is given.
        name: its slug without the number.
    """
    mission = created_mission(project, *tasks, name=name)
    context = mission.context
    finalize(context.place, context.config, actor=PLANNER)
    return mission
