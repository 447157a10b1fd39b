"""The sections of `doctor`: each looks at one side of the project and says what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from specify_cli.context.missions import Broken, all_places, config_of
from specify_cli.doctor import broken, installed, leases, log, merging, setup, worktrees
from specify_cli.doctor.findings import Finding, Subject, of_error
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import SpecKittyError, Unavailable, UsageError
from specify_cli.kernel.paths import Repository

SECTIONS: Mapping[str, Callable[[Subject], list[Finding]]] = {
    setup.SECTION: setup.examine,
    installed.SECTION: installed.examine,
    log.SECTION: log.examine,
    worktrees.SECTION: worktrees.examine,
    leases.SECTION: leases.examine,
    merging.SECTION: merging.examine,
}


def chosen(section: str | None) -> tuple[str, ...]:
    """The sections that are meant: one by its name, or all.

    Raises:
        UsageError: `UNKNOWN_SECTION`.
    """
    if section is None:
        return tuple(SECTIONS)
    if section in SECTIONS:
        return (section,)
    raise UsageError(
        f"there is no section {section!r}; the sections are {', '.join(SECTIONS)}",
        "UNKNOWN_SECTION",
        hint=spec_kitty("doctor"),
        details={"sections": list(SECTIONS)},
    )


def subject_of(repo: Repository, place: MissionPlace | None = None) -> Subject:
    """What is examined: all missions of a repository, or the one that was named."""
    places, broken = ([place], []) if place is not None else _missions(repo)
    return Subject(repo, _config(repo, place), tuple(places), tuple(broken), every=place is None)


def _missions(repo: Repository) -> tuple[list[MissionPlace], list[Broken]]:
    """All missions; none where git itself does not answer, which the set-up section tells."""
    with suppress(Unavailable):
        return all_places(repo)
    return [], []


def examine(subject: Subject, sections: Sequence[str]) -> list[Finding]:
    """Everything that some sections find, in their order. Nothing is written; a failure is a finding."""
    found: list[Finding] = []
    for name in sections:
        faults = broken.faults(subject, name)
        found += map(broken.finding, faults)
        try:
            more = SECTIONS[name](subject)
        except SpecKittyError as error:
            more = [of_error(name, error)]
        found += [each for each in more if not faults or not broken.is_told(each, faults)]
    return found


def _config(repo: Repository, place: MissionPlace | None) -> Config:
    """The settings; the defaults where no file can be read. Section `setup` reports what is broken."""
    try:
        return config_of(repo, place)
    except SpecKittyError:
        return Config()
