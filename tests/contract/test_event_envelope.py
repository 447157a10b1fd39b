"""The envelope that other programs depend on (contract 2.1; seed 064, C4), on events that came all the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core.contract_gate import validate_outbound_payload
from specify_cli.status.models import Lane
from specify_cli.sync.config import config_path
from specify_cli.sync.events import EVENT_TYPES
from specify_cli.sync.profiles import wire
from tests.support.clone import Clone
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.server_batch import Event
from tests.support.serving import Server
from tests.support.syncing import World
from tests.sync.test_profiles import EVENTS

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "event_id": str, "event_type": str, "aggregate_id": str, "aggregate_type": str, "schema_version": str,
    "build_id": str, "payload": dict, "node_id": str, "lamport_clock": int, "causation_id": (str, type(None)),
    "correlation_id": str, "timestamp": str, "team_slug": str, "project_uuid": str, "project_slug": str,
    "git_branch": str, "head_commit_sha": str, "repo_slug": (str, type(None)),
}  # fmt: skip
GIVEN_UP = {"feature_slug", "feature_number", "feature_type", "mission_key", "FeatureCreated", "FeatureCompleted"}


@pytest.fixture
def clone(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Clone:
    return Clone(World(tmp_path, server, monkeypatch))


def words(value: Any) -> set[str]:
    """Every key and text in a value."""
    if isinstance(value, dict):
        return set().union(*(words(one) | {name} for name, one in value.items()))
    if isinstance(value, list):
        return set().union(*map(words, value))
    return {value} if isinstance(value, str) else set()


def test_every_event_of_a_mission_has_the_envelope(clone: Clone) -> None:
    clone.project.finalized(Task("WP01"), Task("WP02", needs=("WP01",)))
    clone.deliver()
    assert {"MissionCreated", "WPCreated", "WPStatusChanged"} <= set(clone.batch.types())
    for event in clone.batch.stored.values():
        assert list(event) == list(TYPES)
        assert all(isinstance(event[name], kind) for name, kind in TYPES.items()), event
        assert event["schema_version"] == "3.0.0"
        assert event["aggregate_type"] in {"Mission", "WorkPackage", "MissionDossier"}
        assert event["build_id"]
        assert len(event["head_commit_sha"]) == 40
        assert not GIVEN_UP & words(event)


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_type_passes_the_gate_and_names_its_mission(kind: str) -> None:
    event = wire(EVENTS[kind])
    assert event is not None
    validate_outbound_payload(event, "envelope")
    payload = event["payload"]
    assert isinstance(payload, dict)
    assert {"mission_slug", "mission_number", "mission_type", "mission_id"} <= set(payload)
    assert isinstance(payload["mission_number"], str)
    assert not GIVEN_UP & words(event)
    assert "Feature" not in {event["aggregate_type"], event["event_type"]}


def test_lanes_leave_as_they_are(clone: Clone) -> None:
    slug = clone.project.finalized(Task("WP01"))
    lanes = [lane for lane in Lane if lane is not Lane.PLANNED]
    for lane in lanes:
        evidence = json.dumps({"review": {"reviewer": "ada", "verdict": "approved", "reference": "x"}})
        words_ = (
            "WP01",
            "--to",
            lane.value,
            "--actor",
            "claude",
            "--force",
            "--reason",
            "x",
            "--evidence-json",
            evidence,
        )
        clone.run("agent", "status", "emit", *words_, "--mission", slug, "--json").ok()
    clone.deliver()
    told = [event["payload"] for event in clone.batch.stored.values() if event["event_type"] == "WPStatusChanged"]
    assert [payload["to_lane"] for payload in told] == ["planned", *(lane.value for lane in lanes)]
    assert [payload["from_lane"] for payload in told[1:]] == ["planned", *(lane.value for lane in lanes[:-1])]


def test_an_event_is_the_same_however_often_it_is_sent(clone: Clone) -> None:
    clone.project.finalized(Task("WP01"))
    clone.batch.rejects = {line["event_id"]: "invalid" for line in clone.recorded()}
    seen: list[Event] = []

    def keep(event: Event) -> object:
        seen.append(event)
        return clone.batch.judge(event)

    clone.batch.result = keep
    clone.deliver()
    clone.deliver()
    mine = [event for event in seen if event["event_id"] in clone.batch.rejects]
    half = len(mine) // 2
    assert half
    assert mine[:half] == mine[half:]


def test_checkouts_have_builds_of_their_own_and_keep_them(clone: Clone, tmp_path: Path) -> None:
    slug = clone.project.finalized(Task("WP01"))
    clone.run("materialize", "--mission", slug, "--json").ok()
    clone.deliver()
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other("clone", "-q", str(clone.project.path), ".")
    elsewhere = Clone(clone.world, Project(other.path, other))
    there = elsewhere.move(slug)
    elsewhere.deliver()
    here = clone.move(slug)
    clone.deliver()
    builds = {one: event["build_id"] for one, event in clone.batch.stored.items()}
    assert builds[there] != builds[here]
    assert set(builds.values()) == {builds[there], builds[here]}
    projects = {event["project_uuid"] for event in clone.batch.stored.values()}
    assert len(projects) == 1


def test_the_mission_has_its_id_on_the_wire(clone: Clone) -> None:
    """Seed 079, FR-204."""
    slug = clone.project.create()
    clone.deliver()
    (created,) = [event for event in clone.batch.stored.values() if event["event_type"] == "MissionCreated"]
    meta = json.loads((clone.project.folder(slug) / "meta.json").read_text(encoding="utf-8"))
    assert created["payload"]["mission_id"] == meta["mission_id"]
    assert created["payload"]["mission_number"] == meta["mission_number"] == "001"
    assert created["aggregate_id"] == slug


def test_nothing_secret_is_in_an_event(clone: Clone) -> None:
    clone.project.finalized(Task("WP01"))
    clone.deliver()
    text = json.dumps(list(clone.batch.stored.values())) + config_path().read_text(encoding="utf-8")
    stored = clone.world.stored()
    assert stored.access not in text
    assert stored.refresh not in text
