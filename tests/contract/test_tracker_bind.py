"""What is told of a project when it is bound to a tracker has the shape of the contract (seed 064, C3 and D1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.core.contract_gate import ContractViolationError, contract
from specify_cli.kernel.paths import discover
from specify_cli.sync.project_identity import ensure_identity
from specify_cli.tracker.saas_client import SaaSTrackerClient
from tests.support.server_tracker import CONFIRM, RESOLVE, VALIDATE
from tests.support.serving import Server
from tests.support.syncing import World
from tests.support.ticketing import Bound

KEYS = ["uuid", "slug", "node_id", "repo_slug", "build_id"]


@pytest.fixture
def bound(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Bound:
    return Bound(World(tmp_path, server, monkeypatch))


def test_the_five_keys_are_those_of_the_contract() -> None:
    rules = contract()["tracker_bind"]
    assert isinstance(rules, dict)
    assert rules["required_fields"] == KEYS


def test_every_call_that_binds_sends_the_identity_of_this_checkout(bound: Bound) -> None:
    bound.run("tracker", "bind", "--provider", "linear", "--select", "1", "--json").ok()
    bound.run("tracker", "bind", "--provider", "linear", "--bind-ref", "ref-1", "--json").ok()
    identity = ensure_identity(discover(bound.root))
    for path in (RESOLVE, CONFIRM, VALIDATE):
        (request,) = bound.world.server.sent_to(path)
        sent = request.json()["project_identity"]
        assert list(sent) == KEYS
        assert sent == identity.to_dict()
        assert sent["build_id"]
        assert request.headers["x-team-slug"] == "acme"
        assert ("idempotency-key" in request.headers) is (path == CONFIRM)


def test_two_clones_of_a_project_are_two_builds(bound: Bound, tmp_path: Path) -> None:
    bound.world.project.git("clone", "-q", str(bound.root), str(tmp_path / "clone"))
    mine, other = ensure_identity(discover(bound.root)), ensure_identity(discover(tmp_path / "clone"))
    assert mine.project_uuid == other.project_uuid
    assert mine.build_id != other.build_id


@pytest.mark.parametrize("field", KEYS)
def test_nothing_is_sent_that_lacks_one_of_them(bound: Bound, field: str) -> None:
    identity = dict(ensure_identity(discover(bound.root)).to_dict())
    del identity[field]
    client = SaaSTrackerClient()
    with pytest.raises(ContractViolationError, match=field):
        client.bind_resolve("linear", identity)
    with pytest.raises(ContractViolationError, match=field):
        client.bind_confirm("linear", "token-Web", identity)
    with pytest.raises(ContractViolationError, match=field):
        client.bind_validate("linear", "ref-1", identity)
    assert bound.world.server.requests == []


def test_a_project_without_an_origin_has_no_repo_slug(bound: Bound) -> None:
    identity = ensure_identity(discover(bound.root)).to_dict()
    assert identity["repo_slug"] is None
    bound.client.bind_resolve("linear", dict(identity))
