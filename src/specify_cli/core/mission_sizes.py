"""How much paper a mission takes: tiny is one document with one work package, full begins with more than the usual.

Whatever its type, a tiny mission has the same loop, review and merge: it only has another first step.
"""

from __future__ import annotations

from enum import StrEnum

from specify_cli.core.mission_types import DEFAULT_TYPE, MissionType, Step, StepKind, load_mission_type
from specify_cli.core.work_packages import MISSION
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.values import replace
from specify_cli.lanes.persistence import LANES

HEADINGS = ("Goal", "Acceptance criteria", "Work")
RESEARCH = ("research.md", "data-model.md")
# What a mission of size full has beside the first document from the start.
FULL = (*RESEARCH, "contracts/README.md", "checklists/requirements.md")
_TITLE = "Write the mission"
_ABOUT = "Say in one document what it is for, how one sees that it is done, and what to do in which files."


class Size(StrEnum):
    """What `agent mission create --size` takes; without a size in meta.json a mission is normal."""

    TINY = "tiny"
    NORMAL = "normal"
    FULL = "full"


def mission_type_of(place: MissionPlace) -> MissionType:
    """The type of a mission, as its size has it; software-dev where its meta names none.

    Raises:
        NotFound, Refused: see `load_mission_type`.
    """
    kind = load_mission_type(str(place.meta.get("mission_type") or DEFAULT_TYPE), place.repo)
    return sized(kind, Size.TINY) if place.is_tiny else kind


def sized(kind: MissionType, size: Size) -> MissionType:
    """A type as missions of a size have it: before the work packages of a tiny one there is `mission.md` alone.

    Raises:
        UsageError: `SIZE_UNSUITABLE`: it has no work packages.
    """
    if size is not Size.TINY:
        return kind
    if not kind.has_packages:
        raise UsageError(
            f"missions of type {kind.key} have no work packages, so that none is tiny",
            "SIZE_UNSUITABLE",
            hint=spec_kitty("agent mission create", "SLUG", "--mission-type", kind.key),
        )
    first = next(step for step in kind.steps if step.kind is StepKind.DOCUMENT)
    after = [step for step in kind.steps if step.kind not in (StepKind.DOCUMENT, StepKind.PACKAGES)]
    # It has no command template: the document's own template says how to fill it in.
    write = Step(first.name, StepKind.DOCUMENT, _TITLE, _ABOUT, "", MISSION, MISSION, HEADINGS, ("headings",))
    return replace(kind, steps=(write, *after), required_artifacts=(MISSION, LANES))
