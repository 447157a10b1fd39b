"""Mission types: blueprints made of data. Nothing in such a file is ever run.

A type is a folder `missions/<key>/` with `mission.yaml`: in the project under `.kittify/`, of the user under
`~/.kittify/`, or in this package; the first one found counts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum

from specify_cli.core import project_resolver
from specify_cli.core.data_files import DataFile, Entry, nearest
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import SLUG_PATTERN
from specify_cli.kernel.values import frozen

DEFAULT_TYPE = "software-dev"
FILE = "mission.yaml"


class StepKind(StrEnum):
    """What a step produces; tells the loop how to hand it out and when it is done."""

    DOCUMENT = "document"
    PACKAGES = "packages"
    FINALIZE = "finalize"
    WORK = "work"
    REVIEW = "review"
    ACCEPT = "accept"


PLANNING = frozenset({StepKind.DOCUMENT, StepKind.PACKAGES, StepKind.FINALIZE})
# What work packages take: a type has all of these steps, or none and consists of documents alone.
OF_PACKAGES = frozenset({StepKind.PACKAGES, StepKind.FINALIZE, StepKind.WORK, StepKind.REVIEW})
# The loop and `agent action` know these steps by name.
NAMES = {"implement": StepKind.WORK, "review": StepKind.REVIEW, "accept": StepKind.ACCEPT, "merge": None}

# What a finished step must hold beyond a document without placeholders. A closed table: the code that decides each of
# them is ours, a mission type only names it.
NEEDS = frozenset({"requirement", "headings", "work_package", "prompt_per_package", "lanes_cover_planned"})


@frozen
class Step:
    """One step of a mission type.

    Args:
        name: unique in its type; also the action that `next` names.
        kind: what it produces.
        title: a few words for people.
        goal: one sentence for the prompt.
        command: name of its command template.
        document: the file (or folder, or file the tool writes) it produces, relative to the mission; None for work.
        template: name of its document template.
        headings: headings that must be there and filled.
        needs: names of `NEEDS`.
    """

    name: str
    kind: StepKind
    title: str
    goal: str
    command: str
    document: str | None = None
    template: str | None = None
    headings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """What `next` calls the step."""
        return self.name

    @property
    def is_planning(self) -> bool:
        """Whether it comes before the work packages."""
        return self.kind in PLANNING


@frozen
class MissionType:
    """A blueprint for missions."""

    key: str
    title: str
    description: str
    steps: tuple[Step, ...]
    required_artifacts: tuple[str, ...] = ()

    @property
    def first_document(self) -> str:
        """The document a new mission begins with."""
        return self.documents[0]

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents that its steps write, in order."""
        return tuple(step.document for step in self.steps if step.kind is StepKind.DOCUMENT and step.document)

    @property
    def planning_steps(self) -> tuple[Step, ...]:
        """The steps before the work packages, in order."""
        return tuple(step for step in self.steps if step.is_planning)

    @property
    def has_packages(self) -> bool:
        """Whether its missions consist of work packages; else of documents alone."""
        return self.of_kind(StepKind.WORK) is not None

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)

    def of_kind(self, kind: StepKind) -> Step | None:
        """The first step of a kind."""
        return next((step for step in self.steps if step.kind is kind), None)

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {
            "key": self.key,
            "title": self.title,
            "description": self.description,
            "steps": [{"name": step.name, "title": step.title, "document": step.document} for step in self.steps],
            "required_artifacts": list(self.required_artifacts),
        }


def load_mission_type(key: str, repo: Repository) -> MissionType:
    """A mission type by its key.

    Raises:
        NotFound: `UNKNOWN_MISSION_TYPE`, listing the known ones.
        Refused: `MALFORMED_YAML` or `MISSION_TYPE_INVALID`, naming file and line; `SYMLINK_REFUSED`.
    """
    found = nearest(repo, key, FILE)
    if found is not None:
        return parse_mission_type(found[0], key, str(found[1]))
    known = list_types(repo)
    raise NotFound(
        f"there is no mission type {key!r}; known: {', '.join(known)}",
        "UNKNOWN_MISSION_TYPE",
        hint=spec_kitty("mission types"),
        details={"mission_type": key, "known": known},
    )


