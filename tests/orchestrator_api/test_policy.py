"""What an orchestrator declares: checked field by field, searched for secrets at every depth."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused
from specify_cli.orchestrator_api.policy import REQUIRED, parse_and_validate_policy, policy_to_dict, require_policy
from tests.support.orchestrator import POLICY


def said(**changes: object) -> str:
    return json.dumps({**POLICY, **changes})


def refusal(raw: str) -> str:
    with pytest.raises(Refused) as caught:
        parse_and_validate_policy(raw)
    assert caught.value.code == "POLICY_VALIDATION_FAILED"
    return caught.value.message


def test_what_is_recorded_is_what_was_declared() -> None:
    assert policy_to_dict(parse_and_validate_policy(json.dumps(POLICY))) == POLICY


def test_unknown_keys_are_dropped_and_the_restrictions_may_be_left_out() -> None:
    raw = {name: value for name, value in POLICY.items() if name != "tool_restrictions"} | {"extra": {"deep": ["x", 1]}}
    assert policy_to_dict(parse_and_validate_policy(json.dumps(raw))) == POLICY


def test_the_modes_are_the_orchestrators_own_words() -> None:
    modes = {"approval_mode": "never", "sandbox_mode": "danger-full-access", "network_mode": "enabled"}
    assert policy_to_dict(parse_and_validate_policy(said(**modes))) == {**POLICY, **modes}


@pytest.mark.parametrize("raw", ["{'x'", "", "[1", "[" * 100_000])
def test_what_is_no_json_is_explained(raw: str) -> None:
    assert refusal(raw).startswith("--policy is not valid JSON: ")


@pytest.mark.parametrize("raw", ["[]", "null", '"x"', "7"])
def test_what_is_no_object_is_refused(raw: str) -> None:
    assert refusal(raw) == "--policy must be a JSON object"


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_field_is_named(name: str) -> None:
    assert name in refusal(json.dumps({key: value for key, value in POLICY.items() if key != name}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dangerous_flags": "none"}, "dangerous_flags must be a JSON array"),
        ({"dangerous_flags": [1]}, "dangerous_flags must hold strings"),
        ({"agent_family": 7}, "agent_family must be a string"),
        ({"agent_family": None}, "agent_family must be a string"),
        ({"tool_restrictions": ["a"]}, "tool_restrictions must be a string or null"),
    ],
)
def test_a_wrong_type_is_named(changes: dict[str, object], told: str) -> None:
    assert told in refusal(said(**changes))


@pytest.mark.parametrize(
    "flag",
    [
        "--full-auto", "--yolo", "--dangerously-bypass-approvals-and-sandbox", "--dangerously-skip-permissions",
        " --YOLO ", "--full-auto=true",
    ],
)  # fmt: skip
def test_a_banned_flag_is_refused(flag: str) -> None:
    assert flag in refusal(said(dangerous_flags=["--fine", flag]))


@given(
    st.sampled_from(["token", "Secret", "api-KEY", "passwordless", "my credential"]),
    st.sampled_from(REQUIRED[:-1]),
    st.lists(st.sampled_from(["list", "object"]), max_size=5),
)
def test_a_secret_is_found_at_every_depth_and_never_repeated(word: str, field: str, nesting: list[str]) -> None:
    hidden = f"zq{word}91"
    deep: Any = hidden
    for kind in nesting:
        deep = [deep] if kind == "list" else {"inner": deep}
    for changes in ({field: hidden}, {"extra": deep}, {"dangerous_flags": [hidden]}):
        assert hidden not in refusal(said(**changes))


def test_where_it_is_wanted_its_absence_says_for_what() -> None:
    with pytest.raises(Refused, match="--policy is required when transitioning to 'claimed'") as caught:
        require_policy(None, "when transitioning to 'claimed'")
    assert caught.value.code == "POLICY_METADATA_REQUIRED"
