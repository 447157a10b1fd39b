"""Making a move: its conditions are asked without the lock and, as far as the logs decide them, once more under it."""

from __future__ import annotations

from specify_cli.conditions import review_rules
from specify_cli.context.models import Actor, Context
from specify_cli.core.commits import Committed, milestone, publish_mode
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.given import text_of
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import some
from specify_cli.kernel.values import replace
from specify_cli.moves.conditions import UNDER_THE_LOCK, Found, require
from specify_cli.moves.moment import Moment
from specify_cli.moves.record import Recorded, record
from specify_cli.moves.refusals import already_claimed
from specify_cli.moves.request import Move, Moved, Request
from specify_cli.moves.work import commit_work
from specify_cli.review.findings import findings_of
from specify_cli.status.emit import writing
from specify_cli.status.holders import HELD
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reading import Status
from specify_cli.workspaces import leases
from specify_cli.workspaces.records import note_head

_BACK = frozenset({Lane.PLANNED, Lane.IN_PROGRESS})


def move(context: Context, actor: Actor, package: WorkPackage | str, request: Request) -> Moved:
    """Move a work package.

    Args:
        package: of the plan; or the id of one that only the log knows (it was removed from the plan).

    Raises:
        TransitionError: `TRANSITION_REJECTED`, with every unmet condition.
        Conflict: `WP_ALREADY_CLAIMED`: somebody else holds it.
        Refused: `SELF_REVIEW`; what committing refuses.
        UsageError: `FEEDBACK_REQUIRED`: a review sends back without saying why.
        NotFound: `FILE_NOT_FOUND`.
    """
    if request.no_change is not None and request.target is not Lane.FOR_REVIEW:
        raise UsageError("--no-change goes with --to for_review", "USAGE_ERROR")
    if request.no_change is not None and not request.no_change.strip():
        raise UsageError("--no-change is empty: say why nothing had to be changed", "USAGE_ERROR")
    asked = _with_feedback(request)
    while True:
        before = Moment.read(context, actor, package, asked)
        repeated = None if asked.force else _given_before(before)
        if repeated is not None:
            return repeated
        found = _look(before)
        doing = f"move {before.wp_id} to {asked.target}"
        seen = before.log if isinstance(before.log, Status) else None
        with writing(context.place, publish=publish_mode(context.config), doing=doing, seen=seen) as log:
            now = before.with_log(log)
            # Where it moved in the meantime, everything is decided anew: the kind of the move, and what git says.
            if now.last_event_id != before.last_event_id:
                continue
            require(now, UNDER_THE_LOCK)
            made = record(log, now, found)
            findings = findings_of(log.mission_events, log.events, now.wp_id) if made.is_verdict else []
        committed = _after(now, made)
        warnings = (*committed.warnings, *_of_files(now))
        return Moved(made.event, before.lane, committed.commit, warnings, made.feedback_file, tuple(findings))


def _look(moment: Moment) -> Found:
    """Ask every condition; what is to be committed is committed first, unless it is somebody else's."""
    work, message = moment.work, moment.request.commit
    _ = moment.lowered  # asked now, and kept: under the lock nobody waits for git
    if (
        message
        and moment.kind in (Move.HAND_OVER, Move.REOPEN)
        and work.workspace is not None
        and work.package is not None
    ):
        if not moment.request.force and moment.holder not in (None, moment.me):
            raise already_claimed(moment.wp_id, moment.holder, moment.slug, moment.actor)
        commit_work(moment.context.place, work.workspace, work.package, message)
    return require(moment)


def _with_feedback(request: Request) -> Request:
    if request.feedback_file is None or request.target not in _BACK:
        return request
    text = text_of(request.feedback_file)
    if not text.strip():
        said = f"{request.feedback_file} is empty, and a rejection without words helps nobody"
        raise UsageError(said, "FEEDBACK_REQUIRED")
    return replace(request, feedback=text)


def _given_before(moment: Moment) -> Moved | None:
    """The verdict that the same holder gave last, where it is asked for once more."""
    request = moment.request
    last = next((event for event in reversed(moment.log.events) if event.wp_id == moment.wp_id), None)
    if last is None or last.event_id != moment.last_event_id or (last.actor, last.session) != _who(moment):
        return None
    if last.to_lane is not request.target or last.to_lane is not moment.lane or not _is_verdict(last):
        return None
    if not _is_same(moment, last):
        return None
    said = f"{moment.wp_id} is {moment.lane} already: this verdict was given before"
    findings = findings_of(moment.log.mission_events, moment.log.events, moment.wp_id)
    warnings = (Notice("VERDICT_REPEATED", said),)
    return Moved(last, moment.lane, warnings=warnings, findings=tuple(findings), no_op=True)


def _who(moment: Moment) -> tuple[str, str | None]:
    return moment.actor.name, moment.actor.session


def _is_verdict(event: StatusEvent) -> bool:
    if event.to_lane is Lane.APPROVED:
        return True
    return event.from_lane is Lane.IN_REVIEW and event.review_ref is not None


def _is_same(moment: Moment, last: StatusEvent) -> bool:
    """Whether nothing is said that the last verdict does not say."""
    request = moment.request
    if request.reference is not None and request.reference != last.review_ref:
        return False
    if request.feedback is None:
        return request.target not in _BACK or request.exact
    words = [each.data for each in moment.log.mission_events if each.type == "review_finding"]
    said = next((data.get("text") for data in reversed(words) if data.get("reference") == last.review_ref), None)
    return isinstance(said, str) and said.strip() == request.feedback.strip()


def _after(moment: Moment, made: Recorded) -> Committed:
    """What follows a move once the lock is free: its head, its lease, its milestone."""
    place, event = moment.context.place, made.event
    if made.head is not None:
        note_head(place, made.head[0], event.wp_id, made.head[1], base=made.lowered)
    if event.to_lane in HELD:
        leases.touch(place, event.wp_id, moment.actor.name, moment.actor.session)
    else:
        leases.release(place, event.wp_id)
    subject = _subject(event, moment.kind)
    return milestone(place, moment.context.config, subject) if subject else Committed()


def _of_files(moment: Moment) -> tuple[Notice, ...]:
    """What the implementer is told of files at a hand-over, before the reviewer sees them."""
    if moment.kind is not Move.HAND_OVER or moment.package is None:
        return ()
    facts = moment.facts
    found = [Notice(each.code, each.what, each.fix) for each in review_rules.outside_owned_files(facts)]
    found += [each.to_notice() for each in facts.astray]
    if facts.left:
        said = f"left in {facts.workspace}, in no commit, because {moment.wp_id} does not own it: {some(facts.left)}"
        found.append(Notice("FILES_LEFT", f"{said}. accept will ask whether to keep or remove it"))
    return tuple(found)


def _subject(event: StatusEvent, kind: Move) -> str:
    """What the commit of a milestone says; empty where the move is none."""
    if event.to_lane is Lane.APPROVED:
        return f"approve {event.wp_id}"
    if event.to_lane is Lane.DONE:
        return f"{event.wp_id} done"
    if kind is Move.REJECT:
        return f"request changes to {event.wp_id}"
    return ""
