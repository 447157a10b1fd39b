"""Dependencies that tasks.md declares, in exactly three forms; nothing else is inferred (seed 079, track 4).

1. `Depends on WP01, WP02` at the start of a line, list item or clause;
2. a line `Dependencies: WP01, WP02` (also `**Dependencies**: …`), where `None` and `[]` are the explicit empty list;
   several such fields may share a line: `**Priority**: High | **Dependencies**: WP01 | **Subtasks**: 1`;
3. a heading `Dependencies` of level 1 to 4 followed by a bullet list of ids.

They may stand together and add up. What else speaks of dependencies and names work packages is told as unread: another
form, or ids of a clause behind those that were read. An explicit empty list outweighs form 1, which running text
resembles most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from specify_cli.core.markdown import heading_key, without_links
from specify_cli.core.tasks_sections import TasksSection, tasks_sections
from specify_cli.kernel.values import frozen

_ID = r"WP\d{2,}(?!\w)"
_IDS = rf"{_ID}(?:(?:\s*[,;&+]\s*(?:and\s+)?|\s+and\s+){_ID})*"
_DEPENDS_ON = re.compile(
    rf"(?:^[ \t]*(?:(?:[-*+>]|\d+[.)])[ \t]+)*|[.:;,(–—|]\s*|\s-\s+)depends\s+on:?\s+({_IDS})", re.IGNORECASE
)
_ANY_DEPENDS_ON = re.compile(r"\bdepends?\s+on\b", re.IGNORECASE)
_LONGEST_CLAUSE = 500
_LINE = re.compile(r"^[ \t]*(?:[-*+>][ \t]+)*dependencies[ \t]*:(.*)$", re.IGNORECASE)
# Where one field of a line ends and the next, with its own name, begins.
_NEXT_FIELD = re.compile(r"\s*\|\s*(?=[A-Za-z][\w ()/-]*:)")
_SPEAKS = re.compile(
    r"(?<![A-Za-z0-9])depend(?!ents\b|ants\b)|"
    r"^[ \t]*(?:[-*+>][ \t]+)*_?"
    r"(?:deps|blocked by|waits (?:for|on)|requires|needs|prereq(?:uisite)?s?|predecessors?)_?[ \t]*:",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^ {0,3}(#{1,4})[ \t]+(.*)$")
_ANY_HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)")
_BULLET = re.compile(r"^[ \t]*[-*+][ \t]+(.*)$")
_EMPTY = re.compile(r"^(?:none|\[\s*\])(?!\w)", re.IGNORECASE)
# What people write for an id, with a digit too few or a space.
_NEARLY = re.compile(r"\b(?:WP[ -]?|work[ -]packages?[ ]+)(\d{1,4})(?!\w)", re.IGNORECASE)
# A line that announces what stands below it: `Dependencies:`, `This depends on:`, the head of a table.
_ANNOUNCES = re.compile(r":\s*$|^\s*\||^ {0,3}#{3,6}[ \t]+[\d. \t]*depend|^\W*dependenc(?:y|ies)\W*$", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:,|\band)\s*$", re.IGNORECASE)
_BELOW = re.compile(r"\s*(?:[-*+>|]|\d+[.)]|$)|[ \t]")
_LIST = re.compile(rf"^({_IDS})(.*)$", re.IGNORECASE)
# Behind the ids of a list item: nothing, or a remark; not a range, an arrow, a verb or a second list.
_REMARK = re.compile(
    rf"^\s*(?!(?:[–—]|\.\.+)\s*{_ID})(?:$|[.,;(–—]|-(?!-?>)\s|:(?!\s*{_ID})|(?!.*{_ID})(?!-?->|=>|→)\w)"
)
_PARENTHESES = re.compile(r"\([^()]*\)")


@frozen
class Declared:
    """What tasks.md declares for one work package.

    Args:
        dependencies: ids, each once, in the order they are named.
        explicit: whether anything was declared at all; an explicit empty list is.
        unread: lines that speak of dependencies in none of the three forms, as (line number, ids they name).
    """

    dependencies: tuple[str, ...]
    explicit: bool
    unread: tuple[tuple[int, tuple[str, ...]], ...] = ()


@dataclass(slots=True)
class _Found:
    """What the lines of a work package add up to."""

    phrases: list[str]
    listed: list[str]
    empty: bool
    unread: list[tuple[int, tuple[str, ...]]]

    @property
    def given(self) -> tuple[int, int, bool, int]:
        """How much the lines have given so far."""
        return len(self.phrases), len(self.listed), self.empty, len(self.unread)

    def declared(self) -> Declared:
        ids = self.listed if self.empty else [*self.phrases, *self.listed]
        return Declared(tuple(dict.fromkeys(ids)), bool(ids) or self.empty, tuple(self.unread))


def parse_dependencies_from_tasks_md(tasks_content: str) -> dict[str, list[str]]:
    """Work package -> what tasks.md declares it to depend on, for every section, in order.

    Args:
        tasks_content: tasks.md, with any line endings.
    """
    return {wp_id: list(found.dependencies) for wp_id, found in declared_dependencies(tasks_content).items()}


def declared_dependencies(tasks_content: str) -> dict[str, Declared]:
    """Work package -> what tasks.md declares; several sections of one work package add up."""
    found: dict[str, _Found] = {}
    for section in tasks_sections(tasks_content):
        _read(section, found.setdefault(section.wp_id, _Found([], [], empty=False, unread=[])))
    return {wp_id: sums.declared() for wp_id, sums in found.items()}


def _read(section: TasksSection, found: _Found) -> None:
    lines = iter(section.lines)
    pending: tuple[int, str] | None = None
    announced = False
    while (entry := pending or next(lines, None)) is not None:
        number, line = entry
        announced = announced and (pending is not None or _BELOW.match(line) is not None)
        pending = None
        heading = _HEADING.match(line)
        if heading and heading_key(heading[2]) == "dependencies":
            pending = _read_list(lines, found)
            # Text below a heading of the section's own; one of level 2 may speak of all work packages.
            announced = pending is not None and len(heading[1]) > 2 and not _ANY_HEADING.match(pending[1])
            continue
        announced = _read_line(number, _plain(line), found, announced=announced) or announced


def _read_line(number: int, line: str, found: _Found, *, announced: bool = False) -> bool:
    """Read a line; one that speaks of depending on work packages and gives nothing is told.

    Args:
        announced: whether a line above says that this one speaks of it.

    Returns:
        Whether it says so of the lines below it.
    """
    before = found.given
    for field in _NEXT_FIELD.split(line):
        _read_field(number, field, found)
    speaks = _SPEAKS.search(line) is not None
    if found.given != before:
        return speaks and _GOES_ON.search(line) is not None
    if not (announced or speaks):
        return False
    if named := _nearly(line):
        found.unread.append((number, named))
    return speaks and not named and _ANNOUNCES.search(line) is not None


def _read_field(number: int, line: str, found: _Found) -> None:
    match = _LINE.match(line)
    if match is not None:
        ids = _listed(match[1])
        if ids is None and match[1].strip():
            found.unread.append((number, _nearly(line)))
        elif ids is None:
            return
        else:
            found.listed += ids
            found.empty = found.empty or not ids
            _tell_rest(number, _clause(match[1], "." if not ids else ".;"), frozenset(ids), found)
        return
    phrases = [wp_id for phrase in _DEPENDS_ON.finditer(line) for wp_id in _ids(phrase[1])]
    found.phrases += phrases
    read = frozenset(phrases)
    for clause in _mentions(line):
        _tell_rest(number, clause, read, found)


def _tell_rest(number: int, clause: str, read: frozenset[str], found: _Found) -> None:
    """Tell of the ids in a clause about dependencies that are not read."""
    missed = tuple(wp_id for wp_id in dict.fromkeys(_nearly(clause)) if wp_id not in read)
    if missed:
        found.unread.append((number, missed))


def _clause(text: str, ends: str) -> str:
    """A text up to the end of its first clause, without what stands in parentheses."""
    text = _PARENTHESES.sub(" ", text)
    return text[: min((place for end in ends if (place := text.find(end)) >= 0), default=len(text))]


def _mentions(line: str) -> Iterator[str]:
    """What stands behind each `depends on` in its clause; in parentheses, up to their end."""
    past = 0
    for match in _ANY_DEPENDS_ON.finditer(line) if _NEARLY.search(line) else ():
        if match.start() < past:
            continue
        behind = line[match.end() : match.end() + _LONGEST_CLAUSE]
        behind = behind.rpartition(" ")[0] if len(behind) == _LONGEST_CLAUSE else behind  # no id is cut in two
        inside = line.count("(", past, match.start()) > line.count(")", past, match.start())
        clause = _clause(behind.partition(")")[0] if inside else behind, ".;")
        past = match.end() + len(clause)
        yield clause


def _read_list(lines: Iterator[tuple[int, str]], found: _Found) -> tuple[int, str] | None:
    """Read the bullets below a heading; returns the line that ended them, which is still to be read."""
    for number, raw in lines:
        if _ANY_HEADING.match(raw):
            return number, raw
        line = _plain(raw)
        bullet = _BULLET.match(line)
        content = bullet[1] if bullet else line.strip()
        if not content:
            continue
        ids = _listed(content) if bullet or _EMPTY.match(content) else None
        if ids is not None:
            found.listed += ids
            found.empty = found.empty or not ids
        elif bullet or raw.startswith((" ", "\t")):
            _read_item(number, line, found)
        else:
            return number, raw
    return None


def _read_item(number: int, line: str, found: _Found) -> None:
    """A list item that is no plain list of ids: `- Depends on WP01` counts, anything else is told."""
    before = len(found.phrases), len(found.unread)
    _read_line(number, line, found)
    named = _nearly(line)
    if named and before == (len(found.phrases), len(found.unread)):
        found.unread.append((number, named))


def _listed(text: str) -> list[str] | None:
    """The ids that a list begins with, `[]` for an explicit empty one, None for anything else."""
    text = text.strip()
    if _EMPTY.match(text):
        return []
    text = _PARENTHESES.sub(" ", text)
    if text.startswith("["):
        text = text.strip("[] ,").replace('"', "").replace("'", "")
    match = _LIST.match(text.strip())
    return _ids(match[1]) if match and _REMARK.match(match[2]) else None


def _ids(text: str) -> list[str]:
    return _upper(re.findall(_ID, text, re.IGNORECASE))


def _nearly(line: str) -> tuple[str, ...]:
    """The ids that a line names, as they should be written."""
    return tuple(f"WP{int(digits):02d}" for digits in _NEARLY.findall(line))


def _upper(ids: Iterable[str]) -> list[str]:
    return [wp_id.upper() for wp_id in ids]


def _plain(line: str) -> str:
    """A line without emphasis, code marks and links."""
    return without_links(line).replace("`", "").replace("**", "").replace("__", "")
