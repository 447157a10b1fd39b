"""Writing to a mission's logs: read, decide and append inside one hold of the mission's lock.

Of two that claim a work package at once one wins; the other is told who holds it. What is written is later than
everything before it, in time and in id, whatever the clock did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Unpack

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, ids, locks
from specify_cli.kernel.commands import Command, spec_kitty, the_call
from specify_cli.kernel.errors import Conflict, Refused, Unmet
from specify_cli.kernel.text import is_ulid
from specify_cli.kernel.values import replace
from specify_cli.status import lines, mission_log, reading, store, transitions
from specify_cli.status.holders import Holder, holders
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import BOOTSTRAP_ACTOR, BOOTSTRAP_REASON, Lane, StatusEvent, StatusSnapshot
from specify_cli.status.moves import MoveOptions, context_of
from specify_cli.status.problems import Problem
from specify_cli.status.reducer import Fold
from specify_cli.status.transitions import MoveContext

LOCK_TIMEOUT = 120.0  # seconds; many agents may queue on a busy machine, and each holds the lock for moments


class TransitionError(Refused):
    """A move that the rules do not allow, with every condition that does not hold in `details.unmet`."""


class Writer:
    """A mission's logs while their lock is held; made by `writing`. What it is told is written when the block ends."""

    def __init__(self, place: MissionPlace, publish: str, seen: reading.Status | None = None) -> None:
        self._place = place
        self._moves_log = store.status_log(place, publish)
        self._facts_log = store.mission_log_file(place, publish)
        before = (seen.readings if seen is not None else None) or (None, None)
        moves = store.read_values(self._moves_log, before[0])
        facts = store.read_values(self._facts_log, before[1])
        self.events, odd_moves = reading.status_events(moves)
        self.mission_events, odd_facts = reading.mission_events_of(facts)
        self.problems: list[Problem] = [*moves.problems, *odd_moves, *facts.problems, *odd_facts]
        self._fold = Fold.of(self.events)
        unrecorded = (moves.objects[index] for index in moves.unrecorded)
        self._unrecorded = [each for each in unrecorded if isinstance(each, StatusEvent)]
        self._new_moves: list[StatusEvent] = []
        self._new_facts: list[MissionEvent] = []
        written = [(event.at, event.event_id) for event in self.events]
        written += [(event.at, event.event_id) for event in self.mission_events]
        self._last_at = max((clock.sort_key(at) for at, _ in written), default="")
        self._last_id = max((event_id for _, event_id in written if is_ulid(event_id)), default=None)

    @property
    def snapshot(self) -> StatusSnapshot:
        """Where the mission stands, the moves of this block included."""
        return reading.described(self._fold.snapshot(), self._place)

    def holders(self) -> Mapping[str, Holder]:
        """Who holds each work package that somebody holds."""
        return holders(self._fold.snapshot(), self.mission_events)

    def move(self, wp_id: str, to_lane: str, *, actor: str, **options: Unpack[MoveOptions]) -> StatusEvent:
        """Move a work package.

        Args:
            wp_id: its id; that it exists is the caller's knowledge.
            to_lane: a lane name; the alias `doing` is understood.
            actor: who moves it.
            options: see `moves.MoveOptions`.

        Raises:
            TransitionError: `TRANSITION_REJECTED`, with every unmet condition.
            Conflict: `WP_ALREADY_CLAIMED`, naming the holder.
        """
        source, target = self._fold.lane_of(wp_id), require_lane(to_lane)
        context = self._allowed(wp_id, source, target, actor, options)
        last = self._fold.last_applied(wp_id)
        prev = last.event_id if last and not context.force and self._place.mission_id else None
        event = StatusEvent(
            event_id=self._next_id(),
            mission_slug=self._place.slug,
            wp_id=wp_id,
            from_lane=source,
            to_lane=target,
            at=self._next_at(),
            actor=actor,
            force=context.force,
            execution_mode=options.get("execution_mode", "worktree"),
            reason=context.reason,
            review_ref=context.review_ref,
            evidence=context.evidence,
            policy_metadata=options.get("policy_metadata"),
            mission_id=self._place.mission_id,
            session=options.get("session") or None,
            prev=prev,
            self_review=options.get("self_review", False),
            workspace=options.get("workspace"),
            session_source=options.get("session_source") if options.get("session") else None,
            no_change=options.get("no_change"),
        )
        self._fold.apply(event)
        self.events.append(event)
        self._new_moves.append(event)
        return event

    def bootstrap(self, wp_id: str) -> StatusEvent | None:
        """Introduce a work package as planned; None where the log knows it already."""
        if self._fold.last_applied(wp_id) is not None:
            return None
        return self.move(wp_id, Lane.PLANNED, actor=BOOTSTRAP_ACTOR, force=True, reason=BOOTSTRAP_REASON)

    def record(
        self,
        type: str,
        *,
        actor: str,
        session: str | None = None,
        wp_id: str | None = None,
        data: Mapping[str, object] | None = None,
    ) -> MissionEvent:
        """Record a fact in the mission log: `type` is a key of `mission_log.TYPES`, `data` holds JSON values.

        Raises:
            Refused: `UNKNOWN_EVENT_TYPE`.
        """
        event = MissionEvent(
            event_id=self._next_id(),
            at=self._next_at(),
            actor=actor,
            session=session or None,
            mission_id=self._place.mission_id,
            mission_slug=self._place.slug,
            type=mission_log.require_type(type),
            wp_id=wp_id,
            data=data or {},
        )
        self.mission_events.append(event)
        self._new_facts.append(event)
        return event

    def flush(self) -> None:
        """Write what was told so far. The facts go first: a move is what makes the rest count.

        Raises:
            Refused: `EVENT_TOO_LONG`; then nothing was written.
        """
        facts = [event.to_dict() for event in self._new_facts]
        moves = [event.to_dict() for event in self._new_moves]
        for entry in (*facts, *moves):
            lines.require_length(entry)
        moved = {event.wp_id for event in self._new_moves}
        basis = [event.to_dict() for event in self._unrecorded if event.wp_id in moved]
        self._unrecorded = [event for event in self._unrecorded if event.wp_id not in moved]
        told_facts = [" ".join(filter(None, (event.type, event.wp_id))) for event in self._new_facts]
        told_moves = [f"{event.wp_id} {event.from_lane} → {event.to_lane}" for event in self._new_moves]
        self._new_facts, self._new_moves = [], []
        self.problems.extend(store.append(self._facts_log, facts))
        the_call().recorded += told_facts
        self.problems.extend(store.append(self._moves_log, moves, basis))
        the_call().recorded += told_moves

    def _allowed(self, wp_id: str, source: Lane, target: Lane, actor: str, options: MoveOptions) -> MoveContext:
        context = _context(actor, target, options)
        if not context.force:
            self._refuse_if_held(wp_id, source, target, Holder(actor, options.get("session") or None))
        problems = transitions.unmet(source, target, context, wp_id) or _actor_missing(actor, target, wp_id)
        if problems:
            at = ("--mission", self._place.slug)
            who = actor if actor.strip() else "NAME"
            told = [replace(each, fix=each.fix and _filled(each.fix, who).adding(*at)) for each in problems]
            raise _rejected(wp_id, source, target, told)
        return context

    def _refuse_if_held(self, wp_id: str, source: Lane, target: Lane, mover: Holder) -> None:
        if source not in transitions.CONTESTED.get(target, ()):
            return
        holder = self.holders().get(wp_id)
        if holder is None or holder == mover:
            return
        raise Conflict(
            f"{wp_id} is {source} and held by {holder}",
            "WP_ALREADY_CLAIMED",
            hint=spec_kitty("next", "--agent", mover.actor, "--mission", self._place.slug),
            details={
                "mission_slug": self._place.slug,
                "wp_id": wp_id,
                "lane": source.value,
                "claimed_by": holder.actor,
                "claimed_by_session": holder.session,
                "requesting_actor": mover.actor,
            },
        )

    def _next_at(self) -> str:
        """Now, but later than everything in the log."""
        at = clock.stamp()
        if at <= self._last_at:
            # At the end of time the ids alone keep the order.
            with suppress(ValueError, OverflowError):
                self._last_at = clock.stamp(clock.just_after(self._last_at))
            at = self._last_at
        self._last_at = at
        return at

    def _next_id(self) -> str:
        """A fresh id, greater than every id in the log where there is one."""
        try:
            self._last_id = ids.next_id(self._last_id)
        except (ValueError, OverflowError):
            self._last_id = ids.new_id()
        return self._last_id


