"""Where templates and mission types are looked for (seed 039, WP08).

`.kittify/overrides` of the project comes first, then its mission type, then its shared templates, then the same two
of the user under `~/.kittify`, then this package. A type that has no template of its own borrows software-dev's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import KITTIFY, Repository
from specify_cli.kernel.text import SLUG_PATTERN
from specify_cli.kernel.values import frozen

HOME_VARIABLE = "SPEC_KITTY_HOME"
PACKAGE = Path(__file__).resolve().parent.parent / "missions"
TEMPLATES = "templates"
COMMAND_TEMPLATES = "command-templates"
LENDER = "software-dev"

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
        return Path(given).expanduser()
    try:
        return Path.home() / KITTIFY
    except RuntimeError:
        return None


def is_plain_path(name: str) -> bool:
    """Whether a name is a relative POSIX path that stays below where it starts."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def roots_of_types(repo: Repository) -> list[Path]:
    """Folders that hold mission types, the first one counting."""
    user = user_folder()
    found = [kittify_of(repo) / "missions"]
    return [*found, *([user / "missions"] if user else []), PACKAGE]


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
    project, user = kittify_of(repo), user_folder()
    of_type = PurePosixPath("missions") / mission_type / kind / name
    shared = PurePosixPath(kind) / name
    yield Place(project / "overrides" / of_type, OVERRIDE)
    yield Place(project / "overrides" / shared, OVERRIDE)
    yield Place(project / of_type, PROJECT)
    yield Place(project / shared, PROJECT)
    if user is not None:
        yield Place(user / of_type, USER)
        yield Place(user / shared, USER)
    yield Place(PACKAGE / mission_type / kind / name, SHIPPED)
    if mission_type != LENDER:
        yield Place(PACKAGE / LENDER / kind / name, SHIPPED)


def resolve_template_path(repo: Repository, mission_type: str, name: str, kind: str = TEMPLATES) -> Place:
    """The template that counts, and its tier.

    Raises:
        NotFound: `TEMPLATE_NOT_FOUND`, listing where it was looked for.
        Refused: `SYMLINK_REFUSED`, a link of the project leads out of it.
    """
    sound = is_plain_path(name) and SLUG_PATTERN.match(mission_type)
    tried = list(places(repo, mission_type, name, kind)) if sound else []
    for place in tried:
        if place.path.is_file():
            check_inside(repo, place.path, place.tier)
            return place
    raise NotFound(
        f"there is no template {name!r} for mission type {mission_type!r}",
        "TEMPLATE_NOT_FOUND",
        hint=f"create {kittify_of(repo) / kind / name}",
        details={"tried": [str(place.path) for place in tried]},
    )


def check_inside(repo: Repository, path: Path, tier: str) -> None:
    """Refuse a file of the project that is really somewhere else: what a clone brings must not read outside it.

    Raises:
        Refused: `SYMLINK_REFUSED`.
    """
    if tier not in {OVERRIDE, PROJECT}:
        return
    project = kittify_of(repo).parent.resolve()
    if not path.resolve().is_relative_to(project):
        raise Refused(
            f"{path} is a link that leads out of the project",
            "SYMLINK_REFUSED",
            hint=f"rm {path}",
            details={"path": str(path)},
        )
