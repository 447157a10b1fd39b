from __future__ import annotations

import pytest

from specify_cli.context.models import Actor
from specify_cli.kernel.errors import Conflict, NotFound, Refused
from specify_cli.kernel.values import replace
from specify_cli.next.transition import Recorded, record_transition
from specify_cli.status.emit import TransitionError
from specify_cli.status.models import Lane
from specify_cli.status.moves import MoveOptions
from specify_cli.workspaces.leases import read_lease
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project

CLAUDE = Actor("claude", "s-1")
REVIEW: dict[str, object] = {"review": {"reviewer": "ada", "verdict": "approved", "reference": "R-1"}}


def emit(mission: Mission, to: str, options: MoveOptions | None = None, actor: Actor = CLAUDE) -> Recorded:
    return record_transition(mission.context, actor, "WP01", to, options or {})


def test_an_ordinary_transition_is_recorded_and_not_committed(project: Project) -> None:
    mission = finalized_mission(project)
    head = project.git.head()
    done = emit(mission, "claimed")
    assert (done.event.from_lane, done.event.to_lane) == (Lane.PLANNED, Lane.CLAIMED)
    assert (done.event.actor, done.event.session) == ("claude", "s-1")
    assert done.committed.commit is None
    assert project.git.head() == head


def test_a_holder_has_a_lease_and_leaves_it(project: Project) -> None:
    mission = finalized_mission(project)
    emit(mission, "claimed")
    lease = read_lease(mission.place, "WP01")
    assert lease is not None
    assert (lease.actor, lease.session) == ("claude", "s-1")
    emit(mission, "blocked")
    assert read_lease(mission.place, "WP01") is None


def test_the_alias_of_a_lane_is_understood(project: Project) -> None:
    mission = finalized_mission(project)
    emit(mission, "claimed")
    assert emit(mission, "doing", {"workspace_context": "here"}).event.to_lane is Lane.IN_PROGRESS


def test_an_approval_is_a_milestone(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_REVIEW)
    done = emit(mission, "approved", {"evidence": REVIEW})
    assert done.committed.commit == project.git.head()
    assert project.git("log", "-1", "--format=%s") == f"spec-kitty({mission.slug}): approve WP01"
    assert done.event.evidence is not None
    assert done.event.evidence.review.reviewer == "ada"
    assert project.git.status() == ""


def test_an_approval_wants_a_reviewer_and_not_only_a_reference(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_REVIEW)
    with pytest.raises(TransitionError, match="a review result"):
        emit(mission, "approved", {"review_ref": "R-1"})


def test_a_rejection_by_its_reference_is_a_milestone(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_REVIEW)
    done = emit(mission, "planned", {"review_ref": "feedback://001-tea-timer/WP01/review-cycle-1.md"})
    assert done.event.review_ref == "feedback://001-tea-timer/WP01/review-cycle-1.md"
    assert done.committed.commit == project.git.head()
    assert "request changes to WP01" in project.git("log", "-1", "--format=%s")


def test_done_is_a_milestone(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.APPROVED)
    assert emit(mission, "done", {"evidence": REVIEW}).committed.commit == project.git.head()


def test_every_unmet_condition_is_told(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    with pytest.raises(TransitionError) as refused:
        emit(mission, "for_review")
    assert refused.value.code == "TRANSITION_REJECTED"
    assert isinstance(refused.value.details["unmet"], list)
    assert len(refused.value.details["unmet"]) == 2


def test_what_somebody_else_holds_is_named(project: Project) -> None:
    mission = finalized_mission(project)
    emit(mission, "claimed")
    with pytest.raises(Conflict, match="claude") as lost:
        emit(mission, "claimed", actor=Actor("codex"))
    assert lost.value.code == "WP_ALREADY_CLAIMED"


def test_evidence_without_a_reviewer_is_refused(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_REVIEW)
    with pytest.raises(Refused) as refused:
        emit(mission, "approved", {"evidence": {"review": {"verdict": "approved"}}})
    assert refused.value.code == "INVALID_EVIDENCE"


def test_an_unknown_work_package_is_not_found(project: Project) -> None:
    mission = finalized_mission(project)
    with pytest.raises(NotFound, match="WP01") as missing:
        record_transition(mission.context, CLAUDE, "WP09", "claimed", {})
    assert missing.value.code == "WP_NOT_FOUND"


def test_one_that_left_the_plan_can_still_be_canceled(project: Project) -> None:
    mission = finalized_mission(project)
    (mission.folder / "tasks" / "WP01-work.md").unlink()
    assert emit(mission, "canceled").event.to_lane is Lane.CANCELED


def _handed_over(mission: Mission) -> None:
    emit(mission, "claimed")
    emit(mission, "in_progress", {"workspace_context": "here"})
    emit(mission, "for_review", {"subtasks_complete": True, "implementation_evidence_present": True})


def test_a_review_of_ones_own_work_is_marked_at_every_door(project: Project) -> None:
    mission = finalized_mission(project)
    _handed_over(mission)
    assert emit(mission, "in_review").event.self_review
    assert emit(mission, "approved", {"evidence": REVIEW}).event.self_review


def test_a_review_by_another_session_is_not(project: Project) -> None:
    mission = finalized_mission(project)
    _handed_over(mission)
    other = Actor("claude", "s-2")
    assert not emit(mission, "in_review", actor=other).event.self_review
    assert not emit(mission, "approved", {"evidence": REVIEW}, other).event.self_review


def test_where_another_has_to_review_only_force_gets_by(project: Project) -> None:
    mission = finalized_mission(project)
    _handed_over(mission)
    strict = replace(mission.context, config=replace(mission.context.config, review_by="other"))
    with pytest.raises(Refused) as refused:
        record_transition(strict, CLAUDE, "WP01", "in_review", {})
    assert refused.value.code == "SELF_REVIEW"
    forced = record_transition(strict, CLAUDE, "WP01", "in_review", {"force": True, "reason": "nobody else is left"})
    assert (forced.event.force, forced.event.self_review) == (True, True)
