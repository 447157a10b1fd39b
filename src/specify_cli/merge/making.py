"""A merge being made: the intent is written down, then every reference moves at once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from specify_cli.kernel import locks
from specify_cli.kernel.errors import Conflict, Refused, SpecKittyError, Unavailable
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.text import quoted
from specify_cli.merge import checkout, preparing, settling
from specify_cli.merge import intent as intents
from specify_cli.merge.case import Case
from specify_cli.merge.intent import Intent, Push
from specify_cli.status.emit import Writer, writing


def make(case: Case) -> Intent:
    """Make a merge: afterwards references, checkout and journals are new, and what is left needs no hurry.

    Raises:
        Refused: `DIRTY_OVERLAP`, `REBASE_NOT_LINEAR`, `NO_REMOTE`.
        Conflict: `MISSION_MOVED`, `REFS_MOVED`.
        Unavailable: `MERGE_INCOMPLETE`: the references moved and the checkout could not follow.
    """
    place, doing = case.place, f"merge {case.place.slug}"
    push = _push(case) if case.wish.push else None
    with ExitStack() as held:
        log = held.enter_context(writing(place, doing=doing))
        held.enter_context(locks.held(place.state / "locks" / "commit.lock", timeout=60, doing=doing))
        _check_unmoved(case, log)
        intent = preparing.prepare(case, log, push)
        _move(case, intent)
        try:
            checkout.follow(Path(intent.home), intent)
        except SpecKittyError as error:
            raise settling.incomplete(intent, error) from error
    with locks.held(place.lock, timeout=30, doing=doing):
        return settling.settle_files(place.repo, place, intent)


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
            f"a branch moved while {intent.mission_slug} was merged; nothing has changed: {error.message}",
            "REFS_MOVED",
            hint=f"spec-kitty merge --mission {intent.mission_slug}",
        ) from error


def _push(case: Case) -> Push:
    """Where the target is pushed to: what it follows, else `origin`.

    Raises:
        Refused: `NO_REMOTE`.
    """
    ref = f"refs/heads/{case.forecast.target_branch}"
    out = case.git.run("for-each-ref", "--format=%(upstream:remotename)%09%(upstream:remoteref)", ref).rstrip("\n")
    remote, _, theirs = out.partition("\t")
    remotes = case.git.run("remote").split()
    remote = remote or ("origin" if "origin" in remotes else next(iter(remotes), ""))
    if not remote:
        root = case.place.repo.root
        raise Refused(
            f"{root} has no remote to push {case.forecast.target_branch} to",
            "NO_REMOTE",
            hint=f"git -C {quoted(root)} remote add origin URL",
        )
    return Push(remote, f"{ref}:{theirs or ref}")
