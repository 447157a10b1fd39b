"""The envelope of an event, and what is found wrong with one before it is queued."""

from __future__ import annotations

import json

import pytest

from specify_cli.kernel.values import replace
from specify_cli.sync.emitter import Fact, envelope, problems
from specify_cli.sync.events import EVENT_TYPES
from tests.support.outbox import AT, ORIGIN, id_of, made, moved

KEYS = [
    "event_id", "event_type", "aggregate_id", "aggregate_type", "schema_version", "build_id", "payload", "node_id",
    "lamport_clock", "causation_id", "correlation_id", "timestamp", "team_slug", "project_uuid", "project_slug",
    "git_branch", "head_commit_sha", "repo_slug",
]  # fmt: skip


def test_an_envelope_has_the_keys_of_the_contract_in_their_order() -> None:
    assert [name for name in moved() if name != "detail"] == KEYS
    assert problems(moved()) == []


def test_a_user_without_a_team_tells_for_the_local_one() -> None:
    fact = Fact(id_of(1), "WPStatusChanged", "WP01", {}, AT)
    assert envelope(fact, replace(ORIGIN, team_slug=None), 1)["team_slug"] == "local"


def test_an_event_tells_where_it_happened_else_where_it_is_told() -> None:
    fact = Fact(id_of(1), "WPStatusChanged", "WP01", {}, AT, branch="kitty/mission-x-lane-a")
    told = envelope(fact, ORIGIN, 1)
    assert (told["git_branch"], told["head_commit_sha"]) == ("kitty/mission-x-lane-a", ORIGIN.head_commit_sha)


def test_an_error_without_a_work_package_is_about_the_mission() -> None:
    payload = {"error_type": "runtime", "error_message": "x"}
    assert made("ErrorLogged", "error", payload)["aggregate_type"] == "Mission"
    assert made("ErrorLogged", "WP01", {**payload, "wp_id": "WP01"})["aggregate_type"] == "WorkPackage"


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_type_is_about_what_the_contract_says(kind: str) -> None:
    told = made(kind, "x", {"wp_id": "WP01"})
    assert told["aggregate_type"] == EVENT_TYPES[kind].aggregate


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"build_id": ""}, "build_id: expected a text that is not empty; found ''"),
        ({"event_id": "x"}, "event_id: expected a ULID or a UUID; found 'x'"),
        ({"aggregate_type": "Feature"}, "aggregate_type: expected one of MissionDossier, Mission, WorkPackage;"),
        ({"schema_version": "2.0.0"}, "schema_version: expected one of 3.0.0; found '2.0.0'"),
        ({"lamport_clock": -1}, "lamport_clock: expected a whole number from 0; found -1"),
        ({"lamport_clock": True}, "lamport_clock: expected a whole number from 0; found True"),
        ({"timestamp": "now"}, "timestamp: expected an ISO 8601 time; found 'now'"),
        ({"team_slug": ""}, "team_slug: expected a text that is not empty"),
        ({"project_uuid": None}, "project_uuid: expected a UUID; found None"),
        ({"payload": None}, "payload: expected an object; found None"),
        ({"event_type": "GatePassed"}, "event_type: expected one of WPStatusChanged, WPCreated"),
        ({"causation_id": "x"}, "causation_id: expected a ULID or a UUID or null; found 'x'"),
        ({"feature_slug": "x"}, "feature_slug: expected what the contract says; found must not be there"),
    ],
)
def test_a_problem_names_field_expectation_and_value(change: dict[str, object], said: str) -> None:
    found = [str(problem) for problem in problems({**moved(), **change})]
    assert len(found) == 1
    assert said in found[0]


def test_all_problems_are_told_at_once() -> None:
    found = problems({**moved(wp_id="wp1", to_lane="doing"), "build_id": "", "node_id": None})
    assert [problem.field for problem in found] == ["build_id", "node_id", "payload.wp_id", "payload.to_lane"]


def test_a_missing_key_is_a_problem_and_an_unknown_one_is_none() -> None:
    event = {name: value for name, value in moved().items() if name not in {"node_id", "correlation_id"}}
    assert [str(problem) for problem in problems(event)] == [
        "node_id: expected a text that is not empty; found nothing"
    ]
    assert problems({**moved(), "data_tier": 1}) == []


def test_an_envelope_is_json_whatever_the_log_held() -> None:
    told = moved(actor="\ud800 \x00 «»")
    assert json.loads(json.dumps(told)) == told
