"""`spec-kitty agent status emit`: write to the status log."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from specify_cli.cli.acting import acting, notices
from specify_cli.cli.commands.materialize import materialize
from specify_cli.cli.options import (
    ActorFlag,
    ForceFlag,
    MissionFlag,
    NoChangeFlag,
    ReasonFlag,
    SessionFlag,
    ToLane,
    WorkPackage,
)
from specify_cli.cli.output import Reply, style
from specify_cli.cli.selecting import wp_name
from specify_cli.context.models import Context
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.lazy import load
from specify_cli.moves.lookup import require_known
from specify_cli.moves.move import move
from specify_cli.moves.request import Moved, Request
from specify_cli.status.transitions import CANONICAL_LANES, parse_lane

EvidenceFlag = Annotated[
    str | None,
    typer.Option(
        "--evidence-json",
        metavar="JSON",
        help='{"review": {"reviewer", "verdict", "reference"}, …}; @file and - are read.',
    ),
]
ReferenceFlag = Annotated[
    str | None, typer.Option("--review-ref", metavar="REF", help="Where the review's feedback is.")
]
WorkspaceFlag = Annotated[
    str | None, typer.Option("--workspace-context", metavar="TEXT", help="Where the work is done.")
]
SubtasksFlag = Annotated[bool, typer.Option("--subtasks-complete", help="Say that every subtask is done.")]
ImplementedFlag = Annotated[
    bool, typer.Option("--implementation-evidence-present", help="Say that the work is committed.")
]
ModeFlag = Annotated[
    Literal["worktree", "direct_repo"], typer.Option("--execution-mode", help="Where the work was done.")
]


def emit(
    wp: WorkPackage,
    to: ToLane,
    actor: ActorFlag = None,
    session: SessionFlag = None,
    mission: MissionFlag = None,
    force: ForceFlag = False,
    reason: ReasonFlag = None,
    evidence_json: EvidenceFlag = None,
    review_ref: ReferenceFlag = None,
    workspace_context: WorkspaceFlag = None,
    no_change: NoChangeFlag = None,
    subtasks_complete: SubtasksFlag = False,
    implementation_evidence_present: ImplementedFlag = False,
    execution_mode: ModeFlag = "worktree",
) -> Reply:
    """Record one status transition with all its evidence.

    The conditions are those of `spec-kitty agent tasks move-task`, which is there for everyday moves. Nothing is added
    to the transition: the evidence of a verdict is what you say here.
    """
    target = parse_lane(to)
    if target is None:
        hint = spec_kitty("agent status emit", wp, "--to", CANONICAL_LANES[0], "--actor", "NAME")
        raise UsageError(f"there is no lane {to!r}; the lanes are {', '.join(CANONICAL_LANES)}", "UNKNOWN_LANE", hint)
    evidence: dict[str, object] | None = None
    if evidence_json is not None:
        evidence = load("specify_cli.cli.json_options:mapping")("--evidence-json", evidence_json)
    context, who = acting(mission, actor, session)
    request = Request(
        target,
        reference=review_ref,
        note=reason,
        force=force,
        exact=True,
        subtasks_complete=subtasks_complete or None,
        implementation_evidence_present=implementation_evidence_present or None,
        evidence=evidence,
        no_change=no_change,
        workspace_context=workspace_context,
        execution_mode=execution_mode,
    )
    moved = move(context, who, require_known(context, wp_name(wp)), request)
    return _recorded(context, moved)


def _recorded(context: Context, moved: Moved) -> Reply:
    event = moved.event
    data: dict[str, object] = {
        "result": "success",
        "wp_id": event.wp_id,
        "from_lane": moved.from_lane.value,
        "to_lane": event.to_lane.value,
        "event_id": event.event_id,
        "actor": event.actor,
        "session": event.session,
        "mission_slug": context.place.slug,
        "detection_method": context.how,
        "commit": moved.commit,
        "no_op": moved.no_op,
        "warnings": notices(moved.warnings),
    }
    step = style(spec_kitty("status", "--mission", context.place.slug), "bold")
    way = f"{moved.from_lane} → {style(event.to_lane, 'green')}"
    return Reply(data, f"{style(event.wp_id, 'bold')}: {way}\n\n  Next: {step}")


__all__ = ["emit", "materialize"]
