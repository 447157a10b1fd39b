"""One transition as a program or `agent status emit` says it: nothing is added, and the conditions are the same."""

from __future__ import annotations

from typing import Any

import pytest

from specify_cli.context.models import Actor, Context
from specify_cli.kernel.errors import Conflict, NotFound, Refused
from specify_cli.kernel.values import replace
from specify_cli.moves.lookup import require_known
from specify_cli.moves.move import move
from specify_cli.moves.request import Moved, Request
from specify_cli.status.emit import TransitionError
from specify_cli.status.models import Lane
from specify_cli.workspaces.leases import read_lease
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project

CLAUDE = Actor("claude", "s-1")
CODEX = Actor("codex", "c-1")
REVIEW: dict[str, object] = {"review": {"reviewer": "ada", "verdict": "approved", "reference": "R-1"}}


def emit(mission: Mission, to: Lane, actor: Actor = CLAUDE, *, context: Context | None = None, **words: Any) -> Moved:
    """Record one transition as `agent status emit` does."""
    where = context or mission.context
    return move(where, actor, require_known(where, "WP01"), Request(to, exact=True, **words))


def handed_over(project: Project) -> Mission:
    """A mission whose work package was done and handed over by claude."""
    mission = finalized_mission(project)
    repo = Repo(mission.claim("WP01", session="s-1").workspace.path)
    repo.commit("work", src__a_py="a = 1\n")
    emit(mission, Lane.FOR_REVIEW)
    return mission


def in_review(project: Project) -> Mission:
    """The same, its review taken by codex."""
    mission = handed_over(project)
    emit(mission, Lane.IN_REVIEW, CODEX)
    return mission


def test_an_ordinary_transition_is_recorded_and_not_committed(project: Project) -> None:
    mission = finalized_mission(project)
    head = project.git.head()
    done = emit(mission, Lane.CLAIMED)
    assert (done.event.from_lane, done.event.to_lane) == (Lane.PLANNED, Lane.CLAIMED)
    assert (done.event.actor, done.event.session) == ("claude", "s-1")
    assert done.commit is None
    assert project.git.head() == head


def test_a_holder_has_a_lease_and_leaves_it(project: Project) -> None:
    mission = finalized_mission(project)
    emit(mission, Lane.CLAIMED)
    lease = read_lease(mission.place, "WP01")
    assert lease is not None
    assert (lease.actor, lease.session) == ("claude", "s-1")
    emit(mission, Lane.BLOCKED)
    assert read_lease(mission.place, "WP01") is None


def test_an_approval_is_a_milestone(project: Project) -> None:
    mission = in_review(project)
    done = emit(mission, Lane.APPROVED, CODEX, evidence=REVIEW)
    assert done.commit == project.git.head()
    assert project.git("log", "-1", "--format=%s") == f"spec-kitty({mission.slug}): approve WP01"
    assert done.event.evidence is not None
    assert done.event.evidence.review.reviewer == "ada"
    assert project.git.status() == ""


def test_an_approval_wants_a_reviewer_and_not_only_a_reference(project: Project) -> None:
    mission = in_review(project)
    with pytest.raises(TransitionError, match="a review result"):
        emit(mission, Lane.APPROVED, CODEX, reference="R-1")


def test_a_rejection_by_its_reference_is_a_milestone(project: Project) -> None:
    mission = in_review(project)
    done = emit(mission, Lane.PLANNED, CODEX, reference="feedback://001-tea-timer/WP01/review-cycle-1.md")
    assert done.event.review_ref == "feedback://001-tea-timer/WP01/review-cycle-1.md"
    assert done.commit == project.git.head()
    assert "request changes to WP01" in project.git("log", "-1", "--format=%s")


def test_done_is_a_milestone(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.APPROVED)
    assert emit(mission, Lane.DONE, evidence=REVIEW).commit == project.git.head()


def test_every_unmet_condition_is_told(project: Project) -> None:
    mission = finalized_mission(project)
    repo = Repo(mission.claim("WP01", session="s-1").workspace.path)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo("switch", "-q", "-c", "sideways")
    with pytest.raises(TransitionError) as refused:
        emit(mission, Lane.FOR_REVIEW)
    assert refused.value.code == "TRANSITION_REJECTED"
    assert [each.code for each in refused.value.unmet] == ["WORKTREE_WRONG_BRANCH", "WORKTREE_DIRTY"]
    assert refused.value.details["reason"] == "WORKTREE_WRONG_BRANCH"


def test_what_somebody_else_holds_is_named(project: Project) -> None:
    mission = finalized_mission(project)
    emit(mission, Lane.CLAIMED)
    with pytest.raises(Conflict, match="claude") as lost:
        emit(mission, Lane.CLAIMED, Actor("codex"))
    assert lost.value.code == "WP_ALREADY_CLAIMED"


def test_evidence_without_a_reviewer_is_refused(project: Project) -> None:
    mission = in_review(project)
    with pytest.raises(Refused) as refused:
        emit(mission, Lane.APPROVED, CODEX, evidence={"review": {"verdict": "approved"}})
    assert refused.value.code == "INVALID_EVIDENCE"


def test_an_unknown_work_package_is_not_found(project: Project) -> None:
    mission = finalized_mission(project)
    with pytest.raises(NotFound, match="WP01") as missing:
        require_known(mission.context, "WP09")
    assert missing.value.code == "WP_NOT_FOUND"


def test_one_that_left_the_plan_can_still_be_canceled_and_nothing_else_of_it_approved(project: Project) -> None:
    mission = in_review(project)
    (mission.folder / "tasks" / "WP01-work.md").unlink()
    with pytest.raises(TransitionError, match="no longer in the plan"):
        emit(mission, Lane.APPROVED, CODEX, evidence=REVIEW)
    assert emit(mission, Lane.CANCELED, CODEX, reference="R-2").event.to_lane is Lane.CANCELED


def test_a_review_of_ones_own_work_is_marked_at_every_door(project: Project) -> None:
    mission = handed_over(project)
    assert emit(mission, Lane.IN_REVIEW).self_review
    assert emit(mission, Lane.APPROVED, evidence=REVIEW).self_review


def test_a_review_by_another_session_is_not(project: Project) -> None:
    mission = handed_over(project)
    other = Actor("claude", "s-2")
    assert not emit(mission, Lane.IN_REVIEW, other).self_review
    assert not emit(mission, Lane.APPROVED, other, evidence=REVIEW).self_review


def test_where_another_has_to_review_only_force_gets_by(project: Project) -> None:
    mission = handed_over(project)
    strict = replace(mission.context, config=replace(mission.context.config, review_by="other"))
    with pytest.raises(Refused) as refused:
        emit(mission, Lane.IN_REVIEW, context=strict)
    assert refused.value.code == "SELF_REVIEW"
    forced = emit(mission, Lane.IN_REVIEW, context=strict, force=True, note="nobody else is left")
    assert (forced.event.force, forced.self_review) == (True, True)
