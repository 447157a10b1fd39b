"""Examining a test project as `doctor` does."""

from __future__ import annotations

from pathlib import Path

from specify_cli.doctor.findings import Finding, Severity, Subject
from specify_cli.doctor.sections import examine, subject_of
from specify_cli.kernel.paths import discover


def subject_in(folder: Path) -> Subject:
    """What `doctor` looks at when it is run in a folder."""
    return subject_of(discover(folder))


def findings_in(folder: Path, section: str) -> list[Finding]:
    """What one section finds there."""
    return examine(subject_in(folder), (section,))


def codes(findings: list[Finding], *, least: Severity = Severity.NOTE) -> list[str]:
    """The codes of the findings that matter, sorted."""
    rank = list(Severity)
    return sorted(each.code for each in findings if rank.index(each.severity) >= rank.index(least))


def only(findings: list[Finding], code: str) -> Finding:
    """The one finding of that code."""
    found = [each for each in findings if each.code == code]
    assert len(found) == 1, f"{code}: {findings}"
    return found[0]
