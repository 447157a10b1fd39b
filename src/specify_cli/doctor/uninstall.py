"""Taking the tool out of a project: exactly the files it wrote, as far as nobody edited them.

The manifest goes last: killed anywhere, the next run finishes; once it is gone there is nothing left to do. Missions,
edited files, and all that is outside the working tree stay and are named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.core.installing import write_shared
from specify_cli.core.integrations import Shared, Stand
from specify_cli.core.project_files import CONFIG, FIXED, METADATA
from specify_cli.doctor.footprint import Condition, Footprint, Trace
from specify_cli.kernel import files
from specify_cli.kernel.paths import WORKTREES
from specify_cli.kernel.strays import sweep
from specify_cli.kernel.values import frozen

_BACKUPS = ".kittify/backups/"
_LAST = (METADATA, CONFIG, manifests.PATH)


@frozen
class Kept:
    """A path of the project that stays, and why."""

    path: str
    why: str


@frozen
class Uninstalled:
    """What an uninstallation removed, or would remove, and what it leaves. Paths are relative to the project, POSIX.

    Args:
        parts: files of somebody else that ours was taken out of.
    """

    project: Path
    removed: tuple[str, ...]
    kept: tuple[Kept, ...]
    elsewhere: tuple[Trace, ...]
    parts: tuple[str, ...] = ()


def uninstall(found: Footprint, *, dry_run: bool = False) -> Uninstalled:
    """Remove what the tool wrote into a project.

    Args:
        found: what there is.
        dry_run: only tell what would be done.

    Raises:
        Refused: a link leads out of the project (`SYMLINK_REFUSED`), or a file cannot be removed.
    """
    paths = _to_remove(found)
    kept = tuple(_to_keep(found, set(paths)))
    changed = [each for each in found.shared if each.before != each.after]
    emptied = [each.path for each in changed if each.after is None]
    if not dry_run:
        for path in paths:
            files.refuse_links(found.project, (found.project / path).parent)
        for folder in {(found.project / each.path).parent for each in found.files}:
            sweep(folder)
        write_shared(found.project, changed)
        for path in paths:
            files.remove(found.project / path)
            files.remove_empty((found.project / path).parent, found.project)
    parts = tuple(each.path for each in changed if each.after is not None)
    return Uninstalled(found.project, (*emptied, *paths), kept, found.elsewhere, parts)


def _to_remove(found: Footprint) -> list[str]:
    """In this order: first what can be written again, then what the next run must know."""
    ours = [each.path for each in found.files if each.state is Condition.UNEDITED and _is_ours(each.path)]
    generated = [path for path in found.generated if not path.startswith(f"{WORKTREES}/") or _has_no_worktree(found)]
    return [*generated, *sorted(ours, key=lambda path: (_LAST.index(path) if path in _LAST else -1, path))]


def _is_ours(path: str) -> bool:
    """Whether a path is one that the tool writes; a manifest that somebody forged may list others."""
    return path in FIXED or path in _LAST or manifests.is_command_file(path)


def _why_part_stays(shared: Shared) -> str | None:
    if shared.problem is not None:
        return f"our part stays: {shared.problem.message}"
    return "our part was edited" if shared.has(Stand.EDITED) else None


def _has_no_worktree(found: Footprint) -> bool:
    return set(os.listdir(found.project / WORKTREES)) == {".gitignore"}


def _to_keep(found: Footprint, removed: set[str]) -> Iterator[Kept]:
    for each in found.files:
        if each.state is Condition.EDITED:
            yield Kept(each.path, "edited")
        elif each.state is Condition.UNEDITED and each.path not in removed:
            yield Kept(each.path, "not a place where the tool writes")
    for part in found.shared:
        if why := _why_part_stays(part):
            yield Kept(part.path, why)
    yield from (Kept(path, "a mission") for path in found.missions)
    yield from (Kept(path, "worktrees are there") for path in found.generated if path not in removed)
    yield from (Kept(path, "a backup" if path.startswith(_BACKUPS) else "yours") for path in found.yours)
