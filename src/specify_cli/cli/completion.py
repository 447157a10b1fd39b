"""Live values for completion: missions, work packages, lanes, agents.

A TAB never fails and never says anything: where there is no project, there is nothing to offer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

from specify_cli.kernel import files
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.paths import KITTIFY, SPECS, Repository, discover, starting_point

# What a shell would split, or a terminal obey, is not offered.
_OFFERABLE = re.compile(r"[\w.:@+-]+")
_PROMPT_FILE = re.compile(r"(WP\d{2,})(?:-(.*))?\.md")


def missions(_ctx: typer.Context, incomplete: str) -> list[str]:
    """Slugs of the missions in any checkout of this repository."""
    return _offered({folder.name for folder in _mission_folders()}, incomplete)


def work_packages(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Work packages of the mission named on the line or stood in, else of all; with the words of their file names."""
    named = str(ctx.params.get("mission") or "")
    here = Path.cwd()
    folders = [one for one in _mission_folders() if one.name == named] or [
        one for one in _mission_folders() if one == here or one in here.parents
    ]
    found = dict(_prompts(folders or list(_mission_folders())))
    return [(name, found[name]) for name in _offered(set(found), incomplete)]


def lanes(_ctx: typer.Context, incomplete: str) -> list[str]:
    """The nine lanes, in their order."""
    return [lane.value for lane in load("specify_cli.status.models:Lane") if lane.value.startswith(incomplete)]


def agents(_ctx: typer.Context, incomplete: str) -> list[str]:
    """The agents this project is configured for."""
    with suppress(SpecKittyError, OSError):
        path = _repository().checkout / KITTIFY / "config.yaml"
        return _offered(set(parse_config(files.read_text(path), str(path)).agents), incomplete)
    return []


def known_agents(_ctx: typer.Context, incomplete: str) -> list[str]:
    """All agents of the table; of a list `a,b` the last one."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{key}" for key in load("specify_cli.core.agent_table:AGENTS") if key.startswith(last)]


def integrations(_ctx: typer.Context, incomplete: str) -> list[str]:
    """What can be put into files of others; of a list `a,b` the last one."""
    before, comma, last = incomplete.rpartition(",")
    keys = load("specify_cli.core.integrations:INTEGRATIONS")
    return [f"{before}{comma}{key}" for key in keys if key.startswith(last)]


def mission_types(_ctx: typer.Context, incomplete: str) -> list[str]:
    """The mission types that come with the program."""
    return _offered({"software-dev", "research", "documentation", "plan"}, incomplete)


def _repository() -> Repository:
    return discover(starting_point())


def _mission_folders() -> Iterator[Path]:
    with suppress(SpecKittyError, OSError):
        repository = _repository()
        for checkout in {repository.root, *(one.path for one in repository.checkouts())}:
            specs = checkout / SPECS
            if specs.is_dir():
                yield from (folder for folder in sorted(specs.iterdir()) if folder.is_dir())


def _prompts(folders: list[Path]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted(folder.glob("tasks/WP*.md")):
            match = _PROMPT_FILE.fullmatch(path.name)
            if match and _OFFERABLE.fullmatch(path.stem):
                yield match.group(1), (match.group(2) or "").replace("-", " ")


def _offered(values: set[str], incomplete: str) -> list[str]:
    return sorted(value for value in values if value.startswith(incomplete) and _OFFERABLE.fullmatch(value))
