from __future__ import annotations

import re

import pytest

from specify_cli.conditions.claim_rules import WANTS, Busy, ClaimFacts, to_claim
from specify_cli.conditions.questions import Question
from specify_cli.kernel.values import replace
from specify_cli.status.models import Lane

READY = ClaimFacts("WP02", "001-tea", Lane.PLANNED, "lane-a", (("WP01", Lane.APPROVED), ("WP03", Lane.DONE)))


def codes(facts: ClaimFacts) -> list[str]:
    return [each.code for each in to_claim(facts)]


def test_a_ready_work_package_wants_nothing() -> None:
    assert to_claim(READY) == []


def test_all_that_is_missing_is_named_at_once_in_the_order_of_the_table() -> None:
    facts = ClaimFacts(
        "WP02",
        "001-tea",
        Lane.BLOCKED,
        None,
        (("WP01", Lane.PLANNED), ("WP09", None)),
        (Busy("WP03", "codex (c1)"),),
        Question("WP02-rejected-3", "wp.WP02.rejected", "WP02 was rejected 3 times.", ("continue", "block")),
    )
    assert codes(facts) == [
        "WP_NOT_CLAIMABLE", "LANES_MISSING", "DEPENDENCIES_NOT_SATISFIED", "DEPENDENCIES_NOT_SATISFIED", "LANE_BUSY",
        "DECISION_OPEN",
    ]  # fmt: skip
    assert list(WANTS) == list(dict.fromkeys(codes(facts)))
    assert all(re.match("spec-kitty .*--mission 001-tea", str(each.fix)) for each in to_claim(facts))


@pytest.mark.parametrize(
    ("lane", "way"),
    [
        (Lane.PLANNED, "spec-kitty agent action implement WP01 --agent NAME --mission 001-tea"),
        (Lane.CLAIMED, "spec-kitty agent action implement WP01 --agent NAME --mission 001-tea"),
        (Lane.IN_PROGRESS, "spec-kitty agent tasks move-task WP01 --to for_review --mission 001-tea"),
        (Lane.FOR_REVIEW, "spec-kitty agent action review WP01 --agent NAME --mission 001-tea"),
        (Lane.IN_REVIEW, "spec-kitty agent action review WP01 --agent NAME --mission 001-tea"),
        (Lane.BLOCKED, "spec-kitty why WP01 --mission 001-tea"),
        (None, "spec-kitty agent mission finalize-tasks --mission 001-tea"),
    ],
)
def test_a_dependency_names_what_brings_it_on(lane: Lane | None, way: str) -> None:
    found = to_claim(replace(READY, needs=(("WP01", lane),)))
    assert [(each.code, each.subject, each.fix) for each in found] == [("DEPENDENCIES_NOT_SATISFIED", "WP01", way)]


def test_a_canceled_dependency_has_to_go() -> None:
    (found,) = to_claim(replace(READY, needs=(("WP01", Lane.CANCELED),)))
    assert "take it out of the dependencies of WP02" in found.what


def test_a_busy_lane_names_its_holder_and_a_quiet_one_the_way_out() -> None:
    (busy,) = to_claim(replace(READY, busy=(Busy("WP03", "codex (c1)"),)))
    assert "WP03 is held by codex (c1)" in busy.what
    assert "--wait" in str(busy.fix)
    (quiet,) = to_claim(replace(READY, busy=(Busy("WP03", "codex (c1)", quiet=True),)))
    assert quiet.fix == "spec-kitty doctor --reap WP03 --mission 001-tea"


@pytest.mark.parametrize("options", [("resume", "cancel"), ("red", "blue"), ()])
def test_a_question_is_told_with_its_options_and_nobody_answers_it_by_the_way(options: tuple[str, ...]) -> None:
    (found,) = to_claim(
        replace(READY, question=Question("WP02-blocked-1", "wp.WP02.blocked", "Which colour?", options))
    )
    assert found.fix == "spec-kitty next --agent NAME --mission 001-tea --decision-id WP02-blocked-1 --answer TEXT"
    assert all(option in found.what for option in options)
    assert "Which colour?" in found.what
