"""What acceptance and merge want; values in, reasons out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.conditions import accept_rules, merge_rules
from specify_cli.conditions.accept_rules import AcceptFacts, DirtyWorktree, PackageState, TestRun
from specify_cli.conditions.merge_rules import Accepted, MergeFacts
from specify_cli.kernel.commands import command
from specify_cli.status.models import Lane
from specify_cli.workspaces.coverage_models import Coverage, Uncovered
from specify_cli.workspaces.forecast_models import Clash, Outcome, Step
from specify_cli.workspaces.markers import Marked

DONE = (PackageState("WP01", Lane.APPROVED), PackageState("WP02", Lane.DONE))
GOOD = AcceptFacts("001-x", "kitty-specs/001-x", DONE)
ACCEPTED = Accepted("01", "ada", "2026-11-20", "local", {"lane-a": "aaa"})
FREE = MergeFacts("001-x", "main", "/p", "/p", DONE, accepted=ACCEPTED, tips={"lane-a": "aaa"})
STEP = Step("lane-b", "1", "2", Outcome.CONFLICT, "1", "t", ("WP02",), (Clash("f.py", ("WP02",), ("WP01",)),))


def test_nothing_is_missing() -> None:
    assert accept_rules.unmet(GOOD) == []
    assert merge_rules.unmet(FREE) == []


UNCOVERED = Uncovered("abc", "late", "Ada <a@b>", "lane-a", "WP01", "WP01", None, "after the approval of WP01")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(GOOD, packages=()), "NO_WORK_PACKAGES"),
        (replace(GOOD, packages=(PackageState("WP01", Lane.CANCELED),)), "NO_WORK_PACKAGES"),
        (replace(GOOD, lanes_known=False), "LANES_MISSING"),
        (replace(GOOD, without_lane=("WP09",)), "LANES_MISSING"),
        (replace(GOOD, open_subtasks=(("WP01", ("T001", "T002")),)), "SUBTASKS_OPEN"),
        (replace(GOOD, clarifications=(("spec.md", "when?"),)), "NEEDS_CLARIFICATION"),
        (replace(GOOD, missing_artifacts=("plan.md",)), "ARTIFACT_MISSING"),
        (replace(GOOD, missing_artifacts=("lanes.json",)), "ARTIFACT_MISSING"),
        (replace(GOOD, missing_artifacts=("research.md",)), "ARTIFACT_MISSING"),
        (replace(GOOD, unmapped=("FR-002",)), "REQUIREMENT_UNMAPPED"),
        (replace(GOOD, dirty=(DirtyWorktree("lane-a", "/w", ("f",)),)), "WORKTREE_DIRTY"),
        (replace(GOOD, dirty=(DirtyWorktree("lane-a", "/w", ("f",), "merge", ("f",)),)), "WORKTREE_BUSY"),
        (replace(GOOD, dirty=(DirtyWorktree("lane-a", "/w", (), "bisect"),)), "WORKTREE_BUSY"),
        (replace(GOOD, markers=(Marked("f.py", (3, 9), "lane-a", ("WP01",), "/w"),)), "CONFLICT_MARKERS"),
        (
            replace(GOOD, missing_branches=(("lane-a", "kitty/x", command("git", "branch", "kitty/x")),)),
            "LANE_BRANCH_MISSING",
        ),
        (replace(GOOD, conflicts=(STEP,)), "MERGE_CONFLICT"),
        (replace(GOOD, lacking=(("WP01", "lane-a", "abc", "/p"),)), "APPROVED_COMMIT_MISSING"),
        (replace(GOOD, coverage=Coverage(uncovered=(UNCOVERED,))), "UNREVIEWED_COMMITS"),
        (replace(GOOD, tests=(TestRun("make test", 2, 1.0, "/log"),)), "TEST_FAILED"),
    ],
)
def test_each_condition_of_acceptance(facts: AcceptFacts, code: str) -> None:
    (found,) = accept_rules.unmet(facts)
    assert found.code == code
    # What no command mends is said in a sentence.
    by_hand = "plan " in found.what or "answer it there" in found.what or "is missing" in found.what
    assert found.fix or by_hand or re.search("its output is in|goes back to", found.what)


def test_what_nobody_fulfils_is_not_given_to_work_that_was_reviewed_without_it() -> None:
    (found,) = accept_rules.unmet(replace(GOOD, unmapped=("FR-002",)))
    assert found.fix is None
    assert "plan one in kitty-specs/001-x/tasks.md" in found.what
    packages = (PackageState("WP01", Lane.APPROVED), PackageState("WP02", Lane.PLANNED))
    found = accept_rules.unmet(replace(GOOD, unmapped=("FR-002",), packages=packages))[-1]
    assert "not approved yet (WP02)" in found.what
    assert found.fix == "spec-kitty agent tasks map-requirements --wp WP --refs FR-002 --mission 001-x"


@given(st.lists(st.sampled_from(list(Lane)), min_size=1, max_size=8))
def test_exactly_the_unsettled_work_packages_are_named(lanes: list[Lane]) -> None:
    packages = tuple(PackageState(f"WP{number:02d}", lane) for number, lane in enumerate(lanes, 1))
    named = {each.subject for each in accept_rules.unmet(replace(GOOD, packages=packages)) if each.subject}
    settled = {Lane.APPROVED, Lane.DONE, Lane.CANCELED}
    assert named == {package.wp_id for package in packages if package.lane not in settled}


def test_a_mission_of_documents_alone_wants_its_documents_finished() -> None:
    facts = AcceptFacts("001-x", "kitty-specs/001-x", (), has_packages=False)
    assert accept_rules.unmet(facts) == []
    assert [each.code for each in accept_rules.unmet(replace(facts, has_packages=True))] == ["NO_WORK_PACKAGES"]
    facts = replace(facts, unfinished=("plan.md still says [FILL: x]",), missing_artifacts=("review.md",))
    unmet = accept_rules.unmet(facts)
    assert [each.code for each in unmet] == ["ARTIFACT_MISSING", "DOCUMENT_UNFINISHED"]
    assert {each.fix for each in unmet} == {"spec-kitty next --agent NAME --mission 001-x"}


def test_lenient_lets_documents_pass_and_nothing_else() -> None:
    dirty = (DirtyWorktree("a", "/", ()),)
    facts = replace(GOOD, unmapped=("FR-002",), clarifications=(("spec.md", "?"),), dirty=dirty)
    found = accept_rules.unmet(facts)
    unmet, allowed = accept_rules.split(found, lenient=True)
    assert [each.code for each in unmet] == ["WORKTREE_DIRTY"]
    assert {each.code for each in allowed} == {"REQUIREMENT_UNMAPPED", "NEEDS_CLARIFICATION"}
    assert accept_rules.split(found, lenient=False) == (found, [])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(FREE, home=None, way_home=command("git", "switch", "main")), "TARGET_NOT_CHECKED_OUT"),
        (replace(FREE, busy="rebase"), "CHECKOUT_BUSY"),
        (replace(FREE, index_locked="/p/.git/index.lock"), "INDEX_LOCKED"),
        (replace(FREE, identity=False), "NO_GIT_IDENTITY"),
        (replace(FREE, lanes_known=False), "LANES_MISSING"),
        (replace(FREE, accepted=None), "NOT_ACCEPTED"),
        (replace(FREE, tips={"lane-a": "bbb"}), "ACCEPTANCE_STALE"),
        (replace(FREE, tips={"lane-a": "aaa", "lane-b": "bbb"}), "ACCEPTANCE_STALE"),
        (replace(FREE, packages=(PackageState("WP01", Lane.FOR_REVIEW),)), "WP_NOT_APPROVED"),
        (replace(FREE, dirty=(DirtyWorktree("lane-a", "/w", ("f",)),)), "WORKTREE_DIRTY"),
        (replace(FREE, dirty=(DirtyWorktree("lane-a", "/w", ("f",), "", ("f",)),)), "WORKTREE_BUSY"),
        (replace(FREE, markers=(Marked("f.py", (3,)),)), "CONFLICT_MARKERS"),
        (
            replace(FREE, missing_branches=(("lane-a", "kitty/x", command("git", "branch", "kitty/x")),)),
            "LANE_BRANCH_MISSING",
        ),
        (replace(FREE, lacking=(("WP01", "lane-a", "abc", "/p"),)), "APPROVED_COMMIT_MISSING"),
        (replace(FREE, coverage=Coverage(uncovered=(UNCOVERED,))), "UNREVIEWED_COMMITS"),
        (replace(FREE, behind=("origin/main", 3)), "TARGET_BEHIND_REMOTE"),
        (replace(FREE, own_conflict=True), "MERGE_UNDER_WAY"),
        (replace(FREE, under_way=("002-y",)), "MERGE_UNDER_WAY"),
    ],
)
def test_each_reason_against_a_merge(facts: MergeFacts, code: str) -> None:
    assert [each.code for each in merge_rules.unmet(facts)] == [code]
    assert all(each.fix for each in merge_rules.unmet(facts))


def test_a_lane_that_is_gone_is_no_change() -> None:
    assert merge_rules.changed_lanes(ACCEPTED, {}) == []
