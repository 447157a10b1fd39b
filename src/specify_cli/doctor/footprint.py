"""Everything of spec-kitty on this machine: what the tool wrote, what is yours, and what lies outside the project.

Nothing is written here, and what is outside the project is only named.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.core.integrations import Shared, Stand, shared_files
from specify_cli.core.manifest import Manifest
from specify_cli.core.project_files import METADATA
from specify_cli.core.project_resolver import kittify_of, user_folder
from specify_cli.kernel import files, yaml
from specify_cli.kernel.commands import command, git_command
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, WORKTREES, Repository
from specify_cli.kernel.values import as_dict, frozen
from specify_cli.sync.config import state_home
from specify_cli.version import VERSION

_BACKUP = re.compile(r"^(\.kittify/backups/[^/]+)/.*", re.DOTALL)
_BRANCHES = "refs/heads/kitty"
_REFERENCES = "refs/spec-kitty"


class Condition(StrEnum):
    """How a file that the tool wrote stands now."""

    UNEDITED = "unedited"
    EDITED = "edited"
    MISSING = "missing"


# Looked at as if nothing of it were wanted any more.
_PARTS = {
    Stand.ORPHAN: Condition.UNEDITED,
    Stand.EDITED: Condition.EDITED,
    Stand.UNUSABLE: Condition.EDITED,
    Stand.GONE: Condition.MISSING,
}


@frozen
class Owned:
    """A file of the manifest, or the manifest itself; the path is relative to the project, POSIX."""

    path: str
    state: Condition
    version: str | None

    to_dict = as_dict


@frozen
class OwnedPart:
    """Something of ours in a file of somebody else; the path is relative to the project, POSIX."""

    path: str
    what: str
    state: Condition

    to_dict = as_dict


@frozen
class Trace:
    """Something of ours outside the working tree, which no command here removes.

    Args:
        what: worktree, branch, reference, state (of this clone), checkout (its identity), or home.
        where: its path or name.
        remove: the command that would remove it.
    """

    what: str
    where: str
    remove: str

    to_dict = as_dict


@frozen
class Footprint:
    """All of it. Paths are relative to the project, POSIX.

    Args:
        project: its folder.
        files: what the tool wrote and the manifest lists, the manifest included.
        generated: what the tool made besides, ignored by git: prompts, logs, the mark in the folder of worktrees.
        missions: folders of missions.
        yours: whatever else is in our two folders: charter, hooks, templates, folders of backups.
        elsewhere: what is outside the working tree.
        shared: files of somebody else that something was put into, as they would be without it.
    """

    project: Path
    files: tuple[Owned, ...]
    generated: tuple[str, ...]
    missions: tuple[str, ...]
    yours: tuple[str, ...]
    elsewhere: tuple[Trace, ...]
    shared: tuple[Shared, ...] = ()

    @property
    def parts(self) -> list[OwnedPart]:
        """What was put into files of somebody else."""
        return [
            OwnedPart(each.path, what, _PARTS[stand]) for each in self.shared for what, stand in each.stands.items()
        ]


def survey(repo: Repository) -> Footprint:
    """Look at everything.

    Raises:
        Refused: the manifest is malformed.
    """
    project = kittify_of(repo).parent
    manifest = manifests.read_manifest(project)
    owned = tuple(_owned(project, manifest)) if manifest is not None else ()
    known = {each.path for each in owned}
    generated = tuple(_generated(project))
    missions, yours = [], []
    for path in _files_below(project / SPECS, project):
        folder = "/".join(path.split("/")[:2])
        if path in known:
            continue
        if (project / folder).is_dir():
            missions.append(folder)
        else:
            yours.append(path)
    own = [path for path in _files_below(project / KITTIFY, project) if path not in known | set(generated)]
    yours += dict.fromkeys(_BACKUP.sub(r"\1", path) for path in own)
    state = repo.state.relative_to(project).as_posix() if repo.state.is_relative_to(project) else None
    return Footprint(
        project,
        owned,
        generated,
        tuple(dict.fromkeys(missions)),
        tuple(path for path in yours if state is None or not path.startswith(f"{state}/")),
        tuple(_elsewhere(repo)),
        tuple(shared_files(project, (), (), manifest, VERSION)) if manifest is not None else (),
    )


def _owned(project: Path, manifest: Manifest) -> Iterator[Owned]:
    for path in sorted({*manifest.files, METADATA}):
        target = project / path
        content = files.read_bytes(target)
        written = manifest.files.get(path)
        version = written.version if written else None
        if content is None and not target.is_symlink():
            if written:
                yield Owned(path, Condition.MISSING, version)
        elif target.is_symlink() or _is_edited(path, content or b"", manifest):
            yield Owned(path, Condition.EDITED, version)
        else:
            yield Owned(path, Condition.UNEDITED, version)
    yield Owned(manifests.PATH, Condition.UNEDITED, None)


def _is_edited(path: str, content: bytes, manifest: Manifest) -> bool:
    """Whether somebody changed a file; the metadata tell themselves that an upgrade wrote them anew."""
    if path != METADATA or not manifest.is_edited(path, content):
        return manifest.is_edited(path, content)
    with suppress(Refused):
        told = yaml.mapping(files.decode(content), METADATA).get("spec_kitty")
        return not (isinstance(told, dict) and told.get("last_upgraded_at"))
    return True


def _generated(project: Path) -> Iterator[str]:
    """Prompts, logs and the like; the journal of a project without git lies there too and is none of them."""
    runtime = project / KITTIFY / "runtime"
    journal = f"{KITTIFY}/runtime/state/"
    yield from (path for path in _files_below(runtime, project) if not path.startswith(journal))
    mark = project / WORKTREES / ".gitignore"
    if mark.is_file() and files.read_bytes(mark) == b"*\n":
        yield f"{WORKTREES}/.gitignore"


def _files_below(folder: Path, project: Path) -> list[str]:
    """All files below a folder, links as what they are, sorted."""
    found = []
    for path, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(path) / name).is_symlink()]
        found += [(Path(path) / name).relative_to(project).as_posix() for name in [*names, *links]]
    return sorted(found)


def _elsewhere(repo: Repository) -> Iterator[Trace]:
    with suppress(Unavailable):  # without git there is none of these
        yield from _in_git(repo)
    if repo.state.is_dir():
        yield Trace("state", str(repo.state), command("rm", "-r", repo.state))
    for each in repo.checkouts():
        own = each.git_dir / "spec-kitty"
        if own != repo.state and own.is_dir():
            yield Trace("checkout", str(own), command("rm", "-r", own))
    homes = [user_folder()]
    with suppress(Refused):
        homes.append(state_home())
    for home in homes:
        if home is not None and home.is_dir() and home != kittify_of(repo):
            yield Trace("home", str(home), command("rm", "-r", home))


def _in_git(repo: Repository) -> Iterator[Trace]:
    if not repo.has_git:
        return
    git, root = Git(repo.checkout), repo.root
    for each in repo.checkouts():
        if (repo.root / WORKTREES) in each.path.parents:
            yield Trace("worktree", str(each.path), git_command(root, "worktree", "remove", each.path))
    for name in sorted(git.branches(_BRANCHES)):
        branch = name.removeprefix("refs/heads/")
        yield Trace("branch", branch, git_command(root, "branch", "-D", branch))
    for name in sorted(git.branches(_REFERENCES)):
        yield Trace("reference", name, git_command(root, "update-ref", "-d", name))
