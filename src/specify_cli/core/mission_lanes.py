"""The lanes that a mission's merge is made of."""

from __future__ import annotations

from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.home import MissionPlace
from specify_cli.lanes.branch_naming import mission_branch_name
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes


def lanes_of(place: MissionPlace) -> LanesManifest | None:
    """As `read_lanes`; a mission that consists of documents alone has none, and needs none to be accepted and merged.

    Raises:
        NotFound, Refused: its lanes or its mission type cannot be read.
    """
    found = read_lanes(place)
    if found is not None or mission_type_of(place).has_packages:
        return found
    return LanesManifest(place.slug, place.mission_id, mission_branch_name(place.slug), place.target_branch, ())
