"""Write the plugin for Claude Code, and the marketplace that offers it, into a folder: dist/claude without another.

It holds what `spec-kitty init --ai claude` and `agent config integrate claude-hook` write, from the same source: the
commands, under the names that a plugin gives them, and the hook for the start of a session.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from specify_cli.core.agent_table import AGENTS
from specify_cli.core.agents import render
from specify_cli.core.integrations import CLAUDE_HOOK, INTEGRATIONS
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.project_resolver import COMMAND_TEMPLATES, COMMON, PACKAGE
from specify_cli.core.templates import shipped_commands
from specify_cli.kernel import files
from specify_cli.kernel.commands import PROGRAM
from specify_cli.kernel.values import replace
from specify_cli.version import VERSION

FOLDER = Path(__file__).parent.parent / "dist" / "claude"
_OWNER = {"name": "the spec-kitty contributors"}
_SAYS = "The commands of spec-kitty, and the state of its missions when a session starts; needs spec-kitty on PATH."
# Claude Code puts the plugin's name before the name of a command's file.
_AGENT = replace(AGENTS["claude"], folder="commands", pattern="{command}.md", call=f"/{PROGRAM}:{{command}}")
_README = f"""# spec-kitty for Claude Code

The commands of spec-kitty as `{_AGENT.typed("specify")}` and so on, and a hook that tells each session where the
missions stand and gives it the session's id. The plugin holds text only: install the program `{PROGRAM}` first, so that
it is on PATH, and run `{PROGRAM} init --ai claude` in your project. With the plugin, the commands of the project's own
`.claude/commands` and the integration `{CLAUDE_HOOK}` are not needed; both may stay.
"""


def contents() -> dict[str, str]:
    """Every file: path in the folder of the marketplace -> text."""
    about = {"name": PROGRAM, "version": VERSION, "description": _SAYS}
    plugin = about | {"author": _OWNER, "license": "MIT"}
    market = {"name": PROGRAM, "owner": _OWNER, "description": _SAYS, "plugins": [about | {"source": f"./{PROGRAM}"}]}
    ours = {
        "README.md": _README,
        ".claude-plugin/plugin.json": files.dump_json(plugin),
        "hooks/hooks.json": files.dump_json(_hooks()),
        **{_AGENT.path(command): render(_AGENT, _template(command), f"{command}.md") for command in _commands()},
    }
    return {
        ".claude-plugin/marketplace.json": files.dump_json(market),
        **{f"{PROGRAM}/{path}": text for path, text in ours.items()},
    }


def _commands() -> tuple[str, ...]:
    return shipped_commands(DEFAULT_TYPE)


def _template(command: str) -> str:
    places = (PACKAGE / name / COMMAND_TEMPLATES / f"{command}.md" for name in (DEFAULT_TYPE, COMMON))
    return next(path.read_text(encoding="utf-8") for path in places if path.exists())


def _hooks() -> Mapping[str, object]:
    [((section, event), values)] = INTEGRATIONS[CLAUDE_HOOK].lists.items()
    return {section: {event: list(values)}}


def main(folder: Path = FOLDER) -> None:
    """Write all files, and name the commands that install them."""
    for path, text in contents().items():
        files.atomic_write(folder / path, text, mkdir=True)
    print(f"{len(contents())} files in {folder}")
    print(f"claude plugin marketplace add {folder}")
    print(f"claude plugin install {PROGRAM}@{PROGRAM}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
