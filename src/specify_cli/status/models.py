"""The values of the status log: lanes, evidence, events, and the snapshot that they fold to.

An event read from a line and written again gives the same line: unknown keys and values of unknown shape are
kept in `extra`. Shapes: the section on `status.events.jsonl` in the reference of files and formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TypedDict

from specify_cli.kernel import clock
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import BRANCH, COMMIT, FOLDER, OBJECT, TEXT, WORDS, Fields, Kind
from specify_cli.kernel.legacy import LEGACY_KEYS, LEGACY_LANES, LEGACY_REASONS, current_names
from specify_cli.kernel.values import frozen
from specify_cli.status import fields
from specify_cli.status.evidence import DoneEvidence

BOOTSTRAP_ACTOR = "finalize-tasks"
BOOTSTRAP_REASON = "canonical bootstrap"
UNKNOWN = "unknown"  # who made a move of which the log does not say it


class Lane(StrEnum):
    """The nine states of a work package, in the order of the board."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    FOR_REVIEW = "for_review"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DONE = "done"
    BLOCKED = "blocked"
    CANCELED = "canceled"


_STORED_LANES: Mapping[str, Lane] = {lane.value: lane for lane in Lane} | {
    old: Lane(new) for old, new in LEGACY_LANES.items()
}
_ALWAYS = frozenset(
    {
        "actor", "at", "event_id", "evidence", "execution_mode", "force", "from_lane", "mission_slug",
        "policy_metadata", "reason", "review_ref", "to_lane", "wp_id",
    }
)  # fmt: skip
_OPTIONAL = frozenset({"mission_id", "session", "session_source", "prev", "self_review", "workspace", "no_change"})
_KNOWN = _ALWAYS | _OPTIONAL
WORKSPACE = Fields({"lane_id": TEXT, "branch": BRANCH, "base": COMMIT, "head": COMMIT, "start": COMMIT})
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("actor", "reason", "review_ref", "execution_mode", "mission_id", "session", "prev"), WORDS),
    **dict.fromkeys(("session_source", "no_change"), WORDS),
    "mission_slug": FOLDER, "policy_metadata": OBJECT, "workspace": WORKSPACE,
}  # fmt: skip
_NOTHING: Mapping[str, object] = {}  # one for all: most events have nothing extra


@frozen
class StatusEvent:
    """One move of one work package.

    Args:
        at: ISO 8601 with an offset.
        prev: id of the last applied event of this work package that the writer saw; on unforced moves.
        session: the running instance of the actor, where known.
        session_source: `agent` where the agent's own program gave the session its id, `given` where somebody did.
        self_review: whether the reviewer had implemented it.
        workspace: `{lane_id, branch, base, head}`, the record of where the work is.
        no_change: why work that is handed over changes nothing.
        extra: keys that this version does not know, and known keys whose value has another shape.
    """

    event_id: str
    mission_slug: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    at: str
    actor: str
    force: bool
    execution_mode: str = "worktree"
    reason: str | None = None
    review_ref: str | None = None
    evidence: DoneEvidence | None = None
    policy_metadata: Mapping[str, object] | None = None
    mission_id: str | None = None
    session: str | None = None
    prev: str | None = None
    self_review: bool = False
    workspace: Mapping[str, object] | None = None
    session_source: str | None = None
    no_change: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_bootstrap(self) -> bool:
        """Whether it only introduces the work package."""
        return self.from_lane is Lane.PLANNED and self.to_lane is Lane.PLANNED and self.reason == BOOTSTRAP_REASON

    @property
    def is_taken_over(self) -> bool:
        """Whether an upgrade wrote it, for where an older version had left the work package."""
        return (self.reason or "").startswith(LEGACY_REASONS)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> StatusEvent:
        """The event of a line.

        Args:
            data: the parsed line; names of older versions are accepted.

        Raises:
            Refused: `INVALID_EVENT`: a key that every event needs is missing or has no meaning.
        """
        if not LEGACY_KEYS.keys().isdisjoint(data):
            data = current_names(data)
        extra = {} if data.keys() <= _KNOWN else {key: data[key] for key in data.keys() - _KNOWN}
        _keep_odd_defaults(data, extra)
        return cls(
            event_id=fields.identifier(data, "event_id"),
            mission_slug=fields.folder(data, extra),
            wp_id=fields.identifier(data, "wp_id"),
            from_lane=_lane(data, "from_lane"),
            to_lane=_lane(data, "to_lane"),
            at=fields.moment(data),
            actor=fields.name(data, "actor", extra) or UNKNOWN,
            force=fields.flag(data),
            execution_mode=fields.name(data, "execution_mode", extra) or "worktree",
            reason=fields.text(data, "reason", extra),
            review_ref=fields.text(data, "review_ref", extra),
            evidence=_evidence(data, extra),
            policy_metadata=fields.mapping(data, "policy_metadata", extra),
            mission_id=fields.name(data, "mission_id", extra),
            session=fields.name(data, "session", extra),
            prev=fields.text(data, "prev", extra) or None,
            self_review=data.get("self_review") is True,
            workspace=fields.shaped(data, "workspace", extra, WORKSPACE),
            session_source=fields.name(data, "session_source", extra),
            no_change=fields.name(data, "no_change", extra),
            extra=extra or _NOTHING,
        )

    def to_dict(self) -> dict[str, object]:
        """The line's object: the fixed keys always, optional ones only when set."""
        data: dict[str, object] = {
            "actor": self.actor,
            "at": self.at,
            "event_id": self.event_id,
            "evidence": None if self.evidence is None else self.evidence.to_dict(),
            "execution_mode": self.execution_mode,
            "force": self.force,
            "from_lane": self.from_lane.value,
            "mission_slug": self.mission_slug,
            "policy_metadata": None if self.policy_metadata is None else dict(self.policy_metadata),
            "reason": self.reason,
            "review_ref": self.review_ref,
            "to_lane": self.to_lane.value,
            "wp_id": self.wp_id,
        }
        for key in ("mission_id", "session", "session_source", "prev", "no_change"):
            if (value := getattr(self, key)) is not None:
                data[key] = value
        if self.self_review:
            data["self_review"] = True
        if self.workspace is not None:
            data["workspace"] = dict(self.workspace)
        data.update(self.extra)
        return data


