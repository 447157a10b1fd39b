"""The board of a mission for people: readable without colour, and in as few columns as a narrow terminal has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.cli.board import Board
from specify_cli.cli.text import clipped, padded, prose, safe, style, table, width, wrapped
from specify_cli.cli.times import short
from specify_cli.core.work_packages import problems_of
from specify_cli.home import Kind
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.text import plural
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.status.holders import HELD
from specify_cli.status.models import Lane

REVIEWED = frozenset({Lane.APPROVED, Lane.DONE})

_INDENT, _GAP = 2, 2
_LEAST_OF_A_TITLE, _TITLE, _MOST_OF_A_TITLE = 6, 12, 48
_AGENT, _SESSION = 14, 6
_BAR = 30
_PROBLEMS = 3  # of a log, that are told
_MARKS = {
    "self_review": "Reviewed by who built it",
    "forced": "Past a gate by force",
    "no_change": "Handed over without a change",
}
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
    lines = [clipped(head, columns), *_read_from(board, columns), _bar(board, columns)]
    if board.rows:
        lines += ["", _table(board.rows, columns)]
    lines += _remarks(board, columns)
    return "\n".join([*lines, "", f"  Next: {style(safe(board.seen.next_command), 'bold')}"])


def _read_from(board: Board, columns: int) -> list[str]:
    """Where the documents were read, where that is not the home."""
    source = board.seen.place.source
    if source.kind is Kind.HOME:
        return []
    told, others = board.data["read_from"], ""
    if isinstance(told, dict) and (differs := _list(told.get("differs"))):
        named = [safe(each["path"] or each["ref"]) for each in differs if isinstance(each, dict)]
        others = f", which differs from {' and '.join(named)}"
    only = ", only to be read" if board.seen.place.elsewhere else ""
    return [wrapped(f"{style('Read from', 'yellow')} {safe(source)}{others}{only}", columns, indent=2, hang=4)]


def _bar(board: Board, columns: int) -> str:
    percent = board.seen.percentage
    told = f"{percent:g} % of {plural(len(board.rows), 'work package')}"
    room = max(min(_BAR, columns - width(told) - _INDENT - 1), 0)
    filled = round(percent / 100 * room)
    return f"  {style('█' * filled, 'green')}{style('░' * (room - filled), 'dim')} {told}"


def _table(rows: Sequence[Mapping[str, object]], columns: int) -> str:
    """The work packages; with little room, first the session goes, then the lane, since when, part of the name."""
    full, short_of_session = (
        [[_id(row), _lane(row), "", _execution_lane(row), _who(row, session=told)] for row in rows]
        for told in (True, False)
    )
    few = [[cells[0], cells[1], "", cells[4]] for cells in short_of_session]
    bare = [[cells[0], cells[1], ""] for cells in full]
    left = max(_room(bare, columns) - _GAP - _LEAST_OF_A_TITLE, 1)
    named = max(left - len(" elsewhere"), 3)
    least = [[*cells, clipped(_who(row, named, full=False), left)] for cells, row in zip(bare, rows, strict=True)]
    wanted = min(max(width(safe(row["title"])) for row in rows), _TITLE)
    chosen = next((cells for cells in (full, short_of_session, few) if _room(cells, columns) >= wanted), least)
    room = min(max(_room(chosen, columns), 1), _MOST_OF_A_TITLE)
    titles = [clipped(safe(row["title"]) if row["file"] else style("no prompt file", "red"), room) for row in rows]
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


def _execution_lane(row: Mapping[str, object]) -> str:
    lane_id = safe(row["lane_id"] or "-")
    return "planning" if lane_id == PLANNING_LANE_ID else lane_id


def _who(row: Mapping[str, object], named: int = _AGENT, *, full: bool = True, session: bool = False) -> str:
    """Who has it, in at most so many columns, and whether they are still at it; of reviewed work, who reviewed it.

    Args:
        full: with since when, or who reviewed it.
        session: with the session.
    """
    agent = clipped(safe(row["agent"] or ""), min(named, _AGENT))
    lane = Lane(str(row["lane"]))
    if lane in HELD:
        of = f"/{safe(row['session'])[:_SESSION]}" if session and row["session"] else ""
        lease = row["lease"]
        if not isinstance(lease, Mapping):
            return f"{agent}{of} elsewhere"
        state, moment = (style("quiet", "yellow"), lease["last_seen"]) if row["stale"] else ("active", row["since"])
        return f"{agent}{of} {state}" + (f" since {short(str(moment))}" if full else "")
    built, reviewed = (_named(row[key], named) for key in ("implementer", "reviewer"))
    if lane in REVIEWED:
        by = f", reviewed {reviewed}" if full and reviewed else ""
        return (built or agent) + by
    return built if lane is Lane.FOR_REVIEW and built else agent


def _named(who: object, columns: int) -> str:
    return clipped(safe(who["actor"]), min(columns, _AGENT)) if isinstance(who, Mapping) else ""


def _marks_and_questions(board: Board, columns: int) -> list[str]:
    """What people should know of how work came to where it is, and what they are asked."""
    lines = []
    for mark, told in _MARKS.items():
        marked = [_id(row) for row in board.rows if mark in _list(row["marks"])]
        if marked:
            lines.append(wrapped(f"{style(told, 'yellow')}: {', '.join(marked)}", columns, indent=2, hang=4))
    for question in board.questions:
        about = f" ({question['wp_id']})" if question["wp_id"] else ""
        asked = f"{style('Open question', 'yellow')}{about}: {safe(question['question'])}"
        lines.append(wrapped(asked, columns, indent=2, hang=4))
        answer = command("spec-kitty", "next", "--mission", board.data["mission_slug"], "--decision-id",
                         question["decision_id"], "--answer", "ANSWER")  # fmt: skip
        lines.append(f"    {safe(answer)}")
    return lines


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


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
        reap = (spec_kitty("doctor", "--reap", wp_id, "--mission", data["mission_slug"]) for wp_id in quiet)
        lines.extend(f"    {safe(each)}" for each in reap)
    lines += _marks_and_questions(board, columns)
    for each in board.astray:
        say(f"{style('Astray', 'yellow')}: {prose(each.message)}; bring them over:")
        lines.append(f"    {safe(each.fix)}")
    if data["forced_moves"]:
        say(f"{plural(int(str(data['forced_moves'])), 'move')} forced")
    if data["home"] is None and not board.seen.place.elsewhere:
        branch = safe(data["target_branch"])
        say(f"{style('No checkout has ' + branch, 'yellow')}: moves are recorded, documents cannot be written")
    if data["unpublished_events"]:
        count = plural(int(str(data["unpublished_events"])), "event")
        say(f"{count} not yet published (safe in this clone's journal)")
    for claim in board.seen.status.snapshot.lost_claims:
        say(f"{style('Lost claim', 'yellow')} {prose(claim.message)}")
        lines.append(f"    {safe(claim.fix)}")
    problems = board.seen.status.problems
    for problem in problems[:_PROBLEMS]:
        say(f"{style('Log', 'red')} {prose(problem.message)}")
    if problems:
        more = f"and {len(problems) - _PROBLEMS} more: " if len(problems) > _PROBLEMS else ""
        lines.append(f"    {more}spec-kitty doctor log --mission {slug}")
    for broken in problems_of(board.seen.packages):
        say(f"{style('Prompt', 'red')} {safe(broken.message)}")
    return ["", *lines] if lines else []
