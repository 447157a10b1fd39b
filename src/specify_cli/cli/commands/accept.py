"""`spec-kitty accept`."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.acceptance.accept import CHECKLIST, MODES, Acceptance, AcceptOptions
from specify_cli.acceptance.accept import accept as accept_mission
from specify_cli.cli.acting import acting
from specify_cli.cli.delivering import delivery_lines
from specify_cli.cli.options import ActorFlag, MissionFlag, SessionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.times import short
from specify_cli.cli.unmet import unmet_lines
from specify_cli.context.actor import who
from specify_cli.core.agent_programs import own_session
from specify_cli.kernel.commands import spec_kitty, the_call, without
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.text import plural
from specify_cli.merge.pull_request import Delivery, deliver, way
from specify_cli.mission_metadata import PULL_REQUEST

ModeFlag = Annotated[
    str,
    typer.Option("--mode", metavar="MODE", help="auto, pr, local, or checklist, which only reports."),
]


def _asked_first(context: typer.Context, tests: list[str] | None) -> list[str] | None:
    """Have `--test` stand first in an agent's session, where the beginning of the line decides who is asked.

    An agent's program may run `accept --mission …` unasked; what follows `--test` is run, and nobody saw it.
    """
    if tests and context.params and (found := own_session()):
        said = f"a session of {found[0].agent} gives --test as the first option, so that somebody is asked about it"
        first = [word for line in tests for word in ("--test", line)]
        raise UsageError(
            said, "USAGE_ERROR", hint=spec_kitty("accept", *first, *without(the_call().words[1:], "--test"))
        )
    return tests


TestFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--test",
        metavar="CMD",
        help="Run this on the forecast merge; may be given several times. An agent gives it first.",
        callback=_asked_first,
    ),
]


def accept(
    mission: MissionFlag = None,
    mode: ModeFlag = "auto",
    actor: ActorFlag = None,
    session: SessionFlag = None,
    test: TestFlag = None,
    untested: Annotated[
        str | None, typer.Option("--untested", metavar="WHY", help="Run no test, and record why.")
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Documents and requirements are warnings, not conditions.")
    ] = False,
    no_commit: Annotated[bool, typer.Option("--no-commit", help="Record the acceptance without a commit.")] = False,
    allow_fail: Annotated[bool, typer.Option("--allow-fail", help="Exit with 0 whatever is unmet.")] = False,
) -> Reply:
    """Check that a mission is complete, and record that it is.

    Every unmet condition is listed at once, each with the command that meets it. --test runs a command in a
    throw-away worktree of all lanes merged with the target, so that what is tested is what would be merged. So does
    every test that the project lists in `accept.tests`, once they are trusted. Tests run last, when all else holds.

    With --mode pr a branch with all of the mission is pushed and its pull request opened (by gh, where it is
    installed); the host merges it, and `spec-kitty merge` records that. With auto it is pr where the project protects
    the branch, else local.
    """
    if mode not in MODES:
        raise UsageError(f"--mode is {mode!r}, expected one of {', '.join(MODES)}", "USAGE_ERROR")
    if untested is not None and (test or not untested.strip()):
        said = "leave --test out: with --untested no test runs" if test else "--untested takes the reason"
        raise UsageError(said, "USAGE_ERROR")
    if mode == CHECKLIST:
        context = reading(mission)
        context.place.require_writable()
        by = who(actor, context.repo, context.place, session)
    else:
        context, by = acting(mission, actor, session)
    options = AcceptOptions(
        way(context.place, context.config, mode), tuple(test or ()), untested, lenient, commit=not no_commit
    )
    found = accept_mission(context.place, context.config, options, actor=by.name, session=by.session)
    delivery = deliver(context.place) if found.accepted and found.mode == PULL_REQUEST else None
    data = {
        **found.to_dict(report=allow_fail),
        "pull_request": delivery.to_dict() if delivery else None,
        "detection_method": context.how,
    }
    if delivery is not None:
        data["next_step"] = delivery.next_step
    return Reply(data, _text(found, delivery), 0 if found.ready or allow_fail else 1)


def _text(found: Acceptance, delivery: Delivery | None) -> str:
    lines = [_headline(found)]
    if found.already and found.unmet:
        lines.append(f"  its acceptance {_when(found)} stands, and `merge` takes it")
    if found.canceled_ids:
        lines.append(f"  canceled, left out: {', '.join(found.canceled_ids)}")
    for run in found.tests:
        mark = style("passed", "green") if run.exit_code == 0 else style(f"exit code {run.exit_code}", "red")
        lines.append(f"  test {safe(run.command)}: {mark} in {run.seconds:.1f} s  {style(safe(run.log), 'dim')}")
    if (found.ready and not found.waiting) or found.tests:
        lines.append(f"  {_tested(found)}")
    if found.self_reviewed:
        lines.append(f"  reviewed by who wrote it: {', '.join(found.self_reviewed)}")
    if delivery is not None:
        return "\n".join([*lines, *delivery_lines(delivery)])
    lines += unmet_lines(found.unmet) if found.unmet else [f"Next: {found.next_step}"]
    return "\n".join(lines)


def _tested(found: Acceptance) -> str:
    """What the acceptance rests on, in clear words."""
    proof = found.evidence
    if proof.tested:
        where = f"on the merge of all lanes, tree {str(proof.tree)[:10]}"
        return f"tested: {plural(len(proof.tests), 'command')} passed {where}"
    if proof.tests:
        return f"{style('not tested', 'yellow')}: a command failed"
    if proof.untested is not None:
        return f"{style('not tested', 'yellow')}: {safe(proof.untested)}"
    return f"{style('not tested', 'yellow')}: no command ran; give --test, or list accept.tests in the config"


def _when(found: Acceptance) -> str:
    return f"by {safe(found.accepted_by)} ({short(found.accepted_at or '')})"


def _headline(found: Acceptance) -> str:
    if not found.ready:
        count = plural(len(found.unmet), "condition")
        if found.already:
            return f"{style('Not accepted again:', 'bold', 'red')} {found.mission_slug}, {count} unmet"
        return f"{style('Not ready:', 'bold', 'red')} {found.mission_slug}, {count} unmet"
    if found.already:
        return f"{found.mission_slug} was accepted {_when(found)}; nothing has changed since"
    if found.accepted:
        return f"{style('Accepted:', 'bold', 'green')} {found.mission_slug}, by {found.accepted_by}"
    return f"{style('Ready:', 'bold', 'green')} {found.mission_slug} meets every condition"
