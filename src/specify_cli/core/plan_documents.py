"""What the documents of a plan say, side by side: tasks.md, wps.yaml, the headers of prompts, spec.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.core.dependency_parser import Declared, declared_dependencies
from specify_cli.core.documents import requirement_ids
from specify_cli.core.tasks_document import Subtask, requirement_refs_of, subtasks_of, wp_titles
from specify_cli.core.work_packages import Gathered
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.lanes.problems import PlanProblem

TASKS = "tasks.md"
MANIFEST = "wps.yaml"


@frozen
class ManifestEntry:
    """One work package of wps.yaml.

    Args:
        id: `WP01`.
        title: a few words.
        prompt_file: where its prompt is; None where the file does not say.
        fields: header fields that the file states, an explicit empty list included; subtasks by id.
        subtasks: id and text of each subtask; the text may be empty.
        line: where the entry begins, from 1.
    """

    id: str
    title: str
    prompt_file: str | None
    fields: dict[str, object]
    subtasks: tuple[tuple[str, str], ...]
    line: int


@frozen
class WpsManifest:
    """wps.yaml, read.

    Args:
        entries: in the order of the file.
        problems: all that is wrong with it, with its line; then there are no entries.
        notices: keys that mean nothing.
    """

    entries: tuple[ManifestEntry, ...]
    problems: tuple[PlanProblem, ...] = ()
    notices: tuple[Notice, ...] = ()


@frozen
class PlanDocuments:
    """All documents of a plan, read once; made by `plan_documents`.

    Args:
        folder: the mission's folder below the checkout, for messages.
        title: the mission's name.
        tasks: tasks.md, or None.
        manifest: wps.yaml, or None; with it tasks.md is only its view.
        gathered: the prompts.
        requirements: ids that spec.md states.
        titles: work package -> title, of all that the authority names: wps.yaml where there is one, else tasks.md.
        boxes: work package -> its check boxes in tasks.md.
        declared: work package -> what tasks.md declares it to depend on; empty where wps.yaml is the authority.
        refs: work package -> requirement ids that tasks.md names; empty where wps.yaml is the authority.
        entries: work package -> its entry of wps.yaml.
    """

    folder: str
    title: str
    tasks: str | None
    manifest: WpsManifest | None
    gathered: Gathered
    requirements: Sequence[str]
    titles: Mapping[str, str]
    boxes: Mapping[str, Sequence[Subtask]]
    declared: Mapping[str, Declared]
    refs: Mapping[str, list[str]]
    entries: Mapping[str, ManifestEntry]

    def where(self, name: str) -> str:
        """A document's name for messages."""
        return f"{self.folder}/{name}"


def plan_documents(
    folder: str, title: str, tasks: str | None, manifest: WpsManifest | None, gathered: Gathered, spec: str | None
) -> PlanDocuments:
    """Take the documents apart; the arguments are those of `PlanDocuments`, `spec` is spec.md."""
    text = tasks or ""
    entries = {entry.id: entry for entry in manifest.entries} if manifest else {}
    return PlanDocuments(
        folder=folder,
        title=title,
        tasks=tasks,
        manifest=manifest,
        gathered=gathered,
        requirements=tuple(requirement_ids(spec or "")),
        titles={wp_id: entry.title for wp_id, entry in entries.items()} if manifest else wp_titles(text),
        boxes=subtasks_of(text),
        declared={} if manifest else declared_dependencies(text),
        refs={} if manifest else requirement_refs_of(text),
        entries=entries,
    )
