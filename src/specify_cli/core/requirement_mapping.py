"""Which work packages serve which requirements of spec.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.core.commits import publish_mode
from specify_cli.core.documents import functional_requirements, requirement_ids
from specify_cli.core.work_packages import WorkPackage, require_plan, require_work_package, write_documents
from specify_cli.home import MissionPlace
from specify_cli.kernel import frontmatter
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.status.approvals import MAPPED
from specify_cli.status.emit import writing

SPEC = "spec.md"


@frozen
class Mapped:
    """What a mapping changed.

    Args:
        changed: work packages whose header is new, in id order.
        refs: work package -> requirements it serves now, of those that were asked for.
        coverage: functional requirement -> work packages that serve it.
    """

    changed: tuple[str, ...]
    refs: Mapping[str, tuple[str, ...]]
    coverage: Mapping[str, tuple[str, ...]]

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Functional requirements that no work package serves."""
        return tuple(requirement for requirement, served in self.coverage.items() if not served)

    def to_dict(self) -> dict[str, object]:
        """The JSON answer, without `result`."""
        return {
            "changed": list(self.changed),
            "requirement_refs": {wp_id: list(refs) for wp_id, refs in self.refs.items()},
            "coverage": {requirement: list(served) for requirement, served in self.coverage.items()},
            "uncovered": list(self.uncovered),
        }


def coverage(spec: str, packages: Sequence[WorkPackage]) -> dict[str, tuple[str, ...]]:
    """Functional requirement of a specification -> work packages that serve it, both in order.

    Args:
        spec: the text of spec.md.
        packages: those that count; leave canceled ones out.
    """
    serving = {package.id: {ref.upper() for ref in package.requirement_refs} for package in packages}
    return {
        requirement: tuple(wp_id for wp_id, refs in serving.items() if requirement in refs)
        for requirement in functional_requirements(spec)
    }


def map_requirements(
    place: MissionPlace,
    config: Config,
    mapping: Mapping[str, Sequence[str]],
    *,
    replace: bool = False,
    actor: str,
    session: str | None = None,
) -> Mapped:
    """Write into the headers of prompts which requirements they serve; tasks.md is left as it is.

    Args:
        place: the mission.
        config: the project's settings.
        mapping: work package -> ids of requirements.
        replace: the ids stand for all that the work package had; else they are added.
        actor: who says so; the change is noted in the mission log.
        session: the running instance of the actor.

    Raises:
        NotFound: `WP_NOT_FOUND`, or `REQUIREMENT_NOT_FOUND` naming every unknown id; then nothing is written.
        Refused: `TARGET_NOT_CHECKED_OUT`, or a malformed header.
    """
    feature_dir = place.feature_dir
    spec = place.read(SPEC) or ""
    wanted = {wp_id: [ref.strip().upper() for ref in refs if ref.strip()] for wp_id, refs in mapping.items()}
    _check_known(place, spec, wanted)
    with writing(place, publish=publish_mode(config), doing=f"map requirements of {place.slug}") as log:
        packages = require_plan(place)
        new: dict[str, tuple[str, ...]] = {}
        texts: dict[str, str] = {}
        for wp_id in sorted(wanted, key=natural_key):
            package = require_work_package(packages, wp_id, place.slug)
            had = () if replace else package.requirement_refs
            new[wp_id] = tuple(dict.fromkeys([*had, *wanted[wp_id]]))
            before = place.read(package.file) or ""
            after = frontmatter.update(before, {"requirement_refs": list(new[wp_id])}, place.where(package.file))
            if after != before:
                texts[package.file] = after
        write_documents(feature_dir, texts)
        changed = tuple(package.id for package in packages if package.file in texts)
        known = {package.id: package.requirement_refs for package in packages}
        for wp_id in changed:
            added = [ref for ref in new[wp_id] if ref not in known[wp_id]]
            note: dict[str, object] = {"text": f"requirement_refs: {', '.join(new[wp_id]) or 'none'}"}
            if added:
                note[MAPPED] = added
            log.record("note", actor=actor, session=session, wp_id=wp_id, data=note)
    return Mapped(changed, new, coverage(spec, require_plan(place)))


def _check_known(place: MissionPlace, spec: str, wanted: Mapping[str, Sequence[str]]) -> None:
    known = requirement_ids(spec)
    unknown = sorted({ref for refs in wanted.values() for ref in refs if ref not in known}, key=natural_key)
    if unknown:
        states = ", ".join(known) or "no requirement"
        raise NotFound(
            f"{place.where(SPEC)} does not state {', '.join(unknown)}; it states {states}. Name one of these, or state "
            f"it there in a line such as `- **{unknown[0]}**: …`",
            "REQUIREMENT_NOT_FOUND",
            details={"unknown": unknown, "known": known, "edit": place.where(SPEC)},
        )
