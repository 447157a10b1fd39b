"""Reporting a step: judged against its guard, recorded, and repeatable."""

from __future__ import annotations

from specify_cli.conditions.ways import verdicts
from specify_cli.context.missions import place_of
from specify_cli.context.models import Actor, Context
from specify_cli.context.overview import is_accepted, landing_command, merge_command, to_land
from specify_cli.core.commits import milestone, publish_mode
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.kernel import lazy
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Conflict, NotFound, Refused
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.persistence import read_lanes
from specify_cli.moves.give_back import block, give_back
from specify_cli.moves.move import move
from specify_cli.moves.questions import answered
from specify_cli.moves.request import Request
from specify_cli.moves.work import commit_work
from specify_cli.next.alarm import Vain, vain_reports
from specify_cli.next.observation import OpenStep
from specify_cli.next.planning import open_questions, unmet_of
from specify_cli.next.standing import of_documents, of_work
from specify_cli.next.steps import is_current, unreported
from specify_cli.status.emit import TransitionError, writing
from specify_cli.status.holders import WORKING, Holder
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces import leases
from specify_cli.workspaces.lookup import workspace_of
from specify_cli.workspaces.scope import scope_of


@frozen
class Report:
    """What a report came to.

    Args:
        unmet: what the guard still wants; then nothing else happened.
        asks: a person has to answer a question first.
        times: how often in a row the step was reported by this session with nothing changed and its guard unmet.
        context: with the mission as it is now.
    """

    context: Context
    action: str = ""
    wp_id: str | None = None
    step_id: str | None = None
    unmet: tuple[str, ...] = ()
    asks: bool = False
    times: int = 0
    warnings: tuple[Notice, ...] = ()


@frozen
class _Missing:
    """What a guard wants, and a fingerprint of what it found."""

    unmet: tuple[str, ...]
    seen: str


def report_step(
    context: Context,
    actor: Actor,
    result: str,
    step_id: str | None,
    note: str | None,
    *,
    no_change: str | None = None,
) -> Report:
    """Report the actor's open step. With no open step nothing is judged.

    Args:
        result: success, failed or blocked.
        step_id: the step; the last one handed to this actor where none is given.
        note: why, or what was done.
        no_change: why the work changes nothing, where that is what is reported as done.

    Raises:
        NotFound: `STEP_NOT_FOUND`: no step of that id was handed out.
        Conflict: `STEP_TAKEN`: somebody else holds the step by now.
        Refused: `REVIEW_VERDICT_MISSING`.
    """
    status = read_status(context.place)
    step = _open_step(status, context.place.slug, actor, step_id)
    if step is None:
        return Report(context, warnings=() if step_id else _mixed_up(status, context.place.slug, actor, result))
    if step.wp_id is None:
        return _planning(context, actor, step, result, note)
    packages = {package.id: package for package in load_work_packages(context.place)}
    package = packages.get(step.wp_id)
    if package is None:
        hint = spec_kitty("agent tasks list-tasks", "--mission", context.place.slug)
        raise NotFound(f"{step.wp_id} is no longer planned", "WP_NOT_FOUND", hint=hint)
    if result == "success":
        unmet, notices = _finish(context, actor, step, package, note, no_change)
        vain = _record(context, actor, step, result, note, _unmet_work(context, package, unmet))
        asks = vain is not None and vain.question is not None
        times = vain.times if vain else 0
        return Report(context, step.action, step.wp_id, step.step_id, unmet, asks, times, warnings=notices)
    _record(context, actor, step, result, note)
    if result == "failed":
        give_back(context, actor, package.id, note or "given back")
    else:
        block(context, actor, package.id, note or "blocked by its agent")
    return Report(context, step.action, step.wp_id, step.step_id)


