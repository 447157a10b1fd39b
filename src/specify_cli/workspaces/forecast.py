"""The merge of a mission, computed before anything moves: lanes -> mission branch -> target.

Nothing but objects is written. The same tips give the same result, commit by commit, so that what was forecast is
what is merged, and a conflict that a person resolved is found again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.git import Git
from specify_cli.kernel.graph import topological
from specify_cli.kernel.values import replace
from specify_cli.lanes.branch_naming import lane_branch_name, mission_branch_name
from specify_cli.lanes.models import LanesManifest
from specify_cli.workspaces.arrived import arrived, with_arrived
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
    heads: Mapping[str, str] | None = None,
    elsewhere: Git | None = None,
) -> Forecast:
    """Compute the merge of all lanes into the target.

    A step in conflict is left out, and the ones after it are computed all the same: all conflicts at once.

    Args:
        place: the mission.
        manifest: its lanes.
        canceled: work packages that were given up; a lane of nothing else is left out.
        resolutions: (ours, theirs) -> commit in which a person has merged the two.
        heads: work package -> commit that was approved, for lanes whose branch is gone.
        elsewhere: git that puts its objects somewhere else.

    Raises:
        NotFound: `BRANCH_NOT_FOUND`: there is no target branch.
    """
    refs = place.git.branches("refs/heads")
    target = refs.get(f"refs/heads/{place.target_branch}")
    if target is None:
        raise NotFound(
            f"there is no branch {place.target_branch}", "BRANCH_NOT_FOUND", hint=command("git", "fetch", "--all")
        )
    lanes = lane_tips(place, manifest, refs, canceled, heads or {})
    mission = refs.get(f"refs/heads/{mission_branch_name(place.slug)}")
    # Not dated by a target that moves on: what a person resolved is known by the commits that it brings together.
    tips = [mission or target, *(lane.tip for lane in lanes if not lane.planning)]
    bench = workbench(place, [tip for tip in tips if tip], elsewhere)
    lanes = with_arrived(bench, target, mission, lanes)
    code = [lane for lane in lanes if not lane.planning and not lane.given_up and lane.tip]
    at_work = _Merging(bench, resolutions or {})
    steps: list[Step] = []
    current = mission or target
    tree = place.git.tree_of(current) or ""
    for lane in code:
        steps.append(_merge_lane(at_work, current, tree, lane))
        current, tree = steps[-1].result, steps[-1].tree
    if code:
        steps.append(_merge_target(at_work, target, mission, current, code))
    result = steps[-1].result if steps else target
    tree = steps[-1].tree if steps else place.git.tree_of(target) or ""
    return Forecast(
        place.target_branch, target, mission_branch_name(place.slug), mission, lanes, tuple(steps), result, tree
    )


def lane_tips(
    place: MissionPlace,
    manifest: LanesManifest,
    refs: Mapping[str, str],
    canceled: Collection[str] = (),
    heads: Mapping[str, str] = MappingProxyType({}),
) -> tuple[LaneTip, ...]:
    """The lanes of a mission with their commits, in the order of the merge."""
    records = {record.lane_id: record for record in workspace_records(place)}
    found = []
    for lane in filter(None, map(manifest.lane, merge_order(manifest))):
        branch = lane_branch_name(place.slug, lane.lane_id, place.target_branch)
        tip, given_up = refs.get(f"refs/heads/{branch}"), bool(lane.wp_ids) and set(lane.wp_ids) <= set(canceled)
        head = next((heads[wp_id] for wp_id in reversed(lane.wp_ids) if wp_id in heads), None)
        gone = tip is None and head is not None and place.git.resolve(head) is not None
        found.append(
            LaneTip(
                lane.lane_id,
                branch,
                lane.wp_ids,
                head if gone else tip,
                lane.is_planning,
                records.get(lane.lane_id),
                given_up=given_up,
                gone=gone,
            )
        )
    return tuple(found)


def _merge_lane(at_work: _Merging, ours: str, tree: str, lane: LaneTip) -> Step:
    theirs = lane.tip or ""
    if lane.in_target:
        return Step(lane.lane_id, ours, theirs, Outcome.CONTAINED, ours, tree, lane.wp_ids)
    step = _merge(at_work, ours, tree, theirs, lane.lane_id, lane.wp_ids)
    if step.outcome is Outcome.CONFLICT:
        step = _explained(at_work, step, [lane], list(at_work.done), "the mission branch")
    at_work.done.append(lane)
    return step


def _merge_target(at_work: _Merging, target: str, before: str | None, mission: str, code: Sequence[LaneTip]) -> Step:
    """The last step.

    Args:
        before: the mission branch without the lanes.
        mission: the mission branch with them.
    """
    bench = at_work.bench
    tree = bench.git.tree_of(target) or ""
    # What has arrived by another way counts as history of the target: it is not merged once more.
    brought = [lane.tip for lane in code if lane.in_target and lane.tip and not bench.git.is_ancestor(lane.tip, target)]
    if before is not None and not bench.git.is_ancestor(before, target) and arrived(bench, target, before):
        brought.append(before)
    ours = bench.passing_commit(tree, target, *brought) if brought else target
    wps = tuple(wp_id for lane in at_work.done for wp_id in lane.wp_ids)
    step = _merge(at_work, ours, tree, mission, TARGET_STEP, wps)
    if step.outcome is Outcome.CONFLICT:
        step = _explained(at_work, step, list(at_work.done), [], bench.place.target_branch)
    return replace(step, result=target) if step.outcome is Outcome.CONTAINED else step


def _merge(at_work: _Merging, ours: str, tree: str, theirs: str, name: str, wps: tuple[str, ...]) -> Step:
    """One merge.

    Args:
        tree: that of `ours`.
    """
    bench = at_work.bench
    resolved = at_work.resolutions.get((ours, theirs))
    if resolved is not None:
        after = bench.with_folder_of(bench.git.tree_of(resolved) or "", ours)
        return Step(name, ours, theirs, Outcome.RESOLVED, bench.passing_commit(after, ours, theirs), after, wps)
    earlier = _earlier(at_work, ours, theirs)
    if earlier is not None:
        step = _merge(at_work, ours, tree, earlier, name, wps)
        if step.outcome is Outcome.CONFLICT:
            return step  # what has to be merged is the solution, not once more what it solved
        outcome = Outcome.RESOLVED if step.outcome is Outcome.MERGED else step.outcome
        return replace(step, theirs=theirs, outcome=outcome)
    merged = bench.merge(ours, theirs)
    if merged.conflicts:
        clashes = tuple(Clash(path, (), ()) for path in merged.conflicts)
        return Step(name, ours, theirs, Outcome.CONFLICT, ours, tree, wps, clashes, merged.messages)
    # To the target it does not matter by which commits it has everything.
    if merged.tree == tree and (name == TARGET_STEP or bench.git.is_ancestor(theirs, ours)):
        return Step(name, ours, theirs, Outcome.CONTAINED, ours, tree, wps)
    return Step(name, ours, theirs, Outcome.MERGED, bench.passing_commit(merged.tree, ours, theirs), merged.tree, wps)


def _earlier(at_work: _Merging, ours: str, theirs: str) -> str | None:
    """A commit in which a person has merged the same side with what `ours` was: only what came since is merged anew."""
    for (was, came_in), commit in at_work.resolutions.items():
        if came_in == theirs and commit != theirs and at_work.bench.git.is_ancestor(was, ours):
            return commit
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
