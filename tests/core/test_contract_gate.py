"""The contract gate refuses what upstream would not accept, by the packaged artifact alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.core import contract_gate
from specify_cli.core.contract_gate import (
    ARTIFACT,
    ContractViolationError,
    contract,
    validate_outbound_payload,
    violations,
)
from specify_cli.kernel.errors import SpecKittyError
from tests.support.process import modules_after

NAMESPACE = {
    "project_uuid": "8a4a4e0e-8b1c-4c7e-9d0d-5c2b1c5f0f10",
    "mission_slug": "012-demo",
    "target_branch": "main",
    "mission_type": "software-dev",
    "manifest_version": "1",
}
IDENTITY = {"uuid": "8a4a", "slug": "demo", "node_id": "0f1e2d3c4b5a", "repo_slug": None, "build_id": "7d4e"}
MISSION = {"mission_slug": "012-demo", "mission_number": "012", "mission_type": "software-dev"}


def envelope(**changes: object) -> dict[str, Any]:
    return {
        "event_id": "01JZZ8Q4T7M3W9R2K5N6P1X0AB",
        "event_type": "MissionCreated",
        "aggregate_id": "012-demo",
        "aggregate_type": "Mission",
        "schema_version": "3.0.0",
        "build_id": "7d4e",
        "payload": {**MISSION, "target_branch": "main", "wp_count": 0},
        "lamport_clock": 88,
        **changes,
    }


def without(payload: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != field}


VALID: dict[str, dict[str, Any]] = {
    "envelope": envelope(),
    "payload": MISSION,
    "payload.mission_scoped": MISSION,
    "body_sync": NAMESPACE,
    "tracker_bind": IDENTITY,
    "orchestrator_api": {"command": "mission-state", "error_code": None, "mission_slug": "012-demo"},
}


def required() -> Iterator[tuple[str, str]]:
    """Every field that a section asks for."""
    for context in VALID:
        section: Any = contract()
        for part in context.split("."):
            section = section[part]
        yield from ((context, field) for name in section if name.startswith("required_") for field in section[name])


@pytest.mark.parametrize("context", VALID)
def test_what_upstream_accepts_passes(context: str) -> None:
    validate_outbound_payload(VALID[context], context)


@pytest.mark.parametrize(("context", "field"), list(required()))
@pytest.mark.parametrize("value", ["absent", "", " \t", None, [], {}, 7.5, True])
def test_a_required_field_is_there_and_neither_empty_nor_of_another_kind(
    context: str, field: str, value: object
) -> None:
    payload = without(VALID[context], field) if value == "absent" else {**VALID[context], field: value}
    if field == "repo_slug" and value is None:  # a repository may have no origin
        validate_outbound_payload(payload, context)
        return
    with pytest.raises(ContractViolationError) as refused:
        validate_outbound_payload(payload, context)
    assert (refused.value.field, refused.value.context) == (field, context)


@pytest.mark.parametrize(
    ("context", "change", "field"),
    [
        ("envelope", {"aggregate_type": "Feature"}, "aggregate_type"),
        ("envelope", {"aggregate_type": "Planet"}, "aggregate_type"),
        ("envelope", {"schema_version": "2.2.0"}, "schema_version"),
        ("envelope", {"event_type": "FeatureCreated"}, "event_type"),
        ("envelope", {"feature_slug": "012-demo"}, "feature_slug"),
        ("envelope", {"feature_number": "012"}, "feature_number"),
        ("envelope", {"lamport_clock": "88"}, "lamport_clock"),
        ("envelope", {"lamport_clock": True}, "lamport_clock"),
        ("envelope", {"payload": None}, "payload"),
        ("envelope", {"payload": without(MISSION, "mission_type")}, "payload.mission_type"),
        ("envelope", {"payload": {**MISSION, "mission_number": ""}}, "payload.mission_number"),
        ("envelope", {"payload": {**MISSION, "mission_slug": None}}, "payload.mission_slug"),
        ("envelope", {"payload": {**MISSION, "feature_slug": "x"}}, "payload.feature_slug"),
        ("envelope", {"event_type": "HistoryAdded", "payload": {"mission_key": "x"}}, "payload.mission_key"),
        ("body_sync", {"feature_slug": "x"}, "feature_slug"),
        ("body_sync", {"mission_key": "x"}, "mission_key"),
        ("body_sync", {"content_body": b"x"}, "content_body"),
        ("body_sync", {"hash_algorithm": "md5"}, "hash_algorithm"),
        ("orchestrator_api", {"command": "feature-state"}, "command"),
        ("orchestrator_api", {"error_code": "FEATURE_NOT_FOUND"}, "error_code"),
        ("orchestrator_api", {"error_code": "SOMETHING_ELSE"}, "error_code"),
        ("orchestrator_api", {"cli_flags": "--feature"}, "cli_flags"),
        ("orchestrator_api", {"feature_slug": "x"}, "feature_slug"),
    ],
)
def test_what_upstream_forbids_is_refused(context: str, change: dict[str, object], field: str) -> None:
    with pytest.raises(ContractViolationError) as refused:
        validate_outbound_payload({**VALID[context], **change}, context)
    assert refused.value.field == field


def test_only_events_of_missions_must_tell_the_whole_mission() -> None:
    moved = {"wp_id": "WP02", "from_lane": "claimed", "to_lane": "in_progress", "mission_slug": None}
    validate_outbound_payload(envelope(event_type="WPStatusChanged", payload=moved), "envelope")


@pytest.mark.parametrize("context", ["", "nope", "envelope.nope", "_comment", "envelope.required_fields", "envelope."])
def test_an_unknown_context_is_closed(context: str) -> None:
    with pytest.raises(ContractViolationError, match="no section"):
        validate_outbound_payload(envelope(), context)


@pytest.mark.parametrize("payload", [None, [], "text", 3])
def test_what_is_no_object_is_refused(payload: Any) -> None:
    with pytest.raises(ContractViolationError, match="not an object"):
        validate_outbound_payload(payload, "envelope")


def test_a_refusal_is_one_of_our_errors_and_says_all() -> None:
    with pytest.raises(SpecKittyError) as refused:
        validate_outbound_payload(envelope(build_id="", aggregate_type="Feature"), "envelope")
    error = refused.value
    assert (error.code, error.hint) == ("CONTRACT_VIOLATION", "spec-kitty sync diagnose")
    assert str(error) == "the contract 'envelope' is violated: build_id: must not be empty; found ''"
    assert error.details == {"field": "build_id", "context": "envelope", "reason": "must not be empty; found ''"}
    found = [each.field for each in violations(envelope(build_id="", aggregate_type="Feature"), "envelope")]
    assert found == ["build_id", "aggregate_type", "aggregate_type"]


def test_a_long_value_is_not_repeated() -> None:
    (found,) = violations({**NAMESPACE, "hash_algorithm": "x" * 1_000_000}, "body_sync")
    assert len(str(found)) < 200


def test_the_rules_come_from_the_artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = json.loads(ARTIFACT.read_text())
    changed["tracker_bind"] = {"required_fields": ["planet"], "planet": {"orbit": 1}, "spin": "fast", "new_rule": ["x"]}
    (tmp_path / "contract.json").write_text(json.dumps(changed))
    monkeypatch.setattr(contract_gate, "ARTIFACT", tmp_path / "contract.json")
    contract.cache_clear()
    try:
        found = {each.field: each.reason for each in violations({"planet": "Mars"}, "tracker_bind")}
        (tmp_path / "contract.json").unlink()
        contract.cache_clear()
        with pytest.raises(ContractViolationError):
            validate_outbound_payload(envelope(), "envelope")
    finally:
        contract.cache_clear()
    # What the gate does not understand it does not let pass either.
    assert found.keys() == {"planet", "spin", "new_rule"}
    assert "does not know" in found["planet"]


def test_no_rule_of_the_contract_is_spelled_in_code() -> None:
    code = Path(contract_gate.__file__).read_text()
    assert not [word for word in ("build_id", "mission_slug", "WorkPackage", "3.0.0", "feature") if word in code]


@settings(max_examples=25)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_any_payload_gets_an_answer(value: Any) -> None:
    for context, valid in VALID.items():
        assert [each.context for each in violations(value, context)] != []
        for name in valid:
            assert all(each.field for each in violations({**valid, name: value}, context))


def test_the_gate_imports_nothing_heavy() -> None:
    loaded = modules_after("import specify_cli.core.contract_gate")
    assert not loaded & {"pydantic", "httpx", "ruamel", "rich", "typer", "specify_cli.kernel.database"}
