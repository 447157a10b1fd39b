"""The branch that a mission starts and the worktree it is written in: whole, or finished or cleared by the next run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

from specify_cli.home import MissionPlace, home_path, worktrees_folder
from specify_cli.kernel import clock, files
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import ZERO, Git, GitFailed, RefUpdate
from specify_cli.kernel.paths import SPECS, Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import identity_of, load_meta
from specify_cli.status.emit import writing

_VERSION = 1
_GUARDS = "refs/spec-kitty/creating"
_PATIENCE = 2.0  # seconds for a git process that outlived its command


@frozen
class Started:
    """A branch that is made for a mission.

    Args:
        branch: its name.
        base: the branch it begins at, where the mission lands; empty for a detached HEAD.
        commit: the commit it begins at.
        apart: whether it gets a worktree of its own; else the checkout one stands in is switched to it.
    """

    branch: str
    base: str
    commit: str
    apart: bool


@frozen
class Creation:
    """A mission that is being created right now; what is left of it tells of a crash.

    Args:
        home: the checkout that it is written in.
        started: the branch that is made for it, or None.
        event: the data of `mission_created`.
    """

    slug: str
    mission_id: str
    mission_type: str
    home: str
    target_branch: str
    started: Started | None
    actor: str
    session: str | None
    event: Mapping[str, object]


def _record(repo: Repository) -> Path:
    # One at a time: the lock of the project is held.
    return repo.state / "creating.json"


def begin(repo: Repository, creation: Creation) -> None:
    """Write down what is about to be created, the person's words included."""
    files.make_private(repo.state)
    files.write_json(_record(repo), {"version": _VERSION, **asdict(creation)})


def end(repo: Repository) -> None:
    """Forget it: it is whole, or nothing is left of it."""
    files.remove(_record(repo))


def interrupted(repo: Repository) -> Creation | None:
    """The creation that a killed run left behind, or None; a record that cannot be read is left out."""
    try:
        data = files.read_json(_record(repo))
    except Refused:
        return None
    if data is None or data.get("version") != _VERSION:
        return None
    with suppress(KeyError, TypeError):
        values: dict[str, Any] = {each.name: data[each.name] for each in fields(cast("Any", Creation))}
        started = values["started"]
        return Creation(**{**values, "started": Started(**started) if started else None})
    return None


def settle(repo: Repository, publish: str) -> MissionPlace | None:
    """Finish what a killed run has begun to create, or clear it away. The lock of the project is held.

    Returns:
        The mission, where its folder had come so far; then only what the log lacks is recorded.
    """
    left = interrupted(repo)
    if left is None:
        end(repo)
        return None
    home = next((each for each in repo.checkouts() if each.branch == left.target_branch), None)
    meta = load_meta(home.path / SPECS / left.slug) if home is not None else None
    if meta is None or identity_of(meta, left.slug).mission_id != left.mission_id:
        if left.started is not None:
            _clear(repo, left, left.started)
        end(repo)
        return None
    place = MissionPlace(repo, left.slug, left.mission_id, left.target_branch, home, meta)
    with writing(place, publish=publish) as log:
        if not any(each.type == "mission_created" for each in log.mission_events):
            log.record("mission_created", actor=left.actor, session=left.session, data=left.event)
    end(repo)
    return place


@contextmanager
def standing_on(
    repo: Repository, here: Checkout, slug: str, mission_id: str, started: Started | None
) -> Iterator[Checkout | None]:
    """Make the branch that a mission starts, checked out; undone where the block fails.

    Args:
        here: the checkout one stands in.

    Yields:
        The checkout that has it; None where no branch is started.

    Raises:
        Refused: `WORKSPACE_BLOCKED`: files of somebody stand where its worktree goes.
    """
    if started is None:
        yield None
        return
    git = Git(here.path)
    if started.apart:
        found = _make(repo, git, home_path(repo, slug), started, mission_id)
    else:
        _create(git, started, mission_id)
        try:
            git.run("switch", "--quiet", started.branch, write=True)
        except GitFailed:
            git.delete_ref(f"refs/heads/{started.branch}", started.commit)
            raise
        found = Checkout(here.path, started.branch, here.git_dir, here.busy)
    try:
        yield found
    except SpecKittyError:
        if started.apart:
            git.discard_worktree(found.path)
        else:
            _switch_back(git, started)
        git.delete_ref(f"refs/heads/{started.branch}", started.commit)
        raise


