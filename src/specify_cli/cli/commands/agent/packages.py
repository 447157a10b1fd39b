"""The reading half of `spec-kitty agent tasks …`, apart so that it loads nothing that only writers need."""

from __future__ import annotations

from specify_cli.cli.board import read_board
from specify_cli.cli.options import LaneFlag, MissionFlag, WorkPackage
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import package_of, reading
from specify_cli.cli.text import clipped, table
from specify_cli.core.work_packages import dependents_of, load_work_packages
from specify_cli.kernel.errors import UsageError
from specify_cli.status.transitions import CANONICAL_LANES, parse_lane


def list_tasks(lane: LaneFlag = None, mission: MissionFlag = None) -> Reply:
    """List work packages, of one lane or of all."""
    wanted = parse_lane(lane) if lane else None
    if lane and wanted is None:
        raise UsageError(f"there is no lane {lane!r}; the lanes are {', '.join(CANONICAL_LANES)}", "UNKNOWN_LANE")
    context = reading(mission)
    rows = [row for row in read_board(context).rows if wanted is None or row["lane"] == wanted.value]
    tasks = [
        {"work_package_id": row["id"], "title": row["title"], "lane": row["lane"], "path": row["file"]} for row in rows
    ]
    data = {"mission_slug": context.place.slug, "tasks": tasks, "count": len(tasks)}
    data["read_from"] = context.place.source.to_dict()
    shown = table(
        [
            [str(row["id"]), str(row["lane"]), clipped(safe(row["title"]) if row["file"] else "no prompt file", 56)]
            for row in rows
        ],
        indent=2,
    )
    return Reply(data, shown or f"  no work package{f' in {wanted}' if wanted else ''}")


def list_dependents(wp: WorkPackage, mission: MissionFlag = None) -> Reply:
    """List the work packages that depend on one."""
    context = reading(mission)
    package = package_of(context, wp)
    dependents = dependents_of(load_work_packages(context.place), package.id)
    data = {"wp_id": package.id, "depends_on": list(package.dependencies), "dependents": dependents}
    text = f"{style(package.id, 'bold')} depends on {', '.join(package.dependencies) or 'nothing'}"
    return Reply(data, f"{text}\n  {', '.join(dependents) or 'nothing'} depends on it")


def validate_workflow(wp: WorkPackage, mission: MissionFlag = None) -> Reply:
    """Check one work package: prompt file, header and status."""
    context = reading(mission)
    package = package_of(context, wp)
    board = read_board(context)
    row = next(row for row in board.rows if row["id"] == package.id)
    problems = _problems(package.body, package.title, package.dependencies, {str(each["id"]) for each in board.rows})
    if row["lane_id"] is None:
        problems.append("no lane yet: run spec-kitty agent mission finalize-tasks")
    data = {
        "result": "invalid" if problems else "valid",
        "valid": not problems,
        "wp_id": package.id,
        "lane": row["lane"],
        "errors": problems,
        "mission_slug": context.place.slug,
    }
    listed = "\n".join(f"  {style('✗', 'red')} {safe(each)}" for each in problems)
    text = f"{style(package.id, 'bold')} is {row['lane']}"
    return Reply(data, f"{text}\n{listed}" if problems else f"{text}, and all is well", 1 if problems else 0)


def _problems(body: str, title: str, dependencies: tuple[str, ...], known: set[str]) -> list[str]:
    found = [f"depends on {each}, which does not exist" for each in dependencies if each not in known]
    if not body.strip():
        found.append("the prompt is empty")
    if not title.strip():
        found.append("there is no title")
    return found
