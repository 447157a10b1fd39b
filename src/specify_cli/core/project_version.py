"""Which version of spec-kitty made a project; one that a newer version made is read with a warning, and not changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from specify_cli.core.project_files import METADATA
from specify_cli.kernel import files, lazy, yaml
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import OBJECT, TEXT, Fields, Listed, Schema
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import number_of
from specify_cli.version import VERSION

UNKNOWN = "unknown"
FIELDS: Schema = {
    "spec_kitty": Fields({"version": TEXT, "initialized_at": TEXT, "last_upgraded_at": TEXT}),
    "environment": Fields({"python_version": TEXT, "platform": TEXT, "platform_version": TEXT}),
    "migrations": Fields({"applied": Listed(OBJECT)}),
}
CODE = "PROJECT_NEWER"
_HINT = command("pip", "install", "--upgrade", "spec-kitty-cli")


def require_not_newer(root: Path, version: str = VERSION, *, series: bool = False) -> str:
    """The version that made a project, which is none after this one; `unknown` where nothing says so.

    Args:
        series: the third number does not count: versions that differ in it alone keep all formats.

    Raises:
        Refused: `PROJECT_NEWER`, or `MALFORMED_YAML`.
    """
    text = files.read_text(root / METADATA)
    found = yaml.mapping(text, METADATA).get("spec_kitty") if text else None
    about: Mapping[str, object] = found if isinstance(found, dict) else {}
    made = str(about.get("version") or UNKNOWN)
    older = _is_known(made, version, series=series) or not is_newer(made, version)
    # The number of a schema is written by versions after this one alone.
    schema = about.get("schema_version")
    if "schema_version" in about or not older:
        said = f"{root} was made by spec-kitty {made}, which is newer than this {version}"
        if older:
            said = f"{METADATA} of {root} names version {made}, and schema_version {schema}"
            said += f", which only versions newer than this {version} write"
        raise Refused(
            f"{said}; nothing was changed", CODE, hint=_HINT, details={"project_version": made, "version": version}
        )
    return made


def _is_known(made: str, version: str, *, series: bool) -> bool:
    """Whether the numbers alone tell that a version is not newer."""
    theirs, ours = _numbers(made), _numbers(version)
    return made == version or theirs < ours or (series and theirs[:2] == ours[:2])


def _numbers(version: str) -> list[int]:
    return [number_of(number) for number in re.findall(r"\d+", version)[:3]]


def is_newer(version: str, than: str) -> bool:
    """Whether a version is newer than another; one that cannot be read is not."""
    if version == than:
        return False
    compare: type = lazy.load("packaging.version:Version")
    with suppress(ValueError):
        return bool(compare(version) > compare(than))
    return False


def refuse_newer(*folders: Path, version: str = VERSION) -> None:
    """Change nothing in a project that a newer series of versions made; unreadable metadata is for `doctor` to tell.

    Args:
        folders: the checkouts of the project that count.
        version: of this program.

    Raises:
        Refused: `PROJECT_NEWER`.
    """
    for folder in dict.fromkeys(folders):
        try:
            require_not_newer(folder, version, series=True)
        except Refused as error:
            if error.code == CODE:
                raise


def newer_notice(repo: Repository) -> Notice | None:
    """What somebody who reads such a project must know."""
    try:
        refuse_newer(repo.root, repo.checkout)
    except Refused as error:
        made = error.details["project_version"]
        told = f"spec-kitty {made} made this project: this {VERSION} may show less than there is, and changes nothing"
        return Notice(CODE, told, _HINT)
    return None
