"""Feedback: numbered, kept, and first in the next prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.rendered import render_views
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.values import replace
from specify_cli.review.cycles import Feedback, feedback_of, next_feedback, rejections
from specify_cli.review.findings import Finding
from specify_cli.review.prompts import feedback_section, fenced
from specify_cli.status.mission_log import MissionEvent
from tests.support.missions import finalized_mission
from tests.support.project import Project
from tests.support.status import moved


def finding(data: dict[str, object], wp_id: str = "WP01") -> MissionEvent:
    at = "2026-11-20T12:00:00.000000+00:00"
    return MissionEvent("01KNRK00000000000000000000", at, "codex", None, None, "001-x", "review_finding", wp_id, data)


def test_feedback_is_numbered_by_work_package_and_never_written_twice(project: Project) -> None:
    mission = finalized_mission(project)
    (package,) = load_work_packages(mission.place)
    first = next_feedback(mission.place, package, [], [], "mend it", "codex")
    assert (first.cycle, first.file) == (1, "tasks/WP01-work/review-cycle-1.md")
    assert first.reference == f"feedback://{mission.slug}/WP01/review-cycle-1.md"
    assert first.text == "mend it\n"
    events = [finding(first.to_data()), finding({"text": "another's"}, "WP02")]
    assert feedback_of(events, "WP01") == [replace(first, findings=())]
    assert next_feedback(mission.place, package, events, [], "again\n", "codex").cycle == 2
    path = mission.folder / first.file
    render_views(mission.place, events)
    assert path.read_text(encoding="utf-8") == "mend it\n"
    path.write_text("all is well\n", encoding="utf-8")
    render_views(mission.place, events)
    assert path.read_text(encoding="utf-8") == "all is well\n", "a view that was edited is the reader's own"
    path.with_name("review-cycle-7.md").write_text("of an older version\n", encoding="utf-8")
    assert next_feedback(mission.place, package, events, [], "again\n", "codex").cycle == 8


def test_feedback_of_other_writers_is_understood() -> None:
    (found,) = feedback_of([finding({"text": "mend it"})], "WP01")
    assert found == Feedback("WP01", 1, "", "", "mend it", "codex")


def test_only_verdicts_that_send_back_are_rejections() -> None:
    events = [
        moved("in_review", "planned"),
        moved("in_review", "in_progress"),
        moved("approved", "planned"),
        moved("in_review", "planned", force=True),
        moved("in_review", "for_review", force=True),
        moved("in_review", "approved"),
        moved("in_review", "planned", wp_id="WP02"),
    ]
    assert rejections(events, "WP01") == 3


def test_the_newest_feedback_stands_in_full_and_older_by_name() -> None:
    assert feedback_section([], []) == ""
    one = Feedback("WP01", 1, "tasks/a/review-cycle-1.md", "", "old words\n", "codex")
    two = Feedback("WP01", 2, "tasks/a/review-cycle-2.md", "", "new words\n", "ada")
    found = [Finding("F1", "old words"), Finding("F2", "new words", "src/a.py", 3, "high")]
    text = feedback_section([one, two], [replace(found[0], open=False), found[1]])
    assert text.startswith("## First: the review asked for changes (cycle 2, by ada)")
    assert "new words" in text
    assert "old words" not in text
    assert "F2 [high] src/a.py:3 new words" in text
    assert "F1" not in text
    assert "tasks/a/review-cycle-1.md" in text
    assert feedback_section([one, two], [replace(each, open=False) for each in found]) == "", "all is settled"


@given(st.text(st.sampled_from("`~a \n"), max_size=60))
def test_no_text_gets_out_of_its_fence(text: str) -> None:
    lines = fenced(text, "text").rstrip("\n").split("\n")
    fence = lines[-1]
    assert set(fence) == {"`"}
    assert lines[0] == f"{fence}text"
    assert all(fence not in line for line in lines[1:-1])


@pytest.mark.parametrize("name", ["../../etc/passwd", "tasks/../../x"])
def test_a_file_name_from_a_log_never_leaves_the_mission(project: Project, name: str) -> None:
    mission = finalized_mission(project)
    assert render_views(mission.place, [finding({"file": name, "text": "x"})]) == []
