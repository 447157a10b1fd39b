"""What the server is told of a mission's documents: each that is new, what is missing, the whole, and its drift.

What it was told last stands in the queue file, never in the tree; only what differs makes an event. The text of a new
document begins to wait in the same transaction as its event, so that neither goes without the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field

from specify_cli.core.contract_gate import ContractViolationError
from specify_cli.core.expected_artifacts import ExpectedArtifact
from specify_cli.kernel import clock, ids
from specify_cli.kernel.database import Connection
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import identity_of
from specify_cli.sync import documents, events
from specify_cli.sync.body_queue import BodyEnqueueResult, add_body
from specify_cli.sync.config import DEFAULT_MAX_QUEUE_SIZE
from specify_cli.sync.documents import Artifact, Survey, Unread
from specify_cli.sync.emitter import Fact
from specify_cli.sync.namespace import NamespaceRef, UploadOutcome, UploadStatus
from specify_cli.sync.project_identity import ProjectIdentity

_SNAPSHOT, _BASELINE, _DRIFT = "@snapshot", "@accepted", "@drift"
_MISSING = "missing "
_TROUBLE = ("oversized", "not_valid_utf8", "read_error")
_PACKAGE = re.compile(r"tasks/(WP\d+)")


@frozen
class Recorded:
    """What is new: events to queue, and what became of each document's text."""

    facts: list[Fact] = field(default_factory=list)
    outcomes: list[UploadOutcome] = field(default_factory=list)

    def problems(self, slug: str) -> list[Refused]:
        """Documents of a mission whose text should be uploaded and cannot be, for a person to know."""
        return [
            Refused(f"{slug}/{each.artifact_path} is not uploaded: {each.reason}", "DOCUMENT_NOT_SENT")
            for each in self.outcomes
            if each.status is UploadStatus.FAILED or each.reason.startswith(_TROUBLE)
        ]


def record(db: Connection, seen: Survey, identity: ProjectIdentity, *, limit: int = DEFAULT_MAX_QUEUE_SIZE) -> Recorded:
    """Note what is new since the server was last told, as part of a transaction.

    Args:
        db: the account's queue file.
        limit: how many bodies may wait. A document whose text finds no room is told another time.
    """
    story = _Story(db, seen, identity, limit)
    for artifact in seen.artifacts:
        if story.said.get(artifact.key) != artifact.content_hash and story.has_taken(artifact):
            story.tell(events.ARTIFACT_INDEXED, artifact.key, artifact.content_hash, _indexed(artifact))
    for entry, found in _newly_missing(seen, story.said).items():
        story.tell(events.ARTIFACT_MISSING, entry.key, _MISSING + found.code, _missing(entry, found))
    snapshot = _snapshot(seen)
    state = f"{snapshot['parity_hash_sha256']} {snapshot['completeness_status']}"
    if story.said.get(_SNAPSHOT) != state:
        story.tell(events.SNAPSHOT_COMPUTED, _SNAPSHOT, state, snapshot)
    _watch(story, seen)
    return story.done


class _Story:
    """What the server was told of one mission, and what it is told now."""

    def __init__(self, db: Connection, seen: Survey, identity: ProjectIdentity, limit: int) -> None:
        of = identity_of(seen.place.meta, seen.place.slug)
        self.db, self.seen, self.limit = db, seen, limit
        self.namespace = NamespaceRef.from_context(
            identity, of.mission_slug, seen.place.target_branch, of.mission_type, seen.manifest.version
        )
        self.name = "|".join(self.namespace.to_dict().values())
        rows = db.execute("SELECT artifact_key, state FROM dossier WHERE namespace = ?", (self.name,))
        self.said: dict[str, str] = dict(map(tuple, rows))
        self.common = {
            "mission_slug": of.mission_slug,
            "mission_number": of.mission_number,
            "mission_type": of.mission_type,
            "mission_id": of.mission_id,
            "namespace": self.namespace.to_dict(),
        }
        self.done = Recorded(outcomes=list(seen.skipped))

    def tell(self, kind: str, key: str, state: str, payload: Mapping[str, object]) -> None:
        """Tell an event, and remember under a key that it was told."""
        about = f"{self.namespace.mission_slug}:{state[:16] if key.startswith('@') else key}"
        self.done.facts.append(Fact(ids.new_id(), kind, about, {**self.common, **payload}, clock.stamp()))
        self.keep(key, state)

    def keep(self, key: str, state: str) -> None:
        """Remember something."""
        self.db.execute("INSERT OR REPLACE INTO dossier VALUES (?, ?, ?)", (self.name, key, state))

    def has_taken(self, artifact: Artifact) -> bool:
        """Whether a document can be told now: its text waits, or is not for upload."""
        if artifact.skip is not None:
            return True
        found = documents.read(self.seen.place, artifact.path)
        if isinstance(found, Unread) or sha256(found) != artifact.content_hash:
            reason = found.reason if isinstance(found, Unread) else "content_hash_mismatch"
            self.done.outcomes.append(UploadOutcome(artifact.path, UploadStatus.SKIPPED, reason))
            return False
        hashed, text = artifact.content_hash, found.decode()
        got = add_body(self.db, self.namespace, artifact.path, hashed, text, len(found), limit=self.limit)
        refused = isinstance(got, ContractViolationError) or got is BodyEnqueueResult.QUEUE_FULL
        status = UploadStatus.FAILED if refused else UploadStatus.QUEUED
        self.done.outcomes.append(UploadOutcome(artifact.path, status, str(got), hashed))
        return not refused


