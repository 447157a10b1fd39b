"""Mission types: blueprints made of data. Nothing in such a file is ever run.

A type is a folder `missions/<key>/` with `mission.yaml`: in the project under `.kittify/`, of the user under
`~/.kittify/`, or in this package; the first one found counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from specify_cli.core import project_resolver
from specify_cli.kernel import files, yaml
from specify_cli.kernel.errors import NotFound, Refused
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
        return next(step.document for step in self.steps if step.kind is StepKind.DOCUMENT and step.document)

    @property
    def planning_steps(self) -> tuple[Step, ...]:
        """The steps before the work packages, in order."""
        return tuple(step for step in self.steps if step.is_planning)

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
        Refused: `MALFORMED_YAML` or `MISSION_TYPE_INVALID`, naming file and line.
    """
    if SLUG_PATTERN.match(key):
        for folder in project_resolver.type_folders(repo, key):
            text = files.read_text(folder.path / FILE)
            if text is not None:
                project_resolver.check_inside(repo, folder.path / FILE, folder.tier)
                return parse_mission_type(text, key, str(folder.path / FILE))
    known = list_types(repo)
    raise NotFound(
        f"there is no mission type {key!r}; known: {', '.join(known)}",
        "UNKNOWN_MISSION_TYPE",
        hint="spec-kitty mission types",
        details={"mission_type": key, "known": known},
    )


def list_types(repo: Repository) -> list[str]:
    """Keys of all mission types this project can use, sorted."""
    found: set[str] = set()
    for folder in project_resolver.roots_of_types(repo):
        names = os.listdir(folder) if folder.is_dir() else []
        found.update(name for name in names if SLUG_PATTERN.match(name) and (folder / name / FILE).is_file())
    return sorted(found)


def parse_mission_type(text: str, key: str, where: str) -> MissionType:
    """The mission type that a `mission.yaml` describes.

    Args:
        text: the file.
        key: name of its folder, which its `key` must repeat.
        where: the file's name for messages.

    Raises:
        Refused: `MALFORMED_YAML` or `MISSION_TYPE_INVALID`.
    """
    read = _Reader(text, where)
    raw = yaml.mapping(text, where)
    read.only(raw, {"key", "title", "description", "steps", "required_artifacts"})
    if read.word(raw, "key") != key:
        raise read.invalid("key", f"the key must be the name of its folder, {key!r}")
    found = raw.get("steps")
    if not isinstance(found, list) or not found:
        raise read.invalid("steps", "a list of steps is expected")
    steps = tuple(read.step(item) for item in found)
    names = [step.name for step in steps]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise read.invalid(twice, f"the step {twice!r} stands there twice")
    if not any(step.kind is StepKind.DOCUMENT for step in steps):
        raise read.invalid("steps", "at least one step must write a document")
    return MissionType(
        key, read.word(raw, "title"), read.word(raw, "description"), steps, tuple(read.paths(raw, "required_artifacts"))
    )


@frozen
class _Reader:
    text: str
    where: str

    def step(self, raw: object) -> Step:
        if not isinstance(raw, dict):
            raise self.invalid("steps", "each step is a mapping of keys")
        self.only(raw, {"name", "kind", "title", "goal", "command", "document", "template", "headings", "needs"})
        name = self.word(raw, "name")
        kind = self.kind(raw, name)
        needs = tuple(self.words(raw, "needs"))
        unknown = sorted(set(needs) - NEEDS)
        if unknown:
            raise self.invalid(unknown[0], f"step {name!r} needs {unknown[0]!r}; known: {', '.join(sorted(NEEDS))}")
        document = next(iter(self.paths(raw, "document")), None)
        if kind is StepKind.DOCUMENT and document is None:
            raise self.invalid(name, f"step {name!r} is of kind document and names none")
        template = next(iter(self.paths(raw, "template")), None)
        command = self.word(raw, "command")
        if not SLUG_PATTERN.match(command):
            raise self.invalid(command, f"{command!r} is not the name of a command template")
        return Step(
            name,
            kind,
            self.word(raw, "title"),
            self.word(raw, "goal"),
            command,
            document,
            template,
            tuple(self.words(raw, "headings")),
            needs,
        )

    def kind(self, raw: Mapping[str, object], name: str) -> StepKind:
        value = self.word(raw, "kind")
        if value not in set(StepKind):
            known = ", ".join(StepKind)
            raise self.invalid(value, f"step {name!r} is of kind {value!r}; known: {known}")
        return StepKind(value)

    def word(self, raw: Mapping[str, object], name: str) -> str:
        value = raw.get(name)
        if not isinstance(value, str) or not value.strip():
            # Where the key is missing, the line of its step is told, or the first.
            raise self.invalid(name if name in raw else str(raw.get("name", "")), f"{name!r} must be a text")
        return value

    def words(self, raw: Mapping[str, object], name: str) -> list[str]:
        value = raw.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.invalid(name, f"{name!r} must be a list of texts")
        return [str(item) for item in value]

    def paths(self, raw: Mapping[str, object], name: str) -> Iterator[str]:
        value = raw.get(name)
        if value is None:
            return
        for path in self.words(raw, name) if isinstance(value, list) else [self.word(raw, name)]:
            if not project_resolver.is_plain_path(path):
                raise self.invalid(path, f"{path!r} must be a relative path inside the mission")
            yield path

    def only(self, raw: Mapping[str, object], known: set[str]) -> None:
        unknown = sorted(set(raw) - known)
        if unknown:
            raise self.invalid(unknown[0], f"unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")

    def line_of(self, pattern: str) -> int | None:
        lines = (content.partition("#")[0] for content in self.text.splitlines())
        return next((number for number, content in enumerate(lines, 1) if re.search(pattern, content)), None)

    def invalid(self, word: str, reason: str) -> Refused:
        line = self.line_of(rf"(?:^|[\s{{,-]){re.escape(word)}:") or self.line_of(re.escape(word)) or 1
        return Refused(
            f"{self.where} line {line}: {reason}",
            "MISSION_TYPE_INVALID",
            hint=f"edit {self.where}",
            details={"path": self.where, "line": line},
        )
