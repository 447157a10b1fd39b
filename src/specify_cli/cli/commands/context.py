"""`spec-kitty context …`: the lane workspaces of this clone."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.cli import output
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import clipped, padded, table
from specify_cli.context.missions import all_places
from specify_cli.home import MissionPlace
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.merge.intent import settle
from specify_cli.workspaces.cleanup import CleanedUp, clean_up, reason_to_keep
from specify_cli.workspaces.survey import LaneWorkspace, TreeState, survey

_COLOURS = {TreeState.CLEAN: "green", TreeState.DIRTY: "yellow"}


def list_workspaces() -> Reply:
    """List the lane workspaces of this clone."""
    repo, places, broken = _project()
    found = survey(repo, places)
    data = {
        "workspaces": [{**each.to_dict(), "kept_because": reason_to_keep(each) or None} for each in found],
        "count": len(found),
        "broken": broken,
    }
    lines = [line for each in found for line in _lines(each)] or ["  no lane workspace in this clone"]
    gone = [each for each in found if not reason_to_keep(each)]
    hint = (
        spec_kitty("context cleanup")
        if gone
        else spec_kitty("next", "--agent", "NAME")
        if places
        else spec_kitty("doctor")
    )
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(hint, 'bold')}"]))


def info() -> Reply:
    """Show the workspace one stands in."""
    repo, places, _ = _project()
    here = next((each for each in survey(repo, places) if each.path == repo.checkout), None)
    if here is None:
        raise NotFound(
            f"{repo.checkout} is not the workspace of a lane",
            "NOT_A_WORKSPACE",
            hint=spec_kitty("context list"),
            details={"path": str(repo.checkout)},
        )
    data = {**here.to_dict(), **_commits(here), "target_branch": here.place.target_branch}
    hint = spec_kitty("next", "--agent", "NAME", "--mission", here.place.slug)
    return Reply(data, "\n".join([*_lines(here), *_dirty_lines(here), "", f"  Next: {style(hint, 'bold')}"]))


def cleanup() -> Reply:
    """Remove lane workspaces whose work is merged; say why others stay.

    Only clean worktrees go, and then their branches: those of a merged mission, and those whose lane the target
    branch contains. What holds anything uncommitted, unmerged or under way stays.
    """
    repo, places, broken = _project()
    settle(repo)
    done = clean_up(repo, places)
    removed = [each for each in done if not each.worktree_kept]
    kept = [each for each in done if each.worktree_kept]
    data = {
        "result": "success",
        "removed": [each.to_dict() for each in removed],
        "kept": [each.to_dict() for each in kept],
        "broken": broken,
    }
    lines = [_outcome(each) for each in done] or ["  no lane workspace in this clone"]
    return Reply(data, "\n".join([*lines, "", f"  Next: {style('spec-kitty context list', 'bold')}"]))


def _project() -> tuple[Repository, Sequence[MissionPlace], list[dict[str, str]]]:
    repo = paths.discover(paths.starting_point())
    places, broken = all_places(repo)
    for each in broken:
        output.warn(Notice(each.error.code, each.error.message, each.error.hint))
    return (
        repo,
        places,
        [{"mission_slug": each.slug, "error_code": each.error.code, "error": each.error.message} for each in broken],
    )


def _lines(workspace: LaneWorkspace) -> list[str]:
    state = workspace.state
    packages = ", ".join(f"{wp_id} {lane}" for wp_id, lane in workspace.wps.items())
    head = f"{style(safe(workspace.place.slug), 'bold')}  {style(safe(workspace.lane_id), 'bold')}"
    rows = [
        ["state", padded(style(state.value.replace("_", " "), _COLOURS.get(state, "red")), 12)],
        ["path", safe(workspace.path)],
        ["branch", safe(workspace.branch) + _elsewhere(workspace)],
        ["work", clipped(packages or "none", 66)],
    ]
    return [head, table(rows, indent=2)]


def _elsewhere(workspace: LaneWorkspace) -> str:
    if workspace.state is not TreeState.WRONG_BRANCH:
        return ""
    return style(f" (has {safe(workspace.checked_out or 'no branch')} checked out)", "red")


def _dirty_lines(workspace: LaneWorkspace) -> list[str]:
    shown = [f"    {safe(path)}" for path in workspace.dirty[:10]]
    more = [f"    and {len(workspace.dirty) - 10} more"] if len(workspace.dirty) > 10 else []
    return ["  uncommitted", *shown, *more] if shown else []


def _commits(workspace: LaneWorkspace) -> dict[str, object]:
    """Base and head of each work package, and how many commits lie between."""
    spans = workspace.record.wps if workspace.record else {}
    git = Git(workspace.path)
    found = []
    for wp_id, span in spans.items():
        count = len(git.commits(f"{span.base}..{span.head or 'HEAD'}")) if git.resolve(span.base) else None
        found.append({"id": wp_id, "base": span.base, "head": span.head, "commits": count})
    return {"spans": found}


def _outcome(each: CleanedUp) -> str:
    name = f"{safe(each.workspace.place.slug)}  {safe(each.workspace.lane_id)}"
    if each.worktree_kept:
        return f"  {style('kept', 'yellow')}     {name}\n            {safe(each.worktree_kept)}"
    if each.branch_kept:
        return f"  {style('removed', 'green')}  {name}\n            its branch stays: {safe(each.branch_kept)}"
    return f"  {style('removed', 'green')}  {name}, and its branch"
