"""`spec-kitty charter …`: the project's principles, written, shown, and as an action is told of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from specify_cli.cli.asking import can_ask, typed
from specify_cli.cli.output import Reply, safe, say, style
from specify_cli.core.charter import LIMIT, PATH, Part, context_of, normal, parts_of, path_of, read_charter
from specify_cli.core.charter_setup import QUESTIONS, check_none, write_charter
from specify_cli.core.mission_types import DEFAULT_TYPE, list_types, load_mission_type
from specify_cli.core.templates import shipped_commands
from specify_cli.kernel import paths
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import NotFound, SpecKittyError, UsageError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import plural


def init(
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing and write sensible rules.")] = False,
) -> Reply:
    """Write a first charter from a short interview.

    A charter that is there already is never overwritten.
    """
    repo = paths.discover(paths.starting_point())
    check_none(repo)
    if not defaults and not can_ask():
        raise UsageError(
            "the interview needs a terminal", "CONFIRMATION_REQUIRED", hint=spec_kitty("charter init", "--defaults")
        )
    answers: dict[str, str] = {}
    if not defaults:
        say(f"{plural(len(QUESTIONS), 'question')}; Enter takes what stands in brackets.")
        answers = {each.key: typed(f"\n{each.text}\n ", default=each.default) for each in QUESTIONS}
    path = write_charter(repo, answers)
    data = {"result": "success", "path": str(path), "sections": [part.title for part in _parts(repo) if part.title]}
    commit = command("git", "add", PATH).then("git", "commit", "-m", "Add a charter")
    return Reply(data, f"Written: {safe(path)}\n\n  Next: edit it, then {style(commit, 'bold')}")


def show() -> Reply:
    """Show the charter of this project, and which actions read which section."""
    repo = paths.discover(paths.starting_point())
    text = read_charter(repo)
    if text is None:
        raise NotFound("this project has no charter", "CHARTER_MISSING", hint=spec_kitty("charter init", "--defaults"))
    data = {
        "result": "success",
        "path": str(path_of(repo)),
        "text": text,
        "sections": [{"title": part.title, "actions": list(part.actions)} for part in _parts(repo) if part.title],
    }
    return Reply(data, "\n".join(safe(line) for line in text.split("\n")))


def context(
    action: Annotated[str, typer.Option("--action", metavar="ACTION", help="Such as plan, implement or review.")],
) -> Reply:
    """Show what an action is told of the charter.

    These are the sections that matter for it, bounded in length. The same text stands in the prompts that `next` and
    `agent action` hand out.
    """
    repo = paths.discover(paths.starting_point())
    text = read_charter(repo)
    known = _actions(repo)
    if normal(action) not in known:
        raise UsageError(
            f"there is no action {action!r}; known: {', '.join(known)}",
            "UNKNOWN_ACTION",
            hint=spec_kitty("charter context", "--action", "implement"),
            details={"known": known},
        )
    found = context_of(text, action)
    data = {
        "result": "success",
        "action": action,
        "present": text is not None,
        "path": str(path_of(repo)),
        "text": found.text,
        "sections": list(found.sections),
        "left_out": list(found.left_out),
        "shortened": found.shortened,
        "characters": len(found.text),
        "limit": LIMIT,
    }
    told = "\n".join(safe(line) for line in found.text.split("\n"))
    return Reply(data, told or f"no charter, so {safe(action)} is told of none\n\n  Next: spec-kitty charter init")


def _parts(repo: Repository) -> list[Part]:
    return parts_of(read_charter(repo) or "")


def _actions(repo: Repository) -> list[str]:
    """Every action that may read the charter: commands, steps of all types, and what the charter itself names."""
    steps: list[str] = []
    for key in list_types(repo):
        with suppress(SpecKittyError):  # `mission types` tells what is wrong with it
            steps += [normal(step.name) for step in load_mission_type(key, repo).steps]
    named = [name for part in _parts(repo) for name in part.actions]
    return sorted({*shipped_commands(DEFAULT_TYPE), *steps, *named})
