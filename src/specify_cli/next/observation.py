"""All that a decision of the loop depends on, as values."""

from __future__ import annotations

from enum import IntEnum

from specify_cli.conditions.questions import Question
from specify_cli.kernel.commands import Command
from specify_cli.kernel.values import frozen
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane


def with_fix(missing: str) -> tuple[str, Command | None]:
    """What a guard wants, and the command that meets it where the text goes on with one."""
    what, _, fix = missing.partition(" (fix: ")
    return what, Command.parsed(fix.removesuffix(")")) if fix else None


@frozen
class PlanningView:
    """A planning step as it stands.

    Args:
        unmet: what its document still lacks.
        finished: reported, committed by a person, or followed by finalize-tasks.
        overtaken: finalize-tasks has done with what the document says, so what it lacks is only a warning.
        questions: what a person has to say first: clarifications left in the document, a report of being blocked.
    """

    name: str
    unmet: tuple[str, ...] = ()
    finished: bool = False
    overtaken: bool = False
    questions: tuple[Question, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the next step may begin."""
        return self.finished and not self.questions and (self.overtaken or not self.unmet)


@frozen
class OpenStep:
    """A step that was handed out and not reported; `at` is when, `ended` as in `PackageView`."""

    step_id: str
    action: str
    holder: Holder
    wp_id: str | None = None
    quiet: bool = False
    at: str = ""
    ended: bool = False


class Kinship(IntEnum):
    """Whose work a review would judge; the lower the better."""

    OTHER_AGENT = 0
    OTHER_SESSION = 1
    OWN = 2


@frozen
class PackageView:
    """A work package as it stands.

    Args:
        needs: work packages that must be approved or done first: dependencies and those ordered before it.
        holder: who works on it or reviews it.
        owner: who holds it or worked on it last; a question about it goes there first.
        quiet: whether that holder has gone quiet.
        reviewable: whether we may review it.
        kinship: how near its implementer is to us as its reviewer.
        given_back: whether we gave it back ourselves, as work or as a review.
        returned: its implementer, who is still at work here and to whom it was sent back; it is kept for them.
        awaited: whether another session waits that could review it.
        broken: what is wrong with its header; nobody is sent to such work.
        question: a decision it waits for, not yet answered.
        ended: whether its holder's program is known to have ended, so that it is quiet soon.
    """

    wp_id: str
    lane: Lane
    lane_id: str | None = None
    needs: tuple[str, ...] = ()
    holder: Holder | None = None
    owner: Holder | None = None
    quiet: bool = False
    reviewable: bool = True
    kinship: Kinship = Kinship.OTHER_AGENT
    given_back: bool = False
    question: Question | None = None
    returned: Holder | None = None
    awaited: bool = False
    broken: str = ""
    ended: bool = False


@frozen
class Observation:
    """All that a decision depends on.

    Args:
        me: who asks; None for a query by nobody.
        planning: the planning steps in order.
        packages: the work packages in id order.
        open_steps: steps handed out and not reported.
        accepted: whether the mission is accepted (and nothing was reopened since).
        merged: whether it is merged.
        merge_auto: whether merging is a step of the loop.
        merge_command: what merges it, or records what a host has merged.
        lands_by: what is left once it is merged into a branch of its own, in words; empty for nothing.
        ending: what a person has to say before the mission can be accepted or merged.
        set_aside: work packages that could not be handed out in this turn.
        only: the actions that may be handed out; empty for any.
        has_packages: whether such a mission consists of work packages, and not of documents alone.
    """

    me: Holder | None
    planning: tuple[PlanningView, ...]
    packages: tuple[PackageView, ...]
    open_steps: tuple[OpenStep, ...] = ()
    accepted: bool = False
    merged: bool = False
    merge_auto: bool = False
    merge_command: str = ""
    lands_by: str = ""
    mission_slug: str = ""
    ending: Question | None = None
    set_aside: frozenset[str] = frozenset()
    has_packages: bool = True
    only: frozenset[str] = frozenset()

    def hands_out(self, action: str) -> bool:
        """Whether a step of that action may be handed out in this turn."""
        return not self.only or action in self.only


@frozen
class Waiting:
    """What we would need, and who has it.

    Args:
        holder: None where anybody else may take it, or somebody has yet to come.
        ended: whether the holder's program is known to have ended.
    """

    what: str
    holder: Holder | None = None
    ended: bool = False

    def to_dict(self) -> dict[str, str | None]:
        """The shape in `waiting_for`."""
        holder = self.holder
        return {
            "what": self.what,
            "actor": holder.actor if holder else None,
            "session": holder.session if holder else None,
        }
