"""`spec-kitty init`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from specify_cli.cli import asking
from specify_cli.cli.options import completing
from specify_cli.cli.output import Reply, progress, safe, style
from specify_cli.core.agent_table import AGENTS, DEFAULT_AGENT, SHARED_SKILLS
from specify_cli.core.agents import hints, installed, parse_agents, words_of
from specify_cli.core.integrations import AGENTS_MD, INTEGRATIONS, offered, shared_files
from specify_cli.core.manifest import Manifest
from specify_cli.core.project_setup import SetUp, configured_agents, set_up
from specify_cli.kernel import system
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.paths import at_home, starting_point
from specify_cli.kernel.text import plural
from specify_cli.version import VERSION


def init(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Folder to make and set up; without it, the one you stand in."),
    ] = None,
    ai: Annotated[
        str | None,
        typer.Option(
            "--ai",
            metavar="AGENTS",
            help=f"Agents to install commands for, as in a,b: {', '.join(AGENTS)}.",
            autocompletion=completing("known_agents"),
        ),
    ] = None,
    non_interactive: Annotated[
        bool, typer.Option("--non-interactive", help="Never ask; then --ai must be given.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help=f"Never ask; without --ai the agent is {DEFAULT_AGENT}.")
    ] = False,
    skills: Annotated[
        bool, typer.Option("--skills", help="Install skills for the agents that read both skills and commands.")
    ] = False,
    commands: Annotated[
        bool, typer.Option("--commands", help="Install commands for the agents that read both; the default.")
    ] = False,
    agents_md: Annotated[
        bool,
        typer.Option("--agents-md", help="Tell agents in AGENTS.md, or CLAUDE.md, that this project uses spec-kitty."),
    ] = False,
    integrate: Annotated[
        str | None,
        typer.Option(
            "--integrate",
            metavar="NAMES",
            help=f"Change further files of agents, as in a,b: {', '.join(INTEGRATIONS)}.",
        ),
    ] = None,
) -> Reply:
    """Make a folder a spec-kitty project.

    It creates files only and touches no git state: no repository is made, nothing is staged or committed, no branch
    changes. The files are .kittify/ (config.yaml, metadata.yaml, manifest.json, .gitignore), kitty-specs/
    (.gitattributes, .gitignore) and the commands of the chosen agents. What stands at one of these paths already is
    kept as it is and listed. Run again, it changes nothing; with --ai it adds agents. Agents that read their commands
    only from .agents/skills get them by `agent config add`. Files that are yours, such as AGENTS.md, are changed only
    where you say so: a question at a terminal, --agents-md or --integrate.
    """
    if skills and commands:
        raise UsageError("give --skills or --commands, not both", "USAGE_ERROR")
    project = _folder(name)
    asked = parse_agents(ai) if ai is not None else ()
    before = configured_agents(project)
    if not asked and not before:
        asked = _without_flag(ask=not (non_interactive or yes) and ai is None, default=yes)
    wanted = [*([AGENTS_MD] if agents_md else []), *words_of(integrate or "")]
    may_ask = not (non_interactive or yes or wanted or before)
    if may_ask and integrate is None and asking.can_ask():
        wanted = _integrations(project, asked)
    chosen = asked or [key for key in before if key in AGENTS and (skills or commands)]
    done = set_up(project, chosen, VERSION, skills=skills if skills or commands else None, integrations=wanted)
    return Reply(_data(done), _text(done))


def next_steps(done: SetUp) -> list[str]:
    """What to do after a set-up, in order."""
    agent = next(iter(done.layouts), AGENTS[DEFAULT_AGENT])
    paths = dict.fromkeys(
        [".kittify", "kitty-specs", *(path for each in done.layouts for path in each.places), *done.shared]
    )
    commit = command("git", "add", *paths).then("git", "commit", "-m", "Set up spec-kitty")
    whose = ("--agent", agent.key, "--mission", "SLUG")
    work, review = (spec_kitty(f"agent action {verb}", "WP", *whose) for verb in ("implement", "review"))
    absent = [each.key for each in done.layouts if each.is_shared and not (done.project / each.path("next")).exists()]
    install = spec_kitty("agent config add", ",".join(absent))
    return [
        *([] if done.has_git else ["Make it a git repository, which missions need: git init"]),
        *([f"Install the commands in {SHARED_SKILLS}, which init leaves alone: {install}"] if absent else []),
        f"Commit these files: {commit}",
        "To keep main free of the tool's commits: missions: {start_branch: true} in .kittify/config.yaml",
        f"Say what should be built: {agent.typed('specify')} in your agent, or spec-kitty agent mission create SLUG",
        f"Let the agent work, one step at a time: {spec_kitty('next', *whose)}",
        f"Or choose the work package yourself: {work}, then {review}",
    ]


def _folder(name: str | None) -> Path:
    start = starting_point()
    if name is None:
        return start
    if not name.strip():
        raise UsageError("the name of the folder is empty", "INVALID_NAME", hint=spec_kitty("init", "my-project"))
    if system.is_reserved(Path(name).name):
        said = f"Windows has no folder named {name!r}, and whoever clones the project there could not"
        raise UsageError(said, "INVALID_NAME", hint=spec_kitty("init", "my-project"))
    return start / at_home(name)


def _without_flag(*, ask: bool, default: bool) -> tuple[str, ...]:
    if default:
        return (DEFAULT_AGENT,)
    if ask and asking.can_ask():
        # What many agents share is installed only for who names one of them.
        found = [key for key in installed() if not AGENTS[key].is_shared]
        progress("Which coding agents do you work with? Marked are those found on this machine.")
        return asking.several({key: row.name for key, row in AGENTS.items()}, found or [DEFAULT_AGENT])
    raise UsageError(
        f"say which agents to install commands for, --ai a,b: {', '.join(AGENTS)}",
        "AGENT_REQUIRED",
        hint=spec_kitty("init", "--ai", DEFAULT_AGENT),
        details={"agents": list(AGENTS)},
    )


def _integrations(project: Path, agents: Sequence[str]) -> list[str]:
    """Those that a person says yes to."""
    progress("Files of yours change only if you say so, now or by `agent config integrate`.")
    wanted = []
    for row in offered(agents):
        progress(f"{row.says}.")
        shared = shared_files(project, [row.key], agents, Manifest(), VERSION)
        if asking.confirmed(f"Change {' and '.join(each.path for each in shared) or row.path}?"):
            wanted.append(row.key)
    return wanted


def _data(done: SetUp) -> dict[str, object]:
    return {
        "result": "success",
        "changed": done.changed,
        "project": done.project,
        "agents": done.agents,
        "created_files": [done.project / path for path in done.created],
        "updated_files": [done.project / path for path in done.updated],
        "kept_files": [done.project / path for path in done.kept],
        "next_steps": next_steps(done) if done.changed else [],
        "hints": hints(done.layouts),
        "warnings": [notice.to_dict() for notice in done.warnings],
    }


def _text(done: SetUp) -> str:
    lines = [_headline(done)]
    if done.kept:
        lines += ["", "Kept, because it says something else already:", *(f"  {safe(path)}" for path in done.kept)]
    if not done.changed:
        return "\n".join(lines)
    lines += ["", style("Next steps", "bold")]
    lines += [f"  {number}. {safe(step)}" for number, step in enumerate(next_steps(done), 1)]
    notes = hints(done.layouts)
    return "\n".join([*lines, *(f"\nNote: {safe(note)}" for note in notes)])


def _headline(done: SetUp) -> str:
    agents = safe(", ".join(done.agents))
    where = safe(done.project)
    if not done.changed:
        return f"{where} is set up already for {agents}; nothing was changed."
    count = plural(len(done.created), "file")
    return f"{style('Set up', 'bold', 'green')} {where} for {agents}: {count} written, no git state touched."