@contextmanager
def writing(
    place: MissionPlace, *, publish: str = "milestone", doing: str = "", seen: reading.Status | None = None
) -> Iterator[Writer]:
    """Hold a mission's lock and write to its logs: all of it when the block ends well, nothing when it raises.

    Args:
        place: the mission.
        publish: `milestone`, or `always` to append to the published copies too.
        doing: what others are told who wait for the lock.
        seen: the logs as they were read before: they are parsed again only where their files have changed.

    Raises:
        Conflict: `LOCKED`.
        Refused, Unavailable: the mission can only be read here; a log cannot be read or written.
    """
    place.require_writable()
    with locks.held(place.lock, timeout=LOCK_TIMEOUT, doing=doing):
        writer = Writer(place, publish, seen)
        yield writer
        writer.flush()


def require_lane(text: str) -> Lane:
    """The lane that an input names.

    Raises:
        TransitionError: `TRANSITION_REJECTED`: there is none.
    """
    lane = transitions.parse_lane(text)
    if lane is None:
        names = ", ".join(transitions.CANONICAL_LANES)
        raise TransitionError(
            f"there is no lane {text!r}; the lanes are {names}", "TRANSITION_REJECTED", details={"to_lane": text}
        )
    return lane


def _context(actor: str, target: Lane, options: MoveOptions) -> MoveContext:
    try:
        return context_of(actor, target, options)
    except Refused as error:
        raise TransitionError(error.message, "TRANSITION_REJECTED", error.hint) from error


def _filled(fix: str, who: str) -> Command:
    """A fix with the mover's name wherever it leaves a place for one."""
    steps = fix.steps if isinstance(fix, Command) else ()
    return Command(*([who if word == "NAME" else word for word in step] for step in steps))


def _actor_missing(actor: str, target: Lane, wp_id: str) -> list[Unmet]:
    if actor.strip():
        return []
    hint = spec_kitty("agent tasks move-task", wp_id, "--to", target, "--agent", "NAME")
    return [Unmet("actor", "every move wants an actor", hint, wp_id)]


def _rejected(wp_id: str, source: Lane, target: Lane, problems: list[Unmet]) -> TransitionError:
    return TransitionError(
        f"{wp_id} cannot go from {source} to {target}",
        "TRANSITION_REJECTED",
        details={
            "wp_id": wp_id,
            "from_lane": source.value,
            "to_lane": target.value,
            "allowed": [lane.value for lane in transitions.allowed_targets(source)],
        },
        unmet=problems,
    )
