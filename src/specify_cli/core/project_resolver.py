"""Where templates and mission types are looked for (seed 039, WP08).

`.kittify/overrides` of the project comes first, then its mission type, then its shared templates, then the same two
of the user under `~/.kittify`, then this package. There a type without a template of its own has the common one, or
software-dev's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from specify_cli.kernel import lazy
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.legacy import is_older
from specify_cli.kernel.links import leads_out
from specify_cli.kernel.paths import KITTIFY, Repository, at_home
from specify_cli.kernel.text import SLUG_PATTERN
from specify_cli.kernel.values import frozen

HOME_VARIABLE = "SPEC_KITTY_HOME"
PACKAGE = Path(__file__).resolve().parent.parent / "missions"
TEMPLATES = "templates"
COMMAND_TEMPLATES = "command-templates"
TYPES = "missions"
OVERRIDES = "overrides"
COMMON = "common"
LENDERS = (COMMON, "software-dev")

OVERRIDE = "override"
PROJECT = "project"
USER = "user"
SHIPPED = "package"


@frozen
class Place:
    """A path and the tier it belongs to: override, project, user or package."""

    path: Path
    tier: str


def kittify_of(repo: Repository) -> Path:
    """The project's `.kittify`: of the main working tree, else of the one we stand in."""
    main = repo.root / KITTIFY
    return main if main.is_dir() else repo.checkout / KITTIFY


def user_folder() -> Path | None:
    """`SPEC_KITTY_HOME`, else `~/.kittify`; None for a user without a home."""
    given = os.environ.get(HOME_VARIABLE)
    if given:
        return at_home(given)
    try:
        return Path.home() / KITTIFY
    except RuntimeError:
        return None


def _installed(repo: Repository) -> Path:
    """Where a project's own types and templates are; those that an older version copied there are none."""
    folder = kittify_of(repo)
    return folder / "overrides" if is_older(folder.parent) else folder


def is_plain_path(name: str) -> bool:
    """Whether a name is a relative POSIX path that stays below where it starts."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def roots_of_types(repo: Repository) -> list[Path]:
    """Folders that hold mission types, the first one counting."""
    user = user_folder()
    found = [_installed(repo) / TYPES]
    return [*found, *([user / TYPES] if user else []), PACKAGE]


def type_folders(repo: Repository, key: str) -> list[Place]:
    """Where a mission type may be, in order."""
    project, *rest = roots_of_types(repo)
    tiers = [USER, SHIPPED] if len(rest) == 2 else [SHIPPED]
    return [Place(project / key, PROJECT), *(Place(root / key, tier) for root, tier in zip(rest, tiers, strict=True))]


def places(repo: Repository, mission_type: str, name: str, kind: str = TEMPLATES) -> Iterator[Place]:
    """Every path where a template may be, in the order in which they are tried.

    Args:
        repo: the project.
        mission_type: key of the mission type.
        name: file name, such as `plan.md`.
        kind: `templates` or `command-templates`.
    """
    project, installed, user = kittify_of(repo), _installed(repo), user_folder()
    of_type = PurePosixPath(TYPES) / mission_type / kind / name
    shared = PurePosixPath(kind) / name
    yield Place(project / OVERRIDES / of_type, OVERRIDE)
    yield Place(project / OVERRIDES / shared, OVERRIDE)
    yield Place(installed / of_type, PROJECT)
    yield Place(installed / shared, PROJECT)
    if user is not None:
        yield Place(user / of_type, USER)
        yield Place(user / shared, USER)
    for folder in dict.fromkeys((mission_type, *LENDERS)):
        yield Place(PACKAGE / folder / kind / name, SHIPPED)


def resolve_template_path(repo: Repository, mission_type: str, name: str, kind: str = TEMPLATES) -> Place:
    """The template that counts, and its tier.

    Raises:
        NotFound: `TEMPLATE_NOT_FOUND`, listing where it was looked for.
        Refused: `SYMLINK_REFUSED`, a link of the project leads out of it.
    """
    sound = is_plain_path(name) and SLUG_PATTERN.match(mission_type)
    tried = list(places(repo, mission_type, name, kind)) if sound else []
    for place in tried:
        if place.path.is_file() and not is_outdated(place.path, place.tier):
            check_inside(repo, place.path, place.tier)
            return place
    raise NotFound(
        f"there is no template {name!r} for mission type {mission_type!r}; a project's own is "
        f"{kittify_of(repo) / kind / name}",
        "TEMPLATE_NOT_FOUND",
        details={"tried": [str(place.path) for place in tried], "edit": str(kittify_of(repo) / kind / name)},
    )


def is_outdated(path: Path, tier: str) -> bool:
    """Whether a file is a copy that `migrate` of another version put there and nobody edited: ours counts instead."""
    return tier == USER and path.is_file() and bool(lazy.load("specify_cli.core.user_folder:is_outdated")(path))


def check_inside(repo: Repository, path: Path, tier: str) -> None:
    """Refuse a file of the project that is really somewhere else: what a clone brings must not read outside it.

    Raises:
        Refused: `SYMLINK_REFUSED`.
    """
    if tier not in {OVERRIDE, PROJECT}:
        return
    if leads_out(path, kittify_of(repo).parent):
        raise Refused(
            f"{path} is a link that leads out of the project",
            "SYMLINK_REFUSED",
            hint=command("rm", path),
            details={"path": str(path)},
        )
