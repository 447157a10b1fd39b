"""Where symbolic links lead."""

from __future__ import annotations

from pathlib import Path


def leads_out(path: Path, root: Path) -> bool:
    """Whether a path, with all links followed, is outside of a folder; links in a circle lead nowhere in it."""
    try:
        return not path.resolve().is_relative_to(root.resolve())
    except RuntimeError:
        return True
