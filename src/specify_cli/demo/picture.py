"""Pictures of a mission in plain characters: the board, the lanes, the time; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.demo.evidence import IMPLEMENT, Span, mappings, texts
from specify_cli.demo.story import BY_ID, PACKAGES
from specify_cli.kernel import clock

LABEL = 21
WIDTH = 55
_MARKS = {"claimed": "▒", "in_progress": "▒", "for_review": "▓", "in_review": "▓", "approved": "█", "done": "█"}
_BAR = 8


def board(answer: Mapping[str, object]) -> list[str]:
    """The board that `status --json` tells, one line a work package."""
    lines = []
    for package in mappings(answer.get("work_packages")):
        lane = str(package.get("lane"))
        bar = _MARKS.get(lane, "·") * _BAR
        who = str(package.get("agent") or "")
        where = str(package.get("lane_id") or "")
        lines.append(f"{package.get('id')}  {bar}  {lane:<11}  {where:<13}  {who:<9}  {package.get('title')}")
    return lines


def graph(lanes: Mapping[str, object]) -> list[str]:
    """The lanes of lanes.json as rows: `->` continues a lane, brackets say what else comes first."""
    edges = {
        str(edge.get("after")): f"after {edge.get('before')}: both write {edge.get('evidence')}"
        for edge in mappings(lanes.get("ordering_edges"))
    }
    rows = []
    for lane in mappings(lanes.get("lanes")):
        ids = texts(lane.get("wp_ids"))
        parts = [_node(wp_id, ids[:number], edges) for number, wp_id in enumerate(ids)]
        rows.append(f"{lane.get('lane_id')!s:<13}  {' -> '.join(parts)}")
    return rows


def _node(wp_id: str, earlier: Sequence[str], edges: Mapping[str, str]) -> str:
    package = BY_ID.get(wp_id)
    elsewhere = [need for need in package.needs if need not in earlier] if package else []
    remarks = [*([f"needs {', '.join(elsewhere)}"] if elsewhere else []), *([edges[wp_id]] if wp_id in edges else [])]
    name = f"{wp_id} {package.title}" if package else wp_id
    return f"{name} [{'; '.join(remarks)}]" if remarks else name


def times(worked: Sequence[Span]) -> list[str]:
    """When each work package was implemented (█) and reviewed (▒), on one scale."""
    if not worked:
        return []
    first, last = min(span.start for span in worked), max(span.end for span in worked)
    whole = max((clock.parse(last) - clock.parse(first)).total_seconds(), 0.001)
    rows = []
    for package in PACKAGES:
        row = [" "] * WIDTH
        own = [span for span in worked if span.wp_id == package.id]
        for span in own:
            begin = _column(span.start, first, whole)
            for column in range(begin, max(begin + 1, _column(span.end, first, whole))):
                row[column] = "█" if span.action == IMPLEMENT else "▒"
        lane = own[0].lane_id if own else ""
        rows.append(f"{package.id}  {lane:<13}  {''.join(row).rstrip()}")
    scale = f"{whole:.1f} s"
    return [*rows, f"{'':<{LABEL}}0{scale:>{WIDTH - 1}}"]


def _column(moment: str, first: str, whole: float) -> int:
    part = (clock.parse(moment) - clock.parse(first)).total_seconds() / whole
    return min(int(part * WIDTH), WIDTH - 1)
