"""How an event goes over the wire: `flat`, as contract 2.3 has it, or `strict`, as `spec-kitty-events` 3.0.0 takes it.

The one place that knows both. What waits in the queue is the envelope with its flat payload, and beside it `detail`:
what the log says and only the strict shape has room for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from specify_cli.status.models import Lane
from specify_cli.sync import events

DETAIL = "detail"

Event = Mapping[str, object]


class Profile(StrEnum):
    """The shape that a server takes."""

    FLAT = "flat"
    STRICT = "strict"


class Unmappable(ValueError):
    """The strict shape has no room for an event; says why."""


def wire(event: Event, profile: Profile = Profile.FLAT) -> dict[str, object] | None:
    """A queued event as it is sent; None where the strict shape makes nothing of it.

    Raises:
        Unmappable: the strict shape cannot tell it.
    """
    sent = {name: value for name, value in event.items() if name != DETAIL}
    shape = _STRICT.get(str(event.get("event_type"))) if profile is Profile.STRICT else None
    if shape is not None:
        payload = shape(event, _object(event.get("payload")), _object(event.get(DETAIL)))
        return None if payload is None else {**sent, "payload": payload}
    return sent


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _move(event: Event, payload: Event, detail: Event) -> dict[str, object] | None:
    from_lane, to_lane = _lane(payload["from_lane"]), _lane(payload["to_lane"])
    if from_lane == to_lane and payload["from_lane"] != payload["to_lane"]:
        return None
    evidence = _evidence(event, _object(detail.get("evidence")))
    if evidence is None and to_lane in {Lane.APPROVED, Lane.DONE}:
        raise Unmappable(f"payload.evidence: a move to {to_lane} needs a review and a commit, the log has none")
    return {
        "mission_slug": payload["mission_slug"],
        "wp_id": payload["wp_id"],
        "from_lane": from_lane,
        "to_lane": to_lane,
        "actor": payload["actor"],
        "force": detail.get("force", False),
        "reason": detail.get("reason"),
        "execution_mode": detail.get("execution_mode", "worktree"),
        "review_ref": detail.get("review_ref"),
        "evidence": evidence,
    }


def _lane(lane: object) -> str:
    """Its eight lanes lack the ninth: a review under way still waits for its verdict."""
    return Lane.FOR_REVIEW.value if lane == Lane.IN_REVIEW else str(lane)


def _evidence(event: Event, evidence: Event) -> dict[str, object] | None:
    """It wants a commit in all evidence; the one that the move was made at stands in where none is named."""
    review = _object(evidence.get("review"))
    found = evidence.get("repos")
    repos = list(found) if isinstance(found, list) else []
    commit, branch = event.get("head_commit_sha"), event.get("git_branch")
    if not repos and commit and branch:
        repos = [{"repo": event.get("repo_slug") or event.get("project_slug"), "branch": branch, "commit": commit}]
    if not repos or not review:
        return None
    return {"repos": repos, "verification": evidence.get("verification") or [], "review": dict(review)}


def _mission(_event: Event, payload: Event, _detail: Event) -> dict[str, object]:
    number = str(payload.get("mission_number") or "")
    if not re.fullmatch(r"\d+", number, re.ASCII) or int(number) < 1:
        raise Unmappable(f"payload.mission_number: a number from 1 is expected; found {number!r}")
    return {
        "mission_slug": payload["mission_slug"],
        "mission_number": int(number),
        "mission_type": payload["mission_type"],
    }


def _indexed(event: Event, payload: Event, _detail: Event) -> dict[str, object]:
    return {
        "namespace": _namespace(payload),
        "artifact_id": _artifact(payload, "relative_path"),
        "content_ref": {
            "hash": payload["content_hash_sha256"],
            "algorithm": "sha256",
            "size_bytes": payload["size_bytes"],
        },
        "indexed_at": event["timestamp"],
    }


def _missing(event: Event, payload: Event, _detail: Event) -> dict[str, object]:
    return {
        "namespace": _namespace(payload),
        "expected_identity": _artifact(payload, "expected_path_pattern"),
        "manifest_step": payload.get("step_id") or "required_always",
        "checked_at": event["timestamp"],
    }


def _snapshot(event: Event, payload: Event, _detail: Event) -> dict[str, object]:
    counts = _object(payload.get("artifact_counts"))
    return {
        "namespace": _namespace(payload),
        "snapshot_hash": payload["parity_hash_sha256"],
        "artifact_count": counts["total"],
        "anomaly_count": counts["required_missing"],
        "computed_at": event["timestamp"],
        "algorithm": "sha256",
    }


def _drift(event: Event, payload: Event, _detail: Event) -> dict[str, object]:
    here, there = payload.get("missing_in_local"), payload.get("missing_in_baseline")
    kind = "artifact_mutated" if bool(here) == bool(there) else "artifact_removed" if here else "artifact_added"
    return {
        "namespace": _namespace(payload),
        "expected_hash": payload["baseline_parity_hash"],
        "actual_hash": payload["local_parity_hash"],
        "drift_kind": kind,
        "detected_at": event["timestamp"],
    }


def _namespace(payload: Event) -> dict[str, object]:
    found = payload.get("namespace")
    if not isinstance(found, dict):
        raise Unmappable("payload.namespace: the five fields that name the mission's documents are missing")
    return dict(found)


def _artifact(payload: Event, path: str) -> dict[str, object]:
    kind = payload["artifact_class"]
    if kind == "other":
        raise Unmappable("payload.artifact_class: there is no 'other' in the strict shape")
    found = {
        "mission_type": _namespace(payload).get("mission_type"),
        "path": PurePosixPath(str(payload[path])).as_posix(),
        "artifact_class": kind,
    }
    return found if payload.get("wp_id") is None else {**found, "wp_id": payload["wp_id"]}


# Types of events that the package knows; any other goes as it is.
_STRICT: Mapping[str, Callable[[Event, Event, Event], dict[str, object] | None]] = {
    events.WP_STATUS_CHANGED: _move,
    events.MISSION_CREATED: _mission,
    events.MISSION_CLOSED: _mission,
    events.ARTIFACT_INDEXED: _indexed,
    events.ARTIFACT_MISSING: _missing,
    events.SNAPSHOT_COMPUTED: _snapshot,
    events.PARITY_DRIFT: _drift,
}
