"""The whole of YAML, through ruamel: for writing, and for what the simple reader leaves to it.

It takes some fifty times as long as the simple reader, and a few aliases can stand for millions of values: how much it
is given, how deep, and how much that stands for have limits, which no document that somebody wrote comes near.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.emitter import Emitter
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.reader import ReaderError

from specify_cli.kernel import clock, yaml
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused

_MOST_READ, _MOST_EDITED, _DEEPEST = 20_000, 5_000, 200
_ENTRIES = re.compile(r",|:(?=[ \n])|^ *-(?=[ \n])", re.MULTILINE)
_BRACKETS = re.compile(r"[\[\]{}]")


def load(text: str, where: str) -> object:
    """The value of a YAML text as plain Python; timestamps stay texts.

    Raises:
        Refused: `MALFORMED_YAML`, with line and column.
    """
    _require_bounded(text, where, _MOST_READ)
    try:
        return _plain(_parse(text, where, YAML(typ="safe", pure=True)), {})
    except RecursionError as error:
        raise _malformed(where, 1, 1, "it contains itself, or is nested too deeply") from error


def edit(text: str, changes: Mapping[tuple[str, ...], object], where: str) -> str:
    """Set keys of a YAML mapping; every line that holds none of them stays as it is, comments too.

    Args:
        text: the document; empty makes a new one.
        changes: path of keys -> new value; `yaml.ABSENT` takes the key out.
        where: name for error messages.

    Raises:
        Refused: `MALFORMED_YAML`.
    """
    _require_bounded(text, where, _MOST_EDITED)
    whole = _edit_whole(text, changes, where)
    try:
        spliced = text
        for path, value in changes.items():
            spliced = _splice(spliced, path, value)
        # A text that is laid out unlike ours (one flow mapping, aliases, quoted keys) is written anew as a whole.
        return spliced if yaml.loads(spliced, where) == yaml.loads(whole, where) else whole
    except Refused:
        return whole


class Lines:
    """Where the parts of a YAML text begin, for messages.

    Args:
        text: the document; of one that is no YAML every part is on line 1.
    """

    def __init__(self, text: str) -> None:
        try:
            _require_bounded(text, "", _MOST_READ)
            self._root: object = _writer().load(text)
        except (Refused, YAMLError, ValueError, RecursionError):
            self._root = None

    def at(self, *path: str | int) -> int:
        """The line of a part, from 1; of one that is not there, that of the nearest part around it."""
        node, line = self._root, 1
        for key in path:
            if isinstance(node, CommentedMap) and key in node:
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = node.lc.item(key)[0] + 1
            else:
                break
            node = node[key]
        return line


def dumps(value: object) -> str:
    """A value as block-style YAML."""
    return _dump(_writer(), value)


def not_a_mapping(where: str) -> NoReturn:
    """Raise the error for a document that is not a mapping of keys."""
    raise _malformed(where, 1, 1, "a mapping of keys is expected")


def _edit_whole(text: str, changes: Mapping[tuple[str, ...], object], where: str) -> str:
    writer = _writer()
    document = _parse(text, where, writer)
    if document is None:
        document = CommentedMap()
    if not isinstance(document, CommentedMap):
        not_a_mapping(where)
    for path, value in changes.items():
        _set(document, path, value)
    return _dump(writer, document)


def _splice(text: str, path: tuple[str, ...], value: object) -> str:
    """The text with the lines of one key replaced; whether that is what was meant is the caller's question."""
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if re.match(rf"{re.escape(path[0])} *:(?:\s|$)", line)]
    gone = value is yaml.ABSENT
    if not starts and gone:
        return text
    if not starts:
        return text + ("" if text.endswith("\n") or not text else "\n") + _edit_whole("", {path: value}, "")
    start = starts[0]
    end = _end_of_part(lines, start)
    head, inner = lines[start], "".join(lines[start + 1 : end])
    margin = re.match(" *", inner)
    if len(path) > 1 and inner and margin and re.fullmatch(r"[^:]*:\s*(?:#.*)?", head.rstrip("\n")):
        deeper = _splice(re.sub(f"^{margin[0]}", "", inner, flags=re.MULTILINE), path[1:], value)
        changed = head + re.sub(r"^(?=.)", margin[0], deeper, flags=re.MULTILINE)
    else:
        changed = "" if gone and len(path) == 1 else _edit_whole(head + inner, {path: value}, "")
    return "".join((*lines[:start], changed, *lines[end:]))


