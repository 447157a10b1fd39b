"""`~/.kittify`: a copy there that nobody edited never hides what another version of the program brings."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from specify_cli.core.project_resolver import COMMON, PACKAGE, TYPES, user_folder
from specify_cli.kernel import files, lazy
from specify_cli.kernel.errors import Refused

MANIFEST = "manifest.json"


def is_outdated(path: Path) -> bool:
    """Whether a file of the user's folder is a copy that another version installed and nobody edited.

    Versions that kept no manifest put their types into every home; those have another form than ours, and all that lies
    beside such a `mission.yaml` is theirs. A manifest that cannot be read makes every file the user's own.
    """
    folder = user_folder()
    if folder is None or not path.is_relative_to(folder):
        return False
    name, content = path.relative_to(folder).as_posix(), files.read_bytes(path)
    if content is None or content == files.read_bytes(shipped_as(name)):
        return False
    if _is_of_other_form(folder, name):
        return True
    try:
        raw = files.read_json(folder / MANIFEST)
        manifest = lazy.load("specify_cli.core.manifest:parse_manifest")(raw or {"files": {}}, str(folder / MANIFEST))
    except Refused:
        return False
    return not manifest.is_edited(name, content)


def _is_of_other_form(folder: Path, name: str) -> bool:
    parts = PurePosixPath(name).parts
    text = files.read_text(folder / TYPES / parts[1] / "mission.yaml") if parts[0] == TYPES and len(parts) > 1 else None
    return text is not None and not text.startswith("key:") and "\nkey:" not in text


def shipped_as(name: str) -> Path:
    """Where this program has a file of the user's folder: what types share lies at the top there."""
    return PACKAGE / (name.removeprefix(f"{TYPES}/") if name.startswith(f"{TYPES}/") else f"{COMMON}/{name}")
