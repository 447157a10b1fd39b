"""The files of another tool's project while a reader goes through them: what was used, and what was wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from specify_cli.importing.checklists import Listing, listing
from specify_cli.importing.models import Imported, ImportedMission
from specify_cli.kernel import frontmatter
from specify_cli.kernel.commands import Command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import one_line, plural, some
from specify_cli.kernel.values import frozen

UNREADABLE = "IMPORT_UNREADABLE"
CHARTER = ".kittify/charter/charter.md"
_LISTS = ("tasks.md", "task.md")
_MARKERS = frozenset({"<<<<<<<", "=======", ">>>>>>>"})
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@frozen
class Rest:
    """Files that have no counterpart in a mission, and what a person can do with them.

    Args:
        prefix: what their paths begin with.
        why: completes `PATH: …`.
        hint: a command.
    """

    prefix: str
    why: str
    hint: Command | None = None


class Reading:
    """One run of a reader over the files of a project; `imported` gives what came of it.

    Args:
        files: path below the project -> content.
        at: what stands before such a path in a command; empty where the project is the current folder.
    """

    def __init__(self, files: Mapping[str, bytes], at: str = "") -> None:
        self.files = files
        self._at = at
        self.notices: list[Notice] = []
        self._noted: set[Notice] = set()
        self._used: set[str] = set()
        self._unread: set[str] = set()
        self._left: Counter[str] = Counter()

    def below(self, folder: str) -> list[str]:
        """Paths below a folder, sorted."""
        return sorted(path for path in self.files if path.startswith(f"{folder}/"))

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly below a folder, sorted."""
        inside = (path.removeprefix(f"{folder}/").split("/") for path in self.below(folder))
        return sorted({parts[0] for parts in inside if len(parts) > 1})

    def content(self, path: str) -> bytes:
        """The content of a file, which counts as used."""
        self._used.add(path)
        return self.files[path]

    def text(self, path: str) -> str | None:
        """A document, any line ending read as a newline; None where there is none, or none that can be read."""
        if path not in self.files:
            return None
        try:
            text = self.content(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.unreadable(f"{path}: not UTF-8 (byte {error.start + 1})", path)
            return None
        return clean(text.replace("\r\n", "\n").replace("\r", "\n"))

    def copies(self, folder: str, *, leave: Collection[str] = ()) -> dict[str, bytes]:
        """The documents below a folder as they are, by their names there; Markdown that cannot be read is left out."""
        paths = {path.removeprefix(f"{folder}/"): path for path in self.below(folder)}
        return {
            name: self.content(path)
            for name, path in paths.items()
            if name not in leave and not _is_of_git(name) and (not name.endswith(".md") or self.text(path) is not None)
        }

    def value(self, path: str) -> object:
        """A JSON value; None where there is none, or none that can be read."""
        text = self.text(path)
        return None if text is None else self.parsed(text, path)

    def tasks(self, folder: str) -> tuple[str, Listing]:
        """The list of tasks in a folder and its path: `tasks.md`, or `task.md` where there is no other."""
        lists = {
            path.rpartition("/")[2].lower(): path
            for path in self.below(folder)
            if path.count("/") == folder.count("/") + 1
        }
        path = next((lists[name] for name in _LISTS if name in lists), f"{folder}/{_LISTS[0]}")
        text = self.text(path)
        if text is None or self._is_conflicted(text, path):
            return path, Listing("")
        found = listing(text)
        if found.note:
            self.note("IMPORT_LIST_READ", f"{path}: {found.note}")
        if found.left:
            said = f"{path}: left as text in code, comments or quotations, beside tasks that are read: {found.left}"
            self.leave(path, found.left, said)
        if found.unboxed:
            said = f"{path}: without a box beside tasks that have one, these stay text: {some(found.unboxed)}"
            self.leave(path, len(found.unboxed), said)
        return path, found

    def _is_conflicted(self, text: str, path: str) -> bool:
        """Whether a merge left its markers in a document, so that nobody can say which half of it counts."""
        marks = [(number, line[:7]) for number, line in enumerate(text.split("\n"), 1) if line[:7] in _MARKERS]
        if {mark for _, mark in marks} != _MARKERS:
            return False
        self.unreadable(f"{path} line {marks[0][0]}: a merge left its conflict markers here", path)
        return True

    def parsed(self, text: str, where: str) -> object:
        """The JSON value of a text; None where it is none."""
        try:
            value: object = json.loads(text, object_pairs_hook=partial(self._object, where))
        except (ValueError, RecursionError) as error:
            path, _, own = where.partition(" line ")
            place, reason = f" line {own}" if own else "", "nested too deeply"
            if isinstance(error, json.JSONDecodeError):
                place, reason = f" line {own or error.lineno}, column {error.colno}", error.msg.removesuffix(" at")
            self.unreadable(f"{path}{place}: {reason}", path)
            return None
        return value

    def _object(self, where: str, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        """An object of JSON; of a key that stands there twice all but the last value is lost to any program."""
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
            said = f"{where}: the key {one_line(twice, 40)!r} is there twice in one object; the last one counts"
            self.unreadable(said, where.partition(" line ")[0])
        return found

    def needs(self, value: object, origin: str) -> tuple[str, ...]:
        """The ids that a task comes after, in whatever form they are listed; what is no id is named."""
        found: list[str] = []
        for item in value if isinstance(value, list) else [value]:
            own = item.get("id") if isinstance(item, dict) else item
            ids = [each for part in words(own).split(",") if (each := part.strip())]
            found += ids
            if not ids and item not in (None, "", {}):
                said = f"{origin}: it comes after {one_line(str(item), 60)}, which is no id; left out"
                self.note("IMPORT_DEPENDENCY", said)
        return tuple(dict.fromkeys(found))

    def document(self, path: str) -> tuple[dict[str, object], str] | None:
        """Header and body of a Markdown document; None where it cannot be read."""
        text = self.text(path)
        if text is None or self._is_conflicted(text, path):
            return None
        try:
            found = frontmatter.parse(text, path)
        except Refused as error:
            self.unreadable(error.message, path)
            return None
        return found.fields, found.body

    def unreadable(self, message: str, path: str) -> None:
        """Tell that something in a file could not be read."""
        self._unread.add(path)
        self.note(UNREADABLE, message, edit=self._at + path)

    def leave(self, path: str, count: int, message: str, code: str = "IMPORT_NO_COUNTERPART") -> None:
        """Tell of tasks in a file that are left out."""
        self._left[path] += count
        self.note(code, message)

    def note(self, code: str, message: str, hint: Command | None = None, edit: str | None = None) -> None:
        """Tell of something once."""
        notice = Notice(code, message, hint, edit)
        if notice not in self._noted:
            self._noted.add(notice)
            self.notices.append(notice)

    def imported(self, missions: Sequence[ImportedMission], rest: Sequence[Rest] = ()) -> Imported:
        """What came of it; every file that nobody used is among the leftovers."""
        groups: dict[tuple[str, str, Command | None], list[str]] = {}
        for path in sorted(self.files.keys() - self._used):
            known = next((each for each in rest if path.startswith(each.prefix)), None)
            where = known.prefix if known else "/".join(path.split("/")[:2])
            why, mend = (known.why, known.hint) if known else ("nothing in a mission corresponds to it", None)
            groups.setdefault((where, why, mend), []).append(path)
        for (where, why, hint), paths in groups.items():
            what = paths[0] if len(paths) == 1 else f"{where.rstrip('/')} ({plural(len(paths), 'file')})"
            self.note("IMPORT_NO_COUNTERPART", f"{what}: {why}", hint)
        return Imported(tuple(missions), tuple(self.notices), dict(self._left), tuple(sorted(self._unread)))


def _is_of_git(name: str) -> bool:
    """Whether git would read it: in a mission's folder it would hide or change what stands there."""
    return any(part.lower().startswith(".git") for part in name.split("/"))


def clean(text: str) -> str:
    """A text without control characters and halves of characters, which no file of ours could hold."""
    return _CONTROL.sub(" ", text).encode("utf-8", "replace").decode("utf-8")


def words(value: object) -> str:
    """A value of JSON or YAML as text; empty for anything but a text or a number."""
    if isinstance(value, str):
        return clean(value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def listed(value: object) -> Iterator[str]:
    """The texts and numbers of a list; a single one stands for a list."""
    for item in value if isinstance(value, list) else [value]:
        if text := words(item):
            yield text


def title_of(name: str) -> str:
    """The name of a folder or tag as a title."""
    said = re.sub(r"[-_]+", " ", name).strip()
    return said[:1].upper() + said[1:] if said else name


def fields_text(data: Mapping[str, object], names: Mapping[str, str]) -> str:
    """Fields of a task as sections of Markdown, in the order of `names` (key -> heading); empty ones are left out."""
    return "\n\n".join(f"## {heading}\n\n{text}" for key, heading in names.items() if (text := words(data.get(key))))
