"""Globs of owned files: do two of them share a path, and does one cover a path.

Decided on the patterns themselves, never on which files exist today. A pattern is a path of segments; in a segment
`*` is any run of characters, `?` one character, `[ab]`, `[a-z]` and `[!a]` one of a set; a segment `**` is any
number of segments, none included. A pattern whose last segment is plain text owns what lies below it too, so that
`src/app`, `src/app/` and `src/app/**` are the same claim; a name with an extension (`src/a.py`) is taken for a file
unless a slash, or the other side, says that it is a folder. Letters that differ only in case are taken as equal: on
half of all machines such names are one file. Brackets are read both ways, as a set and as themselves: folders named
`[slug]` are common in web projects.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import takewhile

from specify_cli.kernel.values import frozen

_LAST = 0x10FFFF
_SLASH = ord("/")
EVERYTHING = _ANY_DEPTH = "**"
_FILE_NAME = re.compile(r".+\.[A-Za-z][A-Za-z0-9]{0,9}")

Ranges = tuple[tuple[int, int], ...]


@frozen
class _Segment:
    """One segment: for each place the characters that may stand there; None is any run of characters."""

    places: tuple[Ranges | None, ...]
    text: str
    """The segment itself where it has no wildcard, in one case; else empty."""


Path = tuple[_Segment | None, ...]
"""Segments; None is `**`."""


@frozen
class _Reading:
    """What a pattern means.

    Args:
        path: its segments.
        prefix: the texts of the segments before the first wildcard.
    """

    path: Path
    prefix: tuple[str, ...]

    @property
    def is_file(self) -> bool:
        """Whether it names one path and nothing below it."""
        return len(self.prefix) == len(self.path)


def normalise(pattern: str) -> str:
    """A pattern in its one spelling: forward slashes, no `./`, no empty segments, a slash kept at the end.

    Raises:
        ValueError: it is empty, absolute, or leaves the project by `..`.
    """
    text = unicodedata.normalize("NFC", pattern.strip()).replace("\\", "/")
    if not text:
        raise ValueError("is empty")
    if "\0" in text:
        raise ValueError("holds a NUL character")
    if text.startswith(("/", "~/")) or text[1:2] == ":":
        raise ValueError("is not below the project: an absolute path")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("leaves the project by ..")
    if not parts:
        return _ANY_DEPTH
    return "/".join(parts) + ("/" if text.endswith("/") else "")


@lru_cache(maxsize=4096)
def _readings(pattern: str) -> tuple[_Reading, ...]:
    """What a pattern may mean: one reading, or two where it holds brackets; raises as `normalise`."""
    text = normalise(pattern)
    kinds = (True, False) if "[" in text else (True,)
    return tuple(_read(text, with_sets=with_sets) for with_sets in kinds)


def _read(text: str, *, with_sets: bool) -> _Reading:
    parts = [part for part in text.split("/") if part]
    path: Path = tuple(None if part == _ANY_DEPTH else _segment(part, with_sets=with_sets) for part in parts)
    last = path[-1]
    below = text.endswith("/") or (last is not None and last.text and not _FILE_NAME.fullmatch(last.text))
    return _reading((*path, None) if below else path)


def _reading(path: Path) -> _Reading:
    plain = takewhile(lambda segment: segment is not None and bool(segment.text), path)
    return _Reading(path, tuple(segment.text for segment in plain if segment is not None))


def overlaps(one: str, other: str) -> bool:
    """Whether some path is covered by both patterns; raises as `normalise`."""
    return any(_share(mine, yours) for mine in _readings(one) for yours in _readings(other))


def roots(pattern: str) -> list[tuple[str, ...]]:
    """For each meaning of a pattern the names before its first wildcard; raises as `normalise`.

    Two patterns share a path only if the names of one begin with those of the other.
    """
    return [reading.prefix for reading in _readings(pattern)]


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern covers a path, given as POSIX text below the project; raises as `normalise`."""
    parts = [part for part in unicodedata.normalize("NFC", path).split("/") if part not in ("", ".")]
    concrete = _reading(tuple(_literal(part) for part in parts))
    return any(_meet(reading.path, concrete.path) or _below(reading, concrete) for reading in _readings(pattern))


def _share(one: _Reading, other: _Reading) -> bool:
    for mine, yours in zip(one.prefix, other.prefix, strict=False):
        # Most pairs part here.
        if mine != yours:
            return False
    return _below(one, other) or _below(other, one) or _meet(one.path, other.path)


def _below(file: _Reading, other: _Reading) -> bool:
    """Whether the other names something below what looked like a file."""
    return file.is_file and other.prefix[: len(file.prefix)] == file.prefix


def surface(patterns: Iterable[str]) -> str:
    """The folder that holds all that the patterns cover, a slash at its end; empty where only the project does."""
    shared: list[str] | None = None
    for pattern in patterns:
        parts = normalise(pattern).split("/")
        plain = next((index for index, part in enumerate(parts) if _has_wildcard(part)), len(parts) - 1)
        folders = parts[:plain]
        shared = folders if shared is None else _common(shared, folders)
    return "/".join(shared) + "/" if shared else ""


