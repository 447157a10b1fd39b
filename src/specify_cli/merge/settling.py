"""Finishing a merge whose references have moved, dropping one whose have not. Every step can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from specify_cli.home import MissionPlace, home_of
from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.errors import Conflict, SpecKittyError, Unavailable
from specify_cli.kernel.git import ZERO, Git, RefUpdate
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import quoted
from specify_cli.kernel.values import frozen
from specify_cli.merge import checkout, cleanup
from specify_cli.merge import intent as intents
from specify_cli.merge.intent import Intent, Push
from specify_cli.status import store

_PATIENCE = 5.0  # seconds for a git process of a dead command to let go of its locks
_STALE = 3600.0  # seconds
LOCK_TIMEOUT = 10.0


@frozen
class Finished:
    """What finishing a merge did.

    Args:
        pushed: whether the target was pushed.
        push_refused: what the remote said where it did not take it; then worktrees and branches stay.
    """

    pushed: bool = False
    push_refused: str = ""
    cleaned: cleanup.Cleaned | None = None


def merge_lock(repo: Repository) -> Path:
    """The lock that one merge at a time holds in a clone."""
    return repo.state / "locks" / "merge.lock"


def settle_all(repo: Repository) -> None:
    """Finish or drop every intent but those that only wait for a push; see `intent.settle`."""
    with locks.held(merge_lock(repo), timeout=LOCK_TIMEOUT, doing="settle a merge"):
        _sweep(repo)
        for path in intents.intents(repo):
            intent = intents.read(path)
            if intent is not None and not intent.awaits_push:
                settle_one(repo, intent)


def _sweep(repo: Repository) -> None:
    """Remove throw-away indexes that killed commands have left; those of commands at work are younger."""
    before = clock.epoch() - _STALE
    for path in intents.folder(repo).glob("*.index*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                files.remove(path)


def settle_one(repo: Repository, intent: Intent) -> bool:
    """Bring one merge to exactly before or exactly after; the caller holds the merge lock.

    Returns:
        Whether the merge is made.
    """
    if not is_made(repo, intent):
        drop(repo, intent)
        return False
    finish(repo, intent, push=False)
    return True


def is_made(repo: Repository, intent: Intent) -> bool:
    """Whether the references of a merge are new; if not, they can no longer become so."""
    return intent.made or moved(Git(repo.checkout), intent)


def moved(git: Git, intent: Intent) -> bool:
    """Whether the references moved; afterwards that is certain, whatever git process may still be alive.

    Raises:
        Unavailable: `REFS_LOCKED`: a lock file on a reference is in the way.
    """
    deadline = clock.monotonic() + _PATIENCE
    while True:
        if git.call("update-ref", "-d", intent.guard, intent.new, write=True).code == 0:
            break
        if git.resolve(intent.guard) != intent.new:
            break
        if clock.monotonic() > deadline:
            raise Unavailable(
                f"git's lock on {intent.guard} does not go away: git is at work, or a crash left it behind",
                "REFS_LOCKED",
                hint=f"find {git.root} -path '*spec-kitty*.lock'  # remove it only if no git runs",
            )
        clock.sleep(0.05)
    tip = git.resolve(f"refs/heads/{intent.target_branch}")
    if tip is not None and (tip == intent.new or git.is_ancestor(intent.new, tip)):
        _complete(git, intent)
        return True
    _take_back(git, intent)
    return False


def _complete(git: Git, intent: Intent) -> None:
    """References that a killed transaction left at their old value."""
    for each in intent.refs:
        if each.ref != intent.guard and each.old != each.new and (git.resolve(each.ref) or ZERO) == each.old:
            git.update_refs([each], f"spec-kitty({intent.mission_slug}): merge")


def _take_back(git: Git, intent: Intent) -> None:
    """References that a killed transaction had moved already."""
    for each in intent.refs:
        if each.ref != intent.guard and each.old != each.new and git.resolve(each.ref) == each.new:
            git.update_refs([RefUpdate(each.ref, each.new, each.old)], f"spec-kitty({intent.mission_slug}): undo")


def drop(repo: Repository, intent: Intent) -> None:
    """Forget a merge that did not happen."""
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
    if not intent.made:
        place = place_of(repo, intent)
        with locks.held(place.lock, timeout=30.0, doing=f"merge {intent.mission_slug}"):
            intent = settle_tree(repo, place, intent)
    if intent.push is not None and not intent.pushed:
        if not push:
            return Finished()
        said = pushed(Git(repo.checkout), intent.push)
        if said:
            return Finished(push_refused=said)
        intent = intents.mark(repo, intent, pushed=True)
    cleaned = cleanup.clean(place_of(repo, intent), intent)
    drop(repo, intent)
    return Finished(pushed=intent.push is not None, cleaned=cleaned)


def settle_tree(repo: Repository, place: MissionPlace, intent: Intent) -> Intent:
    """Bring checkout and journals along and note it; the caller holds the mission's lock."""
    try:
        checkout.follow(Path(intent.home), intent)
    except SpecKittyError as error:
        raise incomplete(intent, error) from error
    _record(store.mission_log_file(place), intent.mission_events)
    _record(store.status_log(place), intent.events)
    return settle_files(repo, place, intent)


def incomplete(intent: Intent, error: SpecKittyError) -> Unavailable:
    """The error for a merge whose references moved and whose checkout could not follow yet."""
    return Unavailable(
        f"{intent.mission_slug} is merged as {intent.new[:10]}, but {intent.home} could not follow: {error.message}",
        "MERGE_INCOMPLETE",
        hint=f"spec-kitty merge --resume --mission {intent.mission_slug}",
        details={"merged_commit": intent.merged_commit, "home": intent.home},
    )


def settle_files(repo: Repository, place: MissionPlace, intent: Intent) -> Intent:
    """Write what no commit holds, where the tool makes none, and note that the merge is made."""
    if intent.loose and place.folder is not None:
        for name, text in intent.loose.items():
            files.atomic_write(place.folder / name, text)
        store.publish(store.mission_log_file(place))
        store.publish(store.status_log(place))
    return intents.mark(repo, intent)


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


def pushed(git: Git, push: Push) -> str:
    """Push the target; what the remote said where it refused, else nothing."""
    done = git.push(push.remote, push.refspec)
    return "" if done.code == 0 else done.said


def place_of(repo: Repository, intent: Intent) -> MissionPlace:
    """The mission of an intent, without looking at its documents."""
    home = home_of(repo, intent.target_branch)
    return MissionPlace(repo, intent.mission_slug, intent.mission_id, intent.target_branch, home)


def refused(intent: Intent, said: str) -> Conflict:
    """The error for a push that the remote did not take."""
    remote = intent.push.remote if intent.push else "the remote"
    return Conflict(
        f"{intent.mission_slug} is merged as {intent.new[:10]}, but {remote} refused the push: {said}",
        "PUSH_REJECTED",
        hint=f"git -C {quoted(intent.home)} pull && spec-kitty merge --resume --mission {intent.mission_slug}",
        details={"merged_commit": intent.merged_commit, "commit": intent.new, "kept": "worktrees and branches"},
    )
