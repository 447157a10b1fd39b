"""What does not fit together in a mission's documents: `spec-kitty analyze`. Pure: values in, findings out.

What finalize-tasks would refuse or warn of is among it; the rest is what people and agents overlook.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from specify_cli.core.documents import clarification_lines, placeholder_lines, requirement_lines
from specify_cli.core.finalize_plan import FinalPlan
from specify_cli.core.markdown import prose, without_code_spans
from specify_cli.core.plan_documents import MANIFEST, TASKS, PlanDocuments
from specify_cli.core.requirement_mapping import SPEC, coverage
from specify_cli.core.tasks_sections import tasks_sections
from specify_cli.core.work_packages import WorkPackage, dependency_graph
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.graph import reachable
from specify_cli.kernel.text import natural_key, number_of, plural, some
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.ownership import shared_globs
from specify_cli.lanes.problems import PlanProblem

# Beyond these a work package is hard to hold in one head, and to review.
MOST_SUBTASKS, MOST_GLOBS, MOST_LINES = 10, 15, 300
# Told by finalize-tasks as notices; here with file and line.
_TOLD_HERE = frozenset({"REQUIREMENT_UNKNOWN", "REQUIREMENT_UNMAPPED"})
_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_COUNT = re.compile(
    rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+(work\s+packages?|WPs?|subtasks?|functional\s+requirements?)\b"
    r"(?!\s+(?:can|may|could|run|at\s+(?:once|a\s+time)|in\s+parallel|that|which|each|per|or\s+(?:more|fewer)))",
    re.IGNORECASE,
)
_LINE = re.compile(r" line (\d+)\b")
_CITED = re.compile(r"\b(WP\d{2,}|T\d{3,}|N?FR-\d+[A-Z]?|C-\d{3,}[A-Z]?)\b(?![-/\w])")


@frozen
class Analysis:
    """What was found.

    Args:
        errors: what is wrong; a mission with one should not be begun.
        warnings: what somebody should look at.
        counts: how many requirements, work packages and subtasks there are.
        coverage: functional requirement -> work packages that serve it.
    """

    errors: tuple[PlanProblem, ...]
    warnings: tuple[PlanProblem, ...]
    counts: Mapping[str, int]
    coverage: Mapping[str, tuple[str, ...]]


@frozen
class Subject:
    """What is looked at.

    Args:
        slug: the mission's.
        documents: its plan.
        plan: what finalize-tasks would do with it; None where there is no work package yet.
        texts: name -> text of every document that there is, prompts included.
        missing: documents that a step of its type writes, and that are not there.
        canceled: work packages that were given up.
    """

    slug: str
    documents: PlanDocuments
    plan: FinalPlan | None
    texts: Mapping[str, str]
    missing: Sequence[str] = ()
    canceled: frozenset[str] = frozenset()

    @property
    def packages(self) -> list[WorkPackage]:
        """The work packages that are meant to be done, as finalize-tasks would have them."""
        found = self.plan.packages if self.plan else self.documents.gathered.packages
        return [package for package in found if package.id not in self.canceled]

    def problem(
        self, code: str, name: str, line: int, message: str, wp_id: str | None = None, hint: Command | None = None
    ) -> PlanProblem:
        """Something in a document."""
        where = self.documents.where(name)
        return PlanProblem(code, message, wp_id, hint, where, line)

    def line(self, name: str, words: str) -> int:
        """Number of the first line of a document that holds some words, else 1."""
        lines = self.texts.get(name, "").split("\n")
        return next((number for number, line in enumerate(lines, 1) if words in line), 1)

    def subtasks(self) -> dict[str, list[tuple[str, int]]]:
        """Work package -> ids of its subtasks in the outline, each with its line."""
        return {wp_id: [(box.id, box.line) for box in boxes] for wp_id, boxes in self.documents.boxes.items()}


def analyse(subject: Subject) -> Analysis:
    """Everything that does not fit together, in the order of the documents."""
    errors = [*_unfinished(subject), *_plan_errors(subject), *_requirement_errors(subject), *_ids(subject)]
    warnings = [*_plan_warnings(subject), *_counts(subject), *_large(subject), *_overlaps(subject)]
    warnings += [*_stated_twice(subject), *_idle_packages(subject)]
    known = subject.documents.requirements
    subtasks = {each for package in subject.packages for each in package.subtasks}
    subtasks.update(each for found in subject.subtasks().values() for each, _ in found)
    counts = {"requirements": len(known), "work_packages": len(subject.packages), "subtasks": len(subtasks)}
    served = coverage(subject.texts.get(SPEC, ""), subject.packages)
    return Analysis(_ordered(errors, subject), _ordered(warnings, subject), counts, served)


def _ordered(found: Sequence[PlanProblem], subject: Subject) -> tuple[PlanProblem, ...]:
    names = [subject.documents.where(name) for name in subject.texts]
    place = {name: number for number, name in enumerate(names)}
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (place.get(each.file or "", -1), each.line or 0)))


def _unfinished(subject: Subject) -> Iterator[PlanProblem]:
    fix = spec_kitty("next", "--agent", "NAME", "--mission", subject.slug)
    for name in subject.missing:
        yield subject.problem("DOCUMENT_MISSING", name, 1, f"{name} is missing or empty", hint=fix)
    for name, text in subject.texts.items():
        for line, question in clarification_lines(text):
            yield subject.problem("NEEDS_CLARIFICATION", name, line, f"a question is left open: {question}")
        for line, marker in placeholder_lines(text):
            yield subject.problem("PLACEHOLDER_LEFT", name, line, f"still says {marker}")


def _plan_errors(subject: Subject) -> Iterator[PlanProblem]:
    for problem in subject.plan.problems if subject.plan else ():
        if problem.code == "PLACEHOLDER_LEFT":
            continue  # told already
        name = (problem.file or "").removeprefix(f"{subject.documents.folder}/")
        key = "owned_files:" if problem.code.startswith("OWNERSHIP") else "dependencies:"
        yield problem if problem.line or name not in subject.texts else replace(problem, line=subject.line(name, key))


def _plan_warnings(subject: Subject) -> Iterator[PlanProblem]:
    for notice in subject.plan.notices if subject.plan else ():
        if notice.code not in _TOLD_HERE:
            file = notice.edit or ""
            name = file.removeprefix(f"{subject.documents.folder}/")
            said = _LINE.search(notice.message)
            about = _CITED.search(notice.message)
            line = number_of(said[1]) if said else subject.line(name, f" {about[1]}") if about else 1
            known = name in subject.texts
            yield PlanProblem(
                notice.code, notice.message, None, notice.hint, file if known else None, line if known else None
            )


def _requirement_errors(subject: Subject) -> Iterator[PlanProblem]:
    stated = requirement_lines(subject.texts.get(SPEC, ""))
    lines = {requirement: line for line, requirement in reversed(stated)}
    served = {ref.upper() for package in subject.packages for ref in package.requirement_refs}
    first = next((package.id for package in subject.packages), "WP01")
    for requirement, line in lines.items() if subject.packages else ():
        if requirement.startswith("FR-") and requirement not in served:
            fix = spec_kitty(
                "agent tasks map-requirements", "--wp", first, "--refs", requirement, "--mission", subject.slug
            )
            said = f"no work package serves {requirement}"
            yield subject.problem("REQUIREMENT_UNMAPPED", SPEC, line, said, hint=fix)
    for package in subject.packages:
        for ref in package.requirement_refs:
            if lines and ref.upper() not in lines:
                said = f"{package.id} refers to {ref}, which {SPEC} does not state"
                line = subject.line(package.file, ref)
                yield subject.problem("REQUIREMENT_UNKNOWN", package.file, line, said, package.id)


def _stated_twice(subject: Subject) -> Iterator[PlanProblem]:
    """Requirements that two lines of the specification state; a row of a table only refers to one."""
    lines = subject.texts.get(SPEC, "").split("\n")
    first: dict[str, int] = {}
    for line, requirement in requirement_lines(subject.texts.get(SPEC, "")):
        if not lines[line - 1].lstrip().startswith("|") and first.setdefault(requirement, line) != line:
            said = f"states {requirement}, which line {first[requirement]} states already"
            yield subject.problem("REQUIREMENT_TWICE", SPEC, line, said)


def _idle_packages(subject: Subject) -> Iterator[PlanProblem]:
    """Work packages that serve no requirement, where there are any to serve."""
    known = subject.documents.requirements
    for package in subject.packages:
        if known and not package.requirement_refs:
            said = f"{package.id} serves no requirement"
            fix = spec_kitty(
                "agent tasks map-requirements", "--wp", package.id, "--refs", known[0], "--mission", subject.slug
            )
            line = subject.line(package.file, "requirement_refs:")
            yield subject.problem("WP_WITHOUT_REQUIREMENT", package.file, line, said, package.id, fix)


def _ids(subject: Subject) -> Iterator[PlanProblem]:
    """Ids that stand for two things, and ids that stand for nothing."""
    yield from _twice(subject)
    packages = {package.id for package in subject.documents.gathered.packages} | set(subject.documents.titles)
    subtasks = {each for package in subject.documents.gathered.packages for each in package.subtasks}
    boxed = {box.id for boxes in subject.documents.boxes.values() for box in boxes}
    known = {"W": packages | subject.canceled, "T": subtasks | boxed}
    requirements = set(subject.documents.requirements)
    bodies = {package.file: package.body for package in subject.documents.gathered.packages}
    for name, text in subject.texts.items():
        body = bodies.get(name, text)  # ids in a header are looked at one by one
        above = text.count("\n") - body.count("\n")
        for number, line in enumerate(without_code_spans(prose(body)).split("\n"), above + 1):
            for cited in dict.fromkeys(_CITED.findall(line)):
                there = known.get(cited[0], requirements)
                if there and cited not in there:
                    said = f"names {cited}, which there is not"
                    yield subject.problem("ID_UNKNOWN", name, number, said)


def _twice(subject: Subject) -> Iterator[PlanProblem]:
    source = MANIFEST if subject.documents.manifest else TASKS
    owners: dict[str, str] = {}
    for wp_id, boxes in subject.subtasks().items():
        for subtask, line in boxes:
            if subtask in owners:
                said = f"{subtask} of {wp_id} stands for a subtask of {owners[subtask]} already"
                yield replace(
                    subject.problem("SUBTASK_TWICE", TASKS, line, said, wp_id), file=subject.documents.where(source)
                )
            owners.setdefault(subtask, wp_id)
    for package in subject.packages:
        for subtask in package.subtasks:
            if owners.setdefault(subtask, package.id) != package.id:
                said = f"{subtask} of {package.id} is a subtask of {owners[subtask]} already"
                line = subject.line(package.file, "subtasks:")
                yield subject.problem("SUBTASK_TWICE", package.file, line, said, package.id)
    sections = tasks_sections(subject.texts.get(TASKS, ""))
    times = Counter(section.wp_id for section in sections)
    for section in sections:
        if times[section.wp_id] > 1 and section is not next(each for each in sections if each.wp_id == section.wp_id):
            said = f"{section.wp_id} has another section further up"
            yield subject.problem("WP_TWICE", TASKS, section.line, said, section.wp_id)


def _counts(subject: Subject) -> Iterator[PlanProblem]:
    """Sentences that count what there is, and come to another number."""
    boxed = {box.id for boxes in subject.documents.boxes.values() for box in boxes}
    subtasks = boxed | {each for package in subject.packages for each in package.subtasks}
    functional = [each for each in subject.documents.requirements if each.startswith("FR-")]
    there = {"w": len(subject.packages), "s": len(subtasks), "f": len(functional)}
    names = {package.file for package in subject.packages}
    for name, text in subject.texts.items():
        if name in names:
            continue  # a prompt speaks of its own part
        for number, line in enumerate(without_code_spans(prose(text)).split("\n"), 1):
            for said, what in _COUNT.findall(line):
                count = number_of(said) if said.isdecimal() else _NUMBERS.index(said.lower()) + 1
                found = there[what[0].lower()]
                if found and count != found:
                    message = f"speaks of {said} {what}; there {'is' if found == 1 else 'are'} {found}"
                    yield subject.problem("COUNT_WRONG", name, number, message)


def _large(subject: Subject) -> Iterator[PlanProblem]:
    boxes = subject.subtasks()
    for package in subject.packages:
        subtasks = len(dict.fromkeys([*package.subtasks, *(each for each, _ in boxes.get(package.id, ()))]))
        length = subject.texts.get(package.file, "").count("\n")
        sizes = (
            (subtasks, MOST_SUBTASKS, "subtask", "subtasks:"),
            (len(package.owned_files), MOST_GLOBS, "owned glob", "owned_files:"),
            (length, MOST_LINES, "line", "---"),
        )
        over = [(plural(size, noun), key) for size, most, noun, key in sizes if size > most]
        if over:
            said = (
                f"{package.id} is large: {', '.join(each for each, _ in over)}; two work packages can be done at once"
            )
            line = subject.line(package.file, over[0][1])
            yield subject.problem("WP_TOO_LARGE", package.file, line, said, package.id)


def _overlaps(subject: Subject) -> Iterator[PlanProblem]:
    """Work packages that write the same files, and that nothing orders."""
    packages = sorted(subject.packages, key=lambda package: natural_key(package.id))
    needs = dependency_graph(packages)
    before = {package.id: reachable(needs, package.id) for package in packages}
    for one, other in combinations(packages, 2):
        shared = shared_globs(one.manifest, other.manifest)
        if shared and one.id not in before[other.id] and other.id not in before[one.id]:
            said = f"{other.id} and {one.id} own the same files ({some(shared)}), so that they cannot be done at once"
            line = subject.line(other.file, shared[1])
            yield subject.problem("OWNERSHIP_OVERLAP", other.file, line, said, other.id)
