"""Write the reference pages that come from the code: `make docs`.

docs/reference/commands.md: every command of the table with its real usage, arguments and options.
docs/reference/agents.md: the coding agents and where their commands are installed.
docs/reference/exit-codes.md: what the exit codes and the shape of a failure mean.
docs/reference/prompts.md: how much room each command prompt takes.
docs/reference/schemas/: the JSON Schemas of the machine contract.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from specify_cli.cli.app import root
from specify_cli.cli.commands import TABLE, Branch, Entry, Leaf
from specify_cli.cli.lazy import LazyGroup, command_of, describe
from specify_cli.cli.output import BUG, INTERRUPTED
from specify_cli.core.agent_table import AGENTS, FROM_DOCUMENTATION, SHARED_SKILLS, Agent
from specify_cli.core.integrations import INTEGRATIONS
from specify_cli.core.project_resolver import COMMON, PACKAGE
from specify_cli.core.unasked import UNASKED
from specify_cli.kernel import files, frontmatter
from specify_cli.kernel.commands import PROGRAM
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.orchestrator_api.schemas import schemas

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
TRIED = Path(__file__).parent.parent / "tests" / "agents" / "tried.json"
SCHEMAS = "schemas/orchestrator-api"
MADE = "<!-- Made by `make docs` from the command table; do not edit. -->\n"
# A rule of thumb for English prose and code.
CHARACTERS_A_TOKEN = 4
# Written once at the top instead of at each command.
_EVERYWHERE = {"--json", "--help"}


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    shapes = {f"{SCHEMAS}/{name}.json": files.dump_json(shape) for name, shape in schemas().items()}
    return {
        "agents.md": agents_page(),
        "commands.md": commands_page(),
        "exit-codes.md": exit_codes_page(),
        "prompts.md": prompts_page(),
        **shapes,
    }


# -- commands ------------------------------------------------------------------------------------------------------

INTRODUCTION = (
    "Every command takes `--json`, anywhere on the line (one document on stdout, on failure too), and `--help`; those "
    "of `orchestrator-api` answer in JSON always and take no `--json`.\n"
)


def commands_page() -> str:
    """All commands that are taught, in the order of the table, then the other spellings."""
    own = [*_options(_described(root(), PROGRAM, None), every=True)]
    parts = [
        "# Commands\n",
        MADE,
        INTRODUCTION,
        "## spec-kitty\n",
        *own,
        *_sections(TABLE, PROGRAM, root()),
        "## Other spellings\n",
        "They work and are not listed in `--help`.\n",
        *_spellings(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _sections(table: Mapping[str, Entry], path: str, parent: LazyGroup) -> Iterator[str]:
    parent_ctx = _context(parent, path, None)
    # Commands before groups, so that none comes to stand under another's heading.
    for name, entry in sorted(table.items(), key=lambda row: isinstance(row[1], Branch)):
        if entry.hidden:
            continue
        command = command_of(name, entry)
        full = f"{path} {name}"
        if isinstance(entry, Branch) and isinstance(command, LazyGroup):
            yield f"## {full}\n"
            yield f"{entry.summary}\n"
            yield from _sections(entry.table, full, command)
        else:
            yield from _section(full, _described(command, name, parent_ctx))


def _section(full: str, described: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {full}\n"
    yield f"{_prose(described['help'])}\n"
    yield f"```console\n{' '.join(str(described['usage']).split())}\n```\n"
    rows = [(f"`{one['name']}`", one["help"]) for one in described["arguments"]]
    if rows or described["options"]:
        yield from _table(rows, described)


def _table(rows: list[tuple[str, str]], described: Mapping[str, Any]) -> Iterator[str]:
    lines = [f"| {name} | {_cell(text)} |" for name, text in rows]
    lines += list(_options(described, every=False, bare=True))
    if lines:
        yield "\n".join(["| argument or option | meaning |", "|---|---|", *lines]) + "\n"


def _options(described: Mapping[str, Any], *, every: bool, bare: bool = False) -> Iterator[str]:
    lines = []
    for option in described["options"]:
        if not every and _EVERYWHERE & set(option["names"]):
            continue
        names = ", ".join(option["names"])
        value = f" {option['metavar']}" if option["metavar"] else ""
        marks = [
            mark for mark, here in (("required", option["required"]), ("repeatable", option["repeatable"])) if here
        ]
        text = _cell(option["help"]) + (f" ({', '.join(marks)})" if marks else "")
        lines.append(f"| `{_cell(names + value)}` | {text} |")
    if bare:
        yield from lines
    elif lines:
        yield "\n".join(["| option | meaning |", "|---|---|", *lines]) + "\n"


def _spellings() -> Iterator[str]:
    taught = {leaf.target: name for name, leaf in _leaves(TABLE, PROGRAM, hidden=False)}
    by_summary = {leaf.summary: name for name, leaf in _leaves(TABLE, PROGRAM, hidden=False)}
    lines = ["| spelling | is |", "|---|---|"]
    for name, leaf in _leaves(TABLE, PROGRAM, hidden=True):
        if leaf.hidden:
            same = taught.get(leaf.target) or by_summary.get(leaf.summary)
            lines.append(f"| `{name}` | {f'`{same}`' if same else leaf.summary} |")
    yield "\n".join(lines) + "\n"


def _leaves(table: Mapping[str, Entry], path: str, *, hidden: bool) -> Iterator[tuple[str, Leaf]]:
    for name, entry in table.items():
        if isinstance(entry, Branch):
            yield from _leaves(entry.table, f"{path} {name}", hidden=hidden)
        elif hidden or not entry.hidden:
            yield f"{path} {name}", entry


def _context(command: TyperCommand | LazyGroup, name: str, parent: typer.Context | None) -> typer.Context:
    return typer.Context(command, info_name=name, parent=parent, max_content_width=100, terminal_width=100)


def _described(command: TyperCommand | LazyGroup, name: str, parent: typer.Context | None) -> dict[str, Any]:
    return describe(_context(command, name, parent))


def _prose(text: str) -> str:
    """The paragraphs of a help text: without usage and options, without indentation."""
    body = text.partition("\n\n")[2].partition("\nArguments:")[0].partition("\nOptions:")[0]
    return "\n".join(line.strip() for line in body.strip().splitlines())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- agents --------------------------------------------------------------------------------------------------------


def agents_page() -> str:
    """The table of agents: one row each, and where those that read skills have them."""
    rows = [
        f"| `{agent.key}` | {agent.name} | `{agent.path('plan')}` | {_argument(agent)} "
        f"| `{agent.typed('plan')}` | {_code(agent.program)} | {_skills_of(agent)} | {agent.verified} |"
        for agent in AGENTS.values()
    ]
    notes = "\n".join(f"- `{agent.key}`: {agent.hint}" for agent in AGENTS.values() if agent.hint)
    rules = ", ".join(f"`{agent.rules}`" for agent in AGENTS.values() if agent.rules)
    unasked = "\n".join(f"- `{row.prefix}`" for row in UNASKED)
    table = "\n".join(rows)
    integrations = "\n".join(
        f"| `{row.key}` | `{row.path}` | {_code('.'.join(next(iter(row.lists), ()))) or '–'} | {row.says} |"
        for row in INTEGRATIONS.values()
    )
    return f"""# Agents

