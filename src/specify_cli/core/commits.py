"""The commits the tool makes: one at a milestone, of the whole mission folder and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from specify_cli.core.rendered import render_views
from specify_cli.home import MissionPlace
from specify_cli.kernel import files, locks, strays
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.git_run import GitFailed, introduction
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import SPECS, loose_tip
from specify_cli.kernel.process import Completed
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import META
from specify_cli.status import store
from specify_cli.status.mission_log import MISSION_EVENTS_FILENAME
from specify_cli.status.reading import read_status

PUBLISH_VARIABLE = "SPEC_KITTY_PUBLISH"


@frozen
class Committed:
    """How a milestone ended.

    Args:
        commit: the new commit; None where nothing changed or nothing could be committed.
        warnings: why not, if it should have been.
        files: paths in the commit.
    """

    commit: str | None = None
    warnings: tuple[Notice, ...] = ()
    files: tuple[str, ...] = ()


def publish_mode(config: Config) -> str:
    """`always` or `milestone`: without commits of ours the log in the tree is kept up to date at every write."""
    if os.environ.get(PUBLISH_VARIABLE) == "always" or not config.auto_commit:
        return "always"
    return config.publish


def require_identity(place: MissionPlace) -> None:
    """Make sure that git knows who commits.

    Raises:
        Refused: `NO_GIT_IDENTITY`.
    """
    if place.git.identity() is None:
        raise no_identity(place.git)


def no_identity(git: Git) -> Refused:
    """The refusal for a git without a name and mail."""
    said = "git does not know who you are, and a commit needs a name and a mail"
    return Refused(said, "NO_GIT_IDENTITY", hint=introduction(git.root))


def milestone(place: MissionPlace, config: Config, subject: str) -> Committed:
    """Bring the published logs and the views of events up to date and commit the mission folder.

    The command that reached the milestone has already succeeded: what hinders the commit is a warning, and the
    next milestone catches up. Client hooks and signing run; the user's index and other staged work stay.

    Args:
        place: the mission.
        config: the project's settings; `auto_commit: false` publishes and does not commit.
        subject: what happened, completing `spec-kitty(<slug>): …`.
    """
    if place.folder is None:
        return Committed(warnings=(_no_home(place),))
    if place.home is not None and place.home.busy:
        path, busy = place.home.path, place.home.busy
        notice = _failed(place, f"{path} is in the middle of a {busy}", git_command(path, busy, "--continue"))
        return Committed(warnings=(notice,))
    try:
        return _reach(place, config, f"spec-kitty({place.slug}): {subject}")
    except SpecKittyError as error:
        return Committed(warnings=(_failed(place, error.message, error.hint),))


def _reach(place: MissionPlace, config: Config, message: str) -> Committed:
    with locks.held(place.lock, doing=f"publish {place.slug}"):
        render_views(place, read_status(place).mission_events)
        store.publish(store.status_log(place))
        store.publish(store.mission_log_file(place))
    if place.home is None:
        return Committed()
    if not config.auto_commit:
        _mark_private(place)
        return Committed()
    with locks.held(commit_lock(place), timeout=60, doing=f"commit {place.slug}"):
        return _commit(place, message)


def ignored(git: Git, folder: str) -> Notice | None:
    """What git ignores of a mission, with the rule; None where nothing is. One git process.

    Args:
        git: of the checkout the mission is written in.
        folder: the mission's folder, below the checkout; it does not have to exist.
    """
    document, *logs = (f"{folder}/{name}" for name in ("spec.md", store.EVENTS_FILENAME, MISSION_EVENTS_FILENAME))
    rules = git.ignored_by(document, *logs)
    if document in rules:
        # This is how missions are kept private.
        return Notice(
            "MISSION_IGNORED",
            f"git ignores {folder} ({rules[document]}), so nothing of it is committed, as with auto_commit: false",
        )
    hidden = [path for path in logs if path in rules]
    if not hidden:
        return None
    where = f"{SPECS}/.gitignore"
    return Notice(
        "LOG_IGNORED",
        f"git ignores {hidden[0]} ({rules[hidden[0]]}), so nobody else learns what was recorded: add the line "
        f"!*.jsonl to {where}",
        edit=where,
    )


def _mark_private(place: MissionPlace, *, new: bool = False) -> None:
    """Note whether git ignores the mission, so that no command has to ask; see `context.missions.config_of`.

    Args:
        new: whether it may be ignored since the last time; without it only a note that is there is looked at again.
    """
    mark = place.private_mark
    if not new and not mark.exists():
        return
    notice = ignored(place.git, place.relative)
    if notice is None or notice.code != "MISSION_IGNORED":
        files.remove(mark)
    elif new:
        files.make_private(mark.parent)
        files.scribble(mark, notice.message)


def commit_lock(place: MissionPlace) -> Path:
    """The lock under which this clone's home is committed to, one commit at a time."""
    return place.state / "locks" / "commit.lock"


def _commit(place: MissionPlace, message: str) -> Committed:
    git = place.git
    found = git.changes(place.relative)
    changes = [change for change in found if not strays.is_stray(change.path)]
    for folder in {(git.root / change.path).parent for change in found if strays.is_stray(change.path)}:
        strays.sweep(folder)
    if not changes:
        if git.show_bytes(f"HEAD:{place.where(META)}") is None:
            _mark_private(place, new=True)
        return Committed()
    new = [change.path for change in changes if change.state == "??"]
    done = git.commit_only(message, place.relative, new=new)
    if done.code != 0:
        if ("ident" in done.said and "empty" in done.said) or "tell me who you are" in done.said:
            refusal = no_identity(git)
            return Committed(warnings=(Notice(refusal.code, refusal.message, refusal.hint),))
        failure = commit_failure(git, done)
        return Committed(warnings=(_failed(place, failure.message, failure.hint),))
    tip = loose_tip(place.repo.require_git(), place.target_branch) or git.resolve("HEAD")
    if tip is not None:
        files.make_private(place.last_tip.parent)
        files.scribble(place.last_tip, tip)
    return Committed(tip, files=tuple(change.path for change in changes))


def commit_failure(git: Git, done: Completed) -> GitFailed:
    """The error for a commit that failed; `GIT_FAILED` for what a hook or a signature says, which has no command."""
    failure = git.failed(done, "commit")
    if failure.code != "GIT_FAILED":
        return failure
    return GitFailed(done.said or _of_silent_hook(git, done.code), failure.code, None, failure.details)


def _of_silent_hook(git: Git, code: int) -> str:
    """A commit fails without a word where a hook does."""
    named = git.hooks("pre-commit", "prepare-commit-msg", "commit-msg")
    said = f"git commit ended with {code} and said nothing"
    return f"{said}; a hook that fails without a word does that: {', '.join(map(str, named))}" if named else said


def _failed(place: MissionPlace, output: str, hint: Command | None = None) -> Notice:
    message = f"the milestone was recorded and not committed: {output}"
    mend = (hint or Command()).then(*spec_kitty("materialize", "--mission", place.slug).steps[0])
    return Notice("COMMIT_FAILED", message, mend)


def _no_home(place: MissionPlace) -> Notice:
    refusal = place.refusal()
    said = refusal.message if place.elsewhere else f"no checkout has branch {place.target_branch}"
    return Notice(refusal.code, f"recorded and not committed: {said}", refusal.hint)
