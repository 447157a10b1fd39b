"""`validate-encoding`: flaws in the documents of missions and of the project, and mending them with a backup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

from specify_cli.core.encoding import SUFFIXES, Flaw, mend
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, files, locks
from specify_cli.kernel.paths import KITTIFY
from specify_cli.kernel.values import frozen

# What people write in a project, beside missions.
_OF_PROJECT = ("charter", "overrides", "missions", "templates")


@frozen
class Repair:
    """What was found and done.

    Args:
        checked: how many files were looked at.
        found: file, below the checkout -> its flaws.
        mended: files that were written.
        backup: the folder with the files as they were; None where nothing was written, or nothing kept.
        left: file -> flaws that are still there.
    """

    checked: int
    found: Mapping[str, Sequence[Flaw]]
    mended: tuple[str, ...]
    backup: Path | None
    left: Mapping[str, Sequence[Flaw]]


def examine(places: Sequence[MissionPlace], project: Path | None, *, fix: bool = False, backup: bool = True) -> Repair:
    """Look for flaws, and mend them where that is asked for; a second run finds only what cannot be mended.

    Args:
        places: missions; without a home they are read at the tip of their target.
        project: its folder, to look at what people wrote below `.kittify` too.
        fix: write the documents without their flaws.
        backup: keep each as it was first, below `.kittify/backups/<time>/`.

    Raises:
        Refused: `TARGET_NOT_CHECKED_OUT`, before anything is written; `SYMLINK_REFUSED`.
    """
    found: dict[str, list[Flaw]] = {}
    left: dict[str, list[Flaw]] = {}
    mended: list[str] = []
    checked, stamp = 0, f"{clock.now():%Y%m%dT%H%M%S.%fZ}"
    folder: Path | None = None
    roots = {place.slug: place.feature_dir.parent.parent for place in places} if fix else {}
    for place, name, data in (*_of_missions(places), *_of_project(project)):
        checked += 1
        flaws = mend(data, name)[1]
        if not flaws:
            continue
        found[name] = flaws
        root = roots.get(place.slug) if place else project
        if fix and root is not None:
            kept = root / KITTIFY / "backups" / stamp if backup else None
            written, flaws = _rewrite(place, root, name, kept)
            mended += [name] if written else []
            folder = kept if written else folder
        remaining = [flaw for flaw in flaws if not (fix and flaw.mendable)]
        left.update({name: remaining} if remaining else {})
    return Repair(checked, found, tuple(mended), folder, left)


def _rewrite(place: MissionPlace | None, root: Path, name: str, kept: Path | None) -> tuple[bool, list[Flaw]]:
    """Write a document without its flaws, as it is now; whether that changed it, and the flaws."""
    path = root / name
    files.refuse_links(root, path)
    with locks.held(place.lock, doing=f"mend {name}") if place else nullcontext():
        data = files.read_bytes(path) or b""
        better, flaws = mend(data, name)
        if better != data:
            if kept is not None:
                files.make_ignored(kept.parent)
                files.atomic_write(kept / name, data, mkdir=True)
            files.atomic_write(path, better)
    return better != data, flaws


def _of_missions(places: Sequence[MissionPlace]) -> Iterator[tuple[MissionPlace | None, str, bytes]]:
    for place in places:
        names = [name for name in _names(place) if _is_document(name)]
        for name, data in place.read_many_bytes(names).items():
            if data is not None:
                yield place, place.where(name), data


def _names(place: MissionPlace, folder: str = "") -> Iterator[str]:
    for name in place.names(folder):
        path = folder + name
        if name.startswith(".") or (place.folder is not None and (place.folder / path).is_symlink()):
            continue
        if name.endswith("/"):
            yield from _names(place, path)
        else:
            yield path


def _of_project(project: Path | None) -> Iterator[tuple[None, str, bytes]]:
    for each in _OF_PROJECT if project is not None else ():
        assert project is not None
        for path in sorted((project / KITTIFY / each).rglob("*")):
            if path.is_file() and not path.is_symlink() and _is_document(path.name):
                yield None, path.relative_to(project).as_posix(), files.read_bytes(path) or b""


def _is_document(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES
