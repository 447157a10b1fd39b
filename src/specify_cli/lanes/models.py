"""lanes.json as values (formats.md): which work packages share a worktree, and in what order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress

from specify_cli.kernel import fields
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import BRANCH, FOLDER, ID, TEXT, TEXTS, WHOLE, WP, Fields, Kind, Listed, Schema
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID, is_lane_id

VERSION = 1
MALFORMED = "LANES_MALFORMED"  # the code of a lanes.json with a field that holds what it cannot hold
COMPUTED_FROM = "dependency_graph+ownership"
DEPENDENCY = "dependency"
WRITE_SCOPE_OVERLAP = "write_scope_overlap"
LANE = Kind("a lane such as lane-a", lambda value: isinstance(value, str) and is_lane_id(value))
_RULES = Fields({"rule": TEXT, "evidence": TEXT, "before": WP, "after": WP, "wp_a": WP, "wp_b": WP})
FIELDS: Schema = {
    "version": WHOLE, "mission_slug": FOLDER, "mission_id": ID, "mission_branch": BRANCH, "target_branch": BRANCH,
    "lanes": Listed(
        Fields(
            {
                "lane_id": LANE, "wp_ids": Listed(WP), "write_scope": TEXTS, "predicted_surfaces": TEXTS,
                "depends_on_lanes": Listed(LANE), "parallel_group": WHOLE,
            }
        )
    ),
    "ordering_edges": Listed(_RULES), "planning_artifact_wps": Listed(WP), "computed_at": TEXT, "computed_from": TEXT,
    "collapse_report": Fields({"events": Listed(_RULES), "independent_wps_collapsed": WHOLE}),
}  # fmt: skip
# What only tells how the lanes came about; a broken value there takes no lane with it.
_INCIDENTAL = ("computed_", "collapse_report")


@frozen
class ExecutionLane:
    """A branch with a worktree, in which work packages are done one after another.

    Args:
        lane_id: `lane-a` …, or `lane-planning`, which is the target branch in its own checkout.
        wp_ids: its work packages in the order of the work.
        write_scope: globs that they own.
        predicted_surfaces: paths beyond those that their prompts name.
        depends_on_lanes: lanes that hold a predecessor of one of them.
        parallel_group: how deep the lane lies in the graph of lanes, from 0.
    """

    lane_id: str
    wp_ids: tuple[str, ...]
    write_scope: tuple[str, ...] = ()
    predicted_surfaces: tuple[str, ...] = ()
    depends_on_lanes: tuple[str, ...] = ()
    parallel_group: int = 0

    @property
    def is_planning(self) -> bool:
        """Whether it is the lane of planning documents."""
        return self.lane_id == PLANNING_LANE_ID

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> ExecutionLane:
        """Read one entry of `lanes`; raises `LANES_MALFORMED`."""
        return cls(
            lane_id=_text(data, "lane_id"),
            wp_ids=_texts(data, "wp_ids"),
            write_scope=_texts(data, "write_scope"),
            predicted_surfaces=_texts(data, "predicted_surfaces"),
            depends_on_lanes=_texts(data, "depends_on_lanes"),
            parallel_group=_number(data, "parallel_group", 0),
        )

    def to_dict(self) -> dict[str, object]:
        """The entry of `lanes`."""
        return {
            "lane_id": self.lane_id,
            "wp_ids": list(self.wp_ids),
            "write_scope": list(self.write_scope),
            "predicted_surfaces": list(self.predicted_surfaces),
            "depends_on_lanes": list(self.depends_on_lanes),
            "parallel_group": self.parallel_group,
        }


@frozen
class OrderingEdge:
    """One work package comes before another for a reason that nobody declared.

    Args:
        before: the one that is done first.
        after: the one that waits and builds upon it.
        rule: `write_scope_overlap`.
        evidence: the two globs, `src/** ~ src/a.py`.
    """

    before: str
    after: str
    rule: str
    evidence: str

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> OrderingEdge:
        """Read one entry of `ordering_edges`; raises `LANES_MALFORMED`."""
        return cls(_text(data, "before"), _text(data, "after"), _text(data, "rule"), _text(data, "evidence"))

    def to_dict(self) -> dict[str, object]:
        """The entry of `ordering_edges`."""
        return {"before": self.before, "after": self.after, "rule": self.rule, "evidence": self.evidence}


@frozen
class CollapseEvent:
    """A work package (`wp_a`) that continues the lane of another (`wp_b`), with the rule that joined them."""

    wp_a: str
    wp_b: str
    rule: str
    evidence: str

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> CollapseEvent:
        """Read one entry of `events`; raises `LANES_MALFORMED`."""
        return cls(_text(data, "wp_a"), _text(data, "wp_b"), _text(data, "rule"), _text(data, "evidence"))

    def to_dict(self) -> dict[str, str]:
        """The entry of `events`."""
        return {"wp_a": self.wp_a, "wp_b": self.wp_b, "rule": self.rule, "evidence": self.evidence}


@frozen
class CollapseReport:
    """Which work packages came to share a lane, and why.

    Args:
        events: one for each work package that continued a lane.
        independent_wps_collapsed: how many of them had not declared to depend on the one before.
    """

    events: tuple[CollapseEvent, ...] = ()
    independent_wps_collapsed: int = 0

    @classmethod
    def of(cls, events: Iterable[CollapseEvent]) -> CollapseReport:
        """The report of some events."""
        listed = tuple(events)
        return cls(listed, sum(event.rule != DEPENDENCY for event in listed))

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> CollapseReport:
        """Read `collapse_report`; raises `LANES_MALFORMED`."""
        events = tuple(CollapseEvent.from_dict(entry) for entry in _entries(data, "events"))
        return cls(events, _number(data, "independent_wps_collapsed", 0))

    def to_dict(self) -> dict[str, object]:
        """The value of `collapse_report`."""
        return {
            "events": [event.to_dict() for event in self.events],
            "total_merges": len(self.events),
            "independent_wps_collapsed": self.independent_wps_collapsed,
            "by_rule": dict(Counter(event.rule for event in self.events)),
        }


@frozen
class LanesManifest:
    """All lanes of a mission.

    Args:
        mission_slug: `NNN-slug`.
        mission_id: None for a mission older than mission ids.
        mission_branch: where its lanes come together.
        target_branch: where the mission goes.
        lanes: in the order of their names, `lane-planning` last.
        ordering_edges: they count as dependencies for readiness, base and merge order.
        planning_artifact_wps: members of `lane-planning`, kept for readers of older versions; ask the lane.
        computed_at: when; empty until it is written.
    """

    mission_slug: str
    mission_id: str | None
    mission_branch: str
    target_branch: str
    lanes: tuple[ExecutionLane, ...]
    ordering_edges: tuple[OrderingEdge, ...] = ()
    planning_artifact_wps: tuple[str, ...] = ()
    collapse_report: CollapseReport | None = None
    computed_at: str = ""
    computed_from: str = COMPUTED_FROM
    version: int = VERSION

    def lane_for_wp(self, wp_id: str) -> ExecutionLane | None:
        """The lane of a work package, or None where the lanes were computed without it."""
        return _index(self).lanes.get(wp_id)

    def lane(self, lane_id: str) -> ExecutionLane | None:
        """The lane of a name, or None."""
        return next((lane for lane in self.lanes if lane.lane_id == lane_id), None)

    def ordered_before(self, wp_id: str) -> tuple[str, ...]:
        """Work packages that an ordering edge puts before this one; they count as its dependencies."""
        return tuple(_index(self).before.get(wp_id, ()))

    def parallel_groups(self) -> dict[int, list[ExecutionLane]]:
        """Lanes by their depth: those of one group need nothing of each other."""
        groups: dict[int, list[ExecutionLane]] = {}
        for lane in self.lanes:
            groups.setdefault(lane.parallel_group, []).append(lane)
        return dict(sorted(groups.items()))

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> LanesManifest:
        """Read lanes.json, of older versions too; raises `LANES_MALFORMED`."""
        data, broken = fields.sift(data, FIELDS)
        vital = [each for each in broken if not each.key.startswith(_INCIDENTAL)]
        if vital:
            raise _malformed(vital[0].key, vital[0].value, vital[0].expected)
        version = _number(data, "version", VERSION)
        if version > VERSION:
            raise _malformed("version", version, f"{VERSION} or less: a newer program wrote it")
        return cls(
            mission_slug=_text(data, "mission_slug"),
            mission_id=_text(data, "mission_id") if data.get("mission_id") else None,
            mission_branch=_text(data, "mission_branch"),
            target_branch=_text(data, "target_branch"),
            lanes=tuple(ExecutionLane.from_dict(entry) for entry in _entries(data, "lanes")),
            ordering_edges=tuple(OrderingEdge.from_dict(entry) for entry in _entries(data, "ordering_edges")),
            planning_artifact_wps=_texts(data, "planning_artifact_wps"),
            collapse_report=_report(data.get("collapse_report")),
            computed_at=str(data.get("computed_at") or ""),
            computed_from=str(data.get("computed_from") or COMPUTED_FROM),
            version=version,
        )

    def to_dict(self) -> dict[str, object]:
        """lanes.json."""
        return {
            "version": self.version,
            "mission_slug": self.mission_slug,
            "mission_id": self.mission_id,
            "mission_branch": self.mission_branch,
            "target_branch": self.target_branch,
            "computed_at": self.computed_at,
            "computed_from": self.computed_from,
            "lanes": [lane.to_dict() for lane in self.lanes],
            "ordering_edges": [edge.to_dict() for edge in self.ordering_edges],
            "planning_artifact_wps": list(self.planning_artifact_wps),
            "collapse_report": self.collapse_report.to_dict() if self.collapse_report else None,
        }


def _report(data: object) -> CollapseReport | None:
    """How the lanes came about; None where nobody can tell any more, which takes no lane with it."""
    with suppress(Refused):
        return CollapseReport.from_dict(data) if isinstance(data, dict) else None
    return None


class _Index:
    """Where each work package of a manifest is found: a board asks for every one of them."""

    def __init__(self, manifest: LanesManifest) -> None:
        self.manifest = manifest
        self.lanes = {wp_id: lane for lane in reversed(manifest.lanes) for wp_id in lane.wp_ids}
        self.before: dict[str, list[str]] = {}
        for edge in manifest.ordering_edges:
            self.before.setdefault(edge.after, []).append(edge.before)


_asked_last: list[_Index] = []


def _index(manifest: LanesManifest) -> _Index:
    """The index of a manifest; that of the one that was asked last is kept."""
    if not _asked_last or _asked_last[0].manifest is not manifest:
        _asked_last[:] = [_Index(manifest)]
    return _asked_last[0]


def _malformed(key: str, value: object, expected: str) -> Refused:
    return Refused(
        f"lanes.json: {fields.Broken(key, value, expected).message}",
        MALFORMED,
        hint=spec_kitty("doctor log", "--fix"),
        details={"key": key, "expected": expected},
    )


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise _malformed(key, value, "a text")
    return value


def _number(data: Mapping[str, object], key: str, default: int) -> int:
    value = data.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _malformed(key, value, "a whole number")
    return value


def _texts(data: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _malformed(key, value, "a list of texts")
    return tuple(value)


def _entries(data: Mapping[str, object], key: str) -> list[dict[str, object]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _malformed(key, value, "a list of objects")
    return value
