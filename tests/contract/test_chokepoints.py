"""The contract gate stands at every way out: refused before anything happens, kept with its reason, and shown."""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core.contract_gate import ContractViolationError
from specify_cli.kernel.paths import discover
from specify_cli.kernel.values import replace
from specify_cli.sync import consent
from specify_cli.sync.emitter import problems
from specify_cli.sync.namespace import NamespaceRef
from specify_cli.sync.standing import require_queues
from tests.support.cli import Result
from tests.support.outbox import moved
from tests.support.server_batch import BATCH, Batch
from tests.support.server_bodies import BODIES
from tests.support.serving import Server
from tests.support.source import modules
from tests.support.syncing import World

# Where something leaves: module -> the sections of the contract it asks. One that is not built yet is not here yet.
CHOKEPOINTS = {
    "sync.emitter": {"envelope"},
    "sync.batch": {"envelope"},
    "sync.live": {"envelope"},
    "sync.body_queue": {"body_sync"},
    "sync.body_transport": {"body_sync"},
    "tracker.saas_client": {"tracker_bind"},
}
GATE = {"validate_outbound_payload", "violations"}


class Clone:
    """A clone that sends, with one mission, and nothing of it sent yet."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.repo = discover(world.project.path)
        consent.give(self.repo, world.server.url)
        self.account = world.log_in().account
        self.slug = world.project.create()

    @property
    def project(self) -> str:
        return require_queues(self.repo)[0].project

    def run(self, *words: str) -> Result:
        return self.world.project.run(*words)

    def sent(self, path: str) -> list[Any]:
        return [one.body for one in self.world.server.sent_to(path)]

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.account.queue_path)) as db, db:
            db.execute(statement)


@pytest.fixture
def clone(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Clone:
    return Clone(World(tmp_path, server, monkeypatch))


def test_every_way_out_asks_the_gate() -> None:
    asked: dict[str, set[str]] = {}
    for module in modules():
        constants = {
            target.id: statement.value.value
            for statement in module.tree.body
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        for name, call in module.calls():
            if name.rpartition(".")[2] in GATE and len(call.args) == 2:
                context = call.args[1]
                found = context.value if isinstance(context, ast.Constant) else constants.get(ast.unparse(context))
                asked.setdefault(module.name, set()).add(str(found or "envelope"))
    built = {module.name for module in modules()}
    assert {name: asked.get(name) for name in CHOKEPOINTS if name in built} == {
        name: contexts for name, contexts in CHOKEPOINTS.items() if name in built
    }
    assert len(CHOKEPOINTS) == 6


def test_nobody_else_speaks_to_the_server() -> None:
    """Who posts a body either asks the gate or sends no facts: logins and probes."""
    posting = {
        module.name
        for module in modules()
        for name, _ in module.calls()
        if module.floor in {"sync", "tracker"} and name.rpartition(".")[2] in {"post", "_post", "request"}
    }
    free = {"sync.auth", "sync.client", "sync.delivery", "sync.health"}
    assert posting - free <= set(CHOKEPOINTS)


def shown(clone: Clone, reason: str) -> None:
    """`diagnose` shows it and fails, and the list of what was set aside has it."""
    told = clone.run("sync", "diagnose", "--json")
    assert told.code == 1
    assert reason in told.out
    assert reason in " ".join(clone.run("sync", "diagnose").out.split())
    letters = clone.run("sync", "queue", "list", "--json").ok().json()["letters"]
    assert [one["id"] for one in letters if reason in one["reason"]] != []


def test_at_the_emitter(clone: Clone) -> None:
    event = moved(1)
    event["payload"]["feature" + "_slug"] = "012-demo"
    queue, _ = require_queues(clone.repo)
    with queue.visit() as db:
        assert not queue.add(db, event, problems(event))
    shown(clone, "must not be there")
    clone.run("sync", "now")
    assert event["event_id"].encode() not in b"".join(clone.sent(BATCH))


SPOILED: dict[str, Callable[[dict[str, Any]], object]] = {
    "aggregate_type": lambda event: event.update(aggregate_type="Feature"),
    "build_id": lambda event: event.update(build_id=""),
    "schema_version": lambda event: event.pop("schema_version"),
    "payload.mission": lambda event: event["payload"].update({"mission" + "_key": "x"}),
}


def test_at_the_batch(clone: Clone) -> None:
    queue, _ = require_queues(clone.repo)
    spoiled = {}
    for number, (reason, spoil) in enumerate(SPOILED.items(), 1):
        event = spoiled[reason] = {**moved(number), "project_uuid": queue.project}
        spoil(event)
        with queue.visit() as db:  # as an older version would have it wait
            row = (event["event_id"], event["event_type"], json.dumps(event), queue.project)
            db.execute("INSERT INTO queue (event_id, event_type, data, timestamp, project) VALUES (?, ?, ?, 0, ?)", row)
    assert clone.run("sync", "now").code == 1
    batch = clone.world.server.part(Batch)
    assert batch.stored  # everything else went
    judged = {event_id for ids in batch.batches for event_id in ids}
    assert not judged & {event["event_id"] for event in spoiled.values()}
    for reason in spoiled:
        shown(clone, reason)
    clone.run("sync", "queue", "drop", "--all").ok()
    clone.run("sync", "diagnose").ok()


def test_at_the_queue_and_the_transport_of_bodies(clone: Clone) -> None:
    _, bodies = require_queues(clone.repo)
    namespace = NamespaceRef(clone.project, "012-demo", "main", "software-dev", "")
    with pytest.raises(ContractViolationError, match="manifest_version"):
        bodies.enqueue(namespace, "spec.md", "0" * 64, "x", 1)
    shown(clone, "manifest_version")
    bodies.enqueue(replace(namespace, manifest_version="1"), "plan.md", "0" * 64, "x", 1)
    clone.change("UPDATE body_upload_queue SET mission_type = '' WHERE artifact_path = 'plan.md'")
    assert clone.run("sync", "now").code == 1
    sent = clone.sent(BODIES)
    assert sent
    assert not [body for body in sent if b"0" * 64 in body]
    shown(clone, "mission_type")
