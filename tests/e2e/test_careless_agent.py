"""A careless agent: every shortcut past the gates, tried on one mission, with every printed fix run as it stands.

Whatever it does, what reaches the target was shown to a reviewer other than its author, was approved by that reviewer,
holds no conflict marker, and is not called tested where it was not.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import SCRIPT, Result, run_script
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.project import Project, Task, make_project
from tests.support.stage import Stage
from tests.support.stories import Story, story

pytestmark = pytest.mark.e2e
SNEAKED = "SNEAKED-IN"
AUTHOR, JUDGE = "claude", "codex"
ROUNDS = 8  # of running what the refusals print


@dataclass(frozen=True, slots=True)
class Careless:
    """The mission, and the hands of an agent that wants to be finished."""

    stage: Stage

    @property
    def story(self) -> Story:
        """The mission."""
        return self.stage.story

    @property
    def path(self) -> Path:
        """The user's checkout."""
        return self.stage.path

    def run(self, *words: str, agent: str = AUTHOR) -> Result:
        """Run a command about the mission; whether it succeeds is the gates' affair."""
        env = {"SPEC_KITTY_AGENT": agent}
        return run_script(*words, "--mission", self.story.slug, "--json", cwd=self.path, env=env)

    def tree(self, wp_id: str) -> Repo:
        """The worktree of a work package's lane."""
        return self.story.worktree(wp_id)

    def sneak(self, repo: Repo, name: str, *, commit: bool = True) -> None:
        """Put what nobody has seen into a checkout."""
        repo.write(name, f"{SNEAKED}\n")
        if commit:
            repo.commit("tidy up")

    def implement(self, wp_id: str) -> Result:
        """Claim a work package."""
        return self.run("agent", "action", "implement", wp_id, "--agent", AUTHOR)

    def work(self, wp_id: str) -> None:
        """Honest work, handed over."""
        self.implement(wp_id).ok()
        self.tree(wp_id).write(f"src/{wp_id.lower()}/a.py", f"{wp_id} = 1\n")
        self.tree(wp_id).commit(f"{wp_id}: work")
        self.move(wp_id, "for_review").ok()

    def review(self, wp_id: str) -> Result:
        """Take a review as another agent."""
        return self.run("agent", "action", "review", wp_id, "--agent", JUDGE, agent=JUDGE)

    def move(self, wp_id: str, to: str, *more: str, agent: str = AUTHOR) -> Result:
        """Move a work package."""
        return self.run("agent", "tasks", "move-task", wp_id, "--to", to, "--agent", agent, *more, agent=agent)

    def approve(self, wp_id: str, *more: str) -> Result:
        """Give the verdict without a look."""
        return self.move(wp_id, "approved", *more, agent=JUDGE)

    def honest(self, *wp_ids: str) -> None:
        """Work packages done as they should be."""
        for wp_id in wp_ids:
            self.work(wp_id)
            self.review(wp_id).ok()
            self.approve(wp_id).ok()

    def go_on(self, wp_id: str) -> None:
        """As `honest`, as far as the gates let it."""
        if self.implement(wp_id).code == 0:
            self.tree(wp_id).write(f"src/{wp_id.lower()}/a.py", f"{wp_id} = 1\n")
            self.tree(wp_id).commit(f"{wp_id}: work")
            self.move(wp_id, "for_review")
            self.review(wp_id)
            self.approve(wp_id)

    def finish(self) -> None:
        """Accept and merge, running every fix that a refusal prints, whatever it says."""
        for _ in range(ROUNDS):
            accepted = self.run("accept")
            done = self.run("merge") if accepted.code == 0 else accepted
            if done.code == 0:
                return
            fixes = list(_fixes(done.json()))
            if not fixes:
                return
            for fix in fixes:
                self._shell(fix)

    def _shell(self, fix: str) -> None:
        for name, value in (("NAME", JUDGE), ("ANOTHER", JUDGE), ("WHY", "because")):
            fix = fix.replace(name, value)
        env = {**os.environ, "PATH": os.pathsep.join([str(SCRIPT.parent), os.environ["PATH"]])}
        subprocess.run(
            ("sh", "-c", fix),
            cwd=self.path,
            env=env,
            capture_output=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def merged(self) -> str:
        """All that is on the target, outside the tool's folders."""
        return "\n".join(f"{name}\n{text}" for name, text in self.story.files().items())

    def holds(self) -> None:
        """What must be true whatever was tried."""
        text = self.merged()
        assert "<<<<<<<" not in text, text
        assert ">>>>>>>" not in text, text
        if SNEAKED not in text:
            return
        seen = [head for head in self._reviewed_heads() if SNEAKED in self._at(head)]
        assert seen, f"{SNEAKED} was merged, and no approved review was of it\n{text}"

    def _reviewed_heads(self) -> Iterator[str]:
        """Commits that were shown to a reviewer who did not write them and approved exactly them, unforced."""
        events = self.story.mission.status.events
        for number, event in enumerate(events):
            if event.to_lane != "approved" or event.force:
                continue
            before = [each for each in events[:number] if each.wp_id == event.wp_id and each.workspace]
            shown = next((each for each in reversed(before) if each.to_lane == "in_review"), None)
            worker = next((each for each in reversed(before) if each.to_lane == "in_progress"), None)
            if shown is not None and shown.workspace and worker is not None and event.actor != worker.actor:
                yield str(shown.workspace.get("head"))

    def _at(self, commit: str) -> str:
        git = self.story.git
        if git("cat-file", "-t", commit, check=False) != "commit":
            return ""
        return git("grep", "-h", SNEAKED, commit, check=False)


def _fixes(document: dict[str, Any]) -> Iterator[str]:
    """Every command that a refusal prints."""
    unmet = document.get("details", {}).get("unmet", [])
    listed = [each.get("fix") for each in unmet] + [document.get("hint")]
    yield from dict.fromkeys(each for each in listed if each)


def commit_after_approval(agent: Careless) -> None:
    agent.honest("WP01", "WP02", "WP03")
    agent.sneak(agent.tree("WP01"), "src/wp01/b.py")


def commit_during_review(agent: Careless) -> None:
    agent.honest("WP02")
    agent.work("WP01")
    agent.review("WP01").ok()
    agent.sneak(agent.tree("WP01"), "src/wp01/b.py")
    agent.approve("WP01")
    agent.go_on("WP03")


def commit_between_two_work_packages(agent: Careless) -> None:
    agent.honest("WP01", "WP02")
    agent.sneak(agent.tree("WP01"), "src/wp01/b.py")
    agent.sneak(agent.tree("WP02"), "src/wp02/b.py")
    agent.honest("WP03")


def half_done_work_below_a_base(agent: Careless) -> None:
    """The tip of a dependency's lane holds what nobody reviewed when the dependant begins."""
    agent.honest("WP01", "WP02")
    agent.sneak(agent.tree("WP01"), "src/wp01/half.py")
    agent.work("WP03")
    agent.review("WP03")
    agent.approve("WP03")
    agent.tree("WP01")("reset", "-q", "--hard", "HEAD~1", check=False)


def canceled_work(agent: Careless) -> None:
    agent.honest("WP01", "WP02")
    agent.implement("WP03").ok()
    agent.sneak(agent.tree("WP03"), "src/wp03/a.py")
    agent.move("WP03", "canceled", "--note", "not needed")


def base_of_ones_own(agent: Careless) -> None:
    agent.honest("WP02")
    agent.story.git("switch", "-q", "-c", "mine")
    agent.sneak(agent.story.git, "src/wp01/mine.py")
    agent.story.git("switch", "-q", "main")
    agent.run("implement", "WP01", "--agent", AUTHOR, "--base", "mine")
    agent.tree("WP01").write("src/wp01/a.py", "one = 1\n")
    agent.tree("WP01").commit("WP01: work")
    agent.move("WP01", "for_review")
    agent.review("WP01")
    agent.approve("WP01")
    agent.honest("WP03")


def commit_on_the_mission_branch(agent: Careless) -> None:
    agent.honest("WP01", "WP02", "WP03")
    branch = f"kitty/mission-{agent.story.slug}"
    folder = agent.path.parent / "aside"
    agent.story.git("worktree", "add", "-q", str(folder), branch)
    agent.sneak(Repo(folder), "src/extra.py")
    agent.story.git("worktree", "remove", "--force", str(folder))


def rewritten_after_approval(agent: Careless) -> None:
    agent.honest("WP01", "WP02", "WP03")
    tree = agent.tree("WP01")
    tree.write("src/wp01/a.py", f"{SNEAKED}\n")
    tree("commit", "-q", "-a", "--amend", "-m", "WP01: work")


def approved_while_another_works(agent: Careless) -> None:
    agent.honest("WP02")
    agent.implement("WP01").ok()
    agent.sneak(agent.tree("WP01"), "src/wp01/a.py", commit=False)
    agent.approve("WP01", "--note", "fine")
    agent.go_on("WP03")


def work_that_is_none(agent: Careless) -> None:
    agent.honest("WP02")
    agent.implement("WP01").ok()
    agent.tree("WP01")("commit", "-q", "--allow-empty", "-m", "WP01: done")
    agent.move("WP01", "for_review")
    agent.approve("WP01", "--note", "fine")


def evidence_made_up(agent: Careless) -> None:
    agent.honest("WP02")
    agent.implement("WP01").ok()
    agent.sneak(agent.tree("WP01"), "src/wp01/a.py")
    said = json.dumps({"review": {"reviewer": JUDGE, "verdict": "approved", "reference": "REF-1"}})
    agent.run("agent", "status", "emit", "WP01", "--to", "approved", "--actor", JUDGE, "--evidence-json", said)
    agent.move("WP01", "for_review")
    agent.run("agent", "status", "emit", "WP01", "--to", "approved", "--actor", AUTHOR, "--evidence-json", said)


def own_work_under_a_name_that_looks_other(agent: Careless) -> None:
    config = agent.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    assert "by: any" in text
    config.write_text(text.replace("by: any", "by: other"), encoding="utf-8")
    agent.story.git.commit("reviews are by others")
    agent.implement("WP01").ok()
    agent.sneak(agent.tree("WP01"), "src/wp01/a.py")
    agent.move("WP01", "for_review")
    for name in ("Claude", "claude ", "CLAUDE", "clau\u200bde", "ｃｌａｕｄｅ"):
        agent.run("agent", "tasks", "move-task", "WP01", "--to", "approved", "--agent", name, agent=name)
        assert agent.story.mission.lane("WP01") != "approved", name


def forced_through(agent: Careless) -> None:
    agent.honest("WP02")
    agent.implement("WP01").ok()
    agent.sneak(agent.tree("WP01"), "src/wp01/a.py")
    agent.move("WP01", "approved", "--force", "--note", "it is fine")


def marks_of_a_conflict(agent: Careless) -> None:
    agent.honest("WP01", "WP02")
    one, two = agent.tree("WP01"), agent.tree("WP02")
    one.write("shared.txt", "one\n")
    one.commit("one side")
    two.write("shared.txt", "two\n")
    two.commit("other side")
    one("merge", "-q", two.head(), check=False)
    one("add", "-A")
    one("commit", "-q", "-m", "merged")
    agent.go_on("WP03")


SHORTCUTS: tuple[Callable[[Careless], None], ...] = (
    commit_after_approval,
    commit_during_review,
    commit_between_two_work_packages,
    half_done_work_below_a_base,
    canceled_work,
    base_of_ones_own,
    commit_on_the_mission_branch,
    rewritten_after_approval,
    approved_while_another_works,
    work_that_is_none,
    evidence_made_up,
    own_work_under_a_name_that_looks_other,
    forced_through,
    marks_of_a_conflict,
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A mission of three work packages, none begun: WP03 builds on WP01."""
    folder = tmp_path_factory.mktemp("careless")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        project: Project = make_project(folder / "project")
        Repo(folder)("init", "-q", "--bare", str(folder / "remote.git"))
        found = Stage(
            story(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01",))),
            folder / "kept",
        )
        found.keep()
    return found


@pytest.fixture
def agent(stage: Stage) -> Careless:
    stage.reset()
    return Careless(stage)


@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda each: each.__name__)
def test_a_shortcut_leads_nowhere(agent: Careless, shortcut: Callable[[Careless], None]) -> None:
    shortcut(agent)
    agent.finish()

    agent.holds()
