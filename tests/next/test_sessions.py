"""Sessions: given on every call, offered where there is none, and told apart."""

from __future__ import annotations

from typing import Any

import pytest

from specify_cli.status.models import Lane
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task


@pytest.fixture
def mission(project: Project) -> Mission:
    """Two work packages side by side."""
    return finalized_mission(project, Task("WP01"), Task("WP02"))


def ask(mission: Mission, *words: str) -> dict[str, Any]:
    """What `next` answers claude."""
    return mission.project.run("next", "--agent", "claude", *words, "--json").json()


def warning(found: dict[str, Any], code: str) -> dict[str, Any]:
    """The one warning of that code."""
    (one,) = [each for each in found["warnings"] if each["code"] == code]
    return dict(one)


def codes(found: dict[str, Any]) -> list[str]:
    """The codes of its warnings, but for what the short plan of a test lacks."""
    return [each["code"] for each in found["warnings"] if each["code"] != "GUARD_BROKEN"]


def test_the_flag_wins_over_the_environment_and_stands_in_every_command_that_is_printed(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEC_KITTY_SESSION", "variable")
    found = ask(mission, "--session", "flag one")
    assert (found["session"], codes(found)) == ("flag one", [])
    prompt = mission.project.path.joinpath(found["prompt_file"]).read_text()
    assert "--to for_review --agent claude --session 'flag one' --mission" in prompt
    told = mission.project.run("next", "--agent", "claude", "--session", "flag one").ok().out
    assert (
        f"Next: spec-kitty next --agent claude --session 'flag one' --mission {mission.slug} --result success" in told
    )
    assert ask(mission)["wp_id"] == "WP02"  # SPEC_KITTY_SESSION is another session


def test_calls_without_an_id_get_the_same_step_and_are_told_how_to_get_their_own(mission: Mission) -> None:
    first = ask(mission)
    assert codes(first) == ["SESSION_UNKNOWN"]
    assert (first["resumed"], first["since"]) == (False, None)
    second = ask(mission)
    assert (second["wp_id"], second["step_id"], second["resumed"]) == ("WP01", first["step_id"], True)
    assert second["since"]
    assert codes(second) == ["SESSION_UNKNOWN", "STEP_ALREADY_OPEN"]
    told = mission.project.run("next", "--agent", "claude").ok()
    assert "  open since " in told.out
    own = warning(second, "STEP_ALREADY_OPEN")["hint"].split()[1:]
    other = mission.project.run(*own, "--json").ok().json()
    assert (other["wp_id"], codes(other)) == ("WP02", [])


def test_the_id_that_was_offered_goes_on_with_what_it_was_offered_for(mission: Mission) -> None:
    first = ask(mission)
    offered = warning(first, "SESSION_UNKNOWN")["hint"].split()[1:]
    again = mission.project.run(*offered, "--json").ok().json()
    assert (again["wp_id"], again["step_id"], again["resumed"]) == ("WP01", first["step_id"], True)
    assert codes(again) == []  # another id would lock it out of its own step
    assert again["session"] == offered[offered.index("--session") + 1]
    assert ask(mission)["wp_id"] == "WP02"  # whoever still gives none is somebody else from now on
    given_back = mission.project.run(*offered, "--result", "failed", "--note", "no", "--json").json()
    assert mission.lane("WP01") is not Lane.IN_PROGRESS or given_back["wp_id"] == "WP01"


def test_a_planning_step_is_taken_up_by_the_id_that_was_offered(project: Project) -> None:
    project.create()
    first = project.run("next", "--agent", "claude", "--json").ok().json()
    offered = warning(first, "SESSION_UNKNOWN")["hint"].split()[1:]
    again = project.run(*offered, "--json").ok().json()
    assert (again["action"], again["step_id"], again["resumed"]) == ("specify", first["step_id"], True)
    waiting = project.run("next", "--agent", "claude", "--json").failed().json()
    assert waiting["waiting_for"][0]["session"] == again["session"]


def test_a_session_that_was_offered_its_id_counts_as_one_with_whom_it_was_before(mission: Mission) -> None:
    first = ask(mission)
    offered = warning(first, "SESSION_UNKNOWN")["hint"].split()[1:]
    mission.project.run(*offered, "--json").ok()
    mission.force("WP02", Lane.DONE, actor="claude")
    assert mission.status.holders()["WP01"].session == offered[offered.index("--session") + 1]


def test_an_id_that_was_only_offered_does_not_make_somebody_else_of_whom_it_was_offered_to(mission: Mission) -> None:
    ask(mission)
    mission.work("WP01", "src/wp01/a.py")
    done = ask(mission, "--result", "success")
    assert mission.lane("WP01") is Lane.FOR_REVIEW
    flags = warning(done, "SESSION_UNKNOWN")["hint"].split()[2:6]
    review = mission.project.run("agent", "action", "review", "WP01", *flags, "--json").ok().json()
    assert review["self_review"] is True
    moved = mission.project.run("agent", "tasks", "move-task", "WP01", "--to", "approved", *flags, "--json").ok().json()
    assert mission.status.events[-1].self_review, moved
    other = ("--agent", "claude", "--session", "s-00000001")
    mission.force("WP02", Lane.FOR_REVIEW, actor="codex")
    assert (
        mission.project.run("agent", "action", "review", "WP02", *other, "--json").ok().json()["self_review"] is False
    )


def test_the_second_user_of_an_id_is_told_that_its_step_is_open(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "parent")
    first = ask(mission)
    child = ask(mission)
    assert (child["step_id"], codes(child)) == (first["step_id"], ["STEP_ALREADY_OPEN"])
    assert "sub-agent" in warning(child, "STEP_ALREADY_OPEN")["message"]
    action = mission.project.run("agent", "action", "implement", "WP01", "--agent", "claude", "--json").ok().json()
    assert (action["resumed"], action["since"], codes(action)) == (True, child["since"], ["STEP_ALREADY_OPEN"])
    assert "STEP_ALREADY_OPEN" not in codes(ask(mission, "--result", "success"))


def test_a_report_from_the_wrong_session_names_the_command_of_the_right_one(mission: Mission) -> None:
    ask(mission, "--session", "one")
    found = ask(mission, "--session", "two", "--result", "success")
    hint = warning(found, "NOTHING_REPORTED")["hint"]
    assert hint == f"spec-kitty next --agent claude --session one --result success --mission {mission.slug}"
