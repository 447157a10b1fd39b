"""Work that was written into another checkout than the worktree that was handed out for it. Read only.

An agent that forgets where to work changes the files of its work package in the main checkout: the reviewer sees
nothing of it, and whoever works there finds it among their own changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.commands import Command, command
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.holders import WORKING
from specify_cli.status.models import StatusSnapshot
from specify_cli.workspaces.lookup import LANE, Workspace, workspace_of
from specify_cli.workspaces.scope import owned_paths, owns


@frozen
class Held:
    """A work package that somebody works on.

    Args:
        since: when they took it; what was changed before is not theirs.
    """

    package: WorkPackage
    workspace: Workspace
    since: str


@frozen
class Astray:
    """Files of a work package that were changed in another checkout since it was taken.

    Args:
        checkout: where.
        workspace: where they belong.
        changed: tracked files.
        new: those that are in no commit; those of them that are staged.
    """

    wp_id: str
    checkout: Path
    workspace: Path
    changed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    staged: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """What is wrong."""
        files = some([*self.changed, *self.new])
        return f"files of {self.wp_id} were changed in {self.checkout} instead of {self.workspace}: {files}"

    @property
    def fix(self) -> Command:
        """The commands that bring the work over; nothing is taken away before it has arrived."""
        here = ("git", "-C", self.checkout)
        steps = Command()
        if self.changed:
            difference = command(*here, "diff", "--binary", "HEAD", "--", *self.changed)
            steps = difference.into("git", "-C", self.workspace, "apply")
            steps = steps.then(*here, "checkout", "HEAD", "--", *self.changed)
        if self.staged:
            steps = steps.then(*here, "rm", "--cached", "--quiet", "--", *self.staged)
        for name in self.new:
            target = self.workspace / name
            steps = steps.then("mkdir", "-p", target.parent).then("mv", "-n", self.checkout / name, target)
        return steps

    def to_dict(self) -> dict[str, object]:
        """As `status --json` shows it."""
        return {
            "wp_id": self.wp_id,
            "checkout": str(self.checkout),
            "workspace_path": str(self.workspace),
            "files": [*self.changed, *self.new],
            "fix": self.fix,
        }

    def to_notice(self) -> Notice:
        """As a warning."""
        return Notice("WORK_ASTRAY", self.message, self.fix)


def held_in(
    place: MissionPlace, packages: Iterable[WorkPackage], manifest: LanesManifest | None, snapshot: StatusSnapshot
) -> list[Held]:
    """The work packages that somebody implements now and that have a worktree in this clone."""
    found = []
    for package in packages:
        state = snapshot.work_packages.get(package.id)
        if state is None or state["lane"] not in WORKING or state["holder_since"] is None:
            continue
        workspace = workspace_of(place, manifest, package.id)
        if workspace is not None:
            found.append(Held(package, workspace, state["holder_since"]))
    return found


def astray(place: MissionPlace, held: Iterable[Held]) -> list[Astray]:
    """What was written beside the worktrees, in the main checkout and in the mission's home."""
    working = [each for each in held if each.workspace.kind == LANE and each.package.owned_files]
    if not working or not place.repo.has_git:
        return []
    home = [place.home.path] if place.home else []
    checkouts = [path for path in dict.fromkeys([place.repo.root, *home]) if (path / ".git").exists()]
    return [each for checkout in checkouts for each in _in_checkout(place, checkout, working)]


def committed_beside(place: MissionPlace, held: Held) -> tuple[tuple[str, str], ...]:
    """Commits on the target branch that change files of a work package since it was taken; id and subject.

    They may be somebody else's; whoever holds the work package and has no commit of their own is told of them.
    """
    if held.workspace.kind != LANE or not held.package.owned_files:
        return ()
    git, since = Git(held.workspace.path), clock.parse(held.since).timestamp()
    span = f"HEAD..refs/heads/{place.target_branch}"
    lines = git.log_lines(span, *owned_paths(held.package), format="%ct %H %s")
    found = [line.split(" ", 2) for line in reversed(lines)]
    return tuple((commit, subject) for at, commit, subject in found if int(at) >= int(since))


def _in_checkout(place: MissionPlace, checkout: Path, working: Sequence[Held]) -> list[Astray]:
    scope = dict.fromkeys(path for each in working for path in owned_paths(each.package))
    changes = Git(checkout).changes(*scope)
    found = []
    for each in working if changes else ():
        mine = [
            change
            for change in changes
            if owns(each.package, change.path)
            and not change.path.startswith(f"{place.relative}/")
            and _is_since(checkout / change.path, each.since)
        ]
        if mine:
            staged = tuple(change.path for change in mine if change.state[0] == "A")
            new = tuple(change.path for change in mine if change.state == "??" or change.path in staged)
            changed = tuple(change.path for change in mine if change.path not in new)
            found.append(Astray(each.package.id, checkout, each.workspace.path, changed, new, staged))
    return found


def _is_since(path: Path, since: str) -> bool:
    """Whether a file was written after a moment; one that is gone does not say when it went."""
    with suppress(OSError, ValueError):
        return clock.file_time(os.lstat(path).st_mtime) >= clock.parse(since).timestamp()
    return False
