"""A merge being made: the intent is written down, then every reference moves at once.

Its commits are made before any lock of the mission is taken: a program that signs may wait for a person, and agents go
on working meanwhile. What they recorded is looked at again with the locks held.
"""

from __future__ import annotations

from collections.abc import Callable

from specify_cli.conditions.accept_facts import last_acceptance
from specify_cli.core.commits import commit_lock
from specify_cli.home import MissionPlace
from specify_cli.kernel import locks
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Conflict, Unavailable
from specify_cli.kernel.git import ZERO, Git, RefUpdate
from specify_cli.kernel.text import some
from specify_cli.merge import intent as intents
from specify_cli.merge import preparing, settling
from specify_cli.merge.case import Case
from specify_cli.merge.intent import Intent
from specify_cli.status.emit import Writer
from specify_cli.status.reading import Status

_TRIES = 3  # commits are made anew when something was recorded meanwhile that the merge does not depend on


def make(case: Case) -> Intent:
    """Make a merge: afterwards references, checkout and journals are new, and what is left needs no hurry.

    Raises:
        Refused: `DIRTY_OVERLAP`, `REBASE_NOT_LINEAR`, `NO_REMOTE`.
        Conflict: `MISSION_MOVED`, `REFS_MOVED`.
        Unavailable: `MERGE_INCOMPLETE`: the references moved and the checkout could not follow.
    """
    return carry_out(case.place, case.place, case.status, lambda log: preparing.prepare(case, log), preparing.rehearsed)


def carry_out(
    place: MissionPlace,
    target: MissionPlace,
    status: Status,
    prepare: Callable[[Writer], Intent],
    rehearse: Callable[[MissionPlace, Intent], Intent],
) -> Intent:
    """Compute a merge to its last byte, write the intent down, and move everything.

    Args:
        target: the mission as the branch sees it that moves.
        status: the logs as they were when nothing was found to speak against it.
        prepare: computes it; no lock but that of merges is held.
        rehearse: finds out whether the checkout can follow; the locks are held.

    Raises:
        as `make`.
    """
    doing = f"merge {place.slug}"
    for _ in range(_TRIES):
        # It only says what the lines will be: they are written when the references have moved.
        log = Writer(place, publish="milestone")
        _check_unmoved(place, status, log)
        seen = _recorded(log)
        intent = prepare(log)
        with (
            locks.held(place.lock, timeout=30.0, doing=doing),
            locks.held(commit_lock(place), timeout=60.0, doing=doing),
        ):
            now = Writer(place, publish="milestone")
            _check_unmoved(place, status, now)
            if _recorded(now) != seen:
                continue
            if place.git.branch_tip(intent.target_branch) != intent.old:
                raise _refs_moved(place.git, intent, f"{intent.target_branch} moved")
            intent = rehearse(target, intent)
            _move(place, intent)
            return settling.bring_along(target, intent)
    raise _moved_on(place, f"{place.slug} was written to")


def _recorded(log: Writer) -> list[str]:
    return [*(event.event_id for event in log.events), *(event.event_id for event in log.mission_events)]


def _check_unmoved(place: MissionPlace, status: Status, log: Writer) -> None:
    if log.snapshot.last_event_id != status.snapshot.last_event_id:
        raise _moved_on(place, f"a work package of {place.slug} moved")
    if last_acceptance(log.mission_events) != last_acceptance(status.mission_events):
        raise _moved_on(place, f"the acceptance of {place.slug} changed")


def _moved_on(place: MissionPlace, what: str) -> Conflict:
    return Conflict(
        f"{what} while the merge was computed; nothing has changed",
        "MISSION_MOVED",
        hint=spec_kitty("why", "--mission", place.slug),
    )


def _move(place: MissionPlace, intent: Intent) -> None:
    """Write the intent down and move every reference at once.

    Raises:
        Conflict: `REFS_MOVED`; then none has moved, and the intent is gone.
    """
    git, repo = place.git, place.repo
    left_over = git.resolve(intent.guard) or ZERO
    intents.write(repo, intent)
    try:
        git.update_refs([RefUpdate(intent.guard, left_over, intent.new)], "spec-kitty: about to merge")
        git.update_refs(intent.refs, f"spec-kitty({intent.mission_slug}): merge")
    except Unavailable as error:
        if settling.moved(git, intent):
            return
        settling.drop(repo, intent)
        git_said = f"git did not move the branches of {intent.mission_slug}: {error.message}"
        refusal = _refs_moved(git, intent, git_said)
        if error.code in ("DISK_FULL", "STATE_READ_ONLY"):
            raise Unavailable(f"{git_said}; nothing has changed", error.code, error.hint) from error
        raise refusal from error


def _refs_moved(git: Git, intent: Intent, otherwise: str) -> Conflict:
    """The refusal: it names the branches that somebody has moved; where there is none, what else it was."""
    refs = [each for each in intent.refs if each.ref != intent.guard]
    other = [each.ref for each in refs if (git.resolve(each.ref) or ZERO) != each.old]
    said, hint = otherwise, None
    if other:
        # What else has become of it now is worth a look before the next try.
        said = f"{some([name.removeprefix('refs/heads/') for name in other])} moved while the merge was computed"
        hint = spec_kitty("why", "--mission", intent.mission_slug)
    return Conflict(f"{said}; nothing has changed", "REFS_MOVED", hint=hint)