def _switch_back(git: Git, started: Started) -> None:
    """Leave a branch that is still where it began: no file and no index differs, so a full disk is no obstacle."""
    if started.base:
        git.call("symbolic-ref", "-m", f"back to {started.base}", "HEAD", f"refs/heads/{started.base}", write=True)
    else:
        git.call("switch", "--quiet", "--detach", write=True)


def _create(git: Git, started: Started, mission_id: str) -> None:
    """Make the branch, and a guard with it that goes in the same transaction.

    Whoever clears a creation away deletes the guard first: a git that outlived its command then makes no branch.
    """
    guard = f"{_GUARDS}/{mission_id}"
    git.update_refs([RefUpdate(guard, ZERO, started.commit)], "spec-kitty: about to create a mission")
    branch = RefUpdate(f"refs/heads/{started.branch}", ZERO, started.commit)
    git.update_refs([branch, RefUpdate(guard, started.commit, ZERO)], "spec-kitty: create a mission")


def _make(repo: Repository, git: Git, path: Path, started: Started, mission_id: str) -> Checkout:
    worktrees_folder(repo)
    if any(gone.path == path and locked is None for gone, locked in repo.missing()):
        git.prune_worktrees()
    _check_free(path)
    _create(git, started, mission_id)
    try:
        git.add_worktree(path, started.branch, hooks=False)
    except GitFailed:
        # The same command of a run that was killed may have come first.
        found = repo.checkout_at(path)
        if found is None or found.branch != started.branch or not _is_whole(found, started.commit):
            git.discard_worktree(path)
            git.delete_ref(f"refs/heads/{started.branch}", started.commit)
            raise
    found = repo.checkout_at(path)
    assert found is not None
    return found


def _is_whole(found: Checkout, commit: str) -> bool:
    _wait(found)
    git = Git(found.path)
    return (found.git_dir / "index").exists() and git.resolve("HEAD") == commit and not git.changes()


def _check_free(path: Path) -> None:
    if path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise Refused(
            f"{path} is in the way of a worktree and holds files that are not ours",
            "WORKSPACE_BLOCKED",
            hint=command("mv", path, f"{path}.kept"),
            details={"path": str(path)},
        )


def _clear(repo: Repository, left: Creation, started: Started) -> None:
    """Remove branch and worktree of a mission that never came to be; what somebody did there meanwhile stays."""
    git, path = Git(repo.checkout), Path(left.home)
    for guard, commit in git.branches(_GUARDS).items():
        git.delete_ref(guard, commit)
    found = repo.checkout_at(path)
    if started.apart:
        if found is not None and found.branch == started.branch:
            _wait(found)
            if not _is_used(found, started.commit):
                git.discard_worktree(path)
        elif found is None and path.is_dir() and not [each for each in path.iterdir() if each.name != ".git"]:
            git.discard_worktree(path)
    elif found is not None and found.branch == started.branch and Git(path).resolve("HEAD") == started.commit:
        _switch_back(Git(path), started)
    if not any(each.branch == started.branch for each in repo.checkouts()):
        git.delete_ref(f"refs/heads/{started.branch}", started.commit)


def _is_used(found: Checkout, commit: str) -> bool:
    """Whether somebody has worked in a worktree that was being made: committed there, or put files into it."""
    git = Git(found.path)
    if not (found.git_dir / "index").exists():
        return False
    return git.resolve("HEAD") != commit or any(change.state == "??" for change in git.changes())


def _wait(found: Checkout) -> None:
    """Give a git that makes a worktree, and has outlived its command, the time to end; it locks what it makes."""
    until = clock.monotonic() + _PATIENCE
    locks = (found.git_dir / "locked", found.git_dir / "index.lock")
    while any(each.exists() for each in locks) and clock.monotonic() < until:
        clock.sleep(0.05)
