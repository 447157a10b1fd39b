"""lanes.json on disk: read from wherever the mission's documents are, written in its home."""

from __future__ import annotations

from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, files
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import replace
from specify_cli.lanes.models import LanesManifest

LANES = "lanes.json"


def read_lanes(place: MissionPlace) -> LanesManifest | None:
    """The lanes of a mission, or None before `finalize-tasks`.

    Raises:
        Refused: `MALFORMED_JSON` or `LANES_MALFORMED`.
    """
    text = place.read(LANES)
    return None if text is None else LanesManifest.from_dict(files.parse_json(text, place.where(LANES)))


def require_lanes(place: MissionPlace) -> LanesManifest:
    """The lanes of a mission.

    Raises:
        Refused: `LANES_MISSING`, or as `read_lanes`.
    """
    manifest = read_lanes(place)
    if manifest is None:
        raise Refused(
            f"{place.where(LANES)} does not exist yet: the work packages have no lanes",
            "LANES_MISSING",
            hint=spec_kitty("agent mission finalize-tasks", "--mission", place.slug),
        )
    return manifest


def differs(feature_dir: Path, manifest: LanesManifest) -> bool:
    """Whether lanes.json holds anything else than this manifest, the time of computing apart."""
    text = files.read_text(feature_dir / LANES)
    if text is None:
        return True
    try:
        return _timeless(files.parse_json(text, LANES)) != _timeless(manifest.to_dict())
    except Refused:
        return True


def write_lanes_json(feature_dir: Path, manifest: LanesManifest) -> Path:
    """Write lanes.json; where only the time of computing differs, the file is left alone.

    Args:
        feature_dir: the mission's folder.
        manifest: what to write; an empty `computed_at` becomes the present time.

    Returns:
        The file.
    """
    path = feature_dir / LANES
    if differs(feature_dir, manifest):
        stamped = manifest if manifest.computed_at else replace(manifest, computed_at=clock.stamp())
        files.write_json(path, stamped.to_dict())
    return path


def _timeless(shape: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in shape.items() if key != "computed_at"}
