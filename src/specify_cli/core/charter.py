"""The charter: the project's own principles, read into prompts."""

from __future__ import annotations

from specify_cli.core.markdown import without_comments
from specify_cli.core.project_resolver import PROJECT, check_inside, kittify_of
from specify_cli.kernel import files
from specify_cli.kernel.paths import Repository

PATH = ".kittify/charter/charter.md"
LIMIT = 6000


def read_charter(repo: Repository) -> str | None:
    """The charter's text, or None where there is none or it is empty.

    Raises:
        Refused: `SYMLINK_REFUSED`, the file is a link out of the project.
    """
    path = kittify_of(repo) / "charter" / "charter.md"
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
    return "\n\n".join([*kept, f"(shortened; the whole charter is in {PATH})"])


def charter_excerpt(repo: Repository, limit: int = LIMIT) -> str | None:
    """The charter for a prompt, or None without one; see `excerpt`."""
    text = read_charter(repo)
    return None if text is None else excerpt(text, limit)
