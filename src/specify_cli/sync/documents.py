"""A mission's documents as they are now (contract 6.3): read in its home, else at its target's tip.

Symbolic links, pipes and hidden names are passed over: a cloned repository must not have anything else read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from specify_cli.core.expected_artifacts import ExpectedArtifact, ExpectedArtifacts, artifacts_of
from specify_cli.home import MissionPlace
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.values import frozen
from specify_cli.sync.namespace import MAX_BODY_BYTES, UploadOutcome, UploadStatus, is_fit_path, reason_to_skip

_LARGEST = 64 * 1024 * 1024  # beyond that a document is not even looked at


@frozen
class Artifact:
    """A document that is there.

    Args:
        path: below the mission's folder.
        key: names it for other programs.
        entry: what the manifest says of it, or None.
        skip: why its text is not uploaded, or None.
    """

    path: str
    key: str
    entry: ExpectedArtifact | None
    content_hash: str
    size_bytes: int
    skip: str | None


@frozen
class Unread:
    """A document that cannot be told.

    Args:
        code: `not_found`, `unreadable` or `invalid_format`.
        reason: the same as an outcome says it.
    """

    code: str
    reason: str


@frozen
class Survey:
    """What a mission's folder holds.

    Args:
        unread: path -> why its document cannot be told.
        skipped: files that are no documents, or whose text is not uploaded.
    """

    place: MissionPlace
    manifest: ExpectedArtifacts
    artifacts: tuple[Artifact, ...]
    unread: Mapping[str, Unread]
    skipped: tuple[UploadOutcome, ...]

    @property
    def hashes(self) -> dict[str, str]:
        """Key -> hash of every document."""
        return {each.key: each.content_hash for each in self.artifacts}

    def has(self, entry: ExpectedArtifact) -> bool:
        """Whether any document of an entry is there."""
        return any(each.entry == entry for each in self.artifacts)

    def missing(self) -> list[ExpectedArtifact]:
        """Required entries of which nothing is there although something always must be, or a later step's is."""
        required = self.manifest.required
        last = max((number for number, entry in enumerate(required) if self.has(entry)), default=-1)
        return [
            entry
            for number, entry in enumerate(required)
            if not self.has(entry) and (entry.step is None or (number < last and entry.step != required[last].step))
        ]


def survey(place: MissionPlace) -> Survey:
    """Look at all documents of a mission.

    Raises:
        Refused: the manifest of its type is wrong.
    """
    manifest = artifacts_of(place)
    artifacts: dict[str, Artifact] = {}
    unread: dict[str, Unread] = {}
    skipped: dict[str, str] = {}
    entries = {path: manifest.of(path) if is_fit_path(path) else None for path in _paths(place)}
    wanted = {path for path, entry in entries.items() if entry is not None or reason_to_skip(path) is None}
    tip = place.read_many_bytes(sorted(wanted)) if place.folder is None else None
    for path, entry in entries.items():
        skip = reason_to_skip(path)
        found = read(place, path, tip) if path in wanted else None
        if isinstance(found, Unread):
            unread[path], skip = found, found.reason
        elif found is not None:
            if len(found) > MAX_BODY_BYTES:
                skip = skip or f"oversized:{len(found)} of {MAX_BODY_BYTES} bytes"
            key = _key(path, entry)
            key = f"{key}.{path}" if key in artifacts else key
            artifacts[key] = Artifact(path, key, entry, sha256(found), len(found), skip)
        if skip:
            skipped[path] = skip
    outcomes = tuple(UploadOutcome(path, UploadStatus.SKIPPED, reason) for path, reason in skipped.items())
    return Survey(place, manifest, tuple(artifacts.values()), unread, outcomes)


def read(place: MissionPlace, path: str, tip: Mapping[str, bytes | None] | None = None) -> bytes | Unread:
    """A document's bytes, which are UTF-8, or why it cannot be told.

    Args:
        tip: what was read at the target's tip, in one go.
    """
    try:
        if place.folder is not None and _size(place.folder / path) > _LARGEST:
            return Unread("unreadable", f"oversized:it has more than {_LARGEST} bytes")
        data = place.read_bytes(path) if tip is None else tip[path]
    except SpecKittyError as error:
        return Unread("unreadable", f"read_error:{error.message}")
    if data is None:
        return Unread("not_found", "deleted_after_scan")
    try:
        data.decode()
    except UnicodeDecodeError:
        return Unread("invalid_format", "not_valid_utf8")
    return data


def _paths(place: MissionPlace, folder: str = "") -> Iterator[str]:
    for name in place.names(folder):
        path = folder + name
        if name.startswith(".") or (place.folder is not None and not _is_plain(place.folder / path)):
            continue
        if name.endswith("/"):
            yield from _paths(place, path)
        else:
            yield path


def _is_plain(path: Path) -> bool:
    """Whether it is a folder or a file, and neither a link nor anything that would be waited for."""
    return not path.is_symlink() and (path.is_file() or path.is_dir())


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _key(path: str, entry: ExpectedArtifact | None) -> str:
    if entry is not None:
        return entry.key_of(path)
    return f"artifact.{path if '/' in path else path.rpartition('.')[0]}"
