"""`spec-kitty doctor` and `spec-kitty verify-setup`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from specify_cli.cli.acting import acting, notices
from specify_cli.cli.findings import finding_lines, headline, next_of
from specify_cli.cli.options import MissionFlag, completing
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import package_of, reading
from specify_cli.doctor import setup
from specify_cli.doctor.findings import Finding, Mended, Severity, worst
from specify_cli.doctor.mend import mend
from specify_cli.doctor.reap import reap as take_back
from specify_cli.doctor.sections import SECTIONS, chosen, examine, subject_of
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.merge.intent import settle

ReapFlag = Annotated[
    str | None,
    typer.Option(
        "--reap",
        metavar="WP",
        help="Take this work package back from a holder that has gone quiet.",
        autocompletion=completing("work_packages"),
    ),
]


def doctor(
    section: Annotated[
        str | None,
        typer.Argument(metavar="SECTION", help=f"One of {', '.join(SECTIONS)}; without it, all of them."),
    ] = None,
    mission: MissionFlag = None,
    fix: Annotated[bool, typer.Option("--fix", help="Put in order what needs no decision.")] = False,
    reap: ReapFlag = None,
) -> Reply:
    """Examine the project and mend what can be mended.

    Without --fix nothing is written. --fix does only what loses nothing: it publishes recorded events that the
    mission's folder lacks, takes conflict markers and broken lines out of the logs (the lines are kept aside), sets
    aside files with fields that hold what they cannot hold, lets git forget worktrees whose folder is gone, and writes
    installed files anew that nobody edited. An error gives exit code 1; warnings and notes do not.

    --reap WP takes a work package back from a holder that has gone quiet: uncommitted work is saved as a commit that
    the next prompt names, work becomes planned again, a review waits for another reviewer.
    """
    if reap is not None:
        return _reap(reap, mission, alone=section is None and not fix)
    sections = chosen(section)
    repo = paths.discover(paths.starting_point())
    place = reading(mission).place if mission is not None else None
    mended: list[Mended] = []
    warnings: list[Notice] = []
    if fix:
        settle(repo)
        mended, warnings = mend(subject_of(repo, place), sections)
    findings = examine(subject_of(repo, place), sections)
    return _reply(sections, findings, mended, warnings)


def _reap(wp: str, mission: str | None, *, alone: bool) -> Reply:
    if not alone:
        hint = spec_kitty("doctor", "--reap", wp)
        raise UsageError("--reap goes with neither a section nor --fix", "USAGE_ERROR", hint)
    context, actor = acting(mission)
    package = package_of(context, wp)
    done = take_back(context, actor, package)
    event, kept, holder = done.event, done.rescue, done.holder
    data = {
        "result": "success",
        "wp_id": package.id,
        "from_lane": event.from_lane.value,
        "to_lane": event.to_lane.value,
        "event_id": event.event_id,
        "actor": event.actor,
        "session": event.session,
        "mission_slug": context.place.slug,
        "detection_method": context.how,
        "holder": {"actor": holder.actor, "session": holder.session, "last_seen": done.last_seen} if holder else None,
        "rescue": kept.to_dict() if kept else None,
        "warnings": notices(done.warnings),
    }
    lines = [f"{style(package.id, 'bold')}: {event.from_lane} → {style(event.to_lane, 'green')}"]
    if holder is not None:
        lines[0] += f", taken back from {safe(holder)}"
    if kept is not None:
        lines.append(f"  {plural(len(kept.files), 'uncommitted file')} kept as {safe(kept.ref)}")
    step = spec_kitty("next", "--agent", "NAME", "--mission", context.place.slug)
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]))


def verify_setup() -> Reply:
    """Examine the set-up of this project."""
    repo = paths.discover(paths.starting_point())
    sections = (setup.SECTION,)
    return _reply(sections, examine(subject_of(repo), sections), (), ())


def _reply(
    sections: Sequence[str], findings: Sequence[Finding], mended: Sequence[Mended], warnings: Sequence[Notice]
) -> Reply:
    by_section = {name: [each for each in findings if each.section == name] for name in sections}
    healthy = worst(findings) is not Severity.ERROR
    data = {
        "result": "healthy" if healthy else "unhealthy",
        "sections": {name: worst(found).value for name, found in by_section.items()},
        "counts": {severity.value: sum(each.severity is severity for each in findings) for severity in Severity},
        "findings": [each.to_dict() for each in findings],
        "fixed": [each.to_dict() for each in mended],
        "warnings": notices(warnings),
    }
    lines = [f"{style('mended', 'green')}  {safe(each.what)}" for each in mended]
    for name, found in by_section.items():
        lines += [
            headline(name, found),
            *(line for each in found for line in finding_lines(each, alone=len(sections) == 1)),
        ]
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(next_of(findings), 'bold')}"]), 0 if healthy else 1)
