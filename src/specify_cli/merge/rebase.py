"""The strategy rebase: one commit for each work package on top of the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.merge import plan
from specify_cli.merge.case import Case
from specify_cli.status.models import StatusEvent
from specify_cli.workspaces.forecast_models import Forecast, Outcome, Step
from specify_cli.workspaces.records import Span
from specify_cli.workspaces.trees import Workbench, workbench

Spans = Mapping[str, Span]
_PERSON = "%an%n%ae%n%aI"


def spans_of(forecast: Forecast, events: Sequence[StatusEvent]) -> Spans:
    """Work package -> its commits on its lane: this clone's record, else what the log says."""
    told: dict[str, Span] = {}
    for event in events:
        workspace, before = event.workspace or {}, told.get(event.wp_id, Span(""))
        base, head = workspace.get("base"), workspace.get("head")
        told[event.wp_id] = Span(before.base or str(base or ""), str(head) if head else before.head)
    found: dict[str, Span] = {}
    for lane in forecast.code_lanes:
        for wp_id in lane.wp_ids:
            heard = told.get(wp_id, Span(""))
            recorded = lane.record.wps.get(wp_id, heard) if lane.record else heard
            head = recorded.head or heard.head or (lane.tip if wp_id == lane.wp_ids[-1] else None)
            if recorded.base and head:
                found[wp_id] = Span(recorded.base, head)
    return found


def rebase(case: Case, spans: Spans) -> tuple[tuple[str, str], ...]:
    """Work package -> its commit, in the order in which they stand; those that change nothing are left out.

    Raises:
        Refused: `REBASE_NOT_LINEAR`: they do not apply one by one, or together give another tree than the merge does.
    """
    place, merge, git = case.place, case.forecast, case.git
    resolved = [step.name for step in merge.steps if step.outcome is Outcome.RESOLVED]
    if resolved:
        raise not_linear(place, f"the merge of {', '.join(resolved)} holds a resolved conflict")
    bench = workbench(place, [merge.result])
    there = {wp_id for lane in merge.code_lanes if lane.in_target for wp_id in lane.wp_ids}
    current, tree = merge.target, git.tree_of(merge.target) or ""
    picks: list[tuple[str, str]] = []
    for wp_id in plan.package_order(case.manifest, case.packages):
        span = spans.get(wp_id)
        if span is None or span.head is None or span.head == span.base or wp_id in there:
            continue
        after = _apply(bench, tree, wp_id, span.base, span.head)
        if after != tree:
            message = plan.pick_message(case.titles, wp_id)
            current, tree = git.commit_tree(after, [current], message, env=_author(git, span.head)), after
            picks.append((wp_id, current))
    if tree != merge.tree or not picks:
        raise not_linear(place, "the work packages applied one by one do not give what their lanes hold together")
    return tuple(picks)


def _apply(bench: Workbench, tree: str, wp_id: str, base: str, head: str) -> str:
    """A work package's change applied to a tree: a merge whose ancestor is the work package's base."""
    root = bench.passing_commit(bench.git.tree_of(base) or "")
    ours, theirs = (bench.passing_commit(each, root) for each in (tree, bench.git.tree_of(head) or ""))
    merged = bench.merge(ours, theirs)
    if merged.conflicts:
        raise not_linear(bench.place, f"{wp_id} does not apply by itself: {', '.join(merged.conflicts[:5])}")
    return merged.tree


def not_linear(place: MissionPlace, why: str, conflicts: Sequence[Step] = ()) -> Refused:
    """The refusal for a mission that is no row of commits."""
    return Refused(
        f"{place.slug} cannot be rebased to one commit per work package: {why}",
        "REBASE_NOT_LINEAR",
        hint=spec_kitty("merge", "--strategy", "squash", "--mission", place.slug),
        details={"conflicts": [step.to_dict() for step in conflicts]},
    )


def _author(git: Git, commit: str) -> dict[str, str]:
    """The author of a commit, for the commit that stands for it."""
    name, mail, at = git.run("log", "-1", f"--format={_PERSON}", commit).split("\n")[:3]
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": at}
