"""`doctor --reap`: what a quiet holder has is taken back, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specify_cli.context.models import Actor
from specify_cli.doctor.reap import Reaped, reap
from specify_cli.kernel.errors import Refused
from specify_cli.status.emit import Writer
from specify_cli.status.models import Lane
from specify_cli.workspaces import leases, rescue
from tests.support.git import Repo
from tests.support.loop import Agent, later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

REAPER = Actor("user:Ada")
PAIR = (Task("WP01", subtasks=("T001",)), Task("WP02"))


@pytest.fixture
def mission(project: Project) -> Mission:
    """Two work packages that can be begun at once."""
    return finalized_mission(project, *PAIR)


@pytest.fixture
def left(mission: Mission) -> Repo:
    """The worktree of WP01, which codex has left with one commit, one changed and one new file."""
    agent = Agent(mission, "codex", "c1")
    worktree = Repo(Path(str(agent.next().workspace_path)))
    worktree.write("src/wp01/a.py", "a = 1\n")
    worktree.commit("begin")
    worktree.write("src/wp01/a.py", "a = 2\n")
    worktree.write("src/wp01/new.py", "b = 3\n")
    return worktree


@pytest.fixture
def quiet(left: Repo) -> Iterator[Repo]:
    """The same, twenty minutes later."""
    with later(20):
        yield left


def reaped(mission: Mission, wp_id: str = "WP01") -> Reaped:
    return reap(mission.context, REAPER, Agent(mission).package(wp_id))


def refused(mission: Mission, wp_id: str = "WP01") -> Refused:
    with pytest.raises(Refused) as found:
        reaped(mission, wp_id)
    return found.value


def notes(mission: Mission) -> list[dict[str, Any]]:
    return [dict(each.data) for each in mission.status.mission_events if each.type == "note"]


# -- what is taken back ------------------------------------------------------------------------------------------


def test_work_of_a_quiet_holder_is_planned_again_and_saved(mission: Mission, quiet: Repo) -> None:
    done = reaped(mission)
    assert mission.lane("WP01") is Lane.PLANNED
    event = mission.status.events[-1]
    assert (event.from_lane, event.to_lane, event.force, event.actor) == (
        Lane.IN_PROGRESS, Lane.PLANNED, True, "user:Ada",
    )  # fmt: skip
    assert "codex (c1)" in str(event.reason)
    assert mission.status.snapshot.work_packages["WP01"]["force_count"] == 0, "giving back overrides nothing"
    assert mission.status.holders() == {}
    assert leases.read_lease(mission.place, "WP01") is None
    assert done.rescue is not None
    assert done.rescue.ref == f"refs/spec-kitty/rescue/{mission.slug}/WP01/1"
    assert done.rescue.files == ("src/wp01/a.py", "src/wp01/new.py")
    assert quiet("show", f"{done.rescue.ref}:src/wp01/a.py") == "a = 2"
    assert [each["rescue"] for each in notes(mission)] == [done.rescue.to_dict()]
    assert (quiet.status(), done.warnings) == ("", ())
    assert (quiet.path / "src/wp01/a.py").read_text() == "a = 1\n", "what was committed is still the lane's"


def test_the_next_claim_works_and_its_prompt_names_what_was_saved(mission: Mission, quiet: Repo) -> None:
    done = reaped(mission)
    assert done.rescue is not None
    other = Agent(mission, "claude", "s1")
    step = other.next()
    assert (step.kind, step.wp_id) == ("step", "WP01")
    prompt = other.prompt(step)
    assert "## Rescued work" in prompt
    assert f"git diff '{done.rescue.ref}^' {done.rescue.ref}" in prompt
    assert "given back for codex (c1)" in prompt
    patch = quiet("diff", "--binary", f"{done.rescue.ref}^", done.rescue.ref) + "\n"
    (quiet.path.parent / "patch").write_text(patch, encoding="utf-8")
    quiet("apply", str(quiet.path.parent / "patch"))
    assert (quiet.path / "src/wp01/new.py").read_text() == "b = 3\n"


def test_when_it_went_to_review_the_prompt_names_it_no_longer(mission: Mission, quiet: Repo) -> None:
    reaped(mission)
    mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done", "--json").ok()
    agent, other = Agent(mission), Agent(mission, "codex", "c2")
    agent.submit("WP01")
    other.reject("WP01")
    assert "## Rescued work" not in agent.prompt(agent.next())


def test_without_uncommitted_work_nothing_is_saved(mission: Mission, left: Repo) -> None:
    left.commit("all of it")
    with later(20):
        done = reaped(mission)
    assert (done.rescue, notes(mission), mission.lane("WP01")) == (None, [], Lane.PLANNED)


def test_a_claim_that_was_never_begun_is_taken_back(mission: Mission) -> None:
    mission.walk("WP01", Lane.CLAIMED)
    leases.touch(mission.place, "WP01", "claude", None)
    with later(20):
        assert reaped(mission).event.from_lane is Lane.CLAIMED
    assert mission.lane("WP01") is Lane.PLANNED


def test_a_worktree_that_is_gone_does_not_hinder(mission: Mission, quiet: Repo) -> None:
    mission.project.git("worktree", "remove", "--force", str(quiet.path))
    assert reaped(mission).rescue is None
    assert mission.lane("WP01") is Lane.PLANNED


def test_a_review_waits_again_and_its_worktree_is_left_alone(mission: Mission) -> None:
    mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done", "--json").ok()
    step = Agent(mission).submit("WP01")
    Agent(mission, "codex", "c1").next()
    worktree = Repo(Path(str(step.workspace_path)))
    worktree.write("review-notes.txt", "hm\n")
    with later(20):
        done = reaped(mission)
    assert (done.event.from_lane, done.event.to_lane, done.rescue) == (Lane.IN_REVIEW, Lane.FOR_REVIEW, None)
    assert worktree.status() == "?? review-notes.txt"
    assert worktree("for-each-ref", "refs/spec-kitty") == ""
    assert Agent(mission, "gemini", "g1").next().action == "review"


def test_in_the_home_only_the_owned_files_are_saved_and_cleared(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", owns=("docs/**",), mode="planning_artifact"))
    Agent(mission, "codex", "c1").next()
    project.git.write("docs/guide.md", "half\n")
    project.git.write("mine.txt", "mine\n")
    with later(20):
        done = reaped(mission)
    assert done.rescue is not None
    assert done.rescue.files == ("docs/guide.md",)
    assert project.git.status() == "?? mine.txt"
    assert Agent(mission).next().wp_id == "WP01"


def test_the_logs_in_the_home_are_never_rescued(project: Project) -> None:
    """Not even where somebody gave the whole folder of the mission to a work package."""
    mission = finalized_mission(project, Task("WP01", owns=("kitty-specs/**",), mode="planning_artifact"))
    config = project.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text().replace("{publish: milestone}", "{publish: always}"), encoding="utf-8")
    Agent(mission, "codex", "c1").next()
    (mission.folder / "research.md").write_text("half\n", encoding="utf-8")
    with later(20):
        done = reaped(mission)
    assert done.rescue is not None
    assert done.rescue.files == (f"kitty-specs/{mission.slug}/research.md",)
    published = (mission.folder / "status.events.jsonl").read_text(encoding="utf-8")
    assert done.event.event_id in published


# -- what is refused ---------------------------------------------------------------------------------------------


def test_who_is_at_work_keeps_it(mission: Mission, left: Repo) -> None:
    error = refused(mission)
    assert error.code == "LEASE_ACTIVE"
    assert "held by codex (c1) since 20" in error.message
    assert "has not been quiet for 15 minutes: last seen " in error.message
    assert "files changed" not in error.message
    assert (error.details["claimed_by"], error.details["claimed_by_session"]) == ("codex", "c1")
    assert error.details["since"] == mission.status.snapshot.work_packages["WP01"]["holder_since"]
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    assert left("for-each-ref", "refs/spec-kitty") == ""


def test_a_changed_file_is_work_too(mission: Mission) -> None:
    with later(-20):
        worktree = Repo(Path(str(Agent(mission, "codex", "c1").next().workspace_path)))
    worktree.write("src/wp01/now.py", "now\n")
    error = refused(mission)
    assert error.code == "LEASE_ACTIVE"
    assert error.message.endswith(", and files changed there since")


@pytest.mark.parametrize("lane", [Lane.PLANNED, Lane.FOR_REVIEW, Lane.APPROVED, Lane.BLOCKED, Lane.DONE])
def test_what_nobody_holds_cannot_be_taken_back(mission: Mission, lane: Lane) -> None:
    mission.force("WP01", lane)
    error = refused(mission)
    assert (error.code, error.hint) == ("NOT_HELD", f"spec-kitty why WP01 --mission {mission.slug}")


def test_what_is_held_in_another_clone_is_not_ours_to_take(mission: Mission) -> None:
    mission.walk("WP01", Lane.IN_PROGRESS, actor="codex")
    with later(60):
        assert refused(mission).code == "LEASE_ELSEWHERE"
        leases.touch(mission.place, "WP01", "claude", "s9")
    with later(120):
        assert refused(mission).code == "LEASE_ELSEWHERE", "the lease is another's"


def test_taken_back_twice_it_is_nobodys(mission: Mission, quiet: Repo) -> None:
    reaped(mission)
    count = len(mission.status.events)
    assert refused(mission).code == "NOT_HELD"
    assert len(mission.status.events) == count


# -- crashes and hindrances --------------------------------------------------------------------------------------


class _Crash(BaseException):
    """Nobody catches it, as nobody catches a kill."""


def crash(*_: object, **__: object) -> None:
    raise _Crash


def test_a_crash_after_saving_changes_nothing_else_and_is_made_good(
    mission: Mission, quiet: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = quiet.status()
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "flush", crash)
        with pytest.raises(_Crash):
            reaped(mission)
    assert (mission.lane("WP01"), quiet.status()) == (Lane.IN_PROGRESS, before)
    done = reaped(mission)
    assert done.rescue is not None
    assert done.rescue.ref.endswith("/1"), "the same files are one rescue"
    assert quiet.status() == ""


def test_a_crash_before_clearing_is_made_good(mission: Mission, quiet: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rescue, "put_away", crash)
        with pytest.raises(_Crash):
            reaped(mission)
    assert (mission.lane("WP01"), quiet.status() == "") == (Lane.PLANNED, False)
    events = len(mission.status.events)
    again = reaped(mission)
    assert (quiet.status(), len(mission.status.events), again.holder) == ("", events, None)
    assert refused(mission).code == "NOT_HELD"


def test_a_crash_in_the_middle_of_clearing_is_made_good(
    mission: Mission, quiet: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rescue, "put_away", crash)
        with pytest.raises(_Crash):
            reaped(mission)
    (quiet.path / "src/wp01/new.py").unlink()
    reaped(mission)
    assert quiet.status() == ""
    assert Agent(mission).next().wp_id == "WP01"


def test_what_somebody_wrote_after_the_crash_stays(
    mission: Mission, quiet: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rescue, "put_away", crash)
        with pytest.raises(_Crash):
            reaped(mission)
    quiet.write("src/wp01/new.py", "after all\n")
    (warning,) = reaped(mission).warnings
    assert (warning.code, "src/wp01/new.py" in warning.message) == ("WORKTREE_DIRTY", True)
    assert (quiet.path / "src/wp01/new.py").read_text() == "after all\n"


def test_after_a_later_claim_nothing_is_cleared_any_more(
    mission: Mission, quiet: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = reaped(mission)
    assert done.rescue is not None
    claim = mission.claim("WP01", actor="gemini")
    Repo(claim.workspace.path).write("src/wp01/new.py", "b = 3\n")
    mission.force("WP01", Lane.PLANNED)
    assert refused(mission).code == "NOT_HELD", "that was given back by hand, not reaped"
    assert (claim.workspace.path / "src/wp01/new.py").exists()


@pytest.mark.parametrize("state", ["merge", "switched"])
def test_a_worktree_in_the_middle_of_something_is_left_as_it_is(mission: Mission, left: Repo, state: str) -> None:
    if state == "switched":
        left("switch", "-q", "--detach")
    else:
        (Path(left("rev-parse", "--absolute-git-dir")) / "MERGE_HEAD").write_text(left.head() + "\n")
    before = left.status()
    with later(20):
        done = reaped(mission)
    assert mission.lane("WP01") is Lane.PLANNED
    assert done.rescue is not None
    assert [each.code for each in done.warnings] == ["WORKTREE_DIRTY"]
    assert left.status() == before


def test_a_rescue_is_no_merge(mission: Mission, left: Repo) -> None:
    """A branch is not thought to be kept, and so not removed, because its work was rescued."""
    with later(20):
        reaped(mission)
    mission.force("WP01", Lane.CANCELED)
    mission.force("WP02", Lane.CANCELED)
    mission.project.run("context", "cleanup", "--json").ok()
    assert mission.project.git("branch", "--list", f"kitty/mission-{mission.slug}-lane-a") != ""


# -- the command -------------------------------------------------------------------------------------------------


def test_the_command_answers_with_what_was_saved(mission: Mission, quiet: Repo) -> None:
    answer = mission.project.run("doctor", "--reap", "wp1", "--json").ok().json()
    assert answer["holder"]["actor"] == "codex"
    assert (answer["from_lane"], answer["to_lane"], answer["wp_id"]) == ("in_progress", "planned", "WP01")
    assert answer["rescue"]["files"] == ["src/wp01/a.py", "src/wp01/new.py"]
    assert answer["actor"].startswith("user:")
    mission.project.run("doctor", "--reap", "WP01", "--json").failed("NOT_HELD", 1)


def test_the_command_tells_people_where_it_is(mission: Mission, quiet: Repo) -> None:
    told = mission.project.run("doctor", "--reap", "WP01").ok().out
    assert "WP01: in_progress → planned, taken back from codex (c1)" in told
    assert f"2 uncommitted files kept as refs/spec-kitty/rescue/{mission.slug}/WP01/1" in told


@pytest.mark.parametrize("words", [["leases"], ["--fix"]])
def test_it_does_one_thing_at_a_time(mission: Mission, words: list[str]) -> None:
    mission.project.run("doctor", *words, "--reap", "WP01", "--json").failed("USAGE_ERROR", 2)
    mission.project.run("doctor", "--reap", "WP77", "--json").failed("WP_NOT_FOUND", 1)
