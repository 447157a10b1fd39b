"""`spec-kitty next`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated

import typer

from specify_cli.cli.options import (
    AgentFlag,
    CommitFlag,
    MissionFlag,
    NoChangeFlag,
    NoteFlag,
    PrintPromptFlag,
    SessionFlag,
    WaitFlag,
    long_text,
)
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.times import short
from specify_cli.conditions.ways import verdicts
from specify_cli.context.models import Context
from specify_cli.context.overview import overview
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.lazy import load
from specify_cli.next.decision import Decision, DecisionKind
from specify_cli.next.observation import with_fix

RESULTS = ("success", "failed", "blocked")
MISSING_SHOWN = 4
_NO_ANSWER = frozenset({"", "ANSWER", "TEXT", "…", "..."})  # as commands and help call an answer


def _an_answer(ctx: typer.Context, value: str | None) -> str | None:
    """As `long_text`; the placeholder of a command that was copied as it stood answers nothing."""
    text = long_text(ctx, value)
    if text is not None and text.strip() in _NO_ANSWER:
        raise UsageError(f"--answer is {text!r}: say what the answer is", "USAGE_ERROR")
    return text


def step(
    agent: AgentFlag = None,
    session: SessionFlag = None,
    mission: MissionFlag = None,
    result: Annotated[
        str | None, typer.Option("--result", metavar="RESULT", help="Report the open step: success, failed or blocked.")
    ] = None,
    step_id: Annotated[str | None, typer.Option("--step-id", metavar="ID", help="The step that is reported.")] = None,
    note: NoteFlag = None,
    answer: Annotated[
        str | None,
        typer.Option("--answer", metavar="TEXT", help="Answer a question; @file and - are read.", callback=_an_answer),
    ] = None,
    decision_id: Annotated[
        str | None, typer.Option("--decision-id", metavar="ID", help="The question that is answered.")
    ] = None,
    wait: WaitFlag = 0.0,
    commit: CommitFlag = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="ACTIONS", help="Take only these steps, such as implement,review."),
    ] = None,
    no_next: Annotated[bool, typer.Option("--no-next", help="Report or answer, and take no further step.")] = False,
    no_change: NoChangeFlag = None,
    print_prompt: PrintPromptFlag = False,
) -> Reply:
    """Get the next action for an agent.

    Without --agent it is a question: what would come next? Nothing is written. With --agent the step is handed out
    and claimed, with a prompt file that says all there is to do; asked again it is the same step until something
    changes. Report it with --result, and the next one comes in the same answer.

    A person answers an agent's question with --answer. That needs no --agent, and takes no step.
    """
    given = {"--result": result, "--step-id": step_id, "--note": note, "--commit": commit, "--only": only}
    given |= {"--no-change": no_change, "--print-prompt": "" if print_prompt else None}
    answering = {"--answer": answer, "--decision-id": decision_id}
    _check(agent, result, {**given, "--wait": wait or None, **(answering if answer is None else {})})
    if no_next and result is None and answer is None:
        raise UsageError("--no-next goes with --result or --answer", "USAGE_ERROR")
    if no_next and wait:
        raise UsageError("--wait waits for a step, and --no-next takes none", "USAGE_ERROR")
    if agent is None and answer is None:
        context = reading(mission)
        words: str | None = "--agent NAME"
        decision: Decision = load("specify_cli.next.query:query")(context)
    else:
        context, actor = load("specify_cli.cli.acting:acting")(mission, agent, session)
        words = actor.words if agent is not None else None
        turn = load("specify_cli.next.step:Turn")(
            result, step_id, note, answer, decision_id, wait, commit, _names(only), no_next or agent is None, no_change
        )
        decision = load("specify_cli.next.step:decide_next")(context, actor, turn)
    data = {**decision.to_dict(), "detection_method": context.how}
    data["read_from"] = context.place.source.to_dict()
    data["prompt"], text = None, _text(decision, context, words, only)
    if print_prompt:
        text = load("specify_cli.cli.acting:with_prompt")(data, text)
    return Reply(data, text, 1 if decision.kind == DecisionKind.BLOCKED else 0)


def _check(agent: str | None, result: str | None, given: Mapping[str, object]) -> None:
    if result is not None and result not in RESULTS:
        raise UsageError(f"--result is {result!r}; it is one of {', '.join(RESULTS)}", "USAGE_ERROR")
    used = [name for name, value in given.items() if value is not None]
    if agent is None and used:
        raise UsageError(f"{', '.join(used)} needs --agent: who is it?", "USAGE_ERROR")


def _names(only: str | None) -> frozenset[str]:
    """The actions of `--only`."""
    names = frozenset(part.strip() for part in (only or "").split(",") if part.strip())
    if only is not None and not names:
        raise UsageError("--only names no action", "USAGE_ERROR")
    return names


def _text(decision: Decision, context: Context, words: str | None, only: str | None) -> str:
    lines = [_headline(decision)]
    # What is waited for is said below, thing by thing.
    waits = decision.kind == DecisionKind.BLOCKED and decision.waiting_for
    if decision.reason and not waits and decision.kind != DecisionKind.DECISION_REQUIRED:
        lines.append(f"  {safe(decision.reason)}")
    for each in decision.guard_failures[:MISSING_SHOWN]:
        what, fix = with_fix(each)
        lines.append(f"  missing   {safe(what)}")
        lines += [f"            {style(safe(fix), 'dim')}"] if fix else []
    if len(decision.guard_failures) > MISSING_SHOWN:
        lines.append(f"            and {len(decision.guard_failures) - MISSING_SHOWN} more")
    for other in decision.waiting_for:
        # A name alone would send somebody to wait for themselves.
        session = f" ({other['session']})" if other["session"] and other["actor"] == decision.agent else ""
        who = safe(f": {other['actor']}{session}") if other["actor"] else ""
        lines.append(f"  waiting for {safe(other['what'])}{who}")
    if decision.question:
        lines.append(f"  {safe(decision.question)}")
        lines += [f"    - {safe(option)}" for option in decision.options or []]
    lines += [f"  open question  {safe(each['question'])}" for each in decision.open_questions]
    if decision.workspace_path:
        lines.append(f"  work in   {safe(decision.workspace_path)}")
    if decision.since:
        lines.append(f"  open since {short(decision.since)}")
    if decision.prompt_file:
        lines.append(f"  prompt    {safe(decision.prompt_file)}")
    lines.append("")
    if words is None:  # a person answered, and no step is theirs
        lines.append(f"  Next: {style(safe(spec_kitty('status', '--mission', context.place.slug)), 'bold')}")
        return "\n".join(lines)
    lines.append(f"  Next: {style(_next(decision, context, words, only), 'bold')}")
    if decision.kind == DecisionKind.STEP and decision.action == "review":
        lines.append(f"    or: {style(safe(_verdicts(decision, context, words)[1]), 'bold')}")
    return "\n".join(lines)


def _headline(decision: Decision) -> str:
    what = " ".join(part for part in (decision.action or decision.preview_step, decision.wp_id) if part)
    slug = safe(decision.mission_slug)
    if decision.kind == DecisionKind.QUERY:
        return f"{style(slug, 'bold')}: {what or decision.mission_state} would come next"
    if decision.kind == DecisionKind.STEP:
        return f"{style(slug, 'bold')}: {style(what, 'green')}"
    if decision.kind == DecisionKind.TERMINAL:
        return f"{style(slug, 'bold')}: {style('nothing left to do', 'green')}"
    if decision.kind == DecisionKind.DECISION_REQUIRED:
        return f"{style(slug, 'bold')}: {style('a decision is needed', 'yellow')}"
    return f"{style(slug, 'bold')}: {style('nothing to do right now', 'yellow')}"


def _verdicts(decision: Decision, context: Context, words: str) -> tuple[str, str]:
    return verdicts(decision.wp_id or "", context.place.slug, *shlex.split(words))


def _next(decision: Decision, context: Context, words: str, only: str | None) -> str:
    slug = context.place.slug
    loop = spec_kitty("next", *shlex.split(words), "--mission", slug)
    if only:
        loop = loop.adding("--only", ",".join(sorted(_names(only))))
    if decision.kind == DecisionKind.TERMINAL:
        return overview(context.place).next_command
    if decision.kind == DecisionKind.DECISION_REQUIRED:
        return loop.adding("--decision-id", decision.decision_id, "--answer", "…")
    if decision.kind == DecisionKind.BLOCKED:
        return loop.adding("--wait", 60) if decision.waiting_for else spec_kitty("status", "--mission", slug)
    if decision.action == "review":
        return safe(_verdicts(decision, context, words)[0])
    if decision.kind == DecisionKind.STEP:
        return f"{loop} --result success"
    return loop
