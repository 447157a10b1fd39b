"""The two shapes of an event on the wire; the strict one is judged by the published package itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_kitty_events.conformance import validate_event
from spec_kitty_events.conformance.validators import _EVENT_TYPE_TO_MODEL as KNOWN

from specify_cli.status.models import Lane
from specify_cli.sync.events import EVENT_TYPES
from specify_cli.sync.profiles import Profile, Unmappable, wire
from tests.support.outbox import MISSION, indexed, made, moved

NAMESPACE = {
    "project_uuid": "8a4a4e0e-8b1c-4c7e-9d0d-5c2b1c5f0f10", "mission_slug": "012-demo", "target_branch": "main",
    "mission_type": "software-dev", "manifest_version": "1",
}  # fmt: skip
REVIEW = {"reviewer": "ada", "verdict": "approved", "reference": "abc"}
COUNTS = {
    "total": 3, "required": 2, "required_present": 1, "required_missing": 1, "optional": 1, "optional_present": 1,
}  # fmt: skip

# One event of each type, with what its payload must hold.
EVENTS: dict[str, dict[str, Any]] = {
    "WPStatusChanged": moved(),
    "WPCreated": made("WPCreated", "WP01", {"wp_id": "WP01", "title": "x", "dependencies": []}),
    "WPAssigned": made("WPAssigned", "WP01", {"wp_id": "WP01", "agent_id": "claude", "phase": "review"}),
    "MissionCreated": made("MissionCreated", "012-demo", {"target_branch": "main", "wp_count": 0}),
    "MissionClosed": made("MissionClosed", "012-demo", {"total_wps": 1}),
    "HistoryAdded": made("HistoryAdded", "WP01", {"wp_id": "WP01", "entry_type": "note", "entry_content": "x"}),
    "ErrorLogged": made("ErrorLogged", "error", {"error_type": "auth", "error_message": "x"}),
    "DependencyResolved": made(
        "DependencyResolved", "WP01", {"wp_id": "WP01", "dependency_wp_id": "WP02", "resolution_type": "merged"}
    ),
    "MissionOriginBound": made(
        "MissionOriginBound",
        "012-demo",
        {
            "provider": "jira", "external_issue_id": "1", "external_issue_key": "A-1", "external_issue_url": "https://x",
            "title": "x",
        },
    ),
    "MissionDossierArtifactIndexed": indexed(1, "input.spec.main"),
    "MissionDossierArtifactMissing": made(
        "MissionDossierArtifactMissing",
        "012-demo:x",
        {
            "artifact_key": "x", "artifact_class": "output", "expected_path_pattern": "plan.md",
            "reason_code": "not_found", "blocking": True,
        },
    ),
    "MissionDossierSnapshotComputed": made(
        "MissionDossierSnapshotComputed",
        "012-demo:x",
        {
            "parity_hash_sha256": "0" * 64, "artifact_counts": COUNTS, "completeness_status": "incomplete",
            "snapshot_id": "x",
        },
    ),
    "MissionDossierParityDriftDetected": made(
        "MissionDossierParityDriftDetected",
        "012-demo:x",
        {
            "local_parity_hash": "0" * 64, "baseline_parity_hash": "1" * 64, "severity": "warning",
            "missing_in_local": ["x"], "missing_in_baseline": [],
        },
    ),
}  # fmt: skip
SHARED = sorted(set(EVENT_TYPES) & set(KNOWN))


def strict(event: dict[str, Any]) -> dict[str, Any]:
    """The event in the strict shape, accepted by the package: envelope and payload, models and schemas."""
    payload = {**event["payload"], "namespace": NAMESPACE} if "Dossier" in event["event_type"] else event["payload"]
    sent = wire({**event, "payload": payload}, Profile.STRICT)
    assert sent is not None
    for given_type in ("Event", sent["event_type"]):
        if given_type in KNOWN:
            found = validate_event(sent, str(given_type), strict=True)
            assert found.valid, (found.model_violations, found.schema_violations)
    return sent


@pytest.mark.parametrize("kind", EVENTS)
def test_the_flat_shape_is_the_envelope_without_the_detail(kind: str) -> None:
    event = EVENTS[kind]
    assert wire(event) == {name: value for name, value in event.items() if name != "detail"}


def test_there_is_an_example_of_every_type() -> None:
    assert set(EVENTS) == set(EVENT_TYPES)


@pytest.mark.parametrize("kind", EVENTS)
def test_the_package_takes_every_event_in_the_strict_shape(kind: str) -> None:
    strict(EVENTS[kind])


@pytest.mark.parametrize("kind", SHARED)
def test_the_package_would_not_take_the_flat_shape(kind: str) -> None:
    """What the mapping is for."""
    assert not validate_event(wire(EVENTS[kind]) or {}, kind, strict=True).valid


@given(
    st.sampled_from(list(Lane)),
    st.sampled_from(list(Lane)),
    st.booleans(),
    st.sampled_from(["worktree", "direct_repo"]),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_every_move_is_taken_suppressed_or_refused_with_a_reason(
    source: Lane, target: Lane, force: bool, mode: str, reviewed: bool
) -> None:
    detail = {
        "force": force, "reason": "because", "execution_mode": mode, "review_ref": "x",
        "evidence": {"review": REVIEW, "repos": [], "verification": []} if reviewed else None,
    }  # fmt: skip
    event = {**moved(from_lane=source.value, to_lane=target.value), "detail": detail}
    if {source, target} == {Lane.FOR_REVIEW, Lane.IN_REVIEW}:
        assert wire(event, Profile.STRICT) is None
    elif target in {Lane.APPROVED, Lane.DONE} and not reviewed:
        with pytest.raises(Unmappable, match=r"payload\.evidence"):
            wire(event, Profile.STRICT)
    else:
        assert strict(event)["payload"]["to_lane"] == target.value.replace("in_review", "for_review")


def test_named_commits_are_evidence_before_the_one_that_stands_in() -> None:
    repos = [{"repo": "o/r", "branch": "b", "commit": "c", "files_touched": ["a.py"]}]
    checks = [{"command": "pytest", "result": "pass", "summary": "all"}]
    evidence = {"review": REVIEW, "repos": repos, "verification": checks}
    event = {**moved(from_lane="approved", to_lane="done"), "detail": {"evidence": evidence}}
    assert strict(event)["payload"]["evidence"] == evidence


@pytest.mark.parametrize(("number", "told"), [("012", 12), ("1000", 1000)])
def test_a_mission_number_becomes_a_number(number: str, told: int) -> None:
    event = {**EVENTS["MissionCreated"], "payload": {**MISSION, "mission_number": number}}
    assert strict(event)["payload"]["mission_number"] == told


@pytest.mark.parametrize("number", ["", "000", "x", None])
def test_a_mission_number_that_is_none_is_refused(number: object) -> None:
    event = {**EVENTS["MissionCreated"], "payload": {**MISSION, "mission_number": number}}
    with pytest.raises(Unmappable, match="mission_number"):
        wire(event, Profile.STRICT)


@pytest.mark.parametrize(
    ("local", "baseline", "kind"),
    [
        (["x"], [], "artifact_removed"),
        ([], ["x"], "artifact_added"),
        ([], [], "artifact_mutated"),
        (["x"], ["y"], "artifact_mutated"),
    ],
)
def test_drift_is_told_by_what_is_missing_where(local: list[str], baseline: list[str], kind: str) -> None:
    event = EVENTS["MissionDossierParityDriftDetected"]
    payload = {**event["payload"], "missing_in_local": local, "missing_in_baseline": baseline}
    assert strict({**event, "payload": payload})["payload"]["drift_kind"] == kind


def test_a_document_of_no_class_the_package_knows_is_refused() -> None:
    event = EVENTS["MissionDossierArtifactIndexed"]
    payload = {**event["payload"], "artifact_class": "other", "namespace": NAMESPACE}
    with pytest.raises(Unmappable, match="artifact_class"):
        wire({**event, "payload": payload}, Profile.STRICT)


def test_a_document_of_no_mission_is_refused() -> None:
    with pytest.raises(Unmappable, match="namespace"):
        wire(EVENTS["MissionDossierArtifactIndexed"], Profile.STRICT)
