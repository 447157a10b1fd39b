"""Files of a mission type that are data: the nearest one counts, and a mistake is told with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from specify_cli.core import project_resolver
from specify_cli.kernel import files, lazy, yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import SLUG_PATTERN
from specify_cli.kernel.values import frozen


def nearest(repo: Repository, key: str, name: str) -> tuple[str, Path] | None:
    """Text and path of a mission type's file in the first tier that has it; None where none has.

    Raises:
        Refused: `SYMLINK_REFUSED`.
    """
    for folder in project_resolver.type_folders(repo, key) if SLUG_PATTERN.match(key) else ():
        path = folder.path / name
        text = None if project_resolver.is_outdated(path, folder.tier) else files.read_text(path)
        if text is not None:
            project_resolver.check_inside(repo, path, folder.tier)
            return text, path
    return None


@frozen
class DataFile:
    """A YAML file that somebody wrote.

    Args:
        text: all of it.
        where: its name for messages.
        code: of the error for a mistake in it.
    """

    text: str
    where: str
    code: str

    def root(self) -> Entry:
        """The mapping that it holds.

        Raises:
            Refused: `MALFORMED_YAML`, with line and column.
        """
        return Entry(self, yaml.mapping(self.text, self.where))


@frozen
class Entry:
    """A mapping in such a file.

    Args:
        path: the keys and numbers that lead to it.
    """

    file: DataFile
    raw: Mapping[str, object]
    path: tuple[str | int, ...] = ()

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that mean nothing, lest one believes that they do."""
        unknown = next((name for name in self.raw if name not in set(known)), None)
        if unknown is not None:
            raise self.invalid(f"unknown key {unknown!r}; known: {', '.join(sorted(known))}", unknown)

    def word(self, name: str) -> str:
        """A text that must be there."""
        value = self.raw.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.invalid(f"{name!r} must be a text", name)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where it is missing."""
        value = self.raw.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.invalid(f"{name!r} must be a list of texts", name)
        return tuple(str(item) for item in value)

    def flag(self, name: str) -> bool:
        """Yes or no; no where it is missing."""
        value = self.raw.get(name, False)
        if not isinstance(value, bool):
            raise self.invalid(f"{name!r} must be true or false", name)
        return value

    def one_of(self, name: str, known: Iterable[str]) -> str:
        """A text out of a closed table."""
        value = self.word(name)
        if value not in (table := list(known)):
            raise self.invalid(f"{name!r} is {value!r}; known: {', '.join(table)}", name)
        return value

    def some_of(self, name: str, known: Iterable[str]) -> tuple[str, ...]:
        """A list of texts out of a closed table."""
        table = sorted(known)
        for number, value in enumerate(self.words(name)):
            if value not in table:
                raise self.invalid(f"{name!r} has {value!r}; known: {', '.join(table)}", name, number)
        return self.words(name)

    def place(self, name: str) -> str | None:
        """A relative path inside the mission; None where it is missing."""
        return None if self.raw.get(name) is None else self._plain(self.word(name), name)

    def places(self, name: str) -> tuple[str, ...]:
        """A list of such paths."""
        return tuple(self._plain(value, name, number) for number, value in enumerate(self.words(name)))

    def entries(self, name: str) -> tuple[Entry, ...]:
        """A list of mappings; empty where it is missing."""
        value = self.raw.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.invalid(f"{name!r} must be a list", name)
        return tuple(self._entry(item, name, number) for number, item in enumerate(value))

    def entry(self, name: str) -> Entry:
        """A mapping; empty where it is missing."""
        return self._entry(self.raw.get(name) or {}, name)

    def invalid(self, reason: str, *at: str | int) -> Refused:
        """The error for a mistake, with file and line.

        Args:
            at: where it is below this mapping; of a part that is missing, the nearest part around it is told.
        """
        file = self.file
        line: int = lazy.load("specify_cli.kernel.yaml_round_trip:Lines")(file.text).at(*self.path, *at)
        return Refused(
            f"{file.where} line {line}: {reason}",
            file.code,
            details={"path": file.where, "line": line, "edit": file.where},
        )

    def _entry(self, value: object, *at: str | int) -> Entry:
        if not isinstance(value, dict):
            raise self.invalid(f"{at[0]!r}: a mapping of keys is expected", *at)
        return Entry(self.file, value, (*self.path, *at))

    def _plain(self, value: str, *at: str | int) -> str:
        if not project_resolver.is_plain_path(value):
            raise self.invalid(f"{value!r} must be a relative path inside the mission", *at)
        return value
