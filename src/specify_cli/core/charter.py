"""The charter: the project's own principles, read into prompts.

A comment such as `<!-- for: implement, review -->` below a heading of level 2 says which actions read that section;
without one, all do.
"""

from __future__ import annotations

import re
from pathlib import Path

from specify_cli.core.markdown import comments, heading, prose, without_comments
from specify_cli.core.project_resolver import PROJECT, check_inside, kittify_of
from specify_cli.kernel import files
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen

PATH = ".kittify/charter/charter.md"
LIMIT = 6000
_SHORTENED = f"(shortened; the whole charter is in {PATH})"
_FOR = re.compile(r"\s*for:(.*)", re.IGNORECASE | re.DOTALL)


@frozen
class Part:
    """A section of the charter.

    Args:
        title: its heading; empty for what stands before the first.
        actions: names of the actions that read it, such as `implement`; none means all.
        text: all of it, the heading included.
    """

    title: str
    actions: tuple[str, ...]
    text: str

    def is_for(self, action: str) -> bool:
        """Whether an action reads it; `tasks` stands for every `tasks-…` too."""
        name = normal(action)
        return not self.actions or any(name == each or name.startswith(f"{each}-") for each in self.actions)


@frozen
class CharterContext:
    """What an action is told of the charter.

    Args:
        text: bounded, without comments; empty without a charter.
        sections: titles of the sections that matter for it.
        left_out: titles of those that do not.
        shortened: whether not all that matters has found room.
    """

    text: str
    sections: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    shortened: bool = False


def normal(action: str) -> str:
    """An action as the charter writes it: steps of the loop have underscores, commands have dashes."""
    return action.strip().lower().replace("_", "-")


def parts_of(text: str) -> list[Part]:
    """The sections of a charter, by its headings of level 2."""
    lines, visible = text.split("\n"), prose(text).split("\n")
    headings = {number: told[1] for number, line in enumerate(visible) if (told := heading(line)) and told[0] == 2}
    starts = list(dict.fromkeys([0, *headings]))
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        said = "\n".join(lines[start:end]).strip("\n")
        wishes = [match[1] for comment in comments(said) if (match := _FOR.fullmatch(comment))]
        names = [normal(name) for wish in wishes for name in wish.split(",") if name.strip()]
        if said:
            found.append(Part(headings.get(start, ""), tuple(dict.fromkeys(names)), said))
    return found


def context_of(text: str | None, action: str, limit: int = LIMIT) -> CharterContext:
    """What matters of a charter for an action; where room is short, what names the action comes first.

    Args:
        text: the charter, or None.
        action: a step or command, such as `tasks_outline` or `implement`.
        limit: characters.
    """
    parts = parts_of(text or "")
    chosen = [part for part in parts if part.is_for(action)]
    whole = without_comments("\n\n".join(part.text for part in chosen))
    if len(whole) > limit:
        chosen.sort(key=lambda part: bool(part.title) and not part.actions)
        whole = without_comments("\n\n".join(part.text for part in chosen))
    told = excerpt(whole, limit)
    return CharterContext(
        told,
        tuple(part.title for part in chosen if part.title),
        tuple(part.title for part in parts if part.title and not part.is_for(action)),
        shortened=_SHORTENED in told,
    )


def path_of(repo: Repository) -> Path:
    """Where the charter is, or would be."""
    return kittify_of(repo).parent / PATH


def read_charter(repo: Repository) -> str | None:
    """The charter's text, or None where there is none or it is empty.

    Raises:
        Refused: `SYMLINK_REFUSED`, the file is a link out of the project.
    """
    path = path_of(repo)
    text = files.read_text(path)
    if text is None:
        return None
    check_inside(repo, path, PROJECT)
    return text.strip() or None


def excerpt(text: str, limit: int = LIMIT) -> str:
    """The beginning of a charter for a prompt: whole paragraphs, at most `limit` characters, without comments.

    Args:
        text: the charter.
        limit: characters; what is left out is said in a last line that names the file.
    """
    paragraphs = [part.strip("\n") for part in without_comments(text).split("\n\n") if part.strip()]
    kept: list[str] = []
    room = limit
    for paragraph in paragraphs:
        if len(paragraph) + 2 > room:
            break
        kept.append(paragraph)
        room -= len(paragraph) + 2
    if len(kept) == len(paragraphs):
        return "\n\n".join(kept)
    if not kept:
        kept = [paragraphs[0][:limit]]
    while len(kept) > 1 and kept[-1].startswith("#") and "\n" not in kept[-1]:
        kept.pop()
    return "\n\n".join([*kept, _SHORTENED])


def charter_for(repo: Repository, action: str) -> str:
    """What an action is told of the charter; empty without one. Raises as `read_charter`."""
    return context_of(read_charter(repo), action).text
