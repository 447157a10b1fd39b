"""The envelope of an event (contract 2.1), and whether it may be queued (contract 2.4, and the gate). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypedDict

from specify_cli.core.contract_gate import violations
from specify_cli.kernel.values import frozen
from specify_cli.sync import events
from specify_cli.sync.events import EVENT_TYPES, Check, one_of, or_null
from specify_cli.sync.profiles import DETAIL

ENVELOPE_CONTEXT = "envelope"
LOCAL_TEAM = "local"


@frozen
class Origin:
    """Who tells events, and where: the same for all events of one command.

    Args:
        node_id: who and on which machine; the Lamport clock counts for it.
        build_id: the checkout.
        correlation_id: the command.
        git_branch, head_commit_sha: None where git does not say.
    """

    project_uuid: str
    project_slug: str | None
    repo_slug: str | None
    node_id: str
    build_id: str
    correlation_id: str
    team_slug: str | None = None
    git_branch: str | None = None
    head_commit_sha: str | None = None


@frozen
class Fact:
    """Something that happened, to be told.

    Args:
        event_id: the id that its log gave it.
        aggregate_id: the thing it is about; which kind that is follows from the type.
        payload: the flat payload (contract 2.3).
        timestamp: when it happened.
        causation_id: the event that it follows from.
        detail: what only the strict shape has room for.
        branch, commit: where in git it happened; None means where the command stands that tells it.
    """

    event_id: str
    event_type: str
    aggregate_id: str
    payload: Mapping[str, object]
    timestamp: str
    causation_id: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    branch: str | None = None
    commit: str | None = None


@frozen
class Problem:
    """A value of an event that is not as expected."""

    field: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}; found {self.actual}"


class PayloadRules(TypedDict):
    """What a payload must hold, and the rule for each key that is known."""

    required: set[str]
    validators: dict[str, Check]


_PAYLOAD_RULES: dict[str, PayloadRules] = {
    name: {"required": set(kind.required), "validators": {**kind.optional, **kind.required}}
    for name, kind in EVENT_TYPES.items()
}


_REQUIRED: Mapping[str, Check] = {
    "event_id": events.EVENT_ID, "event_type": one_of(*EVENT_TYPES), "aggregate_id": events.TEXT,
    "aggregate_type": one_of(events.DOSSIER, events.MISSION, events.WORK_PACKAGE),
    "schema_version": one_of(events.SCHEMA_VERSION),
    "build_id": events.TEXT, "payload": events.OBJECT, "node_id": events.TEXT, "lamport_clock": events.COUNT,
    "timestamp": events.MOMENT, "team_slug": events.TEXT, "project_uuid": events.UUID,
}  # fmt: skip
_OPTIONAL: Mapping[str, Check] = {
    "causation_id": or_null(events.EVENT_ID), "correlation_id": events.EVENT_ID, "project_slug": events.NULL_TEXT,
    "git_branch": events.NULL_TEXT, "head_commit_sha": events.NULL_TEXT, "repo_slug": events.NULL_TEXT,
}  # fmt: skip


def envelope(fact: Fact, origin: Origin, lamport: int) -> dict[str, object]:
    """A fact as it is queued: the envelope with its flat payload, and the detail beside it."""
    made: dict[str, object] = {
        "event_id": events.normalize_event_id(fact.event_id) or fact.event_id,
        "event_type": fact.event_type,
        "aggregate_id": fact.aggregate_id,
        "aggregate_type": _aggregate(fact),
        "schema_version": events.SCHEMA_VERSION,
        "build_id": origin.build_id,
        "payload": dict(fact.payload),
        "node_id": origin.node_id,
        "lamport_clock": lamport,
        "causation_id": events.normalize_event_id(fact.causation_id),
        "correlation_id": origin.correlation_id,
        "timestamp": fact.timestamp,
        "team_slug": origin.team_slug or LOCAL_TEAM,
        "project_uuid": origin.project_uuid,
        "project_slug": origin.project_slug,
        "git_branch": fact.branch or origin.git_branch,
        "head_commit_sha": fact.commit or origin.head_commit_sha,
        "repo_slug": origin.repo_slug,
    }
    return {**made, DETAIL: dict(fact.detail)} if fact.detail else made


def problems(event: Mapping[str, object]) -> list[Problem]:
    """Every value of an event that a server would not take: the envelope's, then the payload's."""
    found = list(_broken(event, set(_REQUIRED), {**_REQUIRED, **_OPTIONAL}, ""))
    payload = event.get("payload")
    if isinstance(payload, Mapping):
        found += payload_problems(str(event.get("event_type")), payload)
    known = {problem.field for problem in found}
    for violation in violations({name: value for name, value in event.items() if name != DETAIL}, ENVELOPE_CONTEXT):
        if violation.field not in known:
            found.append(Problem(violation.field, "what the contract says", violation.reason))
    return found


def payload_problems(event_type: str, payload: Mapping[str, object]) -> list[Problem]:
    """Every value of a payload that a server would not take."""
    rules = _PAYLOAD_RULES.get(event_type)
    return _broken(payload, rules["required"], rules["validators"], "payload.") if rules else []


def _broken(values: Mapping[str, object], required: set[str], rules: Mapping[str, Check], prefix: str) -> list[Problem]:
    found = []
    for name, rule in rules.items():
        if name not in values:
            if name in required:
                found.append(Problem(prefix + name, rule.expected, "nothing"))
        elif not rule(values[name]):
            found.append(Problem(prefix + name, rule.expected, shown(values[name])))
    return found


def shown(value: object) -> str:
    """A value in a few characters, for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _aggregate(fact: Fact) -> str:
    if fact.event_type == events.ERROR_LOGGED and not fact.payload.get("wp_id"):
        return events.MISSION
    kind = EVENT_TYPES.get(fact.event_type)
    return kind.aggregate if kind else ""
