"""What a command that changes state begins with: which mission, in what state, and who acts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from specify_cli.cli.text import verbatim
from specify_cli.context.actor import who
from specify_cli.context.models import Actor, Context
from specify_cli.context.resolver import resolve_mission
from specify_cli.kernel import files, paths
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.merge.intent import settle
from specify_cli.status.holders import OFFERED


def acting(mission: str | None, agent: str | None = None, session: str | None = None) -> tuple[Context, Actor]:
    """The mission that a command will change, and who changes it; a merge cut short is finished or dropped first.

    Args:
        agent, session: as `--agent` and `--session` give them.

    Raises:
        Refused: `TARGET_GONE`, `SPARSE_CHECKOUT`, `MISSION_FOLDER_MISSING`: it can only be read here.
    """
    settle(paths.discover(paths.starting_point()))
    context = resolve_mission(mission)
    context.place.require_writable()
    context.config.require_sound()
    actor = who(agent, context.repo, context.place, session)
    if session is not None and session.startswith(OFFERED):
        actor = load("specify_cli.next.sessions:take_up")(context, actor)
    return context, actor


def notices(*groups: Sequence[Notice]) -> list[dict[str, str | None]]:
    """Warnings as they stand in JSON."""
    return [notice.to_dict() for group in groups for notice in group]


def with_prompt(data: dict[str, Any], text: str) -> str:
    """What a command says, and after it the text of the prompt that it hands out, which `data` gets as `prompt`.

    Some agents may read no file outside of the worktree that they were given.
    """
    path = data["prompt_file"]
    data["prompt"] = files.read_text(Path(path)) if path else None
    return f"{text}\n\n{verbatim(data['prompt'].rstrip())}" if data["prompt"] else text
