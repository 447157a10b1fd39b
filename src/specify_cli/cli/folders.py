"""Many files told in few lines: how many are in each folder."""

from __future__ import annotations

from collections.abc import Iterable

RUNTIME = ".kittify/runtime"


def by_folder(listed: Iterable[str]) -> dict[str, int]:
    """Folder -> number of files; skills, prompts and logs count for the folder that holds all of them."""
    counts: dict[str, int] = {}
    for path in listed:
        folder = path.removesuffix(".new").removesuffix("/SKILL.md").rpartition("/")[0] or "."
        folder = RUNTIME if folder.startswith(RUNTIME) else folder
        counts[folder] = counts.get(folder, 0) + 1
    return dict(sorted(counts.items()))
