"""A merge being made: the intent is written down, then every reference moves at once."""

from __future__ import annotations

from collections.abc import Callable

from specify_cli.core.commits import commit_lock
from specify_cli.home import MissionPlace
from specify_cli.kernel import locks
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Conflict, Unavailable
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.text import some
from specify_cli.merge import intent as intents
from specify_cli.merge import preparing, settling
from specify_cli.merge.case import Case
from specify_cli.merge.intent import Intent
from specify_cli.status.emit import Writer
from specify_cli.status.reading import Status


def make(case: Case) -> Intent:
    """Make a merge: afterwards references, checkout and journals are new, and what is left needs no hurry.

    Raises:
        Refused: `DIRTY_OVERLAP`, `REBASE_NOT_LINEAR`, `NO_REMOTE`.
        Conflict: `MISSION_MOVED`, `REFS_MOVED`.
        Unavailable: `MERGE_INCOMPLETE`: the references moved and the checkout could not follow.
    """
    return carry_out(case.place, case.place, case.status, lambda log: preparing.prepare(case, log))


def carry_out(place: MissionPlace, target: MissionPlace, status: Status, prepare: Callable[[Writer], Intent]) -> Intent:
    """Compute a merge to its last byte, write the intent down, and move everything.

    Args:
        target: the mission as the branch sees it that moves.
        status: the logs as they were when nothing was found to speak against it.
        prepare: computes it; the locks are held.

    Raises:
        as `make`.
    """
    doing = f"merge {place.slug}"
    with locks.held(place.lock, timeout=30.0, doing=doing), locks.held(commit_lock(place), timeout=60.0, doing=doing):
        # It only says what the lines will be: they are written when the references have moved.
        log = Writer(place, publish="milestone")
        _check_unmoved(place, status, log)
        intent = prepare(log)
        _move(place, intent)
        return settling.bring_along(target, intent)


def _check_unmoved(place: MissionPlace, status: Status, log: Writer) -> None:
    if log.snapshot.last_event_id != status.snapshot.last_event_id:
        raise Conflict(
            f"a work package of {place.slug} moved while the merge was computed",
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
        other = [
            each.ref for each in intent.refs if each.ref != intent.guard and (git.resolve(each.ref) or ZERO) != each.old
        ]
        said, hint = f"git did not move the branches of {intent.mission_slug}: {error.message}", None
        if other:
            # What else has become of it now is worth a look before the next try.
            said = f"{some([name.removeprefix('refs/heads/') for name in other])} moved while the merge was computed"
            hint = spec_kitty("why", "--mission", intent.mission_slug)
        raise Conflict(f"{said}; nothing has changed", "REFS_MOVED", hint=hint) from error
