"""`spec-kitty status`."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.board import Board, board_text, read_board
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.text import clipped, table
from specify_cli.context.missions import all_places, config_of, is_open
from specify_cli.context.models import Context
from specify_cli.kernel import paths
from specify_cli.kernel.errors import SpecKittyError

StaleFlag = Annotated[
    float | None,
    typer.Option("--stale-threshold", metavar="MIN", min=0, help="Minutes of silence after which a lease is quiet."),
]


def status(mission: MissionFlag = None) -> Reply:
    """Show the board of a mission, or all missions.

    Without --mission, and outside a mission's folder, every open mission gets a line.
    """
    try:
        return board(mission)
    except SpecKittyError as error:
        if mission is not None or error.code != "MISSION_AMBIGUOUS":
            raise
        return _all()


def tasks_status(mission: MissionFlag = None, stale_threshold: StaleFlag = None) -> Reply:
    """Show the board of a mission."""
    return board(mission, stale_threshold)


def board(mission: str | None, stale_minutes: float | None = None) -> Reply:
    """The board of one mission as a reply."""
    found = read_board(reading(mission), stale_minutes)
    return Reply(found.data, board_text(found))


def _all() -> Reply:
    repo = paths.discover(paths.starting_point())
    places, broken = all_places(repo)
    boards = [read_board(Context(repo, config_of(repo, place), place, "all")) for place in places if is_open(place)]
    if not boards and not broken:
        reading(None)
    merged = len(places) - len(boards)
    data: dict[str, object] = {
        "missions": [found.data for found in boards],
        "broken": [
            {"mission_slug": each.slug, "error_code": each.error.code, "error": each.error.message} for each in broken
        ],
        "merged": merged,
    }
    rows = [_line(found) for found in boards]
    lines = [table(rows, indent=2)] if rows else ["  no open mission"]
    lines += [f"  {style(safe(each.slug), 'red')}  {safe(each.error.message)}" for each in broken]
    if merged:
        lines.append(style(f"  {merged} merged: spec-kitty mission list", "dim"))
    hint = f"spec-kitty status --mission {boards[0].data['mission_slug']}" if boards else "spec-kitty doctor"
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(hint, 'bold')}"]))


def _line(found: Board) -> list[str]:
    lanes = found.data["by_lane"]
    counts = {lane: len(ids) for lane, ids in lanes.items()} if isinstance(lanes, dict) else {}
    told = ", ".join(f"{count} {lane}" for lane, count in counts.items() if count) or "planning"
    return [
        style(safe(found.data["mission_slug"]), "bold"),
        f"{found.data['progress_percentage']:g} %",
        clipped(told, 40),
    ]
