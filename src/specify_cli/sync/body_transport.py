"""Sending bodies, one document a request, and what the server's answer means for each (contract 6.1, 6.5)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import Protocol

from specify_cli.core.contract_gate import ContractViolationError, validate_outbound_payload
from specify_cli.kernel import clock
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import SpecKittyError, Unavailable
from specify_cli.kernel.http import HttpAnswer
from specify_cli.kernel.values import frozen
from specify_cli.sync.answers import json_of, retry_after, said
from specify_cli.sync.body_queue import BodyUploadTask, OfflineBodyUploadQueue, request_body
from specify_cli.sync.namespace import NamespaceRef, UploadOutcome, UploadStatus

PATH = "/api/dossier/push-content/"
DEFAULT_TIMEOUT_SECONDS = 30.0
MAX_RETRIES = 20  # answers that the server does not know the document, after which a person is asked
_PASS = 50
_PATIENCE = 3  # failures of the server in a row, after which the rest is left for another time
_HEADERS = {"Content-Type": "application/json"}


class Post(Protocol):
    """`SaasClient.post`."""

    def __call__(
        self, path: str, content: bytes, headers: Mapping[str, str], *, timeout: float | None = None
    ) -> HttpAnswer:
        """The server's answer to a request."""
        ...


class Next(Enum):
    """What happens to a body after an answer."""

    DONE = "it leaves the queue"
    LATER = "it is tried again"
    PARK = "it is kept and not tried again"
    STOP = "nothing more is sent in this run"


@frozen
class Verdict:
    """What an answer means for a body.

    Args:
        wait: seconds that the server asked for.
    """

    then: Next
    status: UploadStatus
    reason: str
    wait: float | None = None


@frozen
class BodyReport:
    """What a run did.

    Args:
        outcomes: one for each body that was tried.
        stopped: why not all were; empty where nothing is left that could be sent now.
    """

    outcomes: list[UploadOutcome] = field(default_factory=list)
    stopped: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many by status."""
        return dict(Counter(each.status.value for each in self.outcomes))


def drain(queue: OfflineBodyUploadQueue, post: Post, *, time_left: Callable[[], float]) -> BodyReport:
    """Send the bodies whose time has come, each once; after the events, whose index they belong to.

    Args:
        time_left: seconds that the run still has.
    """
    outcomes: list[UploadOutcome] = []
    failures, begun = 0, clock.epoch()
    # As of the beginning: what fails in this run is due later than that, and so is tried once.
    while tasks := queue.drain(_PASS, as_of=begun):
        for task in tasks:
            left = time_left()
            if left <= 0:
                return BodyReport(outcomes, "the time for this run is over")
            verdict = _try(task, post, min(left, DEFAULT_TIMEOUT_SECONDS))
            _note(queue, task, verdict)
            retryable = verdict.then in {Next.LATER, Next.STOP}
            outcomes.append(
                UploadOutcome(task.artifact_path, verdict.status, verdict.reason, task.content_hash, retryable)
            )
            failures = failures + 1 if verdict.reason.startswith(_SERVER) else 0
            if verdict.then is Next.STOP or failures >= _PATIENCE:
                return BodyReport(outcomes, verdict.reason)
    return BodyReport(outcomes)


def push_content(task: BodyUploadTask, post: Post, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Verdict:
    """Send one body.

    Raises:
        ContractViolationError: the server would not accept it; nothing was sent.
        Refused, Conflict, Unavailable: as `SaasClient.post`.
    """
    body = _build_request_body(task)
    validate_outbound_payload(body, "body_sync")
    if sha256(task.content_body.encode()) != task.content_hash:
        return Verdict(Next.PARK, UploadStatus.FAILED, "content_hash_mismatch: the stored text is not the document's")
    return classify(post(PATH, json.dumps(body).encode(), _HEADERS, timeout=timeout))


def classify(answer: HttpAnswer) -> Verdict:
    """What an answer means (contract 6.5); nothing that the server refuses is deleted."""
    body = json_of(answer.body)
    told = body if isinstance(body, dict) else {}
    if answer.status == 201:
        return Verdict(Next.DONE, UploadStatus.UPLOADED, "stored")
    if answer.status == 200 and told:
        return Verdict(Next.DONE, UploadStatus.ALREADY_EXISTS, "already_exists")
    then, word = _meaning(answer.status, told.get("error"))
    asked = answer.headers.get("retry-after") or told.get("retry_after")
    wait = retry_after(str(asked), clock.now()) if answer.status == 429 and asked is not None else None
    return Verdict(then, UploadStatus.FAILED, f"{word}: {said(answer, body)}", wait)


_SERVER = "server_error"
# Answers about who asks, and where: the document is not to blame, and the next one would fare alike.
_STOPPING = {401: "unauthorized", 403: "permission", 412: "protocol_skew", 426: "protocol_skew", 429: "rate_limited"}
_FINAL = {400: "bad_request", 413: "too_large"}


def _meaning(status: int, code: object) -> tuple[Next, str]:
    if status == 404:
        known = str(code) if code in {"index_entry_not_found", "namespace_not_found"} else "not_found"
        return Next.PARK if known == "namespace_not_found" else Next.LATER, known
    if status >= 500 or status == 200:
        return Next.LATER, _SERVER
    if status in _STOPPING or status < 400 or status == 407:
        return Next.STOP, _STOPPING.get(status, "unexpected_status")
    return Next.PARK, _FINAL.get(status, "unexpected_status")


def _try(task: BodyUploadTask, post: Post, timeout: float) -> Verdict:
    try:
        return push_content(task, post, timeout)
    except ContractViolationError as violation:
        return Verdict(Next.PARK, UploadStatus.FAILED, str(violation))
    except Unavailable as error:
        return Verdict(Next.LATER, UploadStatus.FAILED, f"{_SERVER}: {error.message}")
    except SpecKittyError as error:
        return Verdict(Next.STOP, UploadStatus.FAILED, f"{error.code}: {error.message}")


def _note(queue: OfflineBodyUploadQueue, task: BodyUploadTask, verdict: Verdict) -> None:
    """Write down what became of a body."""
    unknown = task.retry_count >= MAX_RETRIES and not verdict.reason.startswith(_SERVER)
    if verdict.then is Next.DONE:
        queue.mark_uploaded(task.row_id)
    elif verdict.then is Next.PARK or (verdict.then is Next.LATER and unknown):
        queue.mark_failed_permanent(task.row_id, verdict.reason)
    elif verdict.then is Next.LATER:
        queue.mark_failed_retryable(task.row_id, verdict.reason)
    else:
        queue.hold(verdict.wait or 0.0, verdict.reason)


def _build_request_body(task: BodyUploadTask) -> dict[str, object]:
    """The request for one body (seed 064, C2)."""
    namespace = NamespaceRef(
        task.project_uuid, task.mission_slug, task.target_branch, task.mission_type, task.manifest_version
    )
    return request_body(namespace, task.artifact_path, task.content_hash, task.content_body, task.hash_algorithm)
