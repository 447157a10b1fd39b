"""The files of ours in a project against what this version writes: compared, and made to match.

Nothing that somebody edited is overwritten or removed; a newer text is put beside it as `<file>.new`. The manifest is
written before what is new and after what is changed or removed: killed anywhere, the next run finishes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.core.integrations import Shared, Stand, shared_files, whole_files
from specify_cli.core.manifest import Manifest, digest
from specify_cli.core.project_files import FIXED
from specify_cli.core.project_setup import command_files, refuse_older
from specify_cli.core.settings import config_at, locked
from specify_cli.kernel import files
from specify_cli.kernel.commands import command
from specify_cli.kernel.config import Config
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.strays import sweep
from specify_cli.kernel.values import frozen, replace

OFFER = ".new"


class State(StrEnum):
    """How a file stands to what this version would write."""

    CURRENT = "current"
    MISSING = "missing"
    OUTDATED = "outdated"
    EDITED = "edited"
    ORPHAN = "orphan"


@frozen
class Installed:
    """A file of ours, or the place of one.

    Args:
        path: relative to the project, POSIX.
        state: how it stands; an edited file is never touched.
        wanted: what this version writes there; None for what nobody wants any more (missing: it is gone already).
        news: whether what this version writes is neither in the file nor offered beside it yet; for edited files.
    """

    path: str
    state: State
    wanted: bytes | None
    news: bool = False

    @property
    def offers(self) -> str | None:
        """The file beside which this one stands as an offer; None for any other."""
        return self.path.removesuffix(OFFER) if self.path.endswith(OFFER) else None


@frozen
class Synced:
    """What making the files match did, or would do. Paths are relative to the project, POSIX.

    Args:
        created, updated, removed: files of ours.
        offered: edited files beside which a newer text was put.
        edited: all edited files.
        warnings: what should be known.
    """

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any file was written or removed."""
        return bool(self.created or self.updated or self.removed)


def wanted_files(repo: Repository, config: Config) -> dict[str, bytes]:
    """Everything that a set-up installs and nobody is meant to edit: path -> content.

    Raises:
        Refused: a template is malformed.
    """
    texts = {**FIXED, **command_files(repo, config.agents, config.skills)}
    texts |= whole_files(config.integrations, config.agents)
    return {path: files.encode(text) for path, text in texts.items()}


def compare(project: Path, wanted: Mapping[str, bytes], manifest: Manifest) -> list[Installed]:
    """How each file stands: those that are wanted, offers beside edited ones, and what is left of others."""
    found = [_state(project, path, content, manifest) for path, content in wanted.items()]
    offers = {
        each.path + OFFER: each.wanted
        for each in found
        if each.state is State.EDITED and each.wanted is not None and (each.news or _stands(project, each, manifest))
    }
    found += [_state(project, path, content, manifest) for path, content in offers.items()]
    return found + list(_left_over(project, wanted.keys() | offers.keys(), manifest))


def sync(repo: Repository, project: Path, version: str, *, dry_run: bool = False) -> Synced:
    """Make the files match the settings.

    Args:
        repo: the repository; its templates count, and its lock is held.
        project: the folder whose settings and files are meant.
        version: of this program.
        dry_run: only tell what would be done.

    Raises:
        Refused: `UPGRADE_NEEDED`, a link out of the project (`SYMLINK_REFUSED`), or malformed settings, templates or
            manifest.
        Conflict: `LOCKED`.
    """
    refuse_older(project)
    with nullcontext() if dry_run else locked(repo, "install command files"):
        config = config_at(project)
        wanted = wanted_files(repo, config)
        before = manifests.read_manifest(project) or Manifest()
        found = compare(project, wanted, before)
        shared = shared_files(project, config.integrations, config.agents, before, version)
        if not dry_run:
            _carry_out(project, found, shared, before, version)
    told = _told(found)
    return _with_shared(replace(told, warnings=()) if dry_run else told, shared)


def _state(project: Path, path: str, wanted: bytes, manifest: Manifest) -> Installed:
    target = project / path
    standing = files.read_bytes(target)
    if standing is None and not target.is_symlink():
        return Installed(path, State.MISSING, wanted)
    if standing is not None and digest(standing) == digest(wanted):
        return Installed(path, State.CURRENT, wanted)
    if target.is_symlink() or manifest.is_edited(path, standing or b""):
        # Of the few other files a newer text is not worth a second one.
        news = manifests.is_command_file(path) and manifest.is_edited(path, wanted)
        return Installed(path, State.EDITED, wanted, news)
    return Installed(path, State.OUTDATED, wanted)


