"""Scaffolding a mission's planning documents; what a person wrote is never overwritten."""

from __future__ import annotations

from pathlib import Path

from specify_cli.core.commits import Committed, milestone, require_identity
from specify_cli.core.mission_types import MissionType, load_mission_type
from specify_cli.core.templates import fill, template
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

SPEC = "spec.md"
PLAN = "plan.md"
OPTIONAL = ("research.md", "data-model.md", "quickstart.md", "contracts/", "checklists/")


@frozen
class PlanSetUp:
    """How `setup-plan` left the plan.

    Args:
        written: whether the scaffold was written now.
    """

    plan: Path
    spec: Path
    written: bool
    committed: Committed


def mission_type_of(place: MissionPlace) -> MissionType:
    """The type of a mission; software-dev where its meta names none."""
    return load_mission_type(str(place.meta.get("mission_type") or "software-dev"), place.repo)


def set_up_plan(place: MissionPlace, config: Config) -> PlanSetUp:
    """Write the scaffold of plan.md, unless there is a plan already.

    Raises:
        Refused: `SPEC_MISSING`: there is no spec.md, or it is empty; `TARGET_NOT_CHECKED_OUT`; `NO_GIT_IDENTITY`.
    """
    folder = place.feature_dir
    text = place.read(SPEC)
    if text is None or not text.strip():
        raise Refused(
            f"{place.where(SPEC)} is missing or empty, and a plan answers a specification",
            "SPEC_MISSING",
            hint=f"spec-kitty next --agent NAME --mission {place.slug}",
            details={"path": str(folder / SPEC)},
        )
    if place.read(PLAN) is not None:
        return PlanSetUp(folder / PLAN, folder / SPEC, written=False, committed=Committed())
    require_identity(place)
    values = {"title": str(place.meta.get("friendly_name") or place.slug), "mission_slug": place.slug}
    files.atomic_write(folder / PLAN, fill(template(place.repo, mission_type_of(place).key, PLAN), values))
    return PlanSetUp(folder / PLAN, folder / SPEC, written=True, committed=milestone(place, config, "set up plan"))


def documents_present(place: MissionPlace) -> dict[str, bool]:
    """Required and optional documents of a mission -> whether they are there."""
    names = set(place.names())
    wanted = [*mission_type_of(place).required_artifacts, "tasks/", *OPTIONAL]
    return {name: name in names for name in dict.fromkeys(wanted)}
