"""`spec-kitty agent status validate` and `… doctor`, apart so that a move loads nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from specify_cli.cli.findings import finding_lines, headline, next_of
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.core.work_packages import known_ids
from specify_cli.doctor.findings import Finding, Severity, worst
from specify_cli.doctor.log import of_problem
from specify_cli.doctor.sections import subject_of
from specify_cli.doctor.stale import SECTION, Patience, examine
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.text import plural
from specify_cli.status import store
from specify_cli.status.validate import validate_logs

ClaimedFlag = Annotated[
    float,
    typer.Option("--stale-claimed-days", metavar="DAYS", min=0, help="Days after which a claim is stale."),
]
InProgressFlag = Annotated[
    float,
    typer.Option("--stale-in-progress-days", metavar="DAYS", min=0, help="Days after which work or a review is stale."),
]


def validate(mission: MissionFlag = None) -> Reply:
    """Check the logs of a mission.

    Every line is held against the shape of an event, the table of moves, the work packages of the plan and the
    other copy of the log. Errors give exit code 1; warnings and notes do not.
    """
    place = reading(mission).place
    moves, facts = store.read_values(store.status_log(place)), store.read_values(store.mission_log_file(place))
    result = validate_logs(moves, facts, known_ids(place))
    count = len(moves.objects) + len(facts.objects)
    data = {
        "result": "valid" if result.passed else "invalid",
        "mission_slug": place.slug,
        "read_from": place.source.to_dict(),
        "events": count,
        "error_count": len(result.errors),
        "warning_count": len(result.warnings),
        **result.to_dict(),
    }
    word = style("valid", "green") if result.passed else style("invalid", "red")
    head = f"{style(safe(place.slug), 'bold')}: {plural(count, 'event')}, {word}"
    findings = [of_problem(place, problem) for problem in result.problems]
    return _reply(data, head, findings, spec_kitty("status", "--mission", place.slug), healthy=result.passed)


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
        hint = spec_kitty("agent mission create", "my-mission")
        raise NotFound("there is no mission here, so there is nothing to examine", "MISSION_NOT_FOUND", hint=hint)
    findings = examine(subject, Patience(stale_claimed_days, stale_in_progress_days))
    healthy = worst(findings) is not Severity.ERROR
    data = {
        "result": "healthy" if healthy else "unhealthy",
        "missions": [place.slug for place in subject.places],
        "counts": {severity.value: sum(each.severity is severity for each in findings) for severity in Severity},
        "findings": [each.to_dict() for each in findings],
    }
    return _reply(data, headline(SECTION, findings), findings, "spec-kitty status", healthy=healthy)


def _reply(data: object, head: str, findings: Sequence[Finding], step: str, *, healthy: bool) -> Reply:
    lines = [head, *(line for each in findings for line in finding_lines(each, alone=True))]
    told = "\n".join([*lines, "", f"  Next: {style(next_of(findings, step), 'bold')}"])
    return Reply(data, told, 0 if healthy else 1)
