"""Which work packages share a lane: as few waits as the plan allows, never a file written in two places at once.

Code work packages are covered by chains of dependants; a chain shares one worktree, siblings run in parallel, and what
depends on many continues one lane instead of pulling all into it. Everything here is a function of its arguments: the
same plan gives the same lanes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from specify_cli.kernel.graph import Graph, find_cycle
from specify_cli.kernel.text import natural_key
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID, lane_order, mission_branch_name
from specify_cli.lanes.chains import Cover, cover
from specify_cli.lanes.models import CollapseReport, ExecutionLane, LanesManifest, OrderingEdge
from specify_cli.lanes.ordering import order_overlaps, with_edges
from specify_cli.lanes.ownership import OwnershipManifest, invalid_globs
from specify_cli.lanes.problems import LaneComputationError, PlanProblem, refusal

# A path in backticks: at least one slash, or a name with an extension; no spaces, no web address.
_NAMED_PATH = re.compile(r"`(?!\w+://)((?:[\w.@+*\[\]-]+/)+[\w.@+*\[\]-]*)`")
_NOT_OF_THE_WORK = ("kitty-specs/", ".kittify/", ".worktrees/", "tasks/")


def compute_lanes(
    dependency_graph: Mapping[str, Sequence[str]],
    ownership_manifests: Mapping[str, OwnershipManifest],
    mission_slug: str,
    target_branch: str = "main",
    wp_bodies: Mapping[str, str] | None = None,
    mission_id: str | None = None,
    *,
    canceled: Collection[str] = (),
    pinned: Mapping[str, str] | None = None,
    reserved: Collection[str] = (),
    finished: Collection[str] = (),
) -> LanesManifest:
    """Assign every work package to a lane.

    Args:
        dependency_graph: work package -> what it declares to depend on.
        ownership_manifests: what each of the same work packages owns.
        mission_slug: `NNN-slug`.
        target_branch: where the mission goes.
        wp_bodies: prompts, read for the paths that they name (`predicted_surfaces`).
        mission_id: None for a mission older than mission ids.
        canceled: work packages that were given up; they get no lane, and none may depend on them.
        pinned: the lane of each work package that has been begun; it keeps it.
        reserved: names of lanes that no new lane may take, because work of others lies on their branch.
        finished: work packages that were done elsewhere, such as before an import; nothing is ordered after them.

    Returns:
        The manifest, without `computed_at`.

    Raises:
        LaneComputationError: everything that is wrong, under the first code of `OWNERSHIP_INVALID`,
            `OWNERSHIP_MISSING`, `UNKNOWN_DEPENDENCY`, `DEPENDENCY_CANCELED`, `DEPENDENCY_CYCLE`.
    """
    problems = plan_problems(dependency_graph, ownership_manifests, canceled=canceled)
    if problems:
        raise refusal(problems, LaneComputationError)
    kept = {wp_id: lane for wp_id, lane in (pinned or {}).items() if wp_id in dependency_graph}
    live = sorted((wp_id for wp_id in dependency_graph if wp_id not in canceled), key=natural_key)
    needs = {wp_id: list(dependency_graph[wp_id]) for wp_id in live}
    planning = [wp_id for wp_id in needs if _plans(wp_id, ownership_manifests, kept)]
    code = {wp_id: ownership_manifests[wp_id] for wp_id in needs if wp_id not in planning}
    edges = order_overlaps(needs, code, started=kept.keys(), finished=finished)
    found = _cover_code(needs, edges, code, kept, reserved)
    return LanesManifest(
        mission_slug=mission_slug,
        mission_id=mission_id,
        mission_branch=mission_branch_name(mission_slug),
        target_branch=target_branch,
        lanes=_lanes(found, planning, ownership_manifests, wp_bodies or {}),
        ordering_edges=tuple(edges),
        planning_artifact_wps=tuple(planning),
        collapse_report=CollapseReport.of(found.joins),
    )


def _cover_code(
    needs: Graph,
    edges: Sequence[OrderingEdge],
    code: Collection[str],
    kept: Mapping[str, str],
    reserved: Collection[str],
) -> Cover:
    """The chains of the code work packages; planning work is left out of their graph."""
    ordered = with_edges(needs, edges)
    among = {wp_id: [need for need in listed if need in code] for wp_id, listed in ordered.items() if wp_id in code}
    pinned = {wp_id: lane for wp_id, lane in kept.items() if wp_id in code}
    return cover(among, declared=needs, pinned=pinned, reserved=reserved)


def _plans(wp_id: str, manifests: Mapping[str, OwnershipManifest], pinned: Mapping[str, str]) -> bool:
    """Whether a work package belongs to the planning lane; one that has been begun stays where it is."""
    lane = pinned.get(wp_id)
    return manifests[wp_id].is_planning if lane is None else lane == PLANNING_LANE_ID


def _lanes(
    found: Cover, planning: Sequence[str], manifests: Mapping[str, OwnershipManifest], bodies: Mapping[str, str]
) -> tuple[ExecutionLane, ...]:
    members = dict(found.lanes)
    if planning:
        members[PLANNING_LANE_ID] = list(planning)
    lanes = []
    for lane_id, wp_ids in sorted(members.items(), key=lambda item: lane_order(item[0])):
        scope = sorted({pattern for wp_id in wp_ids for pattern in manifests[wp_id].owned_files})
        lanes.append(
            ExecutionLane(
                lane_id=lane_id,
                wp_ids=tuple(wp_ids),
                write_scope=tuple(scope),
                predicted_surfaces=_surfaces(wp_ids, manifests, bodies),
                depends_on_lanes=tuple(found.depends_on.get(lane_id, ())),
                parallel_group=found.depth.get(lane_id, 0),
            )
        )
    return tuple(lanes)


def _surfaces(
    wp_ids: Sequence[str], manifests: Mapping[str, OwnershipManifest], bodies: Mapping[str, str]
) -> tuple[str, ...]:
    named = {path for wp_id in wp_ids for path in infer_surfaces(bodies.get(wp_id, ""))}
    return tuple(sorted(path for path in named if not any(manifests[wp_id].owns(path) for wp_id in wp_ids)))


def infer_surfaces(wp_body: str) -> list[str]:
    """Paths of the project that a prompt names in backticks, sorted; documents of missions are left out."""
    named = {match[1] for match in _NAMED_PATH.finditer(wp_body)}
    return sorted(
        path for path in named if not path.startswith((*_NOT_OF_THE_WORK, "/", "~")) and ".." not in path.split("/")
    )


def plan_problems(
    dependency_graph: Graph,
    manifests: Mapping[str, OwnershipManifest],
    *,
    canceled: Collection[str] = (),
    known: Collection[str] = (),
) -> list[PlanProblem]:
    """Everything in dependencies and owned files that allows no lanes, in the order of the work packages.

    Args:
        dependency_graph: work package -> what it declares to depend on.
        manifests: what each of the same work packages owns.
        canceled: work packages that were given up.
        known: further ids that exist, although they are not in the graph.
    """
    live = sorted((wp_id for wp_id in dependency_graph if wp_id not in canceled), key=natural_key)
    exist = {*dependency_graph, *canceled, *known}
    found = [problem for wp_id in live for problem in _ownership_problems(wp_id, manifests.get(wp_id))]
    found += [problem for wp_id in live for problem in _unknown(wp_id, dependency_graph[wp_id], exist)]
    found += [problem for wp_id in live for problem in _given_up(wp_id, dependency_graph[wp_id], canceled)]
    cycle = find_cycle({wp_id: dependency_graph[wp_id] for wp_id in live})
    if cycle:
        path = " -> ".join(cycle)
        found.append(
            PlanProblem("DEPENDENCY_CYCLE", f"the dependencies run in a circle: {path}", cycle[0], cycle=tuple(cycle))
        )
    return found


def _ownership_problems(wp_id: str, manifest: OwnershipManifest | None) -> Iterable[PlanProblem]:
    if manifest is None:
        yield PlanProblem("OWNERSHIP_MISSING", f"nothing says what {wp_id} owns: it has no manifest", wp_id)
        return
    for pattern, reason in invalid_globs(manifest):
        yield PlanProblem("OWNERSHIP_INVALID", f"{wp_id}: owned_files has {pattern!r}, which {reason}", wp_id)
    if not manifest.owned_files and not manifest.is_planning:
        message = f"{wp_id} changes code and names no owned_files, so nothing tells whom it may run beside"
        yield PlanProblem("OWNERSHIP_MISSING", message, wp_id)


def _unknown(wp_id: str, needs: Sequence[str], exist: Collection[str]) -> Iterable[PlanProblem]:
    for need in needs:
        if need not in exist:
            yield PlanProblem("UNKNOWN_DEPENDENCY", f"{wp_id} depends on {need}, which does not exist", wp_id)


def _given_up(wp_id: str, needs: Sequence[str], canceled: Collection[str]) -> Iterable[PlanProblem]:
    for need in needs:
        if need in canceled:
            yield PlanProblem("DEPENDENCY_CANCELED", f"{wp_id} depends on {need}, which was canceled", wp_id)
