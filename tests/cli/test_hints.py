"""A printed command acts on the mission, as the agent and in the session of the call, and is never that call itself."""

from __future__ import annotations

import shlex

import pytest

from specify_cli.cli import commands
from specify_cli.cli.hints import shown
from specify_cli.cli.lazy import command_of, every_command
from specify_cli.kernel.commands import PROGRAM, answering, command
from tests.support.missions import finalized_mission
from tests.support.project import Project, Task

MOVE = "agent tasks move-task WP01 --to for_review"


def printed(hint: str, call: str, *, mission: str | None = None, refused: bool = True) -> str | None:
    """A hint as it is printed in the answer to a call."""
    with answering(shlex.split(call)) as answered:
        answered.mission, answered.refused = mission, refused
        return shown(command(PROGRAM, *shlex.split(hint)))


@pytest.mark.parametrize(
    ("hint", "call", "mission", "expected"),
    [
        ("why WP01", f"{MOVE} --mission 1", "001-tea", "why WP01 --mission 001-tea"),
        ("why WP01", MOVE, "001-tea", "why WP01 --mission 001-tea"),
        ("why WP01", f"{MOVE} --mission=1", None, "why WP01 --mission 1"),
        ("why WP01 --mission 002-pot", MOVE, "001-tea", "why WP01 --mission 002-pot"),
        ("mission list", f"{MOVE} --mission 1 --agent ann", "001-tea", "mission list"),
        ("upgrade --help", f"{MOVE} --mission 1", "001-tea", "upgrade --help"),
        ("next", f"{MOVE} --agent ann", None, "next --agent ann"),
        ("next --agent NAME", f"{MOVE} --agent 'ann b'", None, "next --agent 'ann b'"),
        ("next --agent ANOTHER", f"{MOVE} --agent ann", None, "next --agent ANOTHER"),
        ("next --agent bob", f"{MOVE} --agent ann --session s1", None, "next --agent bob"),
        ("next", f"{MOVE} --agent ann --session s1", None, "next --agent ann --session s1"),
        ("accept", f"{MOVE} --agent ann", "001-tea", "accept --actor ann --mission 001-tea"),
        ("validate-encoding --all", MOVE, "001-tea", "validate-encoding --all"),
    ],
)
def test_a_hint_carries_what_the_call_was_given(hint: str, call: str, mission: str | None, expected: str) -> None:
    assert printed(hint, call, mission=mission) == f"{PROGRAM} {expected}"


@pytest.mark.parametrize(
    ("hint", "call"),
    [
        (MOVE, MOVE),
        (MOVE, f"{MOVE} --mission 1"),
        ("agent tasks move-task WP01 --to for_review", "agent tasks move-task --to=for_review WP01 --agent ann"),
        (f"{MOVE} --commit MESSAGE", f"{MOVE} --commit 'the work'"),
        ("agent mission accept", "accept"),
    ],
)
def test_the_refused_command_is_not_its_own_fix(hint: str, call: str) -> None:
    assert printed(hint, call, mission="001-tea") is None
    assert printed(hint, call, mission="001-tea", refused=False) is not None


@pytest.mark.parametrize(
    ("hint", "call"), [(f"{MOVE} --commit MESSAGE", MOVE), (f"{MOVE} --force --note TEXT", MOVE), ("merge", "accept")]
)
def test_a_command_that_says_more_is_another_one(hint: str, call: str) -> None:
    assert printed(hint, call, mission="001-tea") is not None


@pytest.mark.parametrize("name", sorted(every_command(commands.TABLE, PROGRAM, hidden=True)))
def test_the_table_knows_which_options_a_command_takes(name: str) -> None:
    leaf = every_command(commands.TABLE, PROGRAM, hidden=True)[name]
    options = {option for each in command_of(name.rsplit(maxsplit=1)[-1], leaf).params for option in each.opts}
    assert leaf.takes == options & {commands.MISSION, commands.AGENT, commands.ACTOR}


@pytest.fixture
def two_missions(project: Project) -> Project:
    """Two open missions, each with a WP01."""
    finalized_mission(project, Task("WP01"), name="tea")
    finalized_mission(project, Task("WP01"), name="pot")
    return project


@pytest.mark.parametrize("words", [("accept",), ("agent", "action", "implement", "WP01", "--agent", "ann"), ("why",)])
def test_whoever_named_no_mission_is_told_where_to_name_it(two_missions: Project, words: tuple[str, ...]) -> None:
    told = two_missions.run(*words, "--json").failed("MISSION_AMBIGUOUS").json()
    assert told["hint"] == f"{PROGRAM} {' '.join(words)} --mission MISSION"
    slug = str(told["details"]["candidates"][0])
    two_missions.run(*shlex.split(told["hint"].replace("MISSION", slug))[1:], "--json")
