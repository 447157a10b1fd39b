"""What a planned work package still wants before somebody may claim it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specify_cli.conditions.questions import Question
from specify_cli.conditions.ways import way_on
from specify_cli.core.readiness import SATISFIED
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane

# What each condition says where it holds.
WANTS: Mapping[str, str] = {
    "WP_NOT_CLAIMABLE": "it is planned",
    "LANES_MISSING": "it has a lane",
    "DEPENDENCIES_NOT_SATISFIED": "what it builds on is approved or done",
    "LANE_BUSY": "its lane is free",
    "DECISION_OPEN": "no question about it is open",
}
# What can be done with a work package that is over.
_STANDS: Mapping[Lane, str] = {
    Lane.DONE: "; what is still missing becomes a new work package",
    Lane.CANCELED: "; to take it up after all, a person moves it back with --force and a note",
}


@frozen
class Busy:
    """Another work package of the same lane that somebody holds."""

    wp_id: str
    holder: str
    quiet: bool = False


@frozen
class ClaimFacts:
    """What is known of a work package that somebody wants to claim.

    Args:
        slug: the mission, for the commands.
        lane: of the board.
        lane_id: its execution lane; None before finalize-tasks.
        needs: what must be approved or done first, each with its lane (None: there is no such work package).
        busy: who keeps its lane.
        question: what has to be answered first.
    """

    wp_id: str
    slug: str
    lane: Lane
    lane_id: str | None
    needs: tuple[tuple[str, Lane | None], ...] = ()
    busy: tuple[Busy, ...] = ()
    question: Question | None = None

    @property
    def open_needs(self) -> tuple[tuple[str, Lane | None], ...]:
        """What it still waits for."""
        return tuple((need, lane) for need, lane in self.needs if lane not in SATISFIED)


def to_claim(facts: ClaimFacts) -> list[Unmet]:
    """Every unmet condition of planned -> claimed, each with the command that meets it."""
    rules = (not_claimable, lane_missing, dependencies_open, lane_busy, question_open)
    return [unmet for rule in rules for unmet in rule(facts)]


def not_claimable(facts: ClaimFacts) -> Iterator[Unmet]:
    """It is not planned."""
    wp_id = facts.wp_id
    if facts.lane is not Lane.PLANNED:
        said = f"{wp_id} is {facts.lane}, and only a planned work package can be claimed{_STANDS.get(facts.lane, '')}"
        fix = spec_kitty("next", "--agent", "NAME", "--mission", facts.slug)
        yield Unmet("WP_NOT_CLAIMABLE", said, fix, wp_id)


def lane_missing(facts: ClaimFacts) -> Iterator[Unmet]:
    """There is no lane to do it in."""
    if facts.lane_id is None:
        fix = spec_kitty("agent mission finalize-tasks", "--mission", facts.slug)
        yield Unmet("LANES_MISSING", f"{facts.wp_id} has no lane yet", fix, facts.wp_id)


def dependencies_open(facts: ClaimFacts) -> Iterator[Unmet]:
    """What it builds on is not approved."""
    for need, lane in facts.open_needs:
        said = f"{facts.wp_id} waits for {need} ({lane or 'not planned'})"
        if lane is Lane.CANCELED:
            said += f": take it out of the dependencies of {facts.wp_id} first"
        yield Unmet("DEPENDENCIES_NOT_SATISFIED", said, way_on(need, lane, facts.slug), need)


def lane_busy(facts: ClaimFacts) -> Iterator[Unmet]:
    """Another work package of its lane is held."""
    at = ("--mission", facts.slug)
    for other in facts.busy:
        quiet = " and has gone quiet" if other.quiet else ""
        said = f"{facts.lane_id} of {facts.wp_id} is busy: {other.wp_id} is held by {other.holder}{quiet}"
        wait = spec_kitty("next", "--agent", "NAME", "--wait", "60", *at)
        fix = spec_kitty("doctor", "--reap", other.wp_id, *at) if other.quiet else wait
        yield Unmet("LANE_BUSY", said, fix, other.wp_id)


def question_open(facts: ClaimFacts) -> Iterator[Unmet]:
    """A question about it has to be answered first."""
    if facts.question is not None:
        yield decision_open(facts.wp_id, facts.slug, facts.question)


def decision_open(wp_id: str, slug: str, question: Question) -> Unmet:
    """A question that has to be answered first."""
    fix = spec_kitty(
        "next", "--agent", "NAME", "--mission", slug, "--decision-id", question.decision_id, "--answer", "TEXT"
    )
    told = f" ({', '.join(question.options)})" if question.options else ""
    return Unmet("DECISION_OPEN", f"{question.text}{told}", fix, wp_id)
