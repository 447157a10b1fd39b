"""An operation of git that somebody began in a worktree and did not end, and the commands that end it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.git import Change, Git
from specify_cli.kernel.paths import add_command
from specify_cli.kernel.text import some

BISECT = "bisect"
_NAMED = 6
_BOTH_SIDES = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})


def unmerged(changes: Iterable[Change]) -> tuple[str, ...]:
    """Files of which the index holds two sides that nobody has brought together."""
    return tuple(change.path for change in changes if change.state in _BOTH_SIDES)


def gone_again(changes: Iterable[Change]) -> tuple[str, ...]:
    """New files that were staged and then removed: only the index has them, and no commit can hold them."""
    return tuple(change.path for change in changes if change.state == "AD")


def inside(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Of changed paths, submodules with uncommitted content of their own, which no commit around them can take."""
    # A repository that is no submodule is listed with a slash.
    folders = [path for path in paths if not path.endswith("/") and (root / path).is_dir()]
    return tuple(path for path in folders if Git(root / path).changes())


def keep_inside(root: object, submodules: Sequence[str]) -> Command:
    """The command that commits what is uncommitted inside of a submodule; then the repository around it can have it."""
    folder = PurePath(str(root), submodules[0])
    return git_command(folder, "add", "--all").then("git", "-C", folder, "commit", "-m", "Keep what was left")


def continue_command(path: object, doing: str) -> Command:
    """The command that ends an operation; it opens no editor, so that a program can run it."""
    if doing == BISECT:
        return git_command(path, "bisect", "reset")
    return git_command(path, "-c", "core.editor=true", doing, "--continue")


def abort_command(path: object, doing: str) -> Command:
    """The command that gives an operation up; without a name for it, what only the index tells of."""
    if doing == BISECT:
        return continue_command(path, doing)
    return git_command(path, *((doing, "--abort") if doing else ("reset", "--merge")))


def next_command(path: object, doing: str, left: Sequence[str] = ()) -> Command:
    """What is run next: git's own list of what is left, and once nothing is left, the end of the operation."""
    return git_command(path, "status") if left or not doing else continue_command(path, doing)


def in_words(path: object, doing: str, left: Sequence[str] = ()) -> str:
    """What is unfinished in a worktree and what is to be done, so that nobody commits it half done.

    Args:
        doing: `merge`, `rebase`, …; empty where only files in conflict tell of it.
        left: files that are not resolved.
    """
    said = f"{path} is in the middle of a {doing}" if doing else f"{path} has files in conflict"
    if left:
        said += f": {some(left)} {'is' if len(left) == 1 else 'are'} not resolved"
    if doing == BISECT:
        return f"{said}; `{continue_command(path, doing)}` ends it"
    goes_on = continue_command(path, doing) if doing else git_command(path, "commit", "-m", "MSG")
    first = f"resolve that, then `{resolved_command(path, left)}` and " if left else ""
    return f"{said}; {first}`{goes_on}`, or give it up with `{abort_command(path, doing)}`"


def resolved_command(path: object, left: Sequence[str]) -> Command:
    """The command that tells git of resolved files. It names them: what is not resolved must not be added with them."""
    return add_command(path, *(left if len(left) <= _NAMED else ["FILE"]))
