"""`memory/constitution.md` and `memory/charter.md` become `.kittify/charter/charter.md`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specify_cli.core.charter import PATH
from specify_cli.kernel.commands import command
from specify_cli.kernel.notices import Notice
from specify_cli.upgrade.case import ProjectCase, ProjectMigration

_OLD = (
    ".kittify/memory/charter.md",
    ".kittify/memory/constitution.md",
    ".kittify/constitution/constitution.md",
    "memory/charter.md",
    "memory/constitution.md",
)


def detect(case: ProjectCase) -> bool:
    """There is a charter in one of its older places that can be moved, or is the same."""
    return case.older and next(_movable(case), None) is not None


def apply(case: ProjectCase) -> None:
    """Move the first one; another one stays, unless it says the same."""
    for source in list(_movable(case)):
        if not case.draft.move(source, case.path(PATH)):
            case.draft.remove(source)
    for name in _OLD:
        if case.draft.read(case.path(name)) is not None:
            message = f"{name} stays: {PATH} says something else"
            case.notices.append(Notice("PLACE_TAKEN", message, command("diff", name, PATH)))


def _movable(case: ProjectCase) -> Iterator[Path]:
    """Those that say what the charter says, or will."""
    charter = case.draft.read(case.path(PATH))
    for name in _OLD:
        data = case.draft.read(case.path(name))
        charter = data if charter is None else charter
        if data is not None and data == charter:
            yield case.path(name)


MIGRATION = ProjectMigration("m_3_1_0_charter", "3.1.0", f"move the charter to {PATH}", detect, apply)
