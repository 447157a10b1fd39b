"""The work packages of a mission, as their prompt files `tasks/WPnn-<slug>.md` describe them.

A tiny mission has one, and its prompt is `mission.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from specify_cli.core.markdown import heading
from specify_cli.home import TASKS, MissionPlace, prompt_id
from specify_cli.kernel import files, frontmatter, graph
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.lazy import load
from specify_cli.kernel.links import leads_out
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.ownership import ExecutionMode, OwnershipManifest
from specify_cli.lanes.problems import PlanProblem, refusal

FOLDER = TASKS
MISSION = "mission.md"
ONLY = "WP01"
_FIRST_HEADING = re.compile(r"^#[ \t].*", re.MULTILINE)
_BEFORE_TITLE = re.compile(r"(?:Work Package[ \t]+)?WP\d{2,}[ \t:.–—-]*")
_MODES = {mode.value: mode for mode in ExecutionMode}


@frozen
class WorkPackage:
    """A unit of work that one agent can do.

    Args:
        id: `WP01`.
        title: a few words.
        file: its prompt, relative to the mission folder: `tasks/WP01-clock.md`.
        dependencies: ids of work packages that come before it; what its header declares.
        requirement_refs: ids of requirements it serves.
        subtasks: ids of its subtasks, `T001`.
        execution_mode: code or planning documents.
        owned_files: globs below the project that it may write.
        authoritative_surface: the folder it is mostly about; empty where nobody said.
        fields: its whole header, keys of other versions included.
        body: the prompt below the header.
        problems: what is wrong with the header. The values it hides stand at their defaults, so nobody begins such a
            work package.
    """

    id: str
    title: str
    file: str
    dependencies: tuple[str, ...]
    requirement_refs: tuple[str, ...]
    subtasks: tuple[str, ...]
    execution_mode: ExecutionMode
    owned_files: tuple[str, ...]
    authoritative_surface: str
    fields: Mapping[str, object]
    body: str
    problems: tuple[PlanProblem, ...] = ()

    @property
    def stem(self) -> str:
        """The prompt's name without folder and ending: `WP01-clock`; in a tiny mission the id."""
        return self.id if self.file == MISSION else self.file.rpartition("/")[2].removesuffix(".md")

    @property
    def manifest(self) -> OwnershipManifest:
        """What it owns."""
        return OwnershipManifest(self.execution_mode, self.owned_files, self.authoritative_surface)


@frozen
class Gathered:
    """All prompts of a mission.

    Args:
        packages: in id order, one a prompt file; of a prompt with a problem, what could be read.
        texts: file -> the whole text of every prompt.
        problems: everything that is wrong with a header, in file order.
    """

    packages: tuple[WorkPackage, ...]
    texts: Mapping[str, str]
    problems: tuple[PlanProblem, ...]

    @property
    def with_header(self) -> Gathered:
        """The same without the packages of which no field could be read: the problem says all there is to say."""
        kept = tuple(package for package in self.packages if package.fields or not package.problems)
        return replace(self, packages=kept)


def load_work_packages(place: MissionPlace) -> list[WorkPackage]:
    """The work packages of a mission, one an id, in id order; read in its home, else at the target branch's tip.

    A malformed header is a problem of its work package alone.
    """
    found: dict[str, WorkPackage] = {}
    for package in gather_work_packages(place).packages:
        known = found.setdefault(package.id, package)
        if known is not package:
            found[package.id] = replace(known, problems=(*known.problems, *package.problems))
    return list(found.values())


def require_plan(place: MissionPlace) -> list[WorkPackage]:
    """As `load_work_packages`, for what is about all of them.

    Raises:
        Refused: every malformed header, with file and line.
    """
    packages = load_work_packages(place)
    if problems := problems_of(packages):
        raise refusal(problems)
    return packages


def problems_of(packages: Sequence[WorkPackage]) -> tuple[PlanProblem, ...]:
    """Everything that is wrong with some work packages."""
    return tuple(problem for package in packages for problem in package.problems)


