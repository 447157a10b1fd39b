"""Command files of agents: read with a parser of their format, and the golden copies of one small template.

After a change of the table or of a format write the golden copies anew and look at the difference:

    .venv/bin/python -m tests.support.command_files
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from ruamel.yaml import YAML

from specify_cli.core.agent_table import AGENTS, Agent, Format
from specify_cli.core.agents import render

GOLDEN = Path(__file__).parent.parent / "golden" / "agents"
TEMPLATE = """---
description: Plan it - well, "soon".
argument-hint: "[what to plan]"
---

# Plan

What the person asked for:

    {{arguments}}

Run `spec-kitty next --agent {{agent}} --mission {{mission}}`, then look at `a\\b` and <WP>.
"""


def parsed(agent: Agent, text: str) -> tuple[dict[str, object], str]:
    """The header and the body of a command file, as a parser of its format reads them."""
    if agent.format is Format.TOML:
        document = tomllib.loads(text)
        return {key: value for key, value in document.items() if key != "prompt"}, str(document["prompt"])
    fence, header, body = text.split("---\n", 2)
    assert fence == ""
    fields = YAML(typ="safe", pure=True).load(header)
    assert isinstance(fields, dict)
    return fields, body


def golden(agent: Agent) -> str:
    """What one template becomes for an agent, in each of its layouts, with the path of the file."""
    layouts = dict.fromkeys((agent, agent.as_skills()))
    parts = [f"=== {each.path('plan-more')}\n{render(each, TEMPLATE, 'plan-more.md')}" for each in layouts]
    return "\n".join(parts)


def main() -> None:
    """Write the golden copies anew."""
    for path in GOLDEN.glob("*.txt"):
        path.unlink()
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for key, agent in AGENTS.items():
        (GOLDEN / f"{key}.txt").write_text(golden(agent), encoding="utf-8")


if __name__ == "__main__":
    main()
