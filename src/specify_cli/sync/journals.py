"""The journals of a clone as a stream: whole lines from a place on. Nothing is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import digest, is_ulid
from specify_cli.kernel.values import frozen
from specify_cli.status import lines
from specify_cli.status.lines import Line

PIECE = 2 * lines.LIMIT  # bytes that are read at once; more than any line may have
_MARK = 64

News = tuple[Line | None, int]  # a line, None for one that is not to be read, and where it ends


@frozen
class Journals:
    """The two journals of a mission.

    Args:
        folder: where this clone's journals are.
        key: the mission's id, or its slug where it has none.
    """

    folder: Path
    key: str

    @property
    def paths(self) -> tuple[Path, Path]:
        """The mission log, then the status log."""
        return self.folder / f"{self.key}.mission.jsonl", self.folder / f"{self.key}.jsonl"

    def first(self) -> Line | None:
        """The first line that can be read."""
        return next((line for path in self.paths for line in every_line(path, 0) if line is not None), None)


def all_in(folder: Path) -> list[Journals]:
    """The journals of a clone; those named by ids in the order in which the missions were made."""
    names = os.listdir(folder) if folder.is_dir() else []
    keys = {name.removesuffix(".jsonl").removesuffix(".mission") for name in names if name.endswith(".jsonl")}
    return [Journals(folder, key) for key in sorted(keys, key=lambda key: (is_ulid(key), key))]


def piece(path: Path, start: int) -> Iterator[News]:
    """Whole lines from a place on, as many as fit in one piece; the last one may still be under way.

    Raises:
        Refused: `LOG_NOT_A_FILE`.
        Unavailable: it cannot be read.
    """
    if not lines.is_log(path):
        return
    try:
        with files.open_regular(path) as source:
            source.seek(start)
            data = source.read(PIECE)
            if len(data) == PIECE and b"\n" not in data:
                while (more := source.readline(PIECE)) and not more.endswith(b"\n"):
                    pass
                if more:
                    yield None, source.tell()
                return
    except OSError as error:
        raise files.explain(error, path) from error
    at = start
    for raw in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]:
        at += len(raw) + 1
        yield (lines.parse_line(raw) if len(raw) <= lines.LIMIT else None), at


def every_line(path: Path, start: int) -> Iterator[Line | None]:
    """All whole lines from a place on; raises as `piece`."""
    while news := list(piece(path, start)):
        yield from (line for line, _ in news)
        start = news[-1][1]


def mark(path: Path, position: int) -> str:
    """A fingerprint of what stands before a place: tells whether it is still the same journal."""
    with suppress(OSError), files.open_regular(path) as source:
        source.seek(max(position - _MARK, 0))
        return digest(source.read(min(position, _MARK)))
    return digest(b"")


def size(path: Path) -> int:
    """Its length in bytes; 0 where there is none."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def state_of(repo: Repository) -> tuple[tuple[str, int], ...]:
    """A value that differs when something was recorded in a clone."""
    return tuple((str(path), size(path)) for each in all_in(repo.state / "journal") for path in each.paths)
