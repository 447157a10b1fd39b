"""The types of events and the rules of their payloads are those of the contract."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.status.models import Lane
from specify_cli.sync import events
from specify_cli.sync.emitter import _PAYLOAD_RULES
from specify_cli.sync.events import EVENT_TYPES, coalesce_key, normalize_event_id
from tests.support.outbox import indexed, moved

# Contract 2.3: type -> kind of thing it is about, and the keys that its payload must have.
REQUIRED: Mapping[str, tuple[str, str]] = {
    "WPStatusChanged": ("WorkPackage", "wp_id from_lane to_lane"),
    "WPCreated": ("WorkPackage", "wp_id title mission_slug"),
    "WPAssigned": ("WorkPackage", "wp_id agent_id phase"),
    "MissionCreated": ("Mission", "mission_slug mission_number target_branch wp_count"),
    "MissionClosed": ("Mission", "mission_slug total_wps"),
    "HistoryAdded": ("WorkPackage", "wp_id entry_type entry_content"),
    "ErrorLogged": ("WorkPackage", "error_type error_message"),
    "DependencyResolved": ("WorkPackage", "wp_id dependency_wp_id resolution_type"),
    "MissionOriginBound": (
        "Mission",
        "mission_slug provider external_issue_id external_issue_key external_issue_url title",
    ),
    "MissionDossierArtifactIndexed": (
        "MissionDossier",
        "mission_slug artifact_key artifact_class relative_path content_hash_sha256 size_bytes required_status",
    ),
    "MissionDossierArtifactMissing": (
        "MissionDossier",
        "mission_slug artifact_key artifact_class expected_path_pattern reason_code blocking",
    ),
    "MissionDossierSnapshotComputed": (
        "MissionDossier",
        "mission_slug parity_hash_sha256 artifact_counts completeness_status snapshot_id",
    ),
    "MissionDossierParityDriftDetected": (
        "MissionDossier",
        "mission_slug local_parity_hash baseline_parity_hash severity",
    ),
}
COUNTS = dict.fromkeys(("total", "required", "required_present", "required_missing", "optional", "optional_present"), 0)

# A rule, values that keep it, values that do not.
RULES: list[tuple[str, str, list[object], list[object]]] = [
    ("WPStatusChanged", "wp_id", ["WP01", "WP100", "WP1000"], ["WP1", "wp01", "WP", "WP01x", "", None, 1]),
    ("WPStatusChanged", "to_lane", [*map(str, Lane)], ["doing", "genesis", "PLANNED", "", None]),
    ("WPStatusChanged", "policy_metadata", [None, {}, {"a": 1}], [[], "x"]),
    ("WPStatusChanged", "mission_slug", [None, "012-demo", ""], [12]),
    ("WPCreated", "title", ["x"], ["", "  ", None]),
    ("WPCreated", "dependencies", [[], ["WP01"]], [["wp01"], "WP01", None]),
    ("WPAssigned", "phase", ["implementation", "review"], ["implement", None]),
    ("WPAssigned", "retry_count", [0, 3], [-1, True, 1.5]),
    ("MissionCreated", "mission_slug", ["012-demo", "1000-x"], ["12-demo", "012-Demo", "012-", "demo"]),
    ("MissionCreated", "mission_number", ["012", "1000"], ["12", 12, "", None]),
    ("MissionCreated", "created_at", ["2026-11-20T17:00:00+00:00"], ["yesterday", 0, None]),
    ("MissionClosed", "total_wps", [0, 12], [-1, "12", None]),
    ("MissionClosed", "total_duration", [None, "3 days"], [3]),
    ("HistoryAdded", "entry_type", ["note", "review", "error", "comment"], ["Note", ""]),
    ("ErrorLogged", "error_type", ["validation", "runtime", "network", "auth", "unknown"], ["other"]),
    ("ErrorLogged", "wp_id", [None, "WP01"], ["WP1"]),
    ("DependencyResolved", "resolution_type", ["completed", "skipped", "merged"], ["done"]),
    ("MissionOriginBound", "provider", ["jira", "linear"], ["github", "Jira"]),
    ("MissionDossierArtifactIndexed", "content_hash_sha256", ["0" * 64], ["0" * 63, "A" * 64, None]),
    ("MissionDossierArtifactIndexed", "namespace", [{}], [None, []]),
    ("MissionDossierArtifactMissing", "blocking", [True, False], [1, "true", None]),
    ("MissionDossierSnapshotComputed", "artifact_counts", [COUNTS], [{}, {**COUNTS, "total": -1}, None]),
    ("MissionDossierParityDriftDetected", "severity", ["info", "warning", "error"], ["fatal"]),
]


def test_every_type_of_the_contract_is_known_and_no_other() -> None:
    told = {name: (kind.aggregate, " ".join(kind.required)) for name, kind in EVENT_TYPES.items()}
    assert {name: (kind, set(keys.split())) for name, (kind, keys) in told.items()} == {
        name: (kind, set(keys.split())) for name, (kind, keys) in REQUIRED.items()
    }


def test_the_rules_of_payloads_have_the_shape_that_others_know() -> None:
    assert set(_PAYLOAD_RULES) == set(REQUIRED)
    for rules in _PAYLOAD_RULES.values():
        assert rules["required"] <= set(rules["validators"])
        assert all(callable(rule) for rule in rules["validators"].values())


@pytest.mark.parametrize(("kind", "key", "good", "bad"), RULES)
def test_a_rule_takes_what_it_should(kind: str, key: str, good: list[object], bad: list[object]) -> None:
    rule = _PAYLOAD_RULES[kind]["validators"][key]
    assert [value for value in good if not rule(value)] == []
    assert [value for value in bad if rule(value)] == []


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_payload_may_name_its_mission(kind: str) -> None:
    validators = _PAYLOAD_RULES[kind]["validators"]
    assert {"mission_slug", "mission_number", "mission_type", "mission_id"} <= set(validators)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()), st.binary()))
def test_no_rule_stumbles_over_a_value(value: object) -> None:
    for rules in _PAYLOAD_RULES.values():
        for rule in rules["validators"].values():
            assert rule(value) in {True, False}


@pytest.mark.parametrize(
    ("given_id", "normal"),
    [
        ("01JZZ8Q4T7M3W9R2K5N6P1X0AB", "01JZZ8Q4T7M3W9R2K5N6P1X0AB"),
        ("01jzz8q4t7m3w9r2k5n6p1x0ab", "01JZZ8Q4T7M3W9R2K5N6P1X0AB"),
        ("8A4A4E0E-8B1C-4C7E-9D0D-5C2B1C5F0F10", "8a4a4e0e-8b1c-4c7e-9d0d-5c2b1c5f0f10"),
        ("8A4A4E0E8B1C4C7E9D0D5C2B1C5F0F10", "8a4a4e0e-8b1c-4c7e-9d0d-5c2b1c5f0f10"),
        ("01JZZ8Q4T7M3W9R2K5N6P1X0AU", None),  # U is no letter of a ULID
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_an_id_has_one_spelling(given_id: object, normal: str | None) -> None:
    assert normalize_event_id(given_id) == normal


@given(st.text(alphabet="0123456789abcdefABCDEFGHJKMNPQRSTVWXYZ-", min_size=20, max_size=40))
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize_event_id(text)
    assert once is None or normalize_event_id(once) == once


def test_only_documents_and_snapshots_take_the_place_of_older_ones() -> None:
    assert coalesce_key(moved()) is None
    one, other = indexed(1, "input.spec.main"), indexed(2, "input.spec.main", "1")
    assert coalesce_key(one) == coalesce_key(other)
    assert coalesce_key(one) != coalesce_key(indexed(3, "input.plan.main"))
    assert {name for name in EVENT_TYPES if coalesce_key({"event_type": name, "payload": None}) is not None} == {
        events.ARTIFACT_INDEXED,
        events.SNAPSHOT_COMPUTED,
    }
