"""What the readers of all sources give: missions, work packages and leftovers, in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane


@frozen
class Tick:
    """A piece of work below a work package.

    Args:
        text: one line, with the number that the source gave it.
        id: the source's own id where it is one of our kind: `T001`.
    """

    text: str
    done: bool = False
    id: str = ""


@frozen
class ImportedPackage:
    """One work package as the source has it.

    Args:
        id: what the source calls it.
        origin: where it stands there, in words: `task 3 in .taskmaster/tasks/tasks.json`.
        body: Markdown.
        dependencies: what it comes after, by the ids of the source.
        state: a lane that holds nobody; what is under way elsewhere is planned here.
        said: its state in the words of the source, with the date where there is one.
        files: what it will write, where all of it is named; empty where not.
        requirements: numbers, from 1, of the mission's requirements that it serves.
        lines: how many tasks of the source it stands for, with those that are its subtasks.
    """

    id: str
    title: str
    origin: str
    body: str = ""
    dependencies: tuple[str, ...] = ()
    state: Lane = Lane.PLANNED
    said: str = ""
    ticks: tuple[Tick, ...] = ()
    files: tuple[str, ...] = ()
    requirements: tuple[int, ...] = ()
    lines: int = 0


@frozen
class ImportedMission:
    """One mission as the source has it.

    Args:
        id: what the source calls it; the same at every import.
        title: a few words.
        origin: where it stands there, in words.
        documents: name below the mission's folder -> content as it is in the source.
        requirements: what is stated there, as sentences; spec.md lists them. Empty where spec.md has its own.
        closed: the day on which the source put it away as finished, or a word for it; empty while it is open.
        where: the file or folder that its tasks are in.
        lines: how many tasks of the source it stands for itself, beside its work packages.
        aliases: other names under which it may have been imported before.
    """

    id: str
    title: str
    origin: str
    documents: Mapping[str, bytes] = field(default_factory=dict)
    packages: tuple[ImportedPackage, ...] = ()
    requirements: tuple[str, ...] = ()
    closed: str = ""
    where: str = ""
    lines: int = 0
    aliases: tuple[str, ...] = ()


@frozen
class Imported:
    """A project as the source has it.

    Args:
        leftovers: what has no counterpart here, and what could not be read.
        left: path -> how many tasks were left out there, and named among the leftovers.
        unread: files of which something could not be read.
        tasks: path -> how many tasks the source holds there, by an independent count.
    """

    missions: tuple[ImportedMission, ...] = ()
    leftovers: tuple[Notice, ...] = ()
    left: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    tasks: Mapping[str, int] = field(default_factory=dict)
