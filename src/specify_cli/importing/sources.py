"""The tools whose projects can be imported, and their files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from specify_cli.importing import backlog, beads, census, kiro, openspec, speckit, taskmaster
from specify_cli.importing.models import Imported
from specify_cli.importing.reading import UNREADABLE
from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import NotFound, SpecKittyError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import at_home
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen, replace

_LARGEST = 32 * 1024 * 1024


@frozen
class Source:
    """A tool.

    Args:
        key: as it is named on the command line.
        title: as it is called.
        roots: files and folders of a project that it keeps.
        marks: how paths begin that make a folder a project of the tool, though it holds no task.
        read: the pure reader: of path below the project -> content, and what stands before it in commands.
    """

    key: str
    title: str
    roots: tuple[str, ...]
    marks: tuple[str, ...]
    read: Callable[[Mapping[str, bytes], str], Imported]


SOURCES: Mapping[str, Source] = {
    source.key: source
    for source in (
        Source("spec-kit", "spec-kit", speckit.ROOTS, (".specify/",), speckit.read),
        Source("openspec", "OpenSpec", openspec.ROOTS, ("openspec/",), openspec.read),
        Source("kiro", "Kiro", kiro.ROOTS, (".kiro/specs/",), kiro.read),
        Source(
            "taskmaster",
            "Taskmaster",
            taskmaster.ROOTS,
            (".taskmaster/config.json", ".taskmaster/state.json"),
            taskmaster.read,
        ),
        Source(
            "backlog",
            "Backlog.md",
            backlog.ROOTS,
            ("backlog/config.y", ".backlog/config.y", "backlog.config.yml"),
            backlog.read,
        ),
        Source("beads", "beads", beads.ROOTS, (".beads/issues.jsonl", ".beads/beads.jsonl"), beads.read),
    )
}


def read_project(source: Source, path: Path) -> tuple[Path, Imported]:
    """Read a project of a tool; nothing is written.

    Args:
        path: its folder, or the tool's own folder in it.

    Returns:
        The project's folder, and what is there.

    Raises:
        NotFound: `IMPORT_SOURCE_NOT_FOUND`: there is no such folder, or no such project in it.
    """
    folder = at_home(path).resolve()
    if not folder.is_dir():
        raise NotFound(f"there is no folder {path}", "IMPORT_SOURCE_NOT_FOUND", hint=command("ls", path.parent))
    if folder.name in source.roots and not any((folder / root).exists() for root in source.roots):
        folder = folder.parent
    unread: dict[str, Notice] = {}
    found = dict(_files(folder, source.roots, unread))
    imported = source.read(found, "" if folder == Path.cwd() else f"{folder}/")
    tasks = census.count(source.key, found)
    if not (imported.missions or unread or imported.unread or tasks or _is_empty(source, found)):
        raise _nothing(source, folder, found, next((each.hint for each in imported.leftovers if each.hint), None))
    return folder, replace(
        imported,
        leftovers=(*unread.values(), *imported.leftovers),
        unread=(*unread, *imported.unread),
        tasks=tasks,
    )


def _is_empty(source: Source, found: Mapping[str, bytes]) -> bool:
    """Whether it is a project of the tool in which nobody has planned anything yet."""
    return any(path.startswith(source.marks) for path in found)


def _nothing(source: Source, folder: Path, found: Mapping[str, bytes], hint: Command | None) -> NotFound:
    """The refusal for a folder without a project; where one of another tool is there, it is named."""
    others = [each for each in SOURCES.values() if each is not source]
    there = [each for each in others if each.read(dict(_files(folder, each.roots, {})), "").missions]
    what = f"{plural(len(found), 'file')} and no task" if found else "none of its files is there"
    return NotFound(
        f"{folder} is no project of {source.title}: {what} ({', '.join(source.roots)})",
        "IMPORT_SOURCE_NOT_FOUND",
        hint=spec_kitty("import", "--from", there[0].key, folder) if there else hint or command("ls", "-a", folder),
    )


def _files(folder: Path, roots: tuple[str, ...], unread: dict[str, Notice]) -> Iterator[tuple[str, bytes]]:
    """Path below the project -> content of every regular file of a tool; links are followed inside the project."""
    for root in roots:
        for path in _walk(folder / root):
            name = path.relative_to(folder).as_posix()
            try:
                files.refuse_links(folder, path)
                if not path.is_file():
                    continue
                if path.stat().st_size > _LARGEST:
                    unread[name] = Notice(UNREADABLE, f"{name}: too large ({path.stat().st_size} bytes)")
                    continue
                data = files.read_bytes(path)
            except (SpecKittyError, OSError) as error:
                unread[name] = Notice(UNREADABLE, f"{name}: {error}", command("ls", "-l", path))
                continue
            if data is not None:
                yield name, data


def _walk(start: Path) -> Iterator[Path]:
    if not start.is_dir():
        yield start
        return
    for folder, folders, names in os.walk(start):
        folders.sort()
        for name in sorted(names):
            yield Path(folder) / name
