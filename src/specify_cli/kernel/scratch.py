"""Scratch folders; apart from `files`, because the library behind them is dear to import."""

from __future__ import annotations

import tempfile
from pathlib import Path

from specify_cli.kernel.files import explain


def temporary_folder(prefix: str) -> Path:
    """A new folder for scratch work that only the user can enter; the caller removes it."""
    try:
        return Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    except OSError as error:
        raise explain(error, Path(tempfile.gettempdir())) from error
