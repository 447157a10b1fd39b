"""Where a new mission may land: a branch that is checked out, in a project, with nothing in the way."""

from __future__ import annotations

from collections.abc import Iterable

from specify_cli.home import home_of
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, NotFound, Refused, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository
from specify_cli.kernel.text import quoted
from specify_cli.status.mission_log import MissionEvent

# Key of a `mission_created` event: the branch that the mission's own branch was started from.
STARTED_FROM = "started_from"


class MissionCreationError(Refused):
    """A mission cannot be created as asked."""


def started_from(events: Iterable[MissionEvent]) -> str | None:
    """The branch that a mission's target was started from; empty where from none, None where it was there before.

    Args:
        events: the mission log.
    """
    made = next((event.data for event in events if event.type == "mission_created"), {})
    return str(made[STARTED_FROM] or "") if STARTED_FROM in made else None


def standing(repo: Repository) -> Checkout:
    """The working tree one stands in.

    Raises:
        Refused: `NOT_A_GIT_REPOSITORY`, `NO_WORKING_TREE`.
    """
    repo.require_git()
    here = repo.here()
    if here is None:
        raise MissionCreationError(
            f"{repo.checkout} is a bare repository without a working tree, and a mission is written in one",
            "NO_WORKING_TREE",
            hint=f"git -C {quoted(repo.checkout)} worktree add ../main main",
        )
    return here


def target_of(repo: Repository, here: Checkout, target: str | None, start: str | None, refs: Iterable[str]) -> Checkout:
    """The checkout a mission is written in, on its target branch; that of a branch to start is not made yet.

    Args:
        here: the working tree one stands in.
        target: the branch asked for, else the current one.
        start: a branch to make.
        refs: all references, by full name.

    Raises:
        Refused: `NO_COMMITS`, `DETACHED_HEAD`, `TARGET_IS_A_LANE`, `BRANCH_NOT_FOUND`, `TARGET_NOT_CHECKED_OUT`.
        Conflict: `BRANCH_EXISTS`: the branch to start.
        UsageError: `INVALID_BRANCH`.
    """
    if here.branch is not None and f"refs/heads/{here.branch}" not in refs:
        raise MissionCreationError(
            f"{here.path} has no commits yet", "NO_COMMITS", hint='git add -A && git commit -m "Start"'
        )
    if start is not None:
        return _start_branch(here, start, refs)
    branch = target or here.branch
    if branch is None:
        raise MissionCreationError(
            f"{here.path} is on no branch (detached HEAD), so the mission has no target",
            "DETACHED_HEAD",
            hint=f"git switch {quoted(_some_branch(refs))}  # or name one: --target-branch BRANCH",
        )
    if branch.startswith("kitty/mission-"):
        raise MissionCreationError(
            f"{branch} is a lane of a mission and cannot be a target",
            "TARGET_IS_A_LANE",
            hint=f"cd {quoted(repo.root)}",
        )
    if f"refs/heads/{branch}" not in refs:
        raise MissionCreationError(
            f"there is no branch {branch}", "BRANCH_NOT_FOUND", hint=f"git branch {quoted(branch)}"
        )
    home = home_of(repo, branch)
    if home is None:
        raise MissionCreationError(
            f"branch {branch} is checked out nowhere, and a mission is written where its target is",
            "TARGET_NOT_CHECKED_OUT",
            hint=f"git switch {quoted(branch)}",
            details={"target_branch": branch},
        )
    return home


def _some_branch(refs: Iterable[str]) -> str:
    """A branch to suggest: main, or what comes first."""
    names = sorted(ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/"))
    return next((name for name in ("main", "master", *names) if name in names), "main")


def _start_branch(here: Checkout, start: str, refs: Iterable[str]) -> Checkout:
    if f"refs/heads/{start}" in refs:
        raise Conflict(
            f"branch {start} exists already",
            "BRANCH_EXISTS",
            hint=f"git switch {quoted(start)}  # then create without --start-branch",
        )
    if Git(here.path).call("check-ref-format", "--branch", start).code != 0:
        raise UsageError(f"{start!r} is not a branch name", "INVALID_BRANCH", hint="git help check-ref-format")
    return Checkout(here.path, start, here.git_dir, here.busy)


def check_project(checkout: Checkout, config: Config, *, starting: bool) -> None:
    """Refuse a checkout that is no project, or whose branch takes no mission.

    Args:
        starting: the branch is made for this mission.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `PROTECTED_BRANCH`, `SYMLINK_REFUSED`.
    """
    if not (checkout.path / KITTIFY / "config.yaml").exists():
        raise NotFound(
            f"{checkout.path} is not a spec-kitty project yet",
            "NOT_INITIALIZED",
            hint="spec-kitty init --ai claude",
        )
    if not starting and checkout.branch in config.protected:
        raise MissionCreationError(
            f"branch {checkout.branch} is protected, so no mission may merge into it directly",
            "PROTECTED_BRANCH",
            hint="spec-kitty agent mission create SLUG --start-branch feature/SLUG",
        )
    specs = checkout.path / SPECS
    if specs.is_symlink():
        raise Refused(
            f"{specs} is a symbolic link and is not written through", "SYMLINK_REFUSED", hint=f"ls -l {quoted(specs)}"
        )


def check_free(checkout: Checkout, slug: str, refs: Iterable[str]) -> None:
    """Refuse a slug whose folder or branches are taken.

    Raises:
        Conflict: `MISSION_EXISTS`, `BRANCH_EXISTS`.
    """
    if (checkout.path / SPECS / slug).exists():
        raise Conflict(f"{SPECS}/{slug} exists already", "MISSION_EXISTS", hint="spec-kitty mission list")
    ours = f"refs/heads/kitty/mission-{slug}"
    clash = [ref for ref in refs if ref in ("refs/heads/kitty", ours) or ref.startswith((ours + "-lane-", ours + "/"))]
    if clash:
        name = clash[0].removeprefix("refs/heads/")
        raise Conflict(
            f"branch {name} is in the way of this mission's branches",
            "BRANCH_EXISTS",
            hint=f"git branch -m {quoted(name)} {quoted('old-' + name.replace('/', '-'))}",
            details={"branch": name},
        )
