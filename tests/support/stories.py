"""Missions brought up to their merge: work done in real worktrees, approved, accepted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from specify_cli.lanes.models import ExecutionLane
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from specify_cli.status.moves import MoveOptions
from specify_cli.workspaces.records import note_head, read_record
from tests.support.cli import SCRIPT, Result
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.status import REVIEW


@dataclass(frozen=True, slots=True)
class Story:
    """A mission and what happens to it."""

    mission: Mission

    @property
    def project(self) -> Project:
        """Its project."""
        return self.mission.project

    @property
    def git(self) -> Repo:
        """Git in the main checkout."""
        return self.mission.project.git

    @property
    def slug(self) -> str:
        """Its slug."""
        return self.mission.slug

    def lane(self, wp_id: str) -> ExecutionLane:
        """The lane of a work package."""
        lane = self.mission.lanes.lane_for_wp(wp_id)
        assert lane is not None
        return lane

    def worktree(self, wp_id: str) -> Repo:
        """The worktree of a work package's lane."""
        return Repo(self.project.path / ".worktrees" / f"{self.slug}-{self.lane(wp_id).lane_id}")

    def branch(self, wp_id: str) -> str:
        """The branch of a work package's lane."""
        lane = self.lane(wp_id)
        return "main" if lane.is_planning else f"kitty/mission-{self.slug}-{lane.lane_id}"

    def do(self, wp_id: str, *, approve: bool = True, **files: str | None) -> Repo:
        """As `work`, with names written without what Python forbids: `src__a_py` is `src/a.py`."""
        named = {name.replace("__", "/").replace("_", "."): content for name, content in files.items()}
        return self.work(wp_id, named, approve=approve)

    def work(self, wp_id: str, files: Mapping[str, str | None], *, approve: bool = True) -> Repo:
        """Claim a work package, commit files in its worktree (None removes one) and have it approved; the worktree."""
        repo = Repo(self.mission.claim(wp_id).workspace.path)
        for path, content in files.items():
            if content is None:
                (repo.path / path).unlink()
            else:
                repo.write(path, content)
        repo.commit(f"{wp_id}: work")
        note_head(self.mission.place, self.lane(wp_id).lane_id, wp_id, repo.head())
        if approve:
            self.approve(wp_id)
        return repo

    def approve(self, wp_id: str, *, verdict: MoveOptions | None = None, **hand_over: Unpack[MoveOptions]) -> None:
        """Bring a work package in progress to approved.

        Args:
            verdict: what is said of the approval.
            hand_over: what more is said of the move to review.
        """
        head = self.mission.place.git.resolve(f"refs/heads/{self.branch(wp_id)}")
        found = read_record(self.mission.place, self.lane(wp_id).lane_id)
        span = found.wps.get(wp_id) if found else None
        record: dict[str, object] = {
            "lane_id": self.lane(wp_id).lane_id,
            "branch": self.branch(wp_id),
            "base": span.base if span else None,
            "head": head,
        }
        told: MoveOptions = {"subtasks_complete": True, "implementation_evidence_present": True, "workspace": record}
        told.update(hand_over)
        record = dict(told["workspace"] or {})
        steps: list[tuple[Lane, str, MoveOptions]] = [
            (Lane.FOR_REVIEW, "claude", told),
            (Lane.IN_REVIEW, "codex", {"workspace": record or None}),
            (Lane.APPROVED, "codex", {"workspace": record or None, **(verdict or {"review_result": REVIEW})}),
        ]
        with writing(self.mission.place) as writer:
            for lane, actor, options in steps:
                writer.move(wp_id, lane, actor=actor, **options)

    def review_again(self, wp_id: str, *, known: bool = True) -> None:
        """Have what came after the approval of a work package reviewed and approved.

        Args:
            known: whether this clone's record is brought up to date, as where the review was asked for here.
        """
        self.approve(wp_id, other_head=True, reason="there is more to review")
        if known:
            head = self.git.head(self.branch(wp_id))
            note_head(self.mission.place, self.lane(wp_id).lane_id, wp_id, head)

    def run(self, *words: str, cwd: Path | None = None) -> Result:
        """Run a command about this mission, asking for JSON."""
        return self.project.run(*words, "--mission", self.slug, "--json", cwd=cwd)

    def accept(self, *words: str) -> Result:
        """Accept the mission."""
        return self.run("accept", *words)

    def merge(self, *words: str) -> Result:
        """Merge the mission."""
        return self.run("merge", *words)

    def files(self, ref: str = "main") -> dict[str, str]:
        """Name -> content of every file of a commit outside the tool's folders."""
        return code_in(self.git, ref)

    def refs(self) -> dict[str, str]:
        """Every reference and its object."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {name: commit for name, _, commit in (line.partition(" ") for line in lines)}


def code_in(git: Repo, ref: str) -> dict[str, str]:
    """As `Story.files`, of any repository."""
    names = git("ls-tree", "-r", "-z", "--name-only", ref).split("\0")
    tools = ("kitty-specs/", ".kittify/", ".claude/", ".codex/")
    return {name: git("show", f"{ref}:{name}") for name in names if name and not name.startswith(tools)}


def story(project: Project, *tasks: Task, name: str = "tea-timer") -> Story:
    """A finalized mission with these work packages."""
    return Story(finalized_mission(project, *tasks, name=name))


def ready(project: Project, *, name: str = "tea-timer", accepted: bool = True) -> Story:
    """Three lanes with five work packages, all approved; accepted too unless told otherwise.

    WP01 and WP02 stand side by side, WP03 builds on both, WP04 is planning, WP05 stands alone.
    """
    found = story(
        project,
        Task("WP01", owns=("src/one/**",)),
        Task("WP02", owns=("src/two/**",)),
        Task("WP03", needs=("WP01", "WP02"), owns=("src/three/**",)),
        Task("WP04", owns=("docs/**",), mode="planning_artifact"),
        Task("WP05", owns=("src/five/**",)),
        name=name,
    )
    found.do("WP01", src__one__a_py="one = 1\n")
    found.do("WP02", src__two__a_py="two = 2\n")
    found.do("WP03", src__three__a_py="three = 3\n")
    found.mission.claim("WP04")
    found.project.git.commit("the guide", guide_md="# Guide\n")
    found.approve("WP04")
    found.do("WP05", src__five__a_py="five = 5\n")
    if accepted:
        found.accept().ok()
    return found


def one(project: Project, files: Mapping[str, str | None], name: str = "tea-timer") -> Story:
    """An accepted mission of one work package that changes some files (None removes one)."""
    found = story(project, Task("WP01", owns=("a/**",)), name=name)
    found.work("WP01", files)
    found.accept().ok()
    return found


def obey(said: Result, cwd: Path) -> None:
    """Do what a refusal says, in a shell."""
    env = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", "-c", said.json()["hint"]], cwd=cwd, env=env, check=True)