def commit_open_work(context: Context, actor: Actor, message: str) -> None:
    """Commit what is uncommitted of the work package that the actor implements; nothing happens without one.

    Raises:
        Refused: `COMMIT_FAILED`, `NO_GIT_IDENTITY`.
    """
    status = read_status(context.place)
    held = status.holders()
    manifest = read_lanes(context.place)
    for package in load_work_packages(context.place):
        mine = held.get(package.id) == Holder(actor.name, actor.session)
        if mine and status.snapshot.lane_of(package.id) in WORKING:
            workspace = workspace_of(context.place, manifest, package.id)
            if workspace is not None and workspace.path.is_dir():
                commit_work(context.place, workspace, package, message)


def _open_step(status: Status, slug: str, actor: Actor, step_id: str | None) -> OpenStep | None:
    """The step that is reported; None where its work has moved on, so that there is nothing to judge."""
    me, hint = Holder(actor.name, actor.session), spec_kitty("next", *actor.flags, "--mission", slug)
    held = status.holders()
    waiting = {
        key: step for key, step in unreported(status.mission_events).items() if is_current(status.snapshot, step)
    }
    if step_id is None:
        mine = [step for step in waiting.values() if me == (held.get(step.wp_id) if step.wp_id else step.holder)]
        return next((step for step in reversed(mine) if step.holder == me), None)
    if step_id in waiting:
        step = waiting[step_id]
        holder = held.get(step.wp_id) if step.wp_id else step.holder
        if holder != me:
            raise Conflict(
                f"step {step_id} ({step.action} {step.wp_id or ''}) is held by {holder} by now",
                "STEP_TAKEN",
                hint=hint,
                details={"step_id": step_id, "holder": str(holder)},
            )
        return step
    if any(event.type == "step_issued" and event.event_id == step_id for event in status.mission_events):
        return None
    raise NotFound(
        f"no step {step_id} was handed out",
        "STEP_NOT_FOUND",
        hint=hint,
        details={"step_id": step_id},
    )


def _mixed_up(status: Status, slug: str, actor: Actor, result: str) -> tuple[Notice, ...]:
    """That a report was about no step while another session of the same agent holds one: the two were mixed up."""
    held = status.holders()
    waiting = [step for step in unreported(status.mission_events).values() if is_current(status.snapshot, step)]
    holders = [((held.get(step.wp_id) if step.wp_id else None) or step.holder, step) for step in waiting]
    others = [f"{step.wp_id or step.action} is held by {who}" for who, step in holders if who.actor == actor.name]
    if not others:
        return ()
    said = f"{Holder(actor.name, actor.session)} holds no step, so nothing was reported; {', '.join(others)}"
    theirs = next(who.session for who, step in holders if who.actor == actor.name)
    hint = None
    if theirs is not None:
        me = ("--agent", actor.name, "--session", theirs)
        hint = command("spec-kitty", "next", *me, "--result", result, "--mission", slug)
    return (Notice("NOTHING_REPORTED", said, hint),)


def _planning(context: Context, actor: Actor, step: OpenStep, result: str, note: str | None) -> Report:
    unmet: tuple[str, ...] = ()
    if result == "success":
        unmet = _still_missing(context, actor, step.action) or _laid_out(context, actor, step.action)
    missing = _Missing(unmet, of_documents(context.place, read_status(context.place), unmet)) if unmet else None
    vain = _record(context, actor, step, result, note, missing)
    if vain is not None:
        asks = vain.question is not None or _asks(context, step.action)
        return Report(context, step.action, None, step.step_id, unmet, asks, vain.times)
    leases.release(context.place, step.action)
    subject = f"{step.action} {'done' if result == 'success' else result}"
    committed = milestone(context.place, context.config, subject)
    return Report(read_again(context), step.action, None, step.step_id, warnings=committed.warnings)


