"""The commands that bring both sides of a forecast conflict together in a lane, where a person can settle it.

Done before acceptance, the settled lane is what is reviewed, tested and accepted. The commands of one forecast can be
run in their order: none brings in what is there already, or what an earlier one has brought by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.git import Git
from specify_cli.workspaces.forecast_models import TARGET_STEP, Clash, Forecast, LaneTip, Step
from specify_cli.workspaces.records import lane_path
from specify_cli.workspaces.trees import Workbench
from specify_cli.workspaces.unfinished import next_command, unmerged

# (step, file in conflict) -> command
Ways = Mapping[tuple[str, str], Command]


def ways_out(place: MissionPlace, forecast: Forecast, git: Git | None = None) -> Ways:
    """The command for each file on which a forecast stops.

    Args:
        git: that which has the objects of the forecast.
    """
    if not forecast.conflicts:
        return {}
    plan = _Untangling(place, forecast, Workbench(place, elsewhere=git))
    return {(step.name, clash.path): plan.way(step, clash) for step in forecast.conflicts for clash in step.clashes}


@dataclass(slots=True)
class _Untangling:
    place: MissionPlace
    forecast: Forecast
    bench: Workbench
    coming: dict[str, set[str]] = field(default_factory=dict)

    def way(self, step: Step, clash: Clash) -> Command:
        """The command for one file, given that those that were asked about before have been run."""
        lanes = self.forecast.code_lanes
        if step.name == TARGET_STEP:
            touching = [lane for lane in lanes if set(lane.wp_ids) & set(clash.wps)]
            lane = (touching or list(lanes))[-1]
            return self._merge(lane, self.forecast.target_branch)
        at = next(number for number, lane in enumerate(lanes) if lane.lane_id == step.name)
        lane = lanes[at]
        other = self._still_out(lane, [each for each in lanes[:at] if set(each.wp_ids) & set(clash.others)], clash.path)
        if other is None:
            return self._merge(lane, self.forecast.mission_branch)
        self.coming.setdefault(lane.lane_id, set()).update({other.lane_id}, self.coming.get(other.lane_id, ()))
        return self._merge(lane, other.branch)

    def _still_out(self, lane: LaneTip, others: Sequence[LaneTip], path: str) -> LaneTip | None:
        """The first of some lanes that has to be brought in and does not come in with another one."""
        out = [each for each in others if not self._has(lane, each)]
        fighting = [each for each in out if path in self.bench.merge(lane.tip or "", each.tip or "").conflicts] or out
        alone = [
            each
            for each in fighting
            if not any(
                self._has(more, each) or each.lane_id in self.coming.get(more.lane_id, ())
                for more in fighting
                if more is not each
            )
        ]
        return next(iter(alone or fighting), None)

    def _has(self, lane: LaneTip, other: LaneTip) -> bool:
        return self.bench.git.is_ancestor(other.tip or "", lane.tip or "")

    def _merge(self, lane: LaneTip, branch: str) -> Command:
        path = lane.record.path if lane.record else lane_path(self.place, lane.lane_id)
        standing = self.place.repo.checkout_at(path)
        if standing is None:
            return git_command(self.place.repo.root, "worktree", "add", path, lane.branch)
        left = unmerged(Git(path).changes())
        if standing.busy or left:
            return next_command(path, standing.busy, left)
        return git_command(path, "merge", branch)