def _end_of_part(lines: list[str], start: int) -> int:
    """Where the value ends whose key stands on a line without margin; comments and blank lines below it stay out."""
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith((" ", "#", "- ", "-\n"))):
        end += 1
    while end > start + 1 and re.match(r"\s*(?:#|$)", lines[end - 1]):
        end -= 1
    return end


def _require_bounded(text: str, where: str, most: int) -> None:
    """Refuse what would take long, before anything is made of it."""
    entries = len(_ENTRIES.findall(text))
    if entries > most:
        raise _malformed(where, 1, 1, f"about {entries} entries, more than the {most} that are read in this form")
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            at = bracket.start()
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            raise _malformed(where, line, column, "nested too deeply")
    if "*" in text and "&" in text:
        try:
            _require_few_values(text, where)
        except (YAMLError, ValueError, RecursionError):
            return  # whoever reads it says what is wrong


def _require_few_values(text: str, where: str) -> None:
    """Count what aliases stand for; what contains itself stands for nothing here, and is found when it is read."""
    values = 0
    sizes: dict[str, int] = {}
    open_ones: list[tuple[str | None, int]] = []
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, CollectionEndEvent):
            anchor, before = open_ones.pop()
            if anchor:
                sizes[anchor] = values - before
        elif isinstance(event, AliasEvent):
            values += sizes.get(event.anchor, 0)
        elif isinstance(event, NodeEvent):
            if isinstance(event, CollectionStartEvent):
                open_ones.append((event.anchor, values))
            elif event.anchor:
                sizes[event.anchor] = 1
            values += 1
        if values > _MOST_READ:
            mark = event.start_mark
            raise _malformed(where, mark.line + 1, mark.column + 1, "its aliases stand for too many values")


def _parse(text: str, where: str, parser: YAML) -> object:
    try:
        return parser.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _malformed(where, line, column, error.problem or "not YAML") from error
    except ReaderError as error:
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        raise _malformed(where, before.count("\n") + 1, column, f"{error.reason}: {text[error.position]!r}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise _malformed(where, 1, 1, str(error).splitlines()[0] if str(error) else "not YAML") from error


def _malformed(where: str, line: int, column: int, reason: str) -> Refused:
    return Refused(
        f"{where} line {line}, column {column}: {reason}",
        "MALFORMED_YAML",
        hint=command("git", "diff", "--", where),
        details={"path": where, "line": line, "column": column},
    )


class _Emitter(Emitter):
    """The library's, but for NEL (U+0085): it writes one as a line break, and does not read one as such."""

    def choose_scalar_style(self) -> Any:
        """The library's choice; double quotes, which escape it, around a text with NEL."""
        style = super().choose_scalar_style()
        return '"' if isinstance(self.event, ScalarEvent) and "\x85" in self.event.value else style


def _writer() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Emitter = _Emitter
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=2, offset=0)
    return yaml


def _dump(yaml: YAML, value: object) -> str:
    sink = io.StringIO()
    yaml.dump(value, sink)
    return sink.getvalue()


def _set(node: CommentedMap, path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        if not isinstance(node.get(key), CommentedMap):
            if value is yaml.ABSENT:
                return
            node[key] = CommentedMap()
        node = node[key]
    if value is yaml.ABSENT:
        node.pop(path[-1], None)
        return
    before = node.get(path[-1])
    if isinstance(value, list) and isinstance(before, CommentedSeq) and (not before or before.fa.flow_style()):
        value = CommentedSeq(value)
        value.fa.set_flow_style()
    node[path[-1]] = value


def _plain(value: object, known: dict[int, object]) -> object:
    """A value as plain Python; what is met again through an alias is made once, so that aliases cannot blow it up."""
    if isinstance(value, (dict, list, tuple, set)):
        if id(value) not in known:
            known[id(value)] = _plain_items(value, known)
        return known[id(value)]
    if isinstance(value, datetime):
        return clock.stamp(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


def _plain_items(value: Collection[object], known: dict[int, object]) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item, known) for key, item in value.items()}
    return [_plain(item, known) for item in value]
