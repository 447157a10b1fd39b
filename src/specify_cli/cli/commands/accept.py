"""`spec-kitty accept`."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.acceptance.accept import CHECKLIST, MODES, Acceptance, AcceptOptions
from specify_cli.acceptance.accept import accept as accept_mission
from specify_cli.cli.acting import acting
from specify_cli.cli.options import ActorFlag, MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.unmet import unmet_lines
from specify_cli.context.actor import who
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.text import plural

ModeFlag = Annotated[
    str,
    typer.Option("--mode", metavar="MODE", help="auto, pr, local, or checklist, which only reports."),
]
TestFlag = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="CMD", help="Run this on the forecast merge; may be given several times."),
]


def accept(
    mission: MissionFlag = None,
    mode: ModeFlag = "auto",
    actor: ActorFlag = None,
    test: TestFlag = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Documents and requirements are warnings, not conditions.")
    ] = False,
    no_commit: Annotated[bool, typer.Option("--no-commit", help="Record the acceptance without a commit.")] = False,
    allow_fail: Annotated[bool, typer.Option("--allow-fail", help="Exit with 0 whatever is unmet.")] = False,
) -> Reply:
    """Check that a mission is complete and record its acceptance.

    Every unmet condition is listed at once, each with the command that meets it. --test runs a command in a
    throw-away worktree of all lanes merged with the target, so that what is tested is what would be merged.
    """
    if mode not in MODES:
        raise UsageError(f"--mode is {mode!r}, expected one of {', '.join(MODES)}", "USAGE_ERROR")
    if mode == CHECKLIST:
        context = reading(mission)
        by = who(actor, context.repo, context.place)
    else:
        context, by = acting(mission, actor)
    options = AcceptOptions(mode, tuple(test or ()), lenient, commit=not no_commit)
    found = accept_mission(context.place, context.config, options, actor=by.name, session=by.session)
    data = {**found.to_dict(), "detection_method": context.how}
    return Reply(data, _text(found), 0 if found.ready or allow_fail else 1)


def _text(found: Acceptance) -> str:
    lines = [_headline(found)]
    if found.canceled_ids:
        lines.append(f"  canceled, left out: {', '.join(found.canceled_ids)}")
    for run in found.tests:
        mark = style("passed", "green") if run.exit_code == 0 else style(f"exit code {run.exit_code}", "red")
        lines.append(f"  test {safe(run.command)}: {mark} in {run.seconds:.1f} s  {style(safe(run.log), 'dim')}")
    if found.unmet:
        lines += unmet_lines(found.unmet)
    else:
        lines.append(f"Next: {found.next_step}")
    return "\n".join(lines)


def _headline(found: Acceptance) -> str:
    if not found.ready:
        count = plural(len(found.unmet), "condition")
        return f"{style('Not ready:', 'bold', 'red')} {found.mission_slug}, {count} unmet"
    if found.already:
        when = f"by {found.accepted_by} at {found.accepted_at}"
        return f"{found.mission_slug} was accepted {when}; nothing has changed since"
    if found.accepted:
        return f"{style('Accepted:', 'bold', 'green')} {found.mission_slug}, by {found.accepted_by}"
    return f"{style('Ready:', 'bold', 'green')} {found.mission_slug} meets every condition"