def _common(one: list[str], other: list[str]) -> list[str]:
    pairs = zip(one, other, strict=False)
    return [mine for mine, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


def _has_wildcard(part: str) -> bool:
    return any(mark in part for mark in "*?[")


def _meet(one: Path, other: Path) -> bool:
    """Whether the two sequences of segments accept a common path: a walk over pairs of positions."""
    ahead = [(0, 0)]
    seen = {(0, 0)}
    while ahead:
        i, j = ahead.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps(one, other, i, j):
            if step not in seen:
                seen.add(step)
                ahead.append(step)
    return False


def _steps(one: Path, other: Path, i: int, j: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    more, also = i < len(one), j < len(other)
    deep = more and one[i] is None
    deeper = also and other[j] is None
    if deep:
        found.append((i + 1, j))
    if deeper:
        found.append((i, j + 1))
    if more and also and not (deep and deeper) and _segments_meet(one[i], other[j]):
        found.append((i if deep else i + 1, j if deeper else j + 1))
    return found


def _segments_meet(one: _Segment | None, other: _Segment | None) -> bool:
    if one is None or other is None:
        return True
    if one.text and other.text:
        return one.text == other.text
    return _places_meet(one.places, other.places)


def _places_meet(one: tuple[Ranges | None, ...], other: tuple[Ranges | None, ...]) -> bool:
    """Whether two segments accept a common name, as `_meet` for characters."""
    ahead = [(0, 0)]
    seen = {(0, 0)}
    while ahead:
        i, j = ahead.pop()
        if i == len(one) and j == len(other):
            return True
        mine = one[i] if i < len(one) else ()
        yours = other[j] if j < len(other) else ()
        steps = []
        if mine is None:
            steps.append((i + 1, j))
        if yours is None:
            steps.append((i, j + 1))
        if i < len(one) and j < len(other) and _share_a_character(mine, yours):
            steps.append((i if mine is None else i + 1, j if yours is None else j + 1))
        fresh = [step for step in steps if step not in seen]
        seen.update(fresh)
        ahead.extend(fresh)
    return False


def _share_a_character(one: Ranges | None, other: Ranges | None) -> bool:
    if one is None or other is None:
        return one is None or other is None
    return any(low <= other_high and other_low <= high for low, high in one for other_low, other_high in other)


def _literal(part: str) -> _Segment:
    return _Segment(tuple(_either_case(character) for character in part), part.casefold())


def _segment(part: str, *, with_sets: bool) -> _Segment:
    if not any(mark in part for mark in ("*?[" if with_sets else "*?")):
        return _literal(part)
    places: list[Ranges | None] = []
    index = 0
    while index < len(part):
        character = part[index]
        closing = _set_end(part, index) if with_sets and character == "[" else -1
        if closing > 0:
            places.append(_character_set(part[index + 1 : closing]))
            index = closing
        elif character == "*":
            if not places or places[-1] is not None:
                places.append(None)
        else:
            places.append(_without_slash([(0, _LAST)]) if character == "?" else _either_case(character))
        index += 1
    return _Segment(tuple(places), "")


def _set_end(part: str, start: int) -> int:
    """Where the bracket that opens at `start` closes, or -1: then it stands for itself."""
    first = start + 2 if part[start + 1 : start + 2] in ("!", "^") else start + 1
    return part.find("]", first + 1)


def _character_set(content: str) -> Ranges:
    negated = content[0] in "!^"
    members = content[1:] if negated else content
    ranges: list[tuple[int, int]] = []
    index = 0
    while index < len(members):
        if members[index + 1 : index + 2] == "-" and index + 2 < len(members):
            low, high = ord(members[index]), ord(members[index + 2])
            ranges.extend(_both_cases(low, high))
            index += 3
        else:
            ranges.extend(_either_case(members[index]))
            index += 1
    return _without_slash(_complement(ranges) if negated else ranges)


def _both_cases(low: int, high: int) -> list[tuple[int, int]]:
    if low > high:
        return []
    found = [(low, high)]
    for first, last, shift in ((ord("A"), ord("Z"), 32), (ord("a"), ord("z"), -32)):
        inside_low, inside_high = max(low, first), min(high, last)
        if inside_low <= inside_high:
            found.append((inside_low + shift, inside_high + shift))
    return found


def _either_case(character: str) -> Ranges:
    spellings = {character, *(other for other in (character.lower(), character.upper()) if len(other) == 1)}
    return tuple((ord(spelling), ord(spelling)) for spelling in sorted(spellings))


def _complement(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if start < low:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return [*found, (start, _LAST)] if start <= _LAST else found


def _without_slash(ranges: list[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if low <= _SLASH <= high:
            found += [piece for piece in ((low, _SLASH - 1), (_SLASH + 1, high)) if piece[0] <= piece[1]]
        else:
            found.append((low, high))
    return tuple(found)
