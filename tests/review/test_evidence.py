"""Who may review what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from specify_cli.kernel import clock
from specify_cli.kernel.config import parse_config
from specify_cli.review.evidence import approval, is_own_work, may_review_own, result
from specify_cli.status.holders import Holder
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import StatusEvent
from tests.support.loop import later
from tests.support.status import moved

ME = Holder("claude", "s1")
CONFIG = parse_config(None, "config.yaml")
SELF = replace(CONFIG, review_self=True)
STRICT = replace(SELF, review_by="other")


def act(actor: str, session: str | None) -> StatusEvent:
    return moved("planned", "claimed", actor=actor, at=clock.stamp(), session=session)


def fact(kind: str) -> MissionEvent:
    return MissionEvent("01KNRK00000000000000000000", clock.stamp(), "codex", None, None, "001-x", kind, None, {})


def test_own_work_is_that_of_the_same_session() -> None:
    assert is_own_work(ME, Holder("claude", "s1"))
    assert not is_own_work(ME, Holder("claude", "s2"))
    assert not is_own_work(ME, Holder("claude"))
    assert not is_own_work(ME, None)
    offered = Holder("claude", "s-0123abcd")
    assert is_own_work(offered, Holder("claude"))
    assert not is_own_work(offered, Holder("codex"))
    assert not is_own_work(offered, ME)


@pytest.mark.parametrize(
    ("actor", "session", "alone"), [("claude", "s1", True), ("claude", "s2", False), ("codex", None, False)]
)
def test_alone_one_may_review_ones_own(actor: str, session: str | None, alone: bool) -> None:
    events = [act(actor, session)]
    assert may_review_own(CONFIG, events, [], ME) is alone
    with later(31):
        assert may_review_own(CONFIG, events, [], ME)


@pytest.mark.parametrize(
    ("kind", "alone"), [("step_issued", False), ("step_reported", False), ("mission_created", True)]
)
def test_who_takes_steps_is_there_and_who_only_planned_is_not(kind: str, alone: bool) -> None:
    assert may_review_own(CONFIG, [], [fact(kind)], ME) is alone


def test_the_introduction_of_work_packages_is_nobodys_act() -> None:
    bootstrap = moved(
        "planned", "planned", actor="finalize-tasks", at=clock.stamp(), force=True, reason="canonical bootstrap"
    )
    assert may_review_own(CONFIG, [bootstrap], [], ME)


def test_settings_allow_it_at_once_or_never() -> None:
    events = [act("codex", None)]
    assert may_review_own(SELF, events, [], ME)
    assert not may_review_own(STRICT, [], [], ME)


def test_a_verdict_names_reviewer_and_reference() -> None:
    review = approval("codex", "abc123").review
    assert (review.reviewer, review.verdict, review.reference) == ("codex", "approved", "abc123")
    found = result("codex", "changes_requested", "feedback://x", "tasks/a.md")
    assert (found.verdict, found.feedback_path) == ("changes_requested", "tasks/a.md")
