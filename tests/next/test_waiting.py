"""Whoever waits in `next --wait` is there: work and reviews go to the right session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane
from specify_cli.workspaces.waiting import waiters, waiting
from tests.support.loop import Agent, later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

REVIEWER = Holder("codex", "c1")


@pytest.fixture
def mission(project: Project) -> Mission:
    """One work package."""
    return finalized_mission(project)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is undone at the end."""
    with ExitStack() as found:
        yield found


def test_a_session_counts_as_waiting_until_it_stops(mission: Mission) -> None:
    with waiting(mission.place, REVIEWER, frozenset({"review"})) as renew:
        renew()
        (waiter,) = waiters(mission.place)
        assert waiter.holder == REVIEWER
        assert (waiter.takes("review"), waiter.takes("implement")) == (True, False)
        with later(1):
            assert waiters(mission.place) == (), "it was not renewed"
    assert waiters(mission.place) == ()


@pytest.mark.parametrize(
    "said",
    [
        {"pid": 2**22 + 1},
        {"actor": 3},
        {"last_seen": "yesterday"},
    ],
)
def test_a_marker_without_a_live_process_says_nothing(mission: Mission, said: dict[str, object]) -> None:
    with waiting(mission.place, REVIEWER, frozenset()):
        folder = mission.place.state / "waiting" / mission.place.key
        (path,) = folder.iterdir()
        assert waiters(mission.place)
        path.write_text(json.dumps({**json.loads(path.read_text()), **said}))
        assert waiters(mission.place) == ()


def test_the_marker_of_a_command_goes_with_it(mission: Mission) -> None:
    Agent(mission).next()
    assert Agent(mission, "codex", "c1").next(wait=0.1).kind == "blocked"
    assert os.listdir(mission.place.state / "waiting" / mission.place.key) == []


def test_nobody_is_handed_their_own_review_while_another_waits(mission: Mission, stack: ExitStack) -> None:
    author = Agent(mission)
    author.submit("WP01")
    stack.enter_context(waiting(mission.place, Holder("codex", "c2"), frozenset({"implement"})))
    with later(0.1):
        stack.enter_context(waiting(mission.place, REVIEWER, frozenset()))
        held_up = author.next()
        assert (held_up.kind, held_up.waiting_for[0]["what"]) == ("blocked", "review of WP01")
        stack.close()
        assert author.next().action == "review", "one who waits for work alone takes no review"


def test_nobody_takes_their_own_review_by_name_either_while_another_waits(mission: Mission) -> None:
    Agent(mission, session=None).submit("WP01")
    words = ("agent", "action", "review", "WP01", "--agent", "claude", "--mission", mission.slug, "--json")
    with waiting(mission.place, REVIEWER, frozenset()):
        mission.project.run(*words).failed("SELF_REVIEW")
    assert mission.project.run(*words).ok().json()["self_review"] is True


def test_a_review_that_is_given_back_goes_to_others_first(mission: Mission, stack: ExitStack) -> None:
    Agent(mission).submit("WP01")
    first, second = Agent(mission, "codex", "c1"), Agent(mission, "codex", "c2")
    assert first.next().action == "review"
    stack.enter_context(waiting(mission.place, Holder("codex", "c2"), frozenset()))
    left = first.next(result="failed", note="I do not know this library")
    assert mission.lane("WP01") is Lane.FOR_REVIEW
    assert (left.kind, left.waiting_for[0]["what"]) == ("blocked", "review of WP01")
    assert second.next().action == "review"


def test_a_review_given_back_comes_again_where_nobody_else_can_do_it(mission: Mission, stack: ExitStack) -> None:
    author = Agent(mission)
    author.submit("WP01")
    reviewer = Agent(mission, "codex", "c1")
    reviewer.next()
    stack.enter_context(waiting(mission.place, Holder("claude", "s1"), frozenset()))  # the author, who may not
    assert reviewer.next(result="failed", note="later").action == "review"


def test_rejected_work_goes_to_its_implementer_while_they_are_there(project: Project, stack: ExitStack) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    author, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    author.submit("WP01")
    assert author.next().wp_id == "WP02"
    reviewer.reject("WP01")
    waits = reviewer.next()
    assert {"what": "WP01 implement", "actor": "claude", "session": "s1"} in waits.waiting_for
    author.work(author.next())
    assert author.next(result="success").wp_id == "WP01"


def test_rejected_work_goes_to_anybody_once_its_implementer_is_gone(project: Project, stack: ExitStack) -> None:
    mission = finalized_mission(project)
    author, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    author.submit("WP01")
    reviewer.reject("WP01")
    with waiting(mission.place, Holder("claude", "s1"), frozenset()):
        assert reviewer.next().kind == "blocked"
    assert reviewer.next().wp_id == "WP01"


def test_a_marker_that_a_killed_process_left_is_cleared_away_by_the_next_to_wait(mission: Mission) -> None:
    folder = mission.place.state / "waiting" / mission.place.key
    with waiting(mission.place, REVIEWER, frozenset()):
        (path,) = folder.iterdir()
        left = folder / "4194305-dead.json"
        left.write_text(json.dumps({**json.loads(path.read_text()), "pid": 2**22 + 1}))
    with waiting(mission.place, Holder("codex", "c2"), frozenset()):
        assert left not in list(folder.iterdir())