def list_types(repo: Repository) -> list[str]:
    """Keys of all mission types this project can use, sorted."""
    names = {name for root in project_resolver.roots_of_types(repo) if root.is_dir() for name in os.listdir(root)}
    return sorted(name for name in names if SLUG_PATTERN.match(name) and _has_file(repo, name))


def _has_file(repo: Repository, key: str) -> bool:
    places = ((folder.path / FILE, folder.tier) for folder in project_resolver.type_folders(repo, key))
    return any(path.is_file() and not project_resolver.is_outdated(path, tier) for path, tier in places)


def parse_mission_type(text: str, key: str, where: str) -> MissionType:
    """The mission type that a `mission.yaml` describes.

    Args:
        text: the file.
        key: name of its folder, which its `key` must repeat.
        where: the file's name for messages.

    Raises:
        Refused: `MALFORMED_YAML` or `MISSION_TYPE_INVALID`.
    """
    root = DataFile(text, where, "MISSION_TYPE_INVALID").root()
    root.only({"key", "title", "description", "steps", "required_artifacts"})
    if root.word("key") != key:
        raise root.invalid(f"the key must be the name of its folder, {key!r}", "key")
    title, description = root.word("title"), root.word("description")
    entries = root.entries("steps")
    steps = tuple(_step(entry) for entry in entries)
    _check_order(root, entries, steps)
    return MissionType(key, title, description, steps, root.places("required_artifacts"))


def _step(entry: Entry) -> Step:
    entry.only({"name", "kind", "title", "goal", "command", "document", "template", "headings", "needs"})
    name, kind = entry.word("name"), StepKind(entry.one_of("kind", StepKind))
    if (name in NAMES or kind in NAMES.values()) and NAMES.get(name) is not kind:
        known = ", ".join(f"{each} ({meant})" for each, meant in NAMES.items() if meant)
        raise entry.invalid(f"a step of kind {kind} cannot be named {name!r}; these names are fixed: {known}", "name")
    command = entry.word("command")
    if not SLUG_PATTERN.match(command):
        raise entry.invalid(f"{command!r} is not the name of a command template", "command")
    document = entry.place("document")
    if kind is StepKind.DOCUMENT and document is None:
        raise entry.invalid(f"step {name!r} is of kind document and names none")
    return Step(
        name,
        kind,
        entry.word("title"),
        entry.word("goal"),
        command,
        document,
        entry.place("template"),
        entry.words("headings"),
        entry.some_of("needs", NEEDS),
    )


def _check_order(root: Entry, entries: Sequence[Entry], steps: Sequence[Step]) -> None:
    """Refuse a type that the loop could not bring to its end."""
    order = list(StepKind)
    for number, (entry, step) in enumerate(zip(entries, steps, strict=True)):
        before = steps[:number]
        if step.name in {each.name for each in before}:
            raise entry.invalid(f"the step {step.name!r} stands there twice", "name")
        late = next((each for each in before if order.index(each.kind) > order.index(step.kind)), None)
        if late is not None:
            raise entry.invalid(f"{step.name!r} must come before {late.name!r}: the order is {', '.join(order)}")
        if step.kind is not StepKind.DOCUMENT and step.kind in {each.kind for each in before}:
            raise entry.invalid(f"a second step of kind {step.kind}; only documents may be several", "kind")
    kinds = {step.kind for step in steps}
    missing = [kind for kind in OF_PACKAGES if kind not in kinds] if kinds & OF_PACKAGES else []
    if not {StepKind.DOCUMENT, StepKind.ACCEPT} <= kinds or missing:
        wanted = "at least one step must write a document, and one of kind accept must end the mission"
        also = f"; work packages also take steps of kind {', '.join(sorted(missing))}" if missing else ""
        raise root.invalid(wanted + also, "steps")
