"""`spec-kitty merge`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.delivering import delivery_lines
from specify_cli.cli.options import ActorFlag, DryRunFlag, MissionFlag, SessionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.text import table
from specify_cli.cli.unmet import unmet_lines
from specify_cli.context.actor import who
from specify_cli.context.missions import place_of
from specify_cli.context.models import Context
from specify_cli.context.overview import landing_command, lands_on
from specify_cli.core.project_version import refuse_newer
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.paths import plain_branch
from specify_cli.kernel.text import plural
from specify_cli.merge import engine, landing
from specify_cli.merge.engine import Examined, Merged
from specify_cli.merge.plan import STRATEGIES
from specify_cli.merge.pull_request import Stage, after_merge
from specify_cli.merge.wish import Wish
from specify_cli.workspaces.forecast_models import Forecast


def merge(
    mission: MissionFlag = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="STRATEGY", help="merge, squash or rebase; else the project's.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="BRANCH", help="The branch that you expect it to go into.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="BRANCH", help="Land there, from the branch that was made for the mission."),
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the target before worktrees and branches go.")] = False,
    dry_run: DryRunFlag = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after a conflict or a refused push.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Give up a merge that stopped at a conflict.")] = False,
    keep_branch: Annotated[bool, typer.Option("--keep-branch", help="Keep the branches of lanes and mission.")] = False,
    keep_worktree: Annotated[bool, typer.Option("--keep-worktree", help="Keep the worktrees of the lanes.")] = False,
    actor: ActorFlag = None,
    session: SessionFlag = None,
) -> Reply:
    """Merge an accepted mission into its target branch.

    Everything is computed before anything moves; then all branches move at once. A conflict stops before that and is
    laid out in a worktree of its own: resolve it there and --resume, or --abort.

    What a pull request has brought into the target already is only recorded. A mission on a branch of its own that was
    accepted for a pull request is merged into that branch, which is then pushed.

    With --into a mission on a branch of its own lands on the branch that this one began at, as one commit; it is merged
    into its own first, where that is not done. What lands is what was merged there. Then its branch and its worktree
    go.
    """
    if strategy is not None and strategy not in STRATEGIES:
        raise UsageError(f"--strategy is {strategy!r}, expected one of {', '.join(STRATEGIES)}", "USAGE_ERROR")
    if dry_run + resume + abort > 1:
        raise UsageError("--dry-run, --resume and --abort exclude each other", "USAGE_ERROR")
    context = reading(mission)
    if not abort:
        context.place.require_writable()
    into = None if into is None else plain_branch(context.repo.require_git(), into)
    into = None if into == context.place.target_branch else into
    if dry_run:
        asked = Wish("", into=into)
        return _forecast(context, landing.dry_run(context.place, asked) if into else engine.dry_run(context.place))
    refuse_newer(context.repo.root, context.repo.checkout)
    if abort:
        removed = engine.abort(context.place)
        data = {**_chosen(context), "result": "success", "aborted": True, "worktree_removed": removed, "warnings": []}
        return Reply(data, f"The merge of {context.place.slug} is given up; nothing has moved.")
    by = who(actor, context.repo, context.place, session)
    wish = Wish(by.name, by.session, strategy, target, push, keep_branch, keep_worktree, into)
    done = _done(context, wish, resume=resume)
    landed = bool(done.summary.get("landed"))
    delivery = None if landed else after_merge(context.place)
    left = None if landed else lands_on(place_of(context.repo, context.place.slug) or context.place)
    closed = (delivery is None and left is None) or (delivery is not None and delivery.stage is Stage.MERGED)
    closing = _close_issue(context, str(done.to_dict()["merged_commit"])) if closed else []
    data = {**done.to_dict(), "pull_request": delivery.to_dict() if delivery else None, **_chosen(context)}
    if closing:
        warnings = data.get("warnings")
        data["warnings"] = [*(warnings if isinstance(warnings, list) else []), *closing]
    if left is not None and delivery is None:
        step = landing_command(context.place, left)
        data["next_step"] = step
        return Reply(data, f"{_told(done)}\nIt lands on {safe(left)} by: {style(safe(step), 'bold')}")
    if delivery is None:
        return Reply(data, _told(done))
    data["next_step"] = delivery.next_step
    return Reply(data, "\n".join([_told(done), *delivery_lines(delivery)]))


def _done(context: Context, wish: Wish, *, resume: bool) -> Merged:
    place, config = context.place, context.config
    if resume:
        return landing.resume(place, config, wish) or engine.resume(place, config, wish)
    return landing.land(place, config, wish) if wish.into else engine.merge(place, config, wish)


def _close_issue(context: Context, commit: str) -> list[dict[str, str | None]]:
    """Close the GitHub issue that the mission began with; a mission without one loads nothing for it."""
    if not context.place.meta.get("origin_ticket"):
        return []
    return notices(load("specify_cli.tracker.closing:close_origin")(context.place, commit))


def _chosen(context: Context) -> dict[str, object]:
    place = context.place
    return {"mission_slug": place.slug, "mission_id": place.mission_id, "detection_method": context.how}


def _forecast(context: Context, seen: Examined) -> Reply:
    found = seen.merge
    assert found is not None
    clean = not found.conflicts
    data: dict[str, object] = {
        "result": "success" if clean else "error",
        **_chosen(context),
        "dry_run": True,
        "clean": clean,
        "target_branch": found.target_branch,
        "order": found.order,
        "lanes": [
            {"lane_id": lane.lane_id, "branch": lane.branch, "wp_ids": list(lane.wp_ids), "tip": lane.tip}
            for lane in found.lanes
        ],
        "steps": [step.to_dict() for step in found.steps],
        "unreviewed": [each.to_dict() for each in (*seen.coverage.uncovered, *seen.coverage.arrived)],
        "conflicts": [{"step": step.name, **clash.to_dict()} for step in found.conflicts for clash in step.clashes],
        "tree": found.tree,
        "unmet": [each.to_dict() for each in seen.unmet],
        "warnings": [],
    }
    if not clean:
        count = sum(len(step.clashes) for step in found.conflicts)
        said = f"merging {context.place.slug} would conflict in {plural(count, 'file')}"
        data |= {
            "error_code": "MERGE_CONFLICT",
            "error": said,
            "hint": spec_kitty("merge", "--mission", context.place.slug),
            "details": {"conflicts": data["conflicts"]},
        }
    return Reply(data, _forecast_text(context.place.slug, found, seen), 0 if clean else 1)


def _forecast_text(slug: str, found: Forecast, seen: Examined) -> str:
    rows = [[style(title, "bold") for title in ("step", "work packages", "outcome", "files")]]
    for step in found.steps:
        colour = "red" if step.clashes else "green"
        clashes = "; ".join(f"{clash.path} (with {' and '.join(clash.others)})" for clash in step.clashes)
        rows.append([step.name, ", ".join(step.wps), style(step.outcome.value, colour), safe(clashes)])
    lines = [f"Forecast of merging {slug} into {safe(found.target_branch)}:", table(rows, indent=2)]
    if not found.steps:
        lines.append("  no lane has anything to merge")
    if seen.unmet:
        lines.append("Before it can be merged:")
        lines += unmet_lines(seen.unmet)
    return "\n".join(lines)


def _tested(data: Mapping[str, object]) -> str:
    if data["tested"]:
        return f"tested: as tree {str(data['tested_tree'])[:10]}"
    why = data.get("untested") or "no command ran when it was accepted"
    if data.get("tested_tree"):
        why = f"the tests ran on another tree, {str(data['tested_tree'])[:10]}"
    return f"{style('not tested', 'yellow')}: {safe(why)}"


def _told(done: Merged) -> str:
    data = done.to_dict()
    merged = data["merged_wps"]
    wps = ", ".join(merged) if isinstance(merged, list) else ""
    if data.get("landed"):
        head = f"{style('Landed:', 'bold', 'green')} {data['mission_slug']} on {safe(data['target_branch'])}"
        head += ", which had it already" if done.already else f", {str(data['merged_commit'])[:10]}"
    elif done.already:
        head = f"{data['mission_slug']} was merged already; nothing was left to do"
    else:
        head = f"{style('Merged:', 'bold', 'green')} {data['mission_slug']} into {safe(data['target_branch'])}"
        head += f" ({data['strategy']}), {str(data['merged_commit'])[:10]}"
    lines = [head]
    if wps:
        lines.append(f"  done: {wps}")
    if not done.already and data.get("tested") is not None:
        lines.append(f"  {_tested(data)}")
    if done.pushed:
        lines.append("  pushed")
    if done.worktrees_removed:
        lines.append(f"  removed {plural(len(done.worktrees_removed), 'worktree')}")
    if done.branches_removed:
        count = plural(len(done.branches_removed), "branch", "branches")
        kept = "its tip is" if len(done.branches_removed) == 1 else "their tips are"
        lines.append(f"  removed {count}; {kept} kept below refs/spec-kitty/merged")
    return "\n".join(lines)
