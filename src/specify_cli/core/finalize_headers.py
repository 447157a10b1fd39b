"""What each prompt's header lacks, and what the plan's other documents say it should hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specify_cli.core.documents import FILL
from specify_cli.core.plan_documents import MANIFEST, TASKS, ManifestEntry, PlanDocuments
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import slugify
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes import globs
from specify_cli.lanes.ownership import ExecutionMode
from specify_cli.lanes.problems import PlanProblem

_LISTS = ("dependencies", "requirement_refs", "subtasks", "owned_files")
_FINALIZE = spec_kitty("agent mission finalize-tasks", "--validate-only")


@frozen
class HeaderPlan:
    """What becomes of one prompt.

    Args:
        package: the work package as it will be.
        changes: fields to write.
        explicit: whether its own list of dependencies stands.
        notices: where the documents say different things.
    """

    package: WorkPackage
    changes: Mapping[str, object]
    explicit: bool
    notices: tuple[Notice, ...] = ()


def plan_header(package: WorkPackage, documents: PlanDocuments) -> HeaderPlan:
    """Decide what a header should hold.

    A field that holds anything, an explicit empty list too, is kept as it is; only wps.yaml, where present, outweighs
    it. What is absent is filled from tasks.md, or by its default.
    """
    entry = documents.entries.get(package.id)
    stated = dict(entry.fields) if entry else {}
    filled = _filled(package, documents)
    missing = {key: value for key, value in filled.items() if package.fields.get(key) is None and key not in stated}
    corrected = {key: value for key, value in stated.items() if package.fields.get(key) != value}
    changes = {**missing, **corrected}
    explicit = package.fields.get("dependencies") is not None and "dependencies" not in corrected
    planned = _changed(package, changes)
    surface = _surface(planned)
    if surface and planned.fields.get("authoritative_surface") is None:
        changes["authoritative_surface"] = surface
        planned = replace(planned, authoritative_surface=surface)
    notices = (
        *_outweighed(package, corrected, documents),
        *_disagreement(package, documents),
        *_unread(planned, documents),
    )
    return HeaderPlan(planned, changes, explicit, notices)


def _filled(package: WorkPackage, documents: PlanDocuments) -> dict[str, object]:
    """What each absent field becomes."""
    declared = documents.declared.get(package.id)
    filled: dict[str, object] = {
        "work_package_id": package.id,
        "title": documents.titles.get(package.id) or package.title,
        "dependencies": list(declared.dependencies) if declared else [],
        "execution_mode": ExecutionMode.CODE_CHANGE.value,
    }
    if documents.refs.get(package.id):
        filled["requirement_refs"] = documents.refs[package.id]
    if documents.boxes.get(package.id):
        filled["subtasks"] = list(dict.fromkeys(box.id for box in documents.boxes[package.id]))
    return filled


def _changed(package: WorkPackage, changes: Mapping[str, object]) -> WorkPackage:
    lists = {key: tuple(_texts(changes[key])) for key in _LISTS if key in changes}
    return replace(
        package,
        title=str(changes.get("title", package.title)),
        dependencies=lists.get("dependencies", package.dependencies),
        requirement_refs=lists.get("requirement_refs", package.requirement_refs),
        subtasks=lists.get("subtasks", package.subtasks),
        owned_files=lists.get("owned_files", package.owned_files),
        execution_mode=ExecutionMode(str(changes.get("execution_mode", package.execution_mode))),
        authoritative_surface=str(changes.get("authoritative_surface", package.authoritative_surface)),
        fields={**package.fields, **changes},
    )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _surface(package: WorkPackage) -> str:
    try:
        return globs.surface(package.owned_files)
    except ValueError:
        return ""


def _outweighed(package: WorkPackage, corrected: Mapping[str, object], documents: PlanDocuments) -> Iterator[Notice]:
    """What the header said and wps.yaml says otherwise."""
    where = documents.where(package.file)
    for key, value in corrected.items():
        before = package.fields.get(key)
        if before is None:
            continue
        label, code = (
            ("Dependency disagreement: ", "DEPENDENCY_DISAGREEMENT")
            if key == "dependencies"
            else ("", "HEADER_OUTWEIGHED")
        )
        said = f"{label}{where} has {key} {_shown(before)}, {MANIFEST} {_shown(value)}; {MANIFEST} stands"
        yield Notice(code, said, command("git", "diff", "--", where))


def _disagreement(package: WorkPackage, documents: PlanDocuments) -> Iterator[Notice]:
    declared = documents.declared.get(package.id)
    own = package.fields.get("dependencies")
    if (
        own is None
        or declared is None
        or not declared.explicit
        or set(declared.dependencies) == set(package.dependencies)
    ):
        return
    where = documents.where(package.file)
    said = (
        f"Dependency disagreement: {package.id} depends on {_shown(list(package.dependencies))} by {where}, "
        f"on {_shown(list(declared.dependencies))} by {documents.where(TASKS)}; the prompt's header stands"
    )
    yield Notice("DEPENDENCY_DISAGREEMENT", said, edit=documents.where(TASKS))


def _unread(package: WorkPackage, documents: PlanDocuments) -> Iterator[Notice]:
    """Lines of tasks.md that speak of dependencies which the plan does not have."""
    declared = documents.declared.get(package.id)
    for line, ids in declared.unread if declared else ():
        strangers = [wp_id for wp_id in ids if wp_id not in package.dependencies and wp_id != package.id]
        if strangers:
            where = documents.where(TASKS)
            said = (
                f"{where} line {line} speaks of depending on {', '.join(strangers)} in a form that is not read; "
                f"to declare it for {package.id}: `Dependencies: {', '.join(strangers)}`"
            )
            yield Notice("DEPENDENCY_UNREAD", said, edit=where)


def _shown(value: object) -> str:
    return f"[{', '.join(str(item) for item in value)}]" if isinstance(value, list) else repr(value)


def header_problems(package: WorkPackage, documents: PlanDocuments) -> Iterator[PlanProblem]:
    """Placeholders that nobody has filled in."""
    where = documents.where(package.file)
    lines = documents.gathered.texts.get(package.file, "").split("\n")
    for key, value in package.fields.items():
        if FILL in str(value):
            line = next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
            message = f"{where} line {line}: {key} still holds a placeholder of the template"
            yield PlanProblem("PLACEHOLDER_LEFT", message, package.id, None, where, line)


def coverage_problems(documents: PlanDocuments, canceled: frozenset[str]) -> Iterator[PlanProblem]:
    """Work packages without a prompt, and prompts that the authority does not know."""
    prompts = {package.id: package.file for package in documents.gathered.packages}
    described = prompts.keys() | {problem.wp_id for problem in documents.gathered.problems}
    for wp_id, title in documents.titles.items():
        entry = documents.entries.get(wp_id)
        if wp_id not in described and wp_id not in canceled:
            yield _prompt_missing(wp_id, title, entry, documents)
        elif entry and entry.prompt_file and wp_id in prompts and entry.prompt_file != prompts[wp_id]:
            where = documents.where(MANIFEST)
            message = f"{where} line {entry.line}: the prompt of {wp_id} is {prompts[wp_id]}, not {entry.prompt_file}"
            yield PlanProblem("PROMPT_FILE_MISMATCH", message, wp_id, None, where, entry.line)
    if documents.manifest is not None and not documents.manifest.problems:
        for wp_id, file in prompts.items():
            if wp_id not in documents.entries and wp_id not in canceled:
                where = documents.where(MANIFEST)
                message = f"{documents.where(file)} describes {wp_id}, which {where} does not list"
                yield PlanProblem("WP_NOT_LISTED", message, wp_id, None, where)


def _prompt_missing(wp_id: str, title: str, entry: ManifestEntry | None, documents: PlanDocuments) -> PlanProblem:
    source = documents.where(MANIFEST if entry else TASKS)
    slug = slugify(title)[:50].strip("-")
    file = documents.where(
        (entry and entry.prompt_file) or (f"tasks/{wp_id}-{slug}.md" if slug else f"tasks/{wp_id}.md")
    )
    message = f"{source} has {wp_id}, which has no prompt: write {file}, or take {wp_id} out"
    return PlanProblem("PROMPT_MISSING", message, wp_id, _FINALIZE, file)