def gather_work_packages(place: MissionPlace) -> Gathered:
    """Every prompt of a mission, with what is wrong in all of them."""
    texts = {name: text for name, text in place.read_many(_prompts(place)).items() if text is not None}
    return read_prompts(texts, place.where, lanes=place.mission_id is None)


def read_prompts(texts: Mapping[str, str], where: Callable[[str], str], *, lanes: bool = False) -> Gathered:
    """Prompts as they are read from texts.

    Args:
        texts: file -> its whole text.
        where: from the name of a file to that in messages.
        lanes: whether headers may tell lanes, as those of older versions do.
    """
    packages: list[WorkPackage] = []
    problems: list[PlanProblem] = []
    first: dict[str, str] = {}
    for name, text in texts.items():
        reader = _Header(name, text, where(name))
        package = reader.package()
        if lanes:
            reader.check_lane()
        if package.id in first:
            reader.report("WP_DUPLICATE", f"{package.id} is also described in {first[package.id]}")
        first.setdefault(package.id, where(name))
        packages.append(replace(package, problems=tuple(reader.problems)))
        problems += reader.problems
    packages.sort(key=lambda package: (natural_key(package.id), package.file))
    return Gathered(tuple(packages), texts, tuple(problems))


def known_ids(place: MissionPlace) -> tuple[str, ...]:
    """Ids of the work packages that have a prompt file, in id order; no file is read, so a malformed one counts."""
    return tuple(sorted({prompt_id(name) or ONLY for name in _prompts(place)}, key=natural_key))


def _prompts(place: MissionPlace) -> list[str]:
    """Names of the prompt files. While a mission is promoted, `mission.md` may be gone already."""
    if place.is_tiny and MISSION in place.names():
        return [MISSION]
    return place.prompts()


def unwritten(wp_id: str) -> WorkPackage:
    """A work package that only the log knows: it has no prompt file."""
    return WorkPackage(wp_id, "", "", (), (), (), ExecutionMode.CODE_CHANGE, (), "", {}, "")


def require_work_package(packages: Sequence[WorkPackage], wp_id: str, slug: str) -> WorkPackage:
    """The work package of an id, of all those of a mission.

    Raises:
        NotFound: `WP_NOT_FOUND`, naming those there are.
        Refused: what is wrong with its header.
    """
    for package in packages:
        if package.id == wp_id:
            if package.problems:
                raise refusal(package.problems)
            return package
    known = [package.id for package in packages]
    raise NotFound(
        f"there is no work package {wp_id} in this mission; it has {', '.join(known) or 'none'}",
        "WP_NOT_FOUND",
        hint=spec_kitty("agent tasks list-tasks", "--mission", slug),
        details={"wp_id": wp_id, "known": known},
    )


def write_documents(feature_dir: Path, texts: Mapping[str, str]) -> None:
    """Write documents of a mission, prompts among them, each as a whole.

    Args:
        feature_dir: the mission's folder in its home.
        texts: name below that folder -> text.

    Raises:
        Refused: `SYMLINK_REFUSED`, a folder on the way leads elsewhere; then nothing is written.
        Unavailable: as `files.atomic_write`.
    """
    for name in texts:
        folder = (feature_dir / name).parent
        if leads_out(folder, feature_dir):
            raise Refused(
                f"{folder} is a symbolic link and is not written through", "SYMLINK_REFUSED", hint=command("rm", folder)
            )
    for name, text in texts.items():
        files.atomic_write(feature_dir / name, text)


def dependency_graph(packages: Sequence[WorkPackage]) -> dict[str, list[str]]:
    """Work package -> what its header declares it to depend on."""
    return {package.id: list(package.dependencies) for package in packages}


def dependents_of(packages: Sequence[WorkPackage], wp_id: str) -> list[str]:
    """The work packages that declare to depend on one, in id order."""
    return graph.dependents(dependency_graph(packages), wp_id)


