"""`spec-kitty agent context …`: where an action takes place."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.board import ready_ids
from specify_cli.cli.options import AgentFlag, MissionFlag, SessionFlag, WorkPackageFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading, wp_name
from specify_cli.cli.text import table
from specify_cli.context.actor import who
from specify_cli.context.models import Context
from specify_cli.context.resolution import resolution
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.notices import Notice
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status

IMPLEMENT, REVIEW = "implement", "review"
_SHOWN = ("wp_id", "lane", "lane_id", "branch_name", "resolution_kind", "resolved_base", "workspace_path", "wp_file")


def resolve(
    action: Annotated[
        str, typer.Option("--action", metavar="ACTION", help="What is to be done: implement, review, plan …")
    ],
    wp_id: WorkPackageFlag = None,
    agent: AgentFlag = None,
    session: SessionFlag = None,
    mission: MissionFlag = None,
) -> Reply:
    """Resolve mission, work package, branch and workspace for an action.

    Nothing is written and nothing is claimed. Without --wp-id the work package is the first that is ready for the
    action.
    """
    context = reading(mission)
    actor = who(agent, context.repo, context.place, session)
    chosen = wp_name(wp_id) if wp_id else _first(context, action)
    data = resolution(context, action, chosen, actor.name)
    data["warnings"] = notices(_warnings(context, action, data))
    return Reply(data, _text(data, action))


def _first(context: Context, action: str) -> str | None:
    """The first work package that is ready for an action; None where there is none, or where it wants none."""
    if action not in (IMPLEMENT, REVIEW):
        return None
    packages = load_work_packages(context.place)
    status = read_status(context.place)
    if action == IMPLEMENT:
        return next(iter(ready_ids(packages, status, read_lanes(context.place))), None)
    return next((each.id for each in packages if status.snapshot.lane_of(each.id) is Lane.FOR_REVIEW), None)


def _warnings(context: Context, action: str, data: dict[str, object]) -> list[Notice]:
    place = context.place
    found = []
    if place.folder is None:
        refusal = place.refusal()
        said = refusal.message if place.elsewhere else f"no checkout has branch {place.target_branch}"
        found.append(Notice(refusal.code, said, refusal.hint))
    if data["wp_id"] is None and action in (IMPLEMENT, REVIEW):
        hint = spec_kitty("next", "--agent", "NAME", "--mission", place.slug)
        found.append(Notice("NOTHING_READY", f"no work package is ready to {action}", hint))
    if data["wp_id"] is not None and data["lane_id"] is None:
        hint = spec_kitty("agent mission finalize-tasks", "--mission", place.slug)
        found.append(Notice("LANES_MISSING", f"{data['wp_id']} has no lane yet", hint))
    return found


def _text(data: dict[str, object], action: str) -> str:
    rows = [[name.replace("_", " "), safe(data[name])] for name in _SHOWN if data[name] is not None]
    commands = data["commands"]
    told = commands if isinstance(commands, dict) else {}
    step = told.get(action if data["wp_id"] is not None else "next") or told.get("next", "")
    head = f"{style(safe(data['mission_slug']), 'bold')}: {safe(action)}"
    return "\n".join([head, table(rows, indent=2), "", f"  Next: {style(safe(step), 'bold')}"])
