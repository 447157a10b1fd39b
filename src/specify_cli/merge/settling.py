"""Finishing a merge whose references have moved, dropping one whose have not. Every step can be repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from specify_cli.core.commits import commit_lock
from specify_cli.home import MissionPlace, home_of
from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import SpecKittyError, Unavailable
from specify_cli.kernel.git import ZERO, Git, GitFailed, RefUpdate
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.merge import checkout, cleanup, conflict
from specify_cli.merge import intent as intents
from specify_cli.merge.cleanup import Cleaned
from specify_cli.merge.intent import Intent
from specify_cli.status import store
from specify_cli.workspaces.removal import still_there

_PATIENCE = 5.0  # seconds for a git process of a dead command to let go of its locks
_STALE = 3600.0  # seconds
LOCK_TIMEOUT = 10.0


@frozen
class Finished:
    """A merge that is made.

    Args:
        pushed: whether the target was pushed.
        push_refused: what the remote said where it did not take it; then worktrees and branches stay.
        push_late: whether it has commits that are not here.
        cleaned: what went with it, and what was kept.
    """

    intent: Intent
    pushed: bool = False
    push_refused: str = ""
    push_late: bool = False
    cleaned: Cleaned = Cleaned()


def merge_lock(repo: Repository) -> Path:
    """The lock that one merge at a time holds in a clone."""
    return repo.state / "locks" / "merge.lock"


@contextmanager
def alone(repo: Repository, doing: str) -> Iterator[None]:
    """Hold the merge lock; the same process may take it again inside."""
    with locks.held(merge_lock(repo), timeout=LOCK_TIMEOUT, doing=doing):
        yield


def settle_all(repo: Repository) -> dict[str, Finished | None]:
    """Finish or drop every intent but those that only wait for a push; see `intent.settle`.

    Returns:
        Key of each mission whose intent was met -> its merge, which is made; None where it never came to be.
    """
    with alone(repo, "settle a merge"):
        _sweep(repo)
        return {intent.key: _settled(repo, intent) for intent in intents.unsettled(repo)}


def _sweep(repo: Repository) -> None:
    """Remove what killed commands had begun to write; that of commands at work is younger."""
    before, folder = clock.epoch() - _STALE, intents.folder(repo)
    for path in (*folder.glob("*.index*"), *folder.glob(".*.tmp")):
        with suppress(FileNotFoundError):
            if clock.file_time(path.stat().st_mtime) < before:
                files.remove(path)


def _settled(repo: Repository, intent: Intent) -> Finished | None:
    if intent.made or moved(Git(repo.checkout), intent):
        return finish(repo, intent, push=False)
    drop(repo, intent)
    return None


def moved(git: Git, intent: Intent) -> bool:
    """Whether the references moved; afterwards that is certain, whatever git process may still be alive.

    Raises:
        Unavailable: `REFS_LOCKED`: a lock file on a reference is in the way.
    """
    deadline = clock.monotonic() + _PATIENCE
    while (said := git.delete_ref(intent.guard, intent.new)) and git.resolve(intent.guard) == intent.new:
        if clock.monotonic() > deadline:
            raise _refs_locked(git, said)
        clock.sleep(0.05)
    tip = git.resolve(f"refs/heads/{intent.target_branch}")
    made = tip is not None and (tip == intent.new or git.is_ancestor(intent.new, tip))
    # What a transaction that was cut in the middle has left at its old value, or had moved already.
    for each in intent.refs:
        step = each if made else RefUpdate(each.ref, each.new, each.old)
        if each.ref != intent.guard and each.old != each.new and (git.resolve(each.ref) or ZERO) == step.old:
            try:
                git.update_refs([step], f"spec-kitty({intent.mission_slug}): {'merge' if made else 'undo'}")
            except GitFailed as error:
                raise _refs_locked(git, error.message) from error
    return made


def _refs_locked(git: Git, said: str) -> Unavailable:
    said, folder = said.partition("\n")[0], git.run("rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    return Unavailable(
        f"an interrupted merge cannot be settled, because git cannot move a reference: {said}; if no git runs, a crash "
        "left these locks behind: remove them",
        "REFS_LOCKED",
        hint=command("find", folder, "-name", "*.lock", "-not", "-path", "*/spec-kitty/locks/*"),
    )


def drop(repo: Repository, intent: Intent) -> None:
    """Forget a merge that did not happen, or that is done."""
    files.remove(intents.path_of(repo, intent.key))
    for scratch in intents.folder(repo).glob(f"{intent.key}.*.index*"):
        files.remove(scratch)


def finish(repo: Repository, intent: Intent, *, push: bool) -> Finished:
    """Do what is left once the references are new: checkout, journals, push, clean-up.

    Args:
        push: whether to use the network; without it a merge that is to be pushed keeps its intent.

    Raises:
        Unavailable: `MERGE_INCOMPLETE`: the checkout could not follow.
    """
    place = _place(repo, intent)
    intent = bring_along(place, intent)
    if intent.push is not None and not intent.pushed:
        if not push:
            return Finished(intent)
        done = still_there(repo).push(intent.push.remote, intent.push.refspec)
        if done.code != 0:
            return Finished(intent, push_refused=done.said, push_late="[rejected]" in done.out)
        intent = intents.mark(repo, intent, pushed=True)
    cleaned = cleanup.clean(place, intent)
    drop(repo, intent)
    return Finished(intent, intent.push is not None, cleaned=cleaned)


def bring_along(place: MissionPlace, intent: Intent) -> Intent:
    """Bring checkout and journals along, and note that the merge is made."""
    if intent.made:
        return intent
    doing = f"merge {intent.mission_slug}"
    with locks.held(place.lock, timeout=30.0, doing=doing), locks.held(commit_lock(place), timeout=60.0, doing=doing):
        try:
            checkout.follow(place, intent)
        except SpecKittyError as error:
            raise _incomplete(intent, error) from error
        _record(store.mission_log_file(place), intent.mission_events)
        _record(store.status_log(place), intent.events)
        if intent.loose and place.folder is not None:
            for name, text in intent.loose.items():
                files.atomic_write(place.folder / name, text)
            store.publish(store.mission_log_file(place))
            store.publish(store.status_log(place))
        conflict.forget(place)
        return intents.mark(place.repo, intent)


def _incomplete(intent: Intent, error: SpecKittyError) -> Unavailable:
    hint = spec_kitty("merge", "--resume", "--mission", intent.mission_slug)
    if error.code in ("DIRTY_OVERLAP", "INDEX_LOCKED"):
        first = error.hint.steps if isinstance(error.hint, Command) else ()
        hint = Command(*first, *hint.steps)
    return Unavailable(
        f"{intent.mission_slug} is merged as {intent.new[:10]}, but {intent.home} could not follow: {error.message}",
        "MERGE_INCOMPLETE",
        hint=hint,
        details={**error.details, "commit": intent.new, "home": intent.home},
    )


def _record(log: store.LogFile, events: Sequence[Mapping[str, object]]) -> None:
    """Append to a journal the events that it lacks, and those of the same work packages that they build on."""
    reading = store.read(log)
    lacking = {str(reading.objects[index].get("event_id")): index for index in reading.unrecorded}
    recorded = {str(entry.get("event_id")) for entry in reading.objects} - lacking.keys()
    new = [each for each in events if str(each["event_id"]) not in recorded]
    moved = {each.get("wp_id") for each in new if "to_lane" in each}
    ours = {str(each["event_id"]) for each in events}
    below = [reading.objects[index] for event_id, index in lacking.items() if event_id not in ours]
    store.append(log, new, [entry for entry in below if entry.get("wp_id") in moved])


def _place(repo: Repository, intent: Intent) -> MissionPlace:
    """The mission of an intent, without looking at its documents."""
    home = home_of(repo, intent.target_branch)
    return MissionPlace(repo, intent.mission_slug, intent.mission_id, intent.target_branch, home)
