"""Worktrees of work packages: made, found again, mended, with what they build on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from specify_cli.kernel.errors import Conflict, NotFound, Refused, SpecKittyError
from specify_cli.status.models import Lane
from specify_cli.workspaces.records import read_record
from tests.support.git import Repo
from tests.support.loop import Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.stories import story

DIAMOND = (Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))


def refused(mission: Mission, wp_id: str) -> SpecKittyError:
    with pytest.raises(SpecKittyError) as refusal:
        mission.claim(wp_id)
    return refusal.value


def give_back(mission: Mission) -> None:
    Agent(mission, session=None).next(result="failed", note="not now")


def worktrees(project: Project) -> list[str]:
    return [line[9:] for line in project.git("worktree", "list", "--porcelain").splitlines() if line[:9] == "worktree "]


def test_a_claim_makes_branches_and_worktree_once(project: Project) -> None:
    mission = finalized_mission(project)
    before = project.git.head()
    claim = mission.claim("WP01")
    slug = mission.slug
    assert claim.workspace.path == project.path / ".worktrees" / f"{slug}-lane-a"
    assert claim.workspace.branch == f"kitty/mission-{slug}-lane-a"
    assert (claim.workspace.created, claim.claimed, len(claim.event_ids)) == (True, True, 2)
    assert project.git.head(f"kitty/mission-{slug}") == project.git.head(claim.workspace.branch) == before
    again = mission.claim("WP01")
    assert (again.workspace.created, again.claimed, again.event_ids) == (False, False, ())
    assert again.workspace.base == claim.workspace.base
    assert project.git.status() == ""
    record = read_record(mission.place, "lane-a")
    assert record is not None
    assert (record.path, record.wps["WP01"].base) == (claim.workspace.path, before)


def test_a_planning_work_package_is_done_in_the_home(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    project.git.write("src/mine.txt", "mine\n")
    claim = mission.claim("WP01")
    assert (claim.workspace.path, claim.workspace.branch, claim.workspace.kind) == (project.path, "main", "repo_root")
    assert worktrees(project) == [str(project.path)]
    assert [event.execution_mode for event in mission.status.events[-2:]] == ["direct_repo", "direct_repo"]


def test_a_planning_work_package_begins_with_its_own_files_clean(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    project.git.write("docs/guide.md", "half\n")
    refusal = refused(mission, "WP01")
    assert (refusal.code, refusal.details["files"]) == ("WORKTREE_DIRTY", ["docs/guide.md"])
    project.git.commit("the guide so far")
    mission.claim("WP01")


def test_a_planning_work_package_reads_the_branches_it_builds_on(project: Project) -> None:
    mission = finalized_mission(
        project, Task("WP01"), Task("WP02", needs=("WP01",), mode="planning_artifact", owns=("docs/**",))
    )
    Agent(mission).submit("WP01")
    Agent(mission, "codex", "c1").approve("WP01")
    agent = Agent(mission)
    step = agent.next()
    assert (step.wp_id, step.workspace_path) == ("WP02", str(project.path))
    assert f"git log -p main..kitty/mission-{mission.slug}-lane-a" in agent.prompt(step)
    assert not (project.path / "src").exists(), "nothing is merged into the target"


def test_a_code_work_package_gets_the_target_where_it_builds_on_planning(project: Project) -> None:
    mission = finalized_mission(
        project,
        Task("WP01", mode="planning_artifact", owns=("docs/**",)),
        Task("WP02", needs=("WP01",)),
        Task("WP03"),
    )
    mission.claim("WP03")
    mission.claim("WP01")
    project.git.write("docs/guide.md", "guide\n")
    project.git.commit("the guide")
    mission.force("WP01", Lane.APPROVED)
    assert (mission.claim("WP02").workspace.path / "docs" / "guide.md").read_text(encoding="utf-8") == "guide\n"
    assert not (project.path / ".worktrees" / f"{mission.slug}-lane-b" / "docs").exists()


def test_lanes_of_dependencies_are_brought_in(project: Project) -> None:
    told = story(project, *DIAMOND)
    told.do("WP01", src__wp01__a_py="a = 1\n")
    told.do("WP02", src__wp02__b_py="b = 2\n")
    claim = told.mission.claim("WP03")
    assert (claim.workspace.path / "src/wp01/a.py").is_file()
    assert (claim.workspace.path / "src/wp02/b.py").is_file()
    assert claim.workspace.base == Repo(claim.workspace.path).head()
    assert Repo(claim.workspace.path).status() == ""
    assert len(claim.workspace.brought) == 1


def test_a_standing_clean_worktree_is_brought_forward(project: Project) -> None:
    """WP03 goes on in WP01's lane, whose worktree stands there with an edited copy of the mission's folder."""
    told = story(project, *DIAMOND)
    first = told.do("WP01", src__wp01__a_py="a = 1\n")
    tasks = first.path / "kitty-specs" / told.slug / "tasks.md"
    tasks.write_text(tasks.read_text(encoding="utf-8") + "a tick that nobody reads\n", encoding="utf-8")
    told.do("WP02", src__wp02__b_py="b = 2\n")
    claim = told.mission.claim("WP03")
    assert claim.workspace.path == first.path
    assert (first.path / "src/wp02/b.py").is_file()
    assert first.status() == f" M kitty-specs/{told.slug}/tasks.md"


def test_what_is_ordered_before_counts_as_a_dependency(project: Project) -> None:
    told = story(project, Task("WP01", owns=("src/**",)), Task("WP02", owns=("src/a/**",)))
    assert [(edge.before, edge.after) for edge in told.mission.lanes.ordering_edges] == [("WP01", "WP02")]
    assert refused(told.mission, "WP02").code == "DEPENDENCIES_NOT_SATISFIED"
    assert Agent(told.mission).next().wp_id == "WP01"
    assert Agent(told.mission, "codex", "c1").next().kind == "blocked"


def test_what_is_ordered_before_is_brought_in(project: Project) -> None:
    told = story(
        project,
        Task("WP01", owns=("src/one/**",)),
        Task("WP02", owns=("src/two/**", "docs/two/**")),
        Task("WP03", needs=("WP01",), owns=("docs/**",)),
    )
    told.do("WP01", src__one__a_py="a = 1\n")
    assert refused(told.mission, "WP03").details["waiting_for"] == {"WP02": "planned"}
    told.do("WP02", src__two__b_py="b = 2\n")
    assert (told.mission.claim("WP03").workspace.path / "src/two/b.py").is_file()


def test_a_conflict_between_dependencies_is_found_before_anything_moves(project: Project) -> None:
    told = story(project, *DIAMOND)
    told.do("WP01", shared_txt="one\n")
    told.do("WP02", shared_txt="two\n")
    refs, before = told.refs(), told.worktree("WP01").status()
    refusal = refused(told.mission, "WP03")
    assert isinstance(refusal, Conflict)
    assert (refusal.code, refusal.details["files"]) == ("DEPENDENCY_CONFLICT", ["shared.txt"])
    assert "WP02" in str(refusal.details["wps"])
    assert (told.refs(), told.worktree("WP01").status()) == (refs, before)
    assert told.mission.lane("WP03") is Lane.PLANNED
    words = str(refusal.hint).split()
    assert words[:5] == ["spec-kitty", "agent", "action", "implement", "WP03"]
    answer = project.run(*(word if word != "NAME" else "claude" for word in words[1:]), "--json").ok().json()
    prompt = Path(answer["prompt_file"]).read_text(encoding="utf-8")
    assert f"    git merge {told.git.head(told.branch('WP02'))[:12]}" in prompt


def test_two_new_lanes_that_conflict_can_be_begun_from_one_of_them(project: Project) -> None:
    told = story(
        project,
        Task("WP01"),
        Task("WP02"),
        Task("WP03", needs=("WP01",)),
        Task("WP04", needs=("WP02",)),
        Task("WP05", needs=("WP01", "WP02")),
    )
    told.do("WP01", shared_txt="one\n")
    told.do("WP02", shared_txt="two\n")
    if told.lane("WP05").lane_id in (told.lane("WP01").lane_id, told.lane("WP02").lane_id):
        pytest.fail("the plan was meant to give WP05 a lane of its own")
    refusal = refused(told.mission, "WP05")
    assert refusal.code == "DEPENDENCY_CONFLICT"
    words = [word if word != "NAME" else "claude" for word in str(refusal.hint).split()[1:]]
    answer = project.run(*words, "--json").ok().json()
    assert "## First: bring in what is missing" in Path(answer["prompt_file"]).read_text(encoding="utf-8")


def test_a_base_that_does_not_exist_or_lacks_the_lane_is_refused(project: Project) -> None:
    told = story(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    run = ("agent", "action", "implement", "--agent", "claude", "--mission", told.slug, "--json", "--base")
    project.run(*run[:3], "WP01", *run[3:], "no-such").failed("BASE_NOT_FOUND", 1)
    told.do("WP01", a_txt="a\n")
    project.run(*run[:3], "WP02", *run[3:], "main").failed("BASE_INVALID", 1)
    assert isinstance(refused(told.mission, "WP01"), Refused)
    assert NotFound.__name__


def test_a_branch_that_was_deleted_is_named_with_the_commit_that_it_had(project: Project) -> None:
    told = story(project, *DIAMOND)
    told.do("WP01", src__wp01__a_py="a = 1\n")
    repo = told.do("WP02", src__wp02__b_py="b = 2\n")
    head = repo.head()
    project.git("worktree", "remove", str(repo.path))
    project.git("branch", "-D", told.branch("WP02"))
    refusal = refused(told.mission, "WP03")
    assert refusal.code == "LANE_BRANCH_MISSING"
    assert str(refusal.hint).endswith(f"branch {told.branch('WP02')} {head}")
    assert told.mission.lane("WP03") is Lane.PLANNED


def test_a_lane_begun_in_another_clone_is_never_begun_anew(project: Project) -> None:
    told = story(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    repo = told.do("WP01", src__wp01__a_py="a = 1\n")
    project.git("worktree", "remove", str(repo.path))
    project.git("branch", "-D", told.branch("WP01"))
    shutil.rmtree(project.path / ".git" / "spec-kitty" / "workspaces")
    assert refused(told.mission, "WP02").code == "LANE_BRANCH_MISSING"
    told.mission.force("WP01", Lane.FOR_REVIEW)
    with pytest.raises(Refused) as refusal:
        Agent(told.mission, "codex", "c1").next()
    assert refusal.value.code == "LANE_BRANCH_MISSING"


def test_a_worktree_that_cannot_be_made_leaves_no_trace(project: Project) -> None:
    told = story(project, *DIAMOND)
    told.do("WP01", src__wp01__a_py="a = 1\n")
    told.do("WP02", src__wp02__b_py="b = 2\n")
    project.git("worktree", "remove", str(told.worktree("WP03").path))
    hook = project.path / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    refs = told.refs()
    refused(told.mission, "WP03")
    assert told.refs() == refs
    hook.unlink()
    assert told.mission.claim("WP03").workspace.path.is_dir()


def test_another_lane_is_busy_while_somebody_works_in_it(project: Project) -> None:
    told = story(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    told.do("WP01", a_txt="a\n")
    told.mission.claim("WP02", actor="codex")
    told.mission.force("WP01", Lane.PLANNED)
    refusal = refused(told.mission, "WP01")
    assert (refusal.code, refusal.details["held"]) == ("LANE_BUSY", "WP02")


def test_eight_processes_at_once_get_eight_worktrees(project: Project) -> None:
    tasks = tuple(Task(f"WP{number:02d}") for number in range(1, 9))
    mission = finalized_mission(project, *tasks)
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.support.missions import Mission; from tests.support.project import Project\n"
        "from tests.support.git import Repo\n"
        "path = Path(sys.argv[1])\n"
        "print(Mission(Project(path, Repo(path)), sys.argv[2]).claim(sys.argv[3], actor=sys.argv[3]).workspace.path)\n"
    )
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(project.path), mission.slug, task.id],
            cwd=root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for task in tasks
    ]
    ended = [each.communicate(timeout=120) for each in running]
    assert [each.returncode for each in running] == [0] * 8, [err for _, err in ended]
    assert len({out for out, _ in ended}) == 8
    assert len(worktrees(project)) == 9
    assert {mission.lane(task.id) for task in tasks} == {Lane.IN_PROGRESS}
