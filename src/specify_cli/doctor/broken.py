"""Fields that hold what they cannot hold, file by file; `--fix` sets aside what is named.

Readers go on without a broken value, so only here is every one of them named. The file as it was is kept in a folder
of its own below this clone's state. In its place comes the last committed version where that is sound, else the file
without the broken values; what only this clone knows goes as a whole, since the next command writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from specify_cli.context.missions import standing_checkouts
from specify_cli.core import manifest as manifests
from specify_cli.core import project_version
from specify_cli.core.project_files import METADATA
from specify_cli.doctor.findings import Finding, Mended, Severity, Subject
from specify_cli.kernel import clock, files, yaml
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import Broken, Schema, listing, sift
from specify_cli.kernel.git import Git
from specify_cli.kernel.legacy import current_meta
from specify_cli.kernel.paths import SPECS
from specify_cli.kernel.values import frozen
from specify_cli.lanes import models as lanes
from specify_cli.lanes.persistence import LANES
from specify_cli.mission_metadata import FIELDS as OF_META
from specify_cli.mission_metadata import IDENTITY, META
from specify_cli.workspaces import leases, records, trust, waiting

LOG, SETUP, FILES, WORKTREES = "log", "setup", "files", "worktrees"
_OF_STATE = (
    (LOG, "leases/*/*.json", leases.FIELDS), (WORKTREES, "workspaces/*/*.json", records.FIELDS),
    (WORKTREES, "workspaces/*/*.making", records.MAKING), (LOG, "waiting/*/*.json", waiting.FIELDS),
    (SETUP, trust.STORE, trust.FIELDS),
)  # fmt: skip


@frozen
class Known:
    """A file whose fields have a table.

    Args:
        root: the checkout that it lies in; None for this clone's state.
    """

    section: str
    path: Path
    schema: Schema
    root: Path | None = None


@frozen
class Fault:
    """What is broken in a file: some fields, or all of it."""

    file: Known
    fields: tuple[Broken, ...]
    error: Refused | None = None

    @property
    def message(self) -> str:
        """Which file, and what of it."""
        return self.error.message if self.error is not None else f"{self.file.path}: {listing(self.fields)}"


def finding(fault: Fault) -> Finding:
    """A fault as a finding of the section that looks at its file."""
    section, code = fault.file.section, fault.error.code if fault.error else "FIELD_INVALID"
    return Finding(section, Severity.ERROR, code, fault.message, spec_kitty("doctor", section, "--fix"))


def is_told(found: Finding, faults: Sequence[Fault]) -> bool:
    """Whether a finding of the same section only says what a fault says, or that all is well."""
    all_well = found.severity is Severity.OK and found.section != SETUP
    return all_well or any(str(each.file.path) in found.message for each in faults)


def faults(subject: Subject, section: str) -> list[Fault]:
    """What is broken in the files that a section looks at."""
    found = (_fault(each) for each in _known(subject) if each.section == section)
    return [each for each in found if each is not None]


def mend(subject: Subject, section: str) -> list[Mended]:
    """Set aside what is broken in the files that a section looks at.

    Raises:
        Refused, Unavailable: a file cannot be kept or written; those before it were.
    """
    found = faults(subject, section)
    folder = subject.repo.state / "aside" / f"{clock.now():%Y%m%dT%H%M%S%f}"
    return [Mended(section, _set_aside(subject, each, folder)) for each in found]


def _known(subject: Subject) -> Iterator[Known]:
    state, project = subject.repo.state, subject.project
    for section, pattern, schema in _OF_STATE:
        for path in sorted(state.glob(pattern)) if state.is_dir() else ():
            yield Known(section, path, schema)
    yield Known(SETUP, project / METADATA, project_version.FIELDS, project)
    yield Known(FILES, project / manifests.PATH, manifests.FIELDS, project)
    for root, folder in _missions(subject):
        yield Known(LOG, folder / META, OF_META, root)
        yield Known(LOG, folder / LANES, lanes.FIELDS, root)


def _missions(subject: Subject) -> Iterator[tuple[Path, Path]]:
    """The checkout and the folder of every mission that has one."""
    for place in subject.places:
        if place.folder is not None:
            yield place.folder.parent.parent, place.folder
    if subject.broken:
        for checkout in standing_checkouts(subject.repo) if subject.repo.has_git else ():
            for each in subject.broken:
                yield checkout.path, checkout.path / SPECS / each.slug


def _fault(file: Known) -> Fault | None:
    if file.path.is_symlink():
        return None  # whoever reads it is told
    try:
        text = files.read_text(file.path)
        broken = () if text is None else sift(_parsed(file, text), file.schema)[1]
    except Refused as error:
        return Fault(file, (), error)
    return Fault(file, broken) if broken else None


def _parsed(file: Known, text: str) -> dict[str, object]:
    if file.path.suffix == ".yaml":
        return yaml.mapping(text, str(file.path))
    data = files.parse_json(text, str(file.path))
    return current_meta(data) if file.path.name == META else data


def _set_aside(subject: Subject, fault: Fault, folder: Path) -> str:
    file = fault.file
    kept = folder / (file.path.relative_to(file.root or subject.repo.state))
    original = files.read_bytes(file.path) or b""
    files.atomic_write(kept, original, private=True)
    instead = None if file.root is None else _committed(file) or _without(file, fault)
    if instead is None:
        files.remove(file.path)
    else:
        files.refuse_links(file.root or file.path.parent, file.path)
        files.atomic_write(file.path, instead)
    return f"{fault.message}: set aside into {kept}"


def _committed(file: Known) -> bytes | None:
    """The last committed version, where it is sound."""
    if file.root is None or not (file.root / ".git").exists():
        return None
    data = Git(file.root).show_bytes(f"HEAD:{file.path.relative_to(file.root).as_posix()}")
    try:
        if data is None or sift(_parsed(file, files.decode(data)), file.schema)[1]:
            return None
    except Refused:
        return None
    return data


def _without(file: Known, fault: Fault) -> bytes | None:
    """The file without the broken values; None where it would not stand for itself any more."""
    if fault.error is not None or file.path.suffix == ".yaml" or file.path.name == LANES:
        return None
    if any(each.key in IDENTITY for each in fault.fields):
        return None
    data = sift(_parsed(file, files.read_text(file.path) or "{}"), file.schema)[0]
    return files.encode(files.dump_json(data))
