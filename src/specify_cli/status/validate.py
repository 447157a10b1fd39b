"""What is wrong with a mission's logs, as problems with a fix each. Pure: it looks at what was read.

An event of a version before mission ids was made under other rules: what today would be an error is a warning there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import Broken
from specify_cli.kernel.text import is_ulid, plural
from specify_cli.kernel.values import frozen
from specify_cli.status import mission_log
from specify_cli.status import reading as readings
from specify_cli.status.fields import odd
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import KINDS, UNKNOWN, Lane, StatusEvent, StatusSnapshot, settling
from specify_cli.status.problems import Problem, Severity
from specify_cli.status.reducer import Fold
from specify_cli.status.store import Reading
from specify_cli.status.transitions import MATRIX, TERMINAL_LANES, allowed_targets
from specify_cli.status.union import Kept

EXECUTION_MODES = frozenset({"worktree", "direct_repo"})
Origins = Mapping[str, tuple[str, int]]
_NOWHERE: Origins = {}


@frozen
class ValidationResult:
    """All problems of a mission's logs, the gravest first."""

    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What makes it fail."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What somebody should settle."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)

    @property
    def passed(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    def to_dict(self) -> dict[str, object]:
        """The JSON shape."""
        return {"passed": self.passed, "findings": [problem.to_dict() for problem in self.problems]}


def validate_logs(
    moves: Reading[Kept], facts: Reading[Kept], known_wps: Collection[str] | None = None
) -> ValidationResult:
    """Everything that is wrong with a mission's two logs.

    Args:
        moves: the status log, as `store.read_values` gives it.
        facts: the mission log.
        known_wps: ids of the work packages that the plan has; None where there is no plan to compare with.
    """
    events, odd_moves = readings.status_events(moves)
    _, odd_facts = readings.mission_events_of(facts)
    snapshot = Fold.of(events).snapshot()
    found = [*moves.problems, *odd_moves, *facts.problems, *odd_facts]
    origins: dict[str, tuple[str, int]] = {}
    for index, entry in enumerate(moves.objects):
        if isinstance(entry, StatusEvent):
            origins[entry.event_id] = moves.origin(index)
            found += validate_event_schema(entry, moves.origin(index))
    for index, entry in enumerate(facts.objects):
        if isinstance(entry, MissionEvent) and entry.extra:
            found += _broken(entry.event_id, odd(entry.extra, mission_log.KINDS), facts.origin(index))
    found += validate_transition_legality(events, origins)
    found += validate_done_evidence(events, origins)
    found += validate_lost_claims(snapshot, origins)
    found += validate_predecessors(events, origins)
    if known_wps is not None:
        found += validate_work_packages(snapshot, known_wps, moves.log.where, partial(_restoring, moves.log.place))
    found += validate_publication(moves, facts)
    rank = list(Severity)
    return ValidationResult(tuple(sorted(found, key=lambda problem: rank.index(problem.severity))))


def validate_event_schema(
    event: Mapping[str, object] | StatusEvent, origin: tuple[str, int] = ("", 0)
) -> list[Problem]:
    """What is wrong with one line of the status log that looks like a move.

    Args:
        event: the parsed line, or the event that it holds.
        origin: its file and line number.
    """
    file, line = origin
    try:
        parsed = event if isinstance(event, StatusEvent) else StatusEvent.from_dict(event)
    except Refused as error:
        return [Problem(Severity.ERROR, error.code, error.message, file, line or None)]
    told = {
        "event_id is not a ULID": not is_ulid(parsed.event_id),
        "actor is missing": parsed.actor == UNKNOWN,
        "mission_slug is missing": not parsed.mission_slug,
        f"execution_mode is {parsed.execution_mode!r}": parsed.execution_mode not in EXECUTION_MODES
        and not parsed.is_taken_over,
        "forced without a reason": parsed.force and not (parsed.reason or "").strip(),
        "evidence wants a review with reviewer, verdict and reference": "evidence" in parsed.extra
        and parsed.evidence is None,
    }
    found = [
        Problem(Severity.WARNING, "INVALID_EVENT", f"event {parsed.event_id!r}: {message}", file, line or None)
        for message, holds in told.items()
        if holds
    ]
    return found + _broken(parsed.event_id, odd(parsed.extra, KINDS), origin)


def _broken(event_id: str, broken: Sequence[Broken], origin: tuple[str, int]) -> list[Problem]:
    """Keys that hold what they cannot hold: the event counts, and they say nothing."""
    file, line = origin
    messages = (f"event {event_id!r}: {each.message}; it is left out" for each in broken)
    return [Problem(Severity.WARNING, "INVALID_EVENT", message, file, line or None) for message in messages]


def validate_transition_legality(events: Iterable[StatusEvent], origins: Origins = _NOWHERE) -> list[Problem]:
    """Moves that were applied from another lane than they name, and unforced ones that the rules do not know.

    Args:
        events: in fold order.
        origins: event id -> file and line.
    """
    problems: list[Problem] = []
    fold = Fold()
    for event in events:
        lane = fold.lane_of(event.wp_id)
        known = fold.last_applied(event.wp_id) is not None
        if not fold.apply(event) or event.is_bootstrap:
            continue
        if known and event.from_lane is not lane and not event.is_taken_over:
            file, line = origins.get(event.event_id, ("", None))
            message = (
                f"{event.wp_id} was {lane}, and event {event.event_id} says that it moved from {event.from_lane}; "
                f"the move counts, and {event.wp_id} is {event.to_lane} after it"
            )
            problems.append(Problem(Severity.NOTE, "FROM_LANE_MISMATCH", message, file, line))
        if event.force:
            continue
        if (event.from_lane, event.to_lane) not in MATRIX:
            ways = ", ".join(allowed_targets(event.from_lane)) or "nowhere without force"
            message = f"{event.wp_id}: there is no move {event.from_lane} -> {event.to_lane} (allowed: {ways})"
            problems.append(_problem(event, "ILLEGAL_TRANSITION", message, origins))
    return problems


def validate_done_evidence(events: Iterable[StatusEvent], origins: Origins = _NOWHERE) -> list[Problem]:
    """Unforced moves to done that do not say who reviewed the work; arguments as above."""
    return [
        _problem(event, "DONE_WITHOUT_EVIDENCE", f"{event.wp_id} is done without evidence of its review", origins)
        for event in events
        if event.to_lane is Lane.DONE and event.evidence is None and not (event.force or event.is_taken_over)
    ]


def validate_lost_claims(snapshot: StatusSnapshot, origins: Origins = _NOWHERE) -> list[Problem]:
    """Moves of two clones that excluded each other and that nobody has settled yet."""
    problems = []
    for claim in snapshot.lost_claims:
        file, line = origins.get(claim.event_id, ("", None))
        problems.append(Problem(Severity.WARNING, "LOST_CLAIM", claim.message, file, line, claim.fix))
    return problems


def validate_predecessors(events: Collection[StatusEvent], origins: Origins = _NOWHERE) -> list[Problem]:
    """Moves that build on an event that the log lacks."""
    ids = {event.event_id for event in events}
    problems = []
    for event in events:
        if event.prev is not None and event.prev not in ids:
            file, line = origins.get(event.event_id, ("", None))
            message = f"event {event.event_id} of {event.wp_id} builds on {event.prev}, which the log lacks"
            fix = command("git", "pull", "--no-rebase")
            problems.append(Problem(Severity.WARNING, "MISSING_PREDECESSOR", message, file, line, fix))
    return problems


def _restoring(place: MissionPlace, wp_id: str) -> Command | None:
    """What brings back the prompt of a work package that the plan still names."""
    named = re.search(rf"\b{re.escape(wp_id)}\b", place.read("tasks.md") or "")
    return place.restoring(wp_id) if named else None


def validate_work_packages(
    snapshot: StatusSnapshot,
    known_wps: Collection[str],
    file: str = "",
    restoring: Callable[[str], Command | None] = lambda _: None,
) -> list[Problem]:
    """Work packages of the log that the plan does not have.

    Args:
        snapshot: the fold of the log.
        known_wps: ids in the plan.
        file: the log.
        restoring: the command that brings back a prompt that was deleted by mistake.
    """
    problems = []
    for wp_id, state in snapshot.work_packages.items():
        if wp_id in known_wps:
            continue
        message = f"{wp_id} is {state['lane']} and not in the plan"
        back = None if state["lane"] in TERMINAL_LANES else restoring(wp_id)
        if back is not None:
            message = f"{wp_id} is {state['lane']}, and its prompt was deleted"
        words = ("--to", Lane.CANCELED, "--note", "removed from the plan", "--mission", snapshot.mission_slug)
        fix = back or spec_kitty("agent tasks move-task", wp_id, *words)
        final = state["lane"] in TERMINAL_LANES
        severity = Severity.NOTE if final else Severity.ERROR
        problems.append(Problem(severity, "UNKNOWN_WORK_PACKAGE", message, file, None, None if final else fix))
    return problems


def validate_publication(*logs: Reading[Kept]) -> list[Problem]:
    """Recorded events that the copies in the tree lack."""
    return [
        Problem(
            Severity.NOTE,
            "UNPUBLISHED",
            f"{plural(len(log.unpublished), 'event')} of {log.log.name} recorded and not yet published",
            log.log.where,
            None,
            _publishing(log.log.place),
        )
        for log in logs
        if log.unpublished and log.log.place.repo.has_git
    ]


def _publishing(place: MissionPlace) -> Command | None:
    """What publishes, or first brings a mission that can only be read to where it can be changed."""
    return spec_kitty("materialize", "--mission", place.slug) if place.elsewhere is None else place.way_home


def _problem(event: StatusEvent, code: str, message: str, origins: Origins) -> Problem:
    file, line = origins.get(event.event_id, ("", None))
    severity = Severity.ERROR if event.mission_id else Severity.WARNING
    return Problem(
        severity, code, message, file, line, settling(event.wp_id, event.to_lane, "settled", event.mission_slug)
    )
