"""What is handed to those who build a server (seed 039, WP07) is true: every example, every claim about the client."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from spec_kitty_events import Event
from spec_kitty_events.conformance import load_fixtures, validate_event
from spec_kitty_events.conformance.pytest_helpers import assert_payload_conforms
from spec_kitty_events.status import Lane as TheirLane

from specify_cli.core.contract_gate import contract, validate_outbound_payload
from specify_cli.kernel import clock
from specify_cli.kernel.http import HttpAnswer
from specify_cli.status.models import Lane
from specify_cli.status.transitions import four_lanes
from specify_cli.sync import answers, body_transport, emitter
from specify_cli.sync.batch import BATCH
from specify_cli.sync.events import EVENT_TYPES
from specify_cli.sync.profiles import DETAIL, Profile, wire
from tests.support.server_bodies import KEYS
from tests.support.source import ROOT

PAGES = ROOT / "docs" / "reference" / "contracts"
FIXTURES = PAGES / "fixtures"
BATCHES = sorted(FIXTURES.glob("batch-*.json"))
DOCUMENTS = sorted(FIXTURES.glob("document-*.json"))
# What the log says beside the flat payload, and only the strict shape has room for.
LOGGED: dict[str, dict[str, object]] = {
    "WPStatusChanged": {"force": False, "execution_mode": "worktree"},
    "WPStatusChanged to approved": {
        "execution_mode": "worktree",
        "evidence": {
            "review": {"reviewer": "bob", "verdict": "approved", "reference": "review://012-tea-timer/WP01/1"}
        },
    },
}


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


EXAMPLES = load(FIXTURES / "events.json")
FLAT = {name: example["flat"] for name, example in EXAMPLES.items()}


def test_there_is_an_example_of_every_type() -> None:
    assert {each["event_type"] for each in FLAT.values()} == set(EVENT_TYPES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_the_client_would_send(name: str) -> None:
    assert emitter.problems(FLAT[name]) == []
    validate_outbound_payload(FLAT[name], "envelope")
    assert validate_event(FLAT[name], "Event", strict=True).valid
    assert Event(**FLAT[name]).event_id == FLAT[name]["event_id"]
    assert wire(FLAT[name]) == FLAT[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_strict_shape_is_what_the_published_package_takes(name: str) -> None:
    flat, strict = FLAT[name], EXAMPLES[name]["strict_payload"]
    sent = wire({**flat, DETAIL: LOGGED.get(name, {})}, Profile.STRICT)
    assert sent is not None
    assert sent == {**flat, "payload": strict or flat["payload"]}
    validate_outbound_payload(sent, "envelope")
    if strict is None:  # a type that the package does not know goes as it is
        with pytest.raises(ValueError, match="Unknown event type"):
            validate_event(flat["payload"], flat["event_type"])
    else:
        assert_payload_conforms(strict, flat["event_type"], strict=True)
        assert_payload_conforms(sent, flat["event_type"], strict=True)


@pytest.mark.parametrize("kind", sorted({each["event_type"] for each in FLAT.values()}))
def test_the_packages_own_examples_are_judged_as_it_judges_them(kind: str) -> None:
    found = [case for category in ("events", "dossier") for case in load_fixtures(category) if case.event_type == kind]
    for case in found:
        assert validate_event(case.payload, kind, strict=True).valid is case.expected_valid
    assert bool(found) is (
        next(e["strict_payload"] for e in EXAMPLES.values() if e["flat"]["event_type"] == kind) is not None
    )


@pytest.mark.parametrize("path", BATCHES, ids=lambda path: path.stem)
def test_a_batch_is_answered_and_understood_as_it_says(path: Path) -> None:
    case = load(path)
    request, response, client = case["request"], case["response"], case["client"]
    assert (request["method"], request["path"]) == ("POST", BATCH)
    sent = request["body"]["events"]
    for event in sent:
        validate_outbound_payload(event, "envelope")
        assert validate_event(event, "Event", strict=True).valid
        wrong = [problem.field for problem in emitter.problems(event)]
        # Two fixtures are about an event that lacks a field.
        assert wrong == (["payload.error_type"] if client["results"].get(event["event_id"]) == "rejected" else [])
    found = answers.meaning(_answer(response), [event["event_id"] for event in sent], clock.now())
    assert {one.event_id: one.status for one in found.results} == client["results"]
    assert found.then == client["then"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_answered_and_understood_as_it_says(path: Path) -> None:
    case = load(path)
    body = case["request"]["body"]
    assert case["request"]["path"] == body_transport.PATH
    assert tuple(body) == KEYS
    validate_outbound_payload(body, "body_sync")
    indexed = FLAT["MissionDossierArtifactIndexed"]["payload"]
    assert (body["artifact_path"], body["content_hash"]) == (indexed["relative_path"], indexed["content_hash_sha256"])
    assert body_transport.classify(_answer(case["response"])).then.name == case["client"]["then"]


def test_the_fixtures_are_those_that_were_asked_for() -> None:
    statuses = [load(path)["response"]["status"] for path in BATCHES]
    assert statuses == [200, 200, 200, 200, 400, 200, 413, 412, 429]
    types = [[event["event_type"] for event in load(path)["request"]["body"]["events"]] for path in BATCHES[:5]]
    assert types[0] == types[2] == ["WPStatusChanged"]
    assert sorted(types[1]) == ["MissionCreated", "WPCreated", "WPStatusChanged"]
    assert types[3] == types[4] == ["WPStatusChanged", "ErrorLogged"]
    first, resent = (load(path)["request"]["body"] for path in (BATCHES[0], BATCHES[2]))
    assert first == resent


def _answer(response: dict[str, Any]) -> HttpAnswer:
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return HttpAnswer(response["status"], headers, json.dumps(response["body"]).encode())


# -- the pages ---------------------------------------------------------------------------------------------------------


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading of a page."""
    text = (PAGES / page).read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    rows = re.search(r"^\|.*?(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows[0].splitlines()[2:]]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_page_names_every_field_of_the_envelope() -> None:
    rows = {code(row[0])[0]: row[1] for row in table("batch-ingest.md", "## The envelope")}
    assert list(rows) == list(FLAT["MissionCreated"])
    always = {name for name, kind in rows.items() if "null" not in kind}
    envelope: Any = contract()["envelope"]
    assert set(envelope["required_fields"]) <= always


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_the_page_names_every_key_of_a_payload(kind: str) -> None:
    rows = {code(row[0])[0]: row for row in table("batch-ingest.md", "## The events")}
    row, rules = rows[kind], EVENT_TYPES[kind]
    assert code(row[1])[0] == rules.aggregate
    common = {"mission_slug", "mission_number", "mission_type", "mission_id", "namespace"}
    assert set(code(row[2])) - common == set(rules.required) - common
    assert set(code(row[3])) - common == set(rules.optional) - common


def test_the_lanes_on_the_page_are_those_of_the_code() -> None:
    rows = table("lane-mapping.md", "## The table")
    assert [code(row[0])[0] for row in rows] == [lane.value for lane in Lane]
    assert {code(row[0])[0]: code(row[1])[0] for row in rows} == {lane.value: four_lanes(lane) for lane in Lane}
    strict = {code(row[0])[0]: code(row[2])[0] for row in rows}
    moved = FLAT["WPStatusChanged"]
    for lane in Lane:
        payload = {**moved["payload"], "from_lane": lane.value, "to_lane": "blocked"}
        sent: Any = wire({**moved, "payload": payload, DETAIL: {"force": True, "reason": "x"}}, Profile.STRICT)
        assert sent["payload"]["from_lane"] == strict[lane.value]
    assert set(strict.values()) == {lane.value for lane in TheirLane}
