"""Where each mission type file and template that counts comes from, and what it hides. Read only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from specify_cli.core import expected_artifacts, mission_types, project_resolver, templates
from specify_cli.core.project_resolver import COMMAND_TEMPLATES, TEMPLATES, Place
from specify_cli.kernel.errors import NotFound, Refused, SpecKittyError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen

TYPE_FILES = "mission type"


@frozen
class Asset:
    """A file of a mission type, or a template for it.

    Args:
        kind: `mission type`, `templates` or `command-templates`.
        origin: the file that counts, and its tier.
        hidden: files of the same name that it hides, in order.
        outdated: copies of another version in the user's folder, which are passed over.
        problem: what is wrong with it, with file and line; None where nothing is.
    """

    kind: str
    name: str
    origin: Place
    hidden: tuple[Place, ...] = ()
    outdated: tuple[Place, ...] = ()
    problem: SpecKittyError | None = None

    def to_dict(self) -> dict[str, object]:
        """The shape in JSON answers."""
        return {
            "kind": self.kind,
            "name": self.name,
            "tier": self.origin.tier,
            "path": str(self.origin.path),
            "hides": [{"tier": each.tier, "path": str(each.path)} for each in self.hidden],
            "outdated": [str(each.path) for each in self.outdated],
            "problem": self.problem.message if self.problem else None,
        }


def assets(repo: Repository, mission_type: str) -> list[Asset]:
    """Everything that a mission of a type is made of, in the order mission type, documents, commands.

    Raises:
        NotFound: `UNKNOWN_MISSION_TYPE`.
        Refused: `SYMLINK_REFUSED`, a folder of the project is a link out of it.
    """
    checks: dict[str, Callable[[], object]] = {
        mission_types.FILE: lambda: _check_type(repo, mission_type),
        expected_artifacts.FILE: lambda: expected_artifacts.load_expected_artifacts(mission_type, repo),
    }
    found: list[Asset] = []
    for name, check in checks.items():
        folders = project_resolver.type_folders(repo, mission_type)
        tried = [Place(folder.path / name, folder.tier) for folder in folders]
        found += _asset(TYPE_FILES, name, tried, check)
    if not found:
        mission_types.load_mission_type(mission_type, repo)
    for kind in (TEMPLATES, COMMAND_TEMPLATES):
        for name in _names(repo, mission_type, kind):
            tried = list(project_resolver.places(repo, mission_type, name, kind))
            found += _asset(kind, name, tried, _check(repo, mission_type, kind, name))
    return found


def _check_type(repo: Repository, mission_type: str) -> None:
    """Read a type, and find the template of each command and document that it names."""
    for step in mission_types.load_mission_type(mission_type, repo).steps:
        project_resolver.resolve_template_path(repo, mission_type, f"{step.command}.md", COMMAND_TEMPLATES)
        if step.template:
            project_resolver.resolve_template_path(repo, mission_type, step.template)


def _check(repo: Repository, mission_type: str, kind: str, name: str) -> Callable[[], object]:
    if kind == TEMPLATES:
        return lambda: templates.template(repo, mission_type, name)
    return lambda: templates.command_template(repo, mission_type, name.removesuffix(".md"))


def _names(repo: Repository, mission_type: str, kind: str) -> list[str]:
    found: set[str] = set()
    for place in project_resolver.places(repo, mission_type, "any", kind):
        folder = place.path.parent
        if folder.is_dir():
            project_resolver.check_inside(repo, folder, place.tier)
            found.update(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    return sorted(found)


def _asset(kind: str, name: str, tried: list[Place], check: Callable[[], object]) -> Iterator[Asset]:
    there = [place for place in tried if place.path.is_file()]
    outdated = tuple(place for place in there if project_resolver.is_outdated(place.path, place.tier))
    counting = [place for place in there if place not in outdated]
    if not counting:
        return
    problem: SpecKittyError | None = None
    try:
        check()
    except (NotFound, Refused) as error:
        problem = error
    yield Asset(kind, name, counting[0], tuple(counting[1:]), outdated, problem)
