"""Whatever git does between moves: nothing is refused because of us, nothing acknowledged is lost, no branch but the
target is written to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from specify_cli.kernel.paths import discover
from tests.support import soak
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.weather import Worker

MINE, THEIRS, CLAIMED = ("WP01", "WP02", "WP03"), ("WP04", "WP05"), "WP06"


@dataclass(slots=True)
class Weather:
    """What may happen to a clone in which somebody works.

    Args:
        me: who works here.
        friend: who works in another clone of the same repository.
        base: the commit in which the mission was finalized.
    """

    me: Worker
    friend: Worker
    base: str

    @property
    def git(self) -> Repo:
        """Git in the clone."""
        return self.me.git

    def away(self, branch: str) -> None:
        """Work goes on while a branch is checked out that is not the mission's."""
        # Files that git ignored on main it may see here: it left them, and nothing is added to them.
        before = self.git.head(branch), self.git.status()
        assert "??" not in before[1] or branch == "ancient"
        self.me.act()
        assert (self.git.head(branch), self.git.status()) == before
        assert self.git.head("HEAD") == before[0]

    def checkout(self) -> None:
        """Branches from before the mission and from before the project was one, and back."""
        for branch in ("other", "ancient"):
            self.git("checkout", "-q", branch)
            self.away(branch)
        self.git("switch", "-q", "main")

    def friend_checkout(self) -> None:
        """The same in a clone that did not make the mission."""
        self.friend.say("materialize")
        for branch in ("other", "ancient"):
            self.friend.git("switch", "-q", branch)
            before = self.friend.git.head(), self.friend.git.status()
            self.friend.act()
            assert (self.friend.git.head(), self.friend.git.status()) == before
        self.friend.git("switch", "-q", "main")

    def linked(self) -> None:
        """The mission's branch moves to a linked worktree and is worked on from there and from here."""
        self.git("switch", "-q", "other")
        tip = self.git.head()
        folder = self.git.path.parent / "linked"
        self.git("worktree", "add", "-q", str(folder), "main")
        before = self.git.head("main")
        self.me.act(1)
        self.me.say("materialize")
        assert self.git.head("main") != before
        assert (self.git.head(), self.git.status(), Repo(folder).status()) == (tip, "", "")
        self.git("worktree", "remove", str(folder))
        self.me.act()
        self.git("switch", "-q", "main")

    def stopped_merge(self) -> None:
        """Work goes on in the middle of a merge that conflicts."""
        self.me.say("materialize")
        self.git("switch", "-q", "-c", "side")
        self.git.commit("side", side_txt="side\n")
        self.git("switch", "-q", "main")
        self.git.commit("main", side_txt="main\n")
        self.git("merge", "-q", "side", check=False)
        assert self.git.status() == "AA side.txt"
        self.me.act()
        assert self.git.status() == "AA side.txt"
        self.git("merge", "--abort")
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.git("branch", "-q", "-D", "side")

    def detach(self) -> None:
        """An old commit, and back."""
        self.git("checkout", "-q", "--detach", self.base)
        self.away("HEAD")
        self.git("switch", "-q", "-")

    def pull(self) -> None:
        """What another clone pushed arrives by a merge or as it is."""
        self.friend.act()
        self.friend.publish()
        self.me.act()
        self.git("pull", "-q", "--no-rebase", "--no-edit")
        self.me.check()
        self.git("push", "-q")

    def pull_rebase(self) -> None:
        """Milestones of both clones, one after the other."""
        self.friend.act()
        self.friend.publish()
        self.me.milestone()
        self.git("pull", "-q", "--rebase")
        self.me.check()
        self.git("push", "-q")

    def reset(self) -> None:
        """The last five commits are thrown away."""
        while int(self.git("rev-list", "--first-parent", "--count", f"{self.base}..HEAD")) < 5:
            self.me.milestone()
        self.git("reset", "-q", "--hard", "HEAD~5")

    def stash(self) -> None:
        """The user's own changes go away and come back."""
        self.git.write("README.md", "# Changed\n")
        self.git.write("new.txt", "new\n")
        self.git("stash", "push", "-q", "-u")
        self.me.act()
        self.git("stash", "pop", "-q")
        assert self.git.status().splitlines() == [" M README.md", "?? new.txt"]
        self.me.act()
        self.git("checkout", "-q", "README.md")
        self.git("clean", "-qf", "new.txt")

    def clean(self) -> None:
        """Everything that git does not know is removed."""
        self.git("clean", "-qfdx")
        self.me.act()
        self.git("clean", "-qffdx")

    def cherry_pick(self) -> None:
        """A milestone is carried over to a branch of the user's."""
        made = self.me.milestone()
        self.git("switch", "-q", "release")
        self.git("cherry-pick", made)
        self.away("release")
        self.git("switch", "-q", "main")

    def squash(self) -> None:
        """Three milestones become one."""
        for _ in range(3):
            self.me.milestone()
        self.git(
            "-c", "sequence.editor=sed -i 2,3s/^pick/squash/", "-c", "core.editor=true", "rebase", "-q", "-i", "HEAD~3"
        )

    def stopped_rebase(self) -> None:
        """Work goes on in the middle of a rebase; nothing is written to the tree until it is over."""
        for _ in range(2):
            self.me.milestone()
        self.git("-c", "sequence.editor=sed -i 1s/^pick/edit/", "rebase", "-q", "-i", "HEAD~2")
        assert discover(self.git.path).checkouts()[0].busy == "rebase"
        self.me.act()
        assert self.git.status() == ""
        self.git("-c", "core.editor=true", "rebase", "--continue")

    def worktree(self) -> None:
        """The worktree of a claimed work package is removed, by git or with the folder."""
        path = self.me.mission.claim(CLAIMED).workspace.path
        self.me.say("agent", "status", "emit", CLAIMED, "--to", "planned", "--actor", "claude", "--reason", "later")
        if self.me.chance.random() < 0.5:
            self.git("worktree", "remove", "--force", str(path))
        else:
            self.git("clean", "-qffdx", ".worktrees")
            assert not path.exists()

    def collect(self) -> None:
        """What no reference holds is gone for ever."""
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "-q", "--prune=now")

    def kinds(self) -> list[Callable[[], None]]:
        """Every kind of weather."""
        return [
            self.checkout, self.friend_checkout, self.linked, self.detach, self.pull, self.pull_rebase, self.reset,
            self.stash, self.clean, self.cherry_pick, self.squash, self.stopped_rebase, self.stopped_merge,
            self.worktree, self.collect,
        ]  # fmt: skip


