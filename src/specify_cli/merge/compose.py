"""The commits of a merge, made in the object database before anything refers to them."""

from __future__ import annotations

from specify_cli.merge import plan
from specify_cli.merge.case import Case
from specify_cli.merge.plan import Composed
from specify_cli.merge.rebase import Spans, rebase
from specify_cli.workspaces.forecast_models import TARGET_STEP, Outcome


def compose(case: Case, spans: Spans) -> Composed:
    """Make the commits that a forecast without conflicts stands for.

    Raises:
        Refused: `REBASE_NOT_LINEAR`.
    """
    git, merge = case.git, case.forecast
    lanes, mission = _lane_commits(case)
    kept = mission if merge.mission is not None else None
    if merge.is_contained:
        return Composed(merge.target, merge.tree, kept, lanes)
    if case.strategy == "rebase":
        picks = rebase(case, spans)
        return Composed(picks[-1][1], merge.tree, kept, lanes, picks)
    parents = [merge.target] if case.strategy == "squash" else [merge.target, mission]
    message = plan.code_message(case.titles, case.coming, case.place.mission_id)
    return Composed(git.commit_tree(merge.tree, parents, message), merge.tree, kept, lanes)


def _lane_commits(case: Case) -> tuple[dict[str, str], str]:
    """The lanes' merges again, as commits that stay: signed, with messages, by the user; and the last of them."""
    current = case.forecast.mission or case.forecast.target
    found: dict[str, str] = {}
    for step in case.forecast.steps:
        if step.name == TARGET_STEP:
            continue
        if step.outcome is not Outcome.CONTAINED:
            message = plan.lane_message(case.titles, step.name, step.wps)
            current = case.git.commit_tree(step.tree, [current, step.theirs], message)
        found[step.name] = current
    return found, current
