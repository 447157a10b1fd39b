"""`merge-receipt.json`: inputs, order, trees and commits of a merge, so that anybody can compute it again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.merge.plan import STRATEGIES, Composed
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.forecast_models import TARGET_STEP, Forecast, Outcome
from specify_cli.workspaces.survey import GIVEN_UP, RECEIPT

__all__ = ["RECEIPT", "ReadLane", "Receipt", "parsed", "receipt"]

VERSION = 1
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def receipt(
    forecast: Forecast, composed: Composed, *, slug: str, mission_id: str | None, strategy: str, at: str, by: str,
    accepted: Mapping[str, object] | None, trees: Mapping[str, str], tested: Mapping[str, object],
    coverage: Coverage, resolved: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:  # fmt: skip
    """The file's object.

    Args:
        accepted: the acceptance it rests on.
        trees: lane -> tree of its tip.
        tested: whether what was merged was tested, and by what.
        coverage: what of it was reviewed.
        resolved: conflicts that a person resolved while it was merged.
    """
    steps = {step.name: step for step in forecast.steps}
    last = steps.get(TARGET_STEP)
    lanes = []
    for lane in forecast.lanes:
        step = steps.get(lane.lane_id)
        outcome = step.outcome if step else Outcome.CONTAINED
        lanes.append(
            {
                "lane_id": lane.lane_id,
                "branch": lane.branch,
                "wp_ids": list(lane.wp_ids),
                "tip": None if lane.planning else lane.tip,
                "tree": trees.get(lane.lane_id),
                "outcome": GIVEN_UP if lane.given_up else outcome.value,
                "merged_commit": composed.lanes.get(lane.lane_id),
                "merged_tree": step.tree if step else None,
                "in_target": lane.in_target,
            }
        )
    outcome = last.outcome if last else Outcome.CONTAINED
    return {
        "version": VERSION,
        "mission_slug": slug,
        "mission_id": mission_id,
        "strategy": strategy,
        "merged_at": at,
        "merged_by": by,
        "target": {"branch": forecast.target_branch, "before": forecast.target},
        "mission": {"branch": forecast.mission_branch, "before": forecast.mission, "after": composed.mission},
        "order": forecast.order,
        "lanes": lanes,
        "result": {"commit": composed.code, "tree": composed.tree, "outcome": outcome.value},
        "picks": [{"wp_id": wp_id, "commit": commit} for wp_id, commit in composed.picks],
        "accepted": dict(accepted) if accepted else None,
        **tested,
        "reviewed": coverage.reviewed(),
        "forced": list(coverage.forced),
        "no_change": coverage.no_change,
        "unreviewed": [each.to_dict() for each in (*coverage.uncovered, *coverage.arrived)],
        "resolved": [dict(each) for each in resolved],
    }


@frozen
class ReadLane:
    """A lane in a receipt.

    Args:
        tip, tree: what came in.
        merged_commit, merged_tree: the mission branch after it.
    """

    lane_id: str
    outcome: str
    tip: str | None
    tree: str | None
    merged_commit: str | None
    merged_tree: str | None
    in_target: bool


@frozen
class Receipt:
    """A receipt as somebody wrote it: every id has the form of one, and nothing else is certain.

    Args:
        target, mission: what the target branch and the mission branch were at before; None without a mission branch.
        lanes: those that were merged, in that order.
        commit, tree, outcome: what became of the target.
        picks: the commits of the work packages, with the strategy rebase.
        tested: whether it says that what was merged was tested; tested_tree: the tree that the tests ran on.
        acceptance: the event that it rests on.
    """

    slug: str
    mission_id: str | None
    strategy: str
    target: str
    mission: str | None
    lanes: tuple[ReadLane, ...]
    commit: str
    tree: str
    outcome: str
    picks: tuple[str, ...]
    tested: bool = False
    tested_tree: str | None = None
    acceptance: str | None = None

    @property
    def commits(self) -> tuple[str, ...]:
        """Every commit that it names."""
        named = [self.target, self.mission, self.commit, *self.picks]
        named += [each for lane in self.lanes for each in (lane.tip, lane.merged_commit)]
        return tuple(dict.fromkeys(each for each in named if each is not None))


def parsed(data: Mapping[str, Any]) -> Receipt:
    """A receipt as values.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none that this version can read.
    """
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']!r}")
    result, listed = data["result"], {str(each["lane_id"]): _lane(each) for each in data["lanes"]}
    order = [str(name) for name in data["order"]]
    coming = [name for name, lane in listed.items() if lane.outcome != GIVEN_UP and name != PLANNING_LANE_ID]
    if sorted(order) != sorted(coming):
        raise ValueError("the order does not name the lanes that were merged")
    return Receipt(
        slug=str(data["mission_slug"]),
        mission_id=data["mission_id"],
        strategy=_one_of(data["strategy"], STRATEGIES),
        target=_id(data["target"]["before"]),
        mission=_maybe(data["mission"]["before"]),
        lanes=tuple(listed[name] for name in order),
        commit=_id(result["commit"]),
        tree=_id(result["tree"]),
        outcome=_one_of(result["outcome"], tuple(Outcome)),
        picks=tuple(_id(each["commit"]) for each in data["picks"]),
        tested=data.get("tested") is True,
        tested_tree=_maybe(data.get("tested_tree")),
        acceptance=str((data.get("accepted") or {}).get("event_id") or "") or None,
    )


def _lane(data: Mapping[str, Any]) -> ReadLane:
    tip, tree, commit, merged = (_maybe(data[name]) for name in ("tip", "tree", "merged_commit", "merged_tree"))
    outcome = _one_of(data["outcome"], (*Outcome, GIVEN_UP))
    return ReadLane(str(data["lane_id"]), outcome, tip, tree, commit, merged, data["in_target"] is True)


def _id(value: object) -> str:
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise ValueError(f"{value!r} is no object id")
    return value


def _maybe(value: object) -> str | None:
    return None if value is None else _id(value)


def _one_of(value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return str(value)
