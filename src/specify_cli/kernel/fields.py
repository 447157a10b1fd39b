"""The fields of a file: what each may hold, and which of them hold something else.

Anybody may write into a file that we read: an editor, an agent, a clone, a crash. The module that owns a file keeps a
table of its fields (a `Schema`). `sift` gives what is sound and names what is broken, so that one bad value takes
nothing else with it. A value of null stands for no value, and keys that a table lacks are kept as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from specify_cli.kernel import clock
from specify_cli.kernel.text import is_ulid
from specify_cli.kernel.values import frozen

# What no file name, no argument of a program and no UTF-8 text can hold: NUL, and half of a character. What stands
# for a byte that is no UTF-8 is none of them.
_UNUSABLE = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
# What `git check-ref-format --branch` refuses, and more than it: no shell and no option parser minds the rest.
_NO_BRANCH = re.compile(
    r"[\0-\x20\x7f~^:?*\[\\\ud800-\udc7f\udd00-\udfff]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)|\.\Z|/\Z|\A[-./]|\A@\Z"
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FOLDER = re.compile(r"\w(?:[\w.-]*\w)?")
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)
_WP = re.compile(r"WP[0-9]{2,9}")
_DEEPEST = 100
_LARGEST = 1 << 53  # beyond it JSON programs disagree about whole numbers


def is_branch_name(name: str) -> bool:
    """Whether git takes a text as the name of a branch, and nobody for an option."""
    return bool(name) and len(name) < 1000 and not _NO_BRANCH.search(name)


def is_folder_name(name: str) -> bool:
    """Whether a text can be the name of a mission's folder: letters, digits, dashes, underscores and dots in between.

    Slugs that we make are narrower; those of older versions were written by people.
    """
    return len(name) < 200 and bool(_FOLDER.fullmatch(name)) and ".." not in name and not name.endswith(".lock")


def is_commit_id(text: str) -> bool:
    """Whether a text is the full id of a commit or tree."""
    return bool(_COMMIT.fullmatch(text))


def is_too_deep(value: object, text: str) -> bool:
    """Whether a value that a text holds is nested deeper than anything we write, or could walk through.

    Args:
        text: a text with few brackets cannot be.
    """
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        inner = (each for each in level if isinstance(each, dict | list))
        level = [item for each in inner for item in (each.values() if isinstance(each, dict) else each)]
        depth += 1
    return bool(level)


# -- tables of fields --------------------------------------------------------------------------------------------------


@frozen
class Broken:
    """A field that holds what it cannot hold.

    Args:
        key: its path in the file: `lanes[0].wp_ids`; empty for the whole.
        value: what it holds.
        expected: what it may hold, in words.
    """

    key: str
    value: object
    expected: str

    @property
    def message(self) -> str:
        """One clause: which field, what it holds, what is expected."""
        return f"{self.key[:100] or 'it'} is {_brief(self.value)}, expected {self.expected}"


class Kind:
    """What a field may hold.

    Args:
        expected: in words, for messages.
        fits: whether a value is one.
    """

    __slots__ = ("expected", "fits")

    def __init__(self, expected: str, fits: Callable[[object], bool]) -> None:
        self.expected = expected
        self.fits = fits

    def take(self, value: object, at: str, broken: list[Broken]) -> object:
        """The value, or what of it is sound; None where nothing is. What is broken goes to `broken`."""
        if value is None or self.fits(value):
            return value
        broken.append(Broken(at, value, self.expected))
        return None


Schema = Mapping[str, Kind]


class Listed(Kind):
    """A list; an entry that is broken is left out."""

    __slots__ = ("each",)

    def __init__(self, each: Kind) -> None:
        super().__init__("a list", lambda value: isinstance(value, list))
        self.each = each

    def take(self, value: object, at: str, broken: list[Broken]) -> object:
        """As `Kind.take`."""
        if not isinstance(value, list):
            return super().take(value, at, broken)
        found = [(item, self.each.take(item, f"{at}[{index}]", broken)) for index, item in enumerate(value)]
        return [kept for item, kept in found if kept is not None or item is None]


class Mapped(Kind):
    """An object with any keys and values of one kind; a broken value is left out with its key."""

    __slots__ = ("each",)

    def __init__(self, each: Kind) -> None:
        super().__init__("a mapping", lambda value: isinstance(value, dict))
        self.each = each

    def take(self, value: object, at: str, broken: list[Broken]) -> object:
        """As `Kind.take`."""
        if not isinstance(value, dict):
            return super().take(value, at, broken)
        found = [(key, item, self.each.take(item, _join(at, str(key)), broken)) for key, item in value.items()]
        return {key: kept for key, item, kept in found if kept is not None or item is None}


class Fields(Kind):
    """An object whose keys have a table of their own."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        super().__init__("a mapping", lambda value: isinstance(value, dict))
        self.schema = schema

    def take(self, value: object, at: str, broken: list[Broken]) -> object:
        """As `Kind.take`."""
        if not isinstance(value, dict):
            return super().take(value, at, broken)
        return _sift(value, self.schema, at, broken)


