"""`.kittify/manifest.json`: every file the tool wrote, with hash and version, and what it put into files of others.

So an update, an uninstallation and «somebody edited this» are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from specify_cli.core.project_resolver import is_plain_path
from specify_cli.kernel import digests, files
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import TEXT, WHOLE, Fields, Kind, Mapped, Schema
from specify_cli.kernel.paths import KITTIFY, SPECS
from specify_cli.kernel.values import frozen

PATH = ".kittify/manifest.json"
_WORDS = Kind("a list of texts", lambda value: isinstance(value, list) and all(map(TEXT.fits, value)))
_ITEMS = Kind("a list", lambda value: isinstance(value, list))
FIELDS: Schema = {
    "version": WHOLE,
    "files": Mapped(Fields({"sha256": TEXT, "version": TEXT})),
    "parts": Mapped(Fields({"version": TEXT, "made": _WORDS, "items": Mapped(_ITEMS)})),
}


@frozen
class Written:
    """A file as the tool last wrote it: its digest and the tool's version."""

    sha256: str
    version: str


@frozen
class Part:
    """What the tool put into a file of somebody else.

    Args:
        version: of the tool.
        made: what was not there before: `""` for the file, else the path of an object or list in it, with dots.
        items: key of an integration -> what it put there: digests of texts, or values of lists as `[path, value]`.
    """

    version: str
    made: tuple[str, ...] = ()
    items: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@frozen
class Manifest:
    """Path relative to the project, POSIX -> what the tool wrote there."""

    files: Mapping[str, Written] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)

    def with_file(self, path: str, content: bytes, version: str) -> Manifest:
        """The manifest after the tool wrote a file; one that says so already stays as it is."""
        if not self.is_edited(path, content):
            return self
        return Manifest({**self.files, path: Written(digest(content), version)}, self.parts)

    def without(self, path: str) -> Manifest:
        """The manifest after the tool removed a file."""
        return Manifest({name: written for name, written in self.files.items() if name != path}, self.parts)

    def with_part(self, path: str, part: Part | None) -> Manifest:
        """The manifest after the tool put something into a file of somebody else, or took all of it out again."""
        others = {name: each for name, each in self.parts.items() if name != path}
        return Manifest(self.files, others if part is None or not part.items else {**others, path: part})

    def is_edited(self, path: str, content: bytes) -> bool:
        """Whether somebody changed a file of ours; a file that is not ours counts as edited."""
        written = self.files.get(path)
        return written is None or written.sha256 != digest(content)

    def to_dict(self) -> dict[str, object]:
        """The shape in the file."""
        entries = {name: {"sha256": file.sha256, "version": file.version} for name, file in self.files.items()}
        parts = {
            name: {
                "version": part.version,
                "made": list(part.made),
                "items": {key: list(part.items[key]) for key in part.items},
            }
            for name, part in self.parts.items()
        }
        return {"version": 1, "files": entries, **({"parts": parts} if parts else {})}


def is_command_file(path: str) -> bool:
    """Whether a path is one where commands of agents are installed: outside our own two folders, named after us.

    So a manifest that somebody forged makes the tool remove nothing else.
    """
    return path.partition("/")[0] not in {KITTIFY, SPECS} and "spec-kitty" in path


def digest(content: bytes) -> str:
    """Hash of a file's content; line endings that a checkout changed make no difference."""
    return digests.sha256(content.replace(b"\r\n", b"\n"))


def read_manifest(project: Path) -> Manifest | None:
    """The manifest of a project, or None where there is none.

    Raises:
        Refused: `MALFORMED_JSON` or `MANIFEST_INVALID`.
    """
    raw = files.read_json(project / PATH)
    return None if raw is None else parse_manifest(raw, str(project / PATH))


def write_manifest(project: Path, manifest: Manifest) -> None:
    """Write the manifest of a project, unless it says so already."""
    files.write_json(project / PATH, manifest.to_dict(), mkdir=True)


def parse_manifest(raw: Mapping[str, object], where: str) -> Manifest:
    """The manifest that a JSON object holds; raises as `read_manifest`."""
    entries = raw.get("files")
    if not isinstance(entries, dict):
        raise _invalid(where, "files")
    found = {}
    for name, entry in entries.items():
        sha256, version = (entry.get("sha256"), entry.get("version")) if isinstance(entry, dict) else (None, None)
        if not isinstance(sha256, str) or not isinstance(version, str) or not _is_inside(str(name)):
            raise _invalid(where, f"files.{name}")
        found[str(name)] = Written(sha256, version)
    return Manifest(found, _parse_parts(raw.get("parts"), where))


def _parse_parts(raw: object, where: str) -> dict[str, Part]:
    """What was put into files of others; a manifest of a version that did no such thing has none."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise _invalid(where, "parts")
    found = {}
    for name, entry in raw.items():
        fields = entry if isinstance(entry, dict) else {}
        version, made, items = fields.get("version"), fields.get("made"), fields.get("items")
        if (
            not isinstance(version, str)
            or not (isinstance(made, list) and all(isinstance(each, str) for each in made))
            or not (isinstance(items, dict) and all(isinstance(each, list) for each in items.values()))
            or not _is_inside(str(name))
        ):
            raise _invalid(where, f"parts.{name}")
        found[str(name)] = Part(version, tuple(made), {str(key): tuple(value) for key, value in items.items()})
    return found


def _is_inside(name: str) -> bool:
    return is_plain_path(name) and name.partition("/")[0] != ".git"


def _invalid(where: str, key: str) -> Refused:
    return Refused(
        f"{where}: {key} is not what the tool writes", "MANIFEST_INVALID", hint=command("git", "log", "-p", "--", PATH)
    )
