"""`spec-kitty doctor` and `spec-kitty verify-setup`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.doctor import setup
from specify_cli.doctor.findings import Finding, Severity, worst
from specify_cli.doctor.mend import Mended, mend
from specify_cli.doctor.sections import SECTIONS, chosen, examine, subject_of
from specify_cli.kernel import paths
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.merge.intent import settle

_MARKS = {
    Severity.OK: ("✓", "green"),
    Severity.NOTE: ("·", "dim"),
    Severity.WARNING: ("!", "yellow"),
    Severity.ERROR: ("✗", "red"),
}
_COLUMNS = 78


def doctor(
    section: Annotated[
        str | None,
        typer.Argument(metavar="SECTION", help=f"One of {', '.join(SECTIONS)}; without it, all of them."),
    ] = None,
    mission: MissionFlag = None,
    fix: Annotated[bool, typer.Option("--fix", help="Put in order what needs no decision.")] = False,
) -> Reply:
    """Examine the project and mend what can be mended.

    Without --fix nothing is written. --fix does only what loses nothing: it publishes recorded events that the
    mission's folder lacks, takes conflict markers and broken lines out of the logs (the lines are kept aside), and
    lets git forget worktrees whose folder is gone. An error gives exit code 1; warnings and notes do not.
    """
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
        lines += [_headline(name, found), *(line for each in found for line in _lines(each, alone=len(sections) == 1))]
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(_next(findings), 'bold')}"]), 0 if healthy else 1)


def _headline(name: str, found: Sequence[Finding]) -> str:
    mark, colour = _MARKS[worst(found)]
    counts = {severity: sum(each.severity is severity for each in found) for severity in reversed(Severity)}
    told = [
        plural(count, severity.value) for severity, count in counts.items() if count and severity is not Severity.OK
    ]
    return f"{style(mark, colour)} {style(f'{name:<10}', 'bold')} {', '.join(told) or 'ok'}"


def _lines(finding: Finding, *, alone: bool) -> list[str]:
    """A finding for people; what is well is told only where one section was asked for, and in `leases`."""
    if finding.severity is Severity.OK and not alone and finding.code != "LEASE_ACTIVE":
        return []
    mark, colour = _MARKS[finding.severity]
    wrapped = textwrap.wrap(safe(finding.message), _COLUMNS - 6, break_long_words=False, break_on_hyphens=False)
    lines = [f"    {style(mark, colour)} {wrapped[0] if wrapped else ''}", *(f"      {each}" for each in wrapped[1:])]
    return [*lines, f"      fix: {safe(finding.fix)}"] if finding.fix else lines


def _next(findings: Sequence[Finding]) -> str:
    rank = list(Severity)
    grave = [each for each in findings if each.fix and each.severity in (Severity.WARNING, Severity.ERROR)]
    first = max(grave, key=lambda each: rank.index(each.severity), default=None)
    return safe(first.fix) if first else "spec-kitty status"
