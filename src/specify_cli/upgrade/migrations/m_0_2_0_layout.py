"""`.specify` and `specs/NNN-…` become `.kittify` and `kitty-specs/NNN-…`."""

from __future__ import annotations

import re
from pathlib import Path

from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import KITTIFY, SPECS
from specify_cli.upgrade.case import ProjectCase, ProjectMigration

_OLD = ".specify"
_OLD_SPECS = "specs"
_NUMBERED = re.compile(r"\d{3,}-[^/]+/")


def detect(case: ProjectCase) -> bool:
    """A folder of before the names of today holds files."""
    return case.older and bool(_moves(case))


def apply(case: ProjectCase) -> None:
    """Move every file; one whose place is taken stays."""
    for source, target in _moves(case):
        if not case.draft.move(source, target):
            message = f"{source.relative_to(case.root)} stays: {target.relative_to(case.root)} is there already"
            case.notices.append(Notice("PLACE_TAKEN", message, None))


def _moves(case: ProjectCase) -> list[tuple[Path, Path]]:
    found = [(path, case.path(KITTIFY) / path.relative_to(case.path(_OLD))) for path in _files(case, _OLD)]
    specs = case.path(_OLD_SPECS)
    for name in case.draft.names(specs):
        if _NUMBERED.fullmatch(name) and case.draft.read(specs / name / "spec.md") is not None:
            folder = specs / name[:-1]
            found += [(path, case.path(SPECS) / path.relative_to(specs)) for path in case.draft.files_below(folder)]
    return found


def _files(case: ProjectCase, name: str) -> list[Path]:
    return list(case.draft.files_below(case.path(name)))


MIGRATION = ProjectMigration(
    "m_0_2_0_layout", "0.2.0", "move .specify and specs to .kittify and kitty-specs", detect, apply
)
