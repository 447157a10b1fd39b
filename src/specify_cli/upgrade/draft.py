"""What files would say: a view of the disk with changes on top that nobody has written yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.digests import sha256

Changes = dict[Path, bytes | None]
Seen = dict[Path, str | None]


class Draft:
    """Files as they would be.

    Args:
        below: the draft that this one goes on from; without one, the disk.

    Attributes:
        changes: path -> its new content; None where it is removed. Without what is below.
        seen: path -> digest of what the disk said when it was first looked at; None where there was no file. What is
            planned follows from that, and from nothing later.
    """

    def __init__(self, below: Draft | None = None) -> None:
        self.changes: Changes = {}
        self.seen: Seen = {} if below is None else below.seen
        self._below = below

    def read(self, path: Path) -> bytes | None:
        """The content of a file; None where there is none, or something else than a file."""
        if path in self.changes:
            return self.changes[path]
        return self._before(path)

    def text(self, path: Path) -> str | None:
        """A document as text; see `files.decode`."""
        data = self.read(path)
        return None if data is None else files.decode(data)

    def write(self, path: Path, content: bytes | str) -> None:
        """Have a file say something."""
        data = files.encode(content) if isinstance(content, str) else content
        self.changes.pop(path, None)  # changes are in the order in which they are to happen
        if data != self._before(path):
            self.changes[path] = data

    def remove(self, path: Path) -> None:
        """Have a file be gone."""
        self.changes.pop(path, None)
        if self._before(path) is not None:
            self.changes[path] = None

    def move(self, source: Path, target: Path) -> bool:
        """Have a file be somewhere else; False, and nothing, where something stands there."""
        data = self.read(source)
        if data is None or self.read(target) is not None:
            return False
        self.write(target, data)
        self.remove(source)
        return True

    def names(self, folder: Path) -> list[str]:
        """Names directly in a folder, sorted; folders end in a slash."""
        found = set(self._below.names(folder) if self._below else _on_disk(folder))
        start = f"{folder}/"
        for path, data in self.changes.items():
            if str(path).startswith(start):
                name, inside, _ = str(path)[len(start) :].partition("/")
                if data is not None:
                    found.add(name + inside)
                elif not inside:
                    found.discard(name)
        return sorted(found)

    def files_below(self, folder: Path) -> Iterator[Path]:
        """Every file in a folder and those below it; links are not followed."""
        for name in self.names(folder):
            if name.endswith("/"):
                yield from self.files_below(folder / name[:-1])
            else:
                yield folder / name

    def take(self, other: Draft) -> None:
        """Take over the changes of a draft that went on from this one."""
        self.changes.update(other.changes)

    def _before(self, path: Path) -> bytes | None:
        if self._below is not None:
            return self._below.read(path)
        data = None if path.is_symlink() or path.is_dir() else files.read_bytes(path)
        self.seen.setdefault(path, None if data is None else sha256(data))
        return data


def _on_disk(folder: Path) -> Iterator[str]:
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield f"{entry.name}/"
            elif entry.is_file(follow_symlinks=False):
                yield entry.name
