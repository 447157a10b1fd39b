"""What a project is: which version made it, which missions it has, and what its worktrees are for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.version import InvalidVersion, Version

from specify_cli.context.missions import standing_checkouts
from specify_cli.core.manifest import PATH as MANIFEST
from specify_cli.core.project_resolver import user_folder
from specify_cli.core.project_version import is_newer, require_not_newer
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound, UsageError
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository
from specify_cli.kernel.values import as_dict, frozen
from specify_cli.lanes.branch_naming import is_lane_branch, is_mission_branch
from specify_cli.upgrade.draft import Draft

_PER_WP = re.compile(r"(?P<slug>.+)-(?P<wp>WP\d{2,})")
_SOURCES = (KITTIFY, ".specify", SPECS)


@frozen
class Project:
    """A project before it is upgraded.

    Args:
        root: the checkout whose `.kittify` counts.
        version: that made it, or upgraded it last; `unknown` where nothing says so.
        older: whether it has no manifest: a version that kept none made it.
    """

    repo: Repository
    root: Path
    version: str
    older: bool


@frozen
class Worktree:
    """A worktree that an older version made, or this one.

    Args:
        kind: `work_package` (one for each), `lane`, `mission` (the documents are only there), or `other`.
        mission_slug, wp_id: what it is for, as far as its name says.
    """

    path: Path
    branch: str | None
    kind: str
    mission_slug: str | None = None
    wp_id: str | None = None

    to_dict = as_dict


def project_at(repo: Repository, version: str) -> Project:
    """The project, once it is sure that this version may touch it.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `PROJECT_NEWER`, or `MALFORMED_YAML`.
    """
    root = repo.root if any((repo.root / name).is_dir() for name in _SOURCES) else repo.checkout
    user = user_folder()
    if not any((root / name).is_dir() and (root / name) != user for name in _SOURCES):
        message = f"{root} is not a spec-kitty project yet"
        raise NotFound(message, "NOT_INITIALIZED", hint=spec_kitty("init", "--ai", "claude"))
    made = require_not_newer(root, version)
    return Project(repo, root, made, not (root / MANIFEST).exists())


def require_target(target: str, project: Project, version: str) -> str:
    """A version to upgrade to.

    Raises:
        UsageError: `INVALID_TARGET`: it is none, newer than this one, or older than the project.
    """
    try:
        Version(target)
    except InvalidVersion:
        reason = "is no version"
    else:
        if is_newer(target, version):
            reason = f"is newer than this version, {version}"
        elif is_newer(project.version, target):
            reason = f"is older than the project, {project.version}; upgrade --rollback goes back"
        else:
            return target
    raise UsageError(f"--target {target} {reason}", "INVALID_TARGET", hint=spec_kitty("upgrade", "--target", version))


def mission_folders(project: Project, draft: Draft, *, worktrees: bool) -> tuple[dict[str, Checkout], list[Worktree]]:
    """The missions that can be upgraded, and the worktrees.

    Args:
        draft: the project's files as they would be.
        worktrees: whether to look into linked worktrees for missions that are nowhere else.

    Returns:
        Slug -> the checkout whose copy of it counts; and every linked worktree.
    """
    repo = project.repo
    here = next((each for each in repo.checkouts() if each.path == project.root), None)
    here = here or Checkout(project.root, None, project.root / KITTIFY)
    found = dict.fromkeys(_slugs(draft, here.path), here)
    linked = [each for each in repo.checkouts() if each.path != here.path]
    for each in sorted(standing_checkouts(repo), key=lambda checkout: str(checkout.path)) if worktrees else ():
        match = _PER_WP.fullmatch(each.path.name)
        # A work package's worktree has a copy from the day it was made.
        if each.path != here.path and not (match and each.branch == each.path.name):
            for slug in _slugs(draft, each.path):
                found.setdefault(slug, each)
    return found, [_worktree(each, found) for each in linked]


def _slugs(draft: Draft, checkout: Path) -> Sequence[str]:
    names = draft.names(checkout / SPECS)
    return [name[:-1] for name in names if name.endswith("/") and not name.startswith(".")]


def _worktree(checkout: Checkout, missions: Mapping[str, Checkout]) -> Worktree:
    branch = checkout.branch or ""
    match = _PER_WP.fullmatch(checkout.path.name)
    if match and branch == checkout.path.name:
        return Worktree(checkout.path, branch, "work_package", match["slug"], match["wp"])
    if is_lane_branch(branch) or is_mission_branch(branch):
        slug = next((slug for slug in missions if branch.startswith(f"kitty/mission-{slug}")), None)
        return Worktree(checkout.path, branch, "lane", slug)
    slug = next((slug for slug, holder in missions.items() if holder.path == checkout.path), None)
    return Worktree(checkout.path, checkout.branch, "mission" if slug else "other", slug)
