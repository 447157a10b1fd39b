"""The policy that an orchestrator declares: checked before anything is looked up, recorded with its moves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

REQUIRED = (
    "orchestrator_id", "orchestrator_version", "agent_family", "approval_mode", "sandbox_mode", "network_mode",
    "dangerous_flags",
)  # fmt: skip
BANNED_FLAGS = frozenset(
    {"--full-auto", "--yolo", "--dangerously-bypass-approvals-and-sandbox", "--dangerously-skip-permissions"}
)
_FLAGS, _TOOLS = "dangerous_flags", "tool_restrictions"
_SECRET = re.compile(r"token|secret|key|password|credential", re.IGNORECASE)


@frozen
class PolicyMetadata:
    """What an orchestrator says of itself and its agents. The modes are its own words; nothing here enforces them."""

    orchestrator_id: str
    orchestrator_version: str
    agent_family: str
    approval_mode: str
    sandbox_mode: str
    network_mode: str
    dangerous_flags: tuple[str, ...]
    tool_restrictions: str | None = None


def require_policy(raw_json: str | None, purpose: str) -> PolicyMetadata:
    """The policy of a command that wants one.

    Raises:
        Refused: `POLICY_METADATA_REQUIRED`, or as `parse_and_validate_policy`.
    """
    if raw_json is None:
        raise Refused(f"--policy is required {purpose}", "POLICY_METADATA_REQUIRED")
    return parse_and_validate_policy(raw_json)


def parse_and_validate_policy(raw_json: str) -> PolicyMetadata:
    """The policy of an option. Keys that the contract does not know are dropped, after the search for secrets.

    Raises:
        Refused: `POLICY_VALIDATION_FAILED`, naming the field and never its value.
    """
    data = _object(raw_json)
    for name in REQUIRED:
        if name not in data:
            raise _invalid(f"--policy missing required field: {name!r}")
    flags = data[_FLAGS]
    if not isinstance(flags, list):
        raise _invalid(f"--policy.{_FLAGS} must be a JSON array")
    for name in REQUIRED[:-1]:
        if not isinstance(data[name], str):
            raise _invalid(f"--policy.{name} must be a string")
    if not all(isinstance(flag, str) for flag in flags):
        raise _invalid(f"--policy.{_FLAGS} must hold strings only")
    tools = data.get(_TOOLS)
    if tools is not None and not isinstance(tools, str):
        raise _invalid(f"--policy.{_TOOLS} must be a string or null")
    banned = next((flag for flag in flags if flag.strip().lower().partition("=")[0] in BANNED_FLAGS), None)
    if banned is not None:
        raise _invalid(f"--policy.{_FLAGS} holds {banned!r}, which no orchestrator may use")
    for name, text in _texts(data):
        if _SECRET.search(text):
            raise _invalid(
                f"--policy field {name!r} looks like a secret ({_SECRET.pattern}); secrets do not belong here"
            )
    said = {name: str(data[name]) for name in REQUIRED[:-1]}
    return PolicyMetadata(**said, dangerous_flags=tuple(flags), tool_restrictions=tools)


def policy_to_dict(policy: PolicyMetadata) -> dict[str, object]:
    """The policy as events record it."""
    return {name: getattr(policy, name) for name in REQUIRED[:-1]} | {
        _FLAGS: list(policy.dangerous_flags),
        _TOOLS: policy.tool_restrictions,
    }


def _object(raw_json: str) -> dict[str, object]:
    try:
        data = json.loads(raw_json)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"--policy is not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise _invalid("--policy must be a JSON object")
    return data


def _texts(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Every text at any depth, with the name of the field that holds it."""
    waiting: list[tuple[str, object]] = list(data.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            waiting += [(f"{name}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(name, inner) for inner in value]


def _invalid(message: str) -> Refused:
    return Refused(message, "POLICY_VALIDATION_FAILED")
