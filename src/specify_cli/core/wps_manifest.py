"""wps.yaml: the plan as one file, the authority over tasks.md where it is present.

Imported only for missions that have one, through `kernel.lazy`: explaining what is wrong with it takes libraries that
would slow every other command down.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from specify_cli.core.plan_documents import ManifestEntry, WpsManifest
from specify_cli.kernel import yaml
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.yaml_round_trip import Lines
from specify_cli.lanes.ownership import ExecutionMode
from specify_cli.lanes.problems import PlanProblem

WpId = Annotated[str, StringConstraints(pattern=r"^WP\d{2,}$")]
Requirement = Annotated[str, StringConstraints(pattern=r"^(?:FR|NFR|C)-\d+[A-Z]?$")]
SubtaskText = Annotated[str, StringConstraints(pattern=r"^T\d{3,}(?:\s.*)?$")]
PromptFile = Annotated[str, StringConstraints(pattern=r"^tasks/WP\d{2,}(?:-[^/]*)?\.md$")]
# What each field holds, for messages; the libraries' own words are for programmers.
_EXPECTED = {
    "id": "an id such as WP01",
    "title": "a title",
    "dependencies": "a list of ids such as WP01",
    "owned_files": "a list of globs such as src/app/**",
    "requirement_refs": "a list of ids such as FR-001",
    "subtasks": "a list of texts such as `T001 Write it`",
    "prompt_file": "a path such as tasks/WP01-clock.md",
    "execution_mode": "code_change or planning_artifact",
    "authoritative_surface": "a folder",
    "work_packages": "a list of work packages",
}
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    id: WpId
    title: Words
    dependencies: list[WpId] | None = None
    owned_files: list[Words] | None = None
    requirement_refs: list[Requirement] | None = None
    subtasks: list[SubtaskText] | None = None
    prompt_file: PromptFile | None = None
    execution_mode: Annotated[ExecutionMode, Field(strict=False)] | None = None
    authoritative_surface: str | None = None


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    work_packages: list[_Entry]


def parse_wps_yaml(text: str, where: str) -> WpsManifest:
    """Read wps.yaml.

    Args:
        text: the file.
        where: its name for messages.

    Raises:
        Refused: `MALFORMED_YAML`, with line and column.
    """
    data = yaml.mapping(text, where)
    lines = Lines(text)
    try:
        manifest = _Manifest.model_validate(data)
    except ValidationError as error:
        problems = [_problem(where, lines, found["loc"], _reason(found)) for found in error.errors()]
        return WpsManifest((), tuple(sorted(problems, key=lambda problem: problem.line or 0)))
    doubled = tuple(_doubled(manifest.work_packages, where, lines))
    entries = tuple(
        _entry(entry, lines.at("work_packages", index)) for index, entry in enumerate(manifest.work_packages)
    )
    return WpsManifest(() if doubled else entries, doubled, tuple(_unknown_keys(manifest, where, lines)))


def _entry(entry: _Entry, line: int) -> ManifestEntry:
    subtasks = tuple((words[0], words[2].strip()) for words in (text.partition(" ") for text in entry.subtasks or ()))
    stated: dict[str, object] = {
        "dependencies": entry.dependencies,
        "owned_files": entry.owned_files,
        "requirement_refs": entry.requirement_refs,
        "subtasks": None if entry.subtasks is None else [subtask for subtask, _ in subtasks],
        "execution_mode": entry.execution_mode and entry.execution_mode.value,
        "authoritative_surface": entry.authoritative_surface,
    }
    fields: dict[str, object] = {"title": entry.title}
    fields.update({key: value for key, value in stated.items() if value is not None})
    return ManifestEntry(entry.id, entry.title, entry.prompt_file, fields, subtasks, line)


def _reason(found: ErrorDetails) -> str:
    key = next((part for part in reversed(found["loc"]) if isinstance(part, str)), "")
    expected = "a mapping with id and title" if found["type"] == "model_type" else _EXPECTED.get(key, "something else")
    return f"is missing: {expected}" if found["type"] == "missing" else f"is {found['input']!r}, expected {expected}"


def _problem(where: str, lines: Lines, location: tuple[str | int, ...], reason: str) -> PlanProblem:
    line = lines.at(*location)
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    message = f"{where} line {line}: {name} {reason}"
    return PlanProblem("WPS_INVALID", message, file=where, line=line)


def _doubled(entries: Sequence[_Entry], where: str, lines: Lines) -> list[PlanProblem]:
    seen: set[str] = set()
    found: list[PlanProblem] = []
    for index, entry in enumerate(entries):
        if entry.id in seen:
            found.append(_problem(where, lines, ("work_packages", index, "id"), f"is {entry.id}, which is there twice"))
        seen.add(entry.id)
    return found


def _unknown_keys(manifest: _Manifest, where: str, lines: Lines) -> list[Notice]:
    known = list(_Entry.model_fields)
    found: list[Notice] = []
    for index, entry in enumerate(manifest.work_packages):
        for key in entry.model_extra or ():
            near = get_close_matches(key, known, n=1)
            meant = f"; {near[0]} was meant?" if near else ""
            line = lines.at("work_packages", index, key)
            found.append(Notice("UNKNOWN_KEY", f"{where} line {line}: {key} means nothing here{meant}", edit=where))
    return found
