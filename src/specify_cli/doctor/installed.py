"""Section `files`: the files that the tool wrote into the project, against what it would write today."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.core.manifest import Manifest
from specify_cli.core.project_files import CONFIG, FIXED, METADATA
from specify_cli.core.project_setup import command_files
from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.kernel import files
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.text import plural, quoted, some

SECTION = "files"
_SHARED = frozenset({CONFIG, METADATA, manifests.PATH})


def examine(subject: Subject) -> list[Finding]:
    """Missing, outdated, edited and left-over files; where no project is set up, nothing."""
    folder = subject.project
    try:
        manifest = manifests.read_manifest(folder)
        expected = {**FIXED, **command_files(subject.repo, subject.config.agents)}
    except SpecKittyError as error:
        return [of_error(SECTION, error)]
    if manifest is None:
        return []
    missing, outdated, edited = _compare(folder, expected, manifest)
    left = [
        name for name in manifest.files if name not in expected and name not in _SHARED and (folder / name).exists()
    ]
    found = [
        *_finding(Severity.WARNING, "FILE_MISSING", missing, "missing", "spec-kitty init"),
        *_finding(
            Severity.WARNING,
            "FILE_OUTDATED",
            outdated,
            "not what this version writes",
            f"rm {' '.join(outdated)} && spec-kitty init",
        ),
        *_finding(Severity.NOTE, "FILE_EDITED", edited, "edited by somebody, and left alone", None),
        *_finding(
            Severity.NOTE,
            "FILE_LEFT_OVER",
            left,
            "of no configured agent",
            f"git -C {quoted(folder)} rm {' '.join(left)}",
        ),
    ]
    if not found:
        found.append(
            Finding(SECTION, Severity.OK, "FILES", f"{plural(len(expected), 'file')} as this version writes them")
        )
    return found


def _compare(folder: Path, expected: dict[str, str], manifest: Manifest) -> tuple[list[str], list[str], list[str]]:
    missing, outdated, edited = [], [], []
    for name, text in expected.items():
        content = files.read_bytes(folder / name)
        if content is None:
            missing.append(name)
        elif manifests.digest(content) == manifests.digest(files.encode(text)):
            continue
        elif manifest.is_edited(name, content):
            edited.append(name)
        else:
            outdated.append(name)
    return missing, outdated, edited


def _finding(severity: Severity, code: str, names: Sequence[str], what: str, fix: str | None) -> list[Finding]:
    if not names:
        return []
    message = f"{plural(len(names), 'file')} {what}: {some(names, 4)}"
    return [Finding(SECTION, severity, code, message, fix)]
