"""What an examination found, as people see it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from specify_cli.cli.text import as_printed, prose, safe, style
from specify_cli.doctor.findings import Finding, Severity, worst
from specify_cli.kernel.text import plural

_MARKS = {
    Severity.OK: ("✓", "green"),
    Severity.NOTE: ("·", "dim"),
    Severity.WARNING: ("!", "yellow"),
    Severity.ERROR: ("✗", "red"),
}
_COLUMNS = 78


def headline(name: str, found: Sequence[Finding]) -> str:
    """A section in one line: how it is, and how many of each."""
    mark, colour = _MARKS[worst(found)]
    counts = {severity: sum(each.severity is severity for each in found) for severity in reversed(Severity)}
    told = [
        plural(count, severity.value) for severity, count in counts.items() if count and severity is not Severity.OK
    ]
    return f"{style(mark, colour)} {style(f'{name:<10}', 'bold')} {', '.join(told) or 'ok'}"


def finding_lines(finding: Finding, *, alone: bool) -> list[str]:
    """A finding for people; what is well is told only where one section was asked for, and in `leases`."""
    if finding.severity is Severity.OK and not alone and finding.code != "LEASE_ACTIVE":
        return []
    mark, colour = _MARKS[finding.severity]
    wrapped = textwrap.wrap(prose(finding.message), _COLUMNS - 6, break_long_words=False, break_on_hyphens=False)
    lines = [f"    {style(mark, colour)} {wrapped[0] if wrapped else ''}", *(f"      {each}" for each in wrapped[1:])]
    fix = as_printed(finding.fix)
    return [*lines, f"      fix: {safe(fix)}"] if fix else lines


def next_of(findings: Sequence[Finding], otherwise: str = "spec-kitty status") -> str:
    """The command that mends the gravest of them; another where none is grave."""
    rank = list(Severity)
    grave = [each for each in findings if each.fix and each.severity in (Severity.WARNING, Severity.ERROR)]
    first = max(grave, key=lambda each: rank.index(each.severity), default=None)
    return safe(first.fix if first else otherwise)
