from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane
from specify_cli.status.transitions import (
    ALLOWED_TRANSITIONS,
    CANONICAL_LANES,
    MATRIX,
    TERMINAL_LANES,
    Guard,
    MoveContext,
    allowed_targets,
    four_lanes,
    is_terminal,
    parse_lane,
    resolve_lane_alias,
    unmet,
    validate_transition,
)
from tests.support.status import REVIEW

RESULT = ReviewResult.from_dict(REVIEW)
EVIDENCE = DoneEvidence(RESULT.approval())
lanes = st.sampled_from(list(Lane))

# The whole matrix, written a second time by hand: from -> to -> what it wants.
EXPECTED: dict[str, dict[str, set[str]]] = {
    "planned": {"claimed": {"actor"}, "blocked": set(), "canceled": set()},
    "claimed": {"in_progress": {"workspace_context"}, "blocked": set(), "canceled": set()},
    "in_progress": {
        "for_review": {"subtasks_complete", "implementation_evidence"},
        "approved": {"review_evidence"},
        "planned": {"reason"},
        "blocked": set(),
        "canceled": set(),
    },
    "for_review": {"in_review": {"actor", "review_free"}, "blocked": set(), "canceled": set()},
    "in_review": {
        lane: {"review_result"} for lane in ("approved", "done", "in_progress", "planned", "blocked", "canceled")
    },
    "approved": {
        "done": {"review_evidence"},
        "in_progress": {"review_reference"},
        "planned": {"review_reference"},
        "for_review": {"other_head"},
        "blocked": set(),
        "canceled": set(),
    },
    "blocked": {"in_progress": set(), "canceled": set()},
    "done": {"for_review": {"other_head"}},
    "canceled": {},
}


def test_the_table_is_the_one_that_was_decided() -> None:
    found = {
        source: {t.value: set(MATRIX[Lane(source), t]) for t in allowed_targets(Lane(source))} for source in EXPECTED
    }
    assert found == EXPECTED
    assert len(ALLOWED_TRANSITIONS) == sum(map(len, EXPECTED.values()))
    left = {(source, target) for source, target in ALLOWED_TRANSITIONS if source in TERMINAL_LANES}
    assert left == {(Lane.DONE, Lane.FOR_REVIEW)}, "while the mission is not merged"


@given(lanes, lanes)
def test_nothing_but_the_table_decides_which_moves_exist(source: Lane, target: Lane) -> None:
    everything = MoveContext(
        actor="claude", reason="why", workspace_context="here", subtasks_complete=True,
        implementation_evidence_present=True, evidence=EVIDENCE, review_ref="REF", review_result=RESULT,
        other_head=True,
    )  # fmt: skip
    assert (not unmet(source, target, everything)) == (target.value in EXPECTED[source.value])


@given(lanes, lanes, st.sampled_from([None, "", " ", "claude"]), st.sampled_from([None, "", "why"]))
def test_force_wants_an_actor_and_a_reason_and_nothing_else(
    source: Lane, target: Lane, actor: str | None, reason: str | None
) -> None:
    ok, error = validate_transition(source, target, force=True, actor=actor, reason=reason)
    assert ok == (actor == "claude" and reason == "why")
    assert ok or error == "a forced move wants an actor and a reason"


def test_every_guard_names_the_rule_the_missing_thing_and_a_command() -> None:
    for source, target in product(Lane, Lane):
        for problem in unmet(source, target, MoveContext(), "WP07"):
            assert problem.what
            assert problem.code in {"matrix", *Guard}
            assert str(problem.fix).startswith("spec-kitty ")
            assert "--force" not in str(problem.fix), "nobody is told to go around a rule that he ran into"
            assert "{" not in str(problem.fix)


def test_all_that_is_missing_is_said_at_once() -> None:
    problems = unmet(Lane.IN_PROGRESS, Lane.FOR_REVIEW, MoveContext(actor="claude"), "WP01")
    assert [problem.code for problem in problems] == ["subtasks_complete", "implementation_evidence"]
    assert (problems[0].fix, problems[0].subject) == ("spec-kitty why WP01", "WP01")
    assert problems[0].what == "in_progress -> for_review wants every subtask ticked"


def test_unknown_is_not_yes() -> None:
    assert validate_transition("in_progress", "for_review", subtasks_complete=None)[0] is False


def test_a_review_that_another_holds_is_not_free() -> None:
    assert validate_transition("for_review", "in_review", actor="bob", current_actor="ada")[0] is False
    assert validate_transition("for_review", "in_review", actor="ada", current_actor="ada") == (True, None)


def test_a_terminal_lane_is_left_only_by_force() -> None:
    ok, error = validate_transition("done", "planned", actor="claude")
    assert not ok
    final = "done is final, but for another review of what came after it; what is still missing is a new work package"
    assert error == f"there is no move done -> planned: {final}"
    assert validate_transition("done", "planned", actor="claude", reason="wrong", force=True) == (True, None)


def test_a_pair_that_does_not_exist_names_the_ways_there_are() -> None:
    _, error = validate_transition("planned", "done", actor="claude")
    assert error == "there is no move planned -> done: from planned it goes to claimed, blocked, canceled"


def test_doing_is_understood_and_trimmed() -> None:
    assert resolve_lane_alias(" Doing ") == "in_progress"
    assert parse_lane("DOING") is Lane.IN_PROGRESS
    assert "doing" not in CANONICAL_LANES
    assert validate_transition("claimed", "doing", workspace_context="here") == (True, None)


def test_an_unknown_lane_is_said_to_be_none() -> None:
    assert validate_transition("planned", "bogus") == (False, "there is no lane 'bogus'")
    assert parse_lane("genesis") is None
    assert validate_transition("nowhere", "planned")[1] == "there is no lane 'nowhere'"


def test_four_lanes() -> None:
    assert {lane: four_lanes(lane) for lane in CANONICAL_LANES} == {
        "planned": "planned", "claimed": "doing", "in_progress": "doing", "blocked": "doing",
        "for_review": "for_review", "in_review": "for_review", "approved": "for_review",
        "done": "done", "canceled": "done",
    }  # fmt: skip
    with pytest.raises(ValueError, match="doing"):
        four_lanes("doing")


def test_terminal_lanes() -> None:
    assert [lane for lane in CANONICAL_LANES if is_terminal(lane)] == ["done", "canceled"]