{MADE.replace("command table", "table of agents")}
What `spec-kitty init --ai` and `spec-kitty agent config add` know, with the file of the command `plan` as an example.
All of it is in the project; nothing is written into a home folder. How to choose, add and remove them:
[Choose your agents](../how-to/agents.md).

| key | agent | file of a command | words of the person | typed | program | skills, and what is typed then | seen with |
|---|---|---|---|---|---|---|---|
{table}

- Files ending in `.md` are Markdown with a YAML header, those ending in `.toml` are TOML, and `SKILL.md` is a skill: a
  folder named like the skill, with a YAML header that has `name`, `description`, `argument-hint` and `allowed-tools`;
  `disable-model-invocation` for accept and merge, which only you start.
- «Words of the person»: what the agent replaces by what was typed behind the command; where it replaces nothing, a
  sentence stands there, and the agent reads the words beside it.
- «Program»: `init` at a terminal marks the agents whose program is on PATH, and `doctor` names those that are missing.
- «Skills»: where `spec-kitty init --skills` and `spec-kitty agent config add KEY --skills` install the commands as
  skills instead. Many agents read `{SHARED_SKILLS}`: its files name none of them, and `init` never writes there. Those
  that have nothing else are installed by `spec-kitty agent config add KEY`.
- «Seen with»: the version of the program that was seen to read these files and to put in the words, with the date.
  `{FROM_DOCUMENTATION}`: the layout is that of the agent's documentation, and was not tried.

{notes}

## Files of yours

