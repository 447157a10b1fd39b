"""Where a new mission may land: a branch that is checked out, in a project, with nothing in the way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from specify_cli.home import home_of, refuse_left_out, tracking_branches
from specify_cli.kernel import files
from specify_cli.kernel.commands import command, git_command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, NotFound, Refused, SpecKittyError, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.git_run import not_bare
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository, plain_branch
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import load_meta
from specify_cli.status.lines import parse_line
from specify_cli.status.mission_log import MISSION_EVENTS_FILENAME, MissionEvent

# Key of a `mission_created` event and of meta.json: the branch that the mission's own branch was started from.
STARTED_FROM = "started_from"
# Key of a `mission_created` event: the words that the mission began with.
REQUEST = "request"
_LANES = "kitty/mission-"


class MissionCreationError(Refused):
    """A mission cannot be created as asked."""


def started_from(events: Iterable[MissionEvent]) -> str | None:
    """The branch that a mission's target was started from; empty where from none, None where it was there before.

    Args:
        events: the mission log.
    """
    made = next((event.data for event in events if event.type == "mission_created"), {})
    return str(made[STARTED_FROM] or "") if STARTED_FROM in made else None


def begun_at(meta: Mapping[str, object], events: Iterable[MissionEvent]) -> str | None:
    """As `started_from`, by a mission's meta.json, where that says it, else by its log."""
    return str(meta[STARTED_FROM] or "") if STARTED_FROM in meta else started_from(events)


def request_of(events: Iterable[MissionEvent]) -> str | None:
    """What the person asked for, word for word, as it was given when the mission was created; None where it was not.

    Args:
        events: the mission log.
    """
    made = next((event.data for event in events if event.type == "mission_created"), {})
    return str(made[REQUEST]) if made.get(REQUEST) else None


def standing(repo: Repository) -> Checkout:
    """The working tree one stands in.

    Raises:
        Refused: `NOT_A_GIT_REPOSITORY`, `NO_WORKING_TREE`, `REPOSITORY_BARE`.
    """
    repo.require_git()
    here = repo.here()
    if here is None and (repo.checkout / ".git").is_dir() and len(os.listdir(repo.checkout)) > 1:
        raise not_bare(repo.checkout)
    if here is None:
        raise MissionCreationError(
            f"{repo.checkout} is a bare repository without a working tree, and a mission is written in one",
            "NO_WORKING_TREE",
            hint=git_command(repo.checkout, "worktree", "add", "../main", "main"),
        )
    return here


@frozen
class Wanted:
    """Where somebody wants a mission to be written and to land.

    Args:
        target: a branch that is there, else the current one.
        start: a branch to make.
        base: the branch that the mission's own branch begins at; it gets one where this is said.
        own: whether the project gives each mission a branch of its own.
    """

    target: str | None = None
    start: str | None = None
    base: str | None = None
    own: bool = False

    @property
    def apart(self) -> bool:
        """Whether the mission gets a branch and a worktree of its own, whatever the current branch is."""
        return self.base is not None or (self.own and self.target is None)


@frozen
class Site:
    """Where a new mission will be written.

    Args:
        target: the branch that it is merged into; empty where it is to be named after the mission.
        checkout: the checkout that has it; None where it is made with a worktree of its own.
        base: (branch, commit) that a branch to make begins at; None where none is made. The branch is empty for a
            detached HEAD.
    """

    target: str
    checkout: Checkout | None
    base: tuple[str, str] | None = None


