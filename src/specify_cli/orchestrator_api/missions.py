"""The mission that a command is about, and what names it in every answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from specify_cli.context.models import Context
from specify_cli.context.resolver import require_mission_id, resolve_mission
from specify_cli.core.project_version import refuse_newer
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound, SpecKittyError
from specify_cli.mission_metadata import identity_of

Data = dict[str, object]


@contextmanager
def opened(mission: str) -> Iterator[Context]:
    """The mission that is named, for the length of the block; whatever fails in it names the mission too.

    Raises:
        NotFound: `MISSION_NOT_FOUND`.
        Conflict: `MISSION_AMBIGUOUS`, with `candidates`.
        Refused: `MISSION_ID_MISSING`, `PROJECT_NEWER`.
    """
    if not mission.strip():
        raise NotFound("the name of the mission is empty", "MISSION_NOT_FOUND", hint=spec_kitty("mission list"))
    context = resolve_mission(mission)
    refuse_newer(context.repo.root, context.repo.checkout)
    try:
        require_mission_id(context.place)
        yield context
    except SpecKittyError as error:
        error.details = {**identity(context.place), **error.details}
        raise


def identity(place: MissionPlace) -> Data:
    """What names the mission in every answer about it."""
    known = identity_of(place.meta, place.slug)
    return {
        "mission_slug": place.slug,
        "mission_id": place.mission_id,
        "mission_number": known.mission_number,
        "mission_type": known.mission_type,
    }
