"""`spec-kitty mission …`: missions and mission types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading, tell_newer
from specify_cli.cli.text import clipped, padded, prose, table, wrapped
from specify_cli.context.missions import Broken, all_places
from specify_cli.context.models import Context
from specify_cli.context.overview import MissionState, Overview, overview
from specify_cli.core.mission_sizes import Size
from specify_cli.core.mission_target import begun_at, request_of
from specify_cli.core.mission_types import MissionType, list_types, load_mission_type
from specify_cli.core.planning import documents_present
from specify_cli.home import Kind
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.paths import KITTIFY, Repository
from specify_cli.kernel.text import plural
from specify_cli.lanes.branch_naming import lane_branch_name, mission_branch_name
from specify_cli.next.open_questions import open_questions

_COLOURS = {
    MissionState.PLANNING: "yellow",
    MissionState.IMPLEMENTING: "cyan",
    MissionState.ACCEPTED: "green",
    MissionState.MERGED: "dim",
}


def list_missions() -> Reply:
    """List the missions of this project.

    A mission that cannot be read is listed with what is wrong, and hides no other.
    """
    repo = paths.discover(paths.starting_point())
    tell_newer(repo)
    places, broken = all_places(repo)
    found: list[Overview] = []
    questions: dict[str, int] = {}
    for place in places:
        try:
            seen = overview(place)
            questions[place.slug] = len(open_questions(seen))
            found.append(seen)
        except SpecKittyError as error:
            broken.append(Broken(place.slug, error))
    data = {
        "missions": [{**each.to_dict(), "open_questions": questions[each.place.slug]} for each in found],
        "count": len(found),
        "broken": [_broken(each.slug, each.error) for each in broken],
    }
    rows = [_row(each, questions[each.place.slug]) for each in found]
    lines = [table(rows, indent=2)] if rows else ["  no mission yet"]
    for seen in found:
        if seen.lands_on:
            said = f"is merged into {safe(seen.place.target_branch)}; it lands on {safe(seen.lands_on)} by:"
            lines += [f"  {style(safe(seen.place.slug), 'bold')} {said}", f"    {safe(seen.next_command)}"]
    for each in broken:
        lines.append(f"  {style(safe(each.slug), 'red')}  {prose(each.error.message)}")
        lines += [f"    fix: {safe(each.error.hint)}"] if each.error.hint else []
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(_after_list(repo, found), 'bold')}"]))


def info(mission: MissionFlag = None) -> Reply:
    """Show one mission: identity, documents, branches and progress."""
    context = reading(mission)
    seen = overview(context.place)
    documents = documents_present(context.place)
    return Reply(_info(context, seen, documents), _info_text(seen, documents))


def types() -> Reply:
    """List the mission types and their steps."""
    repo = paths.discover(paths.starting_point())
    found: list[MissionType] = []
    broken: list[Broken] = []
    for key in list_types(repo):
        try:
            found.append(load_mission_type(key, repo))
        except SpecKittyError as error:
            broken.append(Broken(key, error))
    data = {
        "mission_types": [each.to_dict() for each in found],
        "broken": [_broken(each.slug, each.error, name="key") for each in broken],
    }
    lines = [line for each in found for line in _type_lines(each)]
    lines += [f"{style(safe(each.slug), 'red')}  {prose(each.error.message)}" for each in broken]
    command = "spec-kitty agent mission create SLUG --mission-type TYPE"
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(command, 'bold')}"]))


def _broken(name_of: str, error: SpecKittyError, name: str = "mission_slug") -> dict[str, object]:
    return {name: name_of, "error_code": error.code, "error": error.message, "hint": error.hint}


def _row(seen: Overview, questions: int) -> list[str]:
    asked = "only to be read, " if seen.place.elsewhere is not None else ""
    asked += f"{plural(questions, 'open question')}, " if questions else ""
    counts = ", ".join(f"{len(ids)} {lane}" for lane, ids in seen.board.items() if ids)
    return [
        style(clipped(safe(seen.place.slug), 32), "bold"),
        padded(style(seen.state.value, _COLOURS[seen.state]), 12),
        f"{seen.percentage:g} %",
        style(clipped(asked + (counts or "no work package yet"), 24), "yellow" if asked else "dim"),
    ]


def _after_list(repo: Repository, found: Sequence[Overview]) -> str:
    waiting = [each for each in found if each.state is not MissionState.MERGED]
    if not waiting and (left := next((each for each in found if each.lands_on), None)):
        return left.next_command
    if waiting:
        return spec_kitty("mission info", "--mission", waiting[0].place.slug)
    ready = any((folder / KITTIFY).is_dir() for folder in (repo.checkout, repo.root))
    return "spec-kitty agent mission create SLUG" if ready else "spec-kitty init --ai claude"


def _info(context: Context, seen: Overview, documents: Mapping[str, bool]) -> dict[str, object]:
    place = context.place
    lanes = seen.lanes.lanes if seen.lanes else []
    return {
        **seen.to_dict(),
        "created_at": place.meta.get("created_at"),
        "size": place.meta.get("size") or Size.NORMAL.value,
        "feature_dir": str(place.folder) if place.folder else None,
        "origin": place.meta.get("origin_ticket"),
        "request": request_of(seen.status.mission_events),
        "started_from": begun_at(place.meta, seen.status.mission_events) or None,
        "documents": [{"name": name, "present": there} for name, there in documents.items()],
        "mission_branch": mission_branch_name(place.slug),
        "lanes": [
            {
                "lane_id": lane.lane_id,
                "branch": lane_branch_name(place.slug, lane.lane_id, place.target_branch),
                "wp_ids": list(lane.wp_ids),
            }
            for lane in lanes
        ],
        "accepted_at": place.meta.get("accepted_at"),
        "accepted_by": place.meta.get("accepted_by"),
        "merged_at": place.meta.get("merged_at"),
        "merged_commit": place.meta.get("merged_commit"),
        "unpublished_events": seen.status.unpublished,
        "problems": [problem.to_dict() for problem in seen.status.problems],
        "detection_method": context.how,
        "open_questions": [{**each.to_data(), "options": list(each.options)} for each in open_questions(seen)],
        "next_command": seen.next_command,
    }


def _info_text(seen: Overview, documents: Mapping[str, bool]) -> str:
    place, meta = seen.place, seen.place.meta
    rows = [
        ["id", safe(place.mission_id or "none: older than mission ids")],
        ["type", safe(meta.get("mission_type") or "software-dev")],
        ["state", f"{style(seen.state.value, _COLOURS[seen.state])}, {seen.percentage:g} %"],
        ["target", safe(place.target_branch) + (f", lands on {safe(seen.lands_on)}" if seen.lands_on else "")],
        ["home", safe(place.home.path) if place.home else f"none: no checkout has {safe(place.target_branch)}"],
        *([] if place.source.kind is Kind.HOME else [["read from", safe(place.source)]]),
        *_origin(meta.get("origin_ticket")),
        *_request(request_of(seen.status.mission_events)),
        ["lanes", str(len(seen.lanes.lanes)) if seen.lanes else "not computed yet"],
        ["board", ", ".join(f"{len(ids)} {lane}" for lane, ids in seen.board.items() if ids) or "no work package yet"],
    ]
    marks = [f"{style('✓', 'green') if there else style('·', 'dim')} {safe(name)}" for name, there in documents.items()]
    lines = [
        f"{style(safe(place.slug), 'bold')}  {safe(meta.get('friendly_name') or '')}",
        table(rows, indent=2),
        "",
        *(f"  {mark}" for mark in marks),
        "",
        f"  Next: {style(seen.next_command, 'bold')}",
    ]
    return "\n".join(lines)


def _request(words: str | None) -> list[list[str]]:
    """The first line of what the person asked for; the JSON answer has all of it."""
    lines = [line for line in (words or "").splitlines() if line.strip()]
    return [["asked for", clipped(safe(lines[0].strip()), 68) + (" …" if len(lines) > 1 else "")]] if lines else []


def _origin(ticket: object) -> list[list[str]]:
    """The ticket that a mission began with, and its address on a line of its own."""
    if not isinstance(ticket, Mapping):
        return [["origin", safe(ticket)]] if ticket else []
    named = [str(ticket[key]) for key in ("provider", "external_issue_key", "title") if ticket.get(key)]
    link = ticket.get("external_issue_url")
    return [["origin", clipped(safe(" ".join(named)), 68)], *([["link", safe(link)]] if link else [])]


def _type_lines(kind: MissionType) -> list[str]:
    steps = " → ".join(safe(step.name) for step in kind.steps)
    head = f"{style(safe(kind.key), 'bold')}  {clipped(safe(kind.title), 50)} ({plural(len(kind.steps), 'step')})"
    return [head, wrapped(steps, indent=2, hang=2)]
