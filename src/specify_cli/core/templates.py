"""Templates of documents and commands, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specify_cli.core.project_resolver import COMMAND_TEMPLATES, COMMON, PACKAGE, TEMPLATES, resolve_template_path
from specify_cli.kernel import files, frontmatter
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import Repository

# What stands for a name in a command template.
TOKENS = ("agent", "arguments", "mission", "wp")
_TOKEN = re.compile(r"{{(\s*\w+\s*)}}")


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
    return _read(repo, mission_type, name, TEMPLATES)[0]


def command_template(repo: Repository, mission_type: str, command: str) -> str:
    """The text of a command template, its header included.

    Args:
        repo: the project.
        mission_type: key of the mission type.
        command: name without ending, such as `tasks-outline`.

    Raises:
        NotFound, Refused: as `template`; also what is wrong in it, with file and line: its header, or
            `TEMPLATE_INVALID`.
    """
    text, where = _read(repo, mission_type, f"{command}.md", COMMAND_TEMPLATES)
    frontmatter.parse(text, where)
    for number, line in enumerate(text.split("\n"), 1):
        unknown = next((name for name in _TOKEN.findall(line) if name not in TOKENS), None)
        if unknown is not None:
            known = ", ".join(f"{{{{{token}}}}}" for token in TOKENS)
            raise Refused(
                f"{where} line {number}: {{{{{unknown}}}}} stands for nothing; known: {known}",
                "TEMPLATE_INVALID",
                details={"path": where, "line": number, "edit": where},
            )
    return text


def shipped_commands(mission_type: str) -> tuple[str, ...]:
    """Names of the commands that come with a mission type, sorted: its own and those of all types."""
    folders = (PACKAGE / name / COMMAND_TEMPLATES for name in (COMMON, mission_type))
    return tuple(sorted({path.stem for folder in folders for path in folder.glob("*.md")}))


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


def _read(repo: Repository, mission_type: str, name: str, kind: str) -> tuple[str, str]:
    place = resolve_template_path(repo, mission_type, name, kind)
    text = files.read_text(place.path)
    if text is None:
        raise NotFound(f"{place.path} has just gone", "TEMPLATE_NOT_FOUND")
    return text, str(place.path)