@pytest.fixture
def weather(project: Project, tmp_path: Path) -> Weather:
    chance = Random(2026)
    project.git("branch", "other")
    project.git("branch", "ancient", project.git("rev-list", "--max-parents=0", "HEAD"))
    mission = finalized_mission(project, *(Task(wp_id) for wp_id in (*MINE, *THEIRS, CLAIMED)))
    project.git("branch", "release")
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    project.git("clone", "-q", "--bare", str(project.path), str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.git("fetch", "-q")
    project.git("branch", "-q", "-u", "origin/main", "main")
    project.git("clone", "-q", str(origin), str(clone))
    for branch in ("other", "ancient"):
        Repo(clone)("branch", "-q", "--track", branch, f"origin/{branch}")
    friend = Mission(Project(clone, Repo(clone)), mission.slug)
    return Weather(Worker(mission, MINE, chance), Worker(friend, THEIRS, chance), project.git.head())


@pytest.mark.soak
def test_no_weather_loses_a_move_or_is_refused_because_of_us(weather: Weather) -> None:
    me, friend = weather.me, weather.friend
    foreign = [weather.git.head(branch) for branch in ("other", "ancient")]
    for _ in range(soak.times(10)):
        kinds = weather.kinds()
        me.chance.shuffle(kinds)
        for happen in kinds:
            happen()
            me.check()
            assert weather.git("branch", "--show-current") == "main"
            me.act()
            assert [weather.git.head(branch) for branch in ("other", "ancient")] == foreign
    me.publish()
    friend.publish()
    weather.git("pull", "-q")
    assert me.mission.status.snapshot == friend.mission.status.snapshot
    for worker in (me, friend):
        assert worker.mission.status.unpublished == 0
        assert worker.say("agent", "status", "validate")["findings"] == []