def sift(data: Mapping[str, object], schema: Schema) -> tuple[dict[str, object], tuple[Broken, ...]]:
    """The object without its broken values, and those."""
    broken: list[Broken] = []
    return _sift(data, schema, "", broken), tuple(broken)


def sound(data: Mapping[str, object], schema: Schema) -> dict[str, object]:
    """The object without its broken values."""
    return sift(data, schema)[0]


def one_of(*words: str) -> Kind:
    """One of some words."""
    return Kind(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words)


def _sift(data: Mapping[str, object], schema: Schema, at: str, broken: list[Broken]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in data.items():
        kind = schema.get(key)
        kept = value if kind is None else kind.take(value, _join(at, key), broken)
        if kept is not None or value is None:
            found[key] = kept
    return found


def _text_that(holds: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and holds(value)


def _is_moment(text: str) -> bool:
    try:
        clock.stamp(clock.parse(text))
    except (ValueError, OverflowError):
        return False
    return True


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_amount(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < _LARGEST and math.isfinite(value)


TEXT = Kind("a text without NUL or half a character", _text_that(lambda text: not _UNUSABLE.search(text)))
WORDS = Kind("a text", lambda value: isinstance(value, str))  # what somebody said, be it as odd as it may
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
WHOLE = Kind("a whole number", _is_whole)
AMOUNT = Kind("a number that is not negative", _is_amount)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
MOMENT = Kind("a time such as 2026-11-30T12:00:00+00:00", _text_that(_is_moment))
ULID = Kind("a ULID", _text_that(is_ulid))
BRANCH = Kind("the name of a branch", _text_that(is_branch_name))
FOLDER = Kind("the name of a folder: letters, digits and dashes", _text_that(is_folder_name))
COMMIT = Kind("the full id of a commit", _text_that(is_commit_id))
ID = Kind("an id", _text_that(lambda text: bool(_ID.fullmatch(text))))
WP = Kind("an id such as WP01", _text_that(lambda text: bool(_WP.fullmatch(text))))
TEXTS = Listed(TEXT)
OBJECTS = Listed(OBJECT)


def listing(broken: Sequence[Broken], most: int = 3) -> str:
    """The first of some broken fields in one clause."""
    more = f" and {len(broken) - most} more" if len(broken) > most else ""
    return "; ".join(each.message for each in broken[:most]) + more


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _brief(value: object, most: int = 60) -> str:
    """A value as a message can show it, be it as long or as odd as it may."""
    if isinstance(value, str):
        shown = repr(value[: most + 1])
    elif isinstance(value, int) and not isinstance(value, bool):
        shown = str(value) if abs(value) < _LARGEST else f"a number of {value.bit_length()} bits"
    elif isinstance(value, list | dict):
        shown = f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    else:
        shown = repr(value)
    return shown if len(shown) <= most else f"{shown[:most]}…"
