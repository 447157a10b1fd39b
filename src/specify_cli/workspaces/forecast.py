"""The merge of a mission, computed before anything moves: lanes -> mission branch -> target.

Nothing but objects is written. The same tips give the same result, commit by commit, so that what was forecast is
what is merged, and a conflict that a person resolved is found again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.graph import topological
from specify_cli.kernel.values import replace
from specify_cli.lanes.branch_naming import lane_branch_name, mission_branch_name
from specify_cli.lanes.models import LanesManifest
from specify_cli.workspaces.forecast_models import TARGET_STEP, Clash, Forecast, LaneTip, Outcome, Step
from specify_cli.workspaces.records import workspace_records
from specify_cli.workspaces.trees import Workbench, workbench

Resolutions = Mapping[tuple[str, str], str]


@dataclass(slots=True)
class _Merging:
    """The merge while it is computed."""

    bench: Workbench
    resolutions: Resolutions
    spans: dict[str, frozenset[str]] = field(default_factory=dict)
    done: list[LaneTip] = field(default_factory=list)


def merge_order(manifest: LanesManifest) -> list[str]:
    """Lanes, each after those it depends on, lane-planning last (pure)."""
    graph = {lane.lane_id: lane.depends_on_lanes for lane in manifest.lanes if not lane.is_planning}
    return [*topological(graph), *(lane.lane_id for lane in manifest.lanes if lane.is_planning)]


def forecast(
    place: MissionPlace,
    manifest: LanesManifest,
    *,
    canceled: Collection[str] = (),
    resolutions: Resolutions | None = None,
) -> Forecast:
    """Compute the merge of all lanes into the target.

    A step in conflict is left out, and the ones after it are computed all the same: all conflicts at once.

    Args:
        place: the mission.
        manifest: its lanes.
        canceled: work packages that were given up; a lane of nothing else is left out.
        resolutions: (ours, theirs) -> commit in which a person has merged the two.

    Raises:
        NotFound: `BRANCH_NOT_FOUND`: there is no target branch.
    """
    refs = place.git.branches("refs/heads")
    target = refs.get(f"refs/heads/{place.target_branch}")
    if target is None:
        raise NotFound(f"there is no branch {place.target_branch}", "BRANCH_NOT_FOUND", hint="git fetch --all")
    lanes = lane_tips(place, manifest, refs, target, canceled)
    mission = refs.get(f"refs/heads/{mission_branch_name(place.slug)}")
    code = [lane for lane in lanes if not lane.planning and not lane.given_up and lane.tip]
    bench = workbench(place, [tip for tip in (target, mission, *(lane.tip for lane in code)) if tip])
    at_work = _Merging(bench, resolutions or {})
    steps: list[Step] = []
    current = mission or target
    for lane in code:
        steps.append(_merge_lane(at_work, current, lane))
        current = steps[-1].result
    if code:
        steps.append(_merge_target(at_work, target, current))
    result = steps[-1].result if steps else target
    tree = steps[-1].tree if steps else place.git.tree_of(target) or ""
    return Forecast(
        place.target_branch, target, mission_branch_name(place.slug), mission, lanes, tuple(steps), result, tree
    )


def lane_tips(
    place: MissionPlace, manifest: LanesManifest, refs: Mapping[str, str], target: str, canceled: Collection[str] = ()
) -> tuple[LaneTip, ...]:
    """The lanes of a mission with their commits, in the order of the merge."""
    records = {record.lane_id: record for record in workspace_records(place)}
    found = []
    for lane_id in merge_order(manifest):
        lane = manifest.lane(lane_id)
        if lane is None:
            continue
        branch = lane_branch_name(place.slug, lane_id, place.target_branch)
        tip = refs.get(f"refs/heads/{branch}")
        contained = tip is not None and (tip == target or place.git.is_ancestor(tip, target))
        given_up = bool(lane.wp_ids) and all(wp_id in canceled for wp_id in lane.wp_ids)
        record = records.get(lane_id)
        found.append(LaneTip(lane_id, branch, lane.wp_ids, tip, lane.is_planning, record, contained, given_up))
    return tuple(found)


def _merge_lane(at_work: _Merging, ours: str, lane: LaneTip) -> Step:
    theirs = lane.tip or ""
    step = _merge(at_work, ours, theirs, lane.lane_id, lane.wp_ids)
    if step.outcome is Outcome.CONFLICT:
        step = _explained(at_work, step, [lane], list(at_work.done), "the mission branch")
    at_work.done.append(lane)
    return step


def _merge_target(at_work: _Merging, target: str, mission: str) -> Step:
    wps = tuple(wp_id for lane in at_work.done for wp_id in lane.wp_ids)
    step = _merge(at_work, target, mission, TARGET_STEP, wps)
    if step.outcome is Outcome.CONFLICT:
        step = _explained(at_work, step, list(at_work.done), [], at_work.bench.place.target_branch)
    return step


def _merge(at_work: _Merging, ours: str, theirs: str, name: str, wps: tuple[str, ...]) -> Step:
    bench, git = at_work.bench, at_work.bench.git
    before = git.tree_of(ours) or ""
    if theirs == ours or git.is_ancestor(theirs, ours):
        return Step(name, ours, theirs, Outcome.CONTAINED, ours, before, wps)
    resolved = _resolution(at_work, ours, theirs, name)
    if resolved is not None:
        tree = bench.with_folder_of(git.tree_of(resolved) or "", ours)
        return Step(name, ours, theirs, Outcome.RESOLVED, bench.passing_commit(tree, ours, theirs), tree, wps)
    merged = bench.merge(ours, theirs)
    if merged.conflicts:
        clashes = tuple(Clash(path, (), ()) for path in merged.conflicts)
        return Step(name, ours, theirs, Outcome.CONFLICT, ours, before, wps, clashes, merged.messages)
    # Everything that comes in is there already: a host merged it in a commit of its own.
    if name == TARGET_STEP and merged.tree == before:
        return Step(name, ours, theirs, Outcome.CONTAINED, ours, before, wps)
    return Step(name, ours, theirs, Outcome.MERGED, bench.passing_commit(merged.tree, ours, theirs), merged.tree, wps)


def _resolution(at_work: _Merging, ours: str, theirs: str, name: str) -> str | None:
    """A commit in which a person has merged the two; where the target moved on since, that merge carried forward."""
    known = at_work.resolutions.get((ours, theirs))
    if known is not None or name != TARGET_STEP:
        return known
    bench = at_work.bench
    for (was, came_in), commit in at_work.resolutions.items():
        if came_in == theirs and bench.git.is_ancestor(was, ours):
            merged = bench.merge(ours, commit)
            return None if merged.conflicts else bench.passing_commit(merged.tree, ours, commit)
    return None


def _explained(
    at_work: _Merging, step: Step, coming: Sequence[LaneTip], there: Sequence[LaneTip], other_side: str
) -> Step:
    """The step, its conflicts with the work packages that changed each file."""
    clashes = []
    for clash in step.clashes:
        wps = _touching(at_work, step, coming, clash.path)
        others = _touching(at_work, step, there, clash.path) if there else ()
        clashes.append(Clash(clash.path, wps or step.wps, others or (other_side,)))
    return replace(step, clashes=tuple(clashes))


def _touching(at_work: _Merging, step: Step, lanes: Sequence[LaneTip], path: str) -> tuple[str, ...]:
    found = []
    for lane in lanes:
        for wp_id in lane.wp_ids:
            if wp_id not in at_work.spans:
                at_work.spans[wp_id] = touched(at_work.bench, step, lane, wp_id)
            if path in at_work.spans[wp_id]:
                found.append(wp_id)
    return tuple(found)


def touched(bench: Workbench, step: Step, lane: LaneTip, wp_id: str) -> frozenset[str]:
    """Files that a work package changed: by its own commits, or by its lane's where those are not known."""
    span = lane.record.wps.get(wp_id) if lane.record else None
    tip = lane.tip or step.theirs
    if span is not None:
        base, head = span.base, span.head or tip
    else:
        base, head = bench.git.merge_base(step.ours, tip) or tip, tip
    return frozenset(bench.git.changed_between(base, head))
