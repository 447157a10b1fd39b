"""The coding agents: one row each, and how their command files are written.

A further agent is a further row; a further file format is a further renderer.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from specify_cli.core.templates import fill
from specify_cli.kernel import frontmatter
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.values import frozen


class Format(StrEnum):
    """How a command file is written."""

    MARKDOWN = "markdown"


@frozen
class Agent:
    """One coding agent.

    Args:
        key: what `--ai` and `--agent` call it.
        name: its name for people.
        folder: where its commands live, relative to the project, POSIX.
        pattern: file name, with `{command}` for the command's name.
        format: how the file is written.
        arguments: what the agent replaces by the words a person typed behind the command.
        program: the program that shows it is installed; None where there is none.
        hint: what a person must do so that the agent finds its commands; `{project}` is the project's folder.
    """

    key: str
    name: str
    folder: str
    pattern: str
    format: Format
    arguments: str
    program: str | None = None
    hint: str | None = None

    def path(self, command: str) -> str:
        """The file of a command, relative to the project, POSIX."""
        return f"{self.folder}/{self.pattern.format(command=command)}"


_MARKDOWN_FILE = "spec-kitty.{command}.md"
_CODEX_HINT = (
    "Codex reads its prompts from CODEX_HOME: export CODEX_HOME={project}/.codex before you start it. "
    "Codex then keeps its login there too (auth.json): do not commit that file."
)
_ROWS = (
    Agent("claude", "Claude Code", ".claude/commands", _MARKDOWN_FILE, Format.MARKDOWN, "$ARGUMENTS", "claude"),
    Agent("codex", "Codex CLI", ".codex/prompts", _MARKDOWN_FILE, Format.MARKDOWN, "$ARGUMENTS", "codex", _CODEX_HINT),
    Agent("opencode", "opencode", ".opencode/command", _MARKDOWN_FILE, Format.MARKDOWN, "$ARGUMENTS", "opencode"),
)
AGENTS: Mapping[str, Agent] = {row.key: row for row in _ROWS}
DEFAULT_AGENT = "claude"


def agent_of(key: str) -> Agent:
    """The agent of that key.

    Raises:
        UsageError: `UNKNOWN_AGENT`, listing the known ones.
    """
    if key in AGENTS:
        return AGENTS[key]
    known = ", ".join(AGENTS)
    raise UsageError(
        f"there is no agent {key!r}; known: {known}",
        "UNKNOWN_AGENT",
        hint=f"spec-kitty init --ai {DEFAULT_AGENT}",
        details={"agent": key, "known": list(AGENTS)},
    )


def parse_agents(text: str) -> tuple[str, ...]:
    """Agent keys from `a,b`, each once, in that order; raises as `agent_of`."""
    keys = [word.strip().lower() for word in text.replace(" ", ",").split(",")]
    return tuple(dict.fromkeys(agent_of(key).key for key in keys if key))


def installed(find: Callable[[str], str | None] = shutil.which) -> tuple[str, ...]:
    """Keys of the agents whose program is on PATH."""
    return tuple(row.key for row in AGENTS.values() if row.program and find(row.program))


def render(agent: Agent, text: str, where: str) -> str:
    """A command template as the file of an agent.

    Args:
        agent: whose file it will be.
        text: the template: a header with `description`, then the body with `{{arguments}}`, `{{agent}}`,
            `{{mission}}` and `{{wp}}`.
        where: the template's name for messages.

    Raises:
        Refused: the template's header is malformed.
    """
    template = frontmatter.parse(text, where)
    body = fill_command(template.body, agent=agent.key, arguments=agent.arguments)
    return _RENDERERS[agent.format](str(template.fields.get("description") or ""), body)


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


def hints(keys: Iterable[str], project: str) -> list[str]:
    """What a person must do so that these agents find their commands."""
    return [hint.format(project=project) for key in keys if key in AGENTS and (hint := AGENTS[key].hint)]


def _without_request(body: str) -> str:
    """The body without the paragraph that quotes what a person typed: in a handed-out prompt nobody typed anything."""
    paragraphs = body.split("\n\n")
    at = next((index for index, part in enumerate(paragraphs) if part.strip() == "{{arguments}}"), None)
    if at is None:
        return body
    return "\n\n".join(paragraphs[: max(at - 1, 0)] + paragraphs[at + 1 :])


def _markdown(description: str, body: str) -> str:
    return f"---\ndescription: {json.dumps(description, ensure_ascii=False)}\n---\n{body}"


_RENDERERS: Mapping[Format, Callable[[str, str], str]] = {Format.MARKDOWN: _markdown}