def site_of(repo: Repository, here: Checkout, wanted: Wanted, refs: Mapping[str, str]) -> Site:
    """Where a mission will be written, on which branch; what is to be made for it is not made yet.

    Args:
        here: the working tree one stands in.
        refs: all references, by full name -> commit.

    Raises:
        Refused: `NO_COMMITS`, `DETACHED_HEAD`, `TARGET_IS_A_LANE`, `BRANCH_NOT_FOUND`, `TARGET_NOT_CHECKED_OUT`,
            `PROJECT_NOT_COMMITTED`.
        Conflict: `BRANCH_EXISTS`: the branch to start.
        UsageError: `INVALID_BRANCH`.
    """
    if here.branch is not None and f"refs/heads/{here.branch}" not in refs:
        raise MissionCreationError(
            f"{here.path} has no commits yet",
            "NO_COMMITS",
            hint=command("git", "add", "-A").then("git", "commit", "-m", "Start"),
        )
    if wanted.start is not None:
        _check_start(here, wanted.start, refs)
    if wanted.start is not None or wanted.apart:
        return _starting(repo, here, wanted, refs)
    branch = plain_branch(repo.require_git(), wanted.target) if wanted.target else here.branch
    if branch is None:
        raise MissionCreationError(
            f"{here.path} is on no branch (detached HEAD), so the mission has no target; --target-branch names one",
            "DETACHED_HEAD",
            hint=git_command(here.path, "switch", _some_branch(refs)),
        )
    _check_branch(repo, branch, refs)
    home = home_of(repo, branch)
    if home is None:
        raise MissionCreationError(
            f"branch {branch} is checked out nowhere, and a mission is written where its target is",
            "TARGET_NOT_CHECKED_OUT",
            hint=command("git", "switch", branch),
            details={"target_branch": branch},
        )
    return Site(branch, home)


def _starting(repo: Repository, here: Checkout, wanted: Wanted, refs: Mapping[str, str]) -> Site:
    """A branch is made: here, or apart where the project says so or this branch was made for another mission.

    A mission never begins at the branch of another by accident: where one stands on it, what that began at counts.
    """
    begun = _began(here)
    if wanted.start is not None and not wanted.apart and not begun:
        commit = Git(here.path).resolve("HEAD") or ""
        if here.branch is not None:
            _check_branch(repo, here.branch, refs)
        switched = Checkout(here.path, wanted.start, here.git_dir, here.busy)
        return Site(wanted.start, switched, (here.branch or "", commit))
    base = wanted.base or (begun[0] if begun else here.branch)
    if not base:
        raise MissionCreationError(
            f"{here.path} is on no branch that a mission could land on ({here.branch or 'detached HEAD'}): use --base",
            "DETACHED_HEAD",
            hint=git_command(here.path, "switch", _some_branch(refs)),
        )
    _check_branch(repo, base, refs, is_base=True)
    commit = refs[f"refs/heads/{base}"]
    config = f"{KITTIFY}/config.yaml"
    if (here.path / config).exists() and Git(here.path).show_bytes(f"{commit}:{config}") is None:
        folders = [name for name in (KITTIFY, SPECS) if (here.path / name).exists()]
        add = git_command(here.path, "add", *folders)
        raise MissionCreationError(
            f"branch {base} does not have {config}, so a worktree of it would be no project",
            "PROJECT_NOT_COMMITTED",
            hint=add.then("git", "-C", here.path, "commit", "-m", "Set up spec-kitty", "--", *folders),
            details={"branch": base},
        )
    return Site(wanted.start or "", None, (base, commit))


def _began(here: Checkout) -> list[str]:
    """Where the branch of this checkout began, as each mission says that it was made for; empty for a detached HEAD."""
    found = []
    folder = here.path / SPECS
    for path in sorted(folder.iterdir()) if folder.is_dir() and here.branch is not None else ():
        with suppress(SpecKittyError):
            meta = load_meta(path)
            if meta is not None and meta.get("target_branch") == here.branch:
                begun = meta[STARTED_FROM] if STARTED_FROM in meta else _begun(path)
                found += [] if begun is None else [str(begun)]
    return found


def _begun(folder: Path) -> object:
    """The branch that the mission's began at, of a version that only the log tells."""
    first = (files.read_text(folder / MISSION_EVENTS_FILENAME) or "").partition("\n")[0]
    event: Any = parse_line(files.encode(first)) or {}
    data = event.get("data")
    return data.get(STARTED_FROM) if event.get("type") == "mission_created" and isinstance(data, dict) else None


