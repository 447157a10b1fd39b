"""The text of a command template, with the names put in that are known."""

from __future__ import annotations

import re

from specify_cli.core.templates import fill
from specify_cli.kernel import frontmatter

# A template of a step has two parts: the slash command, which takes the step, and the prompt of that step. Neither says
# what the other has said. A template without this line is both.
_PARTS = re.compile(r"^<!-- prompt\b[^\n]*-->\n", re.MULTILINE)


def command_body(text: str, where: str, *, agent: str, mission: str, wp: str | None = None) -> str:
    """A command template as a part of a prompt that the tool hands out, where all names are known.

    Args:
        text: the template.
        where: its name for messages.
        agent: who will read it, as it stands after `--agent`.
        mission: the mission's slug.
        wp: the work package; None where the prompt is about none.
    """
    parts = _PARTS.split(frontmatter.parse(text, where).body, maxsplit=1)
    body = _without_request(parts[-1].strip("\n") + "\n")
    return fill_command(body, agent=agent, arguments="", mission=mission, wp=wp or "<WP>")


def slash_command(body: str) -> str:
    """The part of a template's body that is the slash command."""
    first, *rest = _PARTS.split(body, maxsplit=1)
    return first.rstrip("\n") + "\n" if rest else body


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
