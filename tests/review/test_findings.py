"""Findings: read from a reviewer's words, opened and closed by verdicts, told in the next prompts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.review.findings import Finding, finding_of, findings_of, judged, points
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent
from tests.support.git import Repo
from tests.support.loop import Agent
from tests.support.missions import finalized_mission
from tests.support.project import Project
from tests.support.status import minute, moved

FEEDBACK = """# Review

Good work, but:

- [high] src/tea.py:12: seconds("tea") must
  raise ValueError
- **[LOW]** `Makefile:3` the wrong target
  goes on here

  not any more
1. [medium] There are no tests. See https://example.org/x.
- F1 is still there
- F2: fixed.

```
- [high] quoted.py not a point
```
"""


def rejection(at: int, text: str, known: list[Finding] | None = None) -> MissionEvent:
    new, still = judged(known or [], points(text), text, at)
    data: dict[str, object] = {"text": text, "cycle": at, "findings": [each.to_data() for each in new], "open": still}
    return fact(at, data)


def fact(at: int, data: dict[str, object]) -> MissionEvent:
    return MissionEvent(f"01KNRK{at:020d}", minute(at), "codex", None, None, "001-x", "review_finding", "WP01", data)


def approval(at: int) -> StatusEvent:
    return moved("in_review", "approved", at=minute(at))


def states(facts: list[MissionEvent], moves: list[StatusEvent]) -> dict[str, bool]:
    return {each.id: each.open for each in findings_of(facts, moves, "WP01")}


def test_points_have_severity_place_and_words() -> None:
    assert points(FEEDBACK) == [
        Finding("", 'seconds("tea") must raise ValueError', "src/tea.py", 12, "high"),
        Finding("", "the wrong target goes on here", "Makefile", 3, "low"),
        Finding("", "There are no tests. See https://example.org/x.", None, None, "medium"),
        Finding("F1", "is still there"),
        Finding("F2", "fixed.", open=False),
    ]


@pytest.mark.parametrize(
    ("words", "file", "line", "what"),
    [
        ("src/a.py wrong", "src/a.py", None, "wrong"),
        ("src/a.py:3-9 – wrong", "src/a.py", 3, "wrong"),
        ("`src/a b` wrong", None, None, "`src/a b` wrong"),
        ("Makefile:4: wrong", "Makefile", 4, "wrong"),
        ("README.md, wrong", "README.md", None, "wrong"),
        ("src/a.py", None, None, "src/a.py"),
        ("e.g. nothing", None, None, "e.g. nothing"),
        ("https://example.org/x is down", None, None, "https://example.org/x is down"),
        ("", None, None, ""),
    ],
)
def test_the_place_of_a_point_stands_first(words: str, file: str | None, line: int | None, what: str) -> None:
    (found,) = points(f"- [low] {words}")
    assert (found.file, found.line, found.what) == (file, line, what)


def test_free_text_is_one_finding() -> None:
    text = "# Review\n\n`tea/a.py`: seconds() must raise ValueError.\nAnd more.\n"
    (new,), still = judged([Finding("F1", "old"), Finding("F2", "older", open=False)], points(text), text, 2)
    assert (new.id, new.file, new.what, new.cycle) == ("F3", "tea/a.py", "seconds() must raise ValueError.", 2)
    assert still == ["F1"], "words without points settle nothing"


def test_a_rejection_says_which_stay_open() -> None:
    facts = [rejection(1, "- [high] one\n- [low] two\n- [low] three\n")]
    known = findings_of(facts, [], "WP01")
    assert [each.id for each in known] == ["F1", "F2", "F3"]
    facts.append(rejection(2, "- F2 still wrong\n- F3 settled\n- [critical] four\n", known))
    assert states(facts, []) == {"F1": False, "F2": True, "F3": False, "F4": True}
    assert [each.cycle for each in findings_of(facts, [], "WP01")] == [1, 1, 1, 2]


def test_an_approval_closes_all_and_a_later_rejection_may_open_one_again() -> None:
    facts = [rejection(1, "- [high] one\n- [low] two\n")]
    assert states(facts, [approval(2)]) == {"F1": False, "F2": False}
    facts.append(rejection(3, "- F2 is back\n", findings_of(facts, [approval(2)], "WP01")))
    assert states(facts, [approval(2)]) == {"F1": False, "F2": True}
    assert states(facts, [approval(2), approval(4)]) == {"F1": False, "F2": False}


def test_a_point_about_a_finding_that_nobody_knows_is_a_new_one() -> None:
    (new,), still = judged([], points("- F7 wrong\n- F8 fixed\n"), "", 1)
    assert (new.id, new.what, still) == ("F1", "wrong", [])


def test_two_clones_that_rejected_at_once_lose_no_finding() -> None:
    facts = [rejection(1, "- [high] one\n"), rejection(2, "- [low] other\n")]
    found = findings_of(facts, [], "WP01")
    assert sorted(each.what for each in found) == ["one", "other"]
    assert len({each.id for each in found}) == 2


def test_feedback_of_versions_without_findings_counts() -> None:
    facts = [fact(1, {"text": "mend it\n", "cycle": 1}), fact(2, {"text": "and that\n", "cycle": 2})]
    assert [str(each) for each in findings_of(facts, [], "WP01")] == ["F1 [medium] mend it", "F2 [medium] and that"]


def test_what_others_wrote_into_the_log_is_read_as_far_as_it_means_something() -> None:
    assert finding_of({"what": "  two\nlines ", "file": 3, "line": "x", "severity": "awful"}) == Finding(
        "", "two lines"
    )
    assert finding_of({"what": " "}) is None
    assert findings_of([fact(1, {"findings": [None, {}, {"id": "F1", "what": "x"}], "open": "?"})], [], "WP01") == [
        Finding("F1", "x")
    ]


@given(st.text(st.sampled_from("-*[]highF1 `:./\n#"), max_size=80))
def test_any_feedback_leaves_something_open(text: str) -> None:
    said = points(text)
    new, still = judged([], said, text, 1)
    assert still == []
    assert new or all(not each.open for each in said)
    assert all("\n" not in str(each) for each in new)
    assert [finding_of(each.to_data()) for each in new if each.what.strip()] == [each for each in new if each.what]


@pytest.mark.parametrize("name", ["WP01", "WP02"])
def test_only_those_of_the_work_package_count(name: str) -> None:
    found = findings_of([rejection(1, "- [high] one\n")], [moved("in_review", "approved", wp_id="WP02")], name)
    assert [each.open for each in found] == ([True] if name == "WP01" else [])


def test_prompts_list_open_findings_and_the_lines_changed_since(project: Project) -> None:
    mission = finalized_mission(project)
    agent, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    lane = Repo(Path(str(agent.submit("WP01", "first line\n").workspace_path)))
    rejected = lane.head()
    said = reviewer.reject("WP01", "Look:\n\n- [high] src/wp01/work.txt:1 name the timer\n- [low] a wish\n")
    assert [each.id for each in said.findings if each.open] == ["F1", "F2"]

    again = agent.next()
    prompt = agent.prompt(again)
    head = prompt.index("## First: the review asked for changes (cycle 1, by codex)")
    assert head < prompt.index("F1 [high] src/wp01/work.txt:1 name the timer") < prompt.index("## Where to work")
    agent.work(again, "first line\ntimer\n")
    agent.move("WP01", Lane.FOR_REVIEW)

    review = reviewer.prompt(reviewer.next())
    assert "F2 [low] a wish" in review
    assert "- F1 why it is not settled yet" in review
    assert f" {rejected[:12]} {lane.head()[:12]}\n" in review
    assert "+timer" in review
    assert "+first line" not in review, "what was reviewed before is not shown again"

    said = reviewer.move("WP01", Lane.PLANNED, "- F1 the name is still missing\n")
    assert {each.id: each.open for each in said.findings} == {"F1": True, "F2": False}
    prompt = agent.prompt(agent.next())
    assert "F1 [high]" in prompt
    assert "F2 [low]" not in prompt
    lane.commit("named", name_txt="timer\n")
    agent.move("WP01", Lane.FOR_REVIEW)
    assert not any(each.open for each in reviewer.approve("WP01").findings)