def _check_branch(repo: Repository, branch: str, refs: Mapping[str, str], *, is_base: bool = False) -> None:
    if branch.startswith(_LANES):
        raise MissionCreationError(
            f"{branch} is a lane of a mission and cannot be a target",
            "TARGET_IS_A_LANE",
            hint=command("cd", repo.root),
        )
    if f"refs/heads/{branch}" not in refs:
        tracking = tracking_branches(repo, branch)
        if not tracking:
            raise MissionCreationError(
                f"there is no branch {branch}", "BRANCH_NOT_FOUND", hint=command("git", "branch", branch)
            )
        # Where it becomes the target it has to be checked out, too; a base only has to be there.
        made = ("branch", "--track", branch, tracking[0]) if is_base else ("switch", "--track", tracking[0])
        raise MissionCreationError(
            f"branch {branch} is only on a remote, as {some(tracking)}",
            "BRANCH_NOT_FOUND",
            hint=git_command(repo.checkout, *made),
        )


def _some_branch(refs: Iterable[str]) -> str:
    """A branch to suggest: main, or what comes first."""
    names = sorted(ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/"))
    return next((name for name in ("main", "master", *names) if name in names), "main")


def _check_start(here: Checkout, start: str, refs: Iterable[str]) -> None:
    if f"refs/heads/{start}" in refs:
        raise Conflict(
            f"branch {start} exists already: switch to it, and leave --start-branch out",
            "BRANCH_EXISTS",
            hint=git_command(here.path, "switch", start),
        )
    if Git(here.path).call("check-ref-format", "--branch", start).code != 0:
        raise UsageError(
            f"{start!r} is not a branch name", "INVALID_BRANCH", hint=command("git", "help", "check-ref-format")
        )


def check_project(checkout: Checkout, config: Config, *, starting: bool) -> None:
    """Refuse a checkout that is no project, or whose branch takes no mission.

    Args:
        starting: the branch is made for this mission.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `PROTECTED_BRANCH`, `SYMLINK_REFUSED`, `SPARSE_CHECKOUT`.
    """
    refuse_left_out(checkout)
    if not (checkout.path / KITTIFY / "config.yaml").exists():
        raise NotFound(
            f"{checkout.path} is not a spec-kitty project yet",
            "NOT_INITIALIZED",
            hint=spec_kitty("init", "--ai", "claude"),
        )
    if not starting and checkout.branch in config.protected:
        raise MissionCreationError(
            f"branch {checkout.branch} is protected, so no mission may merge into it directly",
            "PROTECTED_BRANCH",
            hint=spec_kitty("agent mission create", "SLUG", "--start-branch", "feature/SLUG"),
        )
    specs = checkout.path / SPECS
    if specs.is_symlink():
        raise Refused(
            f"{specs} is a symbolic link and is not written through", "SYMLINK_REFUSED", hint=command("ls", "-l", specs)
        )


def check_free(folder: Path, slug: str, refs: Iterable[str], start: str | None = None) -> None:
    """Refuse a slug whose folder or branches are taken.

    Args:
        folder: the checkout that the mission is written in, else the one that its own is made from.
        start: a branch to make for it.

    Raises:
        Conflict: `MISSION_EXISTS`, `BRANCH_EXISTS`.
    """
    if (folder / SPECS / slug).exists():
        raise Conflict(f"{SPECS}/{slug} exists already", "MISSION_EXISTS", hint=spec_kitty("mission list"))
    ours = f"refs/heads/kitty/mission-{slug}"
    clash = [ref for ref in refs if ref in ("refs/heads/kitty", ours) or ref.startswith((ours + "-lane-", ours + "/"))]
    if start is not None:
        above = {f"refs/heads/{'/'.join(start.split('/')[:end])}" for end in range(1, start.count("/") + 2)}
        clash += [ref for ref in refs if ref in above or ref.startswith(f"refs/heads/{start}/")]
    if clash:
        name = clash[0].removeprefix("refs/heads/")
        raise Conflict(
            f"branch {name} is in the way of this mission's branches",
            "BRANCH_EXISTS",
            hint=command("git", "branch", "-m", name, "old-" + name.replace("/", "-")),
            details={"branch": name},
        )
