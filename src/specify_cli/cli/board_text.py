"""The board of a mission for people: readable without colour, and in as few columns as a narrow terminal has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.cli.board import Board
from specify_cli.cli.text import clipped, padded, safe, style, table, width, wrapped
from specify_cli.cli.times import short
from specify_cli.kernel.text import plural
from specify_cli.status.holders import HELD
from specify_cli.status.models import Lane

_INDENT, _GAP = 2, 2
_LEAST_OF_A_TITLE, _TITLE, _MOST_OF_A_TITLE = 6, 16, 48
_AGENT = 14
_BAR = 30
_PROBLEMS = 3  # of a log, that are told
_COLOURS = {
    Lane.PLANNED: "dim",
    Lane.CLAIMED: "cyan",
    Lane.IN_PROGRESS: "cyan",
    Lane.FOR_REVIEW: "yellow",
    Lane.IN_REVIEW: "yellow",
    Lane.APPROVED: "green",
    Lane.DONE: "green",
    Lane.BLOCKED: "red",
    Lane.CANCELED: "dim",
}


def board_text(board: Board, columns: int) -> str:
    """The board as lines of at most some columns; only commands, which people copy, may be longer."""
    data = board.data
    target = safe(data["landed_into"] or data["target_branch"])
    left = f", which lands on {safe(data['lands_on'])}" if data["lands_on"] else ""
    head = f"{style(safe(data['mission_slug']), 'bold')}  {safe(data['mission_type'])} → {target}{left}"
    lines = [clipped(head, columns), _bar(board, columns)]
    if board.rows:
        lines += ["", _table(board.rows, columns)]
    lines += _remarks(board, columns)
    return "\n".join([*lines, "", f"  Next: {style(safe(board.seen.next_command), 'bold')}"])


def _bar(board: Board, columns: int) -> str:
    percent = board.seen.percentage
    told = f"{percent:g} % of {plural(len(board.rows), 'work package')}"
    room = max(min(_BAR, columns - width(told) - _INDENT - 1), 0)
    filled = round(percent / 100 * room)
    return f"  {style('█' * filled, 'green')}{style('░' * (room - filled), 'dim')} {told}"


def _table(rows: Sequence[Mapping[str, object]], columns: int) -> str:
    """The work packages; where there is little room, first the lane goes, then since when, then part of the name."""
    full = [[_id(row), _lane(row), "", safe(row["lane_id"] or "-"), _who(row)] for row in rows]
    few = [[cells[0], cells[1], "", cells[4]] for cells in full]
    bare = [[cells[0], cells[1], ""] for cells in full]
    left = max(_room(bare, columns) - _GAP - _LEAST_OF_A_TITLE, 1)
    named = max(left - len(" elsewhere"), 3)
    least = [[*cells, clipped(_who(row, named, since=False), left)] for cells, row in zip(bare, rows, strict=True)]
    wanted = min(max(width(safe(row["title"])) for row in rows), _TITLE)
    chosen = next((cells for cells in (full, few) if _room(cells, columns) >= wanted), least)
    room = min(max(_room(chosen, columns), 1), _MOST_OF_A_TITLE)
    titles = [clipped(safe(row["title"]), room) for row in rows]
    lines = [[*cells[:2], title, *cells[3:]] for cells, title in zip(chosen, titles, strict=True)]
    return table(lines, gap=_GAP, indent=_INDENT)


def _room(cells: Sequence[Sequence[str]], columns: int) -> int:
    """What a title may take beside the other cells."""
    count = len(cells[0])
    widest = [max(width(row[at]) for row in cells) for at in range(count)]
    return columns - _INDENT - _GAP * (count - 1) - sum(widest)


def _id(row: Mapping[str, object]) -> str:
    return str(row["id"])


def _lane(row: Mapping[str, object]) -> str:
    lane = Lane(str(row["lane"]))
    return padded(style(lane.value, _COLOURS[lane]), 11)


def _who(row: Mapping[str, object], named: int = _AGENT, *, since: bool = True) -> str:
    """Who has it, in at most so many columns, and whether they are still at it."""
    agent = clipped(safe(row["agent"] or ""), min(named, _AGENT))
    lease = row["lease"]
    if Lane(str(row["lane"])) not in HELD:
        return agent
    if not isinstance(lease, Mapping):
        return f"{agent} elsewhere"
    state, moment = (style("quiet", "yellow"), lease["last_seen"]) if row["stale"] else ("active", row["since"])
    return f"{agent} {state}" + (f" since {short(str(moment))}" if since else "")


def _remarks(board: Board, columns: int) -> list[str]:
    data, lines = board.data, []

    def say(text: str) -> None:
        lines.append(wrapped(text, columns, indent=2, hang=4))

    if board.ready:
        say(f"Ready: {', '.join(board.ready)}")
    slug = safe(data["mission_slug"])
    quiet = [_id(row) for row in board.rows if row["stale"]]
    if quiet:
        say(f"{style('Quiet', 'yellow')}: {', '.join(quiet)}; the next agent that asks takes over, or give back:")
        lines.extend(f"    spec-kitty doctor --reap {wp_id} --mission {slug}" for wp_id in quiet)
    if data["forced_moves"]:
        say(f"{plural(int(str(data['forced_moves'])), 'move')} forced")
    if data["home"] is None:
        branch = safe(data["target_branch"])
        say(f"{style('No checkout has ' + branch, 'yellow')}: moves are recorded, documents cannot be written")
    if data["unpublished_events"]:
        count = plural(int(str(data["unpublished_events"])), "event")
        say(f"{count} not yet published (safe in this clone's journal)")
    for claim in board.seen.status.snapshot.lost_claims:
        say(f"{style('Lost claim', 'yellow')} {safe(claim.message)}")
        lines.append(f"    {safe(claim.fix)}")
    problems = board.seen.status.problems
    for problem in problems[:_PROBLEMS]:
        say(f"{style('Log', 'red')} {safe(problem.message)}")
    if problems:
        more = f"and {len(problems) - _PROBLEMS} more: " if len(problems) > _PROBLEMS else ""
        lines.append(f"    {more}spec-kitty doctor log --mission {slug}")
    return ["", *lines] if lines else []
