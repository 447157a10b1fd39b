"""The facts behind a move to review, on real git."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from specify_cli.conditions import review_rules
from specify_cli.conditions.review_facts import reviewed_head, work_facts
from specify_cli.conditions.review_rules import WorkFacts
from specify_cli.core.work_packages import load_work_packages
from specify_cli.status.models import StatusEvent
from specify_cli.workspaces.lookup import workspace_of
from tests.support.git import Repo
from tests.support.loop import Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.status import moved


def facts(mission: Mission, wp_id: str = "WP01") -> WorkFacts:
    package = next(each for each in load_work_packages(mission.place) if each.id == wp_id)
    workspace = workspace_of(mission.place, mission.lanes, wp_id)
    return work_facts(mission.place, package, workspace, mission.status)[0]


def test_before_the_first_claim_there_is_no_workspace(project: Project) -> None:
    mission = finalized_mission(project)
    assert facts(mission).workspace is None
    repo = Repo(mission.claim("WP01").workspace.path)
    assert facts(mission).workspace == str(repo.path)
    shutil.rmtree(repo.path)
    assert facts(mission).workspace is None


def test_uncommitted_files_and_commits_are_found_and_the_copy_of_the_mission_is_not(project: Project) -> None:
    mission = finalized_mission(project)
    repo = Repo(mission.claim("WP01").workspace.path)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.write(f"kitty-specs/{mission.slug}/spec.md", "another spec\n")
    assert (facts(mission).dirty, facts(mission).commits) == (("src/wp01/a.py",), 0)
    repo("add", "src/wp01/a.py")
    repo("commit", "-q", "-m", "a")
    assert (facts(mission).dirty, facts(mission).commits, facts(mission).has_evidence) == ((), 1, True)


def test_commits_of_the_work_package_before_do_not_count(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    Agent(mission).submit("WP01")
    Agent(mission, "codex", "c1").approve("WP01")
    mission.claim("WP02")
    assert facts(mission, "WP02").commits == 0


def test_another_branch_or_none_is_told(project: Project) -> None:
    mission = finalized_mission(project)
    repo = Repo(mission.claim("WP01").workspace.path)
    assert facts(mission).wrong_branch is None
    repo("switch", "-q", "-c", "sideways")
    assert facts(mission).wrong_branch == "sideways"
    repo("switch", "-q", "--detach")
    assert facts(mission).wrong_branch == "a detached HEAD"


@pytest.mark.parametrize("way", [("switch", "-q", "--detach"), ("switch", "-q", "-c", "an-agents-own")])
def test_commits_beside_the_lanes_branch_are_brought_onto_it(project: Project, way: tuple[str, ...]) -> None:
    mission = finalized_mission(project)
    repo = Repo(mission.claim("WP01").workspace.path)
    branch = repo("branch", "--show-current")
    repo(*way)
    head = repo.commit("beside it", a_py="a = 1\n")
    [unmet] = review_rules.for_review(facts(mission))
    assert unmet.code == "WORKTREE_WRONG_BRANCH"
    subprocess.run(["/bin/sh", "-c", str(unmet.fix)], check=True)
    assert review_rules.for_review(facts(mission)) == []
    assert repo.head(branch) == head


def test_the_lanes_branch_is_not_moved_off_its_own_commits(project: Project) -> None:
    mission = finalized_mission(project)
    repo = Repo(mission.claim("WP01").workspace.path)
    branch = repo("branch", "--show-current")
    repo("switch", "-q", "-c", "an-agents-own")
    repo.commit("beside it", a_py="a = 1\n")
    repo("switch", "-q", branch)
    head = repo.commit("on it", b_py="b = 1\n")
    repo("switch", "-q", "an-agents-own")
    [unmet] = review_rules.for_review(facts(mission))
    subprocess.run(["/bin/sh", "-c", str(unmet.fix)], check=True)
    assert repo.head(branch) == head


def test_work_amid_a_rebase_is_not_handed_over(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    mission = finalized_mission(project)
    repo = mission.work("WP01", "a.txt")
    repo.commit("more", b_txt="b\n")
    monkeypatch.setenv("GIT_SEQUENCE_EDITOR", "sed -i -e s/^pick/edit/")
    repo("rebase", "-q", "-i", "HEAD~1")
    found = facts(mission)
    assert not found.has_evidence
    [unmet] = review_rules.for_review(found)
    subprocess.run(["/bin/sh", "-c", str(unmet.fix)], check=True)
    assert facts(mission).has_evidence


def test_planning_work_is_its_own_files_alone(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/",)))
    mission.claim("WP01")
    project.git.write("src/a.py", "a = 1\n")
    project.git.commit("not this package's")
    project.git.write("src/b.py", "b = 1\n")
    assert (facts(mission).commits, facts(mission).dirty) == (0, ())
    project.git.write("docs/deep/guide.md", "guide\n")
    assert facts(mission).dirty == ("docs/deep/guide.md",)
    project.git.commit("the guide")
    assert (facts(mission).commits, facts(mission).dirty) == (1, ())


def test_after_a_rejection_other_files_than_the_reviewed_ones_are_wanted(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    step = agent.submit("WP01")
    Agent(mission, "codex", "c1").reject("WP01")
    agent.next()
    repo = Repo(agent.work(step, "once more\n").path)
    assert facts(mission).unchanged_since is None
    repo("reset", "-q", "--hard", "HEAD~1")
    assert facts(mission).unchanged_since == repo.head()
    reviewed = repo.head()
    repo("commit", "-q", "--amend", "--no-edit", "-m", "amended")
    repo.commit("nothing")
    assert facts(mission).unchanged_since == reviewed
    agent.work(step, "once more\n")
    assert facts(mission).unchanged_since is None


def test_the_reviewed_head_is_that_of_the_last_rejection() -> None:
    first, second = "a" * 40, "b" * 40
    events: list[StatusEvent] = []

    def add(source: str, target: str, head: str | None = None, wp_id: str = "WP01") -> str | None:
        events.append(moved(source, target, wp_id=wp_id, workspace={"head": head} if head else None))
        return reviewed_head(events, "WP01")

    assert add("in_progress", "for_review", first) is None
    assert add("for_review", "in_review") is None
    assert add("in_review", "planned", wp_id="WP02") is None
    assert add("in_review", "planned") == first
    assert add("in_progress", "for_review", second) is None
    assert add("approved", "in_progress") == second
