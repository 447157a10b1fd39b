"""What a document still lacks. Pure: texts in, findings out.

A planning step is done when its document has no placeholder of the scaffold left and holds what the next step needs
(a requirement, filled headings, a work package). Fenced code, inline code and comments never count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from specify_cli.core.markdown import heading_key, prose, section, sections, without_code_spans
from specify_cli.core.mission_types import Step
from specify_cli.core.tasks_sections import tasks_sections
from specify_cli.kernel.values import frozen

FILL = "[FILL:"
_QUESTION = re.compile(r"\[NEEDS CLARIFICATION(?::|(?=\]))", re.IGNORECASE)
# What scaffolds of a project's own may use for a placeholder: capitals in brackets, such as [FEATURE NAME].
_CAPITALS = re.compile(r"\[[A-Z][A-Z0-9 ,'/_-]*[A-Z0-9]\](?![(\[:])")
_BRACKETS = re.compile(r"[\[\]]|\n\n")
_MOST = 200  # of one kind in one document; who has answered these will see the next
_LONGEST = 500  # of a question; the first words are enough to know it by
_SHORT = 80
_REQUIREMENT = re.compile(
    r"(?:^|\|)[ \t]*(?:(?:[-*+]|\d+[.)]|#{1,6}|>)[ \t]+)*(?:\[[ xX]\][ \t]+)?[*_`]*((?:N?FR|C)-\d+[A-Z]?)(?![A-Z0-9])",
    re.MULTILINE | re.IGNORECASE,
)


@frozen
class Shortcoming:
    """One thing a document lacks.

    Args:
        code: `DOCUMENT_MISSING`, `PLACEHOLDER_LEFT`, `HEADING_MISSING`, `HEADING_EMPTY`, `NO_REQUIREMENT` or
            `NO_WORK_PACKAGE`.
        message: what it is, naming the document.
    """

    code: str
    message: str


def placeholders(text: str, scaffold: str = "") -> list[str]:
    """Placeholders that nobody has filled in, in order; the first of very many.

    Args:
        text: the document.
        scaffold: the template it began as. `[FILL: …]` counts wherever it stands; a template that uses `[CAPITALS]`
            instead has those counted which still stand in the document.
    """
    visible = _visible(text)
    found = [marker for _, marker in _marked(visible)]
    own = set(_CAPITALS.findall(_visible(scaffold)))
    return (found + [word for word in _CAPITALS.findall(visible) if word in own])[:_MOST]


def clarifications(text: str) -> list[str]:
    """Open questions, `[NEEDS CLARIFICATION: question]`, in order; an empty one is told by the line it stands in.

    Of very many the first.
    """
    return [question for _, question in clarification_lines(text)]


def clarification_lines(text: str) -> list[tuple[int, str]]:
    """As `clarifications`, each with the number of its line, from 1."""
    visible = _visible(text)
    matches = list(islice(_QUESTION.finditer(visible), _MOST))
    closed = _closed(visible) if matches else {}
    line, found = _line_numbers(visible), []
    for match in matches:
        question = _one_line(visible[match.end() : _end_of(closed, match.start(), match.end())])
        found.append((line(match.start()), question or _line_around(visible, match)))
    return found


def placeholder_lines(text: str) -> list[tuple[int, str]]:
    """Every `[FILL: …]` that nobody has filled in, with the number of its line, from 1."""
    visible = _visible(text)
    line = _line_numbers(visible)
    return [(line(at), _short(marker)) for at, marker in _marked(visible)]


def requirement_ids(text: str) -> list[str]:
    """Ids of the requirements that a specification states (`FR-`, `NFR-`, `C-`), in order, each once.

    An id counts where a line, list item, heading or table cell begins with it; a mention in a sentence does not.
    """
    return list(dict.fromkeys(found for _, found in requirement_lines(text)))


def requirement_lines(text: str) -> list[tuple[int, str]]:
    """As `requirement_ids`, each mention with the number of its line, from 1."""
    visible = prose(text)
    line = _line_numbers(visible)
    return [(line(match.start(1)), match[1].upper()) for match in _REQUIREMENT.finditer(visible)]


def functional_requirements(text: str) -> list[str]:
    """Ids of the functional requirements, which work packages must cover."""
    return [found for found in requirement_ids(text) if found.startswith("FR-")]


def goal_of(text: str) -> str:
    """The goal that a specification states: the section `Goal`, else the first paragraph below the title."""
    named = section(text, "Goal")
    if named is not None and named.strip():
        return named.strip()
    paragraphs = [part.strip() for part in prose(text).split("\n\n")]
    return next((part for part in paragraphs if part and not part.startswith(("#", "-", "|", "*"))), "")


def shortcomings(step: Step, text: str | None, scaffold: str = "") -> list[Shortcoming]:
    """All that the document of a step lacks; empty when it is complete.

    Open questions are not among them: they are for a person to answer, see `clarifications`. So are not what depends
    on other files: prompts of work packages, lanes.

    Args:
        step: a step with a document.
        text: the document, or None where there is none.
        scaffold: the template it began as.
    """
    name = step.document or step.name
    if text is None or not text.strip():
        return [Shortcoming("DOCUMENT_MISSING", f"{name} is missing or empty")]
    left = placeholders(text, scaffold)
    found = [Shortcoming("PLACEHOLDER_LEFT", f"{name} still says {_short(marker)}") for marker in left]
    if "headings" in step.needs:
        found += _of_headings(name, text, step.headings, scaffold)
    if "requirement" in step.needs and not functional_requirements(text):
        found.append(Shortcoming("NO_REQUIREMENT", f"{name} states no requirement (a line such as `- **FR-001**: …`)"))
    if "work_package" in step.needs and not tasks_sections(text):
        found.append(Shortcoming("NO_WORK_PACKAGE", f"{name} has no work package (a heading such as `## WP01 Title`)"))
    return found


def _of_headings(name: str, text: str, headings: Sequence[str], scaffold: str) -> list[Shortcoming]:
    bodies = {heading_key(found.title): found.body for found in reversed(sections(text))}
    result = []
    for heading in headings:
        body = bodies.get(heading_key(heading))
        if body is None:
            result.append(Shortcoming("HEADING_MISSING", f"{name} lacks the heading {heading!r}"))
        elif not _has_words(body) and not placeholders(body, scaffold):
            result.append(Shortcoming("HEADING_EMPTY", f"{name} says nothing below {heading!r}"))
    return result


def _has_words(body: str) -> bool:
    lines = [line for line in body.split("\n") if not line.lstrip().startswith("#")]
    return any(character.isalnum() for character in "\n".join(lines))


def _visible(text: str) -> str:
    return without_code_spans(prose(text))


def _marked(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    at = text.find(FILL)
    closed = _closed(text) if at >= 0 else {}
    while at >= 0 and len(found) < _MOST:
        inner = text[at + len(FILL) : _end_of(closed, at, at + len(FILL))]
        found.append((at, f"{FILL} {_one_line(inner)}]"))
        at = text.find(FILL, at + len(FILL))
    return found


def _line_numbers(text: str) -> Callable[[int], int]:
    """Tells the line of a place, from 1; places have to be asked for in order."""
    line, before = 1, 0

    def number(at: int) -> int:
        nonlocal line, before
        line, before = line + text.count("\n", before, at), at
        return line

    return number


def _closed(text: str) -> dict[int, int]:
    """Where each bracket that opens is closed; at the end of its paragraph where it is not."""
    closed: dict[int, int] = {}
    waiting: list[int] = []
    for match in _BRACKETS.finditer(text):
        if match[0] == "[":
            waiting.append(match.start())
        elif match[0] == "]":
            if waiting:
                closed[waiting.pop()] = match.start()
        else:
            closed |= dict.fromkeys(waiting, match.start())
            waiting = []
    return closed | dict.fromkeys(waiting, len(text))


def _end_of(closed: Mapping[int, int], opened: int, start: int) -> int:
    """Where the words end that a bracket holds; of many words the first are enough to know them by."""
    return min(max(closed.get(opened, start), start), start + _LONGEST)


def _line_around(text: str, match: re.Match[str]) -> str:
    first = max(match.start() - _LONGEST, 0)
    before = text[first : match.start()].rpartition("\n")[2]
    behind = text[match.start() : match.end() + _LONGEST].partition("\n")[0]
    return _one_line(before + behind)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _short(marker: str) -> str:
    return marker if len(marker) <= _SHORT else marker[: _SHORT - 3] + "…]"
