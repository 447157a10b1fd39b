"""Section `log`: what is recorded of each mission, line by line, and its two copies against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from specify_cli.core.work_packages import gather_work_packages, known_ids
from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.text import plural
from specify_cli.status import store
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.problems import Problem
from specify_cli.status.validate import validate_logs
from specify_cli.workspaces.records import workspace_records

SECTION = "log"


def examine(subject: Subject) -> list[Finding]:
    """Mission folders that cannot be read, prompts that are malformed, and every problem of a log."""
    found = [of_error(SECTION, broken.error) for broken in subject.broken]
    found += _twins(subject)
    events = 0
    for place in subject.places:
        try:
            count, problems = _of_mission(place)
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
            continue
        events += count
        found += problems
    if not found:
        missions = plural(len(subject.places), "mission")
        found.append(Finding(SECTION, Severity.OK, "LOGS", f"{missions}, {plural(events, 'event')}, all in order"))
    return found


def _of_mission(place: MissionPlace) -> tuple[int, list[Finding]]:
    moves, facts = store.read_values(store.status_log(place)), store.read_values(store.mission_log_file(place))
    found = [of_error(SECTION, problem) for problem in gather_work_packages(place).problems]
    if place.mission_id is None:
        message = f"{place.slug} is older than mission ids, so other programs cannot name it for good"
        found.append(
            Finding(SECTION, Severity.NOTE, "MISSION_ID_MISSING", message, spec_kitty("upgrade", "--mint-mission-ids"))
        )
    if place.elsewhere is not None:
        refusal = place.refusal()
        # Where no command brings the branch back, there is nothing to do but to know it.
        severity = Severity.ERROR if refusal.hint else Severity.WARNING
        found.append(Finding(SECTION, severity, refusal.code, refusal.message, refusal.hint))
    events = [each for each in moves.objects if isinstance(each, StatusEvent)]
    found += _begun_and_unknown(place, {event.wp_id for event in events if event.to_lane is not Lane.PLANNED})
    problems = validate_logs(moves, facts, known_ids(place)).problems
    found += [of_problem(place, problem) for problem in problems]
    return len(moves.objects) + len(facts.objects), found


def _begun_and_unknown(place: MissionPlace, moved: Collection[str]) -> list[Finding]:
    """Work packages that were begun in a worktree of this clone, of which no log has a move.

    Args:
        moved: the work packages that were moved since they were planned.
    """
    found = []
    for record in workspace_records(place):
        for wp_id in sorted(set(record.wps).difference(moved)):
            message = (
                f"{place.slug}: {wp_id} was begun in {record.path}, and no log has a move of it: the journal was lost, "
                "or an older one was put back; a new claim goes on there"
            )
            again = spec_kitty("agent action implement", wp_id, "--agent", "NAME", "--mission", place.slug)
            found.append(Finding(SECTION, Severity.WARNING, "JOURNAL_LOST", message, again))
    return found


def of_problem(place: MissionPlace, problem: Problem) -> Finding:
    """A problem of a log as a finding."""
    where = f" ({problem.file}:{problem.line})" if problem.file and problem.line else ""
    severity = Severity(problem.severity.value)
    return Finding(SECTION, severity, problem.code, f"{place.slug}: {problem.message}{where}", problem.fix)


def _twins(subject: Subject) -> list[Finding]:
    """Folders that claim to be the same mission: a copied folder would write into the other's log."""
    by_id: dict[str, list[str]] = defaultdict(list)
    for place in subject.places:
        if place.mission_id is not None:
            by_id[place.mission_id].append(place.slug)
    return [
        Finding(
            SECTION,
            Severity.ERROR,
            "MISSION_ID_TWICE",
            f"{' and '.join(slugs)} have the same mission_id {mission_id}; keep the folder that had it first",
            command("git", "log", "--oneline", "--", f"kitty-specs/{slugs[-1]}/meta.json"),
        )
        for mission_id, slugs in by_id.items()
        if len(slugs) > 1
    ]