def _still_missing(context: Context, actor: Actor, action: str) -> tuple[str, ...]:
    place = context.place
    mission_type = mission_type_of(place)
    step = mission_type.step(action)
    if action == "accept" or (step is not None and not step.is_planning):
        done = is_accepted(place, read_status(place))
        accept = spec_kitty("accept", *actor.as_actor, "--mission", place.slug)
        return () if done else (f"not accepted yet: {accept}",)
    if action == "merge":
        status = read_status(place)
        if not place.meta.get("merged_at"):
            return (f"not merged yet: {merge_command(place, status).adding(*actor.as_actor)}",)
        base = to_land(place, status)
        return (f"not landed on {base} yet: {landing_command(place, base).adding(*actor.as_actor)}",) if base else ()
    if step is None:
        return ()
    return unmet_of(place, mission_type, step, load_work_packages(place), read_lanes(place))


def _laid_out(context: Context, actor: Actor, action: str) -> tuple[str, ...]:
    """With its one document written a tiny mission is planned: its lane is computed at once; what hinders that."""
    place = context.place
    if not place.is_tiny or mission_type_of(place).steps[0].name != action:
        return ()
    try:
        lazy.load("specify_cli.core.finalize:finalize")(place, context.config, actor=actor.name, commit=False)
    except Refused as error:
        problems = error.details.get("problems")
        if not isinstance(problems, list):
            raise
        return tuple(str(each["message"]) for each in problems)
    return ()


def _asks(context: Context, action: str) -> bool:
    """Whether the document of a step holds a clarification that nobody answered."""
    place = context.place
    mission_type = mission_type_of(place)
    step = mission_type.step(action)
    return step is not None and bool(open_questions(place, step, answered(read_status(place).mission_events)))


def read_again(context: Context) -> Context:
    """The same, with the mission as it is now: others accept and merge while one waits."""
    place = place_of(context.repo, context.place.slug)
    return replace(context, place=place) if place is not None else context


def _finish(
    context: Context, actor: Actor, step: OpenStep, package: WorkPackage, note: str | None, no_change: str | None
) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Make a success true where it is not yet; what is missing otherwise, and what there is to say about it."""
    if step.action == "review":
        slug = context.place.slug
        approve, reject = verdicts(package.id, slug, *actor.flags)
        raise Refused(
            f"{package.id} has no verdict yet, and a review is reported by its verdict: approve it (`{approve}`) or "
            f"send it back (`{reject}`)",
            "REVIEW_VERDICT_MISSING",
            hint=spec_kitty("agent action review", package.id, *actor.flags, "--mission", slug),
            details={"wp_id": package.id, "approve": approve, "reject": reject},
        )
    try:
        moved = move(context, actor, package, Request(Lane.FOR_REVIEW, note=note, no_change=no_change))
    except TransitionError as error:
        return tuple(f"{each.what} (fix: {each.fix})" if each.fix else each.what for each in error.unmet), ()
    return (), moved.warnings


def _unmet_work(context: Context, package: WorkPackage, unmet: tuple[str, ...]) -> _Missing | None:
    if not unmet:
        return None
    workspace = workspace_of(context.place, read_lanes(context.place), package.id)
    return _Missing(unmet, of_work(workspace, scope_of(package, workspace) if workspace else (), unmet))


def _record(
    context: Context, actor: Actor, step: OpenStep, result: str, note: str | None, missing: _Missing | None = None
) -> Vain | None:
    """Record a report; the reports in vain that it makes up with those before it, or None where it closes the step.

    Args:
        missing: what keeps a success from being true.
    """
    data: dict[str, object] = {
        "step_id": step.step_id,
        "action": step.action,
        "result": result,
        "guard_met": result == "success" and missing is None,
        "closed": missing is None,
    }
    if missing is not None:
        data |= {"unmet": list(missing.unmet), "seen": missing.seen}
    if note:
        data["note"] = note
    with writing(context.place, publish=publish_mode(context.config)) as log:
        log.record("step_reported", actor=actor.name, session=actor.session, wp_id=step.wp_id, data=data)
        return vain_reports(log.mission_events).get(step.step_id)
