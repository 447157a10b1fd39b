"""The types of events that a server is told, as data: what each is about and what its payload holds (contract 2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field

from specify_cli.kernel import clock
from specify_cli.kernel.text import is_ulid
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane

SCHEMA_VERSION = "3.0.0"

MISSION = "Mission"
WORK_PACKAGE = "WorkPackage"
DOSSIER = "MissionDossier"

WP_STATUS_CHANGED = "WPStatusChanged"
WP_CREATED = "WPCreated"
WP_ASSIGNED = "WPAssigned"
MISSION_CREATED = "MissionCreated"
MISSION_CLOSED = "MissionClosed"
HISTORY_ADDED = "HistoryAdded"
ERROR_LOGGED = "ErrorLogged"
DEPENDENCY_RESOLVED = "DependencyResolved"
MISSION_ORIGIN_BOUND = "MissionOriginBound"
ARTIFACT_INDEXED = "MissionDossierArtifactIndexed"
ARTIFACT_MISSING = "MissionDossierArtifactMissing"
SNAPSHOT_COMPUTED = "MissionDossierSnapshotComputed"
PARITY_DRIFT = "MissionDossierParityDriftDetected"

# Two digits or more for a work package, three or more for a mission («Decided» 8).
_WP_ID = re.compile(r"WP\d{2,}")
_SLUG = re.compile(r"\d{3,}-[a-z0-9-]+")
_NUMBER = re.compile(r"\d{3,}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@frozen
class Check:
    """A rule for one value.

    Args:
        expected: what the value must be, in words.
        holds: whether it is.
    """

    expected: str
    holds: Callable[[object], bool]

    def __call__(self, value: object) -> bool:
        """Whether the value is as expected."""
        return self.holds(value)


def normalize_event_id(text: object) -> str | None:
    """The one spelling of an event's id: a ULID in upper case, a UUID in lower case with dashes; None for neither."""
    if not isinstance(text, str):
        return None
    if is_ulid(text.upper()):
        return text.upper()
    bare = text.lower()
    if re.fullmatch(r"[0-9a-f]{32}", bare):
        bare = "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
    return bare if _UUID.fullmatch(bare) else None


def or_null(check: Check) -> Check:
    """The same rule, and null."""
    return Check(f"{check.expected} or null", lambda value: value is None or check.holds(value))


def _matching(expected: str, pattern: re.Pattern[str]) -> Check:
    return Check(expected, lambda value: isinstance(value, str) and bool(pattern.fullmatch(value)))


def one_of(*values: str) -> Check:
    """Any of some texts."""
    return Check(f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values)


def _list_of(check: Check) -> Check:
    expected = f"a list, each {check.expected}"
    return Check(expected, lambda value: isinstance(value, list) and all(map(check.holds, value)))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(clock.parse(value))
    except ValueError:
        return False


def _has_counts(value: object) -> bool:
    names = ("total", "required", "required_present", "required_missing", "optional", "optional_present")
    return isinstance(value, dict) and all(_is_count(value.get(name)) for name in names)


TEXT = Check("a text that is not empty", lambda value: isinstance(value, str) and bool(value.strip()))
ANY_TEXT = Check("a text", lambda value: isinstance(value, str))
COUNT = Check("a whole number from 0", _is_count)
MOMENT = Check("an ISO 8601 time", _is_moment)
EVENT_ID = Check("a ULID or a UUID", lambda value: normalize_event_id(value) is not None)
OBJECT = Check("an object", lambda value: isinstance(value, dict))
UUID = _matching("a UUID", _UUID)
WP_ID = _matching("WP and two digits or more", _WP_ID)
SLUG = _matching("three digits or more, a dash, and lower case words", _SLUG)
NUMBER = _matching("three digits or more, as text", _NUMBER)
SHA256 = _matching("64 hex digits in lower case", _SHA256)
LANE = one_of(*Lane)
NULL_TEXT = or_null(ANY_TEXT)
FLAG = Check("true or false", lambda value: isinstance(value, bool))
TEXTS = Check("a list", lambda value: isinstance(value, list))
ARTIFACT_CLASS = one_of("input", "workflow", "output", "evidence", "policy", "runtime", "other")
COUNTS = Check("six counts from 0", _has_counts)

# Which mission it is: on every payload, because `WP01` names a work package in one mission only.
OF_MISSION: Mapping[str, Check] = {
    "mission_slug": or_null(ANY_TEXT), "mission_number": or_null(ANY_TEXT), "mission_type": or_null(TEXT),
    "mission_id": or_null(EVENT_ID),
}  # fmt: skip


@frozen
class EventType:
    """What one type of event is about.

    Args:
        aggregate: the kind of thing it is about.
        required: keys that its payload must have, each with its rule.
        optional: keys that it may have; any others are let through (contract 2.3).
    """

    aggregate: str
    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)


