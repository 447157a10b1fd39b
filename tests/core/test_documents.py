"""What a document still lacks (the life of a mission, section 4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.documents import (
    clarifications,
    functional_requirements,
    goal_of,
    placeholders,
    requirement_ids,
    shortcomings,
)
from specify_cli.core.mission_types import Step, StepKind, load_mission_type
from specify_cli.core.templates import template
from specify_cli.kernel.paths import Repository


def step(document: str = "plan.md", headings: tuple[str, ...] = (), needs: tuple[str, ...] = ()) -> Step:
    return Step("s", StepKind.DOCUMENT, "S", "Do it.", "plan", document, document, headings, needs)


def codes(found: Step, text: str | None, scaffold: str = "") -> list[str]:
    return [one.code for one in shortcomings(found, text, scaffold)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[FILL: the goal]", ["[FILL: the goal]"]),
        ("a [FILL: one] b [FILL: two\nlines]", ["[FILL: one]", "[FILL: two lines]"]),
        ("[FILL: a [nested] one] after", ["[FILL: a [nested] one]"]),
        ("[FILL: never closed\n\nnext paragraph", ["[FILL: never closed]"]),
        ("`[FILL: code]` and <!-- [FILL: comment] -->", []),
        ("```\n[FILL: fence]\n```", []),
        ("- [ ] T001 open box, [link](x), [fill: lower case]", []),
        ("", []),
    ],
)
def test_placeholders_are_recognised(text: str, left: list[str]) -> None:
    assert placeholders(text) == left


def test_placeholders_of_a_projects_own_scaffold_count_while_they_stand() -> None:
    scaffold = "# [FEATURE NAME]\n\n[DATE] [X] [API](url) [NOTE]: x\n"

    assert placeholders("# Tea\n\n[DATE] [SECTION]\n", scaffold) == ["[DATE]"]
    assert placeholders("# Tea\n\n[API](url)\n", scaffold) == []


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("x [NEEDS CLARIFICATION: which port?] y", ["which port?"]),
        ("[needs clarification:a\n b] [NEEDS CLARIFICATION: c [d]]", ["a b", "c [d]"]),
        ("- **FR-002**: Send mail [NEEDS CLARIFICATION]", ["- **FR-002**: Send mail [NEEDS CLARIFICATION]"]),
        ("`[NEEDS CLARIFICATION: code]`", []),
        ("```\n[NEEDS CLARIFICATION: fence]\n```\n", []),
        ("no [NEEDS CLARIFICATIONS] here", []),
    ],
)
def test_open_questions_are_found(text: str, questions: list[str]) -> None:
    assert clarifications(text) == questions


@pytest.mark.parametrize(
    "line",
    [
        "- **FR-001**: It works.",
        "* FR-001 It works.",
        "FR-001: It works.",
        "1. `FR-001` It works.",
        "### FR-001 It works",
        "| FR-001 | It works |",
        "| 1 | **FR-001** | It works |",
        "- [ ] fr-001: It works.",
        "> - __FR-001__: It works.",
    ],
)
def test_a_requirement_stands_at_the_beginning_of_something(line: str) -> None:
    assert requirement_ids(line) == ["FR-001"]


@pytest.mark.parametrize("line", ["As FR-001 says.", "XFR-001", "FR-abc", "```\nFR-001\n```", "<!-- \nFR-001 -->", ""])
def test_a_mention_is_no_requirement(line: str) -> None:
    assert requirement_ids(line) == []


def test_ids_keep_their_order_and_come_once() -> None:
    text = "- FR-002: b\n- NFR-001: c\n- FR-001: a\n- FR-002: again\n- C-003: d\n- FR-010b: e\n"

    assert requirement_ids(text) == ["FR-002", "NFR-001", "FR-001", "C-003", "FR-010B"]
    assert functional_requirements(text) == ["FR-002", "FR-001", "FR-010B"]


@pytest.mark.parametrize("text", [None, "", "  \n\n"])
def test_an_empty_document_is_missing(text: str | None) -> None:
    assert codes(step(), text) == ["DOCUMENT_MISSING"]


def test_headings_must_be_there_and_say_something() -> None:
    wanted = step(headings=("Summary", "Testing", "Risks"), needs=("headings",))

    assert codes(wanted, "# Plan\n\n## summary\n\nA.\n\n## 2. Testing\n\n### Deep\n\n## Risks:\n\nB.\n") == [
        "HEADING_EMPTY"
    ]
    assert codes(wanted, "## Summary\n\nA\n\n## Testing\n\n```\nmake test\n```\n") == ["HEADING_MISSING"]
    assert codes(wanted, "## Summary\n\n### Deep\n\nA\n\n## Testing\n\nB\n\n## Risks\n\n- none\n") == []
    assert codes(step(headings=("Summary",)), "# Plan\n") == []


def test_a_placeholder_below_a_heading_is_told_once() -> None:
    wanted = step(headings=("Summary",), needs=("headings",))

    assert codes(wanted, "## Summary\n\n[FILL: it]\n") == ["PLACEHOLDER_LEFT"]


def test_needs_of_specification_and_outline() -> None:
    assert codes(step("spec.md", needs=("requirement",)), "# Spec\n\nNFR-001: fast\n") == ["NO_REQUIREMENT"]
    assert codes(step("spec.md", needs=("requirement",)), "# Spec\n\nFR-001: works\n") == []
    assert codes(step("tasks.md", needs=("work_package",)), "# Tasks\n\nWP01 is big\n") == ["NO_WORK_PACKAGE"]
    assert codes(step("tasks.md", needs=("work_package",)), "## WP01 — First\n") == []
    assert codes(step("tasks.md", needs=("work_package",)), "## Work Package WP10: First\n") == []


def test_messages_name_the_document_and_the_marker() -> None:
    (found,) = shortcomings(step("spec.md"), "x [FILL: " + "long " * 40 + "]")

    assert found.message.startswith("spec.md still says [FILL: long")
    assert len(found.message) < 120


def test_every_shipped_scaffold_is_unfinished(tmp_path: Path) -> None:
    repo = Repository(tmp_path, None, None, None)
    mission_type = load_mission_type("software-dev", repo)

    for one in mission_type.steps:
        if one.template is not None:
            scaffold = template(repo, mission_type.key, one.template)
            assert "PLACEHOLDER_LEFT" in codes(one, scaffold, scaffold), one.name
            assert placeholders(scaffold), one.name
            assert clarifications(scaffold) == [], one.name


def test_a_filled_scaffold_is_finished(tmp_path: Path) -> None:
    repo = Repository(tmp_path, None, None, None)
    mission_type = load_mission_type("software-dev", repo)

    for name in ("specify", "plan", "tasks_outline"):
        one = mission_type.step(name)
        assert one is not None
        scaffold = template(repo, mission_type.key, one.template or "")
        text = scaffold
        for marker in placeholders(scaffold):
            text = text.replace(marker, "Decided.")
        assert codes(one, text, scaffold) == [], name


def test_the_goal_is_the_section_or_the_first_paragraph() -> None:
    assert goal_of("# S\n\nIntro.\n\n## Goal\n\nTea in time.\n\n## Next\n") == "Tea in time."
    assert goal_of("# S\n\nTea in time,\nalways.\n\n- x\n") == "Tea in time,\nalways."
    assert goal_of("# S\n\n- x\n") == ""


@given(st.text(alphabet="[]FILL: `\n<!->a", max_size=80))
def test_any_text_can_be_examined(text: str) -> None:
    for marker in placeholders(text, text):
        assert marker.startswith("[")
    clarifications(text)
    shortcomings(step(headings=("A",), needs=("headings", "requirement", "work_package")), text, text)


@given(st.text(alphabet="abc .,\n", max_size=60))
def test_a_marker_is_found_in_any_prose(text: str) -> None:
    assert placeholders(f"{text} [FILL: x] {text}") == ["[FILL: x]"]
    assert clarifications(f"{text} [NEEDS CLARIFICATION: x?] {text}") == ["x?"]
