"""Temporary files that killed writes left behind; `files.atomic_write` names them after the process."""

from __future__ import annotations

import os
import re
from pathlib import Path

from specify_cli.kernel import files, process

_TEMPORARY = re.compile(r"\..+\.([0-9]+)-[0-9]+\.tmp")


def is_stray(path: str) -> bool:
    """Whether a file of that name is one of these, or one that is being written."""
    return _TEMPORARY.fullmatch(path.rpartition("/")[2]) is not None


def sweep(folder: Path) -> None:
    """Remove those in a folder whose process has ended."""
    for name in os.listdir(folder) if folder.is_dir() else ():
        found = _TEMPORARY.fullmatch(name)
        if found and not process.is_running(int(found[1])):
            files.remove(folder / name)