def _lane(data: Mapping[str, object], key: str) -> Lane:
    value = fields.required(data, key)
    try:
        return _STORED_LANES[value]
    except KeyError:
        raise fields.invalid(data, key, f"names no lane: {value!r}") from None


def _evidence(data: Mapping[str, object], extra: dict[str, object]) -> DoneEvidence | None:
    value = data.get("evidence")
    if value is None:
        return None
    try:
        evidence = DoneEvidence.from_dict(value) if isinstance(value, dict) else None
    except Refused:
        evidence = None
    if evidence is None or evidence.to_dict() != value:
        extra["evidence"] = value
    return evidence


def _keep_odd_defaults(data: Mapping[str, object], extra: dict[str, object]) -> None:
    """Optional keys that are there and say nothing (null, empty, false) stay as they were written."""
    for key in _OPTIONAL & data.keys():
        value = data[key]
        if value is None or value == "" or (key == "self_review" and value is not True):
            extra[key] = value


class WorkPackageState(TypedDict):
    """What the snapshot knows of one work package.

    The holder is who implements or reviews it now (None while nobody does); `holder_since` is when that began.
    """

    lane: Lane
    actor: str
    session: str | None
    last_transition_at: str
    last_event_id: str
    force_count: int
    holder_actor: str | None
    holder_session: str | None
    holder_since: str | None


def settling(wp_id: str, lane: Lane, note: str, slug: str) -> Command:
    """The command that settles where a work package is."""
    at = ("--mission", slug) if slug else ()
    return spec_kitty("agent tasks move-task", wp_id, "--to", lane, "--force", "--note", note, *at)


@frozen
class LostClaim:
    """Moves that were acknowledged in one clone while another clone had moved the work package first.

    Args:
        event_id: the first of the moves that were not applied.
        moves: how many moves in a row build on it, itself included.
        mission_slug: for the command.
        winner_event_id: the move that stands; None where the log lacks it.
        lane: where the work package is now.
    """

    wp_id: str
    event_id: str
    at: str
    actor: str
    session: str | None
    from_lane: Lane
    to_lane: Lane
    moves: int
    winner_event_id: str | None
    winner_actor: str | None
    winner_session: str | None
    lane: Lane
    mission_slug: str = ""

    @property
    def message(self) -> str:
        """Both actors in one sentence."""
        winner = self.winner_actor or "another clone"
        return (
            f"{self.wp_id}: {self.actor} moved it {self.from_lane} -> {self.to_lane} at {clock.minute(self.at)}, "
            f"but {winner} had moved it already; it stays {self.lane}"
        )

    @property
    def fix(self) -> Command:
        """The command that settles it in favour of what stands."""
        note = f"settled: {self.winner_actor or self.lane.value} keeps it"
        return settling(self.wp_id, self.lane, note, self.mission_slug)

    def to_dict(self) -> dict[str, object]:
        """The shape in `lost_claims` of the status JSON."""
        return {
            "wp_id": self.wp_id, "event_id": self.event_id, "at": self.at, "actor": self.actor,
            "session": self.session, "from_lane": self.from_lane.value, "to_lane": self.to_lane.value,
            "moves": self.moves, "winner_event_id": self.winner_event_id, "winner_actor": self.winner_actor,
            "winner_session": self.winner_session, "lane": self.lane.value, "message": self.message, "fix": self.fix,
        }  # fmt: skip


@frozen
class StatusSnapshot:
    """The fold of a mission's events.

    Args:
        materialized_at: the time of the last event, so that the same events give the same snapshot; empty without one.
        event_count: distinct events, those not applied included.
        work_packages: per id, in id order.
        summary: how many are in each of the nine lanes.
        lost_claims: not yet settled.
    """

    mission_slug: str
    materialized_at: str
    event_count: int
    last_event_id: str | None
    work_packages: Mapping[str, WorkPackageState]
    summary: Mapping[str, int]
    mission_number: str | None = None
    mission_type: str | None = None
    lost_claims: tuple[LostClaim, ...] = ()

    def lane_of(self, wp_id: str) -> Lane:
        """A work package's lane; planned where no event names it."""
        state = self.work_packages.get(wp_id)
        return Lane.PLANNED if state is None else state["lane"]

    def to_dict(self) -> dict[str, object]:
        """The shape of `status.json`."""
        return {
            "mission_slug": self.mission_slug,
            "mission_number": self.mission_number,
            "mission_type": self.mission_type,
            "materialized_at": self.materialized_at,
            "event_count": self.event_count,
            "last_event_id": self.last_event_id,
            "work_packages": {wp_id: dict(state) for wp_id, state in self.work_packages.items()},
            "summary": dict(self.summary),
            "lost_claims": [claim.to_dict() for claim in self.lost_claims],
        }