class _Header:
    """One prompt's header while it is read; problems gather in `problems`."""

    def __init__(self, name: str, text: str, where: str) -> None:
        self.name = name
        self.text = text
        self.where = where
        self.problems: list[PlanProblem] = []
        self.id = prompt_id(name) or ONLY

    def package(self) -> WorkPackage:
        document = self._document()
        fields = document.fields
        self._check_id(fields)
        surface = fields.get("authoritative_surface")
        return WorkPackage(
            id=self.id,
            title=self._title(fields, document.body),
            file=self.name,
            dependencies=self._texts(fields, "dependencies"),
            requirement_refs=self._texts(fields, "requirement_refs"),
            subtasks=self._texts(fields, "subtasks"),
            execution_mode=self._mode(fields),
            owned_files=self._texts(fields, "owned_files"),
            authoritative_surface=surface if isinstance(surface, str) else "",
            fields=fields,
            body=document.body,
        )

    def report(self, code: str, message: str, key: str = "work_package_id") -> None:
        """A problem at the line of a field."""
        line = self._line_of(key)
        self.problems.append(PlanProblem(code, f"{self.where} line {line}: {message}", self.id, None, self.where, line))

    def check_lane(self) -> None:
        """That a header which may tell a lane tells one that there is."""
        try:
            load("specify_cli.status.older:read_prompt")(self.name, self.text)
        except Refused as error:
            if error.code in ("UNKNOWN_LANE", "LANE_AMBIGUOUS"):
                self.report(error.code, error.message.removeprefix(f"{self.name}: "), "lane")

    def _document(self) -> frontmatter.Document:
        """The prompt taken apart; without its header where that cannot be read."""
        try:
            document = frontmatter.parse(self.text, self.where)
        except Refused as error:
            line = error.details.get("line")
            number = line if isinstance(line, int) else 1
            self.problems.append(PlanProblem(error.code, error.message, self.id, error.hint, self.where, number))
            return frontmatter.Document({}, self.text, has_header=False)
        if not document.has_header:
            self.report("HEADER_MISSING", "the header (--- work_package_id, title, owned_files … ---) is missing")
        return document

    def _line_of(self, key: str) -> int:
        for number, line in enumerate(self.text.split("\n"), 1):
            if line.startswith(f"{key}:"):
                return number
        return 1

    def _check_id(self, fields: Mapping[str, object]) -> None:
        given = fields.get("work_package_id")
        # 3.1.1's own upgrade put a ULID there, and the id below `wp_code`; ours puts that right.
        if given is not None and self.id not in (given, fields.get("wp_code")):
            self.report("WP_ID_MISMATCH", f"work_package_id is {given!r}, and the file's name says {self.id}")

    def _title(self, fields: Mapping[str, object], body: str) -> str:
        title = fields.get("title")
        if title is not None and str(title).strip():
            return str(title).strip()
        first = _FIRST_HEADING.search(body)
        told = heading(first[0]) if first else None
        if told is None:
            return self.id
        before = _BEFORE_TITLE.match(told[1])
        return told[1][before.end() if before else 0 :].strip() or self.id

    def _mode(self, fields: Mapping[str, object]) -> ExecutionMode:
        given = fields.get("execution_mode")
        if given is None or given == "":
            return ExecutionMode.CODE_CHANGE
        if isinstance(given, str) and given in _MODES:
            return _MODES[given]
        message = f"execution_mode is {given!r}, expected {' or '.join(ExecutionMode)}"
        self.report("FIELD_INVALID", message, "execution_mode")
        return ExecutionMode.CODE_CHANGE

    def _texts(self, fields: Mapping[str, object], key: str) -> tuple[str, ...]:
        value = fields.get(key)
        listed = list(_entries(value))
        if None in listed:
            self.report("FIELD_INVALID", f"{key} is {value!r}, expected a list of texts", key)
        return tuple(dict.fromkeys(text for text in listed if text))


def _entries(value: object) -> Iterator[str | None]:
    """The texts of a list field; None for each entry that is none. One text may stand for a list."""
    if isinstance(value, str):
        yield from (part.strip() for part in value.split(","))
    elif isinstance(value, list):
        for item in value:
            # Older versions wrote subtasks as mappings: of an id to its state, or with both as keys.
            entry = item.get("id", next(iter(item)) if len(item) == 1 else None) if isinstance(item, dict) else item
            yield str(entry).strip() if isinstance(entry, (str, int, float)) else None
    elif value is not None:
        yield None
