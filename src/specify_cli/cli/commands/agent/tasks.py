"""`spec-kitty agent tasks …`: read and move work packages."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.acting import acting, notices
from specify_cli.cli.options import (
    AgentFlag,
    CommitFlag,
    ForceFlag,
    MissionFlag,
    NoChangeFlag,
    Note,
    NoteFlag,
    ReviewerFlag,
    SessionFlag,
    ToLane,
    WorkPackage,
)
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import package_of, wp_name
from specify_cli.context.actor import own_name
from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import milestone, publish_mode
from specify_cli.core.subtask_marks import mark
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.lazy import load
from specify_cli.moves.lookup import require_known
from specify_cli.moves.move import move
from specify_cli.moves.request import Moved, Request
from specify_cli.next.notes import add_note
from specify_cli.next.steps import keep_awake
from specify_cli.status.models import Lane
from specify_cli.status.transitions import CANONICAL_LANES, parse_lane


def move_task(
    wp: WorkPackage,
    to: ToLane,
    agent: AgentFlag = None,
    session: SessionFlag = None,
    mission: MissionFlag = None,
    reviewer: ReviewerFlag = None,
    approval_ref: Annotated[
        str | None,
        typer.Option("--approval-ref", metavar="REF", help="What the approval refers to; else the reviewed commit."),
    ] = None,
    review_feedback_file: Annotated[
        str | None,
        typer.Option(
            "--review-feedback-file", metavar="FILE", help="Send the work back with this feedback; - is read."
        ),
    ] = None,
    note: NoteFlag = None,
    done_override_reason: Annotated[
        str | None,
        typer.Option("--done-override-reason", metavar="TEXT", help="Why it is done although it was not merged."),
    ] = None,
    commit: CommitFlag = None,
    no_change: NoChangeFlag = None,
    force: ForceFlag = False,
) -> Reply:
    """Move a work package to another lane.

    Every condition that is not met is named at once, with the command that meets it. A verdict of a review is given
    here: --to approved, or --to planned with --review-feedback-file.
    """
    target = parse_lane(to)
    if target is None:
        raise UsageError(f"there is no lane {to!r}; the lanes are {', '.join(CANONICAL_LANES)}", "UNKNOWN_LANE")
    if done_override_reason is not None and target is not Lane.DONE:
        hint = spec_kitty("agent tasks move-task", wp, "--to", "done", "--done-override-reason", "TEXT")
        raise UsageError("--done-override-reason goes with --to done", "USAGE_ERROR", hint)
    # A reviewer who is named alone is who acts.
    context, actor = acting(mission, agent or own_name(reviewer), session)
    package = require_known(context, wp_name(wp))
    asked = Request(
        target,
        reviewer=own_name(reviewer),
        reference=approval_ref,
        feedback_file=review_feedback_file,
        note=note if note is not None else done_override_reason,
        commit=commit,
        no_change=no_change,
        force=force or done_override_reason is not None,
    )
    moved = move(context, actor, package, asked)
    return _moved(context, actor, wp_name(wp), moved)


def _moved(context: Context, actor: Actor, wp_id: str, moved: Moved) -> Reply:
    data: dict[str, object] = {
        "result": "success",
        "wp_id": wp_id,
        "from_lane": moved.from_lane.value,
        "to_lane": moved.to_lane.value,
        "event_id": moved.event_id,
        "actor": actor.name,
        "session": actor.session,
        "mission_slug": context.place.slug,
        "detection_method": context.how,
        "commit": moved.commit,
        "feedback_file": str(context.place.shown / moved.feedback_file) if moved.feedback_file else None,
        "self_review": moved.self_review,
        "no_op": moved.no_op,
        "findings": [each.to_data() for each in moved.findings],
        "warnings": notices(moved.warnings),
    }
    own = style(" (self-review)", "yellow") if moved.self_review else ""
    line = f"{style(wp_id, 'bold')}: {moved.from_lane} → {style(moved.to_lane, 'green')}{own}"
    lines = [line] + ([f"  feedback  {safe(moved.feedback_file)}"] if moved.feedback_file else [])
    lines += [f"  open      {safe(each)}" for each in moved.findings if each.open]
    if closed := [each.id for each in moved.findings if not each.open]:
        lines.append(f"  settled   {safe(', '.join(closed))}")
    follow = spec_kitty("status") if actor.is_person else spec_kitty("next", *actor.flags)
    loop = follow.adding("--mission", context.place.slug)
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(loop, 'bold')}"]))


def mark_status(
    subtasks: Annotated[list[str], typer.Argument(metavar="T001…", help="Subtasks, such as T001 T002.")],
    status: Annotated[str, typer.Option("--status", metavar="STATUS", help="done or pending.")],
    mission: MissionFlag = None,
    agent: AgentFlag = None,
    session: SessionFlag = None,
) -> Reply:
    """Tick or untick subtasks.

    A tick is an event at once; the box in tasks.md follows at the next milestone.
    """
    hint = spec_kitty("agent tasks mark-status", "T001", "T002", "--status", "done")
    if status not in ("done", "pending"):
        raise UsageError(f"--status is {status!r}; it is done or pending", "USAGE_ERROR", hint)
    ids = [part.strip().upper() for each in subtasks for part in each.split(",") if part.strip()]
    if not ids:
        raise UsageError("no subtask is named", "USAGE_ERROR", hint)
    context, actor = acting(mission, agent, session)
    packages = load_work_packages(context.place)
    marked = mark(
        context.place,
        packages,
        ids,
        done=status == "done",
        actor=actor.name,
        session=actor.session,
        publish=publish_mode(context.config),
    )
    keep_awake(context.place, actor.name, actor.session)
    committed = milestone(context.place, context.config, "reopen subtasks") if marked.reopened else None
    data = {
        "result": "success",
        "status": status,
        "changed": list(marked.changed),
        "unchanged": list(marked.unchanged),
        "mission_slug": context.place.slug,
        "commit": committed.commit if committed else None,
        "warnings": notices(committed.warnings if committed else ()),
    }
    told = f"{', '.join(marked.changed)} {status}" if marked.changed else f"nothing to change: already {status}"
    return Reply(
        data, f"{safe(told)}\n\n  Next: {style(spec_kitty('status', '--mission', context.place.slug), 'bold')}"
    )


def add_history(
    wp: WorkPackage,
    note: Note,
    mission: MissionFlag = None,
    agent: AgentFlag = None,
    session: SessionFlag = None,
) -> Reply:
    """Record a note on a work package."""
    context, actor = acting(mission, agent, session)
    package = package_of(context, wp)
    if not note.strip():
        raise UsageError(
            "--note is empty", "USAGE_ERROR", hint=spec_kitty("agent tasks add-history", wp, "--note", "TEXT")
        )
    event = add_note(context, actor, package.id, note)
    data = {
        "result": "success",
        "wp_id": package.id,
        "history_entry_id": event.event_id,
        "event_id": event.event_id,
        "actor": actor.name,
        "session": actor.session,
        "mission_slug": context.place.slug,
    }
    return Reply(data, f"{style(package.id, 'bold')}: noted")


def map_requirements(
    wp: Annotated[str | None, typer.Option("--wp", metavar="WP", help="The work package.")] = None,
    refs: Annotated[str | None, typer.Option("--refs", metavar="FR-001,…", help="Its requirements.")] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="JSON", help='Many at once: {"WP01": ["FR-001"]}; @file is read.')
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Instead of adding, replace what is there.")] = False,
    mission: MissionFlag = None,
    agent: AgentFlag = None,
    session: SessionFlag = None,
) -> Reply:
    """Say which requirements a work package fulfils."""
    mapping = _mapping(wp, refs, batch)
    context, actor = acting(mission, agent, session)
    mapped = load("specify_cli.core.requirement_mapping:map_requirements")(
        context.place, context.config, mapping, replace=replace, actor=actor.name
    )
    data = {"result": "success", "mission_slug": context.place.slug, **mapped.to_dict()}
    uncovered = mapped.uncovered
    text = (
        "every functional requirement has a work package" if not uncovered else f"without one: {', '.join(uncovered)}"
    )
    return Reply(data, f"{', '.join(mapped.changed) or 'nothing'} changed; {text}")


def _mapping(wp: str | None, refs: str | None, batch: str | None) -> dict[str, list[str]]:
    if batch is not None and wp is None and refs is None:
        found: dict[str, list[str]] = load("specify_cli.cli.json_options:lists_by_name")("--batch", batch)
        return {wp_name(name): ids for name, ids in found.items()}
    if wp is not None and refs is not None and batch is None:
        return {wp_name(wp): [ref.strip() for ref in refs.split(",") if ref.strip()]}
    raise UsageError(
        "give either --wp and --refs, or --batch",
        "USAGE_ERROR",
        hint=spec_kitty("agent tasks map-requirements", "--wp", "WP01", "--refs", "FR-001,FR-002"),
    )
