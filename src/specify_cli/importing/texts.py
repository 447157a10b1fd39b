"""The documents of an imported mission: spec.md, plan.md, tasks.md and prompts as texts. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from specify_cli.core.documents import functional_requirements
from specify_cli.core.markdown import heading_key, sections
from specify_cli.core.tasks_document import Outline, render_tasks
from specify_cli.importing.models import ImportedMission, ImportedPackage, Tick
from specify_cli.importing.reading import words
from specify_cli.kernel.text import number_of
from specify_cli.kernel.values import frozen
from specify_cli.lanes import globs
from specify_cli.status.models import Lane

_PLAIN = re.compile(r"(?:WP|T|FR-)\d+|code_change")
_LONGEST_REASON = 400


@frozen
class PlannedPackage:
    """A work package as it will be.

    Args:
        source: as it is in the other tool.
        subtasks: each with its id.
    """

    id: str
    title: str
    source: ImportedPackage
    file: str
    dependencies: tuple[str, ...]
    subtasks: tuple[Tick, ...]
    requirement_refs: tuple[str, ...]
    owned_files: tuple[str, ...]

    def reason(self, tool: str) -> str:
        """Where its state comes from, in a sentence."""
        return f"{tool}, {self.source.origin}: {one_line(self.source.said)[:_LONGEST_REASON]}"

    def to_dict(self) -> dict[str, object]:
        """As JSON answers show it."""
        return {
            "id": self.id,
            "source_id": self.source.id,
            "title": self.title,
            "lane": self.source.state.value,
            "source_state": self.source.said or None,
            "dependencies": list(self.dependencies),
            "subtasks": [{"id": each.id, "title": each.text, "done": each.done} for each in self.subtasks],
        }


def one_line(text: str) -> str:
    """A text on one line that opens no comment and no placeholder."""
    return " ".join(words(text).split()).replace("<!--", "&lt;!--").replace("[FILL:", "(FILL:")


def spec_of(
    mission: ImportedMission, sources: Sequence[ImportedPackage], title: str, tool: str
) -> tuple[bytes, dict[int, str]]:
    """spec.md, and the id of each requirement that was added to it: all but what only canceled work is for."""
    own = mission.documents.get("spec.md")
    text = own.decode("utf-8", "surrogateescape") if own is not None else _introduction(mission, title, tool)
    alive = {number for each in sources if each.state is not Lane.CANCELED for number in each.requirements}
    given_up = {number for each in sources for number in each.requirements} - alive
    wanted = {number: said for number, said in enumerate(mission.requirements, 1) if number not in given_up}
    if not wanted:
        return (own if own is not None else text.encode()), {}
    last = max((number_of(re.sub(r"\D", "", ref)) for ref in functional_requirements(text)), default=0)
    refs = {number: f"FR-{last + place:03d}" for place, number in enumerate(wanted, 1)}
    lines = [f"- **{refs[number]}**: {one_line(said)}" for number, said in wanted.items()]
    added = "\n".join(["", "## Functional requirements", "", *lines, ""])
    return (text.rstrip("\n") + "\n" + added).encode("utf-8", "surrogateescape"), refs


def _introduction(mission: ImportedMission, title: str, tool: str) -> str:
    return (
        f"# Specification: {title}\n\n## Goal\n\nWhat {tool} holds of {mission.origin}, which had no specification.\n"
    )


def plan_of(mission: ImportedMission, title: str, tool: str, headings: Iterable[str]) -> bytes:
    """plan.md as the source has it, and the headings that it lacks."""
    own = mission.documents.get("plan.md")
    text = own.decode("utf-8", "surrogateescape") if own is not None else f"# Implementation plan: {title}\n"
    there = {heading_key(each.title) for each in sections(text.replace("\r\n", "\n"))}
    missing = [heading for heading in headings if heading_key(heading) not in there]
    if own is not None and not missing:
        return own
    why = (
        f"{tool} keeps no plan of {one_line(mission.origin)}"
        if own is None
        else f"The plan of {tool} has no such section"
    )
    added = [f"\n## {heading}\n\n{why}; see the prompts of the work packages.\n" for heading in missing]
    return (text.rstrip("\n") + "\n" + "".join(added)).encode("utf-8", "surrogateescape")


def tasks_of(mission: ImportedMission, title: str, tool: str, packages: Sequence[PlannedPackage]) -> str:
    """tasks.md: a section for each work package, with its boxes."""
    outlines = [
        Outline(
            each.id, each.title, each.file, each.requirement_refs, each.dependencies,
            [(tick.id, tick.text) for tick in each.subtasks],
        )
        for each in packages
    ]  # fmt: skip
    ticked = {tick.id: tick.done for each in packages for tick in each.subtasks}
    return render_tasks(title, outlines, ticked, f"Imported from {tool}: {one_line(mission.origin)}.")


def prompt_of(package: PlannedPackage, tool: str) -> str:
    """The prompt of a work package: its header, where it comes from, and what the source says."""
    source = package.source
    state = f" State there: {one_line(source.said)}." if source.said else ""
    fields: dict[str, object] = {
        "work_package_id": package.id,
        "title": package.title,
        "dependencies": package.dependencies,
        "requirement_refs": package.requirement_refs,
        "subtasks": [tick.id for tick in package.subtasks],
        "execution_mode": "code_change",
        "owned_files": package.owned_files,
    }
    if surface := globs.surface(package.owned_files):
        fields["authoritative_surface"] = surface
    header = "\n".join(f"{key}: {_yaml(value)}" for key, value in fields.items())
    heading = f"# {package.id}: {package.title}\n\nImported from {tool}: {one_line(source.origin)}.{state}\n"
    body = f"\n{source.body.strip()}\n" if source.body.strip() else ""
    return f"---\n{header}\n---\n\n{heading}{body}"


def _yaml(value: object) -> str:
    """A value of a header. A quotation mark is put into single quotes where that needs no escape: that is read fast."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            return value
        single = '"' in value and "'" not in value and "\\" not in value
        return f"'{value}'" if single else json.dumps(value, ensure_ascii=False)
    items = value if isinstance(value, list | tuple) else ()
    return f"[{', '.join(_yaml(item) for item in items)}]"
