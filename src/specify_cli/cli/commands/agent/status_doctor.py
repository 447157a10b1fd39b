"""`spec-kitty agent status doctor`, apart so that a move loads nothing of it."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.findings import finding_lines, headline, next_of
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, style
from specify_cli.cli.selecting import reading
from specify_cli.doctor.findings import Severity, worst
from specify_cli.doctor.sections import subject_of
from specify_cli.doctor.stale import SECTION, Patience, examine
from specify_cli.kernel import paths
from specify_cli.kernel.errors import NotFound

ClaimedFlag = Annotated[
    float,
    typer.Option("--stale-claimed-days", metavar="DAYS", min=0, help="Days after which a claim is stale."),
]
InProgressFlag = Annotated[
    float,
    typer.Option("--stale-in-progress-days", metavar="DAYS", min=0, help="Days after which work or a review is stale."),
]


def doctor(
    stale_claimed_days: ClaimedFlag = 7.0, stale_in_progress_days: InProgressFlag = 14.0, mission: MissionFlag = None
) -> Reply:
    """Find stale claims and reviews, orphan worktrees and missing prompts.

    Without --mission every mission is looked at. Nothing is written; each finding names the command that mends it.
    Errors give exit code 1; warnings and notes do not.
    """
    repo = paths.discover(paths.starting_point())
    subject = subject_of(repo, reading(mission).place if mission is not None else None)
    if not subject.places and not subject.broken:
        hint = "spec-kitty agent mission create my-mission"
        raise NotFound("there is no mission here, so there is nothing to examine", "MISSION_NOT_FOUND", hint=hint)
    findings = examine(subject, Patience(stale_claimed_days, stale_in_progress_days))
    healthy = worst(findings) is not Severity.ERROR
    data = {
        "result": "healthy" if healthy else "unhealthy",
        "missions": [place.slug for place in subject.places],
        "counts": {severity.value: sum(each.severity is severity for each in findings) for severity in Severity},
        "findings": [each.to_dict() for each in findings],
    }
    lines = [headline(SECTION, findings), *(line for each in findings for line in finding_lines(each, alone=True))]
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(next_of(findings), 'bold')}"]), 0 if healthy else 1)