Nothing of these is written unless [you ask for it](../how-to/agents.md#a-note-to-agents-and-their-settings).

| name | file | list | what it does |
|---|---|---|---|
{integrations}

## What an agent may run unasked

The headers of skills and of Claude Code's commands (`allowed-tools`), {rules}, and the permissions
that you ask for, allow these beginnings of a command line and nothing else. Whatever follows them is allowed too.

{unasked}

`accept --mission` only for the agents whose programs leave the id of their session in the environment. In these
sessions `--test`, which runs a command, is the first option of `accept`, so that the program asks you.
[Why the others are not in the list](../explanation/security.md#what-an-agent-may-run-unasked).

{_tried()}"""


def _tried() -> str:
    """What the agents' own programs were seen to do, from the file that `make agents` writes."""
    rows = [
        f"| `{key}` | {row['version']} | {row['date']} | {_seen(row, 'default')} | {_seen(row, 'skills')} "
        f"| {_seen(row, 'mission')} | {_seen(row, 'sessions')} | {_seen(row, 'unasked')} |"
        for key, row in json.loads(TRIED.read_text(encoding="utf-8")).items()
    ]
    table = "\n".join(rows)
    return f"""## Seen to run

`make agents` runs the agents' own programs against a scripted model: in a project that `spec-kitty init` set up, with a
home folder of its own, a dummy key and a proxy that leads nowhere. What was typed is what the table above says.

| key | version | on | commands | skills | a whole mission | two sessions | nothing else unasked |
|---|---|---|---|---|---|---|---|
{table}

- «Commands», «skills»: the text of our command `specify` and the words of the person reached the model.
- «A whole mission»: the program ran our commands from the idea to `accepted`.
- «Two sessions»: run at once in one project, each held a step of its own to its end.
- «Nothing else unasked», for programs that read in the files of `init` what may run unasked: none of the ways that were
  tried ran a command of the model's own (a separator, a redirection, a substitution, a variable, a hook of git).
"""


def _seen(row: Mapping[str, Any], what: str) -> str:
    return ("yes" if row[what] else "no") if what in row else "–"


def _argument(agent: Agent) -> str:
    return _code(agent.arguments if agent.arguments[0] in "${" else None)


def _skills_of(agent: Agent) -> str:
    return f"`{agent.skills}`: `{agent.as_skills().typed('plan')}`" if agent.skills else "–"


def _code(text: str | None) -> str:
    return f"`{text}`" if text else "–"


# -- exit codes ----------------------------------------------------------------------------------------------------


def exit_codes_page() -> str:
    """What the exit codes mean, and the shape of a failure."""
    rows = [
        (0, "done, or nothing to do"),
        (
            SpecKittyError.exit_code,
            "refused or failed; also `next` when blocked, `doctor` and `validate` when unhealthy",
        ),
        (UsageError.exit_code, "the command line was wrong"),
        (BUG, "a bug: the log with the traceback is named on stderr and, under `--json`, in `details.log`"),
        (INTERRUPTED, "interrupted with Ctrl-C"),
    ]
    table = "\n".join(f"| {code} | {meaning} |" for code, meaning in rows)
    return f"""# Exit codes

{MADE}
| code | meaning |
|---|---|
{table}

Under `--json` a failure is one document on stdout:

```json
{{"result": "error", "error_code": "MISSION_NOT_FOUND", "error": "…", "hint": "spec-kitty …", "details": {{}}}}
```

`error_code` is stable; `details` holds further facts. `hint` is a command you can run as it is, or null. It acts on
the mission that the refused call meant, with the `--agent` and `--session` that the call was given, and it is never the
refused call itself. You fill in the words in capitals (`NAME`, `ANOTHER`, `TEXT`, `FILE`, `MISSION`). Where only an
edit mends a fault there is no hint: the message says what to edit, and `details.edit` names the file.

A command line that cannot be parsed is `USAGE_ERROR`, a bug `INTERNAL_ERROR`, Ctrl-C `INTERRUPTED`. Warnings of a
command that succeeded are in `warnings` of its answer, each with `code`, `message` and `hint`; people find them on
stderr.
"""


# -- prompts -------------------------------------------------------------------------------------------------------


def prompts_page() -> str:
    """Lines, characters and approximate tokens of every command prompt."""
    rows, total = [], 0
    for path in sorted(PACKAGE.glob("*/command-templates/*.md"), key=lambda path: (path.parent.parent.name, path.stem)):
        text = path.read_text(encoding="utf-8")
        folder, tokens = path.parent.parent.name, -(-len(text) // CHARACTERS_A_TOKEN)
        about = _cell(str(frontmatter.parse(text, path.name).fields["description"]))
        kind = "all" if folder == COMMON else folder
        rows.append(f"| `{path.stem}` | {kind} | {text.count(chr(10))} | {len(text)} | {tokens} | {about} |")
        total += tokens
    table = "\n".join(rows)
    return f"""# Prompts

{MADE.replace("command table", "command templates")}
What an agent reads when one of its commands is called. Tokens are approximate: characters divided by
{CHARACTERS_A_TOKEN}, rounded up; count with the tokenizer of your model where it matters. An agent loads one of them at
a time, never all {total:,}. A prompt that `next` hands out adds the mission's goal, the part of the charter for the
step, and the work package or the diff. A mission type without a prompt of its own has that of all types.

| command | mission type | lines | characters | tokens | what it is for |
|---|---|---|---|---|---|
{table}
"""


def main() -> int:
    """Write the pages, or with `--check` only say whether they are up to date."""
    stale = [name for name, text in pages().items() if _read(FOLDER / name) != text]
    if "--check" in sys.argv[1:]:
        print("\n".join(f"{name} is out of date: make docs" for name in stale))
        return int(bool(stale))
    (FOLDER / SCHEMAS).mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"docs/reference: {len(stale)} of {len(pages())} pages changed")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
