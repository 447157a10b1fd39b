"""What a work package that was handed over still wants before it is approved; pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from specify_cli.conditions.ways import verdicts, way_on
from specify_cli.kernel.commands import command, git_command, spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane


@frozen
class ReviewFacts:
    """What is known of a work package in review, or waiting for one.

    Args:
        lane: for_review or in_review.
        implementer: who built it, in words; None where nobody knows.
        own_allowed: whether its implementer may review it too.
        reviewer: how whoever reviews it names itself in a command; None while nobody does.
        holder: the same with the session, in words.
    """

    wp_id: str
    slug: str
    lane: Lane
    implementer: str | None = None
    own_allowed: bool = True
    reviewer: tuple[str, ...] | None = None
    holder: str | None = None


def to_review(facts: ReviewFacts) -> list[Unmet]:
    """A reviewer where there is none, else the verdict; with the command that gives it."""
    wp_id = facts.wp_id
    if facts.lane is Lane.FOR_REVIEW:
        said = f"nobody reviews {wp_id} yet; {_who_may(facts)}"
        return [Unmet("REVIEW_MISSING", said, way_on(wp_id, facts.lane, facts.slug), wp_id)]
    flags = facts.reviewer or ("--agent", "NAME")
    approve, reject = verdicts(wp_id, facts.slug, *flags)
    said = (
        f"{facts.holder or 'somebody'} reviews {wp_id} and has given no verdict: approve it (`{approve}`) or send it "
        f"back (`{reject}`)"
    )
    again = spec_kitty("agent action review", wp_id, *flags, "--mission", facts.slug)
    return [Unmet("REVIEW_VERDICT_MISSING", said, again, wp_id)]


def _who_may(facts: ReviewFacts) -> str:
    if facts.implementer is None:
        return "anybody may"
    if facts.own_allowed:
        return f"anybody may, {facts.implementer}, who built it, too"
    return f"anybody may but {facts.implementer}, who built it"


@frozen
class VerdictFacts:
    """What is known of a work package that somebody wants to approve.

    Args:
        slug: the mission.
        head: the commit that was recorded when its review was claimed, else when it was handed over; None without one.
        now: the head of its work as it is now.
        base: the commit that its work began from.
        changed: files in which the head differs from the base; None where this clone lacks one of the two.
        workspace: where the work is in this clone; None where it is not.
        branch: of its lane.
        dirty: its uncommitted files there.
        inside: those of them that are submodules with uncommitted content of their own.
        no_change: why nothing had to be changed, in the words of whoever handed it over.
    """

    wp_id: str
    slug: str
    head: str | None
    now: str | None
    base: str | None
    changed: tuple[str, ...] | None
    workspace: str | None = None
    branch: str = ""
    dirty: tuple[str, ...] = ()
    no_change: str | None = None
    inside: tuple[str, ...] = ()


def outdated(facts: VerdictFacts) -> Iterator[Unmet]:
    """The reviewer was shown what is there now."""
    if facts.head is None or facts.now is None or facts.now == facts.head:
        return
    said = (
        f"{facts.wp_id} was reviewed at {facts.head[:10]}, and {facts.branch} is at {facts.now[:10]} now:"
        " take the review once more, so that you are shown all of it"
    )
    words = ("agent action review", facts.wp_id, "--agent", "NAME", "--mission", facts.slug)
    yield Unmet("REVIEW_OUTDATED", said, spec_kitty(*words), facts.wp_id)


def left_uncommitted(facts: VerdictFacts) -> Iterator[Unmet]:
    """Nothing of it is uncommitted."""
    if facts.dirty:
        said = f"uncommitted in {facts.workspace}, and so in no review: {some(facts.dirty)}"
        words = ("stash", "push", "--include-untracked", "-m", f"left over when {facts.wp_id} was reviewed", "--")
        where, files = PurePath(str(facts.workspace)), facts.dirty
        if facts.inside:
            where, files = where / facts.inside[0], (".",)
        yield Unmet("WORKTREE_DIRTY", said, git_command(where, *words, *files), facts.wp_id)


def nothing_done(facts: VerdictFacts) -> Iterator[Unmet]:
    """It changes something, or was handed over without a change."""
    if facts.changed is None:
        said = f"this clone has no commit {(facts.head or '')[:10]} of {facts.wp_id}, so nobody here can have read it"
        yield Unmet("LANE_BRANCH_MISSING", said, command("git", "fetch", "--all"), facts.wp_id)
    elif not facts.changed and facts.no_change is None:
        what = "no file differs between its base and its head" if facts.head else "no commit of it is known here"
        said = f"{facts.wp_id} changes nothing: {what}. Send it back"
        yield Unmet("NO_CHANGES", said, None, facts.wp_id)
