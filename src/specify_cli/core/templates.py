"""Templates of documents and commands, by name."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.core.project_resolver import COMMAND_TEMPLATES, PACKAGE, TEMPLATES, resolve_template_path
from specify_cli.kernel import files
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.paths import Repository


def template(repo: Repository, mission_type: str, name: str) -> str:
    """The text of a document template.

    Args:
        repo: the project.
        mission_type: key of the mission type.
        name: file name, such as `plan.md`.

    Raises:
        NotFound: `TEMPLATE_NOT_FOUND`.
        Refused: `SYMLINK_REFUSED`.
    """
    return _read(repo, mission_type, name, TEMPLATES)


def command_template(repo: Repository, mission_type: str, command: str) -> str:
    """The text of a command template, its header included; raises as `template`.

    Args:
        repo: the project.
        mission_type: key of the mission type.
        command: name without ending, such as `tasks-outline`.
    """
    return _read(repo, mission_type, f"{command}.md", COMMAND_TEMPLATES)


def shipped_commands(mission_type: str) -> tuple[str, ...]:
    """Names of the commands that come with a mission type, sorted."""
    return tuple(sorted(path.stem for path in (PACKAGE / mission_type / COMMAND_TEMPLATES).glob("*.md")))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in for `{{name}}`; names without a value stay as they are.

    One pass over the template: what a value contains is never looked at again.
    """
    pieces = text.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}}")
        filled.append(values[name] + rest if closed and name in values else "{{" + piece)
    return "".join(filled)


def _read(repo: Repository, mission_type: str, name: str, kind: str) -> str:
    place = resolve_template_path(repo, mission_type, name, kind)
    text = files.read_text(place.path)
    if text is None:
        raise NotFound(f"{place.path} has just gone", "TEMPLATE_NOT_FOUND")
    return text
