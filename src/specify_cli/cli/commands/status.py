"""`spec-kitty status`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from specify_cli.cli import output
from specify_cli.cli.board import Board, read_board
from specify_cli.cli.board_text import board_text
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import read_from, reading, tell_newer
from specify_cli.cli.text import clipped, prose, table, width, wrapped
from specify_cli.context.missions import Broken, all_places, config_of, is_open
from specify_cli.context.models import Context
from specify_cli.context.overview import lands_on
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import plural

_WIDEST = 110

StaleFlag = Annotated[
    float | None,
    typer.Option("--stale-threshold", metavar="MIN", min=0, help="Minutes of silence after which a lease is quiet."),
]


def status(
    mission: MissionFlag = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Draw it again whenever something changes, until Ctrl-C.")
    ] = False,
) -> Reply:
    """Show the board of a mission, or all missions.

    Without --mission, and outside a mission's folder, every open mission gets a line. --watch needs a terminal and
    draws the board again when something moves, until Ctrl-C.
    """
    return _watched(mission) if watch else _status(mission)


def tasks_status(mission: MissionFlag = None, stale_threshold: StaleFlag = None) -> Reply:
    """Show the board of a mission."""
    return board(mission, stale_threshold)


def board(mission: str | None, stale_minutes: float | None = None, columns: int | None = None) -> Reply:
    """The board of one mission as a reply, as wide as the terminal unless columns are given."""
    return _board(reading(mission), stale_minutes, columns)


def _board(context: Context, stale_minutes: float | None = None, columns: int | None = None) -> Reply:
    found = read_board(context, stale_minutes)
    found.data["read_from"] = read_from(found.seen.place)
    # Of a large mission, drawing it takes as long as reading it.
    drawn = "" if output.for_programs() else board_text(found, columns or min(output.size()[0], _WIDEST))
    return Reply(found.data, drawn)


def _status(mission: str | None, columns: int | None = None) -> Reply:
    try:
        context = reading(mission)
    except SpecKittyError as error:
        if mission is not None or error.code not in ("MISSION_AMBIGUOUS", "MISSION_REQUIRED"):
            raise
        return _all(columns)
    return _all(columns) if context.unread else _board(context, columns=columns)


def _watched(mission: str | None) -> Reply:
    """The board until Ctrl-C, and then as it was last. What can be read no longer is told in its place."""
    load("specify_cli.cli.screen:require_terminal")("--watch")
    _status(mission)
    journal = paths.discover(paths.starting_point()).state / "journal"

    def picture(columns: int) -> str:
        try:
            return str(_status(mission, min(columns, _WIDEST)).text)
        except SpecKittyError as error:
            return f"{style('Error:', 'bold', 'red')} {prose(error.message)}"

    load("specify_cli.cli.screen:watch")(picture, lambda: _changes(journal))
    return _status(mission)


def _changes(journal: Path) -> object:
    """What differs as soon as an event was recorded, of whatever mission."""
    with suppress(OSError):
        return [(each.name, each.stat().st_size) for each in os.scandir(journal)]
    return None


def _all(columns: int | None = None) -> Reply:
    repo = paths.discover(paths.starting_point())
    tell_newer(repo)
    places, broken = all_places(repo)
    waiting = [place for place in places if is_open(place) or lands_on(place)]
    merged = len(places) - len(waiting)
    boards: list[Board] = []
    for place in waiting:
        try:
            boards.append(read_board(Context(repo, config_of(repo, place), place, "all")))
        except SpecKittyError as error:
            broken.append(Broken(place.slug, error))
    data: dict[str, object] = {
        "missions": [found.data for found in boards],
        "broken": [
            {"mission_slug": each.slug, "error_code": each.error.code, "error": each.error.message} for each in broken
        ],
        "merged": merged,
    }
    wide = columns or min(output.size()[0], _WIDEST)
    rows = [_line(found, wide) for found in boards]
    lines = [table(rows, indent=2)] if rows else ["  no open mission"]
    lines += [_broken(each, wide) for each in broken]
    if merged:
        lines.append(style(f"  {merged} merged: spec-kitty mission list", "dim"))
    hint = spec_kitty("status", "--mission", boards[0].data["mission_slug"]) if boards else _begin(broken)
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(hint, 'bold')}"]))


def _broken(each: Broken, columns: int) -> str:
    head = f"  {style(safe(each.slug), 'red')}  "
    return head + wrapped(prose(each.error.message), columns, indent=width(head), hang=4).lstrip()


def _begin(broken: Sequence[Broken]) -> str:
    return "spec-kitty doctor" if broken else "spec-kitty agent mission create my-mission"


def _line(found: Board, columns: int) -> list[str]:
    counts = {lane: len(ids) for lane, ids in found.seen.board.items() if ids}
    told = ", ".join(f"{count} {lane}" for lane, count in counts.items()) or "planning"
    if found.seen.lands_on:
        told = f"merged, lands on {safe(found.seen.lands_on)}"
    if found.seen.place.elsewhere is not None:
        told = f"only to be read, {told}"
    if found.questions:
        told = f"{plural(len(found.questions), 'open question')}, {told}"
    return [
        style(clipped(safe(found.data["mission_slug"]), columns // 2 - 10), "bold"),
        f"{found.data['progress_percentage']:g} %",
        clipped(told, columns // 2 - 2),
    ]
