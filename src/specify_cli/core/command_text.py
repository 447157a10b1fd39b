"""The text of a command template, with the names put in that are known."""

from __future__ import annotations

from specify_cli.core.templates import fill
from specify_cli.kernel import frontmatter


def command_body(text: str, where: str, *, agent: str, mission: str, wp: str | None = None) -> str:
    """A command template as a part of a prompt that the tool hands out, where all names are known.

    Args:
        text: the template.
        where: its name for messages.
        agent: who will read it, as it stands after `--agent`.
        mission: the mission's slug.
        wp: the work package; None where the prompt is about none.
    """
    body = frontmatter.parse(text, where).body.strip("\n") + "\n"
    return fill_command(_without_request(body), agent=agent, arguments="", mission=mission, wp=wp or "<WP>")


def fill_command(body: str, *, agent: str, arguments: str, mission: str = "<mission>", wp: str = "<WP>") -> str:
    """Put names in for the tokens of a command template."""
    return fill(body, {"agent": agent, "arguments": arguments, "mission": mission, "wp": wp})


def _without_request(body: str) -> str:
    """The body without the paragraph that quotes what a person typed: in a handed-out prompt nobody typed anything."""
    paragraphs = body.split("\n\n")
    at = next((index for index, part in enumerate(paragraphs) if part.strip() == "{{arguments}}"), None)
    if at is None:
        return body
    return "\n\n".join(paragraphs[: max(at - 1, 0)] + paragraphs[at + 1 :])
