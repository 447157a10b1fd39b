"""Sessions that have no id, how they come to one, and what the second session of one id is told.

Whoever asks without an id is offered one for every later call. The id that comes with a step is made from the step's
own, so that the call that uses it for the first time goes on with that step.
"""

from __future__ import annotations

from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import publish_mode
from specify_cli.home import MissionPlace
from specify_cli.kernel import ids
from specify_cli.kernel.commands import Command, command
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import digest
from specify_cli.kernel.values import replace
from specify_cli.next.observation import OpenStep
from specify_cli.next.steps import is_current, unreported
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import OFFERED, TAKEN_OVER, Holder, takeover_data
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces import leases


def offered_with(step_id: str) -> str:
    """The session id that is offered together with a step."""
    return f"{OFFERED}{digest(step_id)}"


def fresh_session() -> str:
    """A session id that nobody has."""
    return offered_with(ids.new_id())


def unknown_session(actor: Actor, slug: str, step_id: str | None = None) -> Notice | None:
    """The warning for an agent without a session id, with one to be given on every call; None for a person.

    Args:
        step_id: the step that this call handed out.
    """
    if actor.session is not None or actor.is_person:
        return None
    session = offered_with(step_id) if step_id else fresh_session()
    return Notice(
        "SESSION_UNKNOWN",
        f"{actor.name} gave no session id: several {actor.name} sessions share one identity and get the same work."
        " Give this id, or one of your own, on every call from now on; each sub-agent needs its own",
        _again(actor, session, slug),
    )


def already_open(actor: Actor, slug: str, what: str, since: str | None) -> Notice | None:
    """What the caller is told whose step was handed to its own name and session before.

    The first call of an offered id is no second caller: another id would lock it out of its own step.

    Args:
        what: the step in words.
        since: when it was handed out; None where it is handed out now.
    """
    if since is None or actor.taken_up:
        return None
    me = Holder(actor.name, actor.session)
    return Notice(
        "STEP_ALREADY_OPEN",
        f"{what} was handed to {me} at {since} and is still open. If another session or sub-agent works on it, give a"
        " session id of your own, on every call",
        _again(actor, fresh_session(), slug),
    )


def _again(actor: Actor, session: str, slug: str) -> Command:
    return command("spec-kitty", "next", "--agent", actor.name, "--session", session, "--mission", slug)


def take_up(context: Context, actor: Actor) -> Actor:
    """Hand to an offered session id what its agent holds without one; for any other id nothing happens."""
    if Holder(actor.name, actor.session).nameless is None:
        return actor
    place = context.place
    if not place.repo.has_git or not _offered(read_status(place), actor):
        return actor
    with writing(place, publish=publish_mode(context.config)) as log:
        steps = _offered(log, actor)
        for step in steps:
            _hand_over(place, log, actor, step)
    return replace(actor, taken_up=bool(steps))


def _offered(log: Status | Writer, actor: Actor) -> list[OpenStep]:
    """The open steps that were handed to the agent without a session, with this id offered."""
    before, held = Holder(actor.name), log.holders()
    return [
        step
        for step in unreported(log.mission_events).values()
        if offered_with(step.step_id) == actor.session
        and is_current(log.snapshot, step)
        and before == (held.get(step.wp_id) if step.wp_id else step.holder)
    ]


def _hand_over(place: MissionPlace, log: Writer, actor: Actor, step: OpenStep) -> None:
    data: dict[str, object] = {
        **takeover_data(Holder(actor.name), actor.session, actor.session_source),
        "step_id": step.step_id,
        "work": step.action,
        "taken_up": True,
    }
    log.record(TAKEN_OVER, actor=actor.name, session=actor.session, wp_id=step.wp_id, data=data)
    leases.touch(place, step.wp_id or step.action, actor.name, actor.session)
