"""Section `files`: the files that the tool wrote into the project, against what it would write today."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.core import manifest as manifests
from specify_cli.core.installing import OFFER, Installed, State, compare, sync, wanted_files
from specify_cli.core.integrations import Shared, Stand, shared_files
from specify_cli.core.project_files import CONFIG
from specify_cli.core.settings import config_at
from specify_cli.doctor.findings import Finding, Mended, Severity, Subject, of_error
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural, some
from specify_cli.version import VERSION

SECTION = "files"
_MEND = spec_kitty("doctor", "files", "--fix")


def examine(subject: Subject) -> list[Finding]:
    """Missing, outdated, edited and left-over files; where no project is set up, nothing."""
    folder = subject.project
    if not (folder / CONFIG).exists():
        return []
    try:
        manifest = manifests.read_manifest(folder)
        config = config_at(folder)
        wanted = wanted_files(subject.repo, config)
    except SpecKittyError as error:
        return [of_error(SECTION, error)]
    if manifest is None:
        return []
    found = compare(folder, wanted, manifest)
    shared = shared_files(folder, config.integrations, config.agents, manifest, VERSION)
    own = [each for each in found if each.wanted is not None and not each.offers]
    edited = [each for each in found if each.state is State.EDITED]
    offers = [each for each in found if each.offers and each.wanted is not None and each.state is not State.MISSING]
    findings = [
        *_finding(Severity.WARNING, "FILE_MISSING", _in(own, State.MISSING, shared), "missing", _MEND),
        *_finding(
            Severity.WARNING, "FILE_OUTDATED", _in(own, State.OUTDATED, shared), "not what this version writes", _MEND
        ),
        *_finding(
            Severity.WARNING, "FILE_LEFT_OVER", _in(found, State.ORPHAN, shared), "of no configured agent", _MEND
        ),
        *_finding(
            Severity.NOTE,
            "FILE_EDITED",
            _in([each for each in edited if not each.news], State.EDITED, shared),
            "edited by somebody, and left alone",
            None,
        ),
        *_finding(
            Severity.WARNING,
            "FILE_EDITED",
            _in([each for each in edited if each.news], State.EDITED),
            "edited by somebody, and this version writes something else",
            _MEND,
        ),
    ]
    findings += [of_error(SECTION, each.problem) for each in shared if each.problem is not None]
    findings += [_offer(str(each.offers)) for each in offers]
    return findings or [
        Finding(SECTION, Severity.OK, "FILES", f"{plural(len(wanted), 'file')} as this version writes them")
    ]


def mend(subject: Subject) -> tuple[list[Mended], list[Notice]]:
    """Write what is missing or outdated, remove what is left over; what somebody edited stays.

    Returns:
        What was done, and what hindered it.

    """
    folder = subject.project
    if not (folder / CONFIG).exists() or not (folder / manifests.PATH).exists():
        return [], []
    try:
        done = sync(subject.repo, folder, VERSION)
    except SpecKittyError as error:
        return [], [Notice(error.code, error.message, error.hint)]
    told = {"written": done.created, "brought up to date": done.updated, "removed": done.removed}
    mended = [
        Mended(SECTION, f"{plural(len(names), 'file')} {what}: {some(names, 4)}")
        for what, names in told.items()
        if names
    ]
    return mended, list(done.warnings)


def _in(found: Sequence[Installed], state: State, shared: Sequence[Shared] = ()) -> list[str]:
    parts = [f"{each.path} (our part)" for each in shared if each.has(Stand(state.value))]
    return sorted([*(each.path for each in found if each.state is state), *parts])


def _offer(path: str) -> Finding:
    message = f"{path} was edited; the newer text waits in {path}{OFFER}: take what you want, then remove that file"
    return Finding(SECTION, Severity.NOTE, "FILE_OFFERED", message, command("diff", path, path + OFFER))


def _finding(severity: Severity, code: str, names: Sequence[str], what: str, fix: Command | None) -> list[Finding]:
    if not names:
        return []
    message = f"{plural(len(names), 'file')} {what}: {some(names, 4)}"
    return [Finding(SECTION, severity, code, message, fix)]
