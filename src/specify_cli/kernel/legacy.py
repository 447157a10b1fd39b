"""The one table of names of older versions that readers accept; nothing that is written uses them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# Key of an older version -> the key that stands for it now.
LEGACY_KEYS: Mapping[str, str] = {"feature_slug": "mission_slug", "feature_number": "mission_number"}

# As above, in meta.json alone: in a log the key has another sense.
_META_KEYS: Mapping[str, str] = {**LEGACY_KEYS, "mission": "mission_type"}

# Folders below `tasks/` that told where a work package is by holding its prompt -> the lane that they mean.
LANE_FOLDERS: Mapping[str, str] = {
    "planned": "planned",
    "doing": "in_progress",
    "for_review": "for_review",
    "done": "done",
}

# What an older version has made and this one does not: told by it in a project that has no manifest.
_OLD_MARKS = ("metadata.yaml", "scripts", "memory", "active-mission")

# Column of an older queue of bodies -> the column that stands for it now.
LEGACY_COLUMNS: Mapping[str, str] = {"feature_slug": "mission_slug", "mission_key": "mission_type"}

# Lane names that old or newer logs hold -> the lane that they mean.
LEGACY_LANES: Mapping[str, str] = {"doing": "in_progress", "genesis": "planned"}

# Who moved a work package, where what an older version left does not say it.
NOBODY = "older-version"

# What stands where an actor belongs and is nobody who holds anything: commands of older versions put themselves there.
NO_HOLDERS = frozenset({NOBODY, "implement-command", "migration"})

# How reasons of events begin by which a lane was taken over from a file header: ours, and that of 3.1.1's upgrade.
LEGACY_BOOTSTRAP_REASON = "bootstrap from frontmatter"
LEGACY_REASONS = (LEGACY_BOOTSTRAP_REASON, "bootstrapped from legacy state")


def current_names(data: Mapping[str, object], keys: Mapping[str, str] = LEGACY_KEYS) -> dict[str, object]:
    """The same object under today's keys; where both are there, today's wins."""
    renamed = {keys[key]: value for key, value in data.items() if key in keys}
    kept = {key: value for key, value in data.items() if key not in keys}
    return {**renamed, **kept}


def current_meta(meta: Mapping[str, object]) -> dict[str, object]:
    """A meta.json of any version under today's keys."""
    return current_names(meta, _META_KEYS)


def is_older(project: Path) -> bool:
    """Whether a version that kept no manifest set a project up, and nobody has upgraded it since."""
    folder = project / ".kittify"
    return not (folder / "manifest.json").exists() and any((folder / name).exists() for name in _OLD_MARKS)
