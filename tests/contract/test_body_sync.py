"""The request for a document's text has the shape of the contract, from the file to the wire (seed 064, C2 and D1)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core.contract_gate import ContractViolationError, contract
from specify_cli.kernel.http import HttpAnswer
from specify_cli.kernel.values import replace
from specify_cli.sync import body_transport
from specify_cli.sync.body_queue import BodyUploadTask
from specify_cli.sync.body_transport import _build_request_body, push_content
from specify_cli.sync.namespace import NamespaceRef
from tests.support.desk import IDENTITY, PROJECT, Desk
from tests.support.serving import Server
from tests.support.syncing import World

NAMESPACE = ["project_uuid", "mission_slug", "target_branch", "mission_type", "manifest_version"]
KEYS = [*NAMESPACE, "artifact_path", "content_hash", "hash_algorithm", "content_body"]
TEXT = "# Spec\n\ncafé\n"
TASK = BodyUploadTask(
    row_id=1,
    project_uuid=PROJECT,
    mission_slug="012-demo",
    target_branch="main",
    mission_type="software-dev",
    manifest_version="1",
    artifact_path="spec.md",
    content_hash=hashlib.sha256(TEXT.encode()).hexdigest(),
    hash_algorithm="sha256",
    content_body=TEXT,
    size_bytes=len(TEXT.encode()),
    retry_count=0,
    next_attempt_at=0,
    created_at=1,
    last_error=None,
)


def test_the_namespace_has_five_fields_and_does_not_change() -> None:
    namespace = NamespaceRef.from_context(IDENTITY, "012-demo", "main", "software-dev", "1")
    assert list(namespace.to_dict()) == NAMESPACE
    assert namespace.to_dict()["project_uuid"] == PROJECT
    name = "mission_slug"
    with pytest.raises(FrozenInstanceError):
        setattr(namespace, name, "013-other")


def test_the_request_has_nine_keys_and_none_of_an_older_version() -> None:
    body = _build_request_body(TASK)
    rules: Any = contract()["body_sync"]
    assert list(body) == KEYS
    assert set(rules["required_fields"]) == set(NAMESPACE)
    assert not set(rules["forbidden_fields"]) & set(body)
    assert all(isinstance(value, str) for value in body.values())
    assert body["content_body"] == TEXT


def test_a_row_of_the_queue_is_a_task() -> None:
    assert list(BodyUploadTask.__match_args__)[:15] == [
        "row_id", *KEYS, "size_bytes", "retry_count", "next_attempt_at", "created_at", "last_error",
    ]  # fmt: skip


def test_what_the_server_gets_is_the_file(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(World(tmp_path, server, monkeypatch))
    desk.write("spec.md", TEXT)
    desk.told()
    desk.sent()
    (request,) = server.sent_to(body_transport.PATH)
    assert request.path == "/api/dossier/push-content/"
    assert request.json() == _build_request_body(TASK)
    assert request.headers["content-type"] == "application/json"
    assert "content-encoding" not in request.headers
    assert request.bearer


@pytest.mark.parametrize("field", NAMESPACE)
def test_nothing_is_sent_that_the_contract_forbids(field: str) -> None:
    sent: list[bytes] = []

    def post(path: str, content: bytes, headers: object, *, timeout: float | None = None) -> HttpAnswer:
        sent.append(content)
        return HttpAnswer(201, {}, json.dumps({"status": "stored"}).encode())

    with pytest.raises(ContractViolationError) as refused:
        push_content(replace(TASK, **{field: " "}), post)
    assert (refused.value.field, refused.value.context) == (field, "body_sync")
    assert sent == []
    assert push_content(TASK, post).reason == "stored"
