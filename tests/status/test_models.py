from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused
from specify_cli.status import lines
from specify_cli.status.evidence import DoneEvidence, ReviewResult
from specify_cli.status.models import Lane, StatusEvent
from tests.support.status import REVIEW, moved

OURS = (
    '{"actor": "claude", "at": "2026-11-20T12:00:00.000000+00:00", "event_id": "01H", "evidence": null, '
    '"execution_mode": "worktree", "force": false, "from_lane": "planned", "mission_id": "01K", '
    '"mission_slug": "034-x", "policy_metadata": null, "reason": null, "review_ref": null, "to_lane": "claimed", '
    '"wp_id": "WP01"}\n'
)


def again(line: str) -> str:
    return lines.encode([StatusEvent.from_dict(json.loads(line)).to_dict()]).decode()


def test_a_line_read_and_written_again_is_the_same_line() -> None:
    assert again(OURS) == OURS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
optional_keys = st.fixed_dictionaries(
    {},
    optional={
        "session": json_values,
        "prev": json_values,
        "self_review": json_values,
        "workspace": json_values,
        "evidence": json_values | st.just({"review": REVIEW}) | st.just({"review": REVIEW, "other": 1}),
        "policy_metadata": json_values,
        "reason": json_values,
        "review_ref": json_values,
        "mission_id": json_values,
    },
)
unknown_keys = st.dictionaries(
    st.text(st.characters(categories=["Lu"]), min_size=1, max_size=6), json_values, max_size=3
)


@given(optional_keys, unknown_keys)
def test_unknown_keys_and_odd_values_survive(known: dict[str, object], unknown: dict[str, object]) -> None:
    line = json.dumps(json.loads(OURS) | known | unknown, sort_keys=True, ensure_ascii=False) + "\n"
    assert again(line) == line


def test_names_of_older_versions_are_read_and_not_written() -> None:
    line = json.loads(OURS)
    line["feature" + "_slug"] = line.pop("mission_slug")
    del line["mission_id"]
    event = StatusEvent.from_dict(line | {"from_lane": "genesis", "to_lane": "doing"})
    assert (event.mission_slug, event.from_lane, event.to_lane) == ("034-x", Lane.PLANNED, Lane.IN_PROGRESS)
    written = event.to_dict()
    assert written["mission_slug"] == "034-x"
    assert "mission_id" not in written
    assert "feature" + "_slug" not in written


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("event_id", None, "event_id is missing"),
        ("wp_id", 5, "wp_id is not a text"),
        ("to_lane", "nowhere", "to_lane names no lane: 'nowhere'"),
        ("at", "yesterday", "at is not a timestamp"),
        ("force", "yes", "force is neither true nor false"),
    ],
)
def test_a_line_that_is_no_event_says_why(key: str, value: object, problem: str) -> None:
    with pytest.raises(Refused, match=problem) as refused:
        StatusEvent.from_dict(json.loads(OURS) | {key: value})
    assert refused.value.code == "INVALID_EVENT"


def test_the_bootstrap_is_told_from_other_moves() -> None:
    assert moved("planned", "planned", force=True, reason="canonical bootstrap").is_bootstrap
    assert moved("genesis", "planned", reason="canonical bootstrap").is_bootstrap
    assert not moved("planned", "planned", force=True, reason="again").is_bootstrap


def test_evidence_round_trips() -> None:
    whole = {
        "review": REVIEW,
        "repos": [{"repo": "r", "branch": "b", "commit": "c", "files_touched": ["a.py"]}],
        "verification": [{"command": "make", "result": "passed", "summary": "42 tests"}],
    }
    assert DoneEvidence.from_dict(whole).to_dict() == whole
    event = moved("approved", "done", evidence=whole)
    assert event.evidence is not None
    assert event.extra == {}
    assert event.to_dict()["evidence"] == whole


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"review": {"reviewer": "ada", "verdict": " ", "reference": "r"}},
        {"review": REVIEW, "repos": [1]},
        {"review": REVIEW, "repos": [{"repo": "r"}]},
        {"review": REVIEW, "verification": {}},
    ],
)
def test_broken_evidence_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        DoneEvidence.from_dict(broken)
    assert refused.value.code == "INVALID_EVIDENCE"


def test_a_review_result_names_its_feedback() -> None:
    assert ReviewResult.from_dict(REVIEW | {"feedback_path": "x.md"}).feedback_path == "x.md"
    with pytest.raises(Refused, match="lacks verdict"):
        ReviewResult.from_dict({"reviewer": "ada", "reference": "r"})
