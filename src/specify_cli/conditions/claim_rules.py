"""What a planned work package still wants before somebody may claim it; pure."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.conditions.ways import way_on
from specify_cli.core.readiness import SATISFIED
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
# Answers by which the work goes on; without one of them among the options, the first option.
_GOING_ON = ("resume", "continue", "edit")


@frozen
class Asked:
    """A question about a work package that nobody has answered.

    Args:
        options: answers that the tool acts on; empty for free text.
    """

    decision_id: str
    text: str
    options: tuple[str, ...] = ()


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
    question: Asked | None = None

    @property
    def open_needs(self) -> tuple[tuple[str, Lane | None], ...]:
        """What it still waits for."""
        return tuple((need, lane) for need, lane in self.needs if lane not in SATISFIED)


def to_claim(facts: ClaimFacts) -> list[Unmet]:
    """Every unmet condition of planned -> claimed, each with the command that meets it."""
    wp_id, at = facts.wp_id, f"--mission {facts.slug}"
    found: list[Unmet] = []
    if facts.lane is not Lane.PLANNED:
        said = f"{wp_id} is {facts.lane}, and only a planned work package can be claimed"
        fix = f'spec-kitty agent tasks move-task {wp_id} --to planned --force --note "why" {at}'
        found.append(Unmet("WP_NOT_CLAIMABLE", said, fix, wp_id))
    if facts.lane_id is None:
        fix = f"spec-kitty agent mission finalize-tasks {at}"
        found.append(Unmet("LANES_MISSING", f"{wp_id} has no lane yet", fix, wp_id))
    for need, lane in facts.open_needs:
        said = f"{wp_id} waits for {need} ({lane or 'not planned'})"
        found.append(Unmet("DEPENDENCIES_NOT_SATISFIED", said, way_on(need, lane, facts.slug), need))
    for other in facts.busy:
        quiet = " and has gone quiet" if other.quiet else ""
        said = f"{facts.lane_id} of {wp_id} is busy: {other.wp_id} is held by {other.holder}{quiet}"
        fix = f"spec-kitty doctor --reap {other.wp_id}" if other.quiet else "spec-kitty next --agent NAME --wait 60"
        found.append(Unmet("LANE_BUSY", said, f"{fix} {at}", other.wp_id))
    if facts.question is not None:
        found.append(decision_open(wp_id, facts.slug, facts.question))
    return found


def decision_open(wp_id: str, slug: str, question: Asked) -> Unmet:
    """A question that has to be answered first."""
    options = question.options
    answer = next((each for each in _GOING_ON if each in options), None) or next(iter(options), '"your answer"')
    fix = f"spec-kitty next --agent NAME --mission {slug} --decision-id {question.decision_id} --answer {answer}"
    told = f" ({', '.join(options)})" if options else ""
    return Unmet("DECISION_OPEN", f"{question.text}{told}", fix, wp_id)
