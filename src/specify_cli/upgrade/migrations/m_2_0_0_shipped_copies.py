"""Copies of shipped mission types, templates and scripts go: they would count before those of this version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specify_cli.core.project_resolver import PACKAGE
from specify_cli.kernel.legacy import is_older
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.upgrade.case import ProjectCase, ProjectMigration

_SHIPPED = (".kittify/templates", ".kittify/scripts", ".kittify/command-templates")
_TYPES = ".kittify/missions"


def detect(case: ProjectCase) -> bool:
    """A version that kept no manifest left copies."""
    # Without another mark of an older version, templates without a manifest are somebody's own.
    made_so = is_older(case.root) or case.path(".specify").is_dir()
    return case.older and made_so and next(_copies(case), None) is not None


def apply(case: ProjectCase) -> None:
    """Take them away; the backup keeps them."""
    found = list(_copies(case))
    for path in found:
        case.draft.remove(path)
    message = (
        f"{plural(len(found), 'template and script', 'templates and scripts')} that an older version had copied into "
        ".kittify were taken away; what you changed in them is in the backup and belongs into .kittify/overrides"
    )
    case.notices.append(Notice("COPIES_SET_ASIDE", message, None))


def _copies(case: ProjectCase) -> Iterator[Path]:
    for name in _SHIPPED:
        yield from case.draft.files_below(case.path(name))
    known = {folder.name for folder in PACKAGE.iterdir() if folder.is_dir()}
    for name in case.draft.names(case.path(_TYPES)):
        if name.removesuffix("/") in known:
            yield from case.draft.files_below(case.path(_TYPES) / name[:-1])


MIGRATION = ProjectMigration(
    "m_2_0_0_shipped_copies", "2.0.0", "take away copies of shipped templates and scripts", detect, apply
)
