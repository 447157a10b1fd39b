"""`spec-kitty analyze`: what does not fit together in a mission's documents."""

from __future__ import annotations

from specify_cli.cli.findings import finding_lines, headline, next_of
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.core.analysis_facts import analysis_of
from specify_cli.doctor.findings import Finding, Severity
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.text import plural
from specify_cli.lanes.problems import PlanProblem


def analyze(mission: MissionFlag = None) -> Reply:
    """Check that the documents of a mission fit together.

    Requirements without a work package, work packages without a requirement, ids and counts that contradict each
    other, open questions, work packages that are too large, owned files that overlap. Nothing is written. Errors give
    exit code 1; warnings do not.
    """
    place = reading(mission).place
    found = analysis_of(place)
    graded = [(Severity.ERROR, each) for each in found.errors] + [(Severity.WARNING, each) for each in found.warnings]
    data = {
        "result": "inconsistent" if found.errors else "consistent",
        "mission_slug": place.slug,
        "error_count": len(found.errors),
        "warning_count": len(found.warnings),
        "counts": dict(found.counts),
        "coverage": {requirement: list(served) for requirement, served in found.coverage.items()},
        "findings": [{"severity": severity.value, **each.to_dict()} for severity, each in graded],
    }
    counts = ", ".join(plural(count, name.replace("_", " ")[:-1]) for name, count in found.counts.items())
    findings = [_finding(severity, each, place.where("")) for severity, each in graded]
    lines = [f"{style(safe(place.slug), 'bold')}: {counts}", headline("plan", findings)]
    lines += [line for each in findings for line in finding_lines(each, alone=True)]
    at = ("--mission", place.slug)
    step = next_of(findings, spec_kitty("analyze", *at) if findings else spec_kitty("next", "--agent", "NAME", *at))
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]), 1 if found.errors else 0)


def _finding(severity: Severity, problem: PlanProblem, folder: str) -> Finding:
    """A finding for people, who know the mission's folder."""
    where = f"{problem.file} line {problem.line}: " if problem.file and problem.line else ""
    said = problem.message if problem.message.startswith(where) else where + problem.message
    return Finding("plan", severity, problem.code, said.replace(folder, ""), problem.hint)
