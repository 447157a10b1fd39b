"""Choosing coding agents from the table, and writing their command files. Pure but for the look at PATH."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable

from specify_cli.core.agent_table import AGENTS, DEFAULT_AGENT, Agent, Format
from specify_cli.core.command_text import fill_command, slash_command
from specify_cli.core.unasked import ASKED_FOR, bash_rules, codex_rules
from specify_cli.kernel import frontmatter
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.errors import UsageError

_SHARED_NOTE = """\
Where a command says `--agent <you>`, put your own name as this project spells it; `spec-kitty agent config list` shows
the names.
"""


# A command as templates name it; each agent has it typed in its own way.
_TYPED = re.compile(r"(?<![\w/.])/spec-kitty\.([a-z][a-z-]*)")
_BEGIN = spec_kitty("init", "--ai", DEFAULT_AGENT)


def agent_of(key: str, hint: Command = _BEGIN) -> Agent:
    """The agent of that key.

    Args:
        hint: the command that mends a wrong key.

    Raises:
        UsageError: `UNKNOWN_AGENT`, listing the known ones.
    """
    if key in AGENTS:
        return AGENTS[key]
    known = ", ".join(AGENTS)
    raise UsageError(
        f"there is no agent {key!r}; known: {known}",
        "UNKNOWN_AGENT",
        hint=hint,
        details={"agent": key, "known": list(AGENTS)},
    )


def words_of(text: str) -> tuple[str, ...]:
    """The words of `a,b` or `a b`, in lower case, each once, in that order."""
    return tuple(dict.fromkeys(text.lower().replace(",", " ").split()))


def parse_agents(text: str) -> tuple[str, ...]:
    """Agent keys from `a,b`, each once, in that order; raises as `agent_of`."""
    return tuple(agent_of(key).key for key in words_of(text))


def laid_out(keys: Iterable[str], skills: Collection[str] = ()) -> list[Agent]:
    """Agents with the layout a project wants of them; keys that this version does not know are left out.

    Args:
        keys: the agents.
        skills: those among them whose commands are wanted as skills.
    """
    known = (AGENTS[key] for key in keys if key in AGENTS)
    return [agent.as_skills() if agent.key in skills else agent for agent in known]


def installed(find: Callable[[str], str | None] = shutil.which) -> tuple[str, ...]:
    """Keys of the agents whose program is on PATH."""
    return tuple(row.key for row in AGENTS.values() if row.program and find(row.program))


def is_on_path(program: str) -> bool:
    """Whether a program is on PATH, an agent's or another."""
    return shutil.which(program) is not None


def hints(agents: Iterable[Agent]) -> list[str]:
    """What a person should know about these agents."""
    return [agent.hint for agent in agents if agent.hint]


def rules_of(agent: Agent) -> dict[str, str]:
    """The file that says what an agent may run unasked, for those that read one: path in the project -> text."""
    return {agent.rules: codex_rules()} if agent.rules else {}


def render(agent: Agent, text: str, where: str) -> str:
    """A command template as the file of an agent.

    Args:
        agent: whose file it will be.
        text: the template: a header with `description`, then the body with `{{arguments}}`, `{{agent}}`,
            `{{mission}}` and `{{wp}}`.
        where: the template's file name, such as `plan.md`.

    Raises:
        Refused: the template's header is malformed.
    """
    template = frontmatter.parse(text, where)
    name = "<you>" if agent.is_shared else agent.key
    body = fill_command(slash_command(template.body), agent=name, arguments=agent.arguments)
    body = _TYPED.sub(lambda found: _named(agent, found[1]), body)
    if agent.is_shared and "<you>" in body:
        body = f"{body.rstrip()}\n\n{_SHARED_NOTE}"
    command = where.removesuffix(".md")
    said = str(template.fields.get("description") or "")
    if agent.format is Format.TOML:
        return _toml(said, body)
    return _header(agent, command, said, template.fields.get("argument-hint")) + body


def _named(agent: Agent, command: str) -> str:
    """A command as a sentence names it: what is typed, or the skill's name where that is a sentence itself."""
    typed = agent.typed(command)
    return f"spec-kitty-{command}" if " " in typed else typed


def _header(agent: Agent, command: str, description: str, hint: object) -> str:
    """The YAML header of a Markdown command or a skill; what not every agent can read stays out of commands."""
    is_skill = agent.format is Format.SKILL
    lines = [f"name: spec-kitty-{command}"] if is_skill else []
    lines.append(f"description: {_quoted(description)}")
    if is_skill or agent.permits:
        lines += [f"argument-hint: {_quoted(str(hint))}"] if hint else []
        lines.append(f"allowed-tools: {', '.join(bash_rules('' if agent.is_shared else agent.key))}")
        lines += ["disable-model-invocation: true"] if command in ASKED_FOR else []
    return "\n".join(["---", *lines, "---", ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _toml(description: str, body: str) -> str:
    quoted = _escaped(description).replace('"', '\\"').replace("\n", "\\n")
    # Three quotation marks would close the text, and so would the last of it together with those that follow.
    text = re.sub(r'"(?="|\Z)', r"\"", _escaped(body))
    return f'description = "{quoted}"\nprompt = """\n{text}"""\n'


def _escaped(text: str) -> str:
    """Text as it stands between the quotation marks of TOML."""
    return "".join(
        f"\\u{ord(each):04x}" if (each < " " and each not in "\n\t") or each == "\x7f" else each
        for each in text.replace("\\", "\\\\")
    )
