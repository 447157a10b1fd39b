"""`migrate`: put mission types and templates into `~/.kittify`, for all projects of a user (seed 039, WP08).

`manifest.json` in it tells which files were put there, so that what a user wrote or edited is never overwritten.
"""

from __future__ import annotations

from pathlib import Path

from specify_cli.core.manifest import Manifest, parse_manifest
from specify_cli.core.project_resolver import COMMON, HOME_VARIABLE, PACKAGE, TYPES, user_folder
from specify_cli.core.user_folder import MANIFEST
from specify_cli.kernel import files, locks
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen
from specify_cli.version import VERSION


@frozen
class Installed:
    """What an installation did, or would do. Paths are relative to the folder, POSIX.

    Args:
        created: files that are new.
        updated: files of an older version that nobody had edited.
        kept: files that say something else than ours, because a user wrote or edited them.
        unchanged: files that were right already.
    """

    folder: Path
    created: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]
    unchanged: tuple[str, ...]


def install(*, dry_run: bool = False) -> Installed:
    """Put mission types and templates of this version into the user's folder; again it changes nothing.

    Args:
        dry_run: only say what would be done.

    Raises:
        Refused: `HOME_MISSING`, `HOME_IS_A_PROJECT`; `MALFORMED_JSON`, `MANIFEST_INVALID`; `SYMLINK_REFUSED`.
        Conflict: `LOCKED`.
    """
    folder = user_folder()
    if folder is None:
        raise Refused(
            "there is no home folder for this user",
            "HOME_MISSING",
            hint=command("export", f"{HOME_VARIABLE}=/path/to/.kittify"),
        )
    if (folder / "config.yaml").exists():
        raise Refused(
            f"{folder} is the folder of a project, and what all projects share needs one of its own",
            "HOME_IS_A_PROJECT",
            hint=command("export", f"{HOME_VARIABLE}=/path/to/another/folder"),
        )
    done, before, after = _compared(folder)
    if dry_run or (after == before and not done.created):
        return done
    with locks.held(folder / "locks" / "migrate.lock", doing="migrate"):
        done, before, after = _compared(folder)
        texts = shipped()
        for name in (*done.created, *done.updated):
            files.atomic_write(folder / name, texts[name], mkdir=True)
        # Last: after a crash what was written is known by its content, and what was not is listed as it was.
        files.write_json(folder / MANIFEST, after.to_dict(), mkdir=True)
    return done


def shipped() -> dict[str, bytes]:
    """What is installed: path in the user's folder -> content."""
    found: dict[str, bytes] = {}
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and path.suffix in {".md", ".yaml"}:
            name = path.relative_to(PACKAGE)
            shared = name.parts[0] == COMMON
            found["/".join(name.parts[1:] if shared else (TYPES, *name.parts))] = files.read_bytes(path) or b""
    return found


def _compared(folder: Path) -> tuple[Installed, Manifest, Manifest]:
    """What there is to do, and the manifest before and after."""
    before = after = _manifest(folder)
    created, updated, kept, unchanged = [], [], [], []
    for name, content in shipped().items():
        standing = files.read_bytes(folder / name)
        if standing is None:
            created.append(name)
        elif standing == content:
            unchanged.append(name)
        elif before.is_edited(name, standing):
            kept.append(name)
        else:
            updated.append(name)
        if name not in kept:
            after = after.with_file(name, content, VERSION)
    return Installed(folder, tuple(created), tuple(updated), tuple(kept), tuple(unchanged)), before, after


def _manifest(folder: Path) -> Manifest:
    raw = files.read_json(folder / MANIFEST)
    return Manifest() if raw is None else parse_manifest(raw, str(folder / MANIFEST))
