"""Scaffolding a mission's planning documents; what a person wrote is never overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.core.commits import Committed, milestone, require_identity
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.mission_types import MissionType
from specify_cli.core.templates import fill, template
from specify_cli.core.work_packages import MISSION, write_documents
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
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


@frozen
class SetUp:
    """Documents that were scaffolded.

    Args:
        written: those that were not there before.
        kept: those that were, whoever wrote them.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]
    committed: Committed


def set_up_plan(place: MissionPlace, config: Config) -> PlanSetUp:
    """Write the scaffold of plan.md, unless there is a plan already.

    Raises:
        Refused: `SPEC_MISSING`: there is no spec.md, or it is empty; `MISSION_IS_TINY`; `TARGET_NOT_CHECKED_OUT`;
            `NO_GIT_IDENTITY`.
    """
    folder = place.feature_dir
    if place.is_tiny:
        raise Refused(
            f"mission {place.slug} is tiny: {MISSION} says all that is planned",
            "MISSION_IS_TINY",
            hint=spec_kitty("mission promote", "--mission", place.slug),
        )
    text = place.read(SPEC)
    if text is None or not text.strip():
        raise Refused(
            f"{place.where(SPEC)} is missing or empty, and a plan answers a specification",
            "SPEC_MISSING",
            hint=spec_kitty("next", "--agent", "NAME", "--mission", place.slug),
            details={"path": str(folder / SPEC)},
        )
    if place.read(PLAN) is not None:
        return PlanSetUp(folder / PLAN, folder / SPEC, written=False, committed=Committed())
    done = set_up_documents(place, config, [PLAN], "set up plan")
    return PlanSetUp(folder / PLAN, folder / SPEC, written=True, committed=done.committed)


def set_up_documents(place: MissionPlace, config: Config, names: Sequence[str], subject: str) -> SetUp:
    """Write the scaffolds of documents that are not there, and commit them; what is there is left as it is.

    Args:
        names: such as `research.md`.
        subject: completes `spec-kitty(<slug>): …`.

    Raises:
        Refused: `TARGET_NOT_CHECKED_OUT`, `NO_GIT_IDENTITY`.
    """
    folder = place.feature_dir
    require_identity(place)
    kept = tuple(name for name in names if place.read_bytes(name) is not None)
    kind = mission_type_of(place)
    texts = {name: scaffold(place, kind, name) for name in names if name not in kept}
    write_documents(folder, texts)
    committed = milestone(place, config, subject) if texts else Committed()
    return SetUp(tuple(texts), kept, committed)


def scaffold(place: MissionPlace, kind: MissionType, name: str) -> str:
    """A document as its template has it: the one that its step names, else the one of the same name.

    Raises:
        NotFound, Refused: see `template`.
    """
    values = {"title": str(place.meta.get("friendly_name") or place.slug), "mission_slug": place.slug}
    named = next((step.template for step in kind.planning_steps if step.document == name), None)
    return fill(template(place.repo, kind.key, named or name), values)


def documents_present(place: MissionPlace) -> dict[str, bool]:
    """Required and optional documents of a mission -> whether they are there."""
    names = set(place.names())
    kind = mission_type_of(place)
    wanted = [*kind.required_artifacts, *(["tasks/"] if kind.has_packages else []), *OPTIONAL]
    return {name: name in names for name in dict.fromkeys(wanted)}
