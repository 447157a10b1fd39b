"""A merge being made: the intent is written down, then every reference moves at once."""

from __future__ import annotations

from specify_cli.core.commits import commit_lock
from specify_cli.kernel import locks
from specify_cli.kernel.errors import Conflict, Unavailable
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.merge import intent as intents
from specify_cli.merge import preparing, settling
from specify_cli.merge.case import Case
from specify_cli.merge.intent import Intent
from specify_cli.status.emit import Writer


def make(case: Case) -> Intent:
    """Make a merge: afterwards references, checkout and journals are new, and what is left needs no hurry.

    Raises:
        Refused: `DIRTY_OVERLAP`, `REBASE_NOT_LINEAR`, `NO_REMOTE`.
        Conflict: `MISSION_MOVED`, `REFS_MOVED`.
        Unavailable: `MERGE_INCOMPLETE`: the references moved and the checkout could not follow.
    """
    place, doing = case.place, f"merge {case.place.slug}"
    with locks.held(place.lock, timeout=30.0, doing=doing), locks.held(commit_lock(place), timeout=60.0, doing=doing):
        # It only says what the lines will be: they are written when the references have moved.
        log = Writer(place, publish="milestone")
        _check_unmoved(case, log)
        intent = preparing.prepare(case, log)
        _move(case, intent)
        return settling.bring_along(place, intent)


def _check_unmoved(case: Case, log: Writer) -> None:
    if log.snapshot.last_event_id != case.status.snapshot.last_event_id:
        raise Conflict(
            f"a work package of {case.place.slug} moved while the merge was computed",
            "MISSION_MOVED",
            hint=f"spec-kitty merge --mission {case.place.slug}",
        )


def _move(case: Case, intent: Intent) -> None:
    """Write the intent down and move every reference at once.

    Raises:
        Conflict: `REFS_MOVED`; then none has moved, and the intent is gone.
    """
    git, repo = case.git, case.place.repo
    left_over = git.resolve(intent.guard) or ZERO
    intents.write(repo, intent)
    try:
        git.update_refs([RefUpdate(intent.guard, left_over, intent.new)], "spec-kitty: about to merge")
        git.update_refs(intent.refs, f"spec-kitty({intent.mission_slug}): merge")
    except Unavailable as error:
        if settling.moved(git, intent):
            return
        settling.drop(repo, intent)
        raise Conflict(
            f"git did not move the branches of {intent.mission_slug}; nothing has changed: {error.message}",
            "REFS_MOVED",
            hint=f"spec-kitty merge --mission {intent.mission_slug}",
        ) from error
