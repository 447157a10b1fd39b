"""`spec-kitty import`: missions from the project of another tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.options import DryRunFlag
from specify_cli.cli.output import Reply, painter, safe, style
from specify_cli.cli.text import clipped, prose, table, width, wrapped
from specify_cli.importing.run import Action, Import, Step, carry_out, forecast
from specify_cli.importing.sources import SOURCES
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.merge.intent import settle
from specify_cli.status.models import Lane

Tool = Literal["spec-kit", "openspec", "kiro", "taskmaster", "backlog", "beads"]
_ORDER = (Lane.DONE, Lane.FOR_REVIEW, Lane.PLANNED, Lane.BLOCKED, Lane.CANCELED)
_COLUMNS = 78
_DONE = {Action.CREATE: "created", Action.FINISH: "finished", Action.NOTHING: "nothing to do"}
_TO_DO = {Action.CREATE: "to create", Action.FINISH: "to finish", Action.NOTHING: "nothing to do"}


def import_project(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The project's folder.")],
    tool: Annotated[Tool, typer.Option("--from", metavar="TOOL", help=", ".join(SOURCES) + ".")],
    dry_run: DryRunFlag = False,
) -> Reply:
    """Make missions of another tool's project.

    Its specifications, tasks, dependencies and states become missions; what has no counterpart is listed. Nothing of
    the source is changed. Run again, it does what an interrupted import left undone, and nothing else. The tasks are
    counted a second time by other means: the exit code is 1 where the source has one that is neither imported, nor
    known from an earlier import, nor named as left out.
    """
    repo = paths.discover(paths.starting_point())
    repo.require_git()
    if dry_run:
        found = forecast(repo, SOURCES[tool], path)
    else:
        settle(repo)
        with painter() as board:
            found = carry_out(repo, SOURCES[tool], path, lambda far: board.draw([f"  {safe(far)}"]))
            board.draw([])
    failed = [step for step in found.steps if step.error is not None]
    return Reply(
        _data(found, dry_run, failed), _text(found, dry_run, path), exit_code=1 if failed or not found.is_whole else 0
    )


def _data(found: Import, dry_run: bool, failed: Sequence[Step]) -> dict[str, object]:
    return {
        "result": "forecast" if dry_run else "partial" if failed or not found.is_whole else "success",
        "from": found.source.key,
        "path": found.folder,
        "dry_run": dry_run,
        "tasks": found.tally.to_dict(),
        "missions": [_mission(step) for step in found.steps],
        "leftovers": notices(found.leftovers),
        "next_step": _next(found, dry_run, None),
    }


def _mission(step: Step) -> dict[str, object]:
    planned, place, error = step.planned, step.place, step.error
    return {
        "source_id": planned.source.id,
        "origin": planned.source.origin,
        "title": planned.title,
        "slug": planned.slug,
        "action": step.action.value,
        "mission_slug": place.slug if place else None,
        "mission_id": place.mission_id if place else None,
        "feature_dir": place.folder if place else None,
        "closed": planned.closed or None,
        "documents": sorted(planned.documents),
        "work_packages": [package.to_dict() for package in planned.packages],
        "commit": step.committed.commit,
        "notices": notices(step.notices),
        "error": {"error_code": error.code, "error": error.message, "hint": error.hint} if error else None,
    }


def _text(found: Import, dry_run: bool, path: Path) -> str:
    total = sum(len(step.planned.packages) for step in found.steps)
    what = f"{plural(len(found.steps), 'mission')}, {plural(total, 'work package')}"
    lines = [f"{style(found.source.title, 'bold')} in {safe(found.folder)}: {what}", f"  {_counted(found, dry_run)}"]
    if found.steps:
        lines.append(_table(found.steps, dry_run=dry_run))
    left = [*found.leftovers, *(notice for step in found.steps for notice in step.notices)]
    left += [Notice(each.code, each.message, each.hint) for step in found.steps if (each := step.error)]
    if left:
        lines += ["", "  Worth knowing:"]
        lines += [line for notice in left for line in _notice_lines(notice)]
    return "\n".join([*lines, "", f"  Next: {style(_next(found, dry_run, path), 'bold')}"])


def _counted(found: Import, dry_run: bool) -> str:
    """How many of how many tasks."""
    tally = found.tally
    if not tally.found:
        return style("the source could not be read", "red") if found.unread else "there is no task in it"
    told = [f"{tally.imported} of {plural(tally.found, 'task')} {'to import' if dry_run else 'imported'}"]
    told += [f"{tally.known} known already"] if tally.known else []
    told += [f"{tally.left} left out and named below"] if tally.left else []
    told += [style(f"{tally.missed} missed", "red")] if tally.missed else []
    return ", ".join(told)


def _table(steps: Sequence[Step], *, dry_run: bool) -> str:
    rows = [_row(step, dry_run) for step in steps]
    room = _COLUMNS - 6 - sum(max(width(row[column]) for row in rows) for column in (0, 1))
    return table([[name, state, style(clipped(told, room), "dim")] for name, state, told in rows], indent=2)


def _row(step: Step, dry_run: bool) -> list[str]:
    planned = step.planned
    lanes = Counter(package.source.state for package in planned.packages)
    counts = ", ".join(f"{lanes[lane]} {lane}" for lane in _ORDER if lanes[lane])
    state = "failed" if step.error else (_TO_DO if dry_run else _DONE)[step.action]
    colour = "red" if step.error else "dim" if step.action is Action.NOTHING else "green"
    name = clipped(safe(step.place.slug if step.place else planned.slug), 34)
    return [style(name, "bold"), style(state, colour), "closed" if planned.closed else counts or "no task"]


def _notice_lines(notice: Notice) -> list[str]:
    told = wrapped(prose(notice.message), _COLUMNS - 6).replace("\n", "\n      ")
    lines = [f"    {style('·', 'dim')} {told}"]
    return [*lines, f"      fix: {safe(notice.hint)}"] if notice.hint else lines


def _next(found: Import, dry_run: bool, path: Path | None) -> str:
    if dry_run and any(step.action is not Action.NOTHING for step in found.steps):
        return spec_kitty("import", "--from", found.source.key, path or found.folder)
    here = [step.place.slug for step in found.steps if step.place is not None and not step.planned.closed]
    return spec_kitty("next", "--agent", "NAME", "--mission", here[0]) if here else "spec-kitty mission list"