def _of_package(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> EventType:
    return EventType(WORK_PACKAGE, {"wp_id": WP_ID, **required}, {**OF_MISSION, **(optional or {})})


def _of_mission(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> EventType:
    return EventType(MISSION, {"mission_slug": TEXT, **required}, {**OF_MISSION, **(optional or {})})


def _of_dossier(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> EventType:
    return EventType(
        DOSSIER, {"mission_slug": TEXT, **required}, {**OF_MISSION, "namespace": OBJECT, **(optional or {})}
    )


EVENT_TYPES: Mapping[str, EventType] = {
    WP_STATUS_CHANGED: _of_package(
        {"from_lane": LANE, "to_lane": LANE}, {"actor": ANY_TEXT, "policy_metadata": or_null(OBJECT)}
    ),
    WP_CREATED: _of_package({"title": TEXT, "mission_slug": TEXT}, {"dependencies": _list_of(WP_ID)}),
    WP_ASSIGNED: _of_package(
        {"agent_id": TEXT, "phase": one_of("implementation", "review")}, {"retry_count": COUNT}
    ),
    MISSION_CREATED: _of_mission(
        {"mission_slug": SLUG, "mission_number": NUMBER, "target_branch": TEXT, "wp_count": COUNT},
        {"created_at": MOMENT},
    ),
    MISSION_CLOSED: _of_mission({"total_wps": COUNT}, {"completed_at": MOMENT, "total_duration": NULL_TEXT}),
    HISTORY_ADDED: _of_package(
        {"entry_type": one_of("note", "review", "error", "comment"), "entry_content": TEXT}, {"author": ANY_TEXT}
    ),
    # About a mission where no work package is named.
    ERROR_LOGGED: EventType(
        WORK_PACKAGE,
        {"error_type": one_of("validation", "runtime", "network", "auth", "unknown"), "error_message": TEXT},
        {**OF_MISSION, "wp_id": or_null(WP_ID), "stack_trace": NULL_TEXT, "agent_id": NULL_TEXT},
    ),
    DEPENDENCY_RESOLVED: _of_package(
        {"dependency_wp_id": WP_ID, "resolution_type": one_of("completed", "skipped", "merged")}
    ),
    MISSION_ORIGIN_BOUND: _of_mission(
        {
            "mission_slug": SLUG, "provider": one_of("jira", "linear"), "external_issue_id": TEXT,
            "external_issue_key": TEXT, "external_issue_url": TEXT, "title": TEXT,
        }
    ),
    ARTIFACT_INDEXED: _of_dossier(
        {
            "artifact_key": TEXT, "artifact_class": ARTIFACT_CLASS, "relative_path": TEXT,
            "content_hash_sha256": SHA256, "size_bytes": COUNT, "required_status": one_of("required", "optional"),
        },
        {"wp_id": NULL_TEXT, "step_id": NULL_TEXT},
    ),
    ARTIFACT_MISSING: _of_dossier(
        {
            "artifact_key": TEXT, "artifact_class": ARTIFACT_CLASS, "expected_path_pattern": TEXT,
            "reason_code": one_of("not_found", "unreadable", "invalid_format", "deleted_after_scan"), "blocking": FLAG,
        },
        {"reason_detail": NULL_TEXT, "step_id": NULL_TEXT},
    ),
    SNAPSHOT_COMPUTED: _of_dossier(
        {
            "parity_hash_sha256": SHA256, "artifact_counts": COUNTS, "snapshot_id": TEXT,
            "completeness_status": one_of("complete", "incomplete", "unknown"),
        }
    ),
    PARITY_DRIFT: _of_dossier(
        {
            "local_parity_hash": SHA256, "baseline_parity_hash": SHA256,
            "severity": one_of("info", "warning", "error"),
        },
        {"missing_in_local": TEXTS, "missing_in_baseline": TEXTS},
    ),
}  # fmt: skip

# Events of which only the newest tells anything: the values that make two of them one (contract 3.3).
_COALESCED: Mapping[str, tuple[str, ...]] = {
    ARTIFACT_INDEXED: ("project_uuid", "mission_slug", "artifact_key"),
    SNAPSHOT_COMPUTED: ("project_uuid", "mission_slug"),
}


def coalesce_key(event: Mapping[str, object]) -> str | None:
    """What makes an event take the place of an older one that waits; None where nothing does."""
    names = _COALESCED.get(str(event.get("event_type")))
    if names is None:
        return None
    payload = event.get("payload")
    inner = payload if isinstance(payload, dict) else {}
    return "|".join([str(event["event_type"]), *(str(event.get(name) or inner.get(name) or "") for name in names)])
