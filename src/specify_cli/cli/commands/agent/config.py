"""`spec-kitty agent config …`: which agents a project works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.folders import by_folder
from specify_cli.cli.options import completing
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import clipped, table, wrapped
from specify_cli.core import agent_settings
from specify_cli.core import manifest as manifests
from specify_cli.core.agent_settings import KEYS, Configured
from specify_cli.core.agent_table import AGENTS, Agent
from specify_cli.core.agents import hints, installed, laid_out, words_of
from specify_cli.core.installing import Installed, State, Synced, compare, wanted_files
from specify_cli.core.installing import sync as make_match
from specify_cli.core.integrations import INTEGRATIONS, offered, shared_files
from specify_cli.core.project_setup import command_files
from specify_cli.core.settings import config_at, project_of
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import plural
from specify_cli.version import VERSION

AgentsArgument = Annotated[
    str,
    typer.Argument(
        metavar="AGENTS", help=f"As in a,b: {', '.join(AGENTS)}.", autocompletion=completing("known_agents")
    ),
]
ConfiguredArgument = Annotated[
    str, typer.Argument(metavar="AGENTS", help="As in a,b.", autocompletion=completing("agents"))
]
_VERBS = {"created": "green", "updated": "green", "removed": "yellow"}
_MATCHING = "The command files match the settings; nothing was changed."
_UNCHANGED = "Nothing was changed."


def list_agents() -> Reply:
    """List the agents of this project, and those it could work with."""
    _, _, config = _here()
    agents = laid_out(config.agents, config.skills)
    others = [key for key in AGENTS if key not in config.agents]
    unknown = [key for key in config.agents if key not in AGENTS]
    data = {
        "agents": [_row(agent) for agent in agents],
        "unknown": unknown,
        "available": [{"key": key, "name": AGENTS[key].name, "verified": AGENTS[key].verified} for key in others],
        "integrations": config.integrations,
        "auto_commit": config.auto_commit,
    }
    rows = [[style(each.key, "bold"), each.typed("specify"), each.folder] for each in agents]
    rows += [[style(safe(key), "bold"), style("not known to this version", "yellow")] for key in unknown]
    lines = [table(rows, indent=2) or "  no agent is configured", ""]
    lines += [wrapped(f"Could be added: {', '.join(others)}", hang=2, indent=2)]
    return Reply(data, "\n".join([*lines, "", f"  Next: {style('spec-kitty agent config status', 'bold')}"]))


def add(
    agents: AgentsArgument,
    skills: Annotated[
        bool, typer.Option("--skills", help="Install their commands as skills instead of command files.")
    ] = False,
) -> Reply:
    """Configure further agents and install their commands."""
    return _changed(agent_settings.add(_repo(), agent_settings.known(agents), VERSION, skills=skills))


def remove(agents: ConfiguredArgument) -> Reply:
    """Take agents out of the settings, and their unedited files away."""
    return _changed(agent_settings.remove(_repo(), words_of(agents), VERSION))


def assign(
    key: Annotated[str, typer.Argument(metavar="KEY", help=f"One of {', '.join(KEYS)}.")],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Agents as in a,b, or none; for auto_commit true or false.")
    ],
) -> Reply:
    """Set what stands below `agents:` in the settings, and install accordingly.

    available: the agents, exactly these. skills: those of them whose commands are installed as skills. integrations:
    what is put into files of yours, exactly these. auto_commit: whether the tool commits at milestones.
    """
    return _changed(agent_settings.assign(_repo(), key, value, VERSION))


def integrate(
    names: Annotated[
        str | None,
        typer.Argument(
            metavar="NAMES", help=f"As in a,b: {', '.join(INTEGRATIONS)}.", autocompletion=completing("integrations")
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take them out again.")] = False,
) -> Reply:
    """Put something into files of yours: a note to agents, hooks, permissions.

    Without NAMES it lists them. Files of yours keep every other byte: the note stands between two marks, and settings
    get values at the end of their lists. What you change or take out of it stays so; --remove, and `spec-kitty
    uninstall`, take out what is left.
    """
    if names is None:
        if remove:
            raise UsageError(
                "--remove takes out what is named", "USAGE_ERROR", hint=spec_kitty("agent config integrate")
            )
        return _integrations()
    return _changed(agent_settings.integrate(_repo(), words_of(names), VERSION, remove=remove))


def sync(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
) -> Reply:
    """Make the installed command files match the settings and this version.

    Missing files are written, outdated ones rewritten, and those of agents that are not configured removed. A file
    that somebody edited is never touched: where there is a newer text, it is put beside it as <file>.new.
    """
    repo, project, _ = _here()
    synced = make_match(repo, project, VERSION, dry_run=dry_run)
    lines = _lines(synced, dry_run=dry_run) or [_UNCHANGED if synced.warnings else _MATCHING]
    return Reply({**_data(project, synced), "dry_run": dry_run}, "\n".join(lines))


def status() -> Reply:
    """Show, for each agent, what is installed and whether its program is there."""
    repo, project, config = _here()
    manifest = manifests.read_manifest(project) or manifests.Manifest()
    found = {each.path: each for each in compare(project, wanted_files(repo, config), manifest)}
    there = installed()
    there_is = [each for each in found.values() if each.state is not State.MISSING]
    left = [each for each in there_is if each.wanted is None]
    shown = []
    for agent in laid_out(config.agents, config.skills):
        own = command_files(repo, [agent.key], config.skills)
        shown.append(_status_row(project, agent, [found[path] for path in own], there))
    for agent in AGENTS.values():
        own_left = [each for each in left if agent.holds(each.path)]
        if own_left and agent.key not in config.agents and not agent.is_shared:
            shown.append({**_status_row(project, agent, own_left, there), "configured": False})
    others = [key for key in there if key not in config.agents]
    data = {
        "agents": shown,
        "unknown": [key for key in config.agents if key not in AGENTS],
        "left_over": [project / each.path for each in left],
        "offered": [project / each.path for each in there_is if each.offers],
        "found_programs": others,
    }
    lines = [_status_line(row) for row in shown] or ["  no agent is configured"]
    if others:
        lines += ["", wrapped(f"Found on this machine, not configured: {', '.join(others)}", indent=2, hang=2)]
    clean = all(each.state is not State.ORPHAN for each in left) and all(
        not row["missing"] and not row["outdated"] for row in shown
    )
    step = "spec-kitty agent config list" if clean else "spec-kitty agent config sync"
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]))


def _integrations() -> Reply:
    _, project, config = _here()
    manifest = manifests.read_manifest(project) or manifests.Manifest()
    shared = shared_files(project, config.integrations, config.agents, manifest, VERSION)
    rows, notes, data = [], [], []
    for row in INTEGRATIONS.values():
        own = [each for each in shared if row.key in each.stands]
        is_on = row.key in config.integrations
        paths = [each.path for each in own] or [row.path]
        states = sorted({str(each.stands[row.key]) for each in own})
        data.append(
            {
                "key": row.key,
                "says": row.says,
                "agent": row.agent,
                "on": is_on,
                "files": [project / path for path in paths],
                "states": states,
            }
        )
        rows.append([style(row.key, "bold"), "on" if is_on else "off", safe(", ".join(paths))])
        notes.append([style(f"      {row.says}.", "dim")])
        notes[-1] += [style(safe(f"      {each.problem.message}"), "yellow") for each in own if each.problem]
    lines = [
        part for line, more in zip(table(rows, indent=2).split("\n"), notes, strict=True) for part in (line, *more)
    ]
    off = next((row.key for row in offered(config.agents) if row.key not in config.integrations), None)
    step = spec_kitty("footprint") if off is None else spec_kitty("agent config integrate", off)
    return Reply({"integrations": data}, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]))


def _here() -> tuple[Repository, Path, Config]:
    repo = _repo()
    project = project_of(repo)
    return repo, project, config_at(project)


def _repo() -> Repository:
    return paths.discover(paths.starting_point())


def _row(agent: Agent) -> dict[str, object]:
    return {
        "key": agent.key,
        "name": agent.name,
        "folder": agent.folder,
        "format": agent.format.value,
        "program": agent.program,
        "typed": agent.typed("specify"),
        "rules": agent.rules,
        "verified": agent.verified,
    }


def _status_row(project: Path, agent: Agent, own: Sequence[Installed], there: Sequence[str]) -> dict[str, object]:
    by_state = {state: [project / each.path for each in own if each.state is state] for state in State}
    return {
        **_row(agent),
        "configured": True,
        "files": len(own),
        "current": len(by_state[State.CURRENT]),
        "missing": by_state[State.MISSING],
        "outdated": by_state[State.OUTDATED],
        "edited": by_state[State.EDITED],
        "program_found": None if agent.program is None else agent.key in there,
    }


def _status_line(row: Mapping[str, object]) -> str:
    counts = [f"{row['current']} of {row['files']} files as installed"]
    if not row["configured"]:
        counts = [style(f"{row['files']} files left over, not configured", "yellow")]
    for name in ("missing", "outdated", "edited"):
        listed = row[name]
        if isinstance(listed, list) and listed:
            counts.append(style(f"{len(listed)} {name}", "yellow"))
    program = row["program"]
    if program and row["configured"] and not row["program_found"]:
        counts.append(style(f"{program} is not on PATH", "yellow"))
    return f"  {style(str(row['key']).ljust(12), 'bold')} {', '.join(counts)}"


def _changed(done: Configured) -> Reply:
    project = done.project
    config = done.config
    agents = laid_out(config.agents, config.skills)
    new = [each for each in agents if each.key in done.added or each.path("specify") in done.synced.created]
    data = {
        **_data(project, done.synced),
        "changed": done.changed,
        "agents": config.agents,
        "skills": config.skills,
        "integrations": config.integrations,
        "auto_commit": config.auto_commit,
        "added": done.added,
        "removed": done.removed,
        "hints": hints(new),
    }
    lines = [f"Agents: {safe(', '.join(config.agents)) or 'none'}{'' if done.changed else '; nothing was changed'}"]
    lines += _lines(done.synced)
    lines += [f"  start with {agent.typed('specify')} in {agent.name}" for agent in new]
    return Reply(data, "\n".join([*lines, *(f"\nNote: {safe(note)}" for note in hints(new))]))


def _data(project: Path, synced: Synced) -> dict[str, object]:
    return {
        "result": "success",
        "changed": synced.changed,
        "project": project,
        "created_files": [project / path for path in synced.created],
        "updated_files": [project / path for path in synced.updated],
        "removed_files": [project / path for path in synced.removed],
        "offered_files": [project / f"{path}.new" for path in synced.offered],
        "edited_files": [project / path for path in synced.edited],
        "warnings": notices(synced.warnings),
    }


def _lines(synced: Synced, *, dry_run: bool = False) -> list[str]:
    """What was done, a line for each folder."""
    lines = []
    for verb, colour in _VERBS.items():
        said = f"would be {verb}" if dry_run else verb
        lines += [
            f"  {style(said, colour)}  {clipped(safe(folder), 50)}: {plural(count, 'file')}"
            for folder, count in by_folder(getattr(synced, verb)).items()
        ]
    for path in synced.edited:
        news = f"; newer text in {path.rpartition('/')[2]}.new" if path in synced.offered else ""
        lines.append(f"  {style('edited', 'yellow')}, left alone: {safe(path + news)}")
    return lines