def _stands(project: Path, edited: Installed, manifest: Manifest) -> bool:
    offer = edited.path + OFFER
    return offer in manifest.files and (project / offer).exists()


def _left_over(project: Path, known: set[str], manifest: Manifest) -> Iterator[Installed]:
    """Command files of ours that nobody wants any more, or that are gone."""
    for path in manifest.files.keys() - known:
        if not manifests.is_command_file(path):
            continue
        target = project / path
        standing = files.read_bytes(target)
        if target.is_symlink() or (standing is not None and manifest.is_edited(path, standing)):
            yield Installed(path, State.EDITED, None)
        else:
            yield Installed(path, State.MISSING if standing is None else State.ORPHAN, None)


def _carry_out(
    project: Path, found: Sequence[Installed], shared: Sequence[Shared], before: Manifest, version: str
) -> None:
    for each in found:
        if each.state is not State.CURRENT:
            files.refuse_links(project, (project / each.path).parent)
    offered = {each.path for each in found if each.offers and each.wanted and each.state is not State.EDITED}
    first = after = before
    for each in found:
        if each.wanted is None:
            after = after.without(each.path) if each.state is not State.EDITED else after
        elif each.state is not State.EDITED or (each.news and each.path + OFFER in offered):
            after = after.with_file(each.path, each.wanted, version)
            if each.path not in before.files and each.state is State.MISSING:
                first = first.with_file(each.path, each.wanted, version)
    after = _with_parts(after, shared)
    first = _with_parts(first, [each for each in shared if not each.has(Stand.OUTDATED, Stand.EDITED, Stand.ORPHAN)])
    touched = {(project / each.path).parent for each in found if each.state is not State.CURRENT}
    touched |= {(project / each.path).parent for each in shared if each.before != each.after}
    for folder in {*touched, (project / manifests.PATH).parent}:
        sweep(folder)
    manifests.write_manifest(project, first)
    for each in found:
        target = project / each.path
        if each.state in (State.MISSING, State.OUTDATED) and each.wanted is not None:
            files.atomic_write(target, each.wanted, mkdir=True)
        elif each.state is State.ORPHAN:
            files.remove(target)
            files.remove_empty(target.parent, project)
    write_shared(project, shared)
    manifests.write_manifest(project, after)


def _with_parts(manifest: Manifest, shared: Sequence[Shared]) -> Manifest:
    for each in shared:
        manifest = manifest.with_part(each.path, each.part)
    return manifest


def write_shared(project: Path, shared: Sequence[Shared]) -> None:
    """Bring files of somebody else to what they should be; one that holds nothing any more and was ours goes."""
    for each in shared:
        target = project / each.path
        if each.after is None and each.before is not None:
            files.remove(target)
            files.remove_empty(target.parent, project)
        elif each.after is not None and each.after != each.before:
            files.atomic_write(target, each.after, mkdir=True)


def _with_shared(told: Synced, shared: Sequence[Shared]) -> Synced:
    changed = [each for each in shared if each.before != each.after]
    new = [each.path for each in changed if each.before is None]
    gone = [each.path for each in changed if each.after is None]
    problems = [each.problem for each in shared if each.problem is not None]
    return Synced(
        tuple(sorted((*told.created, *new))),
        tuple(sorted((*told.updated, *(each.path for each in changed if each.path not in {*new, *gone})))),
        tuple(sorted((*told.removed, *gone))),
        told.offered,
        tuple(sorted((*told.edited, *(each.path for each in shared if each.has(Stand.EDITED))))),
        (*told.warnings, *(Notice(each.code, each.message, each.hint) for each in problems)),
    )


def _told(found: Sequence[Installed]) -> Synced:
    def paths(state: State, *, wanted: bool = True) -> tuple[str, ...]:
        return tuple(sorted(each.path for each in found if each.state is state and (each.wanted is not None) is wanted))

    # One that is gone, and no longer wanted, was taken over or removed by whoever it was for.
    written = [each for each in found if each.wanted is not None and each.state in (State.MISSING, State.OUTDATED)]
    new = [each.offers for each in written if each.offers]
    warnings = [
        Notice(
            "FILE_EDITED",
            f"{path} was edited and stays; the newer text is beside it in {path}{OFFER}",
            command("diff", path, path + OFFER),
        )
        for path in new
    ]
    return Synced(
        paths(State.MISSING),
        paths(State.OUTDATED),
        paths(State.ORPHAN, wanted=False),
        tuple(filter(None, new)),
        tuple(sorted(each.path for each in found if each.state is State.EDITED)),
        tuple(warnings),
    )
