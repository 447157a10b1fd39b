"""The one table of names of older versions that readers accept; nothing that is written uses them."""

from __future__ import annotations

from collections.abc import Mapping

# Key of an older version -> the key that stands for it now.
LEGACY_KEYS: Mapping[str, str] = {"feature_slug": "mission_slug", "feature_number": "mission_number"}

# Column of an older queue of bodies -> the column that stands for it now.
LEGACY_COLUMNS: Mapping[str, str] = {"feature_slug": "mission_slug", "mission_key": "mission_type"}

# Lane names that old or newer logs hold -> the lane that they mean.
LEGACY_LANES: Mapping[str, str] = {"doing": "in_progress", "genesis": "planned"}

# How reasons of events begin by which an older version took a lane over from a file header.
LEGACY_BOOTSTRAP_REASON = "bootstrap from frontmatter"


def current_names(data: Mapping[str, object]) -> dict[str, object]:
    """The same object under today's keys; where both are there, today's wins."""
    renamed = {LEGACY_KEYS[key]: value for key, value in data.items() if key in LEGACY_KEYS}
    kept = {key: value for key, value in data.items() if key not in LEGACY_KEYS}
    return {**renamed, **kept}