def _newly_missing(seen: Survey, said: Mapping[str, str]) -> dict[ExpectedArtifact, Unread]:
    """Blocking entries of which nothing is there although it should be, or once was; not those told so before."""
    found = {}
    for entry in seen.manifest.required:
        was_there = not said.get(entry.key, _MISSING).startswith(_MISSING) and not seen.has(entry)
        if entry.blocking and (was_there or entry in seen.missing()):
            unread = (why for path, why in seen.unread.items() if entry.matches(path))
            why = next(unread, Unread("not_found", "nothing is there"))
            if said.get(entry.key) != _MISSING + why.code:
                found[entry] = why
    return found


def _watch(story: _Story, seen: Survey) -> None:
    """Whether the documents are still those that were accepted, as this clone first saw them."""
    accepted, here = seen.place.meta.get("accepted_at"), seen.hashes
    if not accepted:
        return
    baseline = json.loads(story.said.get(_BASELINE, "{}"))
    if baseline.get("at") != accepted:
        baseline = {"at": accepted, "hashes": here}
        story.keep(_BASELINE, json.dumps(baseline))
        story.keep(_DRIFT, _parity(here))
        return
    then, parity = baseline["hashes"], _parity(here)
    if story.said.get(_DRIFT) == parity:
        return
    if then == here:
        story.keep(_DRIFT, parity)
        return
    gone = sorted(then.keys() - here.keys())
    payload = {
        "local_parity_hash": parity,
        "baseline_parity_hash": _parity(then),
        "severity": "error" if gone else "warning",
        "missing_in_local": gone,
        "missing_in_baseline": sorted(here.keys() - then.keys()),
    }
    story.tell(events.PARITY_DRIFT, _DRIFT, parity, payload)


def _indexed(artifact: Artifact) -> dict[str, object]:
    package, entry = _PACKAGE.match(artifact.path), artifact.entry
    return {
        "artifact_key": artifact.key,
        "artifact_class": entry.artifact_class if entry else "other",
        "relative_path": artifact.path,
        "content_hash_sha256": artifact.content_hash,
        "size_bytes": artifact.size_bytes,
        "required_status": "required" if entry and entry.required else "optional",
        "wp_id": package[1] if package else None,
        "step_id": entry.step if entry else None,
    }


def _missing(entry: ExpectedArtifact, why: Unread) -> dict[str, object]:
    return {
        "artifact_key": entry.key,
        "artifact_class": entry.artifact_class,
        "expected_path_pattern": entry.pattern,
        "reason_code": why.code,
        "reason_detail": why.reason,
        "blocking": True,
        "step_id": entry.step,
    }


def _snapshot(seen: Survey) -> dict[str, object]:
    """Counts are of documents; an entry of which nothing is there counts as one."""
    lacking = [entry.required for entry in seen.manifest.artifacts if not seen.has(entry)]
    there = [bool(each.entry and each.entry.required) for each in seen.artifacts]
    counts = {
        "total": len(there) + len(lacking),
        "required": sum(there) + sum(lacking),
        "required_present": sum(there),
        "required_missing": sum(lacking),
        "optional": there.count(False) + lacking.count(False),
        "optional_present": there.count(False),
    }
    complete = "incomplete" if sum(lacking) else "complete"
    parity = _parity(seen.hashes)
    return {
        "parity_hash_sha256": parity,
        "artifact_counts": counts,
        "completeness_status": complete if seen.manifest.artifacts else "unknown",
        "snapshot_id": parity[:16],
    }


def _parity(hashes: Mapping[str, str]) -> str:
    """One hash over all documents."""
    return sha256("\n".join(f"{key} {hashes[key]}" for key in sorted(hashes)).encode())
