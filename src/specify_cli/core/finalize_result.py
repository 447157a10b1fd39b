"""What `finalize-tasks` answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specify_cli.core.finalize_plan import FinalPlan, Work
from specify_cli.core.work_packages import WorkPackage, dependency_graph
from specify_cli.kernel.graph import levels
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.ordering import with_edges


@frozen
class PlanChanges:
    """How a plan differs from the one before, in work-package order.

    Args:
        added: work packages that had no lane before.
        removed: work packages that have none any more.
        moved: (work package, lane before, lane now).
        under_way: work packages that somebody has begun and that are not done; they keep their lanes.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    under_way: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The value of `changes`."""
        moved = [{"wp_id": wp_id, "from": old, "to": new} for wp_id, old, new in self.moved]
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "moved": moved,
            "under_way": list(self.under_way),
        }


@frozen
class FinalizeResult:
    """What became of a plan; `to_dict` has the keys that other programs read.

    Args:
        validate_only: nothing was written.
        plan: what was decided.
        changes: against the plan before.
        newly_seeded: work packages that the log met for the first time; with `validate_only` those it would meet.
        files_committed: absolute paths in the commit.
        commit_hash: the commit; None where there was nothing to commit or it failed.
        warnings: everything people should know.
    """

    mission_slug: str
    validate_only: bool
    plan: FinalPlan
    changes: PlanChanges
    newly_seeded: tuple[str, ...]
    files_committed: tuple[str, ...] = ()
    commit_hash: str | None = None
    warnings: tuple[Notice, ...] = ()

    @property
    def parallel_width(self) -> int:
        """The most lanes that are at work in one turn."""
        return _at_once(self.plan.manifest, self.plan.packages) if self.plan.manifest else 0

    def to_dict(self) -> dict[str, object]:
        """The JSON answer."""
        packages = self.plan.packages
        touched = [header.package.id for header in self.plan.headers if header.changes]
        return {
            "result": "validation_passed" if self.validate_only else "success",
            "mission_slug": self.mission_slug,
            "wp_count": len(packages),
            "modified_wps": [] if self.validate_only else touched,
            "unchanged_wps": [package.id for package in packages if package.id not in touched],
            "preserved_wps": [header.package.id for header in self.plan.headers if header.explicit],
            "would_modify": touched if self.validate_only else [],
            "dependencies_parsed": {package.id: list(package.dependencies) for package in packages},
            "requirement_refs_parsed": {package.id: list(package.requirement_refs) for package in packages},
            "bootstrap": {
                "total_wps": len(packages),
                "newly_seeded": len(self.newly_seeded),
                "already_initialized": len(packages) - len(self.newly_seeded),
            },
            "lanes": _lanes(self.plan.manifest, packages),
            "changes": self.changes.to_dict(),
            "ownership_warnings": list(self.plan.ownership_warnings),
            "files_committed": list(self.files_committed),
            "commit_hash": self.commit_hash,
            "warnings": [notice.to_dict() for notice in self.warnings],
        }


def _at_once(manifest: LanesManifest, packages: Sequence[WorkPackage]) -> int:
    """The most lanes that are at work in one turn, where every turn takes all that is ready."""
    graph = with_edges(dependency_graph(packages), manifest.ordering_edges)
    busy: dict[int, set[str]] = {}
    for wp_id, level in levels(graph).items():
        lane = manifest.lane_for_wp(wp_id)
        if lane is not None:
            busy.setdefault(level, set()).add(lane.lane_id)
    return max(map(len, busy.values()), default=0)


def _lanes(manifest: LanesManifest | None, packages: Sequence[WorkPackage]) -> dict[str, object]:
    lanes = manifest.lanes if manifest else ()
    report = manifest.collapse_report if manifest else None
    return {
        "computed": manifest is not None,
        "count": len(lanes),
        "lane_ids": [lane.lane_id for lane in lanes],
        "lanes": [
            {"lane_id": lane.lane_id, "wp_ids": list(lane.wp_ids), "depends_on_lanes": list(lane.depends_on_lanes)}
            for lane in lanes
        ],
        "ordering_edges": [edge.to_dict() for edge in (manifest.ordering_edges if manifest else ())],
        "parallel_width": _at_once(manifest, packages) if manifest else 0,
        "planning_artifact_wps": list(manifest.planning_artifact_wps) if manifest else [],
        "collapse_report": report.to_dict() if report else None,
    }


def changes_of(before: LanesManifest | None, after: LanesManifest, work: Work, known: Sequence[str]) -> PlanChanges:
    """Compare two plans.

    Args:
        before: the lanes as they were, or None.
        after: the lanes as they will be.
        work: where the work stands.
        known: work packages that have a prompt.
    """
    old = {wp_id: lane.lane_id for lane in (before.lanes if before else ()) for wp_id in lane.wp_ids}
    new = {wp_id: lane.lane_id for lane in after.lanes for wp_id in lane.wp_ids}
    return PlanChanges(
        added=_sorted(wp_id for wp_id in new if wp_id not in old),
        removed=_sorted(wp_id for wp_id in old if wp_id not in new),
        moved=tuple((wp_id, old[wp_id], new[wp_id]) for wp_id in _sorted(old.keys() & new) if old[wp_id] != new[wp_id]),
        under_way=_sorted(wp_id for wp_id in known if work.under_way(wp_id)),
    )


def _sorted(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids, key=natural_key))
