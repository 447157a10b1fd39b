"""`.kittify/manifest.json`: every file the tool wrote, with hash and version.

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
from specify_cli.kernel.fields import TEXT, WHOLE, Fields, Mapped, Schema
from specify_cli.kernel.paths import KITTIFY, SPECS
from specify_cli.kernel.values import frozen

PATH = ".kittify/manifest.json"
FIELDS: Schema = {"version": WHOLE, "files": Mapped(Fields({"sha256": TEXT, "version": TEXT}))}


@frozen
class Written:
    """A file as the tool last wrote it: its digest and the tool's version."""

    sha256: str
    version: str


@frozen
class Manifest:
    """Path relative to the project, POSIX -> what the tool wrote there."""

    files: Mapping[str, Written] = field(default_factory=dict)

    def with_file(self, path: str, content: bytes, version: str) -> Manifest:
        """The manifest after the tool wrote a file; one that says so already stays as it is."""
        if not self.is_edited(path, content):
            return self
        return Manifest({**self.files, path: Written(digest(content), version)})

    def without(self, path: str) -> Manifest:
        """The manifest after the tool removed a file."""
        return Manifest({name: written for name, written in self.files.items() if name != path})

    def is_edited(self, path: str, content: bytes) -> bool:
        """Whether somebody changed a file of ours; a file that is not ours counts as edited."""
        written = self.files.get(path)
        return written is None or written.sha256 != digest(content)

    def to_dict(self) -> dict[str, object]:
        """The shape in the file."""
        entries = {name: {"sha256": file.sha256, "version": file.version} for name, file in self.files.items()}
        return {"version": 1, "files": entries}


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
    return Manifest(found)


def _is_inside(name: str) -> bool:
    return is_plain_path(name) and name.partition("/")[0] != ".git"


def _invalid(where: str, key: str) -> Refused:
    return Refused(
        f"{where}: {key} is not what the tool writes", "MANIFEST_INVALID", hint=command("git", "log", "-p", "--", PATH)
    )
