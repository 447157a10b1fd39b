"""What the next move of a work package, or of a mission, wants: all of it at once, met and unmet; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from specify_cli.conditions import accept_rules, landing_rules, merge_rules
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.errors import SpecKittyError, Unmet
from specify_cli.kernel.values import as_dict, frozen, replace
from specify_cli.status.models import Lane

ACCEPT, MERGE = "accept", "merge"
CHANGE = "change"  # whatever comes next, where nothing can be changed
# What stops `accept` too, before it looks at anything else.
_BEFORE_ALL = frozenset({"TARGET_NOT_CHECKED_OUT", "NO_GIT_IDENTITY"})
# What nobody can look up without lanes.
_IN_THE_FORECAST = frozenset(
    {
        "MERGE_CONFLICT",
        "CONFLICT_MARKERS",
        "LANE_BRANCH_MISSING",
        "APPROVED_COMMIT_MISSING",
        "UNREVIEWED_COMMITS",
        "REVIEW_OUTDATED",
        "TARGET_BEHIND_REMOTE",
    }
)
# Where a work package goes next; approved ones go with their mission, done and canceled ones nowhere.
NEXT: Mapping[Lane, Lane] = {
    Lane.PLANNED: Lane.CLAIMED,
    Lane.CLAIMED: Lane.FOR_REVIEW,
    Lane.IN_PROGRESS: Lane.FOR_REVIEW,
    Lane.FOR_REVIEW: Lane.IN_REVIEW,
    Lane.IN_REVIEW: Lane.APPROVED,
    Lane.BLOCKED: Lane.IN_PROGRESS,
}


@frozen
class Wanted:
    """An unmet condition, and the move that wants it."""

    move: str
    unmet: Unmet

    def to_dict(self) -> dict[str, str | None]:
        """The shape in JSON answers."""
        return {**self.unmet.to_dict(), "move": self.move}


@frozen
class Held:
    """Who holds a work package.

    Args:
        since: when that began.
        state: active, quiet, or elsewhere (never seen at work in this clone).
        last_seen: when it was last seen at work; None elsewhere.
    """

    actor: str
    session: str | None
    since: str
    state: str
    last_seen: str | None = None

    to_dict = as_dict


@frozen
class Why:
    """What the next move wants.

    Args:
        wp_id, lane: the work package and where it is; None for the mission.
        next_move: the lane that comes next, a planning step, `accept` or `merge`; None at the end of the way.
        command: makes that move once nothing is unmet.
        unmet: every condition that does not hold.
        met: those that do: code -> in words.
        held: who holds the work package.
    """

    mission_slug: str
    wp_id: str | None
    lane: Lane | None
    next_move: str | None
    command: Command
    unmet: tuple[Wanted, ...] = ()
    met: Mapping[str, str] | None = None
    held: Held | None = None

    @property
    def next_step(self) -> Command:
        """The command that comes first."""
        return next((each.unmet.fix for each in self.unmet if each.unmet.fix), self.command)

    def to_dict(self) -> dict[str, object]:
        """The JSON answer."""
        return {
            "mission_slug": self.mission_slug,
            "wp_id": self.wp_id,
            "lane": self.lane.value if self.lane else None,
            "next_move": self.next_move,
            "unmet": [each.to_dict() for each in self.unmet],
            "met": [{"code": code, "what": what} for code, what in (self.met or {}).items()],
            "holder": self.held.to_dict() if self.held else None,
            "next_step": self.next_step,
        }

    def of_package(self, wp_id: str, lane: Lane) -> Why:
        """The same answer for an approved work package, which goes on with its mission."""
        return replace(self, wp_id=wp_id, lane=lane)


def met_of(wants: Mapping[str, str], unmet: Sequence[Unmet], undecided: Collection[str] = ()) -> dict[str, str]:
    """The conditions that hold, in words: those that are neither unmet nor undecided."""
    left_out = {each.code for each in unmet} | set(undecided)
    return {code: what for code, what in wants.items() if code not in left_out}


def of_mission(
    slug: str, *, merged: bool, to_accept: Sequence[Unmet], to_merge: Sequence[Unmet], forecast: bool
) -> Why:
    """What a mission wants until it is merged.

    While it is not accepted, what `accept` wants comes first, then what only `merge` wants.

    Args:
        merged: whether it is merged already.
        to_accept: what `accept` finds unmet.
        to_merge: what `merge` finds unmet.
        forecast: whether the merge could be forecast; without lanes it cannot.
    """
    if merged:
        return Why(slug, None, None, None, spec_kitty("mission list"))
    undecided = frozenset() if forecast else _IN_THE_FORECAST
    accepted = not any(each.code in ("NOT_ACCEPTED", "ACCEPTANCE_STALE") for each in to_merge)
    if accepted:
        met = met_of(merge_rules.WANTS, to_merge, undecided)
        return Why(slug, None, None, MERGE, _command(MERGE, slug), _wanted(MERGE, to_merge), met)
    first = [*(each for each in to_merge if each.code in _BEFORE_ALL), *to_accept]
    known = {(each.code, each.subject) for each in first}
    then = [each for each in to_merge if (each.code, each.subject) not in known]
    wants = {**accept_rules.WANTS, **merge_rules.WANTS}
    met = met_of(wants, [*first, *then], undecided)
    # An acceptance that is missing or stale is the move itself, not something met.
    met = {code: what for code, what in met.items() if code not in ("NOT_ACCEPTED", "ACCEPTANCE_STALE")}
    return Why(slug, None, None, ACCEPT, _command(ACCEPT, slug), _wanted(ACCEPT, first) + _wanted(MERGE, then), met)


def of_landing(slug: str, base: str, unmet: Sequence[Unmet], command: Command) -> Why:
    """What a mission wants that is merged into its own branch, until it lands.

    Args:
        base: where.
        command: lands it once nothing is unmet.
    """
    move = f"{MERGE} --into {base}"
    return Why(slug, None, None, move, command, _wanted(move, unmet), met_of(landing_rules.WANTS, unmet))


def of_reading(slug: str, refusal: SpecKittyError) -> Why:
    """What a mission wants that can be read here and not changed."""
    unmet = Unmet(refusal.code, refusal.message, refusal.hint, slug)
    return Why(slug, None, None, CHANGE, spec_kitty("status", "--mission", slug), _wanted(CHANGE, [unmet]))


def _wanted(move: str, unmet: Sequence[Unmet]) -> tuple[Wanted, ...]:
    return tuple(Wanted(move, each) for each in unmet)


def _command(move: str, slug: str) -> Command:
    return spec_kitty(move, "--mission", slug)


def of_package(
    slug: str,
    wp_id: str,
    lane: Lane,
    unmet: Sequence[Unmet],
    met: Mapping[str, str],
    command: Command,
    held: Held | None = None,
) -> Why:
    """What a work package wants for its next move; approved ones are answered by their mission.

    Args:
        lane: where it is.
        unmet, met: the conditions of that move.
        command: makes the move once nothing is unmet.
    """
    target = NEXT.get(lane)
    if target is None:
        return Why(slug, wp_id, lane, None, command)
    return Why(slug, wp_id, lane, target.value, command, _wanted(target.value, unmet), met, held)
